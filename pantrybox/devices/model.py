"""A device: a camera that may upload, and what the box orders it to do."""

import re
from typing import Literal

import msgspec

from pantrybox.errors import OutOfRange

DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAX_NAME = 200

Status = Literal["active", "idle", "inactive", "offline"]
FrameSize = Literal["QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA"]

_HOUR_MS = 3600 * 1000


class Orders(msgspec.Struct, frozen=True):
    """What the box tells a camera to do next. The camera clamps what its hardware cannot do."""

    sleep_s: int = 300
    frame_size: FrameSize = "UXGA"
    jpeg_quality: int = 12
    """As the sensors count: 4 is the best picture, 63 the smallest file."""
    flash: bool = False
    quiet_hours: str | None = None
    """`22:00-06:30`, by the box's local time: no photographs then but at the door."""


ORDER_BOUNDS = {"sleep_s": (1, 86_400), "jpeg_quality": (4, 63)}
_QUIET_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


def checked(orders: Orders) -> Orders:
    """The same orders; OutOfRange when a camera could not follow them."""
    for name, (low, high) in ORDER_BOUNDS.items():
        if not low <= getattr(orders, name) <= high:
            raise OutOfRange(f"{name} must be from {low} to {high}.")
    if orders.quiet_hours is not None and not _QUIET_HOURS.fullmatch(orders.quiet_hours):
        raise OutOfRange("quiet_hours must look like 22:00-06:30.")
    return orders


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

    def status(self, now_ms: int) -> Status:
        """active under 1 h, idle to 12 h, inactive under 7 days or never seen, offline after that."""
        if self.last_seen_at_ms is None:
            return "inactive"
        silent_ms = now_ms - self.last_seen_at_ms
        if silent_ms < _HOUR_MS:
            return "active"
        if silent_ms <= 12 * _HOUR_MS:
            return "idle"
        return "inactive" if silent_ms < 7 * 24 * _HOUR_MS else "offline"


def battery_pct(volts: float | None) -> int | None:
    """Charge of a lithium battery by its voltage, in whole percent; None for mains power.

    The kind is guessed: up to 4.3 V one cell (3.0 V empty, 4.2 V full), over 5.5 V two in
    series (6.0 V empty, 8.4 V full); between them it is a USB supply.
    """
    if volts is None or 4.3 < volts <= 5.5:  # noqa: PLR2004 - see above
        return None
    empty, full = (3.0, 4.2) if volts <= 4.3 else (6.0, 8.4)  # noqa: PLR2004
    return round(100 * min(1.0, max(0.0, (volts - empty) / (full - empty))))
