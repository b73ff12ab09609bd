"""Which of a detector's boxes may be stock: furniture and people dropped, one box a thing. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.model import Detection

FURNITURE = frozenset(
    {"bench", "chair", "couch", "bed", "dining table", "toilet", "microwave", "oven", "sink", "refrigerator"}
)
PEOPLE = frozenset({"person"})
_NEVER_STOCK = FURNITURE | PEOPLE

CANDIDATE_SCORE = 0.05
"""Below this a box is noise; from here on it is kept, so that a person can still name it."""
LIKELY_SCORE = 0.35
"""From here on a box is more likely a thing than not: it is embedded with care, and remembered."""
COUNTED_SCORE = 0.6
"""From here on a box is believed to be a thing."""
SURELY_A_PERSON = 0.45
"""From here on, as the detector's score of that name, somebody stands before the things."""
SAME_THING_IOU = 0.5
"""Two boxes that overlap more are one thing with two names (the detector's own NMS works within a name)."""
WHOLE_VIEW = 0.95
"""A box that covers more than this is the view itself, not a thing in it."""


def candidates(detections: Iterable[Detection]) -> list[Detection]:
    """What may be stock, best first, each thing once under its best name.

    `detections` come best first. Greedy non-maximum suppression across all names: a box is
    kept unless it overlaps a better one by more than SAME_THING_IOU.
    """
    offered = [detection for detection in detections if _may_be_stock(detection)]
    if not offered:
        return []
    boxes = np.array([msgspec.structs.astuple(detection.box) for detection in offered])
    return [offered[index] for index in apart(boxes, SAME_THING_IOU)]


def _may_be_stock(detection: Detection) -> bool:
    if detection.score < CANDIDATE_SCORE or detection.label in _NEVER_STOCK:
        return False
    return 0 < detection.box.area <= WHOLE_VIEW


def apart(boxes: NDArray[Any], iou: float, most: int | None = None) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of the boxes, at most `most`, that overlap no better one
    by more than `iou`. (n, 4): left, top, right, bottom, best first.
    """
    kept: list[int] = []
    waiting = np.arange(len(boxes))
    while len(waiting) and len(kept) != most:
        best = waiting[:1]
        kept.append(int(best[0]))
        rest = waiting[1:]
        waiting = rest[overlaps(boxes[best], boxes[rest])[0] <= iou]
    return np.array(kept, dtype=np.intp)


def overlaps(some: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of each with each: (n, 4) and (m, 4) to (n, m); 0 for two boxes without area."""
    low = np.maximum(some[:, None, :2], others[None, :, :2])
    high = np.minimum(some[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = _areas(some)[:, None] + _areas(others)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _areas(boxes: NDArray[Any]) -> NDArray[Any]:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)


def covered_by_people(detections: Iterable[Detection]) -> float:
    """The part of the view, 0 to 1, that the largest person or hand covers."""
    return max(
        (d.box.area for d in detections if d.label in PEOPLE and d.label_score >= SURELY_A_PERSON),
        default=0.0,
    )
