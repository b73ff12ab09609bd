"""A fixed camera's unchanged things are remembered, and nothing that changed is."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pantrybox.vision.memory import MOST_BYTES, MOST_VIEWS, Memory
from pantrybox.vision.model import Box, Crop, Glance
from pantrybox.vision.picture import frame_of
from pantrybox.vision.standing import Compared

BOXES = [Box(0.1, 0.1, 0.3, 0.5), Box(0.5, 0.2, 0.8, 0.9)]
CROPS = [Crop(b"\x01"), Crop(b"\x02")]


def shelf(seed: int = 0) -> NDArray[np.uint8]:
    """A view with some pattern in it, (480, 640, 3)."""
    coarse = np.random.default_rng(seed).integers(40, 210, (24, 32, 3), dtype=np.uint8)
    return coarse.repeat(20, axis=0).repeat(20, axis=1)


def remembering(pixels: NDArray[np.uint8]) -> Memory:
    memory = Memory()
    memory.remember("shelf", pixels, BOXES, CROPS)
    return memory


@settings(max_examples=30, deadline=None)
@given(noise=st.integers(0, 6), darker=st.integers(-3, 3), seed=st.integers(0, 99))
def test_noise_and_a_little_less_light_are_no_change(noise: int, darker: int, seed: int) -> None:
    pixels = shelf(seed)
    again = pixels + np.random.default_rng(seed).normal(darker, noise, pixels.shape)
    assert remembering(pixels).recalled("shelf", again.clip(0, 255).astype(np.uint8), BOXES) == CROPS


@settings(max_examples=30, deadline=None)
@given(x=st.integers(0, 7), y=st.integers(0, 7), seed=st.integers(0, 99))
def test_a_small_label_that_changed_is_a_change(x: int, y: int, seed: int) -> None:
    pixels = shelf(seed)
    changed = pixels.copy()
    left, top = 64 + 16 * x, 48 + 24 * y
    part = changed[top : top + 24, left : left + 16]
    part[:] = np.where(part > 127, part - 60, part + 60)
    assert remembering(pixels).recalled("shelf", changed, BOXES) == [None, CROPS[1]]


def test_a_thing_that_was_taken_away_is_not_remembered_there() -> None:
    pixels = shelf()
    empty = pixels.copy()
    empty[96:432, 320:512] = 90
    assert remembering(pixels).recalled("shelf", empty, BOXES) == [CROPS[0], None]


@pytest.mark.parametrize(("shift", "known"), [(0.005, True), (0.05, False)])
def test_a_box_may_move_by_a_pixel_or_two(shift: float, *, known: bool) -> None:
    moved = Box(0.1 + shift, 0.1, 0.3 + shift, 0.5)
    assert (remembering(shelf()).recalled("shelf", shelf(), [moved]) == [CROPS[0]]) is known


def test_views_are_apart_and_the_oldest_is_forgotten() -> None:
    memory = remembering(shelf())
    assert memory.recalled("door", shelf(), BOXES) == [None, None]
    for number in range(MOST_VIEWS):
        memory.remember(f"view {number}", shelf(), BOXES[:1], CROPS[:1])
    assert memory.recalled("shelf", shelf(), BOXES) == [None, None]
    assert memory.recalled("view 0", shelf(), BOXES) == [CROPS[0], None]


def test_what_was_not_embedded_is_not_remembered() -> None:
    memory = Memory()
    memory.remember("shelf", shelf(), BOXES, [None, CROPS[1]])
    assert memory.recalled("shelf", shelf(), BOXES) == [None, CROPS[1]]


def compare(memory: Memory, view: str, boxes: Sequence[Box]) -> Compared:
    """A photograph of the shelf in which these things are found."""
    return memory.compare(view, shelf(), frame_of(shelf()), boxes, boxes, [])


def test_what_was_recalled_after_a_restart_is_compared_with() -> None:
    memory = Memory()
    assert not memory.remembers("shelf")
    memory.recall("shelf", shelf(), BOXES)
    assert memory.remembers("shelf")
    assert compare(memory, "shelf", BOXES[:1]).glances == [Glance(BOXES[1], "unchanged")]


def test_what_is_recalled_late_is_older_than_what_is_remembered() -> None:
    memory = Memory()
    compare(memory, "shelf", BOXES[:1])
    memory.recall("shelf", shelf(), BOXES)
    assert compare(memory, "shelf", BOXES).glances == []


def test_crops_alone_are_nothing_to_compare_with() -> None:
    assert not remembering(shelf()).remembers("shelf")


def test_a_picture_of_a_thing_is_kept_once() -> None:
    memory = remembering(shelf())
    before = memory.size_bytes
    compare(memory, "shelf", BOXES)
    assert memory.size_bytes == before + frame_of(shelf()).nbytes


def test_many_views_of_many_things_stay_within_the_memory() -> None:
    memory = Memory()
    boxes = [Box(x / 8, y / 8, x / 8 + 0.1, y / 8 + 0.1) for x in range(8) for y in range(5)]
    for number in range(MOST_VIEWS):
        memory.remember(f"view {number}", shelf(), boxes, [CROPS[0]] * len(boxes))
        compare(memory, f"view {number}", boxes)
        assert memory.size_bytes <= MOST_BYTES
    assert memory.remembers(f"view {MOST_VIEWS - 1}")
    assert not memory.remembers("view 0")
