"""The plots of benchmarks.counting, as SVG."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.counted import Figures, Record
from benchmarks.households import World


class Weeks(NamedTuple):
    """Two weeks of one item."""

    hours: NDArray[np.float64]
    true: NDArray[np.int16]
    shown: dict[str, NDArray[np.int16]]
    """By rule."""


def weeks_of(world: World, records: dict[str, Record]) -> Weeks:
    start, end = 24 * 5.0, 24 * 19.0
    chosen = (world.hours >= start) & (world.hours < end)
    changes = (np.diff(world.true[chosen], axis=0) != 0).sum(axis=0)
    item = int(np.argmin(np.abs(changes - 6)))
    shown = {rule: record.shown[chosen, item] for rule, record in records.items()}
    return Weeks(world.hours[chosen], world.true[chosen, item], shown)


def draw(folder: Path, by_level: dict[str, dict[str, Figures]], weeks: Weeks) -> None:
    raise NotImplementedError
