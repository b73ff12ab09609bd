"""What became of each thing since the photograph before: a hidden Markov model for every track. Pure.

A track is something that was once found at a place of a view. It is in one of six states:

    SEEN     a unit of the item, and a box of it is found
    MISSED   a unit in plain view that is not found
    HIDDEN   a unit behind something
    TAKEN    a unit that is not there any more
    FALSE    no unit; a box of it is found
    VANISHED no unit, and no box any more

Between two photographs a unit is taken with probability r, or hides, or comes to light; whether one in
plain view is found stays as it was with probability w, else it is thrown anew with the chance q to be
missed. A false box stays with probability s. Where a thing was, another may come. One step is that of
Rabiner (1989, section III.A): predict, multiply by the likelihood of what the photograph shows at the
track, normalise.

Assumed, and not always so: that tracks live their lives independently of each other; that a verdict
about a unit that is missed is thrown anew in each photograph, while what covers a hidden one stays.
"""

from enum import IntEnum
from functools import lru_cache
from math import exp, log
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.inventory.columns import Numbers
from pantrybox.inventory.rates import Glimpsing, Habits, When

STATES = 6
SEEN, MISSED, HIDDEN, TAKEN, FALSE, VANISHED = range(STATES)
UNIT = slice(SEEN, TAKEN)
"""The states in which a unit is there."""


class Shown(IntEnum):
    """What a photograph shows of a track."""

    FOUND = 0
    """A box; nothing more is known, or it was there in the photograph before."""
    STILL = 1
    """A box where there was none, and the picture there is as it was;"""
    NEW = 2
    """or is not."""
    MOVED = 3
    """A box of the item at another place, where none was."""
    UNCHANGED = 4
    """No box. The picture there is as it was when there was one;"""
    COVERED = 5
    """or something stands in front of it,"""
    STILL_COVERED = 6
    """as in the photograph before;"""
    GONE = 7
    """or it shows the place without it,"""
    STILL_GONE = 8
    """as before,"""
    BARED = 9
    """or while before something stood in front;"""
    LOST = 10
    """or nothing is known."""
    UNNAMED = 11
    """A box, as in the photograph before, that was surely named then and that nobody can name now;"""
    STILL_UNNAMED = 12
    """or it was not surely named before, so that this tells nothing."""


def showing(shown: NDArray[np.intp], kind: Shown) -> NDArray[np.bool_]:
    """Which of the tracks it is shown of, (n,)."""
    return shown == int(kind)  # numpy takes four times as long to see that a Shown is a number


FINDING = frozenset({Shown.FOUND, Shown.STILL, Shown.NEW, Shown.MOVED, Shown.UNNAMED, Shown.STILL_UNNAMED})
_FINDING = sorted(FINDING)


class Unplaced(msgspec.Struct, frozen=True):
    """Of tracks of which nobody knows which box is whose, since nobody knows where anything is, (n,) each."""

    alike: Numbers
    """Among so many tracks it stands for whichever was lost."""
    was_found: NDArray[np.bool_]
    """In the photograph before."""


class Chances(msgspec.Struct, frozen=True):
    """What is expected of each track before the photograph, (n,) each."""

    missed: Numbers
    """That its item is not found in plain view."""
    false_boxes: Numbers
    """Boxes of its item that are none."""
    taken: Numbers
    """That the unit is taken."""
    comes: Numbers
    """That a unit of its item comes,"""
    spot: Numbers
    """and that it, or a false box, is just where the track was; 1 where nobody knows where anything is."""
    unplaced: Unplaced | None


class Between(msgspec.Struct, frozen=True):
    """What lies between two photographs of a view."""

    when: When
    hours: float
    habits: Habits
    glimpsing: Glimpsing

    @property
    def stays(self) -> float:
        return self.habits.miss_stays_door if self.when == "door" else self.habits.miss_stays_timer

    @property
    def hides(self) -> float:
        """That a visible unit is hidden."""
        return self._visited(self.habits.hides_a_visit, self._share_hidden)

    @property
    def shows(self) -> float:
        """That a hidden unit is in plain view."""
        return self._visited(self.habits.uncovered, 1 - self._share_hidden)

    @property
    def _share_hidden(self) -> float:
        """Of the time, in the long run: units hide and come to light as a Markov process of two states."""
        comes_to_light = log(2) / self.habits.hidden_hours
        return self.habits.hides_an_hour / (self.habits.hides_an_hour + comes_to_light)

    def _visited(self, at_once: float, share: float) -> float:
        """By whoever was there, or by time."""
        rate = self.habits.hides_an_hour + log(2) / self.habits.hidden_hours
        by_time = share * (1 - exp(-rate * self.hours))
        return 1 - (1 - (at_once if self.when == "door" else 0.0)) * (1 - by_time)


class Lived(NamedTuple):
    """What became of tracks."""

    states: Numbers
    """After the photograph, (n, STATES)."""
    likelihood: Numbers
    """Of what it shows, (n,)."""
    came: Numbers
    """The chance that a unit came where there was none any more, (n,)."""


def lived_on(before: Numbers, shown: NDArray[np.intp], chances: Chances, between: Between) -> Lived:
    """One step. `before`: the states, (n, STATES); `shown`: what the photograph shows of each track, (n,)."""
    moves = _moves(chances, between, spot=np.where(showing(shown, Shown.MOVED), 1.0, chances.spot))
    likelihoods = _likelihoods(between)[:, :, shown]
    if chances.unplaced is not None:
        _stand_for_others(moves, shown, chances.unplaced.alike)
        _claim(likelihoods, shown, chances, chances.unplaced.was_found, between.habits)
    moves *= likelihoods
    _weigh_moved(moves, shown, between.habits)
    moves *= before.T[:, None]
    after: Numbers = moves.sum(axis=0)
    likelihood = np.maximum(after.sum(axis=0), _TINY)
    came = (moves[TAKEN, SEEN] + moves[VANISHED, SEEN]) / likelihood
    return Lived((after / likelihood).T, likelihood, came)


_TINY = 1e-300
_BARED = 0.05
"""What covers a place does not stay for ever, however short the time was."""


def _moves(chances: Chances, between: Between, spot: Numbers) -> Numbers:
    """P(state after | state before), (STATES, STATES, n): the tracks last, so that one chance of all of them is a row.

    What is missing to 1 is that another box came where a unit was missed or hidden and stays so.
    """
    q, r, w = chances.missed, chances.taken, between.stays
    hides, shows, false_stays = between.hides, between.shows, between.habits.false_box_stays
    there = 1 - r
    visible = there * (1 - hides)
    comes, false_comes = chances.comes * spot * (1 - q), chances.false_boxes * spot
    none_came = 1 - comes - false_comes
    moves = np.zeros((STATES, STATES, len(q)))
    moves[SEEN, SEEN] = visible * (w + (1 - w) * (1 - q))
    moves[SEEN, MISSED] = visible * (1 - w) * q
    moves[MISSED, SEEN] = visible * (1 - w) * (1 - q)
    moves[MISSED, MISSED] = visible * (w + (1 - w) * q)
    moves[SEEN : MISSED + 1, HIDDEN] = there * hides
    moves[HIDDEN, SEEN] = there * shows * (1 - q)
    moves[HIDDEN, MISSED] = there * shows * q
    moves[HIDDEN, HIDDEN] = there * (1 - shows)
    moves[UNIT, TAKEN] = r
    moves[FALSE, FALSE] = false_stays
    moves[FALSE, VANISHED] = 1 - false_stays
    for absent in (TAKEN, VANISHED):
        moves[absent, SEEN] = comes
        moves[absent, FALSE] = false_comes
        moves[absent, absent] = none_came
    # Where a unit is and is not found, no other box came either; else time alone would speak for the unit.
    moves[MISSED : HIDDEN + 1, MISSED : TAKEN + 1] *= none_came
    return moves


def _likelihoods(between: Between) -> Numbers:
    """P(what is shown | state before and after), (STATES, STATES, kinds of it)."""
    g, covered_on = between.glimpsing, 1 - between.shows
    gone_if_hidden = 1 - g.covered_if_hidden - g.unchanged_if_hidden
    likelihoods = _timeless_likelihoods(g, between.habits).copy()
    likelihoods[:, TAKEN, Shown.STILL_COVERED] = covered_on
    likelihoods[:, HIDDEN, Shown.BARED] = gone_if_hidden * (1 - covered_on)
    likelihoods[:, TAKEN, Shown.BARED] = max(_BARED, 1 - covered_on)
    return likelihoods


@lru_cache(8)
def _timeless_likelihoods(g: Glimpsing, habits: Habits) -> Numbers:
    """The same, but for what depends on the time since the photograph before."""
    covered = (g.covered_if_missed, g.covered_if_hidden, g.covered_if_taken)
    unchanged = (g.unchanged_if_missed, g.unchanged_if_hidden, g.unchanged_if_taken)
    gone = tuple(1 - c - u for c, u in zip(covered, unchanged, strict=True))
    rows = {
        Shown.UNCHANGED: unchanged,
        Shown.COVERED: covered,
        Shown.STILL_COVERED: (covered[0], 1.0, 1.0),
        Shown.GONE: gone,
        Shown.STILL_GONE: (gone[0], 1.0, 1.0),
        Shown.BARED: gone,
        Shown.LOST: (1.0, 1.0, 1.0),
    }
    by_kind = np.zeros((len(Shown), STATES))
    by_kind[np.ix_(_FINDING, (SEEN, FALSE))] = 1.0
    by_kind[Shown.UNNAMED, SEEN], by_kind[Shown.UNNAMED, FALSE] = habits.unnamed, habits.unnamed_false
    # What looks as it did and has no sure name is there again, be it a unit or a false box.
    by_kind[Shown.STILL_UNNAMED, SEEN] = habits.false_box_stays
    by_kind[list(rows), MISSED:FALSE] = list(rows.values())
    # A false box that is not found any more is to the picture what a missed unit is: nothing happened there.
    by_kind[:, VANISHED] = by_kind[:, MISSED]
    likelihoods = np.tile(by_kind.T, (STATES, 1, 1))
    _weigh_new_boxes(likelihoods, g)
    return likelihoods


def _weigh_new_boxes(likelihoods: Numbers, g: Glimpsing) -> None:
    """Whether the picture changed where a box is that was not there tells where it comes from."""
    still = ((MISSED, SEEN, g.still_if_missed), (HIDDEN, SEEN, g.still_if_hidden), (TAKEN, SEEN, g.still_if_added))
    still += ((VANISHED, SEEN, g.still_if_added), (TAKEN, FALSE, g.still_if_false), (VANISHED, FALSE, g.still_if_false))
    for before, after, chance in still:
        likelihoods[before, after, Shown.STILL] = chance
        likelihoods[before, after, Shown.NEW] = 1 - chance


def _weigh_moved(moves: Numbers, shown: NDArray[np.intp], habits: Habits) -> None:
    """A thing at another place of the view: it was put there, or it went and another came."""
    ranks = np.flatnonzero(showing(shown, Shown.MOVED))
    if not len(ranks):
        return
    moves[SEEN, SEEN, ranks] *= habits.moved
    moves[MISSED, SEEN, ranks] += habits.moved
    moves[FALSE, FALSE, ranks] *= habits.moved


def _stand_for_others(moves: Numbers, shown: NDArray[np.intp], alike: Numbers) -> None:
    """Where nobody knows which of several was lost, each of them may be it, and later another in its stead."""
    any_of = np.where(showing(shown, Shown.LOST), alike, 1.0)
    others = np.where(any_of > 1, any_of, 0.0)
    lost = others * moves[SEEN, MISSED:FALSE] / moves[SEEN, SEEN]
    for missing in (MISSED, HIDDEN):
        moves[missing, MISSED:FALSE] += moves[missing, SEEN] * lost
    moves[SEEN, MISSED:FALSE] *= any_of


def _claim(
    likelihoods: Numbers, shown: NDArray[np.intp], chances: Chances, was_found: NDArray[np.bool_], habits: Habits
) -> None:
    """A box that seems to be a track's may be another's, or false, while the unit is missing as before."""
    found, stays = showing(shown, Shown.FOUND), habits.false_box_stays
    another = chances.false_boxes + chances.comes * (1 - chances.missed)
    missing = slice(MISSED, TAKEN)
    likelihoods[missing, MISSED:FALSE] *= np.where(was_found & ~found, 1 - stays, 1.0)
    claimed = np.where(was_found, stays, another)
    likelihoods[missing, missing] = np.where(found, claimed, likelihoods[missing, missing])
