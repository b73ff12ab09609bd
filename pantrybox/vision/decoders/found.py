"""What a decoder reads out of a model's outputs, and how it becomes detections."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.decoders.frame import Frame
from pantrybox.vision.model import Box, Detection

NOISE = 0.02
"""No box with a score below this is looked at."""
SAME_BOX_IOU = 0.65
"""Of two boxes of one class that overlap more, the better one stays: as YOLOX's own evaluation has it."""
_MOST_COMPARED, _MOST_KEPT = 1000, 300
UNNAMED = "thing"
"""What a class without a label is called."""


class Found(NamedTuple):
    boxes: NDArray[np.floating[Any]]
    """(n, 4): left, top, right, bottom in pixels of the model's input. They may reach beyond it."""
    scores: NDArray[np.floating[Any]]
    """(n,)"""
    kinds: NDArray[np.integer[Any]]
    """(n,): which of the model's classes."""


Outputs = dict[str, NDArray[Any]]
"""A model's tensors by their names, in their order."""


def from_centres(centres: NDArray[Any]) -> NDArray[Any]:
    """(n, 4) centre x, centre y, width, height to left, top, right, bottom."""
    half = centres[:, 2:] / 2
    return np.concatenate([centres[:, :2] - half, centres[:, :2] + half], axis=1)


def detections(found: Found, frame: Frame, labels: Sequence[str], *, one_each: bool) -> list[Detection]:
    """Best first, clipped to the picture. `one_each`: the model itself names no box twice."""
    chosen = _best(found)
    if not one_each:
        chosen = chosen[unlike(found.boxes[chosen], found.kinds[chosen])]
    chosen = chosen[:_MOST_KEPT]
    boxes = frame.fractions(found.boxes[chosen]).clip(0.0, 1.0)
    return [
        Detection(box=Box(*edges), score=score, label=_label(labels, kind), label_score=score)
        for edges, score, kind in zip(
            boxes.tolist(), found.scores[chosen].clip(0.0, 1.0).tolist(), found.kinds[chosen].tolist(), strict=True
        )
        if edges[0] < edges[2] and edges[1] < edges[3]
    ]


def _best(found: Found) -> NDArray[np.intp]:
    """Indices of the boxes worth looking at, best first."""
    sound = (found.scores >= NOISE) & np.isfinite(found.scores) & np.isfinite(found.boxes).all(axis=1)
    indices = np.flatnonzero(sound)
    return indices[np.argsort(-found.scores[indices], kind="stable")][:_MOST_COMPARED]


def unlike(boxes: NDArray[Any], kinds: NDArray[Any]) -> NDArray[np.intp]:
    """Greedy non-maximum suppression within each class: indices of the boxes that stay. They come best first."""
    kept: list[int] = []
    waiting = np.arange(len(boxes))
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
    while len(waiting):
        best, rest = waiting[0], waiting[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = (high - low).clip(0).prod(axis=1)
        alike = shared > SAME_BOX_IOU * (areas[best] + areas[rest] - shared)
        waiting = rest[~(alike & (kinds[rest] == kinds[best]))]
    return np.array(kept, dtype=np.intp)


def _label(labels: Sequence[str], kind: int) -> str:
    return labels[kind] if 0 <= kind < len(labels) else UNNAMED
