"""What to make of a place where a thing stood and none is found: unchanged, covered or gone. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.model import Box, Detection, Verdict
from pantrybox.vision.proposals import LIKELY_SCORE, PEOPLE
from pantrybox.vision.stillness import PARTS

MOST_CHANGED = 0.15
"""Of a thing's parts: a highlight, or a neighbour's edge."""
_PERSON_SCORE = 0.3
"""A hand is found less surely than a person, and takes no stock with it when it was none."""
_EXPLAINED = 0.7
"""Of the changed parts, that lie behind what stands in front."""
_REST = 0.2
"""Of a box: with less left to be seen beside the cover, the rest says nothing."""
_REST_CHANGED = 0.5
_LOWER = 0.05
"""Of the thing's height: what stands nearer stands lower in the picture."""
_LARGER = 1.6
"""Times the thing's area: what is so much larger is no other thing in its place."""


def verdict(changed: NDArray[np.bool_], box: Box, offered: Sequence[Detection]) -> Verdict:
    """`changed` (PARTS, PARTS) of a thing that stood in `box`; `offered` is what may have come before it since."""
    if changed.mean() <= MOST_CHANGED:
        return "unchanged"
    hidden = np.zeros_like(changed)
    for one in offered:
        if stands_before(one, box):
            hidden |= behind(one.box, box)
    if changed[hidden].sum() < _EXPLAINED * changed.sum():
        return "gone"
    rest = ~hidden
    if rest.mean() >= _REST and changed[rest].mean() > _REST_CHANGED:
        return "gone"
    return "covered"


def stands_before(other: Detection, box: Box) -> bool:
    """Nearer to the camera than what stood in the box, by where it ends below or by its size."""
    if other.label in PEOPLE:
        return other.label_score >= _PERSON_SCORE
    if other.score < LIKELY_SCORE:
        return False
    lower = other.box.bottom > box.bottom + _LOWER * (box.bottom - box.top)
    return lower or other.box.area > _LARGER * box.area


def behind(cover: Box, box: Box) -> NDArray[np.bool_]:
    """Which parts of a box have their centre within another box: (PARTS, PARTS)."""
    centres = (np.arange(PARTS) + 0.5) / PARTS
    across = box.left + centres * (box.right - box.left)
    down = box.top + centres * (box.bottom - box.top)
    within = ((across >= cover.left) & (across <= cover.right), (down >= cover.top) & (down <= cover.bottom))
    return within[1][:, None] & within[0][None, :]
