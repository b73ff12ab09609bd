"""How a fixed camera's photograph is lit beside the one before: exposure, white balance and shade. Pure."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.model import Box
from pantrybox.vision.picture import FRAME

_GRAIN = 8
_ROUNDS = 6
_NEAR = 4.0
"""Of 255: a difference from which on a patch of the view counts less, since something was moved there."""
_DARK, _BRIGHT = 8, 247
"""What is darker or brighter was cut off by the sensor, and says nothing about the light."""
_HELD = np.array([2000.0, 0.1, 1, 1, 1, 1, 1])
"""How strongly the gain, the offset and its slopes are held where they are when nothing happened."""
_PLAIN = np.array([1.0, 0, 0, 0, 0, 0, 0])
_LEAST_GAIN, _MOST_GAIN = 1 / 3, 3.0
"""Beyond it one of the photographs shows next to nothing."""

_Floats = NDArray[np.floating[Any]]


class Light(NamedTuple):
    """now = gain * before + offset, for each of red, green and blue; of 255. The offset differs over the view."""

    gain: _Floats
    """(3,)"""
    field: _Floats
    """(6, 3): how much of each of `_surface` makes the offset."""

    def of_patch(self, before: NDArray[np.uint8], box: Box) -> _Floats:
        """What lies in a box as it would be in this light: (n, n, 3)."""
        side = len(before)
        at = (np.arange(side) + 0.5) / side
        across, down = box.left + at * (box.right - box.left), box.top + at * (box.bottom - box.top)
        offset = _surface(np.tile(across, side), np.repeat(down, side)) @ self.field
        return self.gain * before + offset.reshape(side, side, 3)

    def of_frame(self, before: NDArray[np.uint8]) -> _Floats:
        """A frame as it would be in this light: (FRAME, FRAME, 3)."""
        return self.gain * before + (_EVERYWHERE @ self.field).reshape(FRAME, FRAME, 3)


SAME_LIGHT = Light(np.ones(3, dtype=np.float32), np.zeros((6, 3), dtype=np.float32))


def lit_after(first: Light, then: Light) -> Light:
    """`first`, and `then` upon it."""
    return Light(then.gain * first.gain, then.gain * first.field + then.field)


def _surface(x: _Floats, y: _Floats) -> _Floats:
    """A smooth surface over the view is a sum of these, x and y from 0 to 1: (n, 6)."""
    x, y = 2 * x - 1, 2 * y - 1
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _middles(count: int) -> _Floats:
    """`_surface` of a grid of `count` x `count`, row by row."""
    at = (np.arange(count, dtype=np.float32) + 0.5) / count
    return _surface(np.tile(at, count), np.repeat(at, count))


_EVERYWHERE = _middles(FRAME)
_GRID = _middles(FRAME // _GRAIN).reshape(FRAME // _GRAIN, FRAME // _GRAIN, 6)[1:-1, 1:-1].reshape(-1, 6)


def light_between(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> Light:
    """The exposure, white balance and shade that most of the view agrees on: weighted least squares, in rounds, in
    which what does not agree counts ever less (Geman and McClure's weights).
    """
    old, new = _grains(before), _grains(now)
    seen = ((old > _DARK) & (old < _BRIGHT) & (new > _DARK) & (new < _BRIGHT)).all(axis=1, keepdims=True)
    gain, field = np.ones(3), np.zeros((6, 3))
    field[0] = np.median(new - old, axis=0)
    for _ in range(_ROUNDS):
        off = new - gain * old - _GRID @ field
        weight = seen / (1 + ((off / _NEAR) ** 2).mean(axis=1, keepdims=True)) ** 2
        for channel in range(3):
            known = np.column_stack([old[:, channel], _GRID])
            weighted = known * weight
            # Plain surfaces cannot tell a gain: it stays near 1 unless something does, and shade near none.
            wanted = weighted.T @ new[:, channel] + _HELD * _PLAIN
            told = solved(weighted.T @ known + np.diag(_HELD), wanted)
            gain[channel], field[:, channel] = told[0], told[1:]
    return Light(gain.clip(_LEAST_GAIN, _MOST_GAIN).astype(np.float32), field.astype(np.float32))


def solved(matrix: _Floats, wanted: _Floats) -> _Floats:
    """x of matrix @ x = wanted: (n, n) and (n,) to (n,)."""
    return np.asarray(np.linalg.solve(matrix, wanted), dtype=np.float64)


def _grains(frame: NDArray[np.uint8]) -> _Floats:
    """Means of _GRAIN x _GRAIN pixels without the frame's edge: (n, 3)."""
    rows = FRAME // _GRAIN
    means = frame.reshape(rows, _GRAIN, rows, _GRAIN, 3).mean(axis=(1, 3), dtype=np.float32)
    return means[1:-1, 1:-1].reshape(-1, 3)
