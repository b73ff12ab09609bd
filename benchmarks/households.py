"""Households whose truth is known: how noisy they are, and what happens in them. For benchmarks.counting.

One camera looks at one place with 40 items of one to four units each. Things are used up and bought again (about
eleven changes a day, 95 % of them followed by a photograph at the door), a timer takes one photograph an hour and
somebody comes three times a day without changing anything. What the photographs show: benchmarks.watched.
"""

import random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pantrybox.inventory.rates import When
from pantrybox.inventory.view import View

ITEMS = 40
VIEW = "shelf"
HOUR_MS = 3_600_000
VISITS_A_DAY = 3.0
"""Without a change."""
PHOTOGRAPHED = 0.95
"""Of the changes, at the door."""
AFTER_CHANGE_H = 0.015


class Noise(NamedTuple):
    """One of the levels of the vision (shared/design/vision.md)."""

    name: str
    seen: tuple[float, float]
    """The chance of a unit in plain view to be found: from, to; each item has its own."""
    false_boxes: float
    """A photograph and item."""
    false_box_stays: float
    miss_stays_door: float
    miss_stays_timer: float
    hides_days: float
    hidden_hours: float
    bad: float
    """Views that are; of these 95 % are noticed, and 2 % of the good ones are taken for such."""


LOW = Noise("low", (0.90, 0.97), 0.005, 0.5, 0.3, 0.6, 30, 8, 0.03)
MID = Noise("mid", (0.75, 0.97), 0.015, 0.6, 0.5, 0.8, 15, 12, 0.06)
HIGH = Noise("high", (0.75, 0.90), 0.030, 0.8, 0.6, 0.9, 8, 18, 0.10)
LEVELS = {noise.name: noise for noise in (LOW, MID, HIGH)}
NOTICED, MISTAKEN = 0.95, 0.02
MOST_FOUND_IF_BAD = 0.4


class Life(NamedTuple):
    """What happens besides; each may be switched off."""

    moves_a_day: float = 3.0
    """Units that are put elsewhere in the view when somebody is there."""
    camera_days: float = 20.0
    """Between two moves of the camera; 0: never."""
    pairs: int = 4
    """Of items that look alike."""
    misnamed: float = 0.005
    """The chance of such an item's unit to be called by the other's name, where it is named anew."""
    same_spot: float = 0.15
    """Of the units that come, those that are put where one of their item was before."""
    bad_views: bool = True
    hiding: bool = True
    false_boxes: bool = True


class Truth(NamedTuple):
    hour: float
    item: int
    delta: int


class World(NamedTuple):
    noise: Noise
    life: Life
    views: list[View]
    """With all that is known about places and pixels; item ids count from 1."""
    hours: NDArray[np.float64]
    """When each was taken, (T,)."""
    true: NDArray[np.int16]
    """(T, ITEMS)."""
    boxes: NDArray[np.int16]
    """Named so in each photograph, bad ones too, (T, ITEMS)."""
    clear: NDArray[np.bool_]
    """Readable, and nothing of the item missed, hidden, false or misnamed, (T, ITEMS)."""
    start: list[int]
    """How many there are at first."""
    changes: list[Truth]


def changes_of(r: random.Random, days: float) -> tuple[list[int], list[Truth]]:
    """How many there are at first, and what changes."""
    target = [r.randint(1, 4) for _ in range(ITEMS)]
    pace = [r.lognormvariate(0, 0.7) for _ in range(ITEMS)]
    scale = 8.6 / sum(pace)
    pace = [scale * one for one in pace]
    count, changes, day = list(target), list[Truth](), 0.0
    while True:
        taken = [pace[i] if count[i] else 0.0 for i in range(ITEMS)]
        bought = [1.3 * pace[i] * max(1 - count[i] / target[i], 0.15) * (count[i] < target[i]) for i in range(ITEMS)]
        day += r.expovariate(sum(taken) + sum(bought))
        if day >= days:
            return target, changes
        which = r.choices(range(2 * ITEMS), taken + bought)[0]
        item = which % ITEMS
        most = count[item] if which < ITEMS else target[item] - count[item]
        delta = -min(most, 1 + (r.random() < 0.12)) if which < ITEMS else r.randint(1, most)
        count[item] += delta
        changes.append(Truth(24 * day, item, delta))


def photographs_of(r: random.Random, days: float, changes: list[Truth]) -> list[tuple[float, When]]:
    taken: list[tuple[float, When]] = [(float(hour), "timer") for hour in range(1, int(24 * days))]
    taken.extend((one.hour + AFTER_CHANGE_H, "door") for one in changes if r.random() < PHOTOGRAPHED)
    hour = r.expovariate(VISITS_A_DAY / 24)
    while hour < 24 * days:
        taken.append((hour, "door"))
        hour += r.expovariate(VISITS_A_DAY / 24)
    return sorted(taken)
