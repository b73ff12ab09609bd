"""Which of a detector's boxes may be stock: furniture and people dropped, one box a thing. Pure."""

from collections.abc import Iterable

from pantrybox.vision.model import Detection

FURNITURE = frozenset(
    {"bench", "chair", "couch", "bed", "dining table", "toilet", "microwave", "oven", "sink", "refrigerator"}
)
PEOPLE = frozenset({"person"})

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
    kept: list[Detection] = []
    for detection in detections:
        if detection.score < CANDIDATE_SCORE or detection.label in FURNITURE | PEOPLE:
            continue
        if detection.box.area > WHOLE_VIEW or detection.box.area == 0:
            continue
        if all(detection.box.iou(better.box) <= SAME_THING_IOU for better in kept):
            kept.append(detection)
    return kept


def covered_by_people(detections: Iterable[Detection]) -> float:
    """The part of the view, 0 to 1, that the largest person or hand covers."""
    return max(
        (d.box.area for d in detections if d.label in PEOPLE and d.score >= COUNTED_SCORE),
        default=0.0,
    )
