"""What photographs teach about items and places: rates that stay chances and follow what happens."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.learning import Looked, with_one_more
from pantrybox.inventory.rates import ItemRates, Learned, Tally, rates_of, up_to_date
from pantrybox.inventory.seen import HABITS
from pantrybox.inventory.shelf import Shelf
from tests.inventory.photographs import FLOUR, JAM, Place, glance, spot, things

Learning = tuple[Learned, Tally]
"""What was learned of an item, and how late it is at its place."""


def after_photograph(
    before: Learning, looks: float = 0, missed: float = 0, false: float = 0, changes: float = 0, expected: float = 0
) -> Learning:
    tally = before[1].after_one_more(expected)
    looked = Looked(np.array([looks]), np.array([missed]), np.array([false]), np.array([changes]))
    (after,) = with_one_more([before[0]], looked, tally)
    return after, tally


NOTHING: Learning = Learned(), Tally()


def rates_after(learning: Learning) -> ItemRates:
    (rates,) = rates_of(up_to_date([learning[0]], learning[1]), HABITS).one_by_one()
    return rates


numbers = st.floats(0, 9)


photographs = st.lists(st.tuples(numbers, numbers, numbers, st.floats(-9, 9), st.floats(0, 1)), max_size=30)


@given(photographs)
def test_learned_rates_stay_chances(told: list[tuple[float, float, float, float, float]]) -> None:
    learning = NOTHING
    for looks, missed, false, changes, expected in told:
        learning = after_photograph(learning, looks, min(looks, missed), false, changes, expected)
    missed_rate, false_rate, pace = rates_after(learning)
    assert 0 < missed_rate <= 0.5
    assert 0 < false_rate <= 0.2
    assert 0.2 <= pace <= 5


@given(photographs, st.lists(st.floats(0, 1), max_size=30))
def test_photographs_that_tell_nothing_of_an_item_are_made_up_for_later(
    told: list[tuple[float, float, float, float, float]], expected: list[float]
) -> None:
    learning = NOTHING
    for one in told:
        learning = after_photograph(learning, *one)
    at_once = learning
    for one in expected:
        at_once = after_photograph(at_once, expected=one)
    later = learning[0], at_once[1]
    assert rates_after(at_once) == pytest.approx(rates_after(later), rel=0.01)


def test_what_is_missed_more_often_is_expected_to_be_missed_more_often() -> None:
    often = seldom = NOTHING
    for _ in range(100):
        often, seldom = after_photograph(often, looks=1, missed=0.4), after_photograph(seldom, looks=1)
    assert rates_after(seldom).missed < HABITS.missed < rates_after(often).missed


def test_an_item_that_changes_more_often_than_others_is_expected_to_change_more_often() -> None:
    often = seldom = NOTHING
    for _ in range(100):
        often = after_photograph(often, changes=0.1, expected=0.03)
        seldom = after_photograph(seldom, expected=0.03)
    assert rates_after(seldom).pace < rates_after(NOTHING).pace == 1 < rates_after(often).pace


def test_nothing_that_happened_before_an_item_came_says_anything_about_it() -> None:
    place = Place()
    for _ in range(50):
        place.see(things(JAM, 0), when="door")
    (rates,) = place.shelf.rates([FLOUR], HABITS).one_by_one()
    assert rates == pytest.approx((HABITS.missed, HABITS.false_boxes, 1.0))


@given(st.floats(0, 9), st.floats(0, 9), st.integers(0, 9))
def test_more_comes_the_sooner_the_more_is_missing(units: float, others: float, most: int) -> None:
    few, many = HABITS.sooner(np.array(sorted([units, others])), np.array([most, most]))
    none, full = HABITS.sooner(np.array([0, most]), np.array([most, most]))
    if most == 0:
        assert few == many == 1, "nobody knows how many there used to be"
    else:
        assert none >= few >= many >= full > 0
        assert none > full


def test_a_box_that_comes_up_is_a_unit_sooner_where_some_are_missing() -> None:
    place = Place()
    for _ in range(9):
        place.see(things(JAM, 0, 1))
    assert place.shelf.known(JAM).most == 2

    def new_unit(most: int) -> float:
        known = msgspec.structs.replace(place.shelf.known(JAM), most=most)
        lacking = Place(msgspec.structs.replace(place.shelf, items={**place.shelf.items, JAM: known}))
        lacking.at_ms = place.at_ms
        lacking.see(things(JAM, 0, 1, 9))
        return next(one.unit for one in lacking.tracks if one.box == spot(9))

    assert new_unit(2) < new_unit(4)


def test_what_a_person_says_is_there_was_there() -> None:
    place = Place()
    place.say(JAM, 4)
    place.say(JAM, 1)
    place.say(FLOUR, 2)
    place.merge(JAM, FLOUR)
    place.kept()
    assert place.shelf.known(FLOUR).most == 4


def test_a_place_at_which_much_changes_is_expected_to_change() -> None:
    restless, quiet = Shelf(changes=60.0, visits=300.0), Shelf(changes=0.0, visits=300.0)
    assert quiet.changed_rate(HABITS) < HABITS.changed < restless.changed_rate(HABITS)


def test_what_comes_and_goes_at_the_door_teaches_how_often_something_changes() -> None:
    restless, quiet = Place(), Place()
    for number in range(60):
        there = number % 6 < 3
        restless.see(things(JAM, 0) if there else [], [] if there else [glance(0, "gone")], when="door")
        quiet.see(things(JAM, 0), when="door")
    assert quiet.shelf.changed_rate(HABITS) < HABITS.changed < restless.shelf.changed_rate(HABITS)


def test_a_photograph_before_which_the_camera_moved_teaches_nothing_about_changes() -> None:
    place = Place()
    place.see(things(JAM, 0, 1))
    before = place.shelf
    place.see(things(JAM, 0), moved=True)
    tally, after = before.tally.after_one_more(0.0), place.shelf.known(JAM).learned
    assert (place.shelf.changes, place.shelf.visits) == (before.changes, before.visits)
    assert (after.changes, place.shelf.tally) == (0, tally)
