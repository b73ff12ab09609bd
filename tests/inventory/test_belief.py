"""Laws of the count: a probability stays one, more evidence moves it the right way, one miss is no removal."""

from math import exp

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.belief import (
    CONFIRMED,
    UNSEEN,
    Belief,
    after_photograph,
    certain,
    log_likelihood,
    stated,
    together,
)

photographs = st.lists(st.integers(0, 12), min_size=1, max_size=12)


beliefs = st.lists(st.integers(0, 12), max_size=6).map(lambda seen: believed(*seen))


def believed(*seen: int) -> Belief:
    belief = UNSEEN
    for count in seen:
        belief = after_photograph(belief, count)
    return belief


@given(photographs)
def test_a_belief_is_a_probability(seen: list[int]) -> None:
    belief = believed(*seen)
    assert abs(sum(belief.p) - 1) < 1e-4
    assert all(0 <= probability <= 1 for probability in belief.p)


@given(st.integers(0, 8))
def test_what_a_likelihood_sums_to_over_all_that_may_be_seen_is_one(count: int) -> None:
    assert abs(sum(exp(log_likelihood(seen, count)) for seen in range(count + 15)) - 1) < 1e-9


@given(st.integers(1, 10))
def test_the_same_count_seen_twice_is_believed_and_sure(count: int) -> None:
    belief = believed(count, count)
    assert belief.shown_count == count
    assert belief.confidence >= CONFIRMED


@given(st.integers(1, 6))
def test_a_thing_missed_once_is_still_believed_to_be_there(count: int) -> None:
    assert believed(count, count, count, count - 1).shown_count == count


@given(st.integers(1, 6))
def test_a_thing_missed_three_times_is_believed_to_be_gone(count: int) -> None:
    belief = believed(count, count, count, count - 1, count - 1, count - 1)
    assert belief.shown_count == count - 1


@given(st.integers(1, 6))
def test_a_thing_more_is_shown_at_once(count: int) -> None:
    assert believed(count, count, count + 1).shown_count == count + 1


@given(photographs)
def test_a_belief_that_nothing_moves_comes_to_rest(seen: list[int]) -> None:
    belief = believed(*seen, *[2] * 60)
    assert after_photograph(belief, 2) == belief


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_count_however_large_takes_a_photograph_that_shows_few(count: int, seen: int) -> None:
    assert abs(sum(after_photograph(certain(count), seen % 20).p) - 1) < 1e-3


@given(st.integers(0, 9999), st.integers(0, 1_000_000).map(lambda millionths: millionths / 1e6))
def test_what_was_told_is_shown_as_it_was_told(count: int, confidence: float) -> None:
    belief = stated(count, confidence)
    assert belief.shown_count == count
    assert belief.confidence == max(0.05, confidence)
    assert abs(sum(belief.p) - 1) < 1e-3


@given(st.integers(0, 50))
def test_a_persons_word_stands_against_one_photograph_that_misses_something(count: int) -> None:
    assert after_photograph(certain(count), max(0, count - 1)).shown_count == count


@given(beliefs, beliefs)
def test_two_heaps_are_as_many_together_whichever_comes_first(one: Belief, other: Belief) -> None:
    assert together(one, other) == together(other, one)
    assert together(one, UNSEEN) == one


@given(st.integers(0, 500), st.integers(0, 500))
def test_two_certain_heaps_are_certain_together(one: int, other: int) -> None:
    assert together(certain(one), certain(other)) == certain(one + other)
