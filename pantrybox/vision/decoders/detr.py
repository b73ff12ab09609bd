"""DETR and its descendants: each query is one box or nothing.

Two published forms. RT-DETR's and D-FINE's `export_onnx.py` put the post-processor inside: `labels` (1, n), `boxes`
(1, n, 4) as left, top, right, bottom scaled to the input `orig_target_sizes` (width, height), `scores` (1, n). Others
(DETR as Hugging Face exports it, RF-DETR) leave it outside: class logits (1, n, classes) and boxes (1, n, 4) as
centre x, centre y, width, height in fractions of the input. With one logit more than there are labels the last one
means "nothing" and a softmax belongs over all of them (DETR, arXiv 2005.12872, section 3.1); else each has a sigmoid
of its own (Deformable DETR, arXiv 2010.04159).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pantrybox.errors import Malformed
from pantrybox.vision.decoders.found import Found, Outputs, from_centres

_EDGES = 4
_QUERY_AXES = 3


def decode(outputs: Outputs, size: tuple[int, int], classes: int) -> Found:
    if len(outputs) == 3:  # noqa: PLR2004 - labels, boxes, scores
        return _finished(outputs)
    if len(outputs) == 2:  # noqa: PLR2004 - logits, boxes
        return _raw(outputs, size, classes)
    raise _misfit(outputs)


def _finished(outputs: Outputs) -> Found:
    try:
        labels, boxes, scores = outputs["labels"], outputs["boxes"], outputs["scores"]
    except KeyError as error:
        raise _misfit(outputs) from error
    count = labels.size
    if labels.shape != (1, count) or scores.shape != (1, count) or boxes.shape != (1, count, _EDGES):
        raise _misfit(outputs)
    return Found(boxes[0].astype(np.float32), scores[0].astype(np.float32), labels[0].astype(np.int64))


def _raw(outputs: Outputs, size: tuple[int, int], classes: int) -> Found:
    boxes, logits = _boxes_and_logits(outputs)
    pixels = from_centres(boxes[0].astype(np.float32)) * np.array(size * 2, dtype=np.float32)
    chances = _chances(logits[0].astype(np.float32), classes)
    if chances is None or len(chances) != len(pixels):
        raise _misfit(outputs)
    kinds = chances.argmax(axis=1)
    return Found(pixels, chances[np.arange(len(kinds)), kinds], kinds)


def _boxes_and_logits(outputs: Outputs) -> tuple[NDArray[Any], NDArray[Any]]:
    """By what they are called, since both may have four columns."""
    named = sorted(outputs, key=lambda name: not ("box" in name or name == "dets"))
    boxes, logits = (outputs[name] for name in named)
    if boxes.ndim != _QUERY_AXES or logits.ndim != _QUERY_AXES or boxes.shape[2] != _EDGES or boxes.shape[0] != 1:
        raise _misfit(outputs)
    return boxes, logits


def _chances(logits: NDArray[np.float32], classes: int) -> NDArray[np.floating[Any]] | None:
    """(n, classes) probabilities; None when there are as many logits as neither form has."""
    if logits.shape[1] == classes:
        return 1 / (1 + np.exp(-logits.clip(-50, 50)))
    if logits.shape[1] == classes + 1:
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (raised / raised.sum(axis=1, keepdims=True))[:, :-1]
    return None


def _misfit(outputs: Outputs) -> Malformed:
    shapes = {name: list(output.shape) for name, output in outputs.items()}
    return Malformed(
        f"The model gives {shapes}, neither labels [1, n], boxes [1, n, 4] and scores [1, n], nor logits with as many "
        "columns as there are labels (or one more) and boxes [1, n, 4]."
    )
