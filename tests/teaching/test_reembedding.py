"""Another embedder looks again at all that was taught and kept; a cut costs a step, and no photograph its name."""

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pantrybox.bell import Bell
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import examples, reembedding, vectors
from pantrybox.teaching.gallery import Galleries, Known
from pantrybox.teaching.reembedding import PAGE, Reembedding
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Box, Crop, Eye
from pantrybox.vision.recognition import Prior
from tests.captures.table import NOW_MS, Row, column, fill
from tests.conftest import make_jpeg

EXAMPLES = 2 * PAGE + 3


class FakeEmbedder:
    """A vector of three numbers: the mean colour. It may be told to fail after so many crops."""

    name = "new"

    def __init__(self, fails_after: int | None = None) -> None:
        self.embedded = 0
        self.fails_after = fails_after

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Crop]:
        self.embedded += len(boxes)
        if self.fails_after is not None and self.embedded > self.fails_after:
            raise RuntimeError("a power cut")
        return [Crop((pixels.mean(axis=(0, 1)) / 2).astype(np.int8).tobytes()) for _ in boxes]


class FakeWanting:
    """Settled once the new embedder knows all examples."""

    def __init__(self, database: Database, embedder: FakeEmbedder) -> None:
        self.database = database
        self.embedder = embedder
        self.settled = False
        self.may_settle = True
        self.looking = Looking(no_eye)
        self.galleries = Galleries(lambda: Known("new" if self.settled else "old", Prior()))

    async def coming(self) -> FakeEmbedder:
        return self.embedder

    async def keep_up(self) -> bool:
        left = await self.database.read(lambda reader: reembedding.examples_left(reader, "new"))
        self.settled = left == 0 and self.may_settle
        return False


def no_eye() -> Eye:
    raise AssertionError("no photograph waits")


class House:
    def __init__(self, folder: Path, database: Database, embedder: FakeEmbedder) -> None:
        self.database = database
        self.images = ImageFiles(folder)
        self.wanting = FakeWanting(database, embedder)
        self.renaming_due = Bell()
        self.work = Reembedding(database, self.images, self.wanting, Bell(), self.renaming_due)


def taught(writer: Writer) -> None:
    """Three photographs of which the last has lost its image; each with two boxes, one of them embedded."""
    ids = fill(writer, [Row("shelf"), Row("shelf"), Row("shelf", has_image=False)])
    for observation_id in (1, 2, 3):
        for rank in (0, 1):
            writer.execute(
                """
                INSERT INTO detections (id, observation_id, box_left, box_top, box_right, box_bottom, score, label)
                VALUES (:id, :observation_id, 0, 0, 0.5, 0.5, 0.5, 'thing')
                """,
                {"id": 1000 * observation_id + rank, "observation_id": observation_id},
            )
        vectors.keep(writer, observation_id, "old", [None, b"\1\2"])
    old = vectors.known_embedder(writer, "old")
    for number in range(EXAMPLES):
        example_id = examples.insert(
            writer, item_id=None, positive=False, capture_id=ids[0], detection_id=1000, drawn=False, by="owner"
        )
        examples.keep_picture(writer, example_id, b"broken" if number == 1 else make_jpeg(64, 64, shade=number))
        examples.keep_vector(writer, example_id, old, b"\1\2")
    examples.take_back(writer, 1, "owner")
    writer.execute("UPDATE renaming SET examples_state = 'in step'")


async def in_a_house(folder: Path, embedder: FakeEmbedder, cut: bool = False, rings: bool = True) -> list[object]:
    """Everything is embedded anew; what is found then."""
    async with Database.open(folder / "pantrybox.db", lambda: NOW_MS) as database:
        if not await database.read(reembedding.anything_kept):
            await database.write(taught)
        house = House(folder, database, embedder)
        ring = house.renaming_due.listen()
        if cut:
            with pytest.raises(RuntimeError, match="a power cut"):
                await house.work.run()
        else:
            await house.work.run()
            assert ring.is_set() == rings
        house.wanting.looking.close()
        left = await database.read(lambda reader: reembedding.progress(reader, "new"))
        return [
            left.examples_left,
            left.photographs_left,
            await database.write(lambda writer: column(writer, "SELECT examples_state AS value FROM renaming")),
            await database.write(lambda w: column(w, KEPT)),
            await database.write(lambda w: column(w, EMBEDDED)),
        ]


KEPT = "SELECT vectors AS value FROM observation_vectors WHERE embedder_id = 2 ORDER BY 1"
EMBEDDED = "SELECT example_id AS value FROM example_vectors WHERE embedder_id = 2 ORDER BY example_id"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2):
        encoded = io.BytesIO()
        Image.new("RGB", (100, 80), (200, 100, 2 * number)).save(encoded, "JPEG")
        (tmp_path / f"shelf-{number}.jpg").write_bytes(encoded.getvalue())
    return tmp_path


def test_everything_that_stands_and_is_there_gets_its_vector_once(folder: Path) -> None:
    embedder = FakeEmbedder()
    examples_left, photographs_left, state, kept, embedded = asyncio.run(in_a_house(folder, embedder))
    assert (examples_left, photographs_left) == (0, 0)
    assert state == [""], "names are gone through again"
    assert embedded == list(range(2, EXAMPLES + 1)), "what was taken back stays as it is"
    assert [len(vectors.unpacked(found)) for found in kept] == [2, 2]  # pyright: ignore
    # One of the pictures cannot be read; a photograph has one crop that had a vector before.
    assert embedder.embedded == EXAMPLES - 2 + 2


@pytest.mark.parametrize(("fails_after", "left"), [(3, 18), (PAGE + 2, 18 - PAGE), (EXAMPLES - 2, 0)])
def test_a_cut_costs_a_step_and_nothing_else(folder: Path, fails_after: int, left: int) -> None:
    examples_left, *_ = asyncio.run(in_a_house(folder, FakeEmbedder(fails_after), cut=True))
    assert examples_left == left
    again = FakeEmbedder()
    examples_left, photographs_left, state, kept, embedded = asyncio.run(in_a_house(folder, again))
    assert (examples_left, photographs_left, state) == (0, 0, [""])
    assert (len(kept), embedded) == (2, list(range(2, EXAMPLES + 1)))  # pyright: ignore
    assert again.embedded == max(0, left - 1) + 2, "one of the pictures cannot be read"


def test_vectors_that_the_old_embedder_needs_are_kept_until_the_new_one_names_photographs(folder: Path) -> None:
    async def unsettled() -> list[object]:
        async with Database.open(folder / "pantrybox.db", lambda: NOW_MS) as database:
            await database.write(taught)
            house = House(folder, database, FakeEmbedder())
            house.wanting.may_settle = False
            await house.work.run()
            house.wanting.looking.close()
            return await database.write(lambda writer: column(writer, KEPT) + column(writer, EMBEDDED))

    assert asyncio.run(unsettled()) == list(range(2, EXAMPLES + 1)), "examples are ready, photographs as they were"


def test_when_nothing_lacks_a_vector_nothing_is_embedded(folder: Path) -> None:
    done = asyncio.run(in_a_house(folder, FakeEmbedder()))
    idle = FakeEmbedder()
    assert asyncio.run(in_a_house(folder, idle, rings=False)) == done
    assert idle.embedded == 0
