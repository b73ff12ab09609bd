"""Why a count is believed: the units that it is made of, each with the photograph or the word that speaks for it. Pure.

The queries that fill it in are in why_queries.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from pantrybox.inventory.belief import DECIMALS, Belief
from pantrybox.inventory.lives import FALSE, HIDDEN, MISSED, SEEN, TAKEN, VANISHED, Shown
from pantrybox.inventory.observations import Moment, SeenBox
from pantrybox.inventory.shelf import Track
from pantrybox.vision.model import Box

State = Literal["seen", "missed", "hidden", "taken", "false", "told"]
"""Found in the newest photograph; there and not found; there behind something; not there any more; never a unit of it;
there because somebody says so."""

LEAST_CHANCE = 0.02
"""What is less probably a unit, and was never one, is left out."""
_SAME_BOX_IOU = 0.95
"""A track keeps the box of its detection rounded."""
_PROBABLY = 0.5


class Photograph(msgspec.Struct, frozen=True):
    """Where a unit was last found."""

    capture_id: str
    captured_at_ms: int
    has_image: bool
    model: str
    """Which looked at it."""
    box: Box | None
    """None: nobody knows where in the view."""
    detection: SeenBox | None
    """What the newest look at the photograph says of that box; None when it has none there any more."""


class Unit(msgspec.Struct, frozen=True):
    state: State
    chance: float
    """That it is there; of several, that all of them are."""
    count: int = 1
    """So many that are alike."""
    shown: Shown | None = None
    """What the newest readable photograph showed of it; None for what no camera sees."""
    photograph: Photograph | None = None
    looked: Moment | None = None
    """The newest photograph of its camera, for what is not found in that."""
    behind: str | None = None
    """The item that stands before it."""
    disowned: bool = False
    """A person's count left no room for it."""
    camera: str | None = None


class Word(msgspec.Struct, frozen=True):
    """The newest one about an item at a place."""

    count: int
    """So many were said to be there then."""
    said_by: str
    said_at_ms: int


class Reasons(msgspec.Struct, frozen=True):
    """Why the count of an item at one place is what it is."""

    place_id: int
    place_name: str
    shown_count: int
    confidence: float
    confirmed_count: int
    belief: Belief
    units: list[Unit]
    """The likeliest first. Where several cameras see the place, each shows its own; the larger number counts."""
    word: Word | None
    missed_rate: float
    """The chance that a unit in plain view is not found here,"""
    false_rate: float
    """and how many boxes a photograph begin to be taken for one and are none."""

    @property
    def is_watched(self) -> bool:
        """A camera sees, or saw, some of it."""
        return any(unit.camera is not None for unit in self.units)


# The rules


def state_of(track: Track) -> State:
    """What is most probably the matter with it, once it is settled whether there is a unit at all."""
    if track.box is None and not track.found_in:
        return "told"
    states = (SEEN, MISSED, HIDDEN) if track.unit >= _PROBABLY else (TAKEN, FALSE, VANISHED)
    return _CALLED[max(states, key=lambda state: track.states[state])]


_CALLED: dict[int, State] = {
    SEEN: "seen",
    MISSED: "missed",
    HIDDEN: "hidden",
    TAKEN: "taken",
    FALSE: "false",
    VANISHED: "false",
}


def is_told_of(track: Track) -> bool:
    """Whether it explains anything: a unit, one that was taken, or a box that a person's count left no room for.

    What was most probably never a unit is left out; so is what the shelf forgot since it was taken: see the ledger.
    """
    return track.unit >= LEAST_CHANCE or track.disowned or state_of(track) == "taken"


def units_told(told: Belief) -> Unit | None:
    """Those that people say are there and no camera shows; None where there are none."""
    count = max(1, told.shown_count)
    chance = sum(told.p[max(0, count - told.low) :])
    return Unit("told", round(min(1.0, chance), DECIMALS), count) if chance >= LEAST_CHANCE else None


def found_box(box: Box, boxes: Iterable[SeenBox]) -> SeenBox | None:
    """The detection that a track's box is of; None when it is not among these."""
    best = max(boxes, key=lambda seen: seen.box.iou(box), default=None)
    return best if best is not None and best.box.iou(box) >= _SAME_BOX_IOU else None


def in_order(units: Sequence[Unit]) -> list[Unit]:
    """The likeliest first; what is alike and was never photographed stands together, as many as there may be."""
    heaps = Counter(unit for unit in units if unit.photograph is None)
    told = [unit for unit in units if unit.photograph is not None]
    told += [msgspec.structs.replace(unit, count=unit.count * many) for unit, many in heaps.items()]
    return sorted(told, key=lambda unit: -unit.chance)
