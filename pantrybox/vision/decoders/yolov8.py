"""YOLOv8 and those that answer as it does: boxes in pixels of the input.

Two published forms of one output: (1, 4 + classes, n) with centre x, centre y, width, height and the classes' scores
in columns, duplicates among them; and (1, n, 6) of models that name each thing once (YOLOv10, YOLO26, exports with
NMS inside) with left, top, right, bottom, score, class in rows.
"""

import numpy as np
from numpy.typing import NDArray

from pantrybox.errors import Malformed
from pantrybox.vision.decoders.found import Found, Outputs, from_centres

_END_TO_END = 6
_AXES = 3


def decode(outputs: Outputs, _: tuple[int, int], classes: int) -> Found:
    shapes = [list(output.shape) for output in outputs.values()]
    if len(shapes) == 1 and len(shapes[0]) == _AXES and shapes[0][0] == 1:
        (output,) = outputs.values()
        # No grid has as few as six cells: six at the end are the columns of rows.
        if output.shape[2] == _END_TO_END:
            return _each_once(output[0].astype(np.float32))
        if output.shape[1] == 4 + classes:
            return _cells(output[0].T.astype(np.float32))
    raise Malformed(
        f"The model gives {shapes}, neither one output [1, {4 + classes}, n] as its labels say nor one [1, n, 6]."
    )


def _each_once(rows: NDArray[np.float32]) -> Found:
    return Found(rows[:, :4], rows[:, 4], rows[:, 5].round().astype(np.int64))


def _cells(rows: NDArray[np.float32]) -> Found:
    kinds = rows[:, 4:].argmax(axis=1)
    return Found(from_centres(rows[:, :4]), rows[np.arange(len(rows)), 4 + kinds], kinds)
