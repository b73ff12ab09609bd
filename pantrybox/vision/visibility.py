"""Can this photograph be trusted to show what is *not* there? Judged from its pixels. Pure."""

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


def brightness_and_sharpness(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean luma (0 to 1), and how abruptly it changes from one pixel to the next.

    Sharpness is the mean absolute second difference (a Laplacian) over the standard deviation
    of the luma: blur takes fine changes away and leaves the contrast, and a dimmer light scales
    both alike. `pixels` is (height, width, 3). Source of the idea: Pertuz et al., "Analysis of
    focus measure operators for shape-from-focus", 2013, LAP1.
    """
    luma = pixels[::2, ::2].astype(np.float32) @ _LUMA / 255
    spread = float(luma.std())
    if spread == 0.0:
        return float(luma.mean()), 0.0
    across = np.abs(2 * luma[:, 1:-1] - luma[:, :-2] - luma[:, 2:]).mean()
    down = np.abs(2 * luma[1:-1] - luma[:-2] - luma[2:]).mean()
    return float(luma.mean()), float(across + down) / spread


READABLE = 0.5
"""A scene confidence from here on: what is not seen in the photograph is evidence of absence."""

_DARK, _LIT = 0.06, 0.16
_BLURRED, _SHARP = 0.06, 0.12
_FREE, _HIDDEN = 0.15, 0.45


def scene_confidence(brightness: float, sharpness: float, blocked: float) -> float:
    """0: shows nothing reliably; 1: lit, sharp and free. `blocked` is the part of the view that a person covers."""
    return _ramp(brightness, _DARK, _LIT) * _ramp(sharpness, _BLURRED, _SHARP) * _ramp(-blocked, -_HIDDEN, -_FREE)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
