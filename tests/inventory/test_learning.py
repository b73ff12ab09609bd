"""What photographs teach about items and places: rates that stay chances and follow what happens."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.learning import Looked, faded
from pantrybox.inventory.rates import Habits, Learned
from pantrybox.inventory.shelf import Shelf
from tests.inventory.photographs import JAM, Place, glance, things


def with_one_more(
    learned: Learned, looks: float = 0, missed: float = 0, false: float = 0, changes: float = 0, expected: float = 0
) -> Learned:
    looked = Looked(np.array([looks]), np.array([missed]), np.array([false]), np.array([changes]), expected)
    (after,) = faded([learned], looked)
    return after


numbers = st.floats(0, 9)


@given(st.lists(st.tuples(numbers, numbers, numbers, st.floats(-9, 9), st.floats(0, 1)), max_size=30))
def test_learned_rates_stay_chances(photographs: list[tuple[float, float, float, float, float]]) -> None:
    learned = Learned()
    for looks, missed, false, changes, expected in photographs:
        learned = with_one_more(learned, looks, min(looks, missed), false, changes, expected)
    assert 0 < learned.missed_rate(Habits()) <= 0.5
    assert 0 < learned.false_rate(Habits()) <= 0.2
    assert 0.2 <= learned.pace(Habits()) <= 5


def test_what_is_missed_more_often_is_expected_to_be_missed_more_often() -> None:
    habits, often, seldom = Habits(), Learned(), Learned()
    for _ in range(100):
        often, seldom = with_one_more(often, looks=1, missed=0.4), with_one_more(seldom, looks=1)
    assert seldom.missed_rate(habits) < habits.missed < often.missed_rate(habits)


def test_an_item_that_changes_more_often_than_others_is_expected_to_change_more_often() -> None:
    habits, often, seldom = Habits(), Learned(), Learned()
    for _ in range(100):
        often, seldom = with_one_more(often, changes=0.1, expected=0.03), with_one_more(seldom, expected=0.03)
    assert seldom.pace(habits) < Learned().pace(habits) == 1 < often.pace(habits)


def test_a_place_at_which_much_changes_is_expected_to_change() -> None:
    habits = Habits()
    restless, quiet = Shelf(changes=60.0, visits=300.0), Shelf(changes=0.0, visits=300.0)
    assert quiet.changed_rate(habits) < habits.changed < restless.changed_rate(habits)


def test_what_comes_and_goes_at_the_door_teaches_how_often_something_changes() -> None:
    restless, quiet = Place(), Place()
    for number in range(60):
        there = number % 6 < 3
        restless.see(things(JAM, 0) if there else [], [] if there else [glance(0, "gone")], when="door")
        quiet.see(things(JAM, 0), when="door")
    assert quiet.shelf.changed_rate(Habits()) < Habits().changed < restless.shelf.changed_rate(Habits())


def test_a_photograph_before_which_the_camera_moved_teaches_nothing_about_changes() -> None:
    place = Place()
    place.see(things(JAM, 0, 1))
    before = place.shelf
    place.see(things(JAM, 0), moved=True)
    after = place.shelf.known(JAM).learned
    assert (place.shelf.changes, place.shelf.visits) == (before.changes, before.visits)
    assert (after.changes, after.expected_changes) == (0, 0)
