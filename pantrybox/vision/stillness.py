"""Has the picture changed where a thing stood? Two patches of a fixed camera's photographs, compared in parts. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.lighting import Light, solved
from pantrybox.vision.model import Box
from pantrybox.vision.picture import FRAME

SIDE = 32
"""Pixels of a patch, across and down, whatever its box's size and shape."""
REACH = 2
"""Pixels of a patch that it may lie beside the one before: a camera trembles."""
PARTS = 7
"""Across and down, of what is left of a patch without REACH at each edge: 4 x 4 pixels each."""

_MOST_COUNTED = 32.0
_STRAIGHT = 4.0
"""Of 255, the mean difference of two patches that need not be tried elsewhere."""
_LEVEL = 12.0
"""Of 255, the mean difference in a part that is a change where nothing has edges."""
_EDGE = 0.3
"""How much of a local step in brightness a difference may be besides: half a pixel of misfit."""
_LOCAL_SHADE = np.array([8.0, 10.0, 14.0])
"""Of 255: so much does a neighbour's or a hand's shadow darken a thing, and from its middle to its left or right edge
and to its upper or lower one, beyond what the whole view tells."""
_PLANE = np.stack(
    [np.ones(PARTS**2), np.tile(np.linspace(-1, 1, PARTS), PARTS), np.repeat(np.linspace(-1, 1, PARTS), PARTS)], axis=1
)
_ROUNDS, _NEAR = 3, 6.0
_COARSE = 8
_ALIKE = 14.0
"""Of 255, the mean difference of _COARSE x _COARSE means."""

_Floats = NDArray[np.floating[Any]]


def patch_of(picture: Image.Image, box: Box) -> NDArray[np.uint8]:
    """What lies in a box of a picture: (SIDE, SIDE, 3), means over areas."""
    width, height = picture.size
    left, top = min(max(box.left, 0) * width, width - 1), min(max(box.top, 0) * height, height - 1)
    edges = (left, top, max(min(box.right, 1) * width, left + 1), max(min(box.bottom, 1) * height, top + 1))
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX, box=edges))


def changed_parts(expected: _Floats, now: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which parts of a patch changed: (PARTS, PARTS). `expected` is the one before, in the present light."""
    found = now.astype(np.float32)
    off = _least_difference(expected.clip(0, 255)[REACH:-REACH, REACH:-REACH], found)
    off = off - _shade(off)[..., None]
    excess = np.abs(off) - _EDGE * _steps(expected)[REACH:-REACH, REACH:-REACH]
    return _parts(excess).max(axis=2) > _LEVEL


def _parts(picture: _Floats) -> _Floats:
    """Means of PARTS x PARTS parts: (PARTS, PARTS, 3)."""
    size = (SIDE - 2 * REACH) // PARTS
    return picture.reshape(PARTS, size, PARTS, size, 3).mean(axis=(1, 3))


def _shade(off: _Floats) -> _Floats:
    """The slope of light that explains most of a difference, a weak one at most: of off's height and width.

    Weighted least squares over the parts, as in vision.lighting.
    """
    parts = _parts(off).mean(axis=2).ravel()
    slope: _Floats = np.array([np.median(parts), 0.0, 0.0])
    for _ in range(_ROUNDS):
        weight = 1 / (1 + ((parts - _PLANE @ slope) / _NEAR) ** 2) ** 2
        weighted = _PLANE * weight[:, None]
        slope = solved(weighted.T @ _PLANE + 0.01 * np.eye(3), weighted.T @ parts).clip(-_LOCAL_SHADE, _LOCAL_SHADE)
    return np.kron((_PLANE @ slope).reshape(PARTS, PARTS), np.ones((len(off) // PARTS, len(off) // PARTS)))


def alike(expected: _Floats, now: NDArray[np.uint8]) -> bool:
    """Whether two patches look like one thing that was pushed a little: less strict than no change at all."""
    return _coarse_difference(expected.clip(0, 255), now.astype(np.float32)) <= _ALIKE


def _coarse_difference(one: _Floats, other: _Floats) -> float:
    """Of 255: the mean between COARSE x COARSE means of two patches."""
    size = SIDE // _COARSE
    off = (one - other).reshape(_COARSE, size, _COARSE, size, 3).mean(axis=(1, 3))
    return float(np.abs(off).mean())


def _least_difference(core: _Floats, found: _Floats) -> _Floats:
    """Where within REACH it lies best, the middle of a patch upon another patch: of the middle's shape.

    Large differences count no more than _MOST_COUNTED: what was changed must not pull the rest away.
    """
    straight = core - found[REACH:-REACH, REACH:-REACH]
    if float(np.abs(straight).mean()) <= _STRAIGHT:
        return straight
    inner, steps = len(core), range(2 * REACH + 1)
    tried = [core - found[down : down + inner, right : right + inner] for down in steps for right in steps]
    return min(tried, key=lambda off: float(np.abs(off).clip(max=_MOST_COUNTED).sum()))


def _steps(picture: _Floats) -> _Floats:
    """How far each pixel is from its neighbours across and down, at most."""
    across, down = np.abs(np.diff(picture, axis=1)), np.abs(np.diff(picture, axis=0))
    steps = np.zeros_like(picture)
    for part, step in (
        (np.s_[:, 1:], across), (np.s_[:, :-1], across), (np.s_[1:], down), (np.s_[:-1], down),
    ):  # fmt: skip
        np.maximum(steps[part], step, out=steps[part])
    return steps


def changed_pixels(before: NDArray[np.uint8], now: NDArray[np.uint8], light: Light) -> NDArray[np.bool_]:
    """Which pixels of a frame changed: (FRAME, FRAME)."""
    expected = light.of_frame(before).clip(0, 255)
    excess = np.abs(now - expected) - 2 * _EDGE * _steps(expected)
    return excess.max(axis=2) > _LEVEL


def part_changed(changed: NDArray[np.bool_], box: Box) -> float:
    """Of the pixels of a frame that lie in a box, 0 to 1; the nearest one when it is smaller than a pixel."""
    left, top = min(int(box.left * FRAME), FRAME - 1), min(int(box.top * FRAME), FRAME - 1)
    right, bottom = max(round(box.right * FRAME), left + 1), max(round(box.bottom * FRAME), top + 1)
    return float(changed[top:bottom, left:right].mean())
