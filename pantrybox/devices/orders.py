"""Orders: what the box tells a camera to do next."""

import re
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from pantrybox.errors import OutOfRange

FrameSize = Literal["QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA"]

ORDER_BOUNDS = {"sleep_s": (1, 86_400), "jpeg_quality": (4, 63)}
_QUIET_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class Orders(msgspec.Struct, frozen=True):
    """What the box tells a camera to do next. The camera clamps what its hardware cannot do."""

    sleep_s: int = 300
    frame_size: FrameSize = "UXGA"
    jpeg_quality: int = 12
    """As the sensors count: 4 is the best picture, 63 the smallest file."""
    flash: bool = False
    quiet_hours: str | None = None
    """`22:00-06:30`, by the box's local time: no photographs then but at the door."""


class OrdersChange(msgspec.Struct, frozen=True):
    """Some new orders; what is not named stays as it is in force, or as it usually is."""

    sleep_s: int | UnsetType = UNSET
    frame_size: FrameSize | UnsetType = UNSET
    jpeg_quality: int | UnsetType = UNSET
    flash: bool | UnsetType = UNSET
    quiet_hours: str | UnsetType | None = UNSET
    """`22:00-06:30`; null: none."""


def changed(orders: Orders | None, change: OrdersChange) -> Orders | None:
    """The orders that follow; None when there were none and the change names none. OutOfRange: see checked()."""
    named = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    return checked(msgspec.structs.replace(orders or Orders(), **named)) if named else orders


def checked(orders: Orders) -> Orders:
    """The same orders; OutOfRange when a camera could not follow them."""
    for name, (low, high) in ORDER_BOUNDS.items():
        if not low <= getattr(orders, name) <= high:
            raise OutOfRange(f"{name} must be from {low} to {high}.")
    if orders.quiet_hours is not None and not _QUIET_HOURS.fullmatch(orders.quiet_hours):
        raise OutOfRange("quiet_hours must look like 22:00-06:30.")
    return orders
