"""SQL of the evidence: what was seen in each photograph. Only ever added to."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Literal

import msgspec

from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Box, Detection, Sight

MOST_DETECTIONS = 1000
"""Of one observation: their ids follow from its own."""


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
    counted: float | None = None
    """The score from which a detection counted; None: it was not written down yet."""

    @property
    def place_in_order(self) -> int:
        """Observations are folded in this order."""
        return self.id if self.position is None else self.position


Source = Literal["recogniser", "generic", "person", "barcode", "masked", "repeat"]
"""Who says what a detection is: taught examples, a model's own word, a person, a code on it. The last two say why
it does not count: it lies where nothing does, or it is the same thing once more."""


class Naming(msgspec.Struct, frozen=True):
    """What a detection is held to be."""

    item_id: int | None = None
    """None: it does not count."""
    confidence: float = 0.0
    """0 to 1: that it is that; without an item, that it is what it most probably is."""
    source: Source | None = None
    """None: nobody can say."""


Named = list[tuple[Detection, Naming]]
"""What was found in a photograph, best first, each with what it is held to be."""


class SeenBox(msgspec.Struct, frozen=True):
    """A detection as it is kept, with what it is held to be now."""

    id: int
    box: Box
    score: float
    label: str
    label_score: float
    item_id: int | None
    item_name: str | None
    """None: a candidate that does not count."""
    confidence: float
    source: Source | None

    @property
    def naming(self) -> Naming:
        return Naming(self.item_id, self.confidence, self.source)

    @property
    def rank(self) -> int:
        """Its place among those of its observation, from 0."""
        return self.id % MOST_DETECTIONS

    @property
    def detection(self) -> Detection:
        return Detection(self.box, self.score, self.label, self.label_score)


def insert(
    writer: Writer,
    capture_id: str,
    sight: Sight,
    *,
    folded: bool,
    counted: float | None = None,
    position: int | None = None,
    event_ids: Sequence[int] = (),
) -> int:
    """`event_ids` are the ledger's lines that followed, which lie side by side."""
    return writer.insert(
        """
        INSERT INTO observations (capture_id, model, observed_at_ms, took_ms, width, height, brightness, sharpness,
                                  scene_confidence, folded, counted, position, first_event_id, event_count)
        VALUES (:capture_id, :model, :now_ms, :took_ms, :width, :height, :brightness, :sharpness,
                :scene_confidence, :folded, :counted, :position, :first_event_id, :event_count)
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
            "counted": counted,
            "position": position,
            "first_event_id": min(event_ids, default=None),
            "event_count": len(event_ids),
        },
    )


def insert_detections(
    writer: Writer, observation_id: int, named: Named, zones: Sequence[int | None] = (), first_rank: int = 0
) -> None:
    """Keep every candidate, best first.

    `zones`: beside them, the zone that each lies in; none at all when the view has none.
    `first_rank`: of the first of these, when there are others already.
    """
    room = zip(named[: MOST_DETECTIONS - first_rank], zones or repeat(None), strict=False)
    writer.execute_many(
        """
        INSERT INTO detections (id, observation_id, box_left, box_top, box_right, box_bottom, score, label,
                                label_score, item_id, confidence, source, place_id)
        VALUES (:id, :observation_id, :left, :top, :right, :bottom, :score, :label,
                :label_score, :item_id, :confidence, :source, :place_id)
        """,
        [
            {
                "id": MOST_DETECTIONS * observation_id + rank,
                "observation_id": observation_id,
                **msgspec.structs.asdict(detection.box),
                "score": detection.score,
                "label": detection.label,
                "label_score": detection.label_score,
                **msgspec.structs.asdict(naming),
                "place_id": place_id,
            }
            for rank, ((detection, naming), place_id) in enumerate(room, start=first_rank)
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
    label_score: float
    item_id: int | None
    item_name: str | None
    confidence: float
    source: Source | None


# What a detection is held to be: what it was taken for at first, unless it was renamed since.
_NOW = """
       CASE WHEN renamed.detection_id IS NULL THEN detections.item_id ELSE renamed.item_id END"""


def boxes_between(first: str, last: str) -> str:
    """The detections with these ids (SQL expressions), best first, each with what it is held to be now."""
    return f"""
        SELECT detections.id, box_left, box_top, box_right, box_bottom, score, label,
               coalesce(label_score, score) AS label_score, inventory_items.id AS item_id,
               canonical_name AS item_name, coalesce(renamed.confidence, detections.confidence, score) AS confidence,
               CASE WHEN renamed.detection_id IS NOT NULL THEN renamed.source
                    WHEN detections.confidence IS NULL AND detections.item_id IS NOT NULL THEN 'generic'
                    ELSE detections.source END AS source
        FROM detections
        LEFT JOIN renamed_detections AS renamed ON renamed.detection_id = detections.id
        LEFT JOIN inventory_items ON inventory_items.id = {_NOW}
        WHERE detections.id BETWEEN {first} AND {last}
        ORDER BY score DESC, detections.id
        """  # noqa: S608 - constant texts


_BOXES = boxes_between(":first", ":last")


def detections_of(reader: Reader, observation_id: int) -> list[SeenBox]:
    """Best first."""
    return [_seen(row) for row in reader.rows(_Box, _BOXES, _ids_of(observation_id))]


def _seen(row: _Box) -> SeenBox:
    return SeenBox(
        id=row.id,
        box=Box(row.box_left, row.box_top, row.box_right, row.box_bottom),
        score=row.score,
        label=row.label,
        label_score=row.label_score,
        item_id=row.item_id,
        item_name=row.item_name,
        confidence=row.confidence,
        source=row.source,
    )


def capture_of_detection(reader: Reader, detection_id: int) -> str | None:
    """The photograph in which it was found; None when there is no such detection."""
    row = reader.row_or_none(
        _Capture,
        """
        SELECT capture_id
        FROM detections
        JOIN observations ON observations.id = observation_id
        WHERE detections.id = :id
        """,
        {"id": detection_id},
    )
    return row.capture_id if row else None


class _Capture(msgspec.Struct):
    capture_id: str


def rename_detections(writer: Writer, renamed: Sequence[tuple[int, Naming]]) -> None:
    """Hold these detections to be something else from now on. What they were taken for at first stays written."""
    writer.execute_many(
        """
        INSERT INTO renamed_detections (detection_id, item_id, confidence, source)
        VALUES (:id, :item_id, :confidence, :source)
        ON CONFLICT (detection_id) DO UPDATE
        SET item_id = excluded.item_id, confidence = excluded.confidence, source = excluded.source
        """,
        [{"id": detection_id, **msgspec.structs.asdict(naming)} for detection_id, naming in renamed],
    )


class Look(msgspec.Struct, frozen=True):
    """What is held to be seen in one capture, as evidence about one place."""

    observation_id: int
    position: int
    scene_confidence: float
    whole: bool
    """False for a photograph from the phone, which shows a part of its place."""
    zone_id: int | None
    """The place, when it is a zone in this view; None when the view itself is the place."""


def looks_at(reader: Reader, place_id: int, after_id: int = 0) -> list[Look]:
    """Every observation that beliefs about a place follow from, in the order of folding."""
    return reader.rows(
        Look,
        """
        SELECT observations.id AS observation_id, coalesce(position, observations.id) AS position, scene_confidence,
               captures.place_id IS NULL AS whole, NULL AS zone_id
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        LEFT JOIN places ON places.device_id = captures.device_id
        WHERE coalesce(captures.place_id, places.id) = :place_id AND folded AND observations.id > :after_id
        UNION ALL
        SELECT observations.id, coalesce(position, observations.id) AS position, scene_confidence, 1, :place_id
        FROM zones
        JOIN captures ON captures.device_id = zones.device_id AND captures.place_id IS NULL
        JOIN observations ON observations.id = captures.observation_id
        WHERE zones.place_id = :place_id AND folded AND observations.id > :after_id
          AND coalesce(position, observations.id) > from_observation_id
          AND (until_observation_id IS NULL OR coalesce(position, observations.id) <= until_observation_id)
        ORDER BY position
        """,
        {"place_id": place_id, "after_id": after_id},
    )


class _Count(msgspec.Struct):
    item_id: int
    seen: int


def seen_in(reader: Reader, observation_id: int, zone_id: int | None) -> dict[int, int]:
    """How many of each item an observation counted in a zone; None: in the view, outside of every zone."""
    rows = reader.rows(
        _Count,
        f"""
        SELECT {_NOW} AS item_id, count(*) AS seen
        FROM detections
        LEFT JOIN renamed_detections AS renamed ON renamed.detection_id = detections.id
        WHERE id BETWEEN :first AND :last AND {_NOW} IS NOT NULL AND place_id IS :zone_id
        GROUP BY 1
        """,  # noqa: S608 - constant texts
        _ids_of(observation_id) | {"zone_id": zone_id},
    )
    return {row.item_id: row.seen for row in rows}


def newest_folded_id(reader: Reader, device_id: str) -> int | None:
    """What was last seen in the newest photograph of a camera that is part of what is believed."""
    row = reader.row_or_none(
        _Id,
        """
        SELECT observations.id
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        WHERE device_id = :device_id AND folded
        ORDER BY received_at_ms DESC
        LIMIT 1
        """,
        {"device_id": device_id},
    )
    return row.id if row else None


class _Id(msgspec.Struct):
    id: int


def counting_any(reader: Reader, item_ids: Iterable[int], observation_ids: Sequence[int]) -> frozenset[int]:
    """Those of these observations that count one of the items."""
    rows = reader.rows(
        _Id,
        f"""
        SELECT observation.value AS id
        FROM json_each(:observation_ids) AS observation
        WHERE EXISTS (
            SELECT 1
            FROM detections
            LEFT JOIN renamed_detections AS renamed ON renamed.detection_id = detections.id
            WHERE id BETWEEN {MOST_DETECTIONS} * observation.value AND {MOST_DETECTIONS} * observation.value + 999
              AND {_NOW} IN (SELECT value FROM json_each(:item_ids))
        )
        """,  # noqa: S608 - constant texts
        {
            "observation_ids": msgspec.json.encode(observation_ids).decode(),
            "item_ids": msgspec.json.encode(sorted(item_ids)).decode(),
        },
    )
    return frozenset(row.id for row in rows)


def _ids_of(observation_id: int) -> dict[str, int]:
    first = MOST_DETECTIONS * observation_id
    return {"first": first, "last": first + MOST_DETECTIONS - 1}
