"""Teach: a person says what a box shows, or that it does not show something, and every photograph heeds it at once."""

import asyncio
from collections.abc import Sequence

import msgspec

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.errors import Conflict, NotFound, OutOfRange
from pantrybox.inventory import items, observations, zones
from pantrybox.inventory.observations import Naming, Observation, SeenBox
from pantrybox.inventory.zones import Drawn
from pantrybox.owners import audit
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import examples, products, vectors
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.naming import SAME_BOX_IOU, spoken_of
from pantrybox.teaching.products import SeenCode
from pantrybox.teaching.renaming import Taught, rename_like
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Box, Crop, Detection
from pantrybox.vision.picture import crop_jpeg, open_upright

_LEAST_SIDE = 0.005
"""Of a drawn box, as a fraction of the picture: less is a slip of the finger."""


class Lesson(msgspec.Struct, frozen=True):
    """What somebody says about one box of one photograph."""

    capture_id: str
    detection_id: int | None
    """One of these two is given: a box that the eye found,"""
    box: Box | None
    """or one that a person drew, as fractions of the picture."""
    item_name: str | None
    """None: it is no thing at all; only with `positive` False."""
    positive: bool


class Learned(msgspec.Struct, frozen=True):
    example_ids: list[int]
    """Beside the lessons."""
    item_ids: list[int | None]
    """Beside the lessons."""
    also_changed: int
    """How many other crops count as something else now."""


class _Subject(msgspec.Struct, frozen=True):
    """What a lesson is about."""

    lesson: Lesson
    capture: Capture
    box: Box
    detection_id: int | None
    """None: nothing was found there yet."""
    embedder: str
    vector: bytes | None
    """As this embedder made it when the photograph was looked at."""


class Look(msgspec.Struct, frozen=True):
    """What the eye makes of it."""

    subject: _Subject
    jpeg: bytes
    embedder: str
    vector: bytes


class Teacher:
    def __init__(
        self,
        database: Database,
        images: ImageFiles,
        looking: Looking,
        galleries: Galleries,
        taught: Bell,
        shelf_changed: Bell,
    ) -> None:
        self._database = database
        self._images = images
        self._looking = looking
        self._galleries = galleries
        self._taught = taught
        self._shelf_changed = shelf_changed

    async def teach(self, lessons: Sequence[Lesson], by: str) -> Learned:
        """All of the lessons or none of them.

        NotFound for no such photograph, detection or (to be denied) item; Conflict when the image
        was deleted or nobody has looked at it yet; OutOfRange for a box that is none.
        """
        looks = await self.looked_at(lessons)
        written = await self._database.write(lambda writer: write_all(writer, looks, by))
        return Learned(written.example_ids, written.item_ids, await self._apply(written.taught))

    async def take_back(self, example_id: int, by: str) -> int:
        """As if it had not been taught; how many crops count as something else now. NotFound for none that stands."""
        return await self.take_back_all([example_id], by)

    async def take_back_all(self, example_ids: Sequence[int], by: str) -> int:
        """All of the examples or, when one does not stand, none: see `take_back`."""
        return await self._apply(
            await self._database.write(
                lambda writer: _together([_take_back(writer, self._galleries.embedder, one, by) for one in example_ids])
            )
        )

    async def looked_at(self, lessons: Sequence[Lesson]) -> list[Look]:
        """What lessons are about, as it is to be kept. Photograph by photograph: each is decoded once."""
        subjects = await self._database.read(
            lambda reader: [_subject(reader, lesson, self._galleries.embedder) for lesson in lessons]
        )
        looks: dict[int, Look] = {}
        for capture in {subject.capture.id: subject.capture for subject in subjects}.values():
            ranks = [rank for rank, one in enumerate(subjects) if one.capture.id == capture.id]
            about = [subjects[rank] for rank in ranks]
            jpegs = await asyncio.to_thread(self._crops, capture, [one.box for one in about])
            looks |= zip(ranks, await self._with_vectors(capture, about, jpegs), strict=True)
        return [looks[rank] for rank in range(len(subjects))]

    def _crops(self, capture: Capture, boxes: Sequence[Box]) -> list[bytes]:
        pixels = open_upright(self._load(capture)).pixels
        return [crop_jpeg(pixels, box) for box in boxes]

    async def _with_vectors(self, capture: Capture, subjects: Sequence[_Subject], jpegs: Sequence[bytes]) -> list[Look]:
        """What the eye made of a crop when it looked is taken again: nobody waits for what it is looking at now."""
        unknown = [one.box for one in subjects if one.vector is None]
        embedder, crops = await self._embedded(capture, unknown) if unknown else ("", [])
        made = iter(crops)
        return [
            Look(one, jpeg, one.embedder, one.vector)
            if one.vector is not None
            else Look(one, jpeg, embedder, next(made).vector)
            for one, jpeg in zip(subjects, jpegs, strict=True)
        ]

    async def _embedded(self, capture: Capture, boxes: Sequence[Box]) -> tuple[str, list[Crop]]:
        """With the name of the embedder that did it."""
        return await self._looking.run(lambda eye: (eye.embedder, eye.embed(self._load(capture), boxes)))

    def _load(self, capture: Capture) -> bytes:
        return self._images.load(capture.image_path or "")

    async def _apply(self, taught: Taught) -> int:
        changed = await rename_like(self._database, self._galleries, taught)
        self._taught.ring()
        self._shelf_changed.ring()
        return changed


class _Written(msgspec.Struct, frozen=True):
    example_ids: list[int]
    item_ids: list[int | None]
    taught: Taught


def _subject(reader: Reader, lesson: Lesson, embedder: str) -> _Subject:
    capture = captures.by_id(reader, lesson.capture_id)
    if capture is None:
        raise NotFound("There is no such photograph.")
    if capture.image_path is None:
        raise Conflict("The image of this photograph was deleted: there is nothing left to learn from.")
    seen = observations.newest_of(reader, capture.id)
    if seen is None:
        raise Conflict("Nobody has looked at this photograph yet. Try again in a moment.")
    box = _box_meant(reader, lesson)
    found = _found_there(observations.detections_of(reader, seen.id), box, lesson.detection_id)
    known = vectors.of_observation(reader, seen.id, embedder)
    rank = found.rank if found is not None else len(known)
    vector = known[rank] if rank < len(known) else None
    return _Subject(lesson, capture, box, found.id if found is not None else None, embedder, vector)


def _box_meant(reader: Reader, lesson: Lesson) -> Box:
    if (lesson.detection_id is None) == (lesson.box is None):
        raise OutOfRange("Say which box is meant: either detection_id, or box as [left, top, right, bottom].")
    if lesson.box is not None:
        return _drawn(lesson.box)
    return _box_of(reader, lesson.capture_id, lesson.detection_id or 0)


def _box_of(reader: Reader, capture_id: str, detection_id: int) -> Box:
    if observations.capture_of_detection(reader, detection_id) != capture_id:
        raise NotFound("There is no such detection in this photograph.")
    boxes = observations.detections_of(reader, detection_id // observations.MOST_DETECTIONS)
    return next(box.box for box in boxes if box.id == detection_id)


def _drawn(box: Box) -> Box:
    if box.right - box.left < _LEAST_SIDE or box.bottom - box.top < _LEAST_SIDE:
        raise OutOfRange("box: left is less than right and top is less than bottom; draw it around the whole thing.")
    return box


def _found_there(boxes: Sequence[SeenBox], meant: Box, detection_id: int | None) -> SeenBox | None:
    """The detection itself, or the one that a box means after all: drawn, or found by a look before this one."""
    best = max(boxes, key=lambda box: (box.id == detection_id, box.box.iou(meant)), default=None)
    meant_is = best is not None and (best.id == detection_id or best.box.iou(meant) >= SAME_BOX_IOU)
    return best if meant_is else None


def write_all(writer: Writer, looks: Sequence[Look], by: str) -> _Written:
    concerned: set[int] = set()
    example_ids: list[int] = []
    item_ids: list[int | None] = []
    spoken: set[int] = set()
    for look in looks:
        item_id = _item_of(writer, look.subject.lesson)
        was = _held_before(writer, look.subject)
        detection_id, drawn = _detection_of(writer, look)
        lost = _contradicted(writer, look.subject, item_id, by)
        concerned |= lost
        example_id = examples.insert(
            writer,
            item_id=item_id,
            positive=look.subject.lesson.positive,
            capture_id=look.subject.capture.id,
            detection_id=detection_id,
            drawn=drawn,
            by=by,
            was=was,
        )
        examples.keep_picture(writer, example_id, look.jpeg)
        examples.keep_vector(writer, example_id, vectors.known_embedder(writer, look.embedder), look.vector)
        if look.subject.lesson.positive and item_id is not None:
            _learn_codes(writer, look.subject.capture.id, look.subject.box, item_id, lost, by)
        _record(writer, look.subject.lesson, example_id, by)
        example_ids.append(example_id)
        item_ids.append(item_id)
        spoken.add(detection_id)
        concerned |= {item_id} if item_id is not None else set()
    taught = Taught(
        vectors=[look.vector for look in looks],
        item_ids=frozenset(concerned),
        capture_ids=frozenset(look.subject.capture.id for look in looks),
        detection_ids=frozenset(spoken),
    )
    return _Written(example_ids, item_ids, taught)


def _item_of(writer: Writer, lesson: Lesson) -> int | None:
    if lesson.item_name is None:
        if lesson.positive:
            raise OutOfRange("item_name: say what it is; without a name it can only be taught that it is no thing.")
        return None
    if lesson.positive:
        return items.item_called(writer, lesson.item_name)
    return items.known_item(writer, lesson.item_name).id


def _held_before(reader: Reader, subject: _Subject) -> Naming:
    """What the eye holds it to be; where a person named it already, what the eye held it to be before that."""
    spoken = spoken_of(subject.box, examples.of_capture(reader, subject.capture.id))
    said = [one.was for one in spoken if one.positive or one.item_id is None]
    if said or subject.detection_id is None:
        return said[-1] if said else Naming()
    boxes = observations.detections_of(reader, subject.detection_id // observations.MOST_DETECTIONS)
    return next(box.naming for box in boxes if box.id == subject.detection_id)


def _detection_of(writer: Writer, look: Look) -> tuple[int, bool]:
    """The detection that the lesson is about, made when only a person saw it; whether they drew it."""
    subject = look.subject
    if subject.detection_id is not None:
        _keep_vector(writer, look.embedder, subject.detection_id, look.vector)
        return subject.detection_id, False
    seen = observations.newest_of(writer, subject.capture.id)
    if seen is None:
        raise Conflict("Nobody has looked at this photograph yet. Try again in a moment.")
    rank = 1 + max((box.rank for box in observations.detections_of(writer, seen.id)), default=-1)
    found = Detection(subject.box, 0.0, "", 0.0)  # the eye saw nothing: once nobody says otherwise, it is nothing
    zone_id = zones.zone_of(subject.box, _zones_shown(writer, subject.capture, seen))
    observations.insert_detections(writer, seen.id, [(found, Naming())], [zone_id], first_rank=rank)
    detection_id = observations.MOST_DETECTIONS * seen.id + rank
    _keep_vector(writer, look.embedder, detection_id, look.vector)
    return detection_id, True


def _zones_shown(reader: Reader, capture: Capture, seen: Observation) -> list[Drawn]:
    return zones.drawn_at(reader, capture.device_id, seen.place_in_order) if capture.place_id is None else []


def _keep_vector(writer: Writer, embedder: str, detection_id: int, vector: bytes) -> None:
    """Of a detection that was not embedded so far."""
    observation_id, rank = divmod(detection_id, observations.MOST_DETECTIONS)
    known = vectors.of_observation(writer, observation_id, embedder)
    known += [None] * (rank + 1 - len(known))
    if known[rank] is None:
        known[rank] = vector
        vectors.keep(writer, observation_id, embedder, known)


def _contradicted(writer: Writer, subject: _Subject, item_id: int | None, by: str) -> set[int]:
    """Take back what was said about this box before and cannot hold beside the new lesson; the items it was about."""
    lost: set[int] = set()
    for old in spoken_of(subject.box, examples.of_capture(writer, subject.capture.id)):
        both_say_what_it_is = old.positive and subject.lesson.positive
        no_thing = None in (old.item_id, item_id) and old.positive != subject.lesson.positive
        if both_say_what_it_is or no_thing or old.item_id == item_id:
            examples.take_back(writer, old.id, by)
            lost |= {old.item_id} if old.item_id is not None else set()
    return lost


def _learn_codes(writer: Writer, capture_id: str, box: Box, item_id: int, corrected: set[int], by: str) -> None:
    """A code in the box of a thing that has a name now is the code of that thing; `corrected`: what it was not."""
    for code in _codes_in(writer, capture_id, box):
        if code.item_id is None or code.item_id in corrected:
            products.learn(writer, code.code, item_id, by)


def _codes_in(reader: Reader, capture_id: str, box: Box) -> list[SeenCode]:
    seen = observations.newest_of(reader, capture_id)
    codes = products.seen_in(reader, seen.id) if seen is not None else []
    return [code for code in codes if code.box.intersection(box) >= 0.5 * code.box.area]


def _record(writer: Writer, lesson: Lesson, example_id: int, by: str) -> None:
    act = "example.taught" if lesson.positive else "example.denied"
    audit.record(writer, by, act, str(example_id), item=lesson.item_name, capture_id=lesson.capture_id)


def _together(lessons: Sequence[Taught]) -> Taught:
    return Taught(
        vectors=[vector for one in lessons for vector in one.vectors],
        item_ids=frozenset[int]().union(*(one.item_ids for one in lessons)),
        capture_ids=frozenset[str]().union(*(one.capture_ids for one in lessons)),
        detection_ids=frozenset[int]().union(*(one.detection_ids for one in lessons)),
    )


def _take_back(writer: Writer, embedder: str, example_id: int, by: str) -> Taught:
    taught = examples.by_id(writer, example_id)
    if taught is None or taught.taken_back_at_ms is not None:
        raise NotFound("There is no such example, or it was taken back already.")
    examples.take_back(writer, example_id, by)
    audit.record(writer, by, "example.taken-back", str(example_id), item=taught.item_name)
    again = _stand_again(writer, taught)
    vector = examples.vector_of(writer, example_id, vectors.embedder_id(writer, embedder) or 0)
    return Taught(
        vectors=[vector] if vector else [],
        item_ids=frozenset(one.item_id for one in (taught, *again) if one.item_id is not None),
        capture_ids=frozenset({taught.capture_id}),
        detection_ids=frozenset({taught.detection_id}),
    )


def _stand_again(writer: Writer, taught: examples.Taught) -> list[examples.Taught]:
    """What this lesson had put aside about the same box holds again; so do the codes that followed from it."""
    products.unlearn(writer, [code.code for code in _codes_in(writer, taught.capture_id, taught.box)], taught)
    again = spoken_of(taught.box, examples.put_aside_by(writer, taught))
    for old in again:
        examples.teach_again(writer, old.id)
        for code in _codes_in(writer, old.capture_id, old.box) if old.positive else ():
            if code.item_id is None and old.item_id is not None:
                products.learn(writer, code.code, old.item_id, old.taught_by, at_ms=old.taught_at_ms)
    return again
