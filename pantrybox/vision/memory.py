"""What a fixed camera saw last: a thing that has not changed need not be embedded again.

Embedding is by far the dearest part of a look, and most things on a shelf stand where they stood.
"""

from collections import OrderedDict
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.model import Box, Crop

MOST_VIEWS = 64
SAME_PLACE_IOU = 0.85
"""A box found anew overlaps the one it was this much: noise moves its edges by a pixel or two."""
SIDE = 32
"""Pixels of a crop that are compared, across and down."""
MEAN_DIFFERENCE = 3.0
"""Of 255. A camera's noise is about 1 after shrinking to SIDE x SIDE; a look-alike carton differs by 10 and more."""
LARGEST_DIFFERENCE = 12.0
"""Of 255, the mean in one of PARTS x PARTS parts of the crop: a small label that changed counts, too."""
PARTS = 8


class _Remembered(msgspec.Struct, frozen=True):
    box: Box
    small: NDArray[np.float32]
    crop: Crop


class Memory:
    """Of one embedder. Not for several threads."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, list[_Remembered]] = OrderedDict()

    def recalled(self, view: str, pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Crop | None]:
        """The crop of each box as it was when this view was last remembered; None where anything is new."""
        picture = Image.fromarray(pixels)
        unchanged = [old for old in self._views.get(view, []) if _same(old.small, _small(picture, old.box))]
        return [_there(unchanged, box) for box in boxes]

    def remember(
        self, view: str, pixels: NDArray[np.uint8], boxes: Sequence[Box], crops: Sequence[Crop | None]
    ) -> None:
        """In the place of what was remembered of this view; the view that was not seen for longest is forgotten."""
        picture = Image.fromarray(pixels)
        known = zip(boxes, crops, strict=True)
        self._views[view] = [_Remembered(box, _small(picture, box), crop) for box, crop in known if crop is not None]
        self._views.move_to_end(view)
        if len(self._views) > MOST_VIEWS:
            self._views.popitem(last=False)


def _there(unchanged: Sequence[_Remembered], box: Box) -> Crop | None:
    best = max(unchanged, key=lambda old: old.box.iou(box), default=None)
    return best.crop if best is not None and best.box.iou(box) >= SAME_PLACE_IOU else None


def _small(picture: Image.Image, box: Box) -> NDArray[np.float32]:
    width, height = picture.size
    left, top = min(box.left * width, width - 1), min(box.top * height, height - 1)
    edges = (left, top, max(box.right * width, left + 1), max(box.bottom * height, top + 1))
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX, box=edges), dtype=np.float32)


def _same(before: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Brightness as a whole may have changed a little: exposure is not the same twice."""
    change = now - before
    change = np.abs(change - np.clip(change.mean(), -MEAN_DIFFERENCE, MEAN_DIFFERENCE))
    part = SIDE // PARTS
    parts = change.reshape(PARTS, part, PARTS, part, 3).mean(axis=(1, 3, 4))
    return bool(change.mean() <= MEAN_DIFFERENCE and parts.max() <= LARGEST_DIFFERENCE)
