"""The eye compares a fixed camera's readable photographs, and takes up where it was after a restart."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.eye import OnnxEye
from pantrybox.vision.model import Box, Crop, Detection, Glance
from pantrybox.vision.proposals import LIKELY_SCORE
from pantrybox.vision.visibility import READABLE

CAN, JAR = Box(0.1, 0.2, 0.3, 0.6), Box(0.6, 0.2, 0.8, 0.7)
GLANCE_AT_CAN = [Glance(CAN, "unchanged")]


class ToldDetector:
    """Finds what it is told, whatever the picture."""

    def __init__(self) -> None:
        self.finds = {CAN: 0.9, JAR: 0.8}

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        del pixels
        return [Detection(box, score, "can", 0.9) for box, score in self.finds.items()]


class PlainEmbedder:
    name = "plain"

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], *, brief: bool = False) -> list[Crop]:
        del pixels, brief
        return [Crop(b"\x01") for _ in boxes]


def jpeg(brightness: float = 1.0, seed: int = 0) -> bytes:
    rough = np.random.default_rng(seed).integers(40, 210, (48, 64, 3)) * brightness
    encoded = io.BytesIO()
    Image.fromarray(rough.astype(np.uint8)).resize((640, 480), Image.Resampling.NEAREST).save(encoded, "JPEG")
    return encoded.getvalue()


@pytest.fixture
def detector() -> ToldDetector:
    return ToldDetector()


@pytest.fixture
def eye(detector: ToldDetector) -> OnnxEye:
    """One that has seen the shelf once."""
    opened = OnnxEye("told", detector, PlainEmbedder())
    assert opened.look(jpeg(), view="shelf").still == [None, None]
    return opened


def test_a_missed_thing_that_has_not_changed_is_still_there(eye: OnnxEye, detector: ToldDetector) -> None:
    detector.finds = {JAR: 0.8}
    sight = eye.look(jpeg(), view="shelf")
    assert (sight.glances, sight.still, sight.moved) == (GLANCE_AT_CAN, [True], False)


def test_a_thing_found_faintly_counts_as_missed(eye: OnnxEye, detector: ToldDetector) -> None:
    detector.finds = {JAR: 0.8, CAN: LIKELY_SCORE - 0.01}
    sight = eye.look(jpeg(), view="shelf")
    assert (sight.glances, sight.still) == (GLANCE_AT_CAN, [True, True])


def test_what_was_never_likely_is_not_looked_for(detector: ToldDetector) -> None:
    detector.finds = {JAR: 0.8, CAN: LIKELY_SCORE - 0.01}
    eye = OnnxEye("told", detector, PlainEmbedder())
    eye.look(jpeg(), view="shelf", also=[Box(0.4, 0.4, 0.5, 0.5)])
    detector.finds = {JAR: 0.8}
    assert eye.look(jpeg(), view="shelf").glances == []


def test_an_unreadable_photograph_says_nothing_and_leaves_the_memory_alone(
    eye: OnnxEye, detector: ToldDetector
) -> None:
    detector.finds = {JAR: 0.8}
    dark = eye.look(jpeg(0.03), view="shelf")
    assert dark.scene_confidence < READABLE
    assert (dark.glances, dark.still, dark.moved) == ([], [None], False)
    assert eye.look(jpeg(), view="shelf").glances == GLANCE_AT_CAN


def test_an_unreadable_first_photograph_is_not_remembered(detector: ToldDetector) -> None:
    eye = OnnxEye("told", detector, PlainEmbedder())
    eye.look(jpeg(0.03), view="shelf")
    assert not eye.remembers("shelf")


def test_a_look_without_a_view_neither_compares_nor_is_remembered(eye: OnnxEye, detector: ToldDetector) -> None:
    detector.finds = {JAR: 0.8}
    again = eye.look(jpeg(seed=7))
    assert (again.glances, again.still, again.moved) == ([], [None], False)
    assert not eye.remembers("")
    assert eye.look(jpeg(), view="shelf").glances == GLANCE_AT_CAN


def test_after_a_restart_the_last_photograph_is_taken_up(detector: ToldDetector) -> None:
    eye = OnnxEye("told", detector, PlainEmbedder())
    assert not eye.remembers("shelf")
    eye.recall("shelf", jpeg(), [CAN, JAR])
    assert eye.remembers("shelf")
    detector.finds = {JAR: 0.8}
    assert eye.look(jpeg(), view="shelf").glances == GLANCE_AT_CAN


def test_a_moved_camera_begins_anew(eye: OnnxEye, detector: ToldDetector) -> None:
    detector.finds = {JAR: 0.8}
    moved = eye.look(jpeg(seed=7), view="shelf")
    assert (moved.glances, moved.still, moved.moved) == ([], [None], True)
    detector.finds = {}
    assert eye.look(jpeg(seed=7), view="shelf").glances == [Glance(JAR, "unchanged")]
