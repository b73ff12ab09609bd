"""The shipped finder: PicoDet with a head of our own, that says of each box whether a whole thing is in it.

docs/design/finding.md says what the head sees, what it was trained on and what it gains.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.manifest import Manifest
from pantrybox.vision.model import Box, Detection
from pantrybox.vision.picture import stretched
from pantrybox.vision.proposals import FURNITURE, PEOPLE, SAME_THING_IOU, WHOLE_VIEW, apart, overlaps
from pantrybox.vision.session import Session

_NOISE = 0.01
_MOST_COMPARED = 1000
_MOST_THINGS = 100
_MOST_PEOPLE = 5
_SAME_BOX_IOU = 0.7
"""Boxes that overlap more show the same thing, and name it together."""
_LEAST_PERSON = 0.2

_Floats = NDArray[np.float32]


class PicoDet:
    """`rows` (n, 6) is `[class, score, left, top, right, bottom]` in pixels of the input, one for every place
    where the network looks, nothing suppressed; `label_scores` (n, classes) is what each would be called.
    """

    def __init__(self, manifest: Manifest, model: bytes | Path, threads: int = 1) -> None:
        self._labels = manifest.labels
        self._stock = np.array([label not in FURNITURE | PEOPLE for label in manifest.labels])
        self._people = np.array([label in PEOPLE for label in manifest.labels])
        self.input_size = (manifest.input.width, manifest.input.height)
        self._sides = np.array([*self.input_size, *self.input_size], dtype=np.float32)
        std = np.array(manifest.input.std, dtype=np.float32)
        mean = np.array(manifest.input.mean, dtype=np.float32)
        self._scale = (1 / (255 * std)).reshape(3, 1, 1)
        self._offset = (-mean / std).reshape(3, 1, 1)
        self._session = Session(model, threads)

    def tensor(self, pixels: NDArray[np.uint8]) -> _Floats:
        """(height, width, 3) bytes to the (1, 3, height, width) floats that the model was trained on."""
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32)
        planes *= self._scale
        planes += self._offset
        return planes[None]

    def run(self, tensor: _Floats) -> tuple[_Floats, _Floats]:
        """`rows` and `label_scores` as the model gives them."""
        rows, names = self._session.outputs(("rows", "label_scores"), image=tensor)
        return rows, names

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """The things, each once, at most 100, and whoever stands before them; best first, clipped to the picture."""
        rows, names = self.run(self.tensor(stretched(pixels, self.input_size)))
        boxes = (rows[:, 2:] / self._sides).clip(0.0, 1.0)
        found = self._things(boxes, rows[:, 1], names) + self._persons(boxes, names)
        return sorted(found, key=lambda detection: -detection.score)

    def _things(self, boxes: _Floats, scores: _Floats, names: _Floats) -> list[Detection]:
        """Under the name that the boxes around each give it together, furniture and people aside."""
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        looked_at = _best(np.where((areas > 0) & (areas <= WHOLE_VIEW), scores, 0.0), _NOISE)
        boxes, scores = boxes[looked_at], scores[looked_at]
        names = np.where(self._stock, names[looked_at], 0.0)
        kept = apart(boxes, SAME_THING_IOU, _MOST_THINGS)
        same = overlaps(boxes[kept], boxes) > _SAME_BOX_IOU
        same[np.arange(len(kept)), kept] = True
        called = [_name(names[one], scores[one]) for one in same]
        return [
            Detection(Box(*box), score, self._labels[kind], sure)
            for box, score, (kind, sure) in zip(boxes[kept].tolist(), scores[kept].tolist(), called, strict=True)
        ]

    def _persons(self, boxes: _Floats, names: _Floats) -> list[Detection]:
        """Nothing to count, but they hide what is behind them. Their score as things is 0."""
        sure = names[:, self._people].max(axis=1)
        looked_at = _best(sure, _LEAST_PERSON)
        kept = looked_at[apart(boxes[looked_at], SAME_THING_IOU, _MOST_PEOPLE)]
        person = self._labels[int(self._people.argmax())]
        return [Detection(Box(*boxes[one].tolist()), 0.0, person, float(sure[one])) for one in kept]


def _name(names: _Floats, scores: _Floats) -> tuple[int, float]:
    """Which class the boxes of one thing give it together, the better ones counting more; and its highest score."""
    kind = int((scores @ names).argmax())
    return kind, float(names[:, kind].max())


def _best(scores: _Floats, least: float) -> NDArray[np.intp]:
    """Indices of the highest scores, best first."""
    looked_at = np.flatnonzero(scores >= least)
    return looked_at[np.argsort(-scores[looked_at], kind="stable")][:_MOST_COMPARED]
