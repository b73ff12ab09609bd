"""What the owner does from the command line of the box: keys, sign-in links, the check."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from pantrybox.inventory.check import problems
from pantrybox.owners.access import Access
from pantrybox.owners.model import Scope
from pantrybox.storage.database import Database, Reader
from pantrybox.storage.image_files import ImageFiles
from pantrybox.web.authority import needs
from pantrybox.web.devices import Name


class NewKey(msgspec.Struct, frozen=True):
    name: Name
    scope: Scope = "read"


class KeyMade(msgspec.Struct, frozen=True):
    name: str
    scope: Scope
    key: str
    """Shown here and never again."""


class SignInCode(msgspec.Struct, frozen=True):
    code: str
    """Opens one session within ten minutes: `http://BOX:8000/#code=...`."""


class CheckLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a running check: either how far it is, or something that is wrong."""

    read: int | None = None
    of: int | None = None
    problem: str | None = None


@post("/v1/keys", opt=needs("admin"))
async def create_key(data: JSONBody[NewKey], access: NamedDependency[Access]) -> KeyMade:
    """Make an API key for a program."""
    return KeyMade(data.name, data.scope, await access.new_key(data.name, data.scope))


@post("/v1/sign-in-codes", opt=needs("admin"))
async def create_sign_in_code(access: NamedDependency[Access]) -> SignInCode:
    """Make a one-time code that signs a browser in."""
    return SignInCode(access.new_code())


@get("/v1/check", opt=needs("admin"), media_type="application/x-ndjson")
async def check(database: NamedDependency[Database], images: NamedDependency[ImageFiles]) -> Stream:
    """Prove every file, row and count; one JSON object a line, `problem` in those that name a fault."""
    return Stream(_check_lines(database, images), media_type="application/x-ndjson")


async def _check_lines(database: Database, images: ImageFiles) -> AsyncGenerator[bytes]:
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[CheckLine | None] = asyncio.Queue()

    def tell(line: CheckLine | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def progress(read: int, of: int) -> None:
        if read % 100 == 0 or read == of:
            tell(CheckLine(read=read, of=of))

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
