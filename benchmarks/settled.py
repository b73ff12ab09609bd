"""A pantry in which nothing happened for days: what a bad view does to it, and how long an update takes.

For benchmarks.counting. All of a household's units are found in each photograph of some days; then comes one bad view,
in which each is found with the same chance, 0 to .4, drawn for each view, and all that are not give verdicts that say
nothing (see benchmarks.watched). Counted are the items whose shown count is lower afterwards.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.households import HOUR_MS, ITEMS, LEVELS, MOST_FOUND_IF_BAD, VIEW, Noise
from benchmarks.shelves import Cells
from benchmarks.watched import VERDICTS
from pantrybox.inventory import lives
from pantrybox.inventory.rates import Glimpsing, Habits
from pantrybox.inventory.seen import after_view
from pantrybox.inventory.shelf import EMPTY, Shelf
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Glance

SETTLED = 100
"""Photographs."""
PANTRIES = 20
RECOGNISED = 100_000
MOST_REMOVED = 5
"""By 10,000 bad views that were not recognised."""
MANY, MOST_MS = 200, 1.0


def habits_of(noise: Noise) -> Habits:
    return Habits(
        missed=1 - sum(noise.seen) / 2,
        false_boxes=noise.false_boxes,
        changed=0.02,
        miss_stays_door=noise.miss_stays_door,
        miss_stays_timer=noise.miss_stays_timer,
        false_box_stays=noise.false_box_stays,
        hides_an_hour=1 / (24 * noise.hides_days),
        hides_a_visit=0.0,
        hidden_hours=noise.hidden_hours,
        uncovered=0.0,
    )


def things_of(r: random.Random, items: int) -> tuple[Thing, ...]:
    """One to four units of each item, 1.6 on average."""
    cells = Cells(r)
    counts = [r.choices((1, 2, 3, 4), (60, 25, 10, 5))[0] for _ in range(items)]
    return tuple(
        cells.thing(cells.box(cells.free()), item, True) for item, count in enumerate(counts, 1) for _ in range(count)
    )


def settled(things: tuple[Thing, ...], habits: Habits) -> Shelf:
    shelf = EMPTY
    for hour in range(SETTLED):
        shelf = after_view(shelf, View(hour + 1, hour * HOUR_MS, VIEW, things, when="timer"), habits)
    return shelf


def bad_view(r: random.Random, things: tuple[Thing, ...], *, readable: bool) -> View:
    part, weights = MOST_FOUND_IF_BAD * r.random(), [r.expovariate(1) for _ in VERDICTS]
    found = [r.random() < part for _ in things]
    glances = [
        Glance(thing.box, r.choices(VERDICTS, weights)[0])
        for thing, one in zip(things, found, strict=True)
        if not one and thing.box
    ]
    seen = tuple(thing for thing, one in zip(things, found, strict=True) if one)
    at_door = r.random() < 0.5
    at_ms = int((SETTLED - 1 + (0.4 if at_door else 1.0)) * HOUR_MS)
    when = "door" if at_door else "timer"
    return View(SETTLED + 1, at_ms, VIEW, seen, tuple(glances), readable, when=when)


def removals(shelf: Shelf, after: Shelf) -> int:
    if after is shelf:
        return 0
    were, now = shelf.beliefs(), after.beliefs()
    return sum(belief.shown_count > now[item].shown_count for item, belief in were.items())


def removed_by(noise: Noise, trials: int, *, recognised: bool) -> int:
    r, habits, removed = random.Random(f"bad {noise.name}"), habits_of(noise), 0
    for _ in range(PANTRIES):
        things = things_of(r, ITEMS)
        shelf = settled(things, habits)
        for _ in range(trials // PANTRIES):
            view = bad_view(r, things, readable=not recognised)
            removed += removals(shelf, after_view(shelf, view, habits))
    return removed


def print_bad_views(levels: Sequence[str], trials: int) -> bool:
    fine = True
    print("\nBad views of a pantry at rest: removals that are shown by so many of them\n")
    print("| noise | recognised (0) | not recognised, 10,000 (5) |")
    print("|-------|----------------|----------------------------|")
    for level in levels:
        known = removed_by(LEVELS[level], trials * (RECOGNISED // 10_000), recognised=True)
        unknown = removed_by(LEVELS[level], trials, recognised=False) * 10_000 / trials
        over = known > 0 or unknown > MOST_REMOVED
        fine = fine and not over
        print(f"| {level:5} | {known:14} | {unknown:25.1f}{'!' if over else ' '} |", flush=True)
    return fine


def median_ms(work: Callable[[], object], times: int = 30) -> float:
    took: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - start))
    return statistics.median(took[3:])


def print_update_time() -> bool:
    """One photograph of 200 items in which a tenth of the things is not found."""
    r, habits, glimpsing = random.Random(1), Habits(), Glimpsing()
    things = things_of(r, MANY)
    shelf = settled(things, habits)
    lost = {rank for rank in range(len(things)) if r.random() < 0.1}
    glances = tuple(Glance(thing.box, "unchanged") for rank, thing in enumerate(things) if rank in lost and thing.box)
    found = tuple(thing for rank, thing in enumerate(things) if rank not in lost)
    view = View(SETTLED + 1, SETTLED * HOUR_MS, VIEW, found, glances, when="timer")
    tracks = len(shelf.scenes[VIEW].tracks)
    before = np.array([track.states for track in shelf.scenes[VIEW].tracks])
    shown = np.array([lives.Shown.UNCHANGED if rank in lost else lives.Shown.FOUND for rank in range(tracks)])
    chances = lives.Chances(*[np.full(tracks, 0.02)] * 5, unplaced=None)
    between = lives.Between("timer", 1.0, habits, glimpsing)
    core = median_ms(lambda: lives.lived_on(before, shown, chances, between))
    whole = median_ms(lambda: after_view(shelf, view, habits, glimpsing))
    over = core > MOST_MS
    print(f"\nUpdate of {MANY} items, {tracks} things: {core:.2f} ms ({MOST_MS:g}){'!' if over else ''};", end=" ")
    print(f"with all that is around it (which box is which thing, counts, what is learned) {whole:.1f} ms")
    return not over
