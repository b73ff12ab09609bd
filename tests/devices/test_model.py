"""What a camera's last words mean: its status by the hour, and the orders that it can follow."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.devices.model import Device, counted
from pantrybox.devices.orders import Orders, OrdersChange, changed

HOUR = 3_600_000
NOW = 10**12


def seen(ago_ms: int | None) -> Device:
    last = None if ago_ms is None else NOW - ago_ms
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
    assert seen(ago_ms).status(NOW) == status


@given(st.lists(st.integers(-HOUR, 10 * 24 * HOUR), min_size=2, max_size=2))
def test_a_longer_silence_never_looks_livelier(silences: list[int]) -> None:
    ladder = ["active", "idle", "inactive", "offline"]
    shorter, longer = (ladder.index(seen(silence).status(NOW)) for silence in sorted(silences))
    assert shorter <= longer


@pytest.mark.parametrize(
    "change",
    [{"sleep_s": 0}, {"sleep_s": 86_401}, {"jpeg_quality": 3}, {"jpeg_quality": 64}, {"quiet_hours": "25:00-01:00"}],
)
def test_orders_that_no_camera_can_follow_are_refused(change: dict[str, object]) -> None:
    for kind in (Orders, OrdersChange):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(change, kind)
        assert msgspec.convert({"quiet_hours": "22:00-06:30"}, kind) == kind(quiet_hours="22:00-06:30")


ORDERS = st.builds(
    Orders,
    sleep_s=st.integers(1, 86_400),
    frame_size=st.sampled_from(["VGA", "UXGA"]),
    jpeg_quality=st.integers(4, 63),
    flash=st.booleans(),
    quiet_hours=st.none() | st.just("22:00-06:30"),
)


@given(ORDERS, ORDERS, st.sets(st.sampled_from(Orders.__struct_fields__)))
def test_what_new_orders_do_not_name_stays_in_force(before: Orders, wanted: Orders, named: set[str]) -> None:
    after = changed(before, OrdersChange(**{name: getattr(wanted, name) for name in named}))
    for name in Orders.__struct_fields__:
        assert getattr(after, name) == getattr(wanted if name in named else before, name)


def test_a_camera_without_orders_gets_none_until_one_is_named() -> None:
    assert changed(None, OrdersChange()) is None
    assert changed(None, OrdersChange(sleep_s=300)) == Orders()


@pytest.mark.parametrize(
    ("said", "number"),
    [("0", 0), ("0012", 12), ("999999999999", 999_999_999_999)]
    + [(text, None) for text in (None, "", "-1", "1.5", "1e3", "٣", "1 ", "1\n", "9" * 13, "NaN")],
)
def test_a_counter_is_a_plain_number_or_nothing(said: str | None, number: int | None) -> None:
    assert counted(said) == number


def test_a_camera_acknowledges_the_orders_in_force_and_no_others() -> None:
    device = msgspec.structs.replace(seen(0), orders=Orders(), orders_version=3)
    assert device.orders_acknowledged is None
    for there, acknowledged in [("3", True), ("2", False), ("", False), ("03", False)]:
        said = msgspec.structs.replace(device, telemetry={"orders-version": there})
        assert said.orders_acknowledged is acknowledged
    assert msgspec.structs.replace(said, orders=None).orders_acknowledged is None
