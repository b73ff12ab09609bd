"""Which boxes are right, and how well their scores rank them. Pure.

What is measured is COCO's AP at IoU .5 (Lin et al., "Microsoft COCO: Common objects in context", 2014, and
`pycocotools.cocoeval`): in each photograph the boxes are taken by falling score, at most 100; each takes the
truth that it overlaps most among those still free, if by half or more (intersection over union). A truth is
taken once; a second box on it is false. A box that takes no truth and lies on something that is to be ignored
(difficult: by IoU; a crowd: by the part of the box that lies on it) is neither right nor false.

AP is the mean, over the recalls 0, .01, ... 1, of the best precision at that recall or any higher one. This is
COCO's 101-point interpolation; VOC since 2010 takes the exact area below the same curve, which differs by less
than .01. Boxes of equal score are taken together, since no threshold can part them: so the order in which
photographs were read cannot matter.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pantrybox.evaluation.labels import Truth
from pantrybox.vision.model import Box

LEAST_OVERLAP = 0.5
MOST_BOXES = 100
"""So many boxes a photograph are judged, best first."""
_RECALLS = np.linspace(0.0, 1.0, 101)


class Judged(NamedTuple):
    """Boxes that were held against what is truly there."""

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    """(n,) beside `scores`; boxes that are neither right nor false are in neither."""
    things: int
    """So many were there to be found."""

    @classmethod
    def together(cls, several: Iterable[Self]) -> Self:
        """Those of all photographs."""
        parts = list(several)
        if not parts:
            return cls(np.zeros(0), np.zeros(0, dtype=bool), 0)
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.right for part in parts]),
            sum(part.things for part in parts),
        )


def judged(
    boxes: Sequence[Box],
    scores: Sequence[float],
    truths: Sequence[Truth],
    spared: Callable[[Box], bool] = lambda _: False,
) -> Judged:
    """The boxes of one photograph. One that takes no truth is not false either where `spared` says so."""
    kept: list[tuple[float, bool]] = []
    free = [truth for truth in truths if truth.kind == "thing"]
    ignored = [truth for truth in truths if truth.kind != "thing"]
    things = len(free)
    # By place where scores are equal, so that the order in which boxes or truths come says nothing.
    ranked = sorted(zip(scores, boxes, strict=True), key=lambda pair: (-pair[0], _edges(pair[1])))
    for score, box in ranked[:MOST_BOXES]:
        best = max(free, key=lambda truth: (box.iou(truth.box), _edges(truth.box)), default=None)
        if best is not None and box.iou(best.box) >= LEAST_OVERLAP:
            free.remove(best)
            kept.append((score, True))
        elif not (spared(box) or any(_lies_on(box, truth) for truth in ignored)):
            kept.append((score, False))
    return Judged(np.array([score for score, _ in kept]), np.array([right for _, right in kept], dtype=bool), things)


def average_precision(boxes: Judged) -> float | None:
    """None when there was nothing to find."""
    if not boxes.things:
        return None
    order = np.argsort(-boxes.scores, kind="stable")
    right = np.cumsum(boxes.right[order])
    last = np.flatnonzero(np.append(np.diff(boxes.scores[order]) != 0, len(order) > 0))  # of each score
    recall = right[last] / boxes.things
    precision = right[last] / (last + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(recall, _RECALLS - 1e-12)
    return float(np.append(best_from_here, 0.0)[reached].mean())


def recall(boxes: Judged, least_score: float = -np.inf) -> float | None:
    """The part of the things that a box with this score or a better one was right about; None without things."""
    return float((boxes.right & (boxes.scores >= least_score)).sum() / boxes.things) if boxes.things else None


def precision(boxes: Judged, least_score: float) -> float | None:
    """The part of the boxes with this score or a better one that were right; None without boxes."""
    judged_ones = boxes.right[boxes.scores >= least_score]
    return float(judged_ones.mean()) if len(judged_ones) else None


def auroc(known: Sequence[float], strange: Sequence[float]) -> float | None:
    """The chance that a known one scores above a strange one, a tie counting half; None when either is missing.

    Mann and Whitney's U over the number of pairs, which is the area below the ROC curve.
    """
    if not known or not strange:
        return None
    ranked = np.sort(np.asarray(strange))
    below = np.searchsorted(ranked, known, side="left")
    not_above = np.searchsorted(ranked, known, side="right")
    return float((below + not_above).sum() / (2 * len(known) * len(strange)))


def _lies_on(box: Box, truth: Truth) -> bool:
    if truth.kind == "crowd":
        return box.area > 0 and box.intersection(truth.box) / box.area >= LEAST_OVERLAP
    return box.iou(truth.box) >= LEAST_OVERLAP


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
