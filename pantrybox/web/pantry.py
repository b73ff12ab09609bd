"""The page on the phone: the pantry as it is now, and the photographs that prove it."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.clock import Clock
from pantrybox.devices import queries as devices
from pantrybox.errors import NotFound
from pantrybox.inventory import ledger, observations
from pantrybox.inventory import queries as inventory
from pantrybox.inventory.model import InventoryEvent, StockLine
from pantrybox.inventory.observations import Observation, SeenBox
from pantrybox.owners.door import Door
from pantrybox.settings import Settings
from pantrybox.storage.database import Database, Reader
from pantrybox.web import pages
from pantrybox.web.authority import ANYBODY, held_by, needs
from pantrybox.web.captures import known
from pantrybox.web.devices import DeviceView, view
from pantrybox.web.errors import AnyRequest
from pantrybox.web.live import Newest, newest

_PARTS = {"stock", "photographs"}
"""Of the pantry page; GET /live names them when they change."""
_RECENT = 12
_CAMERAS = 100


class Photograph(msgspec.Struct, frozen=True):
    """A capture with what was seen in it, as the page shows it."""

    capture: Capture
    observation: Observation | None
    boxes: list[SeenBox]
    """Those that are counted, best first."""
    device_name: str
    waiting: int
    """Photographs that came after it and have not been looked at yet."""


class Pantry(msgspec.Struct, frozen=True):
    newest: Newest
    stock: list[StockLine]
    changes: list[InventoryEvent]
    photograph: Photograph | None
    cameras: list[DeviceView]


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
    return await _rendered("pantry.html", database, settings, now())


@get("/fragments/{part:str}", opt=needs("read"), include_in_schema=False)
async def fragment(
    part: FromPath[str],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
) -> Response[Any]:
    """A part of the pantry page, to be put in place of what an open page shows."""
    if part not in _PARTS:
        raise NotFound("There is no such part of the page.")
    return await _rendered(f"fragments/{part}.html", database, settings, now())


@get("/photographs/{capture_id:str}", opt=needs("read"), include_in_schema=False)
async def photograph_page(
    capture_id: FromPath[str], database: NamedDependency[Database], settings: NamedDependency[Settings]
) -> Response[Any]:
    """One photograph, everything that was seen in it and what that changed."""

    def query(reader: Reader) -> tuple[Photograph, list[InventoryEvent]]:
        capture = known(reader, capture_id)
        return _photograph(reader, capture), ledger.events_of_capture(reader, capture_id)

    photograph, changes = await database.read(query)
    return pages.page(
        "photograph.html", photograph=photograph, changes=changes, threshold=settings.confidence_threshold
    )


async def _rendered(template: str, database: Database, settings: Settings, now_ms: int) -> Response[Any]:
    pantry = await database.read(lambda reader: _pantry(reader, now_ms))
    return pages.page(
        template,
        pantry=pantry,
        photograph=pantry.photograph,
        threshold=settings.confidence_threshold,
        now_ms=now_ms,
    )


def _pantry(reader: Reader, now_ms: int) -> Pantry:
    latest = captures.newest_looked_at(reader)
    return Pantry(
        newest=newest(reader),
        stock=inventory.stock(reader),
        changes=ledger.newest_events(reader, _RECENT),
        photograph=_photograph(reader, latest) if latest else None,
        cameras=[view(device, now_ms) for device in devices.page(reader, 0, _CAMERAS)],
    )


def _photograph(reader: Reader, capture: Capture) -> Photograph:
    observation = observations.newest_of(reader, capture.id)
    boxes = observations.detections_of(reader, observation.id) if observation else []
    return Photograph(
        capture=capture,
        observation=observation,
        boxes=[box for box in boxes if box.item_name is not None],
        device_name=devices.name_of(reader, capture.device_id),
        waiting=captures.waiting_count(reader),
    )
