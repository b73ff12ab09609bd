"""When a camera is well, to the millisecond and the percent, and that a reason stands for each fault."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.devices.health import faults, longest_silence_ms, success_rate
from pantrybox.devices.model import Device
from pantrybox.devices.orders import Orders
from pantrybox.devices.settings import DeviceSettings

HOUR = 3_600_000
NOW = 10**12
WELL = Device("a", "A", 0, NOW, 4.0, -50, 1, None, 0)


def silent(ms: int, sleep_s: int | None = None) -> Device:
    orders = None if sleep_s is None else Orders(sleep_s=sleep_s)
    return msgspec.structs.replace(WELL, last_seen_at_ms=NOW - ms, orders=orders)


def charged(volts: float | None) -> Device:
    return msgspec.structs.replace(WELL, battery_v=volts, settings=DeviceSettings(battery_kind="lipo_1s"))


def is_well(device: Device, rate: int | None = None) -> bool:
    return not faults(device, rate, NOW)


def test_a_camera_that_was_never_seen_is_not_well() -> None:
    assert faults(msgspec.structs.replace(WELL, last_seen_at_ms=None), None, NOW) == ["It has never sent a photograph."]


@pytest.mark.parametrize(
    ("sleep_s", "allowed_ms"),
    [(None, HOUR), (1, HOUR), (300, HOUR), (1440, HOUR), (1441, 3_602_500), (3600, 9_000_000), (86_400, 216_000_000)],
)
def test_silence_is_judged_by_what_the_camera_was_ordered_and_never_under_an_hour(
    sleep_s: int | None, allowed_ms: int
) -> None:
    assert is_well(silent(allowed_ms, sleep_s))
    assert not is_well(silent(allowed_ms + 1, sleep_s))


@pytest.mark.parametrize(
    ("sleep_s", "said"), [(None, "an hour"), (3600, "2.5 hours"), (28_800, "20 hours"), (86_400, "60 hours")]
)
def test_a_silent_camera_says_for_how_long_it_may_be(sleep_s: int | None, said: str) -> None:
    assert faults(silent(10**10, sleep_s), None, NOW) == [f"It has been silent for longer than {said}."]


@pytest.mark.parametrize(("volts", "well"), [(None, True), (3.18, True), (3.174, True), (3.173, False), (2.0, False)])
def test_a_battery_under_15_percent_is_a_fault(volts: float | None, well: bool) -> None:
    assert is_well(charged(volts)) is well


def test_mains_power_is_never_empty() -> None:
    for kind in ("usb", "none"):
        assert is_well(msgspec.structs.replace(WELL, battery_v=1.0, settings=DeviceSettings(battery_kind=kind)))


@pytest.mark.parametrize(("rate", "well"), [(None, True), (100, True), (90, True), (89, False), (0, False)])
def test_photographs_that_cannot_be_looked_at_are_a_fault_from_one_in_ten_on(rate: int | None, well: bool) -> None:
    assert is_well(WELL, rate) is well


def test_every_fault_has_a_sentence_of_its_own() -> None:
    wrong = msgspec.structs.replace(charged(3.0), last_seen_at_ms=0)
    sentences = faults(wrong, 50, NOW)
    assert len(sentences) == 3
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize(
    ("complete", "failed", "rate"),
    [(0, 0, None), (1, 0, 100), (0, 1, 0), (1, 1, 50), (1, 199, 1), (1, 200, 0), (199, 1, 100), (179, 21, 90)],
)
def test_a_success_rate_is_a_whole_percent_with_a_half_rounded_up(complete: int, failed: int, rate: int | None) -> None:
    assert success_rate(complete, failed) == rate


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_success_rate_is_never_half_a_percent_off(complete: int, failed: int) -> None:
    rate = success_rate(complete, failed)
    if rate is None:
        assert complete == failed == 0
    else:
        off = 100 * complete - rate * (complete + failed)
        assert -(complete + failed) <= 2 * off < complete + failed


@given(st.integers(0, 10**10), st.integers(1, 86_400), st.integers(1, 86_400))
def test_who_may_sleep_longer_may_be_silent_longer(silence_ms: int, one: int, other: int) -> None:
    short, long = (silent(silence_ms, sleep_s) for sleep_s in sorted((one, other)))
    assert longest_silence_ms(short) <= longest_silence_ms(long)
    assert is_well(long) or not is_well(short)
