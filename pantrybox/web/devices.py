"""Cameras: who may upload, and what each is ordered to do."""

from typing import Annotated

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from pantrybox.clock import Clock, to_rfc3339
from pantrybox.devices import queries as devices
from pantrybox.devices.model import MAX_NAME, Device, Orders, Status, battery_pct
from pantrybox.devices.roster import Roster
from pantrybox.errors import NotFound
from pantrybox.storage.database import Database, Reader
from pantrybox.web.authority import needs

# One line of text with something in it: no control characters (NUL would end it for SQLite), not only blanks.
Name = Annotated[
    str,
    msgspec.Meta(max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"),
]


class NewDevice(msgspec.Struct, frozen=True):
    name: Name
    device_id: str | None = None
    """A UUID is made when none is given."""


class DeviceChange(msgspec.Struct, frozen=True):
    name: Name | None = None
    orders: Orders | None = None


class DeviceView(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: Status
    battery_v: float | None
    battery_pct: int | None
    rssi: int | None
    last_seen_at: str | None
    capture_count: int
    created_at: str
    orders: Orders | None
    orders_version: int


class Registered(DeviceView, frozen=True):
    device_id: str
    """The id once more, under the name that an upload gives it."""
    device_token: str
    """Shown here and never again."""


class DeviceList(msgspec.Struct, frozen=True):
    total: int
    skip: int
    limit: int
    items: list[DeviceView]


@get("/v1/devices", opt=needs("read"))
async def list_devices(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    skip: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> DeviceList:
    """Cameras, in the order in which they were registered."""

    def query(reader: Reader) -> DeviceList:
        rows = devices.page(reader, skip, limit)
        return DeviceList(devices.total(reader), skip, limit, [view(device, now()) for device in rows])

    return await database.read(query)


@get("/v1/devices/{device_id:str}", opt=needs("read"))
async def device_detail(
    database: NamedDependency[Database], now: NamedDependency[Clock], device_id: FromPath[str]
) -> DeviceView:
    """One camera."""
    return await database.read(lambda reader: view(_known(reader, device_id), now()))


@post("/v1/devices", opt=needs("admin"))
async def register_device(
    data: JSONBody[NewDevice],
    roster: NamedDependency[Roster],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
) -> Registered:
    """Let a new camera upload. Its token is in this answer and nowhere else."""
    device_id, token = await roster.register(data.name, data.device_id)
    shown = await database.read(lambda reader: view(_known(reader, device_id), now()))
    return Registered(**msgspec.structs.asdict(shown), device_id=device_id, device_token=token)


@patch("/v1/devices/{device_id:str}", opt=needs("admin"))
async def change_device(
    device_id: FromPath[str],
    roster: NamedDependency[Roster],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    data: JSONBody[DeviceChange | None] = None,
) -> DeviceView:
    """Rename a camera or give it new orders; what is not named stays as it is."""
    change = data or DeviceChange()
    await roster.change(device_id, name=change.name, orders=change.orders)
    return await database.read(lambda reader: view(_known(reader, device_id), now()))


def view(device: Device, now_ms: int) -> DeviceView:
    return DeviceView(
        id=device.id,
        name=device.name,
        status=device.status(now_ms),
        battery_v=device.battery_v,
        battery_pct=battery_pct(device.battery_v),
        rssi=device.rssi,
        last_seen_at=None if device.last_seen_at_ms is None else to_rfc3339(device.last_seen_at_ms),
        capture_count=device.capture_count,
        created_at=to_rfc3339(device.created_at_ms),
        orders=device.orders,
        orders_version=device.orders_version,
    )


def _known(reader: Reader, device_id: str) -> Device:
    device = devices.by_id(reader, device_id)
    if device is None:
        raise NotFound("There is no such camera.")
    return device
