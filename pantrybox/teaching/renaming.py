"""Correct once, apply everywhere: bring the names of all retained detections in step with what was taught.

What a detection is held to be follows from the evidence; when that changes, the new name is written
beside the old one, the place is folded again, and what differs in the stock is appended to the ledger.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.captures import queries as captures
from pantrybox.inventory import items, observations
from pantrybox.inventory.fold import mark_outdated
from pantrybox.inventory.observations import Naming
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.teaching import examples, products, vectors
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.seeing import Kept, Words, name_again
from pantrybox.vision.recognition import Gallery, directions

PAGE = 40
"""Observations in one step: a fraction of a second on a Pi, after which a photograph may come in between."""
_HAIR = 0.01
LIKE = 0.5
"""Cosine from which a crop is looked at again at once when something like it was taught."""
NEWEST = 2000
"""Retained photographs among which those are sought that are looked at again at once,"""
AT_ONCE = 60
"""and how many these are, the most alike first: whoever teaches waits for them."""
_ROWS = 4096
"""Vectors that are compared at once: a few megabytes."""


class Renamed(msgspec.Struct, frozen=True):
    """What changed in one observation."""

    observation_id: int
    capture_id: str
    folded: bool
    namings: list[tuple[int, Naming]]
    """By the detection's id."""
    moved: frozenset[int]
    """Those of them that count as something else now."""


class Progress(msgspec.Struct, frozen=True):
    """How far a pass over what was seen before has come."""

    running: bool
    done: int
    total: int


class _Pass(msgspec.Struct):
    examples_state: str
    next_observation_id: int | None


def progress(reader: Reader, galleries: Galleries) -> Progress:
    total = reader.value(int, "SELECT count(*) FROM observation_vectors")
    if not total:
        return Progress(False, 0, 0)
    state, current = _state(reader, galleries), _pass(reader)
    if current.examples_state != state:
        return Progress(total > 0, 0, total)
    left = _left(reader, current.next_observation_id)
    return Progress(left > 0, total - left, total)


def _left(reader: Reader, next_id: int | None) -> int:
    return reader.value(
        int, "SELECT count(*) FROM observation_vectors WHERE observation_id <= :next", {"next": next_id or 0}
    )


def _pass(reader: Reader) -> _Pass:
    found = reader.row_or_none(_Pass, "SELECT examples_state, next_observation_id FROM renaming")
    return found or _Pass("", None)


def _state(reader: Reader, galleries: Galleries) -> str:
    return f"{examples.state(reader).as_text(galleries.embedder)}/{products.state(reader)}"


def _set_pass(writer: Writer, state: str, next_id: int | None) -> None:
    writer.execute(
        "UPDATE renaming SET examples_state = :state, next_observation_id = :next", {"state": state, "next": next_id}
    )


def begin_again(writer: Writer) -> None:
    """Name everything anew: another embedder has looked at it."""
    _set_pass(writer, "", None)


class _Step(msgspec.Struct, frozen=True):
    state: str
    renamed: list[Renamed]
    unheard: frozenset[str]
    next_id: int | None


async def rename_next(database: Database, galleries: Galleries) -> bool:
    """One step of the pass that is due; False when every name is in step."""
    step = await database.read(lambda reader: _step(reader, galleries))
    if step is None:
        return False

    await database.write(lambda writer: _end_step(writer, galleries, step))
    return True


def _end_step(writer: Writer, galleries: Galleries, step: _Step) -> None:
    if _state(writer, galleries) != step.state:
        return  # more was taught meanwhile: the pass begins again
    if step.unheard:
        _make_items(writer, step.unheard)
        return  # the same page again, now that they can be given
    apply(writer, step.renamed)
    _set_pass(writer, step.state, step.next_id)


def _make_items(writer: Writer, unheard: Iterable[str]) -> None:
    """For models' own words that nothing was called by yet: what bore an example's name when it was first seen."""
    for name in sorted(unheard):
        items.item_called(writer, name, generic=True)


def _step(reader: Reader, galleries: Galleries) -> _Step | None:
    """What the next page of a pass changes; newest photographs first, since they decide what stands on the shelf."""
    if not reader.value(bool, "SELECT EXISTS (SELECT 1 FROM observation_vectors)"):
        return None  # and no model is loaded to find that out
    state, current = _state(reader, galleries), _pass(reader)
    if current.examples_state == state and current.next_observation_id is None:
        return None
    starts = current.examples_state != state
    newest = observations.newest_id(reader) if starts else current.next_observation_id or 0
    page = _page(reader, galleries.embedder, newest)
    words = Words(reader, galleries.current(reader))
    renamed = [one for kept in page if (one := renamed_in(reader, words.gallery, kept, words)) is not None]
    return _Step(state, renamed, frozenset(words.unheard), page[-1].observation_id - 1 if len(page) == PAGE else None)


_KEPT = """
        SELECT observations.id AS observation_id, captures.id AS capture_id, captures.device_id, counted, folded,
               vectors
        FROM observation_vectors
        JOIN embedders ON embedders.id = embedder_id AND embedders.name = :embedder
        JOIN observations ON observations.id = observation_vectors.observation_id
        JOIN captures ON captures.id = observations.capture_id AND captures.observation_id = observations.id
"""


def _page(reader: Reader, embedder: str, from_id: int) -> list[Kept]:
    return reader.rows(
        Kept,
        _KEPT
        + """
        WHERE observation_vectors.observation_id <= :from_id
        ORDER BY observation_vectors.observation_id DESC
        LIMIT :limit
        """,
        {"embedder": embedder, "from_id": from_id, "limit": PAGE},
    )


def renamed_in(reader: Reader, gallery: Gallery, kept: Kept, words: Words | None = None) -> Renamed | None:
    """None when everything in this observation is called what it should be."""
    boxes = observations.detections_of(reader, kept.observation_id)
    resolve = words or Words(reader, gallery)
    namings = name_again(reader, gallery, boxes, vectors.unpacked(kept.vectors), kept, resolve)
    pairs = list(zip(boxes, namings, strict=True))
    changed = [(box.id, naming) for box, naming in pairs if not _same(box.naming, naming)]
    moved = frozenset(box.id for box, naming in pairs if box.item_id != naming.item_id)
    return Renamed(kept.observation_id, kept.capture_id, kept.folded, changed, moved) if changed else None


def _same(before: Naming, after: Naming) -> bool:
    """A hair's breadth of confidence is not worth a write."""
    unmoved = abs(before.confidence - after.confidence) < _HAIR or after.item_id is None
    return before.item_id == after.item_id and before.source == after.source and unmoved


def apply(writer: Writer, renamed: Sequence[Renamed]) -> None:
    """Write the new names, and have the places folded again whose stock follows from them."""
    for one in renamed:
        observations.rename_detections(writer, one.namings)
        if one.folded:  # how surely a box is what it is held to be counts as well
            capture = captures.by_id(writer, one.capture_id)
            if capture is not None:
                mark_outdated(writer, capture)


class Taught(msgspec.Struct, frozen=True):
    """What a lesson was about, as far as other photographs are concerned."""

    vectors: list[bytes]
    """Crops like these are looked at again,"""
    item_ids: frozenset[int]
    """and so are those that count as one of these,"""
    capture_ids: frozenset[str]
    """and these photographs themselves."""
    detection_ids: frozenset[int]
    """What the person spoke of: it is renamed, and not counted as a consequence."""


async def rename_like(database: Database, galleries: Galleries, taught: Taught) -> int:
    """Rename at once what a lesson is likely to change; how many other detections count as something else now.

    The pass that follows finds whatever this did not.
    """
    renamed = await _rename(
        database, galleries, lambda reader: _concerned(reader, newest_kept(reader, galleries.embedder), taught)
    )
    return sum(len(one.moved - taught.detection_ids) for one in renamed)


async def rename_in(database: Database, galleries: Galleries, observation_ids: Sequence[int]) -> int:
    """Name again at once what was seen in these; how many detections count as something else now."""
    renamed = await _rename(database, galleries, lambda reader: _these(reader, galleries.embedder, observation_ids))
    return sum(len(one.moved) for one in renamed)


async def _rename(
    database: Database, galleries: Galleries, choose: Callable[[Reader], Sequence[Kept]]
) -> list[Renamed]:
    found = await database.read(lambda reader: _look_at(reader, galleries, choose(reader)))
    if found.unheard:
        await database.write(lambda writer: _make_items(writer, found.unheard))
        found = await database.read(lambda reader: _look_at(reader, galleries, choose(reader)))
    if found.renamed:
        await database.write(lambda writer: _end_look(writer, galleries, found))
    return found.renamed


def _end_look(writer: Writer, galleries: Galleries, found: _Step) -> None:
    if _state(writer, galleries) == found.state:  # else more was taught meanwhile, and the pass knows better
        apply(writer, found.renamed)


def _look_at(reader: Reader, galleries: Galleries, chosen: Sequence[Kept]) -> _Step:
    words = Words(reader, galleries.current(reader))
    renamed = [one for kept in chosen if (one := renamed_in(reader, words.gallery, kept, words)) is not None]
    return _Step(_state(reader, galleries), renamed, frozenset(words.unheard), None)


def _concerned(reader: Reader, retained: Sequence[Kept], taught: Taught) -> list[Kept]:
    """The photographs themselves, those that show something alike, and those that count what it was about."""
    likeness = likenesses([kept.vectors for kept in retained], taught.vectors)
    counting = observations.counting_any(reader, taught.item_ids, [kept.observation_id for kept in retained])
    ranked: list[tuple[float, Kept]] = []
    for like, kept in zip(likeness.tolist(), retained, strict=True):
        if kept.capture_id in taught.capture_ids:
            ranked.append((2.0, kept))
        elif like >= LIKE or kept.observation_id in counting:
            ranked.append((like, kept))
    ranked.sort(key=lambda pair: -pair[0])
    return [kept for _, kept in ranked[:AT_ONCE]]


def likenesses(packed: Sequence[bytes], wanted: Sequence[bytes]) -> NDArray[np.float32]:
    """Of each observation's vectors, the largest cosine to any of `wanted`; -1 where there is none to compare."""
    best = np.full(len(packed), -1, dtype=np.float32)
    rows = [vectors.raw(kept) for kept in packed]
    length = len(wanted[0]) if wanted else 0
    # Those of one embedder are equally long; a row of another length cannot be compared.
    ranks = [rank for rank, row in enumerate(rows) if length and len(row) and len(row) % length == 0]
    if not ranks:
        return best
    cosines = _cosines(b"".join(rows[rank] for rank in ranks), directions(list(wanted)))
    starts = np.cumsum([0, *(len(rows[rank]) // length for rank in ranks[:-1])])
    best[ranks] = np.maximum.reduceat(cosines, starts)
    return best


def _cosines(rows: bytes, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest cosine of each row of signed bytes to any of `wanted`, (n, dims); 0 for a row of zeros."""
    numbers = np.frombuffer(rows, dtype=np.int8).reshape(-1, wanted.shape[1])
    parts = [_cosines_of(numbers[start : start + _ROWS], wanted) for start in range(0, len(numbers), _ROWS)]
    return np.concatenate(parts)


def _cosines_of(numbers: NDArray[np.int8], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    floats = numbers.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", floats, floats))
    return (floats @ wanted.T).max(axis=1) / np.maximum(lengths, 1e-9)


def newest_kept(reader: Reader, embedder: str) -> list[Kept]:
    return reader.rows(
        Kept,
        _KEPT + " ORDER BY observation_vectors.observation_id DESC LIMIT :limit",
        {"embedder": embedder, "limit": NEWEST},
    )


def _these(reader: Reader, embedder: str, observation_ids: Sequence[int]) -> list[Kept]:
    wanted = msgspec.json.encode(observation_ids).decode()
    return reader.rows(
        Kept,
        _KEPT + " WHERE observation_vectors.observation_id IN (SELECT value FROM json_each(:ids))",  # noqa: S608 - constant texts
        {"embedder": embedder, "ids": wanted},
    )
