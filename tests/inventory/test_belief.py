"""Laws of the count: a probability stays one, and putting beliefs together is what counting every case would give."""

from collections import defaultdict
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.belief import (
    UNSEEN,
    Belief,
    certain,
    larger,
    of_chances,
    stated,
    thinned,
    together,
)

# As they are kept: a track's probabilities are rounded.
chances = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
units = st.lists(chances, max_size=7)
confidences = st.integers(0, 1_000_000).map(lambda millionths: millionths / 1e6)
beliefs = st.one_of(
    units.map(of_chances),
    st.builds(stated, st.integers(0, 12), confidences),
    st.builds(certain, st.integers(0, 12)),
)
NEARLY = 1e-4
"""Rare counts are cut off, and probabilities are rounded."""


def mean(belief: Belief) -> float:
    return sum(count * chance for count, chance in enumerate(belief.p, start=belief.low))


def is_probability(belief: Belief) -> bool:
    return abs(sum(belief.p) - 1) < NEARLY and all(0 <= chance <= 1 for chance in belief.p) and belief.low >= 0


def is_distributed(belief: Belief, cases: dict[int, float]) -> bool:
    """Whether it says of every count what was found by going through all cases."""
    kept = dict(enumerate(belief.p, start=belief.low))
    return all(abs(kept.get(count, 0.0) - cases.get(count, 0.0)) < NEARLY for count in kept.keys() | cases.keys())


@given(beliefs, beliefs, chances)
def test_whatever_is_made_of_beliefs_is_a_probability(one: Belief, other: Belief, stays: float) -> None:
    assert all(is_probability(made) for made in (one, together(one, other), larger(one, other), thinned(one, stays)))


@given(units)
def test_a_count_of_units_that_may_be_there_is_what_going_through_all_cases_gives(there: list[float]) -> None:
    cases: dict[int, float] = defaultdict(float)
    for case in product((False, True), repeat=len(there)):
        weights = (chance if is_there else 1 - chance for chance, is_there in zip(there, case, strict=True))
        cases[sum(case)] += prod(weights)
    assert is_distributed(of_chances(there), cases)


@given(units, st.randoms())
def test_it_does_not_matter_which_unit_is_counted_first(there: list[float], chance: st.DataObject) -> None:
    shuffled = list(there)
    chance.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    counted = of_chances(shuffled)
    assert is_distributed(of_chances(there), dict(enumerate(counted.p, start=counted.low)))


@given(st.integers(0, 9), st.integers(0, 9))
def test_units_that_are_surely_there_or_surely_not_are_certain(there: int, gone: int) -> None:
    assert of_chances([1.0] * there + [0.0] * gone) == certain(there)


@given(beliefs, beliefs)
def test_two_heaps_are_as_many_together_whichever_comes_first(one: Belief, other: Belief) -> None:
    assert together(one, other) == together(other, one)
    assert together(one, UNSEEN) == together(UNSEEN, one) == one
    assert abs(mean(together(one, other)) - mean(one) - mean(other)) < 100 * NEARLY


@given(units, units)
def test_two_heaps_together_are_the_heap_of_all_their_units(one: list[float], other: list[float]) -> None:
    both = of_chances([*one, *other])
    assert is_distributed(together(of_chances(one), of_chances(other)), dict(enumerate(both.p, start=both.low)))


@given(st.integers(0, 500), st.integers(0, 500))
def test_two_certain_heaps_are_certain_together(one: int, other: int) -> None:
    assert together(certain(one), certain(other)) == certain(one + other)


@given(beliefs, beliefs)
def test_the_larger_of_two_counts_is_what_going_through_all_pairs_gives(one: Belief, other: Belief) -> None:
    cases: dict[int, float] = defaultdict(float)
    for (count, p), (beside, q) in product(enumerate(one.p, start=one.low), enumerate(other.p, start=other.low)):
        cases[max(count, beside)] += p * q
    assert is_distributed(larger(one, other), cases)
    assert larger(one, other) == larger(other, one)


@given(beliefs, chances)
def test_the_mean_of_what_is_left_falls_by_the_chance_to_stay(belief: Belief, stays: float) -> None:
    assert abs(mean(thinned(belief, stays)) - stays * mean(belief)) < 100 * NEARLY


@given(beliefs)
def test_what_surely_stays_is_as_it_was_and_what_surely_goes_is_nothing(belief: Belief) -> None:
    assert is_distributed(thinned(belief, 1.0), dict(enumerate(belief.p, start=belief.low)))
    assert thinned(belief, 0.0) == certain(0)


@given(st.integers(0, 9))
def test_what_was_certain_and_surely_stays_is_certain(count: int) -> None:
    assert thinned(certain(count), 1.0) == certain(count)


@given(st.integers(0, 9999), confidences)
def test_what_was_told_is_shown_as_it_was_told(count: int, confidence: float) -> None:
    belief = stated(count, confidence)
    assert belief.shown_count == count
    assert belief.confidence == max(0.05, confidence)
    assert abs(sum(belief.p) - 1) < 1e-3


@given(st.integers(0, 9999))
def test_what_somebody_knows_is_certain(count: int) -> None:
    assert stated(count, 1.0) == certain(count)
    assert (certain(count).shown_count, certain(count).confidence, certain(count).high) == (count, 1.0, count)


@pytest.mark.parametrize("nothing", [UNSEEN, of_chances([])])
def test_nothing_is_none(nothing: Belief) -> None:
    assert nothing.shown_count == nothing.high == 0
