"""A battery's charge by its voltage, and how long it will last: laws, borders and batteries of known lives."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.devices.battery import MIN_READINGS, MIN_SPAN_MS, BatteryKind, Reading, battery_pct, guessed_kind, trend

HOUR = 3_600_000
DAY = 24 * HOUR
RANGES: dict[BatteryKind, tuple[str, str]] = {
    "lipo_1s": ("3.0", "4.2"),
    "18650": ("3.0", "4.2"),
    "lipo_2s": ("6.0", "8.4"),
}
VOLTS = st.floats(0.5, 30)
CELLS = st.sampled_from(sorted(RANGES))


@pytest.mark.parametrize(
    ("volts", "kind", "percent"),
    [
        (None, None, None),
        (2.5, "lipo_1s", 0),
        (3.0, "lipo_1s", 0),
        (3.6, "lipo_1s", 50),
        (4.2, "lipo_1s", 100),
        (4.3, "lipo_1s", 100),
        (4.300001, "usb", None),
        (5.0, "usb", None),
        (5.5, "usb", None),
        (5.500001, "lipo_2s", 0),
        (6.0, "lipo_2s", 0),
        (7.2, "lipo_2s", 50),
        (8.4, "lipo_2s", 100),
        (12.0, "lipo_2s", 100),
    ],
)
def test_a_kind_is_guessed_by_the_voltage(volts: float | None, kind: BatteryKind | None, percent: int | None) -> None:
    assert guessed_kind(volts) == kind
    assert battery_pct(volts, kind) == percent


@given(VOLTS, st.sampled_from(["usb", "none"]))
def test_mains_power_has_no_charge(volts: float, kind: BatteryKind) -> None:
    assert battery_pct(volts, kind) is None


@pytest.mark.parametrize(
    ("volts", "percent"),
    [(3.006, 1), (3.005, 0), (3.00599, 0), (3.018, 2), (3.594, 50), (3.593, 49), (4.194, 100), (4.193, 99)],
)
def test_half_a_percent_is_rounded_up(volts: float, percent: int) -> None:
    assert battery_pct(volts, "18650") == percent


@given(VOLTS, CELLS)
def test_charge_is_the_share_of_the_range_in_whole_percent(volts: float, kind: BatteryKind) -> None:
    empty, full = (Fraction(end) for end in RANGES[kind])
    share = 100 * (Fraction(repr(volts)) - empty) / (full - empty)
    assert battery_pct(volts, kind) == min(100, max(0, (share + Fraction(1, 2)).__floor__()))


@given(VOLTS, VOLTS, CELLS)
def test_more_volts_are_never_less_charge(one: float, other: float, kind: BatteryKind) -> None:
    low, high = (battery_pct(volts, kind) for volts in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert 0 <= low <= high <= 100


def emptying(
    pct_per_day: float, *, start: float = 90, days: float = 5, noise: float = 0, seed: int = 1
) -> list[Reading]:
    """One reading an hour of a single cell; `noise` in volts."""
    rng = random.Random(seed)  # noqa: S311 - the same dips each time
    hours = range(round(24 * days) + 1)
    return [
        Reading(hour * HOUR, 3.0 + 0.012 * (start - pct_per_day * hour / 24) + rng.gauss(0, noise)) for hour in hours
    ]


@settings(max_examples=20)
@given(st.floats(0.5, 15), st.floats(80, 100))
def test_a_battery_that_empties_evenly_lasts_as_long_as_it_says(pct_per_day: float, start: float) -> None:
    found = trend(emptying(pct_per_day, start=start), "lipo_1s")
    assert found.pct_per_day == pytest.approx(-pct_per_day, abs=0.011)
    assert found.days_left == pytest.approx((start - 5 * pct_per_day) / pct_per_day, rel=0.05, abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_a_few_wild_readings_change_nothing(seed: int) -> None:
    readings = emptying(6, noise=0.004, seed=seed)
    rng = random.Random(seed)  # noqa: S311 - the same dips each time
    # Dips: the radio pulls the voltage down. Never the newest three, which say what is left.
    for index in rng.sample(range(len(readings) - 3), len(readings) // 10):
        readings[index] = Reading(readings[index].at_ms, readings[index].volts - 0.1)
    assert trend(readings, "lipo_1s").pct_per_day == pytest.approx(-6, abs=0.8)
    assert trend(readings, "lipo_1s").days_left == pytest.approx(10, abs=1.5)


def test_only_what_came_after_the_last_charge_counts() -> None:
    before, after = emptying(15, days=3, start=80), emptying(5, days=3, start=100)
    readings = before + [Reading(reading.at_ms + 3 * DAY + HOUR, reading.volts) for reading in after]
    assert trend(readings, "18650").pct_per_day == pytest.approx(-5, abs=0.2)
    assert trend(readings, "18650").days_left == pytest.approx(85 / 5, abs=0.5)


def test_charging_by_and_by_is_a_charge_too() -> None:
    rising = [Reading(hour * HOUR, 3.2 + 0.01 * hour) for hour in range(90)]
    falling = [Reading(90 * HOUR + reading.at_ms, reading.volts) for reading in emptying(10, start=90, days=2)]
    assert trend(rising + falling, "lipo_1s").pct_per_day == pytest.approx(-10, abs=0.3)


def test_a_battery_that_fills_has_a_trend_and_no_end() -> None:
    rising = [Reading(hour * HOUR, 3.7 + 0.0005 * hour) for hour in range(100)]
    found = trend(rising, "lipo_1s")
    assert found.days_left is None
    assert found.pct_per_day == pytest.approx(1.0, abs=0.01)


def test_a_battery_that_stands_still_has_no_end() -> None:
    found = trend([Reading(hour * HOUR, 3.7) for hour in range(50)], "lipo_1s")
    assert (found.pct_per_day, found.days_left) == (0, None)


@pytest.mark.parametrize("kind", ["usb", "none", None])
def test_mains_power_has_no_trend(kind: BatteryKind | None) -> None:
    assert trend(emptying(5), kind) == trend([], "lipo_1s")
    assert trend([], "lipo_1s").pct_per_day is None


def test_too_little_is_known_of_less_than_a_day_and_of_three_readings() -> None:
    enough = [Reading(step * MIN_SPAN_MS // (MIN_READINGS - 1), 4.0 - step / 100) for step in range(MIN_READINGS)]
    assert trend(enough, "lipo_1s").days_left is not None
    assert trend(enough[1:], "lipo_1s").pct_per_day is None
    hasty = [*enough[:-1], Reading(MIN_SPAN_MS - 1, enough[-1].volts)]
    assert trend(hasty, "lipo_1s").pct_per_day is None


@given(st.lists(st.tuples(st.integers(0, 7 * DAY), VOLTS), max_size=40, unique_by=lambda pair: pair[0]), CELLS)
def test_whatever_a_camera_says_days_left_are_of_a_battery_that_empties(
    said: list[tuple[int, float]], kind: BatteryKind
) -> None:
    found = trend([Reading(at_ms, volts) for at_ms, volts in sorted(said)], kind)
    if found.days_left is not None:
        assert found.pct_per_day is not None
        assert found.pct_per_day < 0
        assert 0 <= found.days_left <= 10_000


@settings(max_examples=20)
@given(st.integers(-(10**12), 10**12))
def test_a_trend_does_not_depend_on_the_date(shift_ms: int) -> None:
    readings = emptying(4, noise=0.002)
    later = [Reading(reading.at_ms + shift_ms, reading.volts) for reading in readings]
    assert trend(later, "lipo_1s") == trend(readings, "lipo_1s")
