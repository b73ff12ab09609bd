"""Numbers of many boxes and things side by side, as numpy takes them. Pure."""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from pantrybox.vision.model import Box

Numbers = NDArray[np.float64]


def table(rows: Iterable[Sequence[float]], width: int) -> Numbers:
    """Rows of numbers, (n, width); also of none."""
    # np.array() asks every row and every number what it is, which takes twice as long.
    return np.fromiter(chain.from_iterable(rows), np.float64).reshape(-1, width)


def corners(boxes: Sequence[Box | None]) -> Numbers:
    """Left, top, right and bottom of each, (n, 4); 0 where there is no box."""
    return table([astuple(box) if box else _NOWHERE for box in boxes], 4)


_NOWHERE = (0.0, 0.0, 0.0, 0.0)


def sums(values: Numbers | NDArray[np.bool_], ranks: NDArray[np.intp], count: int) -> Numbers:
    """Of the values that share a rank, (count,)."""
    return np.bincount(ranks, values, count).astype(np.float64, copy=False)


def rounded(values: Numbers, decimals: int | Sequence[int]) -> Numbers:
    """Each as round() gives it; `decimals` of all numbers, or of those of each column.

    np.round() multiplies, and where a number lies halfway it may go the other way. What is kept must not depend
    on how many numbers were rounded at once.
    """
    scale = 10.0 ** np.array(decimals)
    scaled = scale * values
    whole = np.rint(scaled)
    all_rounded = whole / scale
    halfway = np.abs(scaled - whole) > _NEARLY_HALF
    if np.count_nonzero(halfway):
        pairs = zip(values[halfway].tolist(), np.broadcast_to(decimals, values.shape)[halfway].tolist(), strict=True)
        all_rounded[halfway] = [round(value, places) for value, places in pairs]
    return all_rounded


_NEARLY_HALF = 0.5 - 1e-6
