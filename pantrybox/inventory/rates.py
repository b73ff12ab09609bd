"""The parameters of the count, all of them in one place: how often things are missed, hide, come and go. Pure.

Rates of items and places are guesses that a household's own photographs correct (`Learned`). What they
were chosen on stands in docs/design/counting.md.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from pantrybox.inventory.columns import Numbers, table

When = Literal["door", "timer"]
"""Why a photograph was taken: somebody was there (door, light, motion, by hand, or nobody said), or time had passed."""


class Habits(msgspec.Struct, frozen=True):
    """How things behave between two photographs of a place."""

    missed: float = 0.10
    """The chance that a unit in plain view is not found, before an item's own photographs say otherwise."""
    false_boxes: float = 0.015
    """Boxes a photograph that begin to be taken for an item and are not, likewise."""
    changed: float = 0.04
    """The chance that an item's count changed when somebody was there, before a place's photographs say otherwise."""
    changed_an_hour: float = 0.0006
    """The same when nobody was noticed, an hour."""
    removed: float = 0.59
    """Of the changes, those to fewer."""
    stocked: float = 0.8
    """Of the time, that in which there is any of an item: only then can it be taken."""
    another: float = 0.4
    """The chance that one more unit comes with one that comes,"""
    another_taken: float = 0.1
    """and that one more is taken with one that is taken."""
    unheard: float = 0.05
    """The least chance that a thing comes that was never at the place, where the eye names one."""
    lacking: float = 0.45
    """Of the most units that there ever were, the share that is lacking on average: the more, the sooner some come;"""
    lacking_at_least: float = 0.15
    """and one may come where none is lacking."""
    miss_stays_door: float = 0.5
    """The chance that whether a unit is found stays as it was, without a new throw, though somebody was there;"""
    miss_stays_timer: float = 0.8
    """and when nobody was."""
    false_box_stays: float = 0.6
    """The chance that a false box is there again."""
    unnamed: float = 0.05
    """The chance that a unit which is found, and was named before, cannot be named;"""
    unnamed_false: float = 0.25
    """and that a false box cannot. benchmarks/fridge.py"""
    hides_an_hour: float = 1 / (15 * 24)
    """The chance that a unit comes to stand behind something,"""
    hides_a_visit: float = 0.002
    """and that somebody who was there put something before it, whenever that was."""
    hidden_hours: float = 12.0
    """The median time that it stays there,"""
    uncovered: float = 0.05
    """and the chance that somebody who was there brought it to light, whenever that was."""
    moved: float = 0.03
    """The chance that a unit was put to another place in the same view."""
    same_spot: float = 0.15
    """Of the units that come, those that are put just where one was before."""

    def sooner(self, units: Numbers, most: NDArray[np.intp]) -> Numbers:
        """How much sooner than on average more comes of items, by how many there are and the most there ever were."""
        lacking = np.maximum(self.lacking_at_least, 1 - units / np.maximum(1, most))
        return np.where(most > 0, lacking / self.lacking, 1.0)


class Glimpsing(msgspec.Struct, frozen=True):
    """P(verdict | what became of a unit that is not found), and P(still | what a new box is).

    From benchmarks/cues.py (docs/design/cues.md), with some doubt added: a household's light is less even
    than that of what was measured. What is missing to 1 is the verdict "gone".
    """

    covered_if_missed: float = 0.02
    covered_if_hidden: float = 0.80
    covered_if_taken: float = 0.065
    unchanged_if_missed: float = 0.92
    unchanged_if_hidden: float = 0.01
    unchanged_if_taken: float = 0.01
    still_if_missed: float = 0.92
    """That the picture is as it was where a box is new, which is one of a unit that was missed,"""
    still_if_hidden: float = 0.02
    """hidden,"""
    still_if_added: float = 0.01
    """not there,"""
    still_if_false: float = 0.70
    """or a false one."""


class Learned(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an item's own photographs at a place told about it: expected numbers, older ones fading."""

    looks: float = 0.0
    """At units in plain view, as far as each was a new throw,"""
    missed: float = 0.0
    """and those of them in which the unit was not found."""
    photographs: float = 0.0
    false_boxes: float = 0.0
    """That ended in them, which are as many as began."""

    changes: float = 0.0
    """Of its count,"""
    expected_changes: float = 0.0
    """and how many there would have been had it changed as often as anything at the place."""
    until: int = 0
    """All of this as of the place's photograph of this number,"""
    expected_until: float = 0.0
    """when so many changes had been expected of each item there."""


LEARNED = 6
"""Numbers that are learned."""
LOOKS, NOT_FOUND, PHOTOGRAPHS, FALSE_BOXES, CHANGES, EXPECTED_CHANGES = range(LEARNED)


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """What every item of a place has been through: what was learned of any of them fades by it.

    Most photographs tell something about few items. The others are brought up to date when they are asked for.
    """

    photographs: int = 0
    expected_changes: float = 0.0
    """Of each item that was there from the first of them on, older ones fading."""

    def after_one_more(self, expected_changes: float) -> "Tally":
        return Tally(self.photographs + 1, round(FADES * self.expected_changes + expected_changes, 4))


def up_to_date(learned: Sequence[Learned], tally: Tally) -> Numbers:
    """What was learned of items, as of now, (n, LEARNED)."""
    known = table(map(astuple, learned), LEARNED + 2)
    fades = FADES ** (tally.photographs - known[:, LEARNED])
    now = fades[:, None] * known[:, :LEARNED]
    now[:, PHOTOGRAPHS] += (1 - fades) / (1 - FADES)
    now[:, EXPECTED_CHANGES] += tally.expected_changes - fades * known[:, LEARNED + 1]
    return now


class ItemRates(NamedTuple):
    """Of one item; as in Rates."""

    missed: float
    false_boxes: float
    pace: float


class Rates(NamedTuple):
    """Of items, (n,) each."""

    missed: Numbers
    """How often a unit in plain view is not found."""
    false_boxes: Numbers
    """That begin, a photograph."""
    pace: Numbers
    """How much more often its count changes than others at the place do."""

    def one_by_one(self) -> list[ItemRates]:
        return list(map(ItemRates, self.missed.tolist(), self.false_boxes.tolist(), self.pace.tolist()))


def rates_of(learned: Numbers, habits: Habits) -> Rates:
    """Of what is known as of now, (n, LEARNED)."""
    looks, missed, photographs, false_boxes, changes, expected = learned.T
    missed_rate = (LOOKS_OF_A_GUESS * habits.missed + missed) / (LOOKS_OF_A_GUESS + looks)
    whole = PHOTOGRAPHS_OF_A_GUESS + photographs
    false_rate = (PHOTOGRAPHS_OF_A_GUESS * habits.false_boxes + false_boxes) / whole
    pace = (CHANGES_OF_A_GUESS + changes) / (CHANGES_OF_A_GUESS + expected)
    return Rates(
        np.minimum(0.5, np.maximum(0.005, missed_rate)),
        np.minimum(0.2, np.maximum(0.0005, false_rate)),
        np.minimum(5.0, np.maximum(0.2, pace)),
    )


LOOKS_OF_A_GUESS = 30.0
"""A guess at the rate of misses weighs as much as so many looks,"""
PHOTOGRAPHS_OF_A_GUESS = 60.0
"""one at the rate of false boxes as much as so many photographs,"""
VISITS_OF_A_GUESS = 60.0
"""one at the rate of changes at a place as much as so many times that somebody was at one item,"""
CHANGES_OF_A_GUESS = 3.0
"""and that an item changes as often as others do as much as so many changes."""
FADES = 0.9995
"""What was learned loses this much of its weight a photograph."""
