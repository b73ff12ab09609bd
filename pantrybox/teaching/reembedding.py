"""Look again, with another embedder, at all that was taught and all that is kept: the tables are the queue.

Examples come first, from their own pictures, since the embedder takes over once they are done; then the crops of
retained photographs, newest first, so that names can follow.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

import msgspec

from pantrybox.bell import Bell
from pantrybox.errors import PantryError
from pantrybox.inventory import observations
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import examples, renaming, vectors
from pantrybox.teaching.gallery import Galleries
from pantrybox.vision.eye import Embedder
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Box
from pantrybox.vision.picture import open_upright

log = logging.getLogger(__name__)

PAGE = 8
"""Examples in one step: about a second on a Pi, after which a photograph may come in between."""
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Progress(msgspec.Struct, frozen=True):
    examples_left: int
    examples_total: int
    photographs_left: int
    """Retained ones whose crops cannot be compared with what was taught yet."""

    @property
    def running(self) -> bool:
        return self.examples_left > 0 or self.photographs_left > 0


class Wanting(Protocol):
    """Says which embedder everything is to have vectors of, and has an eye and a gallery: see teaching.eyes."""

    looking: Looking
    galleries: Galleries

    @property
    def settled(self) -> bool:
        """Whether that one names photographs already."""
        ...

    async def coming(self) -> Embedder: ...

    async def keep_up(self) -> bool: ...


class Reembedding:
    """Works off what lacks a vector, a step at a time. Where it stands follows from the tables alone."""

    def __init__(
        self,
        database: Database,
        images: ImageFiles,
        wanting: Wanting,
        promoted: Bell,
        renaming_due: Bell,
    ) -> None:
        self._database = database
        self._images = images
        self._wanting = wanting
        self._promoted = promoted
        self._renaming_due = renaming_due
        self._embedder = ""
        """Of which what follows is known."""
        self._has_examples = False
        """That no example lacks its vector; new ones come with it."""
        self._before_id: int | None = None
        """That no retained photograph from here on does; None: nothing is known yet, 0: none at all."""

    async def run_forever(self) -> None:
        """Once at the start, and whenever something is promoted."""
        while True:
            ring = self._promoted.listen()
            try:
                await self.run()
            except Exception:
                # The card may be full: what lacks a vector is in the tables, and the next ring tries again.
                log.exception("looking again with another embedder stopped until the next promotion")
            await ring.wait()

    async def run(self) -> None:
        """Until everything has its vectors; photographs are looked at between two steps."""
        await self._wanting.keep_up()
        while await self.next_step():
            await self._wanting.keep_up()

    async def next_step(self) -> bool:
        """One step; False when everything has its vectors."""
        if not await self._database.read(anything_kept):
            return False
        embedder = await self._wanting.coming()
        if embedder.name != self._embedder:
            self._embedder, self._has_examples, self._before_id = embedder.name, False, None
        return await self._next_examples(embedder) or await self._next_photograph(embedder)

    async def _next_examples(self, embedder: Embedder) -> bool:
        if self._has_examples and self._wanting.settled:
            return False
        page = await self._database.read(lambda reader: examples_without(reader, embedder.name, PAGE))
        if not page:
            self._has_examples = True
            return False
        made = await self._wanting.looking.aside(lambda: [_vector_of(embedder, picture.jpeg) for picture in page])
        await self._database.write(lambda writer: _keep_examples(writer, embedder.name, page, made))
        self._wanting.galleries.forget()  # it does not see vectors that come later than their examples
        return True

    async def _next_photograph(self, embedder: Embedder) -> bool:
        """Once the embedder names photographs: until then their vectors are needed as they are."""
        if self._before_id == 0 or not self._wanting.settled:
            return False
        stale = await self._database.read(lambda reader: newest_stale(reader, embedder.name, self._before_id))
        if stale is None:
            changed, self._before_id = self._before_id is not None, 0
            if changed:
                self._renaming_due.ring()
            return changed
        boxes = await self._database.read(lambda reader: _boxes_of(reader, stale))
        made = await self._wanting.looking.aside(lambda: self._vectors_in(embedder, stale, list(boxes.values())))
        if made:
            by_rank = dict(zip(boxes, made, strict=True))
            await self._database.write(lambda writer: _keep_vectors(writer, embedder.name, stale, by_rank))
        self._before_id = stale.observation_id
        return True

    def _vectors_in(self, embedder: Embedder, stale: "Stale", boxes: Sequence[Box]) -> list[bytes]:
        """Empty when its image is gone or cannot be read."""
        try:
            pixels = open_upright(self._images.load(stale.image_path)).pixels
            return [crop.vector for crop in embedder.embed(pixels, boxes)]
        except PantryError:
            return []


def progress(reader: Reader, embedder: str) -> Progress:
    """How far everything has come with this embedder."""
    return Progress(
        examples_left=examples_left(reader, embedder),
        examples_total=reader.value(int, "SELECT count(*) FROM examples WHERE taken_back_at_ms IS NULL"),
        photographs_left=reader.value(
            int, "SELECT count(*)" + _STALE, {"embedder_id": vectors.embedder_id(reader, embedder) or 0, "before": None}
        ),
    )


def anything_kept(reader: Reader) -> bool:
    """Whether anything was ever embedded: else there is no need to load an embedder."""
    return reader.value(bool, "SELECT EXISTS (SELECT 1 FROM embedders)")


_WITHOUT = """
        FROM examples
        JOIN example_pictures ON example_pictures.example_id = examples.id
        WHERE taken_back_at_ms IS NULL
          AND NOT EXISTS (
              SELECT 1
              FROM example_vectors
              WHERE example_vectors.example_id = examples.id AND embedder_id = :embedder_id
          )
"""


def examples_left(reader: Reader, embedder: str) -> int:
    """How many of those that stand have no vector of this embedder."""
    return reader.value(int, "SELECT count(*)" + _WITHOUT, {"embedder_id": vectors.embedder_id(reader, embedder) or 0})


class ExamplePicture(msgspec.Struct, frozen=True):
    id: int
    jpeg: bytes


def examples_without(reader: Reader, embedder: str, limit: int) -> list[ExamplePicture]:
    """Newest first: what was taught last is missed most."""
    return reader.rows(
        ExamplePicture,
        "SELECT examples.id, jpeg" + _WITHOUT + " ORDER BY examples.id DESC LIMIT :limit",
        {"embedder_id": vectors.embedder_id(reader, embedder) or 0, "limit": limit},
    )


def _vector_of(embedder: Embedder, jpeg: bytes) -> bytes:
    """Of a picture that cannot be read: one that is like nothing, so that the queue comes to its end."""
    try:
        return embedder.embed(open_upright(jpeg).pixels, [_WHOLE])[0].vector
    except PantryError:
        return b""


def _keep_examples(writer: Writer, embedder: str, page: Sequence[ExamplePicture], made: Sequence[bytes]) -> None:
    embedder_id = vectors.known_embedder(writer, embedder)
    length = max(map(len, made))
    for picture, vector in zip(page, made, strict=True):
        examples.keep_vector(writer, picture.id, embedder_id, vector or bytes(length))


class Stale(msgspec.Struct, frozen=True):
    """A retained photograph whose crops have vectors of another embedder."""

    observation_id: int
    image_path: str
    vectors: bytes


_STALE = """
        FROM observation_vectors
        JOIN captures ON captures.observation_id = observation_vectors.observation_id
        WHERE embedder_id <> :embedder_id
          AND image_path IS NOT NULL
          AND (:before IS NULL OR observation_vectors.observation_id < :before)
"""


def newest_stale(reader: Reader, embedder: str, before_id: int | None) -> Stale | None:
    return reader.row_or_none(
        Stale,
        "SELECT observation_vectors.observation_id, image_path, vectors"
        + _STALE
        + " ORDER BY observation_vectors.observation_id DESC LIMIT 1",
        {"embedder_id": vectors.embedder_id(reader, embedder) or 0, "before": before_id},
    )


def _boxes_of(reader: Reader, stale: Stale) -> dict[int, Box]:
    """By rank: those that had a vector."""
    had = vectors.unpacked(stale.vectors)
    seen = observations.detections_of(reader, stale.observation_id)
    return {box.rank: box.box for box in seen if box.rank < len(had) and had[box.rank] is not None}


def _keep_vectors(writer: Writer, embedder: str, stale: Stale, by_rank: dict[int, bytes]) -> None:
    made: vectors.Vectors = [by_rank.get(rank) for rank in range(max(by_rank) + 1)]
    vectors.keep(writer, stale.observation_id, embedder, made)
    renaming.begin_again(writer)  # names follow from vectors
