"""What files say, taken only when it makes sense; and boxes in pixels to boxes as fractions. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from pantrybox.evaluation.model import Kind, Photograph
from pantrybox.names import MAX_NAME
from pantrybox.vision.model import Box

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
_OTHER_SHAPE = 1.02
"""Width over height differs by more: the labels were made for another picture, or for one that was not turned yet."""
_ROUNDING = 1.5
"""Labels may lie so many pixels outside and are not called flawed: programs count from 0 or from 1."""


class Truth(msgspec.Struct, frozen=True):
    """What is truly there."""

    box: Box
    name: str | None
    kind: Kind = "thing"


def label_name(value: Any) -> str | None:
    """A name as it can be shown on one line; None for none."""
    if not isinstance(value, str):
        return None
    text = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(text.split())[:MAX_NAME] or None


def edges_of(values: Any) -> tuple[float, float, float, float] | None:
    """Four numbers; None for anything else."""
    if not isinstance(values, Sequence) or len(values) != 4:  # noqa: PLR2004 # pyright: ignore[reportUnknownArgumentType]
        return None
    numbers = [number(value) for value in values]  # pyright: ignore[reportUnknownVariableType]
    left, top, right, bottom = numbers
    if left is None or top is None or right is None or bottom is None:
        return None
    return left, top, right, bottom


def number(value: Any) -> float | None:
    """A finite number, also where it was written as text."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def size_of(width: Any, height: Any) -> tuple[int, int] | None:
    """None where nobody knew: some programs write 0."""
    across, down = number(width), number(height)
    if across is None or down is None or across < 1 or down < 1:
        return None
    return int(across), int(down)


def fits(photograph: Photograph, width: int, height: int) -> bool:
    """Whether the labels can have been made for a picture of this size, perhaps before it was scaled."""
    if photograph.size is None:
        return True
    stretch = photograph.size[0] * height / (photograph.size[1] * width)
    # A small picture's sides were rounded when it was scaled.
    slack = _OTHER_SHAPE + 1 / min(width, height)
    return 1 / slack <= stretch <= slack


def truths(photograph: Photograph, width: int, height: int) -> tuple[tuple[Truth, ...], Counter[str]]:
    """The labels as fractions of the upright picture of this size, and what was wrong with some of them.

    What lies outside the picture is cut off; a label without area is no truth.
    """
    size = photograph.size or (width, height)
    found: list[Truth] = []
    flaws: Counter[str] = Counter()
    for label in photograph.labels:
        box, cut = (WHOLE, False) if label.edges is None else _within(label.edges, size)
        flaws["cut at the picture's edge"] += cut
        if box.area > 0:
            found.append(Truth(box, label.name, label.kind))
        else:
            flaws["without area"] += 1
    return tuple(found), +flaws


def _within(edges: Sequence[float], size: tuple[int, int]) -> tuple[Box, bool]:
    limits = (*size, *size)
    kept = [min(max(edge, 0.0), limit) for edge, limit in zip(edges, limits, strict=True)]
    cut = any(abs(edge - now) > _ROUNDING for edge, now in zip(edges, kept, strict=True))
    left, top, right, bottom = (edge / limit for edge, limit in zip(kept, limits, strict=True))
    return Box(left, top, right, bottom), cut
