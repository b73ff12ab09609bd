"""What a fixed camera's pixels say where a thing stood and none is found, in pictures made by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.model import Box, Detection
from pantrybox.vision.picture import frame_of
from pantrybox.vision.standing import (
    LONGEST_UNFOUND,
    MOST_THINGS,
    SURELY_GONE,
    Compared,
    Present,
    Scene,
    begun,
    compared,
)
from pantrybox.vision.stillness import patch_of

Pixels = NDArray[np.uint8]
HEIGHT, WIDTH = 480, 640
CAN = Box(0.3, 0.3, 0.45, 0.6)
JAR = Box(0.6, 0.3, 0.75, 0.6)


def wall(seed: int = 0) -> Pixels:
    """A view with texture everywhere, (HEIGHT, WIDTH, 3)."""
    rough = np.random.default_rng(seed).integers(90, 170, (24, 32, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(rough).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def with_thing(pixels: Pixels, box: Box, seed: int = 1) -> Pixels:
    """A thing with a label of its own in a box."""
    left, top = round(box.left * WIDTH), round(box.top * HEIGHT)
    right, bottom = round(box.right * WIDTH), round(box.bottom * HEIGHT)
    label = np.random.default_rng(seed).integers(0, 255, (8, 6, 3), dtype=np.uint8)
    changed = pixels.copy()
    changed[top:bottom, left:right] = np.asarray(Image.fromarray(label).resize((right - left, bottom - top)))
    return changed


SHELF = with_thing(with_thing(wall(), CAN), JAR, seed=2)


def photograph(pixels: Pixels, things: Sequence[Box] = (), people: Sequence[Box] = ()) -> Present:
    offered = [Detection(box, 0.9, "thing", 0.9) for box in things]
    offered += [Detection(box, 0.0, "person", 0.6) for box in people]
    picture = Image.fromarray(pixels)
    return Present(frame_of(pixels), lambda box: patch_of(picture, box), things, things, offered)


def after_shelf(now: Present) -> tuple[Scene, Compared]:
    return compared(begun(photograph(SHELF, [CAN, JAR])), now)


def verdicts(cues: Compared) -> dict[Box, str]:
    return {glance.box: glance.verdict for glance in cues.glances}


@settings(max_examples=25, deadline=None)
@given(
    gain=st.floats(0.85, 1.15),
    warmth=st.floats(-0.06, 0.06),
    noise=st.integers(0, 6),
    right=st.integers(-3, 3),
    down=st.integers(-3, 3),
)
def test_another_exposure_noise_and_a_little_push_change_nothing(
    gain: float, warmth: float, noise: int, right: int, down: int
) -> None:
    lit = np.roll(SHELF, (down, right), axis=(0, 1)) * [gain * (1 + warmth), gain, gain * (1 - warmth)]
    again = (lit + np.random.default_rng(5).normal(0, noise, lit.shape)).clip(0, 255).astype(np.uint8)
    _, cues = after_shelf(photograph(again, [JAR]))
    assert verdicts(cues) == {CAN: "unchanged"}
    assert cues.still == [True]
    assert not cues.moved


def test_light_that_falls_from_the_side_changes_nothing() -> None:
    shade = np.linspace(-25, 25, WIDTH)[None, :, None]
    _, cues = after_shelf(photograph((SHELF + shade).clip(0, 255).astype(np.uint8)))
    assert verdicts(cues) == {CAN: "unchanged", JAR: "unchanged"}


def test_a_bare_place_means_gone() -> None:
    _, cues = after_shelf(photograph(with_thing(wall(), JAR, seed=2), [JAR]))
    assert verdicts(cues) == {CAN: "gone"}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(3, 200))
def test_another_thing_in_its_place_means_gone(seed: int) -> None:
    swapped = with_thing(SHELF, CAN, seed)
    assert verdicts(after_shelf(photograph(swapped, [JAR]))[1]) == {CAN: "gone"}
    assert verdicts(after_shelf(photograph(swapped, [JAR, CAN]))[1]) == {CAN: "gone"}


def test_a_look_alike_of_another_colour_means_gone() -> None:
    left, top, right, bottom = 192, 144, 288, 288
    recoloured = SHELF.copy()
    recoloured[top:bottom, left:right] = SHELF[top:bottom, left:right][..., ::-1]
    assert verdicts(after_shelf(photograph(recoloured, [JAR]))[1]) == {CAN: "gone"}


COVER = Box(0.27, 0.25, 0.48, 0.68)


def test_something_larger_and_nearer_covers_a_thing() -> None:
    scene, cues = after_shelf(photograph(with_thing(SHELF, COVER, seed=9), [JAR, COVER]))
    assert verdicts(cues) == {CAN: "covered"}
    assert cues.still == [True, False]
    assert verdicts(compared(scene, photograph(SHELF, [JAR]))[1]) == {CAN: "unchanged", COVER: "gone"}


def test_a_hand_covers_whatever_it_is_before() -> None:
    hand = Box(0.2, 0.0, 0.5, 0.55)
    _, cues = after_shelf(photograph(with_thing(SHELF, hand, seed=9), [JAR], [hand]))
    assert verdicts(cues) == {CAN: "covered"}


def test_what_can_be_seen_beside_a_cover_counts() -> None:
    cover = Box(0.39, 0.25, 0.55, 0.68)
    assert verdicts(after_shelf(photograph(with_thing(SHELF, cover, 9), [JAR, cover]))[1]) == {CAN: "covered"}
    bare = with_thing(with_thing(wall(), JAR, 2), cover, 9)
    assert verdicts(after_shelf(photograph(bare, [JAR, cover]))[1]) == {CAN: "gone"}


def test_what_stood_before_it_already_does_not_explain_a_change() -> None:
    wide = Box(0.27, 0.25, 0.8, 0.68)
    there = begun(photograph(SHELF, [CAN, wide]))
    _, cues = compared(there, photograph(with_thing(wall(), JAR, seed=2), [wide]))
    assert verdicts(cues) == {CAN: "gone"}
    came = photograph(with_thing(wall(), JAR, seed=2), [JAR, wide])
    assert verdicts(after_shelf(came)[1]) == {CAN: "covered"}


def test_a_thing_half_hidden_is_found_again_by_what_is_left_of_it() -> None:
    cover, rest = Box(0.40, 0.25, 0.55, 0.68), Box(0.3, 0.3, 0.4, 0.6)
    _, cues = after_shelf(photograph(with_thing(SHELF, cover, 9), [JAR, cover, rest]))
    assert verdicts(cues) == {}


@pytest.mark.parametrize("push", [-40, 40])
def test_a_camera_that_was_moved_compares_nothing(push: int) -> None:
    scene, cues = after_shelf(photograph(np.roll(SHELF, push, axis=1), [JAR]))
    assert cues == Compared([], [None], moved=True)
    assert [thing.box for thing in scene.things] == [JAR]


def test_another_scene_is_a_camera_that_was_moved() -> None:
    assert after_shelf(photograph(wall(77)))[1].moved


def test_a_hand_is_no_movement_of_the_camera() -> None:
    hand = Box(0.0, 0.0, 0.45, 0.6)
    assert not after_shelf(photograph(with_thing(SHELF, hand, seed=9), people=[hand]))[1].moved


def test_a_small_push_is_followed() -> None:
    pushed = np.roll(SHELF, (6, 10), axis=(0, 1))
    scene, cues = after_shelf(photograph(pushed))
    assert verdicts(cues) == {CAN: "unchanged", JAR: "unchanged"}
    again = np.roll(SHELF, (8, 20), axis=(0, 1))
    assert verdicts(compared(scene, photograph(again))[1]) == {CAN: "unchanged", JAR: "unchanged"}


def test_a_thing_is_forgotten_when_it_is_surely_gone() -> None:
    scene, empty = begun(photograph(SHELF, [CAN])), photograph(with_thing(wall(), JAR, seed=2))
    for _ in range(SURELY_GONE):
        scene, cues = compared(scene, empty)
        assert verdicts(cues) == {CAN: "gone"}
    assert compared(scene, empty)[1].glances == []


def test_a_thing_is_forgotten_when_it_was_not_found_for_long() -> None:
    scene, missed = begun(photograph(SHELF, [CAN])), photograph(SHELF)
    for _ in range(LONGEST_UNFOUND):
        scene, cues = compared(scene, missed)
        assert verdicts(cues) == {CAN: "unchanged"}
    assert compared(scene, missed)[1].glances == []


def test_no_more_than_so_many_things_are_remembered() -> None:
    rows = [Box(x / 10, y / 10, x / 10 + 0.08, y / 10 + 0.08) for x in range(10) for y in range(6)]
    scene = begun(photograph(SHELF, rows[:30]))
    scene, _ = compared(scene, photograph(SHELF, rows[30:]))
    assert len(scene.things) == MOST_THINGS
    assert [thing.box for thing in scene.things[:30]] == rows[30:]


def test_a_first_photograph_has_nothing_to_be_compared_with() -> None:
    assert compared(None, photograph(SHELF, [CAN]))[1] == Compared([], [None], moved=False)


def test_what_was_added_is_not_still() -> None:
    empty = begun(photograph(with_thing(wall(), JAR, seed=2), [JAR]))
    assert compared(empty, photograph(SHELF, [CAN, JAR]))[1].still == [False, True]
