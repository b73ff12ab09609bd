"""What is taught is not tested on, fewer examples are the first of more, and a seed is a seed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.evaluation.draws import Offers, Pools, drawn, halves, untaught

NAMES = ["milk", "tea", "jam", "rice"]
offers_ = st.dictionaries(
    st.integers(0, 30).map(str), st.lists(st.sampled_from(NAMES)).map(lambda names: list(enumerate(names))), min_size=1
)


def shared(offers: Offers) -> Pools:
    return Pools(tuple(offers), tuple(offers))


@given(offers_, st.integers(1, 5), st.integers(0, 9))
def test_no_photograph_both_teaches_and_tests_and_half_of_them_test(offers: Offers, most: int, seed: int) -> None:
    draw = drawn(offers, shared(offers), most, seed, 0)
    assert not draw.taught_from & set(draw.test)
    assert draw.taught_from | set(draw.test) == set(offers)
    assert len(draw.test) >= len(offers) / 2


@given(offers_, st.integers(1, 5), st.integers(0, 9))
def test_examples_are_what_was_offered_each_once_and_no_more_than_wanted(offers: Offers, most: int, seed: int) -> None:
    draw = drawn(offers, Pools(tuple(offers), ()), most, seed, 3)
    there = Counter(name for things in offers.values() for _, name in things)
    assert {name: len(taken) for name, taken in draw.examples.items()} == {n: min(most, c) for n, c in there.items()}
    for name, taken in draw.examples.items():
        assert len(set(taken)) == len(taken)
        assert all((index, name) in offers[photograph] for photograph, index in taken)


@given(offers_, st.integers(0, 9))
def test_one_draw_is_one_draw(offers: Offers, seed: int) -> None:
    assert drawn(offers, shared(offers), 2, seed, 1) == drawn(offers, shared(offers), 2, seed, 1)


def test_another_number_or_seed_is_another_draw() -> None:
    many = {str(number): [(0, "milk")] for number in range(200)}
    draws = [
        drawn(many, shared(many), 3, seed, number).taught_from for seed, number in ((0, 0), (0, 1), (0, 2), (1, 0))
    ]
    assert len(set(draws)) == len(draws)


def test_photographs_of_one_class_are_halved_and_a_single_one_teaches() -> None:
    by_class = {"milk": [f"milk{n}" for n in range(5)], "tea": ["tea0"]}
    pools = halves(by_class, seed=1)
    assert Counter(name[:3] for name in pools.teach) == {"mil": 3, "tea": 1}
    assert not pools.shared
    assert sorted(pools.teach + pools.test) == sorted([*by_class["milk"], *by_class["tea"]])
    assert pools == halves(by_class, seed=1)


def test_a_quarter_stays_untaught_and_never_more_than_half() -> None:
    names = [str(number) for number in range(100)]
    assert len(untaught(names, None, 0, 0)) == 20
    assert len(untaught(names[:16], None, 0, 0)) == 4
    assert len(untaught(names[:16], 20, 0, 0)) == 8
    assert untaught(names, 0, 0, 0) == frozenset()
    assert untaught(names, 20, 0, 0) != untaught(names, 20, 0, 1)
