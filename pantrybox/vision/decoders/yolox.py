"""YOLOX: a row of numbers for each cell of three grids.

The convention is that of Megvii's `tools/export_onnx.py` and `demo_postprocess` (Apache-2.0), written anew: one
output (1, cells, 5 + classes) with dx, dy, log width, log height, objectness and the classes' scores, the last two
after their sigmoid. A cell of stride s at column i, row j stands for a box around ((i + dx) s, (j + dy) s) of the
size (exp(log width) s, exp(log height) s). The grids of strides 8, 16, 32 (64 in the P6 models) follow each other.
"""

import numpy as np
from numpy.typing import NDArray

from pantrybox.errors import Malformed
from pantrybox.vision.decoders.found import Found, Outputs, from_centres

_STRIDES = ((8, 16, 32), (8, 16, 32, 64))
_LARGEST_LOG = 10.0
"""exp() of more is wider than any picture."""


def decode(outputs: Outputs, size: tuple[int, int], classes: int) -> Found:
    """`size` is the (width, height) of the model's input. The score is objectness times the best class's."""
    rows = only_rows(outputs, 5 + classes)
    cells, strides = _grid_for(len(rows), size)
    middles = (rows[:, :2] + cells) * strides[:, None]
    sizes = np.exp(rows[:, 2:4].clip(None, _LARGEST_LOG)) * strides[:, None]
    kinds = rows[:, 5:].argmax(axis=1)
    scores = rows[:, 4] * rows[np.arange(len(rows)), 5 + kinds]
    return Found(from_centres(np.concatenate([middles, sizes], axis=1)), scores, kinds)


def only_rows(outputs: Outputs, columns: int) -> NDArray[np.float32]:
    """The single output (1, n, columns) as (n, columns); Malformed when it is another."""
    shapes = [list(output.shape) for output in outputs.values()]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1 or shapes[0][2] != columns:  # noqa: PLR2004
        raise Malformed(f"The model gives {shapes}, not one output [1, n, {columns}] as its kind and labels say.")
    (rows,) = outputs.values()
    return rows[0].astype(np.float32, copy=False)


def _grid_for(count: int, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(n, 2) columns and rows of all cells, and (n,) their strides, for the strides of which there are so many."""
    for strides in _STRIDES:
        grids = [_cells(size[0] // stride, size[1] // stride) for stride in strides]
        if sum(map(len, grids)) == count:
            sides = [np.full(len(grid), stride) for grid, stride in zip(grids, strides, strict=True)]
            return np.concatenate(grids), np.concatenate(sides).astype(np.float32)
    raise Malformed(f"The model gives {count} rows: not the cells of a YOLOX with an input of {size[0]} x {size[1]}.")


def _cells(columns: int, rows: int) -> NDArray[np.float32]:
    """Row by row from the top left."""
    across, down = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
