"""SQL of the evidence: what was seen in each photograph. Only ever added to."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Literal, Protocol

import msgspec

from pantrybox.captures.model import TriggerType
from pantrybox.inventory.view import Thing
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Box, Detection, Glance, Sight, Verdict
from pantrybox.vision.proposals import LIKELY_SCORE
from pantrybox.vision.visibility import READABLE

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
    moved: bool = False
    """The camera stood otherwise than in the photograph before."""
    late: bool = False
    """It was taken before a photograph that had been folded already."""

    first_id: int | None = None
    """The first look at the same photograph; None: this one, or, of an older box, `position`."""

    @property
    def named(self) -> int:
        """By which its photograph is known in shelves."""
        return self.first_id or (self.id if self.late else self.place_in_order)

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
    late: bool = False,
    first_id: int | None = None,
) -> int:
    return writer.insert(
        """
        INSERT INTO observations (capture_id, model, observed_at_ms, took_ms, width, height, brightness, sharpness,
                                  scene_confidence, folded, counted, position, late, first_id,
                                  moved)
        VALUES (:capture_id, :model, :now_ms, :took_ms, :width, :height, :brightness, :sharpness,
                :scene_confidence, :folded, :counted, :position, :late, :first_id, :moved)
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
            "late": late,
            "first_id": first_id,
            "moved": sight.moved,
        },
    )


def insert_detections(
    writer: Writer,
    observation_id: int,
    named: Named,
    zones: Sequence[int | None] = (),
    still: Sequence[bool | None] = (),
    first_rank: int = 0,
) -> None:
    """Keep every candidate, best first.

    `zones`: beside them, the zone that each lies in; none at all when the view has none. `still`:
    beside them, whether the picture there is as it was; none at all when there was none before.
    `first_rank`: of the first of these, when there are others already.
    """
    room = zip(named[: MOST_DETECTIONS - first_rank], zones or repeat(None), still or repeat(None), strict=False)
    writer.execute_many(
        """
        INSERT INTO detections (id, observation_id, box_left, box_top, box_right, box_bottom, score, label,
                                label_score, item_id, confidence, source, place_id, still)
        VALUES (:id, :observation_id, :left, :top, :right, :bottom, :score, :label,
                :label_score, :item_id, :confidence, :source, :place_id, :still)
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
                "still": is_still,
            }
            for rank, ((detection, naming), place_id, is_still) in enumerate(room, start=first_rank)
        ],
    )


def insert_glances(writer: Writer, observation_id: int, glances: Sequence[Glance]) -> None:
    writer.execute_many(
        """
        INSERT INTO glances (observation_id, rank, box_left, box_top, box_right, box_bottom, verdict)
        VALUES (:observation_id, :rank, :left, :top, :right, :bottom, :verdict)
        """,
        [
            {
                "observation_id": observation_id,
                "rank": rank,
                **msgspec.structs.asdict(glance.box),
                "verdict": glance.verdict,
            }
            for rank, glance in enumerate(glances)
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

    The newest received one that was folded in its turn is it, since an older one is late.
    `place_id` is the place that was chosen for photographs from the phone, None for a camera's.
    """
    moment = reader.row_or_none(
        _Moment,
        """
        SELECT captured_at_ms
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        WHERE device_id = :device_id AND place_id IS :place_id AND folded AND NOT late
        ORDER BY received_at_ms DESC
        LIMIT 1
        """,
        {"device_id": device_id, "place_id": place_id},
    )
    return moment.captured_at_ms if moment else None


def position_before(reader: Reader, device_id: str, place_id: int | None, taken_at_ms: int) -> int:
    """The number in the order of folding behind which a photograph of a view belongs that was taken then; 0: no one.

    Behind the last photograph of the view and the last word from before.
    """
    return reader.value(
        int,
        """
        SELECT max(
            (
                SELECT coalesce(max(coalesce(position, observations.id)), 0)
                FROM captures
                JOIN observations ON observations.id = captures.observation_id
                WHERE device_id = :device_id AND place_id IS :place_id AND folded AND captured_at_ms <= :taken_at_ms
            ),
            (SELECT coalesce(max(position), 0) FROM words WHERE said_at_ms <= :taken_at_ms)
        )
        """,
        {"device_id": device_id, "place_id": place_id, "taken_at_ms": taken_at_ms},
    )


class Moment(msgspec.Struct, frozen=True):
    """The photograph of an observation."""

    capture_id: str
    captured_at_ms: int


def moment_of(reader: Reader, observation_id: int) -> Moment:
    (moment,) = reader.rows(
        Moment,
        """
        SELECT captures.id AS capture_id, captured_at_ms
        FROM observations
        JOIN captures ON captures.id = capture_id
        WHERE observations.id = :id
        """,
        {"id": observation_id},
    )
    return moment


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
    first_id: int
    """The first look at the same photograph."""
    position: int
    late: bool
    scene_confidence: float
    moved: bool
    device_id: str
    captured_at_ms: int
    trigger_type: TriggerType | None
    whole: bool
    """False for a photograph from the phone, which shows a part of its place."""
    zone_id: int | None
    """The place, when it is a zone in this view; None when the view itself is the place."""

    @property
    def turn(self) -> tuple[int, bool, int]:
        """Looks and words are folded in this order: a late one after the one before it, by its time."""
        return (self.position, self.late, self.captured_at_ms if self.late else 0)


_LOOK = """
        SELECT observations.id AS observation_id,
               coalesce(first_id, iif(late, observations.id, coalesce(position, observations.id))) AS first_id,
               coalesce(position, observations.id) AS position, late,
               scene_confidence, moved, captures.device_id, captured_at_ms, trigger_type,
"""


_LOOKS = f"""
        {_LOOK} captures.place_id IS NULL AS whole, NULL AS zone_id
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        LEFT JOIN places ON places.device_id = captures.device_id
        WHERE coalesce(captures.place_id, places.id) = :place_id AND folded AND observations.id > :after_id
        UNION ALL
        {_LOOK} 1, :place_id
        FROM zones
        JOIN captures ON captures.device_id = zones.device_id AND captures.place_id IS NULL
        JOIN observations ON observations.id = captures.observation_id
        WHERE zones.place_id = :place_id AND folded AND observations.id > :after_id
          AND coalesce(position, observations.id) > from_observation_id
          AND (until_observation_id IS NULL OR coalesce(position, observations.id) <= until_observation_id)
"""
LOOKS_A_PAGE = 100
"""With all that was found in them they take some megabytes, however many photographs there are."""


def looks_at(reader: Reader, place_id: int, after_id: int = 0) -> Iterator[list[Look]]:
    """Every observation that beliefs about a place follow from, in the order of folding (Look.turn), page by page."""
    return reader.pages(
        Look,
        f"""
        SELECT *
        FROM ({_LOOKS})
        ORDER BY position, late, iif(late, captured_at_ms, 0), observation_id
        """,  # noqa: S608 - constant texts
        {"place_id": place_id, "after_id": after_id},
        size=LOOKS_A_PAGE,
    )


def look_count(reader: Reader, place_id: int) -> int:
    """How many there are of them."""
    return reader.value(int, f"SELECT count(*) FROM ({_LOOKS})", {"place_id": place_id, "after_id": 0})  # noqa: S608


class _Thing(msgspec.Struct):
    look: int
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float
    item_id: int | None
    confidence: float
    source: Source | None
    still: bool | None


def things_in(reader: Reader, looks: Sequence[tuple[int, int | None]]) -> list[list[Thing]]:
    """What each of these observations found in a zone; None: in the view, outside of every zone. Best first."""
    rows = reader.rows(
        _Thing,
        f"""
        SELECT look.key AS look, box_left, box_top, box_right, box_bottom, {_NOW} AS item_id,
               coalesce(renamed.confidence, detections.confidence, score) AS confidence,
               iif(renamed.detection_id IS NULL, detections.source, renamed.source) AS source, still
        FROM json_each(:looks) AS look
        JOIN detections ON detections.id BETWEEN {MOST_DETECTIONS} * (look.value ->> 0)
                                             AND {MOST_DETECTIONS} * (look.value ->> 0) + {MOST_DETECTIONS - 1}
        LEFT JOIN renamed_detections AS renamed ON renamed.detection_id = detections.id
        WHERE place_id IS look.value ->> 1
        ORDER BY look.key, score DESC, detections.id
        """,  # noqa: S608 - constant texts
        {"looks": msgspec.json.encode(looks).decode()},
    )
    found: list[list[Thing]] = [[] for _ in looks]
    for row in rows:
        if row.source not in UNCOUNTED:
            box = Box(row.box_left, row.box_top, row.box_right, row.box_bottom)
            found[row.look].append(thing_of(box, row, row.still))
    return found


UNCOUNTED = frozenset({"masked", "repeat"})
"""What lies where nothing counts, and the same thing once more, are no evidence about anything."""


class _Held(Protocol):
    @property
    def item_id(self) -> int | None: ...
    @property
    def confidence(self) -> float: ...
    @property
    def source(self) -> Source | None: ...


def thing_of(box: Box, held: _Held, still: bool | None) -> Thing:
    """A detection as evidence. `held`: what it is held to be."""
    certain = held.source in {"person", "barcode"}
    return Thing(box, held.item_id, min(1.0, held.confidence), certain=certain, still=still)


class _Glance(msgspec.Struct):
    look: int
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float
    verdict: Verdict


def glances_in(reader: Reader, observation_ids: Sequence[int]) -> list[list[Glance]]:
    """Of each of these observations."""
    rows = reader.rows(
        _Glance,
        """
        SELECT look.key AS look, box_left, box_top, box_right, box_bottom, verdict
        FROM json_each(:observation_ids) AS look
        JOIN glances ON observation_id = look.value
        ORDER BY look.key, rank
        """,
        {"observation_ids": msgspec.json.encode(observation_ids).decode()},
    )
    seen: list[list[Glance]] = [[] for _ in observation_ids]
    for row in rows:
        seen[row.look].append(Glance(Box(row.box_left, row.box_top, row.box_right, row.box_bottom), row.verdict))
    return seen


class LastShown(msgspec.Struct, frozen=True):
    """The newest readable photograph of a camera."""

    image_path: str
    boxes: list[Box]
    """Of what was found in it, best first."""


class _Last(msgspec.Struct):
    observation_id: int
    image_path: str


def last_shown(reader: Reader, device_id: str) -> LastShown | None:
    """None when there is none, or its image is gone."""
    last = reader.row_or_none(
        _Last,
        """
        SELECT observations.id AS observation_id, image_path
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        WHERE device_id = :device_id AND captures.place_id IS NULL AND folded AND NOT late
          AND scene_confidence >= :readable AND image_path IS NOT NULL
        ORDER BY received_at_ms DESC
        LIMIT 1
        """,
        {"device_id": device_id, "readable": READABLE},
    )
    if last is None:
        return None
    found = detections_of(reader, last.observation_id)
    return LastShown(last.image_path, [seen.box for seen in found if seen.score >= LIKELY_SCORE])


def newest_folded_id(reader: Reader, device_id: str) -> int | None:
    """What was last seen in the newest photograph of a camera that is part of what is believed."""
    row = reader.row_or_none(
        _Id,
        """
        SELECT observations.id
        FROM captures
        JOIN observations ON observations.id = captures.observation_id
        WHERE device_id = :device_id AND folded AND NOT late
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
