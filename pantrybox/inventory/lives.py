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
from math import exp, log

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.inventory.rates import Glimpsing, Habits, When

Numbers = NDArray[np.float64]
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


FINDING = frozenset({Shown.FOUND, Shown.STILL, Shown.NEW, Shown.MOVED, Shown.UNNAMED, Shown.STILL_UNNAMED})


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
    alike: Numbers
    """Among so many tracks it stands for whichever was lost; 1 where it is known which."""


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


def lived_on(before: Numbers, shown: NDArray[np.intp], chances: Chances, between: Between) -> tuple[Numbers, Numbers]:
    """The states after a photograph, (n, STATES), and how likely what it shows was, (n,)."""
    moves = _moves(chances, between, spot=np.where(shown == Shown.MOVED, 1.0, chances.spot))
    moves *= _likelihoods(between)[shown][:, None, :]
    _weigh_new_boxes(moves, shown, between.glimpsing)
    _weigh_moved(moves, shown, between.habits)
    _stand_for_others(moves, shown, chances.alike)
    after: Numbers = np.einsum("ni,nij->nj", before, moves)
    likelihood = np.maximum(after.sum(axis=1), _TINY)
    return after / likelihood[:, None], likelihood


_TINY = 1e-300
_BARED = 0.05
"""What covers a place does not stay for ever, however short the time was."""


def _moves(chances: Chances, between: Between, spot: Numbers) -> Numbers:
    """P(state after | state before), (n, STATES, STATES).

    What is missing to 1 is that another box came where a unit was missed or hidden and stays so.
    """
    q, r, w = chances.missed, chances.taken, between.stays
    there = 1 - r
    visible = there * (1 - between.hides)
    shows = between.shows
    moves = np.zeros((len(q), STATES, STATES))
    moves[:, SEEN, SEEN] = visible * (w + (1 - w) * (1 - q))
    moves[:, SEEN, MISSED] = visible * (1 - w) * q
    moves[:, MISSED, SEEN] = visible * (1 - w) * (1 - q)
    moves[:, MISSED, MISSED] = visible * (w + (1 - w) * q)
    moves[:, (SEEN, MISSED), HIDDEN] = (there * between.hides)[:, None]
    moves[:, HIDDEN, SEEN] = there * shows * (1 - q)
    moves[:, HIDDEN, MISSED] = there * shows * q
    moves[:, HIDDEN, HIDDEN] = there * (1 - shows)
    moves[:, (SEEN, MISSED, HIDDEN), TAKEN] = r[:, None]
    moves[:, FALSE, FALSE] = between.habits.false_box_stays
    moves[:, FALSE, VANISHED] = 1 - between.habits.false_box_stays
    for absent in (TAKEN, VANISHED):
        moves[:, absent, SEEN] = chances.comes * spot * (1 - q)
        moves[:, absent, FALSE] = chances.false_boxes * spot
        moves[:, absent, absent] = 1 - moves[:, absent, SEEN] - moves[:, absent, FALSE]
    # Where a unit is and is not found, no other box came either; else time alone would speak for the unit.
    none_came = moves[:, TAKEN, TAKEN]
    for missing in (MISSED, HIDDEN):
        for still_missing in (MISSED, HIDDEN, TAKEN):
            moves[:, missing, still_missing] *= none_came
    return moves


def _likelihoods(between: Between) -> Numbers:
    """P(what is shown | state), (kinds of it, STATES)."""
    g, covered_on = between.glimpsing, 1 - between.shows
    covered = (g.covered_if_missed, g.covered_if_hidden, g.covered_if_taken)
    unchanged = (g.unchanged_if_missed, g.unchanged_if_hidden, g.unchanged_if_taken)
    gone = tuple(1 - c - u for c, u in zip(covered, unchanged, strict=True))
    # A false box that is not found any more is to the picture what a missed unit is: nothing happened there.
    rows = {
        Shown.UNCHANGED: (unchanged[0], unchanged[1], unchanged[2], unchanged[0]),
        Shown.COVERED: (covered[0], covered[1], covered[2], covered[0]),
        Shown.STILL_COVERED: (covered[0], 1.0, covered_on, covered[0]),
        Shown.GONE: (gone[0], gone[1], gone[2], gone[0]),
        Shown.STILL_GONE: (gone[0], 1.0, 1.0, gone[0]),
        Shown.BARED: (gone[0], gone[1] * (1 - covered_on), max(_BARED, 1 - covered_on), gone[0]),
        Shown.LOST: (1.0, 1.0, 1.0, 1.0),
    }
    table = np.zeros((len(Shown), STATES))
    table[np.ix_(sorted(FINDING), (SEEN, FALSE))] = 1.0
    table[Shown.UNNAMED, (SEEN, FALSE)] = between.habits.unnamed, between.habits.unnamed_false
    # What looks as it did and has no sure name is there again, be it a unit or a false box.
    table[Shown.STILL_UNNAMED, SEEN] = between.habits.false_box_stays
    for kind, row in rows.items():
        table[kind, (MISSED, HIDDEN, TAKEN, VANISHED)] = row
    return table


def _weigh_new_boxes(moves: Numbers, shown: NDArray[np.intp], g: Glimpsing) -> None:
    """Whether the picture changed where a box is that was not there tells where it comes from."""
    still = ((MISSED, SEEN, g.still_if_missed), (HIDDEN, SEEN, g.still_if_hidden), (TAKEN, SEEN, g.still_if_added))
    still += ((VANISHED, SEEN, g.still_if_added), (TAKEN, FALSE, g.still_if_false), (VANISHED, FALSE, g.still_if_false))
    for before, after, chance in still:
        moves[shown == Shown.STILL, before, after] *= chance
        moves[shown == Shown.NEW, before, after] *= 1 - chance


def _weigh_moved(moves: Numbers, shown: NDArray[np.intp], habits: Habits) -> None:
    """A thing at another place of the view: it was put there, or it went and another came."""
    moved = shown == Shown.MOVED
    moves[moved, SEEN, SEEN] *= habits.moved
    moves[moved, MISSED, SEEN] += habits.moved
    moves[moved, FALSE, FALSE] *= habits.moved


def _stand_for_others(moves: Numbers, shown: NDArray[np.intp], alike: Numbers) -> None:
    """Where nobody knows which of several was lost, each of them may be it."""
    lost = (shown == Shown.LOST)[:, None] * (alike[:, None] - 1) + 1
    moves[:, SEEN, MISSED:FALSE] *= lost
