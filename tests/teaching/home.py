"""A home for laws of teaching: a real database, analyst and teacher, and an eye that reads what a picture tells it.

What stands in a picture is written into the JPEG as a comment; the eye sees exactly that, and a thing's vector is
its colour. So a test says what is seen, and everything that follows is the real thing.
"""

import asyncio
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from PIL import Image

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.captures import reprocessing
from pantrybox.captures.keeper import MEGABYTE
from pantrybox.captures.model import Arrival
from pantrybox.devices import queries as devices
from pantrybox.inventory import items, observations, states, words
from pantrybox.inventory.check import belief_problems, ledger_problems
from pantrybox.inventory.observations import Naming, SeenBox
from pantrybox.jobs.analysis import Analyst
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import examples, renaming
from pantrybox.teaching.gallery import Galleries, Known
from pantrybox.teaching.teacher import Learned, Lesson, Teacher, write_all
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Barcode, Box, Crop, Detection, Eye, Sight
from pantrybox.vision.recognition import Prior

T = TypeVar("T")
DIMS = 16
COLOURS = ("red", "green", "blue", "yellow", "grey")
CAMERAS = ("left", "right")
PHONE = "_phone"


class Thing(msgspec.Struct, frozen=True):
    """What stands somewhere in a picture."""

    slot: int
    colour: str
    word: str = ""
    """What a model by itself would call it, surely enough to count."""
    score: float = 0.9
    """0: the detector misses it."""
    code: str = ""
    """Printed on it."""


def box_of(slot: int, width: float = 0.2) -> Box:
    """Slots lie in two rows of four and do not overlap; from 8 on they lie over slot - 8 by three quarters."""
    column, row = slot % 4, slot // 4 % 2
    shift = 0.02 if slot >= 8 else 0.0
    left, top = 0.01 + 0.25 * column + shift, 0.01 + 0.5 * row
    return Box(left, top, left + width, top + 0.4)


def colour_vector(colour: str, shade: int = 0) -> bytes:
    """Of a colour; another shade of it is as good as the same."""
    numbers = np.zeros(DIMS, dtype=np.float32)
    numbers[COLOURS.index(colour)] = 120
    numbers[8 + shade % 8] = 6
    return numbers.astype(np.int8).tobytes()


class ColourEye(Eye):
    def __init__(self) -> None:
        self.generation = 0
        """Another one sees the same things, in boxes that differ a little and less surely."""

    @property
    def embedder(self) -> str:
        return "colours"

    def look(self, picture: bytes, *, view: str = "", also: Sequence[Box] = (), codes: bool = False) -> Sight:
        del view
        things = things_in(picture)
        seen = sorted((one for one in things if one.score), key=lambda one: -one.score)
        nudge = 0.005 * (self.generation % 3)
        found = [
            Detection(box_of(one.slot, 0.2 + nudge), one.score - nudge, one.word, 0.9 if one.word else 0.0)
            for one in seen
        ]
        printed = [Barcode(one.code, "EAN-13", box_of(one.slot, 0.05)) for one in things if one.code]
        return Sight(
            model="eye",
            width=64,
            height=48,
            brightness=0.5,
            sharpness=9.0,
            scene_confidence=1.0,
            detections=found,
            took_ms=1,
            embedder=self.embedder,
            crops=list(self.embed(picture, [one.box for one in found])),
            also=self.embed(picture, also),
            barcodes=printed if codes else [],
        )

    def embed(self, picture: bytes, boxes: Sequence[Box]) -> list[Crop]:
        things = things_in(picture)
        return [Crop(self._vector(things, box)) for box in boxes]

    def remembers(self, view: str) -> bool:
        return True

    def recall(self, view: str, picture: bytes, boxes: Sequence[Box]) -> None:
        """It compares nothing."""

    def _vector(self, things: Sequence[Thing], box: Box) -> bytes:
        shown = max(things, key=lambda one: box_of(one.slot).iou(box), default=None)
        if shown is None or box_of(shown.slot).iou(box) < 0.3:
            return colour_vector("grey")
        return colour_vector(shown.colour, shown.slot)


def picture_of(things: Sequence[Thing]) -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (64, 48)).save(encoded, "JPEG", comment=msgspec.json.encode(things))
    return encoded.getvalue()


def things_in(picture: bytes) -> list[Thing]:
    with Image.open(io.BytesIO(picture)) as image:
        return msgspec.json.decode(image.info["comment"], type=list[Thing])


class Home:
    """Two cameras and a phone; a minute passes with every photograph."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._folder = folder
        self.eye = ColourEye()
        self.now_ms = 1_800_000_000_000
        (folder / "images").mkdir()
        self._open()
        for device_id in CAMERAS:
            self.write(lambda writer, name=device_id: devices.insert(writer, name, name.title(), bytes(32)))

    def _open(self) -> None:
        self.images = ImageFiles(self._folder / "images")
        self._opened = Database.open(self._folder / "pantrybox.db", self._time)
        self.database = self.do(self._opened.__aenter__())
        self.looking = Looking(lambda: self.eye)
        self.galleries = Galleries(known)
        bell = Bell()
        self.analyst = Analyst(self.database, self.images, self.looking, self.galleries, bell, Bell(), _at_once)
        self.teacher = Teacher(self.database, self.images, self.looking, self.galleries, bell, Bell())

    def _time(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def close(self) -> None:
        self.looking.close()
        self.do(self._opened.__aexit__(None, None, None))

    def end(self) -> None:
        self.close()
        self.do(self._loop.shutdown_default_executor())
        self._loop.close()

    def restart(self) -> None:
        """As after a cut: what is in memory is lost."""
        self.close()
        self._open()
        self.do(self.analyst.take_up())

    def do(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def write(self, change: Callable[[Writer], T]) -> T:
        return self.do(self.database.write(change))

    def read(self, query: Callable[[Reader], T]) -> T:
        return self.do(self.database.read(query))

    def receive(self, device_id: str, things: Sequence[Thing]) -> str:
        """A photograph that nobody has looked at yet; its id. It counts as a megabyte."""
        self.now_ms += 60_000
        capture_id, picture = f"c{self.now_ms}", picture_of(things)
        name = f"{capture_id}.jpg"
        (self._folder / "images" / name).write_bytes(picture)

        def insert(writer: Writer) -> None:
            captures.insert(writer, capture_id, Arrival(device_id), writer.now_ms, name, MEGABYTE, bytes(32))

        self.write(insert)
        return capture_id

    def photograph(self, device_id: str, *things: Thing) -> str:
        """One that is looked at; its id."""
        capture_id = self.receive(device_id, things)
        while self.do(self.analyst.analyse_next()):
            pass
        return capture_id

    def look_again(self, capture_id: str) -> None:
        """With an eye that sees a little differently."""
        self.eye.generation += 1
        self.write(lambda writer: reprocessing.ask(writer, reprocessing.one(writer, capture_id), "owner"))
        while self.do(self.analyst.look_again_next()):
            pass

    def step(self) -> bool:
        """One of what the analyst does when nobody sends photographs; False when there is nothing to do."""
        return self.do(self.analyst.fold_again()) or self.do(self.analyst.rename_next())

    def settle(self) -> None:
        while self.step():
            pass

    def teach(self, capture_id: str, where: int | Box, name: str | None, *, positive: bool = True) -> Learned:
        """`where`: a detection's id, or a box that a person draws."""
        lesson = Lesson(
            capture_id,
            where if isinstance(where, int) else None,
            where if isinstance(where, Box) else None,
            name,
            positive,
        )
        return self.do(self.teacher.teach([lesson], "owner"))

    def teach_all(self, lessons: Sequence[Lesson]) -> Learned:
        return self.do(self.teacher.teach(lessons, "owner"))

    def teach_at_once(self, lessons: Sequence[Lesson]) -> None:
        """Each by somebody else, while the analyst goes on."""

        async def together() -> None:
            teaching = [self.teacher.teach([lesson], "owner") for lesson in lessons]
            await asyncio.gather(*teaching, self.analyst.rename_next(), self.analyst.fold_again())

        self.do(together())

    def write_down(self, lessons: Sequence[Lesson], *, failing: bool = False) -> None:
        """A lesson, and nothing that follows from it; `failing`: the card fills up after it was used once."""

        async def write() -> None:
            looks = await self.teacher.looked_at(lessons)
            await self.database.write(lambda writer: self._written(writer, looks, failing=failing))

        self.do(write())

    def _written(self, writer: Writer, looks: Any, *, failing: bool) -> None:
        write_all(writer, looks, "owner")
        if failing:
            self.galleries.current(writer)
            raise RuntimeError("the card is full")

    def take_back(self, example_id: int) -> int:
        return self.do(self.teacher.take_back(example_id, "owner"))

    def take_back_everything(self) -> None:
        """Newest first; what a lesson had put aside stands again, and is taken back in its turn."""
        while standing := self.standing():
            self.take_back(standing[0])

    def standing(self) -> list[int]:
        """The examples that stand, newest first."""
        taught = self.read(lambda reader: examples.newest_first(reader, item_id=None, before_id=None, limit=1000))
        return [one.id for one in taught]

    def progress(self) -> renaming.Progress:
        return self.read(lambda reader: renaming.progress(reader, self.galleries))

    def count(self, name: str) -> int:
        """What the ledger sums to, everywhere."""

        def total(reader: Reader) -> int:
            item_id = items.known_item(reader, name).id
            standing = states.places_of(reader, item_id)
            return sum(states.stand_of(reader, item_id, place_id).confirmed_count for place_id in standing)

        return self.read(total)

    def merge(self, merged: str, into: str) -> None:
        def merge(writer: Writer) -> None:
            words.merge(writer, items.known_item(writer, merged), items.known_item(writer, into), "owner")

        self.write(merge)

    def item(self, name: str) -> items.Item | None:
        return self.read(lambda reader: items.item_named(reader, name))

    def observation(self, capture_id: str) -> observations.Observation:
        """What was last seen in a photograph."""
        found = self.read(lambda reader: observations.newest_of(reader, capture_id))
        assert found is not None
        return found

    def boxes(self, capture_id: str) -> list[SeenBox]:
        """What is held to be seen in a photograph now, best first."""

        def seen(reader: Reader) -> list[SeenBox]:
            observation = observations.newest_of(reader, capture_id)
            return observations.detections_of(reader, observation.id) if observation else []

        return self.read(seen)

    def box_at(self, capture_id: str, slot: int) -> SeenBox:
        return next(box for box in self.boxes(capture_id) if box.box.iou(box_of(slot)) > 0.85)

    def names(self, capture_id: str) -> list[str | None]:
        """What counts in a photograph, in the order of the shelf."""
        return [box.item_name for box in sorted(self.boxes(capture_id), key=lambda box: (box.box.top, box.box.left))]

    def namings(self) -> dict[int, Naming]:
        """What every detection that is kept is held to be."""
        captured = self.read(
            lambda reader: captures.newest_first(reader, status=None, device_id=None, before_seq=None, limit=1000)
        )
        return {box.id: box.naming for capture in captured for box in self.boxes(capture.id)}

    def misnamed(self) -> list[object]:
        """Retained photographs in which something is not called what it would be called from scratch."""

        def differing(reader: Reader) -> list[object]:
            gallery = Galleries(known).current(reader)
            kept = renaming.newest_kept(reader, "colours")
            return [one for each in kept if (one := renaming.renamed_in(reader, gallery, each)) is not None]

        return self.read(differing)

    def problems(self) -> list[str]:
        return self.read(lambda reader: [*ledger_problems(reader), *belief_problems(reader)])


def known() -> Known:
    return Known("colours", Prior())


async def _at_once() -> None:
    """Nobody is uploading."""
