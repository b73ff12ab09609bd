"""Cameras: who may upload, what each is ordered to do, and how each is set up."""

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from pantrybox.captures import by_device
from pantrybox.clock import Clock, rfc3339_or_none, to_rfc3339
from pantrybox.devices import queries as devices
from pantrybox.devices import registry
from pantrybox.devices.battery import BatteryKind
from pantrybox.devices.model import Device, Status
from pantrybox.devices.orders import Orders, OrdersChange
from pantrybox.devices.registry import Change, known
from pantrybox.devices.roster import Roster
from pantrybox.devices.seeing import Polygon
from pantrybox.devices.settings import SettingsChange, Thresholds, Zone
from pantrybox.inventory import places, zones
from pantrybox.names import Name
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.authority import needs
from pantrybox.web.live import Pulse


class NewDevice(msgspec.Struct, frozen=True):
    name: Name
    device_id: str | None = None
    """A UUID is made when none is given."""


class DeviceSetUp(SettingsChange, frozen=True):
    """What is not named stays. null takes back masks, zones, thresholds and the kind of battery."""

    orders: OrdersChange | UnsetType | None = UNSET
    place: Name | UnsetType | None = UNSET
    """What the camera looks at is called so."""


class DeviceChange(DeviceSetUp, frozen=True):
    """Settings stand in `settings`, or beside the name; those in `settings` go first."""

    name: Name | None = None
    settings: DeviceSetUp | None = None


class SettingsView(msgspec.Struct, frozen=True):
    battery_kind: BatteryKind | None
    battery_kind_guessed: bool
    """Nobody said the kind: it follows from the voltage."""
    place: str | None
    """What the camera looks at; null until its first photograph, unless somebody named it."""
    orders: Orders | None
    masks: list[Polygon]
    """Parts of the view in which nothing is seen."""
    zones: list[Zone]
    thresholds: Thresholds


class DeviceView(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: Status
    battery_v: float | None
    battery_pct: int | None
    battery_kind: BatteryKind | None
    battery_kind_guessed: bool
    rssi: int | None
    last_seen_at: str | None
    capture_count: int
    created_at: str
    orders: Orders | None
    orders_version: int


class DeviceDetail(DeviceView, frozen=True):
    total_captures: int
    failed_captures: int
    orders_acknowledged: bool | None
    """Whether the camera follows the orders in force; null without orders, and when it does not say."""
    settings: SettingsView


class Registered(DeviceView, frozen=True):
    device_id: str
    """The id once more, under the name that an upload gives it."""
    device_token: str
    """Shown here and never again."""


class TokenMade(msgspec.Struct, frozen=True):
    device_id: str
    device_token: str
    """Shown here and never again."""


class Removed(msgspec.Struct, frozen=True):
    success: bool
    message: str


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
) -> DeviceDetail:
    """One camera, and how it is set up."""
    return await database.read(lambda reader: _detail(reader, device_id, now()))


@post("/v1/devices", opt=needs("admin"))
async def register_device(
    data: JSONBody[NewDevice],
    roster: NamedDependency[Roster],
    actor: NamedDependency[Actor],
    pulse: NamedDependency[Pulse],
) -> Registered:
    """Let a new camera upload. Its token is in this answer and nowhere else."""

    def register(writer: Writer) -> Registered:
        device_id, token = registry.register(writer, data.name, data.device_id)
        audit.record(writer, actor.name, "device.registered", device_id, name=data.name)
        shown = view(known(writer, device_id), writer.now_ms)
        return Registered(**msgspec.structs.asdict(shown), device_id=device_id, device_token=token)

    registered = await roster.write(register)
    pulse.ring()
    return registered


@patch("/v1/devices/{device_id:str}", opt=needs("admin"))
async def change_device(
    device_id: FromPath[str],
    roster: NamedDependency[Roster],
    actor: NamedDependency[Actor],
    pulse: NamedDependency[Pulse],
    data: JSONBody[DeviceChange | None] = None,
) -> DeviceDetail:
    """Rename a camera, give it new orders or set it up; what is not named stays as it is."""
    wanted = data or DeviceChange()

    def change(writer: Writer) -> DeviceDetail:
        changed = _changed(writer, device_id, wanted.name, _set_up(wanted), actor.name)
        if changed:
            audit.record(writer, actor.name, "device.changed", device_id, changed=changed)
        return _detail(writer, device_id, writer.now_ms)

    detail = await roster.write(change)
    pulse.ring()
    return detail


@delete("/v1/devices/{device_id:str}", opt=needs("admin"), status_code=200)
async def remove_device(
    device_id: FromPath[str],
    roster: NamedDependency[Roster],
    actor: NamedDependency[Actor],
    pulse: NamedDependency[Pulse],
) -> Removed:
    """Take a camera out. Its token is dead and its id is never given again; its photographs and events stay."""

    def remove(writer: Writer) -> Device:
        device = registry.remove(writer, device_id)
        audit.record(writer, actor.name, "device.removed", device_id, name=device.name)
        return device

    device = await roster.write(remove)
    pulse.ring()
    return Removed(True, f"{device.name} may not upload any more. Its photographs and their events are kept.")


@post("/v1/devices/{device_id:str}/token", opt=needs("admin"))
async def renew_token(
    device_id: FromPath[str], roster: NamedDependency[Roster], actor: NamedDependency[Actor]
) -> TokenMade:
    """Make a new token, in this answer and nowhere else; the old one is dead."""

    def renew(writer: Writer) -> str:
        token = registry.renew_token(writer, device_id)
        audit.record(writer, actor.name, "device.token_renewed", device_id)
        return token

    return TokenMade(device_id, await roster.write(renew))


def _set_up(wanted: DeviceChange) -> DeviceSetUp:
    """The settings of a change, whichever of the two ways they were given in."""
    names = DeviceSetUp.__struct_fields__
    beside = {name: getattr(wanted, name) for name in names}
    inside = {name: getattr(wanted.settings, name, UNSET) for name in names}
    return DeviceSetUp(**beside | {name: value for name, value in inside.items() if value is not UNSET})


def _changed(writer: Writer, device_id: str, name: str | None, wanted: DeviceSetUp, by: str) -> list[str]:
    """The names of what is other than before."""
    changed = registry.change(
        writer, device_id, Change(name=name, orders=wanted.orders or OrdersChange(), settings=wanted)
    )
    if wanted.place and wanted.place != _place(writer, device_id):
        places.rename_of_device(writer, device_id, wanted.place)
        changed.append("place")
    if "zones" in changed:
        zones.follow(writer, device_id, known(writer, device_id).settings.zones, by)
    return changed


def view(device: Device, now_ms: int) -> DeviceView:
    return DeviceView(
        id=device.id,
        name=device.name,
        status=device.status(now_ms),
        battery_v=device.battery_v,
        battery_pct=device.battery_pct,
        battery_kind=device.battery_kind,
        battery_kind_guessed=device.battery_kind_guessed,
        rssi=device.rssi,
        last_seen_at=rfc3339_or_none(device.last_seen_at_ms),
        capture_count=device.capture_count,
        created_at=to_rfc3339(device.created_at_ms),
        orders=device.orders,
        orders_version=device.orders_version,
    )


def _detail(reader: Reader, device_id: str, now_ms: int) -> DeviceDetail:
    device = known(reader, device_id)
    return DeviceDetail(
        **msgspec.structs.asdict(view(device, now_ms)),
        total_captures=device.capture_count,
        failed_captures=by_device.failed_total(reader, device_id),
        orders_acknowledged=device.orders_acknowledged,
        settings=SettingsView(
            battery_kind=device.battery_kind,
            battery_kind_guessed=device.battery_kind_guessed,
            place=_place(reader, device_id),
            orders=device.orders,
            masks=list(device.settings.masks),
            zones=list(device.settings.zones),
            thresholds=device.settings.thresholds,
        ),
    )


def _place(reader: Reader, device_id: str) -> str | None:
    place = places.of_device(reader, device_id)
    return place.name if place else None
