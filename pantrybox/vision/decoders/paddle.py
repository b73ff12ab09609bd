"""PicoDet and other detectors as PaddleDetection exports them, with their own non-maximum suppression inside.

The first output is (n, 6): class, score, left, top, right, bottom, in pixels of the input divided by the input
`scale_factor`, which is 1 here. A class below 0 marks a row that only fills up.
"""

import numpy as np

from pantrybox.errors import Malformed
from pantrybox.vision.decoders.found import Found, Outputs

_COLUMNS = 6
_AXES = 2


def decode(outputs: Outputs, _: tuple[int, int], __: int) -> Found:
    rows = next(iter(outputs.values()))
    if rows.ndim != _AXES or rows.shape[1] != _COLUMNS:
        raise Malformed(f"The model's first output is {list(rows.shape)}, not [n, 6] as its kind says.")
    rows = rows[rows[:, 0] >= 0].astype(np.float32)
    return Found(rows[:, 2:], rows[:, 1], rows[:, 0].astype(np.int64))
