"""Can this photograph be trusted to show what is *not* there? Judged from its pixels. Pure."""

import numpy as np
from numpy.typing import NDArray


def brightness_and_sharpness(luma: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean luma (0 to 1), and how abrupt the sharpest edges are.

    `luma` is (height, width), as vision.picture makes it: means of 2 x 2 pixels, since noise is
    abrupt too. Sharpness is the 99th percentile of its absolute Laplacian over its standard
    deviation: blur takes the abrupt changes away and leaves the contrast, and a dimmer light scales
    both alike. Source of the idea: Pertuz et al., "Analysis of focus measure operators for
    shape-from-focus", 2013, LAP1. Measured on 208 x 208: 2.4 on a sharp rendered shelf, 0.3 when
    the camera shook; 0.62 to 3.5 on 208 photographs taken in shops by phone.
    """
    brightness, spread = float(luma.mean()) / 255, float(luma.std())
    if spread == 0.0:
        return brightness, 0.0
    whole = luma.astype(np.int16)
    inner = 4 * whole[1:-1, 1:-1]
    laplacian = np.abs(inner - whole[:-2, 1:-1] - whole[2:, 1:-1] - whole[1:-1, :-2] - whole[1:-1, 2:]).ravel()
    steepest = np.partition(laplacian, int(0.99 * laplacian.size))[int(0.99 * laplacian.size)]
    return brightness, float(steepest) / spread


READABLE = 0.5
"""A scene confidence from here on: what is not seen in the photograph is evidence of absence."""

_DARK, _LIT = 0.08, 0.18
_BLURRED, _SHARP = 0.4, 0.6
_FREE, _HIDDEN = 0.15, 0.45


def scene_confidence(brightness: float, sharpness: float, blocked: float) -> float:
    """0: shows nothing reliably; 1: lit, sharp and free. `blocked` is the part of the view that a person covers."""
    return _ramp(brightness, _DARK, _LIT) * _ramp(sharpness, _BLURRED, _SHARP) * _ramp(-blocked, -_HIDDEN, -_FREE)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
