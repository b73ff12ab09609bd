"""Orders: what the box tells a camera to do next."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

FrameSize = Literal["QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA"]

SleepSeconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
JpegQuality = Annotated[int, msgspec.Meta(ge=4, le=63)]
"""As the sensors count: 4 is the best picture, 63 the smallest file."""
_HOUR = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
QuietHours = Annotated[str, msgspec.Meta(pattern=rf"^{_HOUR}-{_HOUR}$(?!\n)", examples=["22:00-06:30"])]
"""By the box's local time: no photographs then but at the door."""


class Orders(msgspec.Struct, frozen=True):
    """What the box tells a camera to do next. The camera clamps what its hardware cannot do."""

    sleep_s: SleepSeconds = 300
    frame_size: FrameSize = "UXGA"
    jpeg_quality: JpegQuality = 12
    flash: bool = False
    quiet_hours: QuietHours | None = None


class OrdersChange(msgspec.Struct, frozen=True):
    """Some new orders; what is not named stays as it is in force, or as it usually is."""

    sleep_s: SleepSeconds | UnsetType = UNSET
    frame_size: FrameSize | UnsetType = UNSET
    jpeg_quality: JpegQuality | UnsetType = UNSET
    flash: bool | UnsetType = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    """null: none."""


def changed(orders: Orders | None, change: OrdersChange) -> Orders | None:
    """The orders that follow; None when there were none and the change names none."""
    named = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    return msgspec.structs.replace(orders or Orders(), **named) if named else orders
