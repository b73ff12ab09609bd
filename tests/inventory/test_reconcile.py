"""Laws of the count: the ledger sums to what is confirmed, a view that shows nothing removes nothing, words hold."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.inventory.belief import CONFIRMED, UNSEEN, certain
from pantrybox.inventory.lives import STATES
from pantrybox.inventory.model import NOTHING
from pantrybox.inventory.rates import Glimpsing, Learned, When
from pantrybox.inventory.reconcile import adjusted
from pantrybox.inventory.seen import after_view
from pantrybox.inventory.shelf import NOBODY_TELLS
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Glance, Verdict
from tests.inventory.photographs import (
    FLOUR,
    HOUR_MS,
    ITEMS,
    JAM,
    RICE,
    Place,
    glance,
    spot,
    thing,
    things,
)

VERDICTS: list[Verdict] = ["unchanged", "covered", "gone"]
Step = tuple[str, dict[str, Any]]
"""A method of Place, and what it is called with."""
items = st.sampled_from(ITEMS)
FULL = [*things(JAM, 0, 1), *things(FLOUR, 5, 6), *things(RICE, 10, 11)]


@st.composite
def looks(draw: st.DrawFn, *, certain_names: bool = True) -> dict[str, Any]:
    """What a photograph shows, few things at few spots, so that many meet again in the next."""
    at = draw(st.lists(st.integers(0, 7), unique=True, max_size=6))
    bare = draw(st.integers(0, len(at)))
    seen = [
        Thing(
            spot(one),
            draw(st.sampled_from([*ITEMS, None])),
            draw(st.sampled_from([0.3, 0.7, 0.95, 1.0])),
            certain=certain_names and draw(st.booleans()),
            still=draw(st.sampled_from([True, False, None])),
        )
        for one in at[bare:]
    ]
    return {"seen": seen, "glances": [glance(one, draw(st.sampled_from(VERDICTS))) for one in at[:bare]]}


@st.composite
def photographs(draw: st.DrawFn) -> Step:
    around = {
        "camera": draw(st.sampled_from(["left", "right"])),
        "when": draw(st.sampled_from(["door", "timer"])),
        "hours": draw(st.sampled_from([0.0, 0.1, 1.0, 30.0])),
        "readable": draw(st.sampled_from([True, True, True, False])),
        "whole": draw(st.sampled_from([True, True, True, False])),
        "moved": draw(st.sampled_from([False, False, False, True])),
    }
    return "see", draw(looks()) | around


words = st.builds(lambda item_id, count: ("say", {"item_id": item_id, "count": count}), items, st.integers(0, 5))
merges = st.permutations(ITEMS).map(lambda order: ("merge", {"item_id": order[0], "into_id": order[1]}))
histories = st.lists(st.one_of(photographs(), photographs(), photographs(), words, merges), max_size=12)


def happened(steps: list[Step], place: Place | None = None) -> Place:
    place = place or Place()
    for name, told in steps:
        getattr(place, name)(**told)
    return place


def watched(seen: list[Thing], times: int = 3) -> Place:
    """A place that is known well."""
    return happened([("see", {"seen": seen})] * times)


# The ledger


@given(histories)
def test_the_ledger_sums_to_the_confirmed_count(steps: list[Step]) -> None:
    place = happened(steps)
    for item_id, stand in place.stock.items():
        lines = [line.change for line in place.lines if line.change.item_id == item_id]
        assert sum(line.delta for line in lines) == stand.confirmed_count
        assert len(lines) == stand.event_count
    assert {line.change.item_id for line in place.lines} <= place.stock.keys()


@given(histories)
def test_no_count_is_ever_negative_and_no_photograph_writes_a_line_that_says_nothing(steps: list[Step]) -> None:
    place = happened(steps)
    assert all(stand.confirmed_count >= 0 and stand.shown_count >= 0 for stand in place.stock.values())
    assert all(line.change.count_after >= 0 for line in place.lines)
    assert all(line.change.delta for line in place.lines if line.since)


@given(histories)
def test_whatever_happens_beliefs_and_states_are_probabilities(steps: list[Step]) -> None:
    place = happened(steps)
    for belief in place.shelf.beliefs().values():
        assert belief == UNSEEN or abs(sum(belief.p) - 1) < 1e-4
        assert all(0 <= chance <= 1 for chance in belief.p)
    for track in place.tracks:
        assert abs(sum(track.states) - 1) < STATES * 1e-5
        assert all(chance >= 0 for chance in track.states)


@given(histories)
def test_a_line_is_dated_to_a_photograph_that_there_was(steps: list[Step]) -> None:
    place = Place()
    for name, told in steps:
        lines = len(place.lines)
        getattr(place, name)(**told)
        assert all(0 <= line.since <= place.position for line in place.lines[lines:])


@given(histories)
def test_a_photograph_leaves_no_sure_count_out_of_the_ledger(steps: list[Step]) -> None:
    place = happened(steps)
    before = dict(place.stock)
    place.see(FULL)
    for item_id, stand in place.stock.items():
        moved = stand.belief != before.get(item_id, NOTHING).belief
        assert not (moved and stand.confidence >= CONFIRMED and stand.confirmed_count != stand.shown_count)


@given(histories, histories)
def test_adjusting_to_other_evidence_leaves_the_ledger_in_step(steps: list[Step], truly: list[Step]) -> None:
    place, beliefs = happened(steps), happened(truly).shelf.beliefs()
    after, lines = adjusted(place.stock, beliefs)
    deltas, many = Counter[int](), Counter[int]()
    for line in [*(one.change for one in place.lines), *lines]:
        deltas[line.item_id] += line.delta
        many[line.item_id] += 1
    for item_id, stand in after.items():
        assert stand.belief == beliefs.get(item_id, UNSEEN)
        assert (stand.confirmed_count, stand.event_count) == (deltas[item_id], many[item_id])
        assert stand.belief != UNSEEN or stand.confirmed_count == 0


def test_the_first_line_of_an_item_says_seen_and_later_ones_say_what_happened() -> None:
    place = watched(things(JAM, 0))
    place.see_until_written(things(JAM, 0, 1))
    place.see_until_written(things(JAM, 1), [glance(0, "gone")])
    assert place.events() == [("seen", JAM, 1), ("added", JAM, 1), ("removed", JAM, -1)]


def test_what_turned_out_to_be_another_item_is_taken_out_of_the_ledger() -> None:
    place = watched(things(JAM, 0))
    for _ in range(10):
        place.see([thing(FLOUR, 0, still=True)])
    assert place.stock[JAM].confirmed_count == 0
    assert place.stock[FLOUR].confirmed_count == 1


def test_what_a_person_calls_no_thing_is_taken_out_of_the_ledger() -> None:
    place = watched([thing(JAM, 0), thing(FLOUR, 9)])
    for _ in range(3):
        place.see([thing(None, 0, certain=True), thing(FLOUR, 9)])
    assert place.stock[JAM].confirmed_count == 0


# What says nothing


@given(histories, looks(), st.sampled_from(["door", "timer"]))
def test_an_unreadable_view_changes_no_count_whatever_it_shows(
    steps: list[Step], look: dict[str, Any], when: str
) -> None:
    place = happened(steps)
    beliefs, stock = place.shelf.beliefs(), place.stock
    assert place.see(**look, when=when, readable=False) == []  # pyright: ignore[reportArgumentType]
    assert place.shelf.beliefs() == beliefs
    assert all(place.stock[item_id] == stand for item_id, stand in stock.items())


def test_a_camera_that_only_knows_the_timer_sees_changes_as_soon_as_one_that_tells_of_the_door() -> None:
    shown = {}
    whens: list[When] = ["door", "timer"]
    for when in whens:
        place = Place()
        for _ in range(12):
            place.see(things(JAM, 0), when=when)
        place.see(things(JAM, 1), [glance(0, "gone")], when=when)
        moved = place.shown
        place.see([], [glance(0, "gone"), glance(1, "gone")], when=when)
        shown[when] = (moved, place.shown)
    assert shown["door"] == shown["timer"] == ({JAM: 1}, {})


@pytest.mark.parametrize(("quiet", "believed"), [(20, 1), (NOBODY_TELLS, 0)])
def test_the_timer_of_a_camera_that_tells_of_the_door_is_believed_to_see_no_one_for_a_while(
    quiet: int, believed: int
) -> None:
    place = watched(things(JAM, 0), 12)
    for _ in range(quiet):
        place.see(things(JAM, 0), when="timer", hours=0.1)
    place.see([], [glance(0, "gone")], when="timer", hours=0.1)
    assert place.shelf.belief(JAM).shown_count == believed


def test_somebody_who_was_there_when_nothing_could_be_seen_may_have_taken_what_is_missing_afterwards() -> None:
    seen = {}
    for visited in (True, False):
        place = watched(things(JAM, 0), 12)
        if visited:
            place.see([], readable=False)
        place.see([], [glance(0, "gone")], when="timer")
        seen[visited] = place.shelf.belief(JAM)
    assert seen[True].shown_count == 0
    assert seen[True].p[0] > seen[False].p[0]


@given(histories, looks())
def test_a_glimpse_takes_nothing_away_and_shows_what_it_shows(steps: list[Step], look: dict[str, Any]) -> None:
    place = happened(steps)
    before = {item_id: place.shelf.belief(item_id).shown_count for item_id in ITEMS}
    lines = place.see(**look, whole=False)
    glimpsed = Counter(one.item_id for one in look["seen"])
    for item_id, count in before.items():
        assert place.shelf.belief(item_id).shown_count == max(count, glimpsed[item_id])
    assert all(line.change.delta > 0 or line.change.count_after >= before[line.change.item_id] for line in lines)


@given(histories, st.integers(0, 12))
def test_folding_in_two_parts_with_a_file_between_them_is_folding_at_once(steps: list[Step], part: int) -> None:
    halfway = happened(steps[:part])
    halfway.kept()
    there, at_once = happened(steps[part:], halfway), happened(steps)
    assert there.shelf == at_once.shelf
    assert (there.stock, there.lines) == (at_once.stock, at_once.lines)


@settings(max_examples=30)
@given(st.lists(st.tuples(items, st.integers(0, 19)), max_size=8, unique_by=lambda one: one[1]), st.integers(1, 30))
def test_where_nothing_changes_nothing_is_written_however_often_it_is_seen(
    stands: list[tuple[int, int]], times: int
) -> None:
    seen = [thing(item_id, at) for item_id, at in stands]
    place = watched(seen, 2)
    lines = list(place.lines)
    for number in range(times):
        place.see(seen, when="timer" if number % 2 else "door")
    assert place.lines == lines
    assert place.shown == Counter(item_id for item_id, _ in stands)


@settings(max_examples=10)
@given(histories, st.lists(st.tuples(items, st.integers(0, 7)), max_size=6, unique_by=lambda one: one[1]))
def test_a_shelf_that_nothing_moves_comes_to_rest(steps: list[Step], stands: list[tuple[int, int]]) -> None:
    place = happened(steps)
    seen = [thing(item_id, at) for item_id, at in stands]
    for _ in range(150):
        place.see(seen, when="timer")
    states, lines = _states_in_front(place), len(place.lines)
    for _ in range(5):
        place.see(seen, when="timer")
    # What is learned about rates goes on, and moves a state by less than anybody could see.
    assert _states_in_front(place) == pytest.approx(states, abs=1e-3)
    assert len(place.lines) == lines


def _states_in_front(place: Place) -> dict[tuple[int, int], float]:
    """Of what is found by the camera on the left."""
    found = (track for track in place.shelf.scenes["left"].tracks if track.is_found)
    return {(rank, state): chance for rank, track in enumerate(found) for state, chance in enumerate(track.states)}


# A view that is blocked, and things that are moved


@pytest.mark.parametrize("verdict", [None, "unchanged", "covered"])
def test_a_hand_before_the_lens_does_not_empty_the_pantry(verdict: Verdict | None) -> None:
    place = watched(FULL)
    full = place.shown
    assert place.see([], _glances(FULL, verdict)) == []
    assert place.shown == full
    place.see(FULL)
    assert place.shown == full
    assert not [line for line in place.lines if line.change.delta < 0]


def test_a_view_without_any_of_many_different_things_is_doubted_though_their_places_look_bare() -> None:
    many = [thing(item_id, item_id) for item_id in range(1, 9)]
    place = watched(many)
    assert place.see([], _glances(many, "gone")) == []
    assert len(place.shown) == len(many)
    place.see(many)
    assert not [line for line in place.lines if line.change.delta < 0]


def test_a_shelf_that_was_rearranged_is_no_blocked_view() -> None:
    many = [thing(item_id, item_id) for item_id in range(1, 9)]
    place = watched(many)
    rearranged = [thing(item_id, item_id + 8) for item_id in range(1, 7)]
    place.see(rearranged, _glances(many, "gone"))
    assert place.shown == dict.fromkeys(range(1, 7), 1)


def test_what_is_as_it_was_in_a_doubted_photograph_is_not_what_was_there_before_it() -> None:
    many = [thing(item_id, item_id) for item_id in range(1, 9)]
    place = watched(many)
    place.see([], _glances(many, "gone"))
    place.see([*many[1:], thing(9, 1, still=True)])
    assert place.shown == dict.fromkeys(range(2, 10), 1)


def test_a_name_that_was_given_once_and_then_never_again_is_not_believed_for_it() -> None:
    place = watched(things(JAM, 0), 6)
    place.see([*things(JAM, 0), thing(FLOUR, 1)])
    for _ in range(6):
        place.see([*things(JAM, 0), thing(None, 1, still=True)])
    assert place.shown == {JAM: 1}


@given(st.sets(st.integers(0, 5), max_size=2))
def test_a_hand_that_leaves_some_things_to_be_seen_takes_nothing_away_either(free: set[int]) -> None:
    place = watched(FULL)
    full = place.shown
    place.see([FULL[rank] for rank in sorted(free)])
    place.see(FULL)
    assert place.shown == full
    assert not [line for line in place.lines if line.change.delta < 0]


@pytest.mark.parametrize("verdict", [None, "gone"])
def test_a_shelf_that_stays_empty_is_believed_in_the_end(verdict: Verdict | None) -> None:
    place = watched(FULL)
    for _ in range(60):
        place.see([], _glances(FULL, verdict))
    assert place.shown == {}
    assert all(stand.confirmed_count == 0 for stand in place.stock.values())


def test_one_thing_of_a_full_shelf_that_is_taken_is_believed_at_once_and_sure_later() -> None:
    place = watched(FULL)
    place.see(FULL[1:], [glance(0, "gone")])
    assert place.shown == {JAM: 1, FLOUR: 2, RICE: 2}
    place.see_until_written(FULL[1:], [glance(0, "gone")])
    assert place.events()[-1] == ("removed", JAM, -1)


def _glances(at: list[Thing], verdict: Verdict | None) -> list[Glance]:
    return [Glance(one.box, verdict) for one in at if verdict and one.box]


@given(st.permutations(range(20)).map(lambda order: order[:6]), st.integers(1, 4))
def test_what_is_moved_within_the_view_is_no_event(order: list[int], times: int) -> None:
    place = watched(FULL)
    lines = list(place.lines)
    moved = [Thing(spot(at), one.item_id, 0.9) for at, one in zip(order, FULL, strict=True)]
    for _ in range(times):
        place.see(moved)
    assert place.lines == lines
    assert place.shown == {JAM: 2, FLOUR: 2, RICE: 2}


@given(st.permutations(range(20)).map(lambda order: order[:6]))
def test_a_camera_that_is_turned_is_no_event(order: list[int]) -> None:
    place = watched(FULL)
    lines = list(place.lines)
    place.see([Thing(spot(at), one.item_id, 0.9) for at, one in zip(order, FULL, strict=True)], moved=True)
    assert place.lines == lines
    assert place.shown == {JAM: 2, FLOUR: 2, RICE: 2}


def test_what_is_covered_is_there_and_what_stands_before_it_is_named() -> None:
    place = watched([thing(JAM, 0), thing(FLOUR, 9)])
    before = Thing(spot(0), RICE, 0.95, still=False)
    place.see([before, thing(FLOUR, 9)], [glance(0, "covered")], hours=6)
    assert place.shown[JAM] == 1
    assert place.shelf.hidden(JAM) == (1, RICE)


def test_one_photograph_in_which_a_thing_is_not_found_takes_nothing_away() -> None:
    place = watched(FULL)
    place.see(FULL[1:], [glance(0, "unchanged")])
    place.see(FULL[1:])
    place.see(FULL)
    assert not [line for line in place.lines if line.change.delta < 0]
    assert place.shown == {JAM: 2, FLOUR: 2, RICE: 2}


def test_what_is_held_to_be_taken_does_not_come_back_by_time_alone() -> None:
    place = watched([*things(JAM, 0, 1, 2), thing(FLOUR, 9)])
    left = [*things(JAM, 1, 2), thing(FLOUR, 9)]
    place.see(left, [glance(0, "gone")], hours=0.1)
    place.see(left, [glance(0, "covered")], hours=0.1)
    assert place.shown[JAM] == 2
    for _ in range(900):
        place.see(left, [glance(0, "covered")], when="timer", hours=1 / 60)
    assert place.shown[JAM] == 2


# Words


@given(histories, items, st.integers(0, 9))
def test_a_persons_word_counts_at_once_and_is_certain(steps: list[Step], item_id: int, count: int) -> None:
    place = happened(steps)
    place.say(item_id, count)
    stand = place.stock[item_id]
    assert (stand.shown_count, stand.confidence, stand.confirmed_count) == (count, 1.0, count)
    assert stand.belief == certain(count)


@settings(max_examples=30)
@given(st.integers(0, 6), st.integers(0, 9), st.sampled_from(["door", "timer"]), st.integers(1, 30))
def test_a_persons_word_holds_while_the_photographs_show_what_they_showed(
    boxes: int, count: int, when: str, times: int
) -> None:
    seen = [*things(JAM, *range(boxes)), thing(FLOUR, 9)]
    place = watched(seen)
    place.say(JAM, count)
    for _ in range(times):
        # What the eye knows and does not find at all may be gone, however many people told of.
        assert place.see(seen, when=when) == []  # pyright: ignore[reportArgumentType]
        assert place.stock[JAM].belief == certain(count)


def test_five_though_i_see_three_stays_five_and_is_four_when_one_is_taken() -> None:
    place = watched(things(JAM, 0, 1, 2))
    place.say(JAM, 5)
    for _ in range(30):
        place.see(things(JAM, 0, 1, 2))
    assert place.stock[JAM].belief == certain(5)
    place.see_until_written(things(JAM, 0, 1), [glance(2, "gone")])
    assert place.shown == {JAM: 4}
    assert place.events()[-1] == ("removed", JAM, -1)


def test_a_unit_that_was_told_of_and_comes_to_light_is_not_one_more() -> None:
    place = watched(things(JAM, 0))
    place.say(JAM, 3)
    for at in (1, 2):
        for _ in range(3):
            place.see(things(JAM, *range(at + 1)))
    assert place.shown == {JAM: 3}
    for _ in range(3):
        place.see(things(JAM, 0, 1, 2, 3))
    assert place.shown == {JAM: 4}


def test_the_first_photograph_shows_what_people_told_of_before() -> None:
    place = Place()
    place.say(JAM, 3)
    place.see(things(JAM, 0, 1))
    assert place.shown == {JAM: 3}


def test_what_a_doubted_photograph_showed_before_a_word_says_nothing_after_it() -> None:
    many = [thing(item_id, item_id) for item_id in range(1, 9)]
    place = watched(many, 6)
    place.see([], _glances(many, "gone"))
    place.say(JAM, 1)
    place.see(many[1:])
    assert place.shelf.belief(JAM).shown_count == 1


def test_five_though_one_camera_sees_three_stays_five_whatever_another_camera_sees() -> None:
    place = Place()
    for number in range(36):
        place.see(things(JAM, 0, 1, 2), camera="left")
        place.see(things(FLOUR, 0), camera="right")
        if number == 5:
            place.say(JAM, 5)
    assert place.stock[JAM].belief == certain(5)


def test_what_people_told_of_is_doubted_when_nothing_of_its_kind_is_found_any_more() -> None:
    place = watched([thing(JAM, 0), thing(FLOUR, 9)])
    place.say(JAM, 2)
    for _ in range(40):
        place.see([thing(FLOUR, 9)], [glance(0, "gone")])
    assert place.shown == {FLOUR: 1}


def test_what_the_eye_never_knew_it_cannot_miss() -> None:
    place = watched([thing(FLOUR, 9)])
    place.say(JAM, 2)
    for _ in range(40):
        place.see([thing(FLOUR, 9)])
    assert place.stock[JAM].belief == certain(2)


def test_after_a_lower_word_the_box_that_vanishes_next_was_the_one_too_many_and_then_one_less_is_one_less() -> None:
    place = watched(things(JAM, 0, 1, 2))
    place.say(JAM, 2)
    for _ in range(3):
        place.see(things(JAM, 1, 2), [glance(0, "gone")])
    assert place.shown == {JAM: 2}
    place.see_until_written(things(JAM, 2), [glance(0, "gone"), glance(1, "gone")])
    assert place.shown == {JAM: 1}
    assert place.events()[-1] == ("removed", JAM, -1)


@pytest.mark.parametrize("verdict", ["unchanged", "covered"])
def test_what_was_covered_or_is_where_it_was_was_not_the_box_too_many(verdict: Verdict) -> None:
    place = watched(things(JAM, 0, 1))
    place.say(JAM, 1)
    place.see(things(JAM, 1), [glance(0, verdict)])
    (disowned,) = [track for track in place.tracks if track.disowned]
    assert disowned.box == spot(1)


def test_a_box_that_a_person_calls_no_thing_ends_at_once() -> None:
    place = watched([thing(JAM, 0), thing(FLOUR, 9)])
    place.see([thing(None, 0, certain=True), thing(FLOUR, 9)])
    assert place.shown == {FLOUR: 1}
    assert [track.item_id for track in place.tracks] == [FLOUR]
    place.see([thing(FLOUR, 9)])
    assert place.shown == {FLOUR: 1}


def test_a_persons_name_for_a_thing_outvotes_every_photograph() -> None:
    place = watched(things(JAM, 0))
    place.see([thing(FLOUR, 0, confidence=1.0, certain=True, still=True)])
    assert place.shown == {FLOUR: 1}
    for _ in range(60):
        place.see([thing(JAM, 0, confidence=0.99, still=True)])
    assert place.shown == {FLOUR: 1}


@settings(max_examples=30)
@given(st.lists(st.integers(2, 5), max_size=8))
def test_a_name_that_flickers_is_no_event(right_ones_between: list[int]) -> None:
    place = watched(things(JAM, 0), 5)
    lines = list(place.lines)
    for many in right_ones_between:
        place.see([thing(FLOUR, 0, still=True)])
        for _ in range(many):
            place.see([thing(JAM, 0, still=True)])
    assert place.lines == lines
    assert place.shown == {JAM: 1}


def test_the_name_that_most_photographs_say_is_the_name() -> None:
    place = watched(things(JAM, 0), 1)
    for _ in range(8):
        place.see([thing(FLOUR, 0, still=True)])
    assert place.shown == {FLOUR: 1}


# One taken with another


BLIND = Glimpsing(unchanged_if_missed=0, unchanged_if_hidden=0, unchanged_if_taken=0, still_if_missed=0)
"""Nothing tells whether the picture of a thing is as it was."""


def unit_after(place: Place, gone: int, when: When) -> float:
    """The chance of the second jam to be there, when it and the thing at another spot are not found any more."""
    seen = tuple(one for one in FULL if one.box not in {spot(1), spot(gone)})
    glances = (glance(1, "gone"), glance(gone, "gone"))
    at_ms = place.at_ms + HOUR_MS
    after = after_view(place.shelf, View(99, at_ms, "left", seen, glances, when=when), glimpsing=BLIND)
    return next(one.unit for one in after.scenes["left"].tracks if one.box == spot(1))


def test_of_two_of_a_kind_that_are_missed_at_once_neither_is_taken_along_with_the_other() -> None:
    assert unit_after(watched(FULL, 9), 0, "timer") > 0.9


def test_one_more_is_taken_with_one_that_is_taken_sooner_than_with_another_thing() -> None:
    place = watched(FULL, 9)
    assert unit_after(place, 0, "door") < unit_after(place, 5, "door")


# When


def test_a_change_is_dated_back_to_the_photograph_in_which_it_began() -> None:
    place = watched(FULL, 4)
    began = place.position + 1
    lines = place.see_until_written(FULL[1:], [glance(0, "gone")])
    assert [line.since for line in lines] == [began]
    assert place.position > began


def test_a_first_line_is_dated_to_the_photograph_in_which_the_thing_was_first_shown() -> None:
    place = watched(things(JAM, 0))
    began = place.position + 1
    lines = place.see_until_written([thing(JAM, 0), thing(FLOUR, 1)])
    assert [(line.change.item_id, line.since) for line in lines] == [(FLOUR, began)]


def test_two_cameras_of_one_place_write_one_line_for_one_thing() -> None:
    place = Place()
    for _ in range(4):
        place.see(things(JAM, 0), camera="left")
        place.see(things(JAM, 5), camera="right")
    assert place.events() == [("seen", JAM, 1)]


# What is learned


def test_an_item_that_is_missed_often_is_kept_longer_than_one_that_never_was() -> None:
    seldom, often = (watched([thing(JAM, 0), thing(FLOUR, 9)]) for _ in range(2))
    for number in range(90):
        seldom.see([thing(JAM, 0), thing(FLOUR, 9)])
        if number % 3:
            often.see([thing(JAM, 0), thing(FLOUR, 9)])
        else:
            often.see([thing(FLOUR, 9)], [glance(0, "unchanged")])
    assert _missed(often.shelf.known(JAM).learned) > _missed(seldom.shelf.known(JAM).learned)
    for place in (seldom, often):
        place.see([thing(JAM, 0), thing(FLOUR, 9)])
        place.see([thing(FLOUR, 9)])
    units = [next(one.unit for one in place.tracks if one.item_id == JAM) for place in (seldom, often)]
    assert units[0] < units[1]


def _missed(learned: Learned) -> float:
    return learned.missed / learned.looks
