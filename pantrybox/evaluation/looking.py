"""Each labelled photograph is looked at once; what is kept of it are boxes and vectors, not pixels."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np

from pantrybox.errors import PantryError
from pantrybox.evaluation.draws import shuffled
from pantrybox.evaluation.eye import TimedEye
from pantrybox.evaluation.labels import Truth, fits, truths
from pantrybox.evaluation.model import LeftOut, Photograph
from pantrybox.vision.model import Box, Crop, Detection, Sight

MAX_BYTES = 30_000_000
MOST_EMBEDDED = 25
"""Labelled things of one photograph that can be taught or asked for: a full shop shelf has hundreds."""

Progress = Callable[[str, int, int], None]
"""Told (what is done, how often it was, how often it will be) after each time."""


class Timing(msgspec.Struct, frozen=True):
    """One photograph, in milliseconds."""

    all: float
    """From the file's bytes to named boxes' vectors; what was done for the labels' sake is taken off."""
    detector: float
    embedding: float
    crops: int


class Seen(msgspec.Struct, frozen=True):
    """What labels and eye say about one photograph."""

    name: str
    truths: tuple[Truth, ...]
    vectors: tuple[bytes | None, ...]
    """Beside `truths`; None for those that are neither taught nor asked for."""
    detections: tuple[Detection, ...] = ()
    found: tuple[bytes | None, ...] = ()
    """Vectors beside `detections`; None for those that the box leaves without one."""
    timing: Timing | None = None


class Looker:
    """Goes through photographs; remembers what it saw, what could not be read and what was wrong with labels."""

    def __init__(self, eye: TimedEye, seed: int, progress: Progress) -> None:
        self._eye = eye
        self._seed = seed
        self._progress = progress
        self.seen: dict[str, Seen] = {}
        self.broken: list[LeftOut] = []
        self.flaws: Counter[str] = Counter()

    def look_at(self, photographs: Sequence[Photograph], crops_only: bool) -> None:
        """`crops_only`: nothing is searched for; the labelled things alone are of interest."""
        for count, photograph in enumerate(photographs, start=1):
            try:
                data = _read(photograph)
                seen = self._crops(photograph, data) if crops_only else self._sight(photograph, data)
            except PantryError as error:
                self.broken.append(LeftOut(photograph.name, str(error)))
            except Exception as error:  # one strange picture among thousands must not cost the others
                self.broken.append(LeftOut(photograph.name, f"It could not be looked at: {error!r}."))
            else:
                self.seen[photograph.name] = seen
            self._progress("photographs", count, len(photographs))

    def timings(self, photographs: Sequence[Photograph]) -> Iterator[Timing | None]:
        """How long a look at each takes; None when the picture cannot be read."""
        for count, photograph in enumerate(photographs, start=1):
            try:
                yield self._timed(_read(photograph), ())[1]
            except PantryError:
                yield None
            self._progress("looks timed", count, len(photographs))

    def _crops(self, photograph: Photograph, data: bytes) -> Seen:
        found, flaws = truths(photograph, 1, 1)
        self.flaws += flaws
        asked = self._asked(photograph, found)
        return Seen(photograph.name, found, _beside(len(found), asked, self._eye.embed(data, _boxes(found, asked))))

    def _sight(self, photograph: Photograph, data: bytes) -> Seen:
        if photograph.size is None:  # where the boxes lie is known only once the picture is open
            sight, timing = self._timed(data, ())
            found, flaws = truths(photograph, sight.width, sight.height)
            asked = self._asked(photograph, found)
            crops = self._eye.embed(data, _boxes(found, asked))
        else:
            found, flaws = truths(photograph, *photograph.size)
            asked = self._asked(photograph, found)
            sight, timing = self._timed(data, _boxes(found, asked))
            crops = sight.also
        if not fits(photograph, sight.width, sight.height):
            raise PantryError(_other_size(photograph, sight))
        self.flaws += flaws
        return Seen(
            photograph.name,
            found,
            _beside(len(found), asked, crops),
            tuple(sight.detections),
            tuple(crop and crop.vector for crop in sight.crops),
            timing,
        )

    def _asked(self, photograph: Photograph, found: Sequence[Truth]) -> list[int]:
        named = [index for index, truth in enumerate(found) if truth.kind == "thing" and truth.name]
        if len(named) <= MOST_EMBEDDED:
            return named
        chance = np.random.default_rng([self._seed, *photograph.name.encode()])
        return sorted(shuffled(named, chance)[:MOST_EMBEDDED])

    def _timed(self, data: bytes, also: Sequence[Box]) -> tuple[Sight, Timing]:
        detecting, embedding = self._eye.detecting, self._eye.embedding
        before = detecting.seconds, embedding.seconds, embedding.crops
        started = time.perf_counter()
        sight = self._eye.look(data, also=also)
        took = time.perf_counter() - started
        embedded = embedding.seconds - before[1]
        crops = embedding.crops - before[2]
        own = crops - len(also)
        for_labels = embedded * len(also) / crops if crops else 0.0
        return sight, Timing(
            all=1000 * (took - for_labels),
            detector=1000 * (detecting.seconds - before[0]),
            embedding=1000 * (embedded - for_labels),
            crops=own,
        )


def things(seen: Iterable[Seen]) -> int:
    """Labelled ones that are to be found."""
    return sum(truth.kind == "thing" for photograph in seen for truth in photograph.truths)


def taught_things(seen: Mapping[str, Seen], photographs: Sequence[Photograph]) -> dict[str, list[tuple[int, str]]]:
    """What each photograph offers to teach: (index of the truth, its name), by the photograph's name."""
    return {
        photograph.name: [
            (index, truth.name)
            for index, (truth, vector) in enumerate(
                zip(seen[photograph.name].truths, seen[photograph.name].vectors, strict=True)
            )
            if vector is not None and truth.name
        ]
        for photograph in photographs
        if photograph.name in seen
    }


def _read(photograph: Photograph) -> bytes:
    try:
        if photograph.path.stat().st_size > MAX_BYTES:
            raise PantryError(f"The picture is larger than {MAX_BYTES // 1_000_000} MB.")
        return photograph.path.read_bytes()
    except OSError as error:
        raise PantryError(f"The file cannot be read: {error.strerror}.") from error


def _boxes(found: Sequence[Truth], asked: Sequence[int]) -> list[Box]:
    return [found[index].box for index in asked]


def _beside(count: int, asked: Sequence[int], crops: Sequence[Crop]) -> tuple[bytes | None, ...]:
    vectors: list[bytes | None] = [None] * count
    for index, crop in zip(asked, crops, strict=True):
        vectors[index] = crop.vector
    return tuple(vectors)


def _other_size(photograph: Photograph, sight: Sight) -> str:
    width, height = photograph.size or (0, 0)
    return (
        f"Its labels were made for a picture of {width} x {height} pixels; "
        f"upright it has {sight.width} x {sight.height}."
    )
