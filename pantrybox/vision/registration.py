"""How a fixed camera's photograph lies upon the one before: pushed a little, lit otherwise, or from elsewhere. Pure.

A photograph is compared as its frame (vision.picture): the whole view, shrunk to (FRAME, FRAME, 3).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pantrybox.vision.lighting import SAME_LIGHT, Light, light_between, lit_after
from pantrybox.vision.model import Box
from pantrybox.vision.picture import FRAME

MOST_SHIFT = 0.02
"""Of the view, across or down: beyond it another camera position is more likely than a push, and boxes lie wrongly."""

_HALF = FRAME // 2
_REACH = 4
"""Pixels of a half frame, 5 % of the view: how far a shift is looked for."""
_BLOCK = 12
_STEPS = range(_REACH, _HALF - _REACH - _BLOCK + 1, _BLOCK)
_TEXTURE = 4.0
"""Standard deviation of luma in a block, of 255: with less, noise decides where it fits best."""
_FITS = 0.6
"""Correlation of a block with the one before: the same piece of the view."""
_FITS_WELL = 0.8
_LEAST_BLOCKS = 4
_LEAST_FITTING = 0.35
"""Part of the textured blocks: with fewer the scene is another one. Half of a shelf may be emptied at once."""
_CLEARLY = 0.2
"""In correlation, a block fits better elsewhere:"""
_MOST_ELSEWHERE = 0.35
"""so many do when the camera was turned or zoomed."""
_DOUBT = 0.03
"""In squared correlation, a pixel of a half frame: where only a shelf's edge is to be seen, no shift is likeliest."""
_DISTANCE = np.hypot(*np.mgrid[-_REACH : _REACH + 1, -_REACH : _REACH + 1])
_PUSHED = 0.002
"""Of the view: a smaller shift is within what is measured where nothing moved."""

_Floats = NDArray[np.floating[Any]]


class Setting(NamedTuple):
    """How a photograph lies upon an earlier one of the same view."""

    right: float
    """What was at x is now at x + right, in fractions of the view."""
    down: float
    light: Light


SAME = Setting(0.0, 0.0, SAME_LIGHT)


def after(first: Setting, then: Setting) -> Setting:
    """`first`, and `then` upon it."""
    return Setting(first.right + then.right, first.down + then.down, lit_after(first.light, then.light))


def registered(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> Setting | None:
    """How `now` lies upon `before`, both frames; None when the camera was moved or shows another scene."""
    shift = _shift(_half(before), _half(now))
    if shift is None or max(map(abs, shift)) > MOST_SHIFT:
        return None
    right, down = shift if max(map(abs, shift)) >= _PUSHED else (0.0, 0.0)
    return Setting(right, down, light_between(before, pushed(now, right, down)))


def pushed(frame: NDArray[np.uint8], right: float, down: float) -> NDArray[np.uint8]:
    """A frame as it would be had the camera not been pushed, to the nearest pixel; edges wrap around."""
    return np.roll(frame, (-round(down * FRAME), -round(right * FRAME)), axis=(0, 1))


def pushed_by(box: Box, right: float, down: float) -> Box:
    """A box elsewhere in the view; the box itself where it was not pushed."""
    return Box(box.left + right, box.top + down, box.right + right, box.bottom + down) if right or down else box


def _half(frame: NDArray[np.uint8]) -> _Floats:
    luma = frame @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return luma.reshape(_HALF, 2, _HALF, 2).mean(axis=(1, 3))


def _shift(before: _Floats, now: _Floats) -> tuple[float, float] | None:
    """(right, down) in fractions of the view; None when too little of the view is to be found again.

    Block matching by normalised correlation. The blocks are heard together: one that shows only a shelf's edge
    cannot tell how far it went along it, and one in which a thing was moved knows nothing.
    """
    fits = _correlations(before, now)
    if len(fits) < _LEAST_BLOCKS:
        return 0.0, 0.0
    together = (fits.clip(0, 1) ** 2).mean(axis=0)
    y, x = np.unravel_index(int((together - _DOUBT * _DISTANCE).argmax()), together.shape)
    near = fits[:, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max(axis=(1, 2))
    best = fits.max(axis=(1, 2))
    elsewhere = (best >= _FITS_WELL) & (best > fits[:, y, x] + _CLEARLY)
    if (near >= _FITS).mean() < _LEAST_FITTING or elsewhere.mean() > _MOST_ELSEWHERE:
        return None
    right = x - _REACH + _peak(together[y], int(x))
    down = y - _REACH + _peak(together[:, x], int(y))
    return float(right) / _HALF, float(down) / _HALF


def _correlations(before: _Floats, now: _Floats) -> _Floats:
    """Of each block that is textured in both with its surroundings: (blocks, down, right), -1 to 1."""
    spreads = (_spread(before), _spread(now))
    fits: list[_Floats] = []
    for top in _STEPS:
        for left in _STEPS:
            # Where a thing was taken from a plain wall, nothing can be found again, and nothing speaks of a movement.
            spread = float(spreads[0][top, left])
            if min(spread, float(spreads[1][top, left])) < _TEXTURE:
                continue
            block = before[top : top + _BLOCK, left : left + _BLOCK]
            down, across = (slice(at - _REACH, at + _REACH + 1) for at in (top, left))
            windows = sliding_window_view(now, (_BLOCK, _BLOCK))[down, across]
            together = np.einsum("yxij,ij->yx", windows, block - block.mean()) / _BLOCK**2
            # A window without texture fits nothing, whatever its noise.
            fits.append(together / (spread * spreads[1][down, across].clip(_TEXTURE / 2)))
    return np.array(fits, dtype=np.float32)


def _spread(picture: _Floats) -> _Floats:
    """Standard deviation of every _BLOCK x _BLOCK pixels, by their upper left one."""
    means = [_block_means(each) for each in (picture, picture**2)]
    return np.sqrt((means[1] - means[0] ** 2).clip(0))


def _block_means(picture: _Floats) -> _Floats:
    summed = np.pad(picture.astype(np.float64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    corners = (
        summed[_BLOCK:, _BLOCK:] - summed[:-_BLOCK, _BLOCK:] - summed[_BLOCK:, :-_BLOCK] + summed[:-_BLOCK, :-_BLOCK]
    )
    return corners / _BLOCK**2


def _peak(values: _Floats, at: int) -> float:
    """Where between the samples the maximum lies, -.5 to .5: of the parabola through it and its neighbours."""
    if not 0 < at < len(values) - 1:
        return 0.0
    left, middle, right = (float(value) for value in values[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0
