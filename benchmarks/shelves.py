"""The spots of a simulated view, and what stands or stood there: for benchmarks.watched."""

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
        self._inside = [row * _ACROSS + column for row in inside for column in inside]
        r.shuffle(self._inside)
        self._taken = set[Cell]()
        self._next = 0
        self._right, self._down = 0.0, 0.0

    def free(self) -> Cell:
        """The one that was left alone for longest: nothing of what once stood there is remembered."""
        while True:
            self._next = (self._next + 1) % len(self._inside)
            if self.take(self._inside[self._next]):
                return self._inside[self._next]

    def take(self, cell: Cell) -> bool:
        """False when something stands there."""
        if cell in self._taken:
            return False
        self._taken.add(cell)
        return True

    def leave(self, cell: Cell) -> None:
        self._taken.discard(cell)

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

    def __init__(self, cell: Cell) -> None:
        self.put(cell)

    def put(self, cell: Cell) -> None:
        """At another spot, where nobody has seen it yet."""
        self.cell = cell
        self.known = False
        self.verdict: Verdict | None = None
        self.gone = self.unfound = 0

    def looked_for(self, verdict: Verdict) -> None:
        """In a readable photograph in which it was not found."""
        self.gone = self.gone + 1 if verdict == "gone" else 0
        self.unfound += 1
        self.known = self.gone < SURELY_GONE and self.unfound < LONGEST_UNFOUND
        self.verdict = verdict


class Unit(Remembered):
    __slots__ = ("found", "fresh", "hidden_until", "missed", "name", "was_hidden")

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell)
        self.hidden_until = -1.0
        self.missed = False

    def put(self, cell: Cell) -> None:
        super().put(cell)
        self.fresh = True
        """In no readable photograph yet, since it was put there."""
        self.found = self.was_hidden = False
        """In the readable photograph before."""
        self.name: int | None = None
        """By which it was last found."""

    def seen(self, name: int) -> None:
        """In a readable photograph."""
        self.known = self.found = True
        self.fresh = self.was_hidden = False
        self.verdict, self.gone, self.unfound = None, 0, 0
        self.name = name


class FalseBox(Remembered):
    __slots__ = ("item",)

    def __init__(self, cell: Cell, item: int) -> None:
        super().__init__(cell)
        self.item = item


class Ghost(Remembered):
    """Where a thing was found once and there is none any more, or never was."""

    __slots__ = ("covered", "false")

    def __init__(self, was: Unit | FalseBox) -> None:
        super().__init__(was.cell)
        self.known, self.verdict, self.gone, self.unfound = True, was.verdict, was.gone, was.unfound
        self.false = isinstance(was, FalseBox)
        self.covered = isinstance(was, Unit) and was.was_hidden and was.verdict == "covered"
