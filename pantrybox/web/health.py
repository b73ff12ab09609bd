"""GET /healthz: is the box alive? The only thing a stranger may ask."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from pantrybox.storage.database import Database, Reader
from pantrybox.web.authority import ANYBODY, needs


class Health(msgspec.Struct, frozen=True):
    status: str = "ok"


@get("/healthz", opt=needs("open"), security=ANYBODY)
async def healthz(database: NamedDependency[Database]) -> Health:
    """`ok` once the database answers."""

    def one(reader: Reader) -> int:
        return reader.value(int, "SELECT 1")

    await database.read(one)
    return Health()
