"""Days until empty: the laws, households that are known, and that four times in five the day lies in the interval."""

from math import comb, log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.inventory.forecast import UntilEmpty, Use, chance_within, until_empty

counts = st.integers(1, 9999)
uses = st.builds(Use, gone=st.integers(2, 2000), days=st.floats(0.01, 180))


def known(count: int, use: Use) -> UntilEmpty:
    forecast = until_empty(count, use)
    assert forecast is not None
    return forecast


@settings(deadline=None)
@given(counts, uses)
def test_the_median_lies_within_the_interval(count: int, use: Use) -> None:
    forecast = known(count, use)
    assert 0 < forecast.earliest < forecast.days < forecast.latest


@settings(deadline=None)
@given(st.integers(1, 9998), uses)
def test_with_more_in_stock_it_lasts_longer(count: int, use: Use) -> None:
    fewer, more = known(count, use), known(count + 1, use)
    assert (fewer.days, fewer.earliest, fewer.latest) < (more.days, more.earliest, more.latest)
    assert fewer.latest < more.latest


@settings(deadline=None)
@given(counts, uses)
def test_with_more_used_in_the_same_time_it_is_gone_sooner(count: int, use: Use) -> None:
    slower, faster = known(count, use), known(count, Use(use.gone + 1, use.days))
    assert faster.days < slower.days
    assert faster.earliest < slower.earliest
    assert faster.latest < slower.latest


@settings(deadline=None)
@given(counts, uses, st.floats(0.1, 10))
def test_time_has_no_unit_of_its_own(count: int, use: Use, factor: float) -> None:
    stretched = known(count, Use(use.gone, use.days * factor))
    assert stretched.days == pytest.approx(known(count, use).days * factor)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(-4, 4))
def test_the_chance_is_the_binomial_sum(count: int, gone: int, log_x: float) -> None:
    trials, chance = count + gone - 1, 1 / (1 + 2.718281828459045**-log_x)
    expected = sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(count, trials + 1))
    assert chance_within(log_x, count, gone) == pytest.approx(expected, abs=1e-12)


def test_one_unit_that_is_as_likely_gone_as_not() -> None:
    # With one unit left the sum has a closed form: P(t <= x T) = 1 - (1 + x)^-n.
    forecast = known(1, Use(3, 30))
    assert forecast.days == pytest.approx(30 * (2 ** (1 / 3) - 1))
    assert forecast.latest == pytest.approx(30 * (10 ** (1 / 3) - 1))
    assert chance_within(log(2 ** (1 / 3) - 1), 1, 3) == pytest.approx(0.5)


def test_much_use_gives_the_plain_rate() -> None:
    forecast = known(1000, Use(2000, 100))
    assert forecast.days == pytest.approx(50, rel=0.01)
    assert forecast.latest - forecast.earliest < 10


@pytest.mark.parametrize(("count", "use"), [(0, Use(5, 30)), (3, Use(1, 30)), (3, Use(0, 30)), (3, Use(5, 0))], ids=str)
def test_nothing_is_said_of_an_empty_shelf_or_from_too_little_use(count: int, use: Use) -> None:
    assert until_empty(count, use) is None


def test_four_times_in_five_the_day_lies_in_the_interval() -> None:
    """Households of a known rate are watched until so much is used; the rate itself is never told."""
    random = Random(2026)  # noqa: S311 - a household, not a secret
    inside = 0
    households = 1500
    for _ in range(households):
        rate = 10 ** random.uniform(-1, 1)
        gone, count = random.randint(2, 25), random.randint(1, 20)
        watched = sum(random.expovariate(rate) for _ in range(gone))
        lasts = sum(random.expovariate(rate) for _ in range(count))
        forecast = known(count, Use(gone, watched))
        inside += forecast.earliest <= lasts <= forecast.latest
    assert 0.75 < inside / households < 0.85


def test_households_watched_for_a_fixed_time_are_covered_too() -> None:
    random = Random(2027)  # noqa: S311 - a household, not a secret
    inside = households = 0
    while households < 1500:
        rate = random.uniform(0.05, 1.0)
        gone, at = 0, random.expovariate(rate)
        while at < 60:
            gone, at = gone + 1, at + random.expovariate(rate)
        count = random.randint(1, 12)
        forecast = until_empty(count, Use(gone, 60))
        if forecast is not None:
            households += 1
            lasts = sum(random.expovariate(rate) for _ in range(count))
            inside += forecast.earliest <= lasts <= forecast.latest
    assert 0.75 < inside / households < 0.85
