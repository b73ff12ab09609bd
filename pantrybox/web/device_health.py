"""How a camera does: its health with the reasons, and the photographs that it sent."""

import statistics
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from pantrybox.captures import by_device
from pantrybox.captures.by_device import Sent
from pantrybox.captures.model import Status as CaptureStatus
from pantrybox.clock import DAY_MS, Clock, rfc3339_or_none, to_rfc3339
from pantrybox.devices.battery import BatteryKind, Reading, Trend, trend
from pantrybox.devices.health import faults, success_rate
from pantrybox.devices.model import Device, Status, counted
from pantrybox.devices.registry import known
from pantrybox.storage.database import Database, Reader
from pantrybox.web.authority import needs

_WEEK_MS = 7 * DAY_MS


class Health(msgspec.Struct, frozen=True):
    device_id: str
    is_healthy: bool
    reasons: list[str]
    """Why it is not; empty when it is."""
    status: Status
    battery_v: float | None
    battery_pct: int | None
    battery_kind: BatteryKind | None
    battery_kind_guessed: bool
    battery_trend_pct_per_day: float | None
    """Since it was last charged, of the last seven days; below zero while it empties."""
    battery_days_left: float | None
    rssi: int | None
    last_seen_at: str | None
    captures_7d: int
    success_rate_7d: int | None
    """Whole percent of the photographs that were looked at."""
    captures_24h: int
    success_rate_24h: int | None
    wake_ms: int | None
    """How long it is awake for a photograph: the median of the last 24 hours."""
    queue_depth: int | None
    """Photographs that it still kept, when it sent its newest one."""
    free_heap: int | None
    firmware_version: str | None
    board: str | None
    boot_reason: str | None


class SentView(msgspec.Struct, frozen=True):
    id: str
    trigger_type: str | None
    captured_at: str
    status: CaptureStatus
    battery_v: float | None
    rssi: int | None


class History(msgspec.Struct, frozen=True):
    device_id: str
    total: int
    days: int
    status_filter: CaptureStatus | None
    captures: list[SentView]
    next_cursor: str | None
    """Give it as `cursor` to get the next ones."""


@get("/v1/devices/{device_id:str}/health", opt=needs("read"))
async def device_health(
    database: NamedDependency[Database], now: NamedDependency[Clock], device_id: FromPath[str]
) -> Health:
    """Whether a camera does what it is there for, and if not, why. Windows are by receipt."""
    return await database.read(lambda reader: _health(reader, known(reader, device_id), now()))


@get("/v1/devices/{device_id:str}/captures", opt=needs("read"))
async def device_captures(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    device_id: FromPath[str],
    days: Annotated[int, QueryParameter(ge=1, le=90, description="By receipt.")] = 7,
    status: FromQuery[CaptureStatus | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")] = 100,
    cursor: Annotated[int | None, QueryParameter(ge=1, le=2**53, description="A `next_cursor`.")] = None,
) -> History:
    """The photographs that a camera sent, newest first."""

    def query(reader: Reader) -> History:
        known(reader, device_id)
        since_ms = now() - days * DAY_MS
        rows = by_device.newest_first(
            reader, device_id, since_ms=since_ms, status=status, before_seq=cursor, limit=limit
        )
        return History(
            device_id=device_id,
            total=by_device.total(reader, device_id, since_ms=since_ms, status=status),
            days=days,
            status_filter=status,
            captures=[_sent(row) for row in rows],
            next_cursor=str(rows[-1].seq) if len(rows) == limit else None,
        )

    return await database.read(query)


def _health(reader: Reader, device: Device, now_ms: int) -> Health:
    week = by_device.tally(reader, device.id, now_ms - _WEEK_MS)
    day = by_device.tally(reader, device.id, now_ms - DAY_MS)
    rate = success_rate(day.complete, day.failed)
    reasons = faults(device, rate, now_ms)
    battery = _trend(reader, device, now_ms)
    return Health(
        device_id=device.id,
        is_healthy=not reasons,
        reasons=reasons,
        status=device.status(now_ms),
        battery_v=device.battery_v,
        battery_pct=device.battery_pct,
        battery_kind=device.battery_kind,
        battery_kind_guessed=device.battery_kind_guessed,
        battery_trend_pct_per_day=battery.pct_per_day,
        battery_days_left=battery.days_left,
        rssi=device.rssi,
        last_seen_at=rfc3339_or_none(device.last_seen_at_ms),
        captures_7d=week.captures,
        success_rate_7d=success_rate(week.complete, week.failed),
        captures_24h=day.captures,
        success_rate_24h=rate,
        wake_ms=_usual_wake_ms(by_device.wake_times(reader, device.id, now_ms - DAY_MS)),
        queue_depth=device.counter("queue-depth"),
        free_heap=device.counter("free-heap"),
        firmware_version=device.telemetry.get("firmware-version"),
        board=device.telemetry.get("board"),
        boot_reason=device.telemetry.get("boot-reason"),
    )


def _trend(reader: Reader, device: Device, now_ms: int) -> Trend:
    rows = by_device.hourly_voltages(reader, device.id, now_ms - _WEEK_MS)
    return trend([Reading(row.at_ms, row.volts) for row in rows], device.battery_kind)


def _usual_wake_ms(said: list[str]) -> int | None:
    """The median; None when the camera said nothing that is a number."""
    times = [time for text in said if (time := counted(text)) is not None]
    return round(statistics.median(times)) if times else None


def _sent(row: Sent) -> SentView:
    return SentView(
        id=row.id,
        trigger_type=row.trigger_type,
        captured_at=to_rfc3339(row.captured_at_ms),
        status=row.status,
        battery_v=row.battery_v,
        rssi=row.rssi,
    )
