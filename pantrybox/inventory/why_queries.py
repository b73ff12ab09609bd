"""SQL of why a count is believed: the stands, the words, and what else is named; one statement each."""

from collections.abc import Sequence

import msgspec

from pantrybox.captures.model import PHONE
from pantrybox.inventory import observations
from pantrybox.inventory.belief import DECIMALS, Belief
from pantrybox.inventory.last_found import LastFound
from pantrybox.inventory.observations import Moment
from pantrybox.inventory.seen import HABITS
from pantrybox.inventory.shelf import EMPTY, Shelf, Track
from pantrybox.inventory.why import (
    Reasons,
    Unit,
    Word,
    in_order,
    is_told_of,
    state_of,
    units_told,
)
from pantrybox.storage.database import Reader

_MOST_PHONE_LOOKS = 100
"""Of a place: older photographs from the phone are not asked whether they show the item."""


class _Stand(msgspec.Struct):
    place_id: int
    place_name: str
    shown_count: int
    confidence: float
    confirmed_count: int
    belief: str
    shelf: str | None
    word: str | None


class _Standing(msgspec.Struct, frozen=True):
    """An item at one place, decoded."""

    row: _Stand
    shelf: Shelf
    word: Word | None
    tracks: list[tuple[str, Track]]
    """Those that are told of, each beside the camera that sees it."""
    told: Unit | None


def reasons(reader: Reader, item_id: int) -> list[Reasons]:
    """By place, wherever the item stands or stood. In a handful of statements, however many units there are."""
    standing = [_decoded(row, item_id) for row in _stands(reader, item_id)]
    glimpses = _glimpses(reader, item_id, standing)
    tracks = [track for each in standing for track in each.tracks]
    photographs = LastFound(reader, [track for _, track in tracks], glimpses.values())
    looked = _newest_looks(reader, standing)
    names = _names(reader, {track.behind for _, track in tracks if track.behind is not None})

    def unit(each: _Standing, camera: str, track: Track) -> Unit:
        return Unit(
            state_of(track),
            chance=round(track.unit, DECIMALS),
            shown=track.shown,
            photograph=photographs.of_track(track),
            looked=None if track.is_found else looked.get((camera, each.shelf.scenes[camera].at_ms)),
            behind=None if track.is_found or track.behind is None else names.get(track.behind),
            disowned=track.disowned,
            camera=camera,
        )

    def units(each: _Standing) -> list[Unit]:
        followed = [unit(each, camera, track) for camera, track in each.tracks]
        if each.told is not None:
            glimpse = glimpses.get(each.row.place_id)
            shown = photographs.of_item(glimpse, item_id) if glimpse else None
            followed.append(msgspec.structs.replace(each.told, photograph=shown))
        return in_order(followed)

    return [_reasons(each, units(each), item_id) for each in standing]


def _reasons(each: _Standing, units: list[Unit], item_id: int) -> Reasons:
    row, (rates,) = each.row, each.shelf.rates([item_id], HABITS).one_by_one()
    return Reasons(
        place_id=row.place_id,
        place_name=row.place_name,
        shown_count=row.shown_count,
        confidence=row.confidence,
        confirmed_count=row.confirmed_count,
        belief=msgspec.json.decode(row.belief, type=Belief),
        units=units,
        word=each.word,
        missed_rate=round(rates.missed, 5),
        false_rate=round(rates.false_boxes, 5),
    )


def _stands(reader: Reader, item_id: int) -> list[_Stand]:
    # What was merged into the item was spoken of by its own number.
    return reader.rows(
        _Stand,
        """
        SELECT stand.place_id, places.name AS place_name, shown_count, stand.confidence, confirmed_count, belief,
               shelves.state AS shelf,
               (
                SELECT json_object('count', count, 'said_by', said_by, 'said_at_ms', said_at_ms)
                FROM words
                WHERE words.place_id = stand.place_id AND kind = 'count'
                  AND words.item_id IN (SELECT id FROM inventory_items WHERE id = :item_id OR merged_into = :item_id)
                ORDER BY words.id DESC
                LIMIT 1
               ) AS word
        FROM inventory_state AS stand
        JOIN places ON places.id = stand.place_id
        LEFT JOIN shelves ON shelves.place_id = stand.place_id
        WHERE stand.item_id = :item_id
        ORDER BY stand.place_id
        """,
        {"item_id": item_id},
    )


def _decoded(row: _Stand, item_id: int) -> _Standing:
    shelf = msgspec.json.decode(row.shelf, type=Shelf) if row.shelf else EMPTY
    tracks = [
        (camera, track)
        for camera, scene in shelf.scenes.items()
        for track in scene.tracks
        if track.item_id == item_id and is_told_of(track)
    ]
    word = msgspec.json.decode(row.word, type=Word) if row.word else None
    return _Standing(row, shelf, word, tracks, units_told(shelf.known(item_id).told))


class _Glimpse(msgspec.Struct):
    place_id: int
    observation_id: int


def _glimpses(reader: Reader, item_id: int, standing: Sequence[_Standing]) -> dict[int, int]:
    """By place, the newest photograph from the phone that shows the item, where nobody has spoken since: its look."""
    wanted = [
        [each.row.place_id, each.word.said_at_ms if each.word else 0] for each in standing if each.told is not None
    ]
    if not wanted:
        return {}
    looks = reader.rows(
        _Glimpse,
        """
        SELECT captures.place_id, captures.observation_id
        FROM json_each(:wanted) AS wanted
        JOIN captures ON device_id = :phone AND captures.place_id = wanted.value ->> 0
                     AND received_at_ms > wanted.value ->> 1
        JOIN observations ON observations.id = captures.observation_id
        WHERE folded
        ORDER BY received_at_ms DESC
        LIMIT :most
        """,
        {"wanted": msgspec.json.encode(wanted).decode(), "phone": PHONE, "most": _MOST_PHONE_LOOKS * len(wanted)},
    )
    if not looks:
        return {}
    showing = observations.counting_any(reader, [item_id], [look.observation_id for look in looks])
    return {look.place_id: look.observation_id for look in reversed(looks) if look.observation_id in showing}


class _Newest(Moment, frozen=True):
    camera: str


def _newest_looks(reader: Reader, standing: Sequence[_Standing]) -> dict[tuple[str, int], Moment]:
    """The newest photographs that said anything, where one of these things was not found in it: by camera and time."""
    wanted = {
        (camera, each.shelf.scenes[camera].at_ms)
        for each in standing
        for camera, track in each.tracks
        if not track.is_found
    }
    if not wanted:
        return {}
    newest = reader.rows(
        _Newest,
        """
        SELECT captures.id AS capture_id, captured_at_ms, device_id AS camera
        FROM json_each(:wanted) AS wanted
        JOIN captures ON seq = (
            SELECT seq
            FROM captures AS one
            WHERE one.device_id = wanted.value ->> 0 AND one.captured_at_ms = wanted.value ->> 1
            ORDER BY one.received_at_ms DESC
            LIMIT 1
        )
        """,
        {"wanted": msgspec.json.encode(sorted(wanted)).decode()},
    )
    return {(one.camera, one.captured_at_ms): Moment(one.capture_id, one.captured_at_ms) for one in newest}


class _Name(msgspec.Struct):
    id: int
    name: str


def _names(reader: Reader, item_ids: set[int]) -> dict[int, str]:
    """What they are called now."""
    if not item_ids:
        return {}
    rows = reader.rows(
        _Name,
        """
        SELECT item.id, coalesce(now.canonical_name, item.canonical_name) AS name
        FROM json_each(:ids) AS wanted
        JOIN inventory_items AS item ON item.id = wanted.value
        LEFT JOIN inventory_items AS now ON now.id = item.merged_into
        """,
        {"ids": msgspec.json.encode(sorted(item_ids)).decode()},
    )
    return {row.id: row.name for row in rows}
