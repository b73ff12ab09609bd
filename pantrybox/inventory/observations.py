"""SQL of the evidence: what was seen in each photograph. Only ever added to."""

from collections.abc import Sequence

import msgspec

from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Box, Detection, Sight


class Observation(msgspec.Struct, frozen=True):
    id: int
    capture_id: str
    model: str
    observed_at_ms: int
    took_ms: int
    width: int
    height: int
    brightness: float
    sharpness: float
    scene_confidence: float
    folded: bool
    """False when it came too late to say anything about the present."""
    position: int | None
    """Where a second look stands: in the place of the first. None for a first one."""

    @property
    def place_in_order(self) -> int:
        """Observations are folded in this order."""
        return self.id if self.position is None else self.position


class SeenBox(msgspec.Struct, frozen=True):
    """A detection as it is kept."""

    id: int
    box: Box
    score: float
    label: str
    item_name: str | None
    """None: a candidate that is not believed to be a thing yet."""


def insert(
    writer: Writer,
    capture_id: str,
    sight: Sight,
    *,
    folded: bool,
    position: int | None = None,
    event_ids: Sequence[int] = (),
) -> int:
    """`event_ids` are the ledger's lines that followed, which lie side by side."""
    return writer.insert(
        """
        INSERT INTO observations (capture_id, model, observed_at_ms, took_ms, width, height, brightness, sharpness,
                                  scene_confidence, folded, position, first_event_id, event_count)
        VALUES (:capture_id, :model, :now_ms, :took_ms, :width, :height, :brightness, :sharpness,
                :scene_confidence, :folded, :position, :first_event_id, :event_count)
        """,
        {
            "capture_id": capture_id,
            "model": sight.model,
            "now_ms": writer.now_ms,
            "took_ms": sight.took_ms,
            "width": sight.width,
            "height": sight.height,
            "brightness": sight.brightness,
            "sharpness": sight.sharpness,
            "scene_confidence": sight.scene_confidence,
            "folded": folded,
            "position": position,
            "first_event_id": min(event_ids, default=None),
            "event_count": len(event_ids),
        },
    )


MOST_DETECTIONS = 1000
"""Of one observation: their ids follow from its own."""


def insert_detections(writer: Writer, observation_id: int, detections: list[tuple[Detection, int | None]]) -> None:
    """Keep every candidate, best first; the item is None for one that is not counted."""
    writer.execute_many(
        """
        INSERT INTO detections (id, observation_id, box_left, box_top, box_right, box_bottom, score, label, item_id)
        VALUES (:id, :observation_id, :left, :top, :right, :bottom, :score, :label, :item_id)
        """,
        [
            {
                "id": MOST_DETECTIONS * observation_id + rank,
                "observation_id": observation_id,
                **msgspec.structs.asdict(detection.box),
                "score": detection.score,
                "label": detection.label,
                "item_id": item_id,
            }
            for rank, (detection, item_id) in enumerate(detections[:MOST_DETECTIONS])
        ],
    )


def newest_of(reader: Reader, capture_id: str) -> Observation | None:
    """What was last seen in this capture; None before it was looked at."""
    return reader.row_or_none(
        Observation,
        """
        SELECT observations.*
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        WHERE captures.id = :id
        """,
        {"id": capture_id},
    )


class _Moment(msgspec.Struct):
    captured_at_ms: int


def newest_folded_at_ms(reader: Reader, device_id: str, place_id: int | None) -> int | None:
    """When the newest photograph was taken that is part of what is believed about a view.

    The newest received one that was folded is it, since an older one is never folded after it.
    `place_id` is the place that was chosen for photographs from the phone, None for a camera's.
    """
    moment = reader.row_or_none(
        _Moment,
        """
        SELECT captured_at_ms
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        WHERE device_id = :device_id AND place_id IS :place_id AND folded
        ORDER BY received_at_ms DESC
        LIMIT 1
        """,
        {"device_id": device_id, "place_id": place_id},
    )
    return moment.captured_at_ms if moment else None


def newest_id(reader: Reader) -> int:
    """0 before anything was seen."""
    return reader.value(int, "SELECT coalesce(max(id), 0) FROM observations")


class _Box(msgspec.Struct):
    id: int
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float
    score: float
    label: str
    item_name: str | None


def detections_of(reader: Reader, observation_id: int) -> list[SeenBox]:
    """Best first."""
    rows = reader.rows(
        _Box,
        """
        SELECT detections.id, box_left, box_top, box_right, box_bottom, score, label, canonical_name AS item_name
        FROM detections
        LEFT JOIN inventory_items ON inventory_items.id = item_id
        WHERE detections.id BETWEEN :first AND :last
        ORDER BY score DESC, detections.id
        """,
        _ids_of(observation_id),
    )
    return [
        SeenBox(
            id=row.id,
            box=Box(row.box_left, row.box_top, row.box_right, row.box_bottom),
            score=row.score,
            label=row.label,
            item_name=row.item_name,
        )
        for row in rows
    ]


class Look(msgspec.Struct, frozen=True):
    """What is held to be seen in one capture, as evidence."""

    observation_id: int
    position: int
    scene_confidence: float
    whole: bool
    """False for a photograph from the phone, which shows a part of its place."""


def looks_at(reader: Reader, place_id: int, after_id: int = 0) -> list[Look]:
    """Every observation that beliefs about a place follow from, in the order of folding."""
    return reader.rows(
        Look,
        """
        SELECT observations.id AS observation_id, coalesce(position, observations.id) AS position, scene_confidence,
               captures.place_id IS NULL AS whole
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        LEFT JOIN places ON places.device_id = captures.device_id
        WHERE coalesce(captures.place_id, places.id) = :place_id AND folded AND observations.id > :after_id
        ORDER BY coalesce(position, observations.id)
        """,
        {"place_id": place_id, "after_id": after_id},
    )


class _Count(msgspec.Struct):
    item_id: int
    seen: int


def seen_in(reader: Reader, observation_id: int) -> dict[int, int]:
    """How many of each item an observation counted."""
    rows = reader.rows(
        _Count,
        """
        SELECT item_id, count(*) AS seen
        FROM detections
        WHERE id BETWEEN :first AND :last AND item_id IS NOT NULL
        GROUP BY item_id
        """,
        _ids_of(observation_id),
    )
    return {row.item_id: row.seen for row in rows}


def _ids_of(observation_id: int) -> dict[str, int]:
    first = MOST_DETECTIONS * observation_id
    return {"first": first, "last": first + MOST_DETECTIONS - 1}
