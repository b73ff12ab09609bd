"""Zones: parts of a camera's view that are places of their own. Two cameras that see one shelf name it alike."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from pantrybox.devices.seeing import Polygon, inside
from pantrybox.devices.settings import Zone
from pantrybox.inventory import observations, places, states, words
from pantrybox.names import folded
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Box


class Drawn(msgspec.Struct, frozen=True):
    """A zone as it is, or was, drawn in one camera's view."""

    id: int
    place_id: int
    polygon: Polygon


class _Row(msgspec.Struct):
    id: int
    place_id: int
    polygon: str


def drawn_at(reader: Reader, device_id: str, position: int | None = None) -> list[Drawn]:
    """The zones of a camera's photographs at that place in the order of folding; None: from now on."""
    rows = reader.rows(
        _Row,
        """
        SELECT id, place_id, polygon
        FROM zones
        WHERE device_id = :device_id
          AND iif(:position IS NULL, until_observation_id IS NULL,
                  from_observation_id < :position AND coalesce(until_observation_id, :position) >= :position)
        ORDER BY id
        """,
        {"device_id": device_id, "position": position},
    )
    return [Drawn(row.id, row.place_id, msgspec.json.decode(row.polygon, type=Polygon)) for row in rows]


class _PlaceId(msgspec.Struct):
    place_id: int


def ever_drawn(reader: Reader, device_id: str) -> list[int]:
    """Every place that is, or was, a zone of this camera."""
    rows = reader.rows(
        _PlaceId, "SELECT DISTINCT place_id FROM zones WHERE device_id = :device_id", {"device_id": device_id}
    )
    return [row.place_id for row in rows]


def zone_of(box: Box, zones: Sequence[Drawn]) -> int | None:
    """The place of the first zone in which the middle of a box lies."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return next((zone.place_id for zone in zones if inside(x, y, zone.polygon)), None)


def follow(writer: Writer, device_id: str, wanted: Sequence[Zone], by: str) -> None:
    """Draw these zones from now on, and no others. What stood in them, or stands in them now, moves along."""
    main = places.of_device(writer, device_id)
    kept = {_place_of(writer, device_id, zone.name): tuple(zone.polygon) for zone in wanted}
    before = drawn_at(writer, device_id)
    for zone in before:
        if kept.get(zone.place_id) != zone.polygon:
            _end(writer, zone)
    for place_id in {zone.place_id for zone in before} - kept.keys():
        if main is not None:
            _move_all(writer, device_id, place_id, main.id, by)
    for place_id, polygon in kept.items():
        if all((zone.place_id, zone.polygon) != (place_id, polygon) for zone in before):
            _begin(writer, device_id, place_id, polygon)
            if main is not None:
                _move_into(writer, device_id, main.id, Drawn(0, place_id, polygon), by)


def _place_of(writer: Writer, device_id: str, name: str) -> int:
    """A zone that is called like a camera's whole view gets its own camera's name behind its own."""
    known = next((place for place in places.places(writer) if folded(place.name) == folded(name)), None)
    if known is None or known.device_id is None:
        return places.made(writer, name)
    camera = writer.value(str, "SELECT name FROM devices WHERE id = :id", {"id": device_id})
    return places.made(writer, f"{name} ({camera})")


def _begin(writer: Writer, device_id: str, place_id: int, polygon: Polygon) -> None:
    writer.insert(
        """
        INSERT INTO zones (place_id, device_id, polygon, from_observation_id)
        VALUES (:place_id, :device_id, :polygon, :newest)
        """,
        {
            "place_id": place_id,
            "device_id": device_id,
            "polygon": msgspec.json.encode(polygon).decode(),
            "newest": observations.newest_id(writer),
        },
    )


def _end(writer: Writer, zone: Drawn) -> None:
    writer.execute(
        "UPDATE zones SET until_observation_id = :newest WHERE id = :id",
        {"id": zone.id, "newest": observations.newest_id(writer)},
    )


def _move_all(writer: Writer, device_id: str, from_place_id: int, to_place_id: int, by: str) -> None:
    """Unless another camera still sees it there."""
    if writer.value(
        bool,
        "SELECT EXISTS (SELECT 1 FROM zones WHERE place_id = :id AND until_observation_id IS NULL)",
        {"id": from_place_id},
    ):
        return
    for item_id, stand in states.stock_at(writer, from_place_id).items():
        if stand.shown_count:
            words.move(writer, item_id, from_place_id, to_place_id, stand.shown_count, by, camera=device_id)


def _move_into(writer: Writer, device_id: str, main: int, zone: Drawn, by: str) -> None:
    """What the newest photograph shows in it."""
    newest = observations.newest_folded_id(writer, device_id)
    if newest is None:
        return
    there = Counter(
        box.item_id
        for box in observations.detections_of(writer, newest)
        if box.item_id is not None and zone_of(box.box, [zone]) is not None
    )
    for item_id, seen in there.items():
        count = min(seen, states.stand_of(writer, item_id, main).shown_count)
        if count:
            words.move(writer, item_id, main, zone.place_id, count, by, camera=device_id)
