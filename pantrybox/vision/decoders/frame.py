"""A picture of any shape made to fit a model's input, and the model's boxes made to fit the picture again."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.manifest import ModelInput
from pantrybox.vision.picture import stretched

GREY = 114
"""What YOLOX and its relatives were trained to see beside a picture."""


class Frame(NamedTuple):
    """Where the picture lies in the model's input, in the input's pixels."""

    left: int
    top: int
    width: int
    height: int

    def fractions(self, boxes: NDArray[Any]) -> NDArray[np.float64]:
        """(n, 4) left, top, right, bottom in pixels of the input to the same in fractions of the picture."""
        origin = np.array([self.left, self.top] * 2, dtype=np.float64)
        return (boxes - origin) / np.array([self.width, self.height] * 2, dtype=np.float64)


def frame_of(picture: tuple[int, int], wanted: ModelInput) -> Frame:
    """For a picture of this (width, height)."""
    if wanted.fit == "stretch":
        return Frame(0, 0, wanted.width, wanted.height)
    scale = min(wanted.width / picture[0], wanted.height / picture[1])
    width = min(wanted.width, max(1, round(picture[0] * scale)))
    height = min(wanted.height, max(1, round(picture[1] * scale)))
    if wanted.fit == "corner":
        return Frame(0, 0, width, height)
    return Frame((wanted.width - width) // 2, (wanted.height - height) // 2, width, height)


def framed(pixels: NDArray[np.uint8], wanted: ModelInput) -> tuple[NDArray[np.uint8], Frame]:
    """The picture, upright RGB (height, width, 3), at the size that is wanted, and where it lies in it."""
    frame = frame_of((pixels.shape[1], pixels.shape[0]), wanted)
    fitted = stretched(pixels, (frame.width, frame.height))
    if (frame.width, frame.height) == (wanted.width, wanted.height):
        return fitted, frame
    whole = np.full((wanted.height, wanted.width, 3), GREY, dtype=np.uint8)
    whole[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width] = fitted
    return whole, frame


def tensor_of(pixels: NDArray[np.uint8], wanted: ModelInput) -> NDArray[np.float32]:
    """(n, height, width, 3) bytes to the (n, 3, height, width) floats that the model was trained on."""
    ordered = pixels if wanted.channels == "rgb" else pixels[..., ::-1]
    planes = np.ascontiguousarray(ordered.transpose(0, 3, 1, 2)).astype(np.float32)
    std = np.array(wanted.std, dtype=np.float32).reshape(3, 1, 1)
    mean = np.array(wanted.mean, dtype=np.float32).reshape(3, 1, 1)
    planes *= wanted.white / 255 / std
    planes -= mean / std
    return planes
