"""What fixed cameras saw last: a thing that has not changed need not be embedded again, nor found again to be there.

Embedding is by far the dearest part of a look, and most things on a shelf stand where they stood.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.model import Box, Crop, Detection
from pantrybox.vision.picture import frame_of
from pantrybox.vision.standing import Compared, Present, Scene, begun, compared
from pantrybox.vision.stillness import SIDE, patch_of

MOST_VIEWS = 64
MOST_BYTES = 8_000_000
"""Of all views together: some 60 of 15 things each."""
SAME_PLACE_IOU = 0.85
"""A box found anew overlaps the one it was this much: noise moves its edges by a pixel or two."""
MEAN_DIFFERENCE = 3.0
"""Of 255. A camera's noise is about 1 after shrinking to SIDE x SIDE; a look-alike carton differs by 10 and more."""
LARGEST_DIFFERENCE = 12.0
"""Of 255, the mean in one of PARTS x PARTS parts of the crop: a small label that changed counts, too."""
PARTS = 8


class _Remembered(msgspec.Struct, frozen=True):
    box: Box
    small: NDArray[np.uint8]
    crop: Crop


class _View(msgspec.Struct):
    crops: list[_Remembered]
    scene: Scene | None = None

    @property
    def size_bytes(self) -> int:
        """Of the pictures in it; those that crops and things share once."""
        patches = [one.small for one in self.crops]
        if self.scene is not None:
            patches += [self.scene.frame, *(thing.patch for thing in self.scene.things)]
        return sum({id(patch): patch.nbytes for patch in patches}.values())


class Memory:
    """Of one eye. Not for several threads."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, _View] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return sum(view.size_bytes for view in self._views.values())

    def recalled(self, view: str, pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Crop | None]:
        """The crop of each box as it was when this view was last remembered; None where anything is new."""
        picture = Image.fromarray(pixels)
        known = self._views[view].crops if view in self._views else []
        unchanged = [old for old in known if _same(old.small, patch_of(picture, old.box))]
        return [_there(unchanged, box) for box in boxes]

    def remember(
        self, view: str, pixels: NDArray[np.uint8], boxes: Sequence[Box], crops: Sequence[Crop | None]
    ) -> None:
        """In the place of what was remembered of this view; the view that was not seen for longest is forgotten."""
        picture = Image.fromarray(pixels)
        known = zip(boxes, crops, strict=True)
        self._kept(view).crops = [
            _Remembered(box, patch_of(picture, box), crop) for box, crop in known if crop is not None
        ]
        self._forget()

    def compare(
        self,
        view: str,
        pixels: NDArray[np.uint8],
        frame: NDArray[np.uint8],
        found: Sequence[Box],
        things: Sequence[Box],
        offered: Sequence[Detection],
    ) -> Compared:
        """A readable photograph with the one before of this view, which it replaces. See vision.standing.Present."""
        kept = self._kept(view)
        present = Present(frame, _patches(pixels, kept.crops), found, things, offered)
        kept.scene, cues = compared(kept.scene, present)
        self._forget()
        return cues

    def remembers(self, view: str) -> bool:
        return view in self._views and self._views[view].scene is not None

    def recall(self, view: str, pixels: NDArray[np.uint8], things: Sequence[Box]) -> None:
        """Take up an earlier photograph of a view with the likely things in it, unless a newer one is remembered."""
        if not self.remembers(view):
            kept = self._kept(view)
            kept.scene = begun(Present(frame_of(pixels), _patches(pixels, kept.crops), things, things, []))
            self._forget()

    def _kept(self, view: str) -> _View:
        kept = self._views.setdefault(view, _View([]))
        self._views.move_to_end(view)
        return kept

    def _forget(self) -> None:
        while len(self._views) > MOST_VIEWS or (len(self._views) > 1 and self.size_bytes > MOST_BYTES):
            self._views.popitem(last=False)


def _patches(pixels: NDArray[np.uint8], crops: Sequence[_Remembered]) -> Callable[[Box], NDArray[np.uint8]]:
    """What was cut out once is kept once."""
    picture = Image.fromarray(pixels)
    cut = {one.box: one.small for one in crops}
    return lambda box: cut[box] if box in cut else patch_of(picture, box)


def _there(unchanged: Sequence[_Remembered], box: Box) -> Crop | None:
    best = max(unchanged, key=lambda old: old.box.iou(box), default=None)
    return best.crop if best is not None and best.box.iou(box) >= SAME_PLACE_IOU else None


def _same(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    """Brightness as a whole may have changed a little: exposure is not the same twice."""
    change = now.astype(np.float32) - before
    change = np.abs(change - np.clip(change.mean(), -MEAN_DIFFERENCE, MEAN_DIFFERENCE))
    part = SIDE // PARTS
    parts = change.reshape(PARTS, part, PARTS, part, 3).mean(axis=(1, 3, 4))
    return bool(change.mean() <= MEAN_DIFFERENCE and parts.max() <= LARGEST_DIFFERENCE)
