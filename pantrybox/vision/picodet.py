"""PicoDet: a picture in, boxes with COCO names out."""

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.manifest import Manifest
from pantrybox.vision.model import Box, Detection
from pantrybox.vision.session import Session


class PicoDet:
    """The model's output is `[class, score, left, top, right, bottom]` a row, NMS inside."""

    def __init__(self, manifest: Manifest, model: bytes, threads: int = 1) -> None:
        self._labels = manifest.labels
        self.input_size = (manifest.input.width, manifest.input.height)
        std = np.array(manifest.input.std, dtype=np.float32)
        mean = np.array(manifest.input.mean, dtype=np.float32)
        self._scale = (1 / (255 * std)).reshape(3, 1, 1)
        self._offset = (-mean / std).reshape(3, 1, 1)
        # Boxes come back in pixels of the picture that it was scaled from; asked for 1 x 1, in fractions.
        self._scale_factor = np.array([[manifest.input.height, manifest.input.width]], dtype=np.float32)
        self._session = Session(model, threads)

    def tensor(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(height, width, 3) bytes to the (1, 3, height, width) floats that the model was trained on."""
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32)
        planes *= self._scale
        planes += self._offset
        return planes[None]

    def run(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """The raw rows."""
        return self._session.run(image=tensor, scale_factor=self._scale_factor)

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """Every box that the model offers, best first, clipped to the picture."""
        rows = self.run(self.tensor(pixels))
        rows = rows[np.argsort(-rows[:, 1], kind="stable")]
        rows[:, 2:] = rows[:, 2:].clip(0.0, 1.0)
        return [
            Detection(Box(left, top, right, bottom), score, self._labels[int(kind)])
            for kind, score, left, top, right, bottom in rows.tolist()  # plain floats: ten times faster to take apart
        ]
