"""GET /v1/check: the proof of everything that is stored, told while it runs."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream

from pantrybox.inventory.check import Step, problems
from pantrybox.storage.database import Database, Reader
from pantrybox.storage.image_files import ImageFiles
from pantrybox.web.authority import needs


class CheckLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a running check: either how far it is, or something that is wrong."""

    read: int | None = None
    """So many photographs are whole,"""
    folded: int | None = None
    """or their counts were followed once more,"""
    of: int | None = None
    """of so many."""
    problem: str | None = None


@get("/v1/check", opt=needs("admin"), media_type="application/x-ndjson")
async def check(database: NamedDependency[Database], images: NamedDependency[ImageFiles]) -> Stream:
    """Prove every file, row and count; one JSON object a line, `problem` in those that name a fault."""
    return Stream(_check_lines(database, images), media_type="application/x-ndjson")


async def _check_lines(database: Database, images: ImageFiles) -> AsyncGenerator[bytes]:
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[CheckLine | None] = asyncio.Queue()

    def tell(line: CheckLine | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def progress(step: Step, done: int, of: int) -> None:
        tell(CheckLine(read=done, of=of) if step == "read" else CheckLine(folded=done, of=of))

    def prove(reader: Reader) -> None:
        try:
            for problem in problems(reader, images, names, progress):
                tell(CheckLine(problem=problem))
        finally:
            tell(None)

    names = await asyncio.to_thread(images.names)  # before the snapshot: see problems()
    proving = asyncio.ensure_future(database.read(prove))
    while (line := await lines.get()) is not None:
        yield msgspec.json.encode(line) + b"\n"
    await proving
