"""A device: a camera that may upload, and what it last said of itself."""

import re
from typing import Literal

import msgspec

from pantrybox.clock import DAY_MS, HOUR_MS
from pantrybox.devices.battery import BatteryKind, battery_pct, guessed_kind
from pantrybox.devices.orders import Orders
from pantrybox.devices.settings import DeviceSettings

DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Status = Literal["active", "idle", "inactive", "offline"]


_COUNTER = re.compile(r"[0-9]{1,12}", re.ASCII)


class Device(msgspec.Struct, frozen=True):
    id: str
    name: str
    created_at_ms: int
    last_seen_at_ms: int | None
    battery_v: float | None
    rssi: int | None
    capture_count: int
    orders: Orders | None
    orders_version: int
    settings: DeviceSettings = DeviceSettings()
    telemetry: dict[str, str] = {}
    """What it said of itself with its newest photograph, such as `firmware-version`."""

    def status(self, now_ms: int) -> Status:
        """active under 1 h, idle to 12 h, inactive under 7 days or never seen, offline after that."""
        if self.last_seen_at_ms is None:
            return "inactive"
        silent_ms = now_ms - self.last_seen_at_ms
        if silent_ms < HOUR_MS:
            return "active"
        if silent_ms <= 12 * HOUR_MS:
            return "idle"
        return "inactive" if silent_ms < 7 * DAY_MS else "offline"

    @property
    def battery_kind(self) -> BatteryKind | None:
        """As somebody set it, else guessed; None while there is nothing to guess from."""
        return self.settings.battery_kind or guessed_kind(self.battery_v)

    @property
    def battery_kind_guessed(self) -> bool:
        return self.settings.battery_kind is None and self.battery_kind is not None

    @property
    def battery_pct(self) -> int | None:
        return battery_pct(self.battery_v, self.battery_kind)

    @property
    def orders_acknowledged(self) -> bool | None:
        """Whether the camera follows the orders in force; None without orders, and when it does not say."""
        there = self.telemetry.get("orders-version")
        return None if self.orders is None or there is None else there == str(self.orders_version)

    def counter(self, name: str) -> int | None:
        """A whole number of its telemetry; None when it said none, or nonsense."""
        return counted(self.telemetry.get(name))


def counted(text: str | None) -> int | None:
    return int(text) if text is not None and _COUNTER.fullmatch(text) else None
