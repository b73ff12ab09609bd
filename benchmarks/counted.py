"""The rules that make counts of photographs, and the figures that tell how well: for benchmarks.counting."""

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.households import ITEMS, PHOTOGRAPHED, VISITS_A_DAY, World
from pantrybox.inventory.model import Stand
from pantrybox.inventory.rates import Glimpsing, Habits
from pantrybox.inventory.reconcile import reconciled
from pantrybox.inventory.seen import after_view
from pantrybox.inventory.shelf import EMPTY
from pantrybox.inventory.view import View
from pantrybox.vision.model import Glance

Mode = Literal["counts", "front", "both"]
MODES: tuple[Mode, ...] = ("counts", "front", "both")
START_H, CLAIM_H = 72.0, 72.0
"""The first three days are not judged; an event may be three days late."""
BINS = 10
SURE = 0.95
NEVER = 10_000
"""Photographs, of a change that is not shown before the next one of its item."""

# The rules


class Record(NamedTuple):
    """What a rule says after each photograph."""

    shown: NDArray[np.int16]
    """(T, ITEMS)."""
    confidence: NDArray[np.float32] | None = None
    events: list[tuple[float, int, int]] = []  # noqa: RUF012 - of a tuple
    """Hour, item and difference."""


def overwritten(world: World) -> Record:
    return _every_change(world, world.boxes)


def median_of_five(world: World) -> Record:
    boxes = world.boxes
    shown = [np.median(boxes[max(0, rank - 4) : rank + 1], axis=0).round() for rank in range(len(boxes))]
    return _every_change(world, np.array(shown, dtype=np.int16))


def _every_change(world: World, shown: NDArray[np.int16]) -> Record:
    """With an event whenever the count that is shown changes."""
    steps = np.diff(shown, axis=0)
    ranks, items = (part.tolist() for part in np.nonzero(steps))
    events = [(float(world.hours[at + 1]), item, int(steps[at, item])) for at, item in zip(ranks, items, strict=True)]
    return Record(shown, events=events)


def folded(world: World, mode: Mode, habits: Habits, glimpsing: Glimpsing) -> Record:
    """Ours, as in production."""
    glimpsing = glimpsing_of(mode, glimpsing)
    shape = (len(world.views), ITEMS)
    shown, confidence = np.zeros(shape, np.int16), np.full(shape, 0.5, np.float32)
    events: list[tuple[float, int, int]] = []
    shelf, stock = EMPTY, dict[int, Stand]()
    for rank, view in enumerate(world.views):
        shelf = after_view(shelf, view_of(mode, view), habits, glimpsing)
        if view.readable:
            stock, lines = reconciled(stock, shelf)
            hour = float(world.hours[rank])
            events += [(hour, line.change.item_id - 1, line.change.delta) for line in lines]
        for item_id, stand in stock.items():
            shown[rank, item_id - 1] = stand.shown_count
            confidence[rank, item_id - 1] = stand.confidence
    return Record(shown, confidence, events)


def view_of(mode: Mode, view: View) -> View:
    """What is left of a view without the cues that a mode does without."""
    if mode == "both":
        return view
    things, glances = list(view.things), list(view.glances)
    if mode == "front":
        things = [msgspec.structs.replace(thing, still=None) for thing in things]
        glances = [Glance(one.box, "gone") if one.verdict == "unchanged" else one for one in glances]
        return msgspec.structs.replace(view, things=tuple(things), glances=tuple(glances))
    things = [msgspec.structs.replace(thing, box=None, still=None) for thing in things]
    # Any of an item's tracks may be the one that was found.
    return msgspec.structs.replace(view, things=tuple(things), glances=(), moved=True)


def glimpsing_of(mode: Mode, glimpsing: Glimpsing) -> Glimpsing:
    if mode == "both":
        return glimpsing
    blind = {name: 0.0 for name in Glimpsing.__struct_fields__ if name.startswith(("unchanged", "still"))}
    return msgspec.structs.replace(glimpsing, **blind)


def true_habits(world: World, factor: float = 1.0) -> Habits:
    """The rates of the world, those of misses and false boxes off by a factor."""
    noise, changes = world.noise, world.changes
    days = float(world.hours[-1]) / 24
    visits = PHOTOGRAPHED * len(changes) / days + VISITS_A_DAY
    at_all = len(changes) / days / ITEMS
    more = [one.delta for one in changes if one.delta > 0]
    fewer = [-one.delta for one in changes if one.delta < 0]
    units = float(world.true.sum(axis=1).mean())
    return Habits(
        missed=factor * (1 - sum(noise.seen) / 2),
        false_boxes=factor * noise.false_boxes,
        changed=PHOTOGRAPHED * at_all / visits,
        changed_an_hour=(1 - PHOTOGRAPHED) * at_all / 24,
        removed=1 - len(more) / len(changes),
        stocked=float((world.true > 0).mean()),
        another=1 - len(more) / sum(more),
        another_taken=1 - len(fewer) / sum(fewer),
        miss_stays_door=noise.miss_stays_door,
        miss_stays_timer=noise.miss_stays_timer,
        false_box_stays=noise.false_box_stays,
        hides_an_hour=1 / (24 * noise.hides_days),
        hides_a_visit=0.0,
        hidden_hours=noise.hidden_hours,
        uncovered=0.0,
        moved=max(0.001, world.life.moves_a_day / visits / units),
        same_spot=world.life.same_spot,
    )


# The figures


class Figures(NamedTuple):
    """Of one rule in one or more worlds; sums, so that they can be added."""

    error: float
    """Item hours times the difference."""
    item_hours: float
    days: float
    false_events: int
    events: int
    shown: int
    """Changes that are shown before the next one of their item,"""
    changes: int
    """of so many between which there is a photograph."""
    additions: tuple[int, ...]
    """Delays in clear photographs;"""
    removals: tuple[int, ...]
    bins: NDArray[np.float64]
    """(BINS, 3): how many, their confidences, how many are right."""
    unsure: NDArray[np.float64]
    """The same of confidences below SURE."""

    @property
    def mean_error(self) -> float:
        return self.error / self.item_hours


def joined(some: Iterable[Figures]) -> Figures:
    columns = zip(*some, strict=True)
    return Figures(*(reduce(add, column) for column in columns))


def figures(world: World, record: Record) -> Figures:
    end = float(world.hours[-1])
    shown, changes, additions, removals = _delays(world, record)
    return Figures(
        error=_error(world, record),
        item_hours=ITEMS * (end - START_H),
        days=(end - START_H) / 24,
        false_events=_false_events(world, record),
        events=sum(hour >= START_H for hour, _, _ in record.events),
        shown=shown,
        changes=changes,
        additions=tuple(additions),
        removals=tuple(removals),
        bins=_bins(world, record, 1.01),
        unsure=_bins(world, record, SURE),
    )


def _error(world: World, record: Record) -> float:
    """The integral of |shown - true| from START_H to the last photograph, changes between photographs included."""
    hours = np.union1d(world.hours, [one.hour for one in world.changes])
    hours = np.union1d(hours[hours < world.hours[-1]], [START_H, world.hours[-1]])
    true = np.tile(np.array(world.start), (len(hours), 1))
    for one in world.changes:
        true[np.searchsorted(hours, one.hour) :, one.item] += one.delta
    at = np.maximum(np.searchsorted(world.hours, hours, side="right") - 1, 0)
    wrong = np.abs(record.shown[at] - true).sum(axis=1)[:-1]
    judged = hours[:-1] >= START_H
    return float((wrong * np.diff(hours))[judged].sum())


def _false_events(world: World, record: Record) -> int:
    """Those for which no unclaimed true change of their sign happened in the last CLAIM_H."""
    unclaimed: list[list[tuple[float, int]]] = [[] for _ in range(ITEMS)]
    for one in world.changes:
        unclaimed[one.item].append((one.hour, one.delta))
    false = 0
    for hour, item, delta in record.events:
        fits = [one for one in unclaimed[item] if hour - CLAIM_H <= one[0] <= hour and one[1] * delta > 0]
        if fits:
            unclaimed[item].remove(fits[0])
        elif hour >= START_H:
            false += 1
    return false


def _delays(world: World, record: Record) -> tuple[int, int, list[int], list[int]]:
    by_item: list[list[tuple[float, int]]] = [[] for _ in range(ITEMS)]
    for one in world.changes:
        by_item[one.item].append((one.hour, one.delta))
    shown, delays = 0, {True: list[int](), False: list[int]()}
    for item, mine in enumerate(by_item):
        ends = [hour for hour, _ in mine[1:]] + [float(world.hours[-1])] * bool(mine)
        for (hour, delta), end in zip(mine, ends, strict=True):
            first, last = np.searchsorted(world.hours, (hour, end))
            if hour < START_H or first >= last:
                continue
            hits = np.flatnonzero(record.shown[first:last, item] == world.true[first, item])
            shown += bool(len(hits))
            clear = int(world.clear[first : first + hits[0] + 1, item].sum()) if len(hits) else NEVER
            delays[delta > 0].append(clear)
    return shown, len(delays[True]) + len(delays[False]), delays[True], delays[False]


def _bins(world: World, record: Record, below: float) -> NDArray[np.float64]:
    if record.confidence is None:
        return np.zeros((BINS, 3))
    judged = world.hours >= START_H
    confidence = record.confidence[judged].ravel().astype(np.float64)
    right = (record.shown == world.true)[judged].ravel()
    chosen = confidence < below
    confidence, right = confidence[chosen], right[chosen]
    into = np.minimum((BINS * confidence).astype(int), BINS - 1)
    rows = (np.bincount(into, weights, BINS) for weights in (np.ones(len(into)), confidence, right.astype(np.float64)))
    return np.stack(list(rows), axis=1).astype(np.float64)


def ece(bins: NDArray[np.float64]) -> float:
    """Expected calibration error: the mean difference between confidence and share that is right, by bins."""
    return float(np.abs(bins[:, 1] - bins[:, 2]).sum() / max(1.0, bins[:, 0].sum()))
