"""SQL of the crops about which a person could say something that the eye does not know."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from pantrybox.captures.model import PHONE
from pantrybox.inventory.observations import MOST_DETECTIONS, Source, boxes_between
from pantrybox.storage.database import Reader
from pantrybox.teaching import examples, vectors
from pantrybox.teaching.examples import Taught
from pantrybox.teaching.naming import SURE, spoken_of
from pantrybox.vision.model import Box
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.recognition import GIVEN

NEWEST_CROPS = 2_000
NEWEST_PHOTOGRAPHS = 600
"""So far back is looked, whichever comes first."""
STRONG = 0.5
"""A candidate with this part of the score that counts may well be a thing."""
_GUESS = 0.5
"""A model's own word is never doubted less: nobody of this household gave it."""
_PAGE = 100


class Crop(msgspec.Struct, frozen=True):
    """A box that waits for an answer, or has one."""

    detection_id: int
    capture_id: str
    device_id: str
    place: str | None
    captured_at_ms: int
    seen_at_ms: int
    """When the eye looked at the photograph."""
    box: Box
    score: float
    label: str
    label_score: float
    item_name: str | None
    """What it counts as for now, on a guess; None: as nothing."""
    confidence: float
    vector: bytes
    gain: float
    """How much an answer changes: 1 for a thing that nobody knows, less for one that may be no thing or whose name
    may be right.
    """
    answered_at_ms: int | None = None
    """When a person last spoke of it; None: never."""

    @property
    def observation_id(self) -> int:
        return self.detection_id // MOST_DETECTIONS

    @property
    def view(self) -> str | None:
        """The fixed camera before which it stood; None for a photograph from a hand."""
        return None if self.device_id == PHONE else self.device_id


def gain(source: Source | None, score: float, confidence: float, counted: float) -> float:
    """How much it changes when a person says what a box shows. 0: nothing; it is known, masked or too faint.

    It is how far the box is from counting for sure times how doubtful its name is.
    """
    if source == "generic":
        return max(_GUESS, 1 - confidence)
    if source == "recogniser":
        return 1 - confidence if confidence < SURE else 0.0
    if source is not None:
        return 0.0
    if score >= counted:
        return 1.0
    return (score / counted) ** 2 if score >= STRONG * counted or confidence >= GIVEN else 0.0


class _Photograph(msgspec.Struct):
    observation_id: int
    capture_id: str
    device_id: str
    place: str | None
    captured_at_ms: int
    observed_at_ms: int
    counted: float | None
    vectors: bytes


class _Box(msgspec.Struct):
    id: int
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float
    score: float
    label: str
    label_score: float
    item_name: str | None
    confidence: float
    source: Source | None
    zone: str | None


def newest(reader: Reader, embedder: str) -> list[Crop]:
    """Crops that have a vector of this embedder, of photographs whose image is kept, oldest first.

    Both those that wait for an answer (`gain` over 0) and those that have one.
    """
    found: list[Crop] = []
    looked = 0
    for page in _photographs(reader, embedder):
        found += _crops(reader, page)
        looked += len(page)
        if len(found) >= NEWEST_CROPS or looked >= NEWEST_PHOTOGRAPHS:
            break
    return sorted(found[:NEWEST_CROPS], key=lambda crop: crop.detection_id)


def _photographs(reader: Reader, embedder: str) -> Iterator[list[_Photograph]]:
    """Page by page, newest first."""
    before = 2**62
    while page := reader.rows(
        _Photograph,
        """
        SELECT observations.id AS observation_id, captures.id AS capture_id, captures.device_id,
               places.name AS place, captured_at_ms, observed_at_ms, counted, vectors
        FROM observation_vectors
        JOIN embedders ON embedders.id = embedder_id AND embedders.name = :embedder
        JOIN observations ON observations.id = observation_vectors.observation_id
        JOIN captures ON captures.id = observations.capture_id AND captures.observation_id = observations.id
        LEFT JOIN places AS view ON view.device_id = captures.device_id
        LEFT JOIN places ON places.id = coalesce(captures.place_id, view.id)
        WHERE observation_vectors.observation_id < :before AND image_path IS NOT NULL
        ORDER BY observation_vectors.observation_id DESC
        LIMIT :page
        """,
        {"embedder": embedder, "before": before, "page": _PAGE},
    ):
        yield page
        before = page[-1].observation_id


def _crops(reader: Reader, page: Sequence[_Photograph]) -> list[Crop]:
    """Newest first."""
    photographs = {one.observation_id: one for one in page}
    known = {one.observation_id: vectors.unpacked(one.vectors) for one in page}
    said = _said_of(reader, page)
    crops: list[Crop] = []
    for box in _boxes(reader, page[-1].observation_id, page[0].observation_id):
        observation_id, rank = divmod(box.id, MOST_DETECTIONS)
        photograph = photographs.get(observation_id)  # there may have been an earlier look in between
        vector = known[observation_id][rank] if photograph and rank < len(known[observation_id]) else None
        if photograph and vector:
            crops.append(_crop(box, photograph, vector, said[photograph.capture_id]))
    return [crop for crop in crops if crop.gain or crop.answered_at_ms is not None]


def _said_of(reader: Reader, page: Sequence[_Photograph]) -> defaultdict[str, list[Taught]]:
    """What people taught, by photograph."""
    said: defaultdict[str, list[Taught]] = defaultdict(list)
    for taught in examples.of_captures(reader, [one.capture_id for one in page]):
        said[taught.capture_id].append(taught)
    return said


def _boxes(reader: Reader, first: int, last: int) -> list[_Box]:
    """Newest first. Most boxes are neither doubtful nor spoken of: they are passed over where they lie."""
    return reader.rows(
        _Box,
        f"""
        SELECT box.id, box.box_left, box.box_top, box.box_right, box.box_bottom, box.score, box.label,
               box.label_score, item_name, box.confidence, box.source, zone.name AS zone
        FROM ({boxes_between(":first", ":last")}) AS box
        JOIN detections ON detections.id = box.id
        JOIN observations ON observations.id = observation_id
        LEFT JOIN places AS zone ON zone.id = detections.place_id
        WHERE box.source IN ('generic', 'person')
           OR (box.source = 'recogniser' AND box.confidence < :sure)
           OR (box.source IS NULL
               AND (box.score >= :strong * coalesce(counted, :counted) OR box.confidence >= :given))
        ORDER BY box.id DESC
        """,  # noqa: S608 - constant texts
        {
            "first": first * MOST_DETECTIONS,
            "last": last * MOST_DETECTIONS + MOST_DETECTIONS - 1,
            "sure": SURE,
            "strong": STRONG,
            "counted": COUNTED_SCORE,
            "given": GIVEN,
        },
    )


def _crop(box: _Box, photograph: _Photograph, vector: bytes, said: Sequence[Taught]) -> Crop:
    where = Box(box.box_left, box.box_top, box.box_right, box.box_bottom)
    counted = photograph.counted if photograph.counted is not None else COUNTED_SCORE
    return Crop(
        detection_id=box.id,
        capture_id=photograph.capture_id,
        device_id=photograph.device_id,
        place=box.zone or photograph.place,
        captured_at_ms=photograph.captured_at_ms,
        seen_at_ms=photograph.observed_at_ms,
        box=where,
        score=box.score,
        label=box.label,
        label_score=box.label_score,
        item_name=box.item_name,
        confidence=box.confidence,
        vector=vector,
        gain=gain(box.source, box.score, box.confidence, counted),
        answered_at_ms=max((one.taught_at_ms for one in spoken_of(where, said)), default=None),
    )
