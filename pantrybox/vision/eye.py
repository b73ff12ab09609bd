"""The eye: one look at one photograph finds what is there, and makes a vector of each thing to know it again by."""

import time
from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.barcodes import read_barcodes
from pantrybox.vision.memory import Memory
from pantrybox.vision.model import Box, Crop, Detection, Eye, Sight
from pantrybox.vision.picture import CODES_SIZE, SMALL_SIZE, WORKING_SIZE, frame_of, luma, open_upright, stretched
from pantrybox.vision.proposals import LIKELY_SCORE, candidates, covered_by_people
from pantrybox.vision.standing import Compared
from pantrybox.vision.text import LabelReader, first_name, words_of
from pantrybox.vision.visibility import READABLE, brightness_and_sharpness, scene_confidence

MOST_CROPS = 25
"""Embedded at once of one photograph, best first; the rest when somebody asks."""
FAINT_SCORE = 0.15
"""What is no likely thing is embedded briefly, and not at all from here down: it costs as much as a thing, and hardly
ever is one."""
MOST_FAINT = 4


class Detector(Protocol):
    """Finds boxes."""

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """Every box that the model offers in an upright RGB picture (height, width, 3) of any size, best first."""
        ...


class Embedder(Protocol):
    """Makes crops comparable."""

    @property
    def name(self) -> str: ...

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], *, brief: bool = False) -> list[Crop]:
        """`brief`: at less cost, for what is probably no thing."""
        ...


class OnnxEye(Eye):
    def __init__(self, name: str, detector: Detector, embedder: Embedder, reader: LabelReader | None = None) -> None:
        self._name = name
        self._detector = detector
        self._embedder = embedder
        self._reader = reader
        self._memory = Memory()

    @property
    def embedder(self) -> str:
        return self._embedder.name

    def look(self, picture: bytes, *, view: str = "", also: Sequence[Box] = (), codes: bool = False) -> Sight:
        started = time.perf_counter()
        upright = open_upright(picture, CODES_SIZE if codes else WORKING_SIZE)
        offered = self._detector.detect(upright.pixels)
        found = candidates(offered)
        likely, faint = _worth_embedding(found)
        embedded = [detection.box for detection in found[: likely + faint]]
        brief = [likely <= rank < likely + faint for rank in range(len(embedded) + len(also))]
        small = stretched(upright.pixels, SMALL_SIZE)
        brightness, sharpness = brightness_and_sharpness(luma(small))
        confidence = scene_confidence(brightness, sharpness, covered_by_people(offered))
        # What an unreadable photograph shows must not be what the next one is compared with.
        keep = view != "" and confidence >= READABLE
        crops = self._crops(view, upright.pixels, [*embedded, *also], brief, keep=keep)
        boxes = [detection.box for detection in found]
        cues = Compared([], [None] * len(found), moved=False)
        if keep:
            cues = self._memory.compare(view, upright.pixels, frame_of(small), boxes, boxes[:likely], offered)
        return Sight(
            model=self._name,
            width=upright.width,
            height=upright.height,
            brightness=brightness,
            sharpness=sharpness,
            scene_confidence=confidence,
            detections=found,
            embedder=self._embedder.name,
            crops=[*crops[: len(embedded)], *([None] * (len(found) - len(embedded)))],
            also=crops[len(embedded) :],
            barcodes=read_barcodes(upright.pixels) if codes else [],
            glances=cues.glances,
            still=cues.still,
            moved=cues.moved,
            took_ms=round(1000 * (time.perf_counter() - started)),
        )

    def remembers(self, view: str) -> bool:
        return self._memory.remembers(view)

    def recall(self, view: str, picture: bytes, boxes: Sequence[Box]) -> None:
        if view and not self.remembers(view):
            self._memory.recall(view, open_upright(picture).pixels, boxes)

    def _crops(
        self, view: str, pixels: NDArray[np.uint8], boxes: Sequence[Box], brief: Sequence[bool], *, keep: bool
    ) -> list[Crop]:
        """What has not changed since this view was last seen is remembered, and not embedded again."""
        if not view:
            return self._studied(pixels, boxes, brief)
        known = self._memory.recalled(view, pixels, boxes)
        missing = [rank for rank, crop in enumerate(known) if crop is None]
        new = iter(self._studied(pixels, [boxes[rank] for rank in missing], [brief[rank] for rank in missing]))
        crops = [next(new) if crop is None else crop for crop in known]
        if keep:
            self._memory.remember(view, pixels, boxes, crops)
        return crops

    def embed(self, picture: bytes, boxes: Sequence[Box]) -> list[Crop]:
        return self._studied(open_upright(picture).pixels, boxes, [False] * len(boxes))

    def _studied(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], brief: Sequence[bool]) -> list[Crop]:
        pairs = list(zip(boxes, brief, strict=True))
        whole = iter(self._embedder.embed(pixels, [box for box, is_brief in pairs if not is_brief]))
        short = iter(self._embedder.embed(pixels, [box for box, is_brief in pairs if is_brief], brief=True))
        crops = [next(short if is_brief else whole) for is_brief in brief]
        if self._reader is None or not boxes:
            return crops
        lines = self._reader.read(pixels)
        return [
            msgspec.structs.replace(crop, text=words_of(lines, box), printed_name=first_name(lines, box))
            for crop, box in zip(crops, boxes, strict=True)
        ]


def _worth_embedding(found: Sequence[Detection]) -> tuple[int, int]:
    """How many of the first are likely things, and how many after them may be things."""
    likely = min(MOST_CROPS, sum(one.score >= LIKELY_SCORE for one in found))
    faint = sum(one.score >= FAINT_SCORE for one in found[likely:])
    return likely, min(faint, MOST_FAINT, MOST_CROPS - likely)
