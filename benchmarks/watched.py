"""What a fixed camera shows of a simulated household, photograph by photograph. For benchmarks.counting.

Each unit has a spot of its own. It may be missed (and what is missed stays missed, see Noise), hide behind something,
be put elsewhere, or be called what it resembles; false boxes come and stay a while; views are bad, which is mostly but
not always noticed; now and then the camera is moved, and then the eye has forgotten what it saw.

What the pixels say follows vision.standing: of each thing that was found once and is not found now there is a glance,
until its place is bare in two photographs in a row. A missed unit's verdict is thrown anew in each photograph; what
covers a hidden one stays. A name stays while the picture of a thing is as it was (decision 0017), else it is thrown
anew. How often verdicts are right is inventory.rates.Glimpsing. In a bad view that was not noticed they have nothing to
do with the truth: how many are covered, unchanged and gone is drawn for each view, every mixture as likely.
"""

import random
from collections.abc import Callable
from math import exp, inf, log
from typing import NamedTuple

import numpy as np

from benchmarks.households import HOUR_MS, ITEMS, VIEW, Life, Noise, Truth, World, changes_of, photographs_of
from benchmarks.shelves import Cell, Cells, Ghost, Unit
from pantrybox.inventory.rates import Glimpsing, When
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Glance, Verdict


class _Moment(NamedTuple):
    """A photograph as it is taken."""

    hour: float
    before: float
    """The hour of the photograph before."""
    when: When
    bad: bool
    readable: bool
    found_if_bad: float
    verdicts_if_bad: list[float]
    """Weights of covered, unchanged and gone."""


_VERDICTS: tuple[Verdict, ...] = ("covered", "unchanged", "gone")


class Household:
    """Photograph by photograph."""

    def __init__(self, seed: int, noise: Noise, life: Life, glimpsing: Glimpsing, days: float) -> None:
        self._r = random.Random(f"{seed} {noise.name}")
        self._noise, self._life, self._g = noise, life, glimpsing
        self._count, self._changes = changes_of(self._r, days)
        self._taken = photographs_of(self._r, days, self._changes)
        self._missed = [1 - self._r.uniform(*noise.seen) for _ in range(ITEMS)]
        self._cells = Cells(self._r)
        self._units = [[Unit(self._cells.free()) for _ in range(count)] for count in self._count]
        self._former: list[list[Cell]] = [[] for _ in range(ITEMS)]
        self._ghosts: list[Ghost] = []
        self._false: list[tuple[int, Cell, list[bool]]] = []
        self._camera_at = self._next_camera(0.0)
        self._camera_moved = self._bad_before = False

    def world(self) -> World:
        shape = (len(self._taken), ITEMS)
        true, boxes, clear = np.zeros(shape, np.int16), np.zeros(shape, np.int16), np.zeros(shape, np.bool_)
        views: list[View] = []
        pending, before = list(reversed(self._changes)), 0.0
        for rank, (hour, when) in enumerate(self._taken):
            while pending and pending[-1].hour <= hour:
                self._change(pending.pop())
            moment = self._moment(hour, before, when)
            unclear = set[int]()
            view = self._photograph(rank, moment, unclear)
            views.append(view)
            for thing in view.things:
                boxes[rank, (thing.item_id or 0) - 1] += 1
            true[rank] = [len(units) for units in self._units]
            clear[rank] = moment.readable and not moment.bad
            clear[rank, list(unclear)] = False
            before = hour
        hours = np.array([hour for hour, _ in self._taken])
        return World(self._noise, self._life, views, hours, true, boxes, clear, self._count, self._changes)

    def _next_camera(self, hour: float) -> float:
        return (
            hour + 24 * self._life.camera_days * self._r.uniform(0.7, 1.3) if self._life.camera_days else float("inf")
        )

    def _moment(self, hour: float, before: float, when: When) -> _Moment:
        r = self._r
        bad = self._life.bad_views and r.random() < self._noise.bad
        noticed = self._life.bad_views and r.random() < (NOTICED if bad else MISTAKEN)
        weights = [r.expovariate(1) for _ in _VERDICTS]
        return _Moment(hour, before, when, bad, not noticed, MOST_FOUND_IF_BAD * r.random(), weights)

    def _change(self, change: Truth) -> None:
        units, former = self._units[change.item], self._former[change.item]
        for _ in range(-change.delta):
            unit = units.pop(self._r.randrange(len(units)))
            self._leave(unit)
            former.append(unit.cell)
        for _ in range(change.delta):
            again = bool(former) and self._r.random() < self._life.same_spot
            cell = former.pop() if again else self._cells.free()
            unit = Unit(cell)
            there = [ghost for ghost in self._ghosts if ghost.cell == cell]
            if there:
                self._ghosts.remove(there[0])
                unit.known = True
            units.append(unit)

    def _leave(self, unit: Unit) -> None:
        """The eye goes on looking for what it found there."""
        if unit.known:
            covered = unit.verdict == "covered" and unit.was_hidden
            self._ghosts.append(Ghost(unit.cell, unit.verdict, unit.gone, unit.unfound, covered=covered))

    def _photograph(self, rank: int, now: _Moment, unclear: set[int]) -> View:
        if now.hour >= self._camera_at:
            self._camera_at = self._next_camera(now.hour)
            self._camera_moved = True
            self._cells.shift()
            self._ghosts = []
            for units in self._units:
                for unit in units:
                    unit.known = False
        moved = self._camera_moved and now.readable
        things, glances = list[Thing](), list[Glance]()
        for item in range(ITEMS):
            self._units_of(item, now, things, glances, unclear)
        self._false_boxes(now, things, unclear)
        if now.readable:
            self._look_for_ghosts(now, glances)
            self._camera_moved, self._bad_before = False, now.bad
        if moved:
            things = [self._cells.thing(thing.box, thing.item_id, None) for thing in things]
        at_ms = int(now.hour * HOUR_MS)
        return View(rank + 1, at_ms, VIEW, tuple(things), tuple(glances), now.readable, True, moved, now.when)

    def _units_of(self, item: int, now: _Moment, things: list[Thing], glances: list[Glance], unclear: set[int]) -> None:
        r, noise = self._r, self._noise
        hours = now.hour - now.before
        hides = 1 - exp(-hours / (24 * noise.hides_days)) if self._life.hiding else 0.0
        moves = self._life.moves_a_day / (13.5 * 1.6 * ITEMS) if now.when == "door" else 0.0
        stays = noise.miss_stays_door if now.when == "door" else noise.miss_stays_timer
        for unit in self._units[item]:
            if unit.hidden_until < now.before and r.random() < hides:
                unit.hidden_until = now.before + hours * r.random() + r.expovariate(log(2) / noise.hidden_hours)
            was, hidden = unit.hidden_until >= now.before, unit.hidden_until >= now.hour
            if moves and not hidden and unit.found and r.random() < moves:
                self._leave(unit)
                self._former[item].append(unit.cell)
                unit.put(self._cells.free())
            if unit.fresh or (was and not hidden) or r.random() >= stays:
                unit.missed = r.random() < self._missed[item]
            found = not hidden and not unit.missed and (not now.bad or r.random() < now.found_if_bad)
            if not found:
                unclear.add(item)
                if now.readable:
                    self._unfound(unit, now, glances, hidden=hidden)
                continue
            still = r.random() < self._still(unit, hidden_before=was or unit.was_hidden)
            name = self._name(unit, item, still=still)
            if name != item:
                unclear.update((name, item))
            things.append(self._cells.thing(self._cells.box(unit.cell), name + 1, still))
            if now.readable:
                unit.seen(name)

    def _still(self, unit: Unit, *, hidden_before: bool) -> float:
        """The chance that the picture in a box is as it was in the readable photograph before."""
        if unit.fresh:
            return self._g.still_if_added
        if hidden_before and not unit.found:
            return self._g.still_if_hidden
        return self._g.still_if_added if self._bad_before else self._g.still_if_missed

    def _name(self, unit: Unit, item: int, *, still: bool) -> int:
        if still and unit.found and unit.name is not None:
            return unit.name
        if item < 2 * self._life.pairs and self._r.random() < self._life.misnamed:
            return item ^ 1
        return item

    def _unfound(self, unit: Unit, now: _Moment, glances: list[Glance], *, hidden: bool) -> None:
        if unit.known:
            if now.bad:
                verdict = self._verdict_if_bad(now)
            elif hidden and unit.was_hidden and unit.verdict in {"covered", "gone"}:
                verdict = unit.verdict
            elif hidden:
                verdict = self._verdict(self._g.covered_if_hidden, self._g.unchanged_if_hidden)
            else:
                verdict = self._verdict(self._g.covered_if_missed, self._g.unchanged_if_missed)
            glances.append(Glance(self._cells.box(unit.cell), verdict))
            unit.looked_for(verdict)
        unit.fresh = unit.found = False
        unit.was_hidden = hidden and not now.bad

    def _verdict(self, covered: float, unchanged: float) -> Verdict:
        x = self._r.random()
        return "covered" if x < covered else "unchanged" if x < covered + unchanged else "gone"

    def _verdict_if_bad(self, now: _Moment) -> Verdict:
        return self._r.choices(_VERDICTS, now.verdicts_if_bad)[0]

    def _false_boxes(self, now: _Moment, things: list[Thing], unclear: set[int]) -> None:
        r, kept = self._r, list[tuple[int, Cell, list[bool]]]()
        for item, cell, known in self._false:
            if r.random() < self._noise.false_box_stays:
                kept.append((item, cell, known))
            elif known:
                self._ghosts.append(Ghost(cell, "unchanged", false=True))
        rate = self._noise.false_boxes if self._life.false_boxes else 0.0
        kept += [(item, self._cells.free(), []) for item in range(ITEMS) if r.random() < rate]
        for item, cell, known in kept:
            unclear.add(item)
            if not now.bad or r.random() < now.found_if_bad:
                still = r.random() < self._g.still_if_false
                things.append(self._cells.thing(self._cells.box(cell), item + 1, still))
                if now.readable:
                    known[:] = [True]
        self._false = kept

    def _look_for_ghosts(self, now: _Moment, glances: list[Glance]) -> None:
        g, kept = self._g, list[Ghost]()
        for ghost in self._ghosts:
            if now.bad:
                verdict = self._verdict_if_bad(now)
            elif ghost.false:
                verdict = self._verdict(g.covered_if_missed, g.unchanged_if_missed)
            elif ghost.covered:
                ghost.covered = self._r.random() < 0.5 ** ((now.hour - now.before) / self._noise.hidden_hours)
                verdict = "covered" if ghost.covered else "gone"
            elif ghost.verdict == "gone":
                verdict = "gone"
            else:
                verdict = self._verdict(g.covered_if_taken, g.unchanged_if_taken)
                ghost.covered = verdict == "covered"
            glances.append(Glance(self._cells.box(ghost.cell), verdict))
            ghost.looked_for(verdict)
            if ghost.known:
                kept.append(ghost)
        self._ghosts = kept
