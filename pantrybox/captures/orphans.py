"""Files that no photograph claims, and photographs whose file is gone: how they are found, and when to believe it."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from itertools import islice

import msgspec

from pantrybox.captures import retention_queries as keeping
from pantrybox.captures.intake import MAX_UPLOADS
from pantrybox.clock import HOUR_MS
from pantrybox.errors import Conflict
from pantrybox.storage.database import Database
from pantrybox.storage.image_files import PARTIAL, ImageFiles

log = logging.getLogger(__name__)

UNTOUCHED_MS = HOUR_MS
"""A file that changed within this time may belong to an upload that is under way."""
_PAGE = 10_000
_ASKED_AT_ONCE = 500
_COMPARED_AT_ONCE = 200_000
"""Names in memory at a time, about 30 MB of them; with more, the folder is read several times."""


class Refused(Conflict):
    """What was found is so much that it must be something else than what it looks like."""


class Difference(msgspec.Struct):
    """Between the folder and the table. What changed while both were read is in it, too, and must be looked at."""

    expected: int = 0
    """How many photographs claim a file."""
    files: int = 0
    missing: list[str] = []
    released: list[str] = []
    """Files of photographs whose image was deleted: the deletion was cut off between row and file."""
    unknown: list[str] = []
    """Photographs that no row knows."""
    partial: list[str] = []
    """Uploads under way or cut off."""


Print = tuple[int, int]
"""How many names, and the sum of their hashes: two sets of names with the same print are the same set."""


async def difference(database: Database, images: ImageFiles, threads: Executor | None = None) -> Difference:
    """Compare folder and table. OSError when the folder cannot be read."""
    loop = asyncio.get_running_loop()
    # Side by side: both wait for the card most of the time, and what changes meanwhile is looked at below.
    listed, claimed = await asyncio.gather(
        loop.run_in_executor(threads, lambda: _print(images.listed())), _claimed_print(database, threads)
    )
    # Hashes are keyed anew for each process (PEP 456): no names can be chosen to have another set's print.
    if claimed == listed:
        return Difference(expected=claimed[0], files=claimed[0])
    found = Difference()
    parts = 1 + claimed[0] // _COMPARED_AT_ONCE
    for part in range(parts):
        await _compare(database, images, found, (part, parts), threads)
    return found


def _print(names: Iterable[str]) -> Print:
    count = total = 0
    names = iter(names)
    while page := list(islice(names, _PAGE)):
        count += len(page)
        total += sum(map(hash, page))
    return count, total


async def _claimed_print(database: Database, threads: Executor | None) -> Print:
    """One page is added up while the next one is read."""
    loop = asyncio.get_running_loop()
    prints: list[asyncio.Future[Print]] = []
    after: tuple[int, int] | None = (-1, -1)
    while after is not None:
        page = await database.read(lambda reader, after=after: keeping.claimed_names(reader, after, _PAGE))
        prints.append(loop.run_in_executor(threads, lambda page=page: _print(page.names)))
        after = page.last
    added = await asyncio.gather(*prints)
    return sum(count for count, _ in added), sum(total for _, total in added)


async def _compare(
    database: Database, images: ImageFiles, found: Difference, part: tuple[int, int], threads: Executor | None
) -> None:
    """Name by name."""
    loop = asyncio.get_running_loop()
    expected = await _expected(database, part)
    names = await loop.run_in_executor(threads, _listed, images, part)
    unclaimed, missing = await loop.run_in_executor(threads, _split, names, expected)
    found.files += len(names)
    found.expected += len(expected)
    found.missing += missing
    found.partial += [name for name in unclaimed if name.startswith(PARTIAL)]
    await _sort_out(database, found, [name for name in unclaimed if name.endswith(".jpg") and name[0] != "."])


def _is_in(part: tuple[int, int], name: str) -> bool:
    return part[1] == 1 or hash(name) % part[1] == part[0]


def _listed(images: ImageFiles, part: tuple[int, int]) -> list[str]:
    return list(images.listed()) if part[1] == 1 else [name for name in images.listed() if _is_in(part, name)]


def _split(names: list[str], expected: set[str]) -> tuple[list[str], list[str]]:
    """Those that nobody claims, and those that are claimed and not there."""
    return [name for name in names if name not in expected], list(expected.difference(names))


async def _expected(database: Database, part: tuple[int, int]) -> set[str]:
    expected: set[str] = set()
    after: tuple[int, int] | None = (-1, -1)
    while after is not None:
        page = await database.read(lambda reader, after=after: keeping.claimed_names(reader, after, _PAGE))
        expected.update(page.names if part[1] == 1 else [name for name in page.names if _is_in(part, name)])
        after = page.last
    return expected


async def _sort_out(database: Database, found: Difference, unclaimed: list[str]) -> None:
    """Ask about each file that nobody seemed to claim once more: its row may be younger than the first answer."""
    for names in batches(unclaimed):
        owners = await database.read(lambda reader, names=names: keeping.claims(reader, names))
        found.released += [name for name in names if owners.get(name) == "released"]
        found.unknown += [name for name in names if name not in owners]


def batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _ASKED_AT_ONCE):
        yield names[start : start + _ASKED_AT_ONCE]


def refuse_unless_believable(found: Difference, missing: int) -> None:
    """Refused when so much is amiss that the folder or the database must be another one (P8)."""
    if 5 * missing > found.expected:
        raise Refused(
            f"{missing} of {found.expected} photographs have no file. Is their disk mounted? Nothing was changed."
        )
    if len(found.unknown) > MAX_UPLOADS and 5 * len(found.unknown) > found.files:
        raise Refused(
            f"{len(found.unknown)} of {found.files} files belong to no photograph. "
            "Is this the right database? Nothing was deleted."
        )


def untouched(images: ImageFiles, names: Iterable[str], now_ms: int) -> dict[str, int]:
    """Those that nobody has written to for an hour, with their sizes; `now_ms` is of a clock that is trusted."""
    touched = ((name, images.touched(name)) for name in names)
    return {name: file.size_bytes for name, file in touched if file and file.at_ms < now_ms - UNTOUCHED_MS}


async def remove_leftovers(database: Database, images: ImageFiles) -> None:
    """Remove what was cut off: uploads before they were acknowledged, deletions between row and file.

    Only while nobody uploads. More unknown photographs than uploads can be under way at once are
    something else, such as a database put back from an older copy: then those are left alone.
    """
    partial = images.remove_partial()
    found = await difference(database, images)
    leftovers = found.released + found.unknown
    if len(found.unknown) > MAX_UPLOADS:
        count = len(found.unknown)
        log.warning("%d files in %s belong to no photograph and were left alone", count, images.path(""))
        leftovers = found.released
    if leftovers:
        await asyncio.to_thread(images.remove_all, leftovers)
    if found.released:
        log.info("removed %d images whose deletion had been interrupted", len(found.released))
    uploads = partial + len(leftovers) - len(found.released)
    if uploads:
        log.info("removed what %d interrupted uploads left", uploads)
