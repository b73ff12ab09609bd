"""Which of a detector's boxes may be stock: furniture and people dropped, one box a thing. Pure."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.model import Detection

FURNITURE = frozenset(
    {"bench", "chair", "couch", "bed", "dining table", "toilet", "microwave", "oven", "sink", "refrigerator"}
)
PEOPLE = frozenset({"person"})
_NEVER_STOCK = FURNITURE | PEOPLE

CANDIDATE_SCORE = 0.03
"""Below this a box is noise; from here on it is kept, so that a person can still name it."""
COUNTED_SCORE = 0.45
"""From here on a box is believed to be a thing."""
SAME_THING_IOU = 0.6
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
    overlap = _iou_matrix(np.array([msgspec.structs.astuple(detection.box) for detection in offered]))
    hidden = np.zeros(len(offered), dtype=bool)
    kept: list[Detection] = []
    for index, detection in enumerate(offered):
        if not hidden[index]:
            kept.append(detection)
            hidden |= overlap[index] > SAME_THING_IOU
    return kept


def _may_be_stock(detection: Detection) -> bool:
    if detection.score < CANDIDATE_SCORE or detection.label in _NEVER_STOCK:
        return False
    return 0 < detection.box.area <= WHOLE_VIEW


def _iou_matrix(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each with each: (n, 4) left, top, right, bottom to (n, n)."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return shared / (areas[:, None] + areas[None, :] - shared)


def covered_by_people(detections: Iterable[Detection]) -> float:
    """The part of the view, 0 to 1, that the largest person or hand covers."""
    return max(
        (d.box.area for d in detections if d.label in PEOPLE and d.score >= COUNTED_SCORE),
        default=0.0,
    )
