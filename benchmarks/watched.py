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
from math import exp, inf, log
from typing import NamedTuple

import numpy as np

from benchmarks.households import (
    HOUR_MS,
    ITEMS,
    MISTAKEN,
    MOST_FOUND_IF_BAD,
    NOTICED,
    VIEW,
    Life,
    Noise,
    Truth,
    World,
    changes_of,
    photographs_of,
)
from benchmarks.shelves import Cell, Cells, FalseBox, Ghost, Remembered, Unit
from pantrybox.inventory.rates import Glimpsing, When
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Glance, Verdict

VERDICTS: tuple[Verdict, ...] = ("covered", "unchanged", "gone")
_MOVING = 13.5 * 1.7 * ITEMS
"""Units by photographs at the door, a day."""


class Moment(NamedTuple):
    """A photograph as it is taken."""

    hour: float
    before: float
    """The hour of the photograph before."""
    when: When
    bad: bool
    readable: bool
    found_if_bad: float
    verdicts_if_bad: list[float]
    """Weights of VERDICTS."""
    things: list[Thing]
    glances: list[Glance]
    unclear: set[int]
    """Items of which something is missed, hidden, false or misnamed."""

    @property
    def hours(self) -> float:
        return self.hour - self.before


def world(seed: int, noise: Noise, life: Life, days: float, glimpsing: Glimpsing) -> World:
    return Household(seed, noise, life, days, glimpsing).watched()


class Household:
    """And the eye that watches it: what it remembers stands with each thing."""

    def __init__(self, seed: int, noise: Noise, life: Life, days: float, glimpsing: Glimpsing) -> None:
        self._r = random.Random(f"{seed} {noise.name}")
        self._noise, self._life, self._cues = noise, life, glimpsing
        self._start, self._changes = changes_of(self._r, days)
        self._taken = photographs_of(self._r, days, self._changes)
        self._misses = [1 - self._r.uniform(*noise.seen) for _ in range(ITEMS)]
        self._cells = Cells(self._r)
        self._units = [[Unit(self._cells.free()) for _ in range(count)] for count in self._start]
        self._former: list[list[Cell]] = [[] for _ in range(ITEMS)]
        self._ghosts: list[Ghost] = []
        self._false: list[FalseBox] = []
        self._camera_at = self._next_camera(0.0)
        self._camera_moved = self._bad_before = False

    def watched(self) -> World:
        shape = (len(self._taken), ITEMS)
        true, boxes, clear = np.zeros(shape, np.int16), np.zeros(shape, np.int16), np.zeros(shape, np.bool_)
        views: list[View] = []
        coming, before = list(reversed(self._changes)), 0.0
        for rank, (hour, when) in enumerate(self._taken):
            while coming and coming[-1].hour <= hour:
                self._change(coming.pop())
            now = self._moment(hour, before, when)
            views.append(self._photograph(rank, now))
            for thing in now.things:
                boxes[rank, (thing.item_id or 0) - 1] += 1
            true[rank] = [len(units) for units in self._units]
            clear[rank] = now.readable and not now.bad
            clear[rank, list(now.unclear)] = False
            before = hour
        hours = np.array([hour for hour, _ in self._taken])
        return World(self._noise, self._life, views, hours, true, boxes, clear, self._start, self._changes)

    def _next_camera(self, hour: float) -> float:
        return hour + 24 * self._life.camera_days * self._r.uniform(0.7, 1.3) if self._life.camera_days else inf

    def _moment(self, hour: float, before: float, when: When) -> Moment:
        r = self._r
        bad = self._life.bad_views and r.random() < self._noise.bad
        noticed = self._life.bad_views and r.random() < (NOTICED if bad else MISTAKEN)
        weights = [r.expovariate(1) for _ in VERDICTS]
        return Moment(hour, before, when, bad, not noticed, MOST_FOUND_IF_BAD * r.random(), weights, [], [], set())

    # What happens

    def _change(self, change: Truth) -> None:
        units, former = self._units[change.item], self._former[change.item]
        for _ in range(-change.delta):
            unit = units.pop(self._r.randrange(len(units)))
            self._leave(unit, change.item)
        for _ in range(change.delta):
            again = former and self._r.random() < self._life.same_spot and self._cells.take(former[-1])
            units.append(Unit(former.pop() if again else self._cells.free()))
            stood = next((ghost for ghost in self._ghosts if ghost.cell == units[-1].cell), None)
            if stood:
                self._ghosts.remove(stood)
                units[-1].known = True

    def _leave(self, unit: Unit, item: int) -> None:
        """The eye goes on looking for what it found there."""
        self._cells.leave(unit.cell)
        self._former[item].append(unit.cell)
        if unit.known:
            self._ghosts.append(Ghost(unit))

    def _move_camera(self, hour: float) -> None:
        self._camera_at, self._camera_moved = self._next_camera(hour), True
        self._cells.shift()
        self._ghosts = []
        for thing in (*self._false, *(unit for units in self._units for unit in units)):
            thing.known = False

    def _live(self, unit: Unit, item: int, now: Moment) -> tuple[bool, bool]:
        """Whether it is hidden now, and whether it was at any time since the photograph before."""
        noise = self._noise
        if unit.hidden_until < now.before and self._life.hiding:
            hides = 1 - exp(-now.hours / (24 * noise.hides_days))
            if self._r.random() < hides:
                since = now.before + now.hours * self._r.random()
                unit.hidden_until = since + self._r.expovariate(log(2) / noise.hidden_hours)
        was, hidden = unit.hidden_until >= now.before, unit.hidden_until >= now.hour
        at_door = now.when == "door"
        if at_door and not hidden and unit.found and self._r.random() < self._life.moves_a_day / _MOVING:
            self._leave(unit, item)
            unit.put(self._cells.free())
        stays = noise.miss_stays_door if at_door else noise.miss_stays_timer
        if unit.fresh or (was and not hidden) or self._r.random() >= stays:
            unit.missed = self._r.random() < self._misses[item]
        return hidden, was

    # What the photograph shows

    def _photograph(self, rank: int, now: Moment) -> View:
        if now.hour >= self._camera_at:
            self._move_camera(now.hour)
        for item, units in enumerate(self._units):
            for unit in units:
                self._show(unit, item, now)
        self._false_boxes(now)
        things, moved = now.things, self._camera_moved and now.readable
        if moved:
            things = [self._cells.thing(thing.box, thing.item_id, None) for thing in things]
        if now.readable:
            self._look_for_ghosts(now)
            self._camera_moved, self._bad_before = False, now.bad
        at_ms = int(now.hour * HOUR_MS)
        return View(rank + 1, at_ms, VIEW, tuple(things), tuple(now.glances), now.readable, True, moved, now.when)

    def _show(self, unit: Unit, item: int, now: Moment) -> None:
        hidden, was = self._live(unit, item, now)
        if hidden or unit.missed or (now.bad and self._r.random() >= now.found_if_bad):
            now.unclear.add(item)
            if now.readable:
                self._not_found(unit, now, hidden=hidden)
            return
        still = self._r.random() < self._still(unit, hidden_before=was or unit.was_hidden)
        name = self._name(unit, item, still=still)
        if name != item:
            now.unclear.update((name, item))
        now.things.append(self._cells.thing(self._cells.box(unit.cell), name + 1, still))
        if now.readable:
            unit.seen(name)

    def _still(self, unit: Unit, *, hidden_before: bool) -> float:
        """The chance that the picture in a box is as it was in the readable photograph before."""
        if unit.fresh or self._bad_before:
            return self._cues.still_if_added
        if hidden_before and not unit.found:
            return self._cues.still_if_hidden
        return self._cues.still_if_missed

    def _name(self, unit: Unit, item: int, *, still: bool) -> int:
        if still and unit.found and unit.name is not None:
            return unit.name
        alike = item < 2 * self._life.pairs and self._r.random() < self._life.misnamed
        return item ^ 1 if alike else item

    def _not_found(self, unit: Unit, now: Moment, *, hidden: bool) -> None:
        if unit.known:
            cues = self._cues
            if hidden and unit.was_hidden and unit.verdict in {"covered", "gone"}:
                verdict = unit.verdict
            elif hidden:
                verdict = self._verdict(cues.covered_if_hidden, cues.unchanged_if_hidden)
            else:
                verdict = self._verdict(cues.covered_if_missed, cues.unchanged_if_missed)
            self._glance(unit, verdict, now)
        unit.fresh = unit.found = False
        unit.was_hidden = hidden and not now.bad

    def _verdict(self, covered: float, unchanged: float) -> Verdict:
        x = self._r.random()
        return "covered" if x < covered else "unchanged" if x < covered + unchanged else "gone"

    def _glance(self, thing: Remembered, verdict: Verdict, now: Moment) -> None:
        if now.bad:
            verdict = self._r.choices(VERDICTS, now.verdicts_if_bad)[0]
        now.glances.append(Glance(self._cells.box(thing.cell), verdict))
        thing.looked_for(verdict)

    def _false_boxes(self, now: Moment) -> None:
        r, kept = self._r, list[FalseBox]()
        for one in self._false:
            if r.random() < self._noise.false_box_stays:
                kept.append(one)
                continue
            self._cells.leave(one.cell)
            if one.known:
                self._ghosts.append(Ghost(one))
        rate = self._noise.false_boxes if self._life.false_boxes else 0.0
        kept += [FalseBox(self._cells.free(), item) for item in range(ITEMS) if r.random() < rate]
        for one in kept:
            now.unclear.add(one.item)
            if not now.bad or r.random() < now.found_if_bad:
                still = r.random() < self._cues.still_if_false
                now.things.append(self._cells.thing(self._cells.box(one.cell), one.item + 1, still))
                one.known = one.known or now.readable
        self._false = kept

    def _look_for_ghosts(self, now: Moment) -> None:
        cues = self._cues
        for ghost in self._ghosts:
            if ghost.false:
                verdict = self._verdict(cues.covered_if_missed, cues.unchanged_if_missed)
            elif ghost.covered:
                ghost.covered = self._r.random() < 0.5 ** (now.hours / self._noise.hidden_hours)
                verdict = "covered" if ghost.covered else "gone"
            elif ghost.verdict == "gone":
                verdict = "gone"
            else:
                verdict = self._verdict(cues.covered_if_taken, cues.unchanged_if_taken)
                ghost.covered = verdict == "covered"
            self._glance(ghost, verdict, now)
        self._ghosts = [ghost for ghost in self._ghosts if ghost.known]
