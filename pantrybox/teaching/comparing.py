"""What was seen in photographs beside what another model would have seen in them. Reads, and writes nothing."""

import zlib
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median

import msgspec

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.errors import NotFound
from pantrybox.inventory import items, observations, places
from pantrybox.inventory.observations import UNCOUNTED, Naming, thing_of
from pantrybox.inventory.seen import after_view
from pantrybox.inventory.shelf import EMPTY
from pantrybox.inventory.view import View
from pantrybox.storage.database import Reader
from pantrybox.teaching.naming import named
from pantrybox.teaching.seeing import gathered
from pantrybox.vision.model import Box, Sight
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.recognition import Example, Gallery
from pantrybox.vision.visibility import READABLE

_MOST_DIFFERENT = 10


class CountChange(msgspec.Struct, frozen=True):
    """What would be believed of an item from these photographs alone."""

    item_name: str
    before: int
    after: int


class PlaceChange(msgspec.Struct, frozen=True):
    place_name: str
    items: list[CountChange]
    """Those only that are different."""


class PhotographChange(msgspec.Struct, frozen=True):
    capture_id: str
    boxes_before: int
    boxes_after: int
    items_changed: int
    """How many things more or fewer, added up over all items."""


class Difference(msgspec.Struct, frozen=True):
    """A trial: how far it is, and what it found so far."""

    model: str
    running: bool = True
    doing: str = "photographs"
    """What is being counted: `examples` (that a new embedder looks at first) or `photographs`."""
    done: int = 0
    total: int = 0
    failure: str | None = None
    """Why it ended before its end."""
    photographs: int = 0
    skipped: int = 0
    """Photographs that could not be looked at."""
    boxes_before: float = 0.0
    """A photograph, in the mean: those that count as things."""
    boxes_after: float = 0.0
    ms_before: int = 0
    """A photograph, in the median."""
    ms_after: int = 0
    places: list[PlaceChange] = []
    most_different: list[PhotographChange] = []


class Compared(msgspec.Struct, frozen=True):
    """One photograph, as it was seen and as it would be."""

    capture_id: str
    place_name: str
    before: View
    after: View
    names: dict[int, str]
    """Of all items in both."""
    boxes_before: int
    boxes_after: int
    ms_before: int
    ms_after: int

    @property
    def items_changed(self) -> int:
        before, after = _counts(self.before), _counts(self.after)
        return sum(abs(before[item] - after[item]) for item in before.keys() | after.keys())


def _counts(view: View) -> Counter[int]:
    return Counter(thing.item_id for thing in view.things if thing.item_id is not None)


def compare(reader: Reader, gallery: Gallery, capture: Capture, sight: Sight) -> Compared:
    """What a photograph is held to show, beside what it would be held to show."""
    seen = observations.newest_of(reader, capture.id)
    if seen is None:
        raise NotFound("This photograph was never looked at.")
    boxes = observations.detections_of(reader, seen.id)
    counted = seen.counted if seen.counted is not None else COUNTED_SCORE
    names = {box.item_id: box.item_name for box in boxes if box.item_id is not None and box.item_name is not None}
    after = _items_in(reader, gallery, capture, sight, names)
    return Compared(
        capture_id=capture.id,
        place_name=_place_of(reader, capture),
        before=_view(capture, [(box.box, box.naming) for box in boxes], seen.scene_confidence),
        after=_view(capture, after, sight.scene_confidence),
        names=names,
        boxes_before=sum(box.score >= counted for box in boxes),
        boxes_after=sum(found.score >= counted for found in sight.detections),
        ms_before=seen.took_ms,
        ms_after=sight.took_ms,
    )


def _view(capture: Capture, named_boxes: Sequence[tuple[Box, Naming]], scene_confidence: float) -> View:
    """Without what pixels tell beside the boxes: the other model never saw the photograph before."""
    return View(
        observation_id=capture.seq,
        at_ms=capture.captured_at_ms,
        camera=capture.device_id,
        things=tuple(thing_of(box, naming, None) for box, naming in named_boxes if naming.source not in UNCOUNTED),
        readable=scene_confidence >= READABLE,
        whole=capture.place_id is None,
    )


def _items_in(
    reader: Reader, gallery: Gallery, capture: Capture, sight: Sight, names: dict[int, str]
) -> list[tuple[Box, Naming]]:
    """What each thing in a sight would be; names that no item has yet stand under numbers below 0."""

    def resolve(name: str) -> int | None:
        item = items.item_named(reader, name)
        if item is None:
            item_id = -1 - zlib.crc32(name.casefold().encode())
            names.setdefault(item_id, name)
            return item_id
        return None if item.id in gallery.items else item.id

    known = gathered(reader, gallery, capture, sight, ())
    namings = named(known.evidence, known.rules, resolve)
    for item_id in {naming.item_id for naming in namings if naming.item_id is not None} - names.keys():
        item = items.item_by_id(reader, item_id)
        names[item_id] = item.canonical_name if item else str(item_id)
    return [(one.detection.box, naming) for one, naming in zip(known.found, namings, strict=True)]


def _place_of(reader: Reader, capture: Capture) -> str:
    known = places.places(reader)
    if capture.place_id is not None:
        return next(place.name for place in known if place.id == capture.place_id)
    return next((place.name for place in known if place.device_id == capture.device_id), capture.device_id)


def summary(compared: Sequence[Compared]) -> dict[str, object]:
    """The fields of a Difference that follow from its photographs, which come oldest first."""
    if not compared:
        return {}
    different = sorted(compared, key=lambda one: (-one.items_changed, -abs(one.boxes_after - one.boxes_before)))
    return {
        "photographs": len(compared),
        "boxes_before": fmean(one.boxes_before for one in compared),
        "boxes_after": fmean(one.boxes_after for one in compared),
        "ms_before": round(median(one.ms_before for one in compared)),
        "ms_after": round(median(one.ms_after for one in compared)),
        "places": _places(compared),
        "most_different": [
            PhotographChange(one.capture_id, one.boxes_before, one.boxes_after, one.items_changed)
            for one in different[:_MOST_DIFFERENT]
            if one.items_changed or one.boxes_before != one.boxes_after
        ],
    }


def _places(compared: Sequence[Compared]) -> list[PlaceChange]:
    names = {item_id: name for one in compared for item_id, name in one.names.items()}
    changes: list[PlaceChange] = []
    for place in dict.fromkeys(one.place_name for one in compared):
        here = [one for one in compared if one.place_name == place]
        before, after = _believed([one.before for one in here]), _believed([one.after for one in here])
        counts = [
            CountChange(names[item], before.get(item, 0), after.get(item, 0)) for item in before.keys() | after.keys()
        ]
        changed = [count for count in counts if count.before != count.after]
        changes.append(PlaceChange(place, sorted(changed, key=lambda count: count.item_name)))
    return changes


def _believed(views: Sequence[View]) -> dict[int, int]:
    """Shown counts that follow from these photographs alone."""
    shelf = EMPTY
    for view in views:
        shelf = after_view(shelf, view)
    return {item_id: belief.shown_count for item_id, belief in shelf.beliefs().items() if belief.shown_count}


def newest_seen(reader: Reader, last: int) -> list[Capture]:
    """The newest photographs that were looked at and have their image, oldest first."""
    return reader.rows(
        Capture,
        f"""
        SELECT *
        FROM (
            SELECT {captures.COLUMNS}
            FROM captures
            WHERE image_path IS NOT NULL AND observation_id IS NOT NULL AND status = 'complete'
            ORDER BY captures.seq DESC
            LIMIT :last
        )
        ORDER BY seq
        """,  # noqa: S608 - only column names are filled in
        {"last": last},
    )


class _Taught(msgspec.Struct):
    id: int
    item_id: int | None
    positive: bool
    device_id: str
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float


def all_taught(reader: Reader) -> list[Example]:
    """Every example that stands, without its vector."""
    rows = reader.rows(
        _Taught,
        """
        SELECT examples.id, coalesce(named.merged_into, named.id) AS item_id, positive, device_id,
               box_left, box_top, box_right, box_bottom
        FROM examples
        JOIN detections ON detections.id = detection_id
        JOIN captures ON captures.id = capture_id
        LEFT JOIN inventory_items AS named ON named.id = examples.item_id
        WHERE taken_back_at_ms IS NULL
        ORDER BY examples.id
        """,
    )
    return [
        Example(
            id=row.id,
            item_id=row.item_id,
            positive=row.positive,
            vector=b"",
            device_id=row.device_id,
            box=Box(row.box_left, row.box_top, row.box_right, row.box_bottom),
        )
        for row in rows
    ]
