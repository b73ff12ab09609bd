"""Laws of a track's life: its states stay a probability, what is shown of it says what it can say, and no more."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.lives import (
    FALSE,
    FINDING,
    HIDDEN,
    MISSED,
    SEEN,
    STATES,
    TAKEN,
    UNIT,
    VANISHED,
    Between,
    Chances,
    Numbers,
    Shown,
    Unplaced,
    lived_on,
)
from pantrybox.inventory.rates import Glimpsing, Habits, When

NOT_FINDING = tuple(shown for shown in Shown if shown not in FINDING)
AT_FIRST_SIGHT = (Shown.UNCHANGED, Shown.COVERED, Shown.GONE)
"""What a glance may say of a track that was found before."""
FOUND_STATES, OTHER_STATES = (SEEN, FALSE), (MISSED, HIDDEN, TAKEN, VANISHED)


def between(when: When = "door", hours: float = 1.0) -> Between:
    return Between(when, hours, Habits(), Glimpsing())


def expected(missed: float = 0.1, false_boxes: float = 0.015, taken: float = 0.02, comes: float = 0.016) -> Chances:
    """For one track."""
    one = [np.array([chance]) for chance in (missed, false_boxes, taken, comes)]
    return Chances(*one, spot=np.array([0.15]), unplaced=None)


def surely(state: int) -> Numbers:
    return np.eye(STATES)[[state]]


def lived(before: Numbers, *shown: Shown, chances: Chances | None = None, time: Between | None = None) -> Numbers:
    for kind in shown:
        before = lived_on(before, np.array([kind]), chances or expected(), time or between()).states
    return before


def likelihood(before: Numbers, shown: Shown, chances: Chances, time: Between) -> float:
    return float(lived_on(before, np.array([shown]), chances, time).likelihood[0])


def unit(states: Numbers) -> float:
    return float(states[0, UNIT].sum())


def is_probability(states: Numbers) -> bool:
    return bool(abs(states.sum() - 1) < 1e-9 and (states >= 0).all())


def mixtures(of: tuple[int, ...]) -> st.SearchStrategy[Numbers]:
    """Probabilities of some states."""

    def mixed(weights: list[int]) -> Numbers:
        states = np.zeros((1, STATES))
        states[0, of] = np.array(weights) / sum(weights)
        return states

    return st.lists(st.integers(0, 100), min_size=len(of), max_size=len(of)).filter(any).map(mixed)


found, not_found = mixtures(FOUND_STATES), mixtures(OTHER_STATES)
times = st.builds(between, st.sampled_from(["door", "timer"]), st.floats(0.005, 24 * 90))
# Such as the learned rates can reach.
all_chances = st.builds(
    expected, st.floats(0.005, 0.5), st.floats(0.0005, 0.2), st.floats(1e-6, 0.5), st.floats(1e-6, 0.3)
)


def legal(shown: list[Shown], was_found: bool) -> list[Shown]:
    """That a box is still, or new, is said only where none was."""
    told: list[Shown] = []
    for kind in shown:
        told.append(Shown.FOUND if was_found and kind in {Shown.STILL, Shown.NEW} else kind)
        was_found = told[-1] in FINDING
    return told


@given(st.one_of(found, mixtures((TAKEN, VANISHED))), all_chances, times)
def test_a_track_is_found_or_it_is_not(before: Numbers, chances: Chances, time: Between) -> None:
    either = sum(likelihood(before, shown, chances, time) for shown in (Shown.FOUND, Shown.LOST))
    assert abs(either - 1) < 1e-9


@given(mixtures((MISSED, HIDDEN)), all_chances, times)
def test_a_unit_that_was_not_seen_is_found_or_not_or_another_box_came_where_it_is(
    before: Numbers, chances: Chances, time: Between
) -> None:
    another = float((chances.comes * (1 - chances.missed) + chances.false_boxes)[0] * chances.spot[0])
    either = sum(likelihood(before, shown, chances, time) for shown in (Shown.FOUND, Shown.LOST))
    assert 1 - another - 1e-9 <= either <= 1 + 1e-9


@given(st.one_of(found, not_found), all_chances, times)
def test_one_of_three_things_is_to_be_seen_where_a_track_is_not_found(
    before: Numbers, chances: Chances, time: Between
) -> None:
    one_of_them = sum(likelihood(before, shown, chances, time) for shown in AT_FIRST_SIGHT)
    assert abs(one_of_them - likelihood(before, Shown.LOST, chances, time)) < 1e-9


@given(not_found, all_chances, times)
def test_the_picture_in_a_new_box_is_as_it_was_or_it_is_not(before: Numbers, chances: Chances, time: Between) -> None:
    either = sum(likelihood(before, shown, chances, time) for shown in (Shown.STILL, Shown.NEW))
    assert abs(either - likelihood(before, Shown.FOUND, chances, time)) < 1e-9


@given(st.one_of(found, not_found), st.lists(st.sampled_from(Shown), max_size=12), all_chances, times)
def test_the_states_stay_a_probability_whatever_is_shown(
    before: Numbers, shown: list[Shown], chances: Chances, time: Between
) -> None:
    was_found = bool(before[0, FOUND_STATES].sum() > 0)
    assert is_probability(lived(before, *legal(shown, was_found), chances=chances, time=time))


@given(st.one_of(found, not_found), st.sampled_from(Shown), all_chances, times)
def test_a_found_track_is_a_unit_or_false_and_one_that_is_not_found_is_neither_seen_nor_false(
    before: Numbers, shown: Shown, chances: Chances, time: Between
) -> None:
    states = lived(before, shown, chances=chances, time=time)
    assert not states[0, OTHER_STATES if shown in FINDING else FOUND_STATES].any()


@given(st.lists(st.sampled_from([Shown.FOUND, Shown.MOVED]), max_size=20), all_chances, times)
def test_what_a_person_is_certain_of_stays_certain_while_it_is_found(
    shown: list[Shown], chances: Chances, time: Between
) -> None:
    for state in FOUND_STATES:
        assert np.allclose(lived(surely(state), *shown, chances=chances, time=time), surely(state))


@given(st.lists(st.sampled_from(NOT_FINDING), min_size=1, max_size=30), all_chances, times)
def test_time_alone_brings_nothing_back(shown: list[Shown], chances: Chances, time: Between) -> None:
    for state in (TAKEN, VANISHED, FALSE):
        assert unit(lived(surely(state), *shown, chances=chances, time=time)) == 0


@given(found, all_chances, times)
def test_something_before_a_thing_keeps_it_more_than_its_bare_place_does(
    before: Numbers, chances: Chances, time: Between
) -> None:
    covered, gone = (unit(lived(before, shown, chances=chances, time=time)) for shown in (Shown.COVERED, Shown.GONE))
    assert covered >= gone - 1e-12
    assert covered > gone or before[0, SEEN] == 0


@given(st.sampled_from(["door", "timer"]), st.floats(0.005, 1))
def test_a_picture_that_did_not_change_keeps_a_thing_more_than_nothing_that_is_known_and_that_more_than_a_bare_place(
    when: When, hours: float
) -> None:
    units = [
        unit(lived(surely(SEEN), shown, time=between(when, hours)))
        for shown in (Shown.UNCHANGED, Shown.LOST, Shown.GONE)
    ]
    assert units[0] > units[1] > units[2]


@given(st.sampled_from(["door", "timer"]), st.floats(0.005, 12), st.integers(1, 40))
def test_a_unit_whose_picture_does_not_change_is_kept(when: When, hours: float, photographs: int) -> None:
    states = lived(surely(SEEN), *[Shown.UNCHANGED] * photographs, time=between(when, hours))
    assert unit(states) > 0.9
    assert states.argmax() == MISSED


@given(st.floats(0.005, 12), st.integers(8, 30))
def test_a_unit_whose_place_is_bare_again_and_again_was_taken(hours: float, photographs: int) -> None:
    states = lived(surely(SEEN), Shown.GONE, *[Shown.STILL_GONE] * photographs, time=between(hours=hours))
    assert states.argmax() == TAKEN
    assert states[0, TAKEN] > 0.8


def test_the_states_stay_a_probability_though_a_camera_was_away_for_a_year() -> None:
    assert is_probability(lived(surely(SEEN), Shown.MOVED, time=between(hours=24 * 365)))


@given(found, st.sampled_from(["door", "timer"]), st.floats(0.005, 24 * 90))
def test_what_is_found_where_it_was_is_no_less_a_unit_however_long_nobody_looked(
    before: Numbers, when: When, hours: float
) -> None:
    assert unit(lived(before, Shown.FOUND, time=between(when, hours))) >= unit(before) - 0.01


@pytest.mark.parametrize("before", [1, 2, 4])
def test_a_sure_name_that_is_lost_speaks_against_it_and_an_unsure_one_says_nothing(before: int) -> None:
    time = between(hours=0.1)
    new = np.array([[0.6, 0.0, 0.0, 0.0, 0.4, 0.0]])
    known = lived(new, *[Shown.FOUND] * before, time=time)
    assert unit(lived(known, Shown.UNNAMED, time=time)) < unit(known) < unit(lived(known, Shown.FOUND, time=time))
    assert unit(lived(known, Shown.STILL_UNNAMED, time=time)) == pytest.approx(unit(known), abs=0.02)


def test_a_unit_that_something_was_put_before_is_hidden_for_a_while_and_then_doubted() -> None:
    at_once = lived(surely(SEEN), Shown.COVERED, time=between(hours=6))
    assert at_once.argmax() == HIDDEN
    weeks_later = lived(at_once, *[Shown.BARED, *[Shown.STILL_GONE] * 9], time=between(hours=24))
    assert unit(weeks_later) < unit(at_once)


@pytest.mark.parametrize("hidden", [MISSED, HIDDEN])
def test_a_unit_that_is_found_again_was_never_taken(hidden: int) -> None:
    assert lived(surely(hidden), Shown.NEW)[0, SEEN] == 1


def test_any_of_several_is_lost_more_easily_than_one_that_is_known() -> None:
    one = expected()

    def lost(alike: float) -> float:
        return likelihood(surely(SEEN), Shown.LOST, unplaced(one, alike=alike, was_found=True), between())

    assert lost(3.0) == pytest.approx(3 * lost(1.0))


def unplaced(chances: Chances, *, alike: float = 1.0, was_found: bool) -> Chances:
    """The same where nobody knows which box is whose."""
    return msgspec.structs.replace(
        chances, spot=np.ones(1), unplaced=Unplaced(np.array([alike]), np.array([was_found]))
    )


def test_where_nobody_knows_which_box_is_whose_a_false_one_does_not_unmake_a_hidden_unit() -> None:
    doubted = (surely(HIDDEN) + surely(TAKEN)) / 2
    time = between("timer", hours=0.5)
    found = lived(doubted, Shown.FOUND, chances=unplaced(expected(), was_found=False), time=time)
    lost = lived(found, Shown.LOST, chances=unplaced(expected(), was_found=True), time=time)
    assert unit(lost) > 0.4


@given(st.lists(st.tuples(st.one_of(found, not_found), st.sampled_from(Shown)), min_size=1, max_size=5), times)
def test_tracks_live_their_lives_independently_of_each_other(
    tracks: list[tuple[Numbers, Shown]], time: Between
) -> None:
    size, alone = len(tracks), expected()
    all_of_them = Chances(*(np.repeat(chance, size) for chance in msgspec.structs.astuple(alone)[:-1]), unplaced=None)
    before = np.concatenate([states for states, _ in tracks])
    after = lived_on(before, np.array([shown for _, shown in tracks]), all_of_them, time).states
    for rank, (states, shown) in enumerate(tracks):
        assert np.allclose(after[rank], lived(states, shown, chances=alone, time=time)[0])
