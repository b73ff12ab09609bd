"""What stands before a fixed camera: each likely thing as it was when last found, until it is surely gone. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.glancing import behind, verdict
from pantrybox.vision.model import Box, Detection, Glance
from pantrybox.vision.registration import SAME, Setting, after, pushed, pushed_by, registered
from pantrybox.vision.stillness import alike, changed_parts, changed_pixels, part_changed

SAME_THING_IOU = 0.5
"""A likely thing that overlaps a remembered one so much is the same, or stands in its place."""
SURELY_GONE = 2
"""Readable photographs in a row that show a thing's place bare."""
LONGEST_UNFOUND = 60
"""Photographs: a day and more of a timer's. Whatever hides a thing longer has taken its place."""
MOST_THINGS = 40
"""Of one view; what was not found for longest is forgotten."""
STAYED_IOU = 0.8
"""The box of a thing that stayed where it was."""
MOST_CHANGED_WITHIN = 0.3
"""Of a thing's parts within a box that was found in its place: a cover may hide the others."""
STILL = 0.12
"""Of a box's pixels, that may have changed in a picture that is as it was."""

_Patch = NDArray[np.uint8]


class Thing(msgspec.Struct, frozen=True):
    box: Box
    patch: _Patch
    setting: Setting = SAME
    """How the scene's photograph lies upon the one in which it was last found."""
    beside: tuple[Box, ...] = ()
    """Likely things that overlapped it there: what stood before it already cannot have come before it."""
    unfound: int = 0
    """Readable photographs since then,"""
    gone: int = 0
    """and how many of the last of them in a row showed its place bare."""


class Scene(msgspec.Struct, frozen=True):
    """A view as its last readable photograph showed it."""

    frame: _Patch
    """See vision.registration."""
    things: list[Thing]


class Compared(NamedTuple):
    """The cues of vision.model.Sight."""

    glances: list[Glance]
    still: list[bool | None]
    moved: bool


class Present(NamedTuple):
    """One readable photograph."""

    frame: _Patch
    patch: Callable[[Box], _Patch]
    """See vision.stillness.patch_of."""
    found: Sequence[Box]
    """Of the detections in question, best first."""
    things: Sequence[Box]
    """Of likely things; some of `found`."""
    offered: Sequence[Detection]
    """All that the detector offers, people too."""


class _Now(NamedTuple):
    """A remembered thing in the present photograph."""

    thing: Thing
    place: Box
    expected: NDArray[np.floating[Any]]
    changed: NDArray[np.bool_]


def begun(now: Present) -> Scene:
    """With the first photograph of a view."""
    return Scene(now.frame, _things(now))


def compared(before: Scene | None, now: Present) -> tuple[Scene, Compared]:
    """What the photograph shows of what stood there, and what is remembered from now on."""
    setting = None if before is None else registered(before.frame, now.frame)
    if before is None or setting is None:
        return begun(now), Compared([], [None] * len(now.found), before is not None)
    places = [_now(thing, now, setting) for thing in before.things]
    unfound, glances = _glanced(_not_found(places, now), now)
    longest_last = sorted(unfound, key=lambda thing: thing.unfound)
    scene = Scene(now.frame, [*_things(now), *longest_last][:MOST_THINGS])
    return scene, Compared(glances, _still(before.frame, now, setting), moved=False)


def _things(now: Present) -> list[Thing]:
    likely = now.things[:MOST_THINGS]
    beside = [tuple(other for other in likely if other is not box and other.intersection(box) > 0) for box in likely]
    return [Thing(box, now.patch(box), beside=near) for box, near in zip(likely, beside, strict=True)]


def _still(before: _Patch, now: Present, setting: Setting) -> list[bool | None]:
    changed = changed_pixels(before, pushed(now.frame, setting.right, setting.down), setting.light)
    boxes = [pushed_by(box, -setting.right, -setting.down) for box in now.found]
    return [part_changed(changed, box) <= STILL for box in boxes]


def _now(thing: Thing, now: Present, setting: Setting) -> _Now:
    so_far = after(thing.setting, setting)
    place = pushed_by(thing.box, so_far.right, so_far.down)
    expected = so_far.light.of_patch(thing.patch, place)
    return _Now(
        msgspec.structs.replace(thing, setting=so_far), place, expected, changed_parts(expected, now.patch(place))
    )


def _not_found(places: Sequence[_Now], now: Present) -> list[_Now]:
    """Best matches first, one thing a box: one that hides another must not be taken for both."""
    pairs = [(one.place.iou(box), old, new) for old, one in enumerate(places) for new, box in enumerate(now.things)]
    found: set[int] = set()
    taken: set[int] = set()
    for iou, old, new in sorted(pairs, reverse=True):
        if iou < SAME_THING_IOU:
            break
        if old not in found and new not in taken and _same_thing(places[old], now.things[new], now):
            found.add(old)
            taken.add(new)
    return [one for rank, one in enumerate(places) if rank not in found]


def _same_thing(old: _Now, box: Box, now: Present) -> bool:
    """What overlaps a thing so much is that thing, when nothing changed there, or when it looks like it; else it
    stands before it or in its place.
    """
    within = behind(box, old.place)
    return bool(old.changed[within].mean() <= MOST_CHANGED_WITHIN) or alike(old.expected, now.patch(box))


def _glanced(places: Sequence[_Now], now: Present) -> tuple[list[Thing], list[Glance]]:
    """Those of the things that stay remembered, and a glance at each."""
    kept: list[Thing] = []
    glances: list[Glance] = []
    for thing, place, _, changed in places:
        seen = verdict(changed, place, _came(thing, now))
        glances.append(Glance(thing.box, seen))
        gone = thing.gone + 1 if seen == "gone" else 0
        if gone < SURELY_GONE and thing.unfound + 1 < LONGEST_UNFOUND:
            kept.append(msgspec.structs.replace(thing, unfound=thing.unfound + 1, gone=gone))
    return kept, glances


def _came(thing: Thing, now: Present) -> list[Detection]:
    """What did not stand beside a thing already, when it could be seen."""
    stood = [pushed_by(box, thing.setting.right, thing.setting.down) for box in thing.beside]
    return [one for one in now.offered if all(one.box.iou(box) < STAYED_IOU for box in stood)]
