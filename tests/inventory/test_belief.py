"""Laws of the count: a probability stays one, more evidence moves it the right way, one miss is no removal."""

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.belief import CONFIRMED, after_photograph, first_sight, likelihood

photographs = st.lists(st.integers(0, 12), min_size=1, max_size=12)


def believed(*seen: int) -> tuple[float, ...]:
    belief = first_sight()
    for count in seen:
        belief = after_photograph(belief, count)
    return belief


def shown(belief: tuple[float, ...]) -> int:
    return max(range(len(belief)), key=lambda count: belief[count])


@given(photographs)
def test_a_belief_is_a_probability(seen: list[int]) -> None:
    belief = believed(*seen)
    assert abs(sum(belief) - 1) < 1e-4
    assert all(0 <= probability <= 1 for probability in belief)


@given(st.integers(0, 8))
def test_what_a_likelihood_sums_to_over_all_that_may_be_seen_is_one(count: int) -> None:
    assert abs(sum(likelihood(seen, count) for seen in range(count + 15)) - 1) < 1e-9


@given(st.integers(1, 10))
def test_the_same_count_seen_twice_is_believed_and_sure(count: int) -> None:
    belief = believed(count, count)
    assert shown(belief) == count
    assert belief[count] >= CONFIRMED


@given(st.integers(1, 6))
def test_a_thing_missed_once_is_still_believed_to_be_there(count: int) -> None:
    assert shown(believed(count, count, count, count - 1)) == count


@given(st.integers(1, 6))
def test_a_thing_missed_three_times_is_believed_to_be_gone(count: int) -> None:
    belief = believed(count, count, count, count - 1, count - 1, count - 1)
    assert shown(belief) == count - 1


@given(st.integers(1, 6))
def test_a_thing_more_is_shown_at_once(count: int) -> None:
    assert shown(believed(count, count, count + 1)) == count + 1


@given(photographs)
def test_a_belief_that_nothing_moves_comes_to_rest(seen: list[int]) -> None:
    belief = believed(*seen, *[2] * 60)
    assert after_photograph(belief, 2) == belief
