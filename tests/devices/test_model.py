"""What a camera's last words mean: its status by the hour, its battery by the volt, orders that it can follow."""

import msgspec
import pytest

from pantrybox.devices.model import Device, Orders, battery_pct, checked
from pantrybox.errors import OutOfRange

HOUR = 3_600_000


def seen(ago_ms: int | None) -> Device:
    last = None if ago_ms is None else 10**12 - ago_ms
    return Device("a", "A", 0, last, None, None, 0, None, 0)


@pytest.mark.parametrize(
    ("ago_ms", "status"),
    [
        (None, "inactive"),
        (0, "active"),
        (HOUR - 1, "active"),
        (HOUR, "idle"),
        (12 * HOUR, "idle"),
        (12 * HOUR + 1, "inactive"),
        (7 * 24 * HOUR - 1, "inactive"),
        (7 * 24 * HOUR, "offline"),
    ],
)
def test_a_status_changes_exactly_at_its_border(ago_ms: int | None, status: str) -> None:
    assert seen(ago_ms).status(10**12) == status


@pytest.mark.parametrize(
    ("volts", "percent"),
    [
        (None, None),
        (2.5, 0),
        (3.0, 0),
        (3.6, 50),
        (4.2, 100),
        (4.3, 100),
        (5.0, None),
        (5.5, None),
        (6.0, 0),
        (7.2, 50),
        (8.4, 100),
        (12.0, 100),
    ],
)
def test_a_battery_is_read_by_its_kind(volts: float | None, percent: int | None) -> None:
    assert battery_pct(volts) == percent


@pytest.mark.parametrize(
    "change",
    [{"sleep_s": 0}, {"sleep_s": 86_401}, {"jpeg_quality": 3}, {"jpeg_quality": 64}, {"quiet_hours": "25:00-01:00"}],
)
def test_orders_that_no_camera_can_follow_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(OutOfRange):
        checked(msgspec.structs.replace(Orders(), **change))
    assert checked(Orders(quiet_hours="22:00-06:30")) == Orders(quiet_hours="22:00-06:30")
