"""What of a camera's photograph counts: masks are parts of the view in which nothing is seen."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

Point = tuple[float, float]
"""x to the right and y down, as fractions of the upright picture."""
Polygon = tuple[Point, ...]
"""Its corners in order; the last one joins the first."""


class Seeing(msgspec.Struct, frozen=True):
    masks: tuple[Polygon, ...] = ()
    counted: float | None = None
    """The score from which a detection counts; None: the detector's own."""


def masked(x: float, y: float, masks: Sequence[Polygon]) -> bool:
    """Whether a point, such as the middle of a box, lies in one of the masks."""
    return any(inside(x, y, mask) for mask in masks)


def inside(x: float, y: float, polygon: Polygon) -> bool:
    """Even-odd rule: a ray to the right leaves a polygon as often as it enters it, unless it begins inside.

    An edge belongs to its upper end and not to its lower one, so that a ray through a corner
    counts once. Masks that share an edge leave no gap and do not overlap there.
    """
    crossings = 0
    for (x1, y1), (x2, y2) in pairwise((*polygon, polygon[0])):
        if (y1 > y) != (y2 > y):
            crossings += x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)
    return crossings % 2 == 1
