"""The page on the phone: the pantry as it is now, and the photographs that prove it."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from pantrybox.clock import Clock
from pantrybox.errors import NotFound
from pantrybox.inventory import glance, ledger, places
from pantrybox.inventory import queries as inventory
from pantrybox.inventory.glance import Newest, Photograph
from pantrybox.inventory.model import InventoryEvent, StockLine
from pantrybox.inventory.places import Place
from pantrybox.owners.door import Door
from pantrybox.settings import Settings
from pantrybox.storage.database import Database, Reader
from pantrybox.web import pages
from pantrybox.web.authority import ANYBODY, held_by, needs
from pantrybox.web.devices import DeviceView, view
from pantrybox.web.errors import AnyRequest

_RECENT = 12


class Pantry(msgspec.Struct, frozen=True):
    newest: Newest
    photograph: Photograph | None
    cameras: list[DeviceView]
    stock: list[StockLine] = []
    changes: list[InventoryEvent] = []


@get("/", opt=needs("open"), security=ANYBODY)
async def pantry_page(
    request: AnyRequest,
    door: NamedDependency[Door],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
) -> Response[Any]:
    """The pantry for who is signed in, the way in for everybody else."""
    if held_by(request) is None:
        return pages.door(claimed=door.ownership is not None)
    now_ms = now()
    pantry, known = await database.read(lambda reader: (whole(reader, now_ms), places.places(reader)))
    return _rendered("pantry.html", pantry, settings, now_ms, known)


@get("/fragments/{part:str}", opt=needs("read"), include_in_schema=False)
async def fragment(
    part: FromPath[str],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
) -> Response[Any]:
    """A part of the pantry page, to be put in place of what an open page shows."""
    query, now_ms = _PARTS.get(part), now()
    if query is None:
        raise NotFound("There is no such part of the page.")
    pantry = await database.read(lambda reader: query(reader, now_ms))
    return _rendered(f"fragments/{part}.html", pantry, settings, now_ms)


def _rendered(
    template: str, pantry: Pantry, settings: Settings, now_ms: int, known: Sequence[Place] = ()
) -> Response[Any]:
    return pages.page(
        template,
        pantry=pantry,
        photograph=pantry.photograph,
        threshold=settings.confidence_threshold,
        now_ms=now_ms,
        places=known,
    )


def whole(reader: Reader, now_ms: int) -> Pantry:
    """Three statements, however much there is."""
    seen = photographs(reader, now_ms)
    return msgspec.structs.replace(seen, stock=inventory.stock(reader), changes=ledger.newest_events(reader, _RECENT))


def photographs(reader: Reader, now_ms: int) -> Pantry:
    """Without the stock."""
    seen = glance.glance(reader)
    return Pantry(seen.newest, seen.photograph, [view(camera, now_ms) for camera in seen.cameras])


_PARTS: dict[str, Callable[[Reader, int], Pantry]] = {"stock": whole, "photographs": photographs}
"""Of the pantry page; GET /live names them when they change."""
