"""The box's own eye, with a stopwatch in each of its two halves."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.eye import Detector, Embedder, OnnxEye
from pantrybox.vision.model import Box, Crop, Detection
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.recognition import Prior


class TimedDetector:
    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.seconds = 0.0
        """All that it ever took."""

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        started = time.perf_counter()
        found = self._detector.detect(pixels)
        self.seconds += time.perf_counter() - started
        return found


class TimedEmbedder:
    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0
        self.crops = 0

    @property
    def name(self) -> str:
        return self._embedder.name

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], *, brief: bool = False) -> list[Crop]:
        started = time.perf_counter()
        crops = self._embedder.embed(pixels, boxes, brief=brief)
        self.seconds += time.perf_counter() - started
        self.crops += len(crops)
        return crops


class TimedEye(OnnxEye):
    """An eye of these parts. `prior` is what its recogniser knows beforehand; from `counted_score` on it counts."""

    def __init__(
        self,
        name: str,
        detector: Detector,
        embedder: Embedder,
        prior: Prior,
        counted_score: float = COUNTED_SCORE,
    ) -> None:
        self.name = name
        self.prior = prior
        self.counted_score = counted_score
        self.detecting = TimedDetector(detector)
        self.embedding = TimedEmbedder(embedder)
        super().__init__(name, self.detecting, self.embedding)
