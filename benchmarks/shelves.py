"""The spots of a simulated view, and what stands or stood there: for benchmarks.households."""

import random
from functools import cache

from pantrybox.inventory.view import Thing
from pantrybox.vision.model import Box, Verdict
from pantrybox.vision.standing import LONGEST_UNFOUND, SURELY_GONE

Cell = int
_ACROSS = 64
_MARGIN = 8
"""Cells at the edges for a camera that moves."""


class Cells:
    """Spots that do not overlap, and where the camera shows them."""

    def __init__(self, r: random.Random) -> None:
        self._r = r
        inside = range(_MARGIN, _ACROSS - _MARGIN)
        self._left = [row * _ACROSS + column for row in inside for column in inside]
        r.shuffle(self._left)
        self._next = 0
        self._right, self._down = 0.0, 0.0

    def free(self) -> Cell:
        """The one that was free for longest: nothing of what once stood there is remembered."""
        self._next = (self._next + 1) % len(self._left)
        return self._left[self._next]

    def shift(self) -> None:
        """Every box is elsewhere from now on."""
        self._right, self._down = self._r.uniform(-_MARGIN, _MARGIN), self._r.uniform(-_MARGIN, _MARGIN)

    def box(self, cell: Cell) -> Box:
        return _box(cell, self._right, self._down)

    def thing(self, box: Box | None, item_id: int | None, still: bool | None) -> Thing:
        return _thing(box, item_id, still)


@cache
def _box(cell: Cell, right: float, down: float) -> Box:
    row, column = divmod(cell, _ACROSS)
    left, top = (column + right) / _ACROSS, (row + down) / _ACROSS
    return Box(left, top, left + 0.9 / _ACROSS, top + 0.9 / _ACROSS)


@cache
def _thing(box: Box | None, item_id: int | None, still: bool | None) -> Thing:
    return Thing(box, item_id, CONFIDENCE, still=still)


CONFIDENCE = 0.9
"""Of every name, right or wrong: it gives nothing away."""


class Remembered:
    """What the eye knows of a thing that it once found: vision.standing."""

    __slots__ = ("cell", "gone", "known", "unfound", "verdict")

    def __init__(self, cell: Cell, verdict: Verdict | None, gone: int, unfound: int, *, known: bool) -> None:
        self.cell, self.verdict, self.gone, self.unfound, self.known = cell, verdict, gone, unfound, known

    def looked_for(self, verdict: Verdict) -> None:
        """In a readable photograph in which it was not found."""
        self.gone = self.gone + 1 if verdict == "gone" else 0
        self.unfound += 1
        self.known = self.gone < SURELY_GONE and self.unfound < LONGEST_UNFOUND
        self.verdict = verdict


class Unit(Remembered):
    __slots__ = ("found", "fresh", "hidden_until", "missed", "name", "was_hidden")

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell, None, 0, 0, known=False)
        self.hidden_until = -1.0
        self.missed = False
        self.put(cell)

    def put(self, cell: Cell) -> None:
        """At another spot, where nobody has seen it yet."""
        self.cell = cell
        self.fresh = True
        self.known = self.found = self.was_hidden = False
        self.name: int | None = None
        self.verdict, self.gone, self.unfound = None, 0, 0

    def seen(self, name: int) -> None:
        """In a readable photograph."""
        self.known = self.found = True
        self.fresh = self.was_hidden = False
        self.verdict, self.gone, self.unfound = None, 0, 0
        self.name = name


class Ghost(Remembered):
    """Nothing is there any more, or never was."""

    __slots__ = ("covered", "false")

    def __init__(
        self,
        cell: Cell,
        verdict: Verdict | None,
        gone: int = 0,
        unfound: int = 0,
        *,
        covered: bool = False,
        false: bool = False,
    ) -> None:
        super().__init__(cell, verdict, gone, unfound, known=True)
        self.covered, self.false = covered, false
