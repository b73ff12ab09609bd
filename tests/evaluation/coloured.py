"""An eye for drawn pictures: what is coloured is a thing, and things of one colour are alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pantrybox.evaluation.eye import TimedEye
from pantrybox.vision.model import Box, Crop, Detection
from pantrybox.vision.recognition import Prior

COLOURS = {"milk": "blue", "tea": "lime", "jam": "red"}
_CHANNELS = {"red": 0, "lime": 1, "blue": 2}


class ColouredDetector:
    """Finds one box around everything of each colour."""

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        height, width, _ = pixels.shape
        found: list[Detection] = []
        for name, channel in _CHANNELS.items():
            rows, columns = np.nonzero(_is_coloured(pixels, channel))
            if len(rows):
                edges = (
                    columns.min() / width,
                    rows.min() / height,
                    (columns.max() + 1) / width,
                    (rows.max() + 1) / height,
                )
                found.append(Detection(Box(*map(float, edges)), 0.9, name, 0.0))
        return found


class ColourEmbedder:
    name = "colours"

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], *, brief: bool = False) -> list[Crop]:
        del brief
        height, width, _ = pixels.shape
        return [
            _crop(
                pixels[
                    int(box.top * height) : int(box.bottom * height) + 1,
                    int(box.left * width) : int(box.right * width) + 1,
                ]
            )
            for box in boxes
        ]


def coloured_eye() -> TimedEye:
    return TimedEye("coloured", ColouredDetector(), ColourEmbedder(), Prior())


def _is_coloured(pixels: NDArray[np.uint8], channel: int) -> NDArray[np.bool_]:
    others = [other for other in range(3) if other != channel]
    return (pixels[:, :, channel] > 180) & (pixels[:, :, others] < 90).all(axis=2)


def _crop(pixels: NDArray[np.uint8]) -> Crop:
    return Crop((pixels.reshape(-1, 3).mean(axis=0) - 128).clip(-127, 127).astype(np.int8).tobytes())
