"""Crops of one thing gathered into one group. Pure: vectors and boxes in, groups out."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.model import Box
from pantrybox.vision.recognition import Prior, directions

SAME_PLACE_IOU = 0.5
_REMEMBERED = 100
"""Things of a view: what went out of sight before so many others came is not looked for any more."""


class Scale(msgspec.Struct, frozen=True):
    """What a cosine of an embedder's vectors means."""

    like: float
    """Mean cosine between a crop and the crops of a group from which it is one of them."""
    like_in_place: float
    """Cosine from which what stands where something stood before is that thing still, in another light."""


LEARNED = Scale(0.6, 0.5)
PLAIN = Scale(0.88, 0.84)
"""Of a network's own features, nothing learned on top: they all lie in one corner. See docs/design/review.md."""


def scale_of(prior: Prior) -> Scale:
    """How it was learned what crops have in common, if it was."""
    return LEARNED if prior.cohort else PLAIN


class Spot(msgspec.Struct, frozen=True):
    """A crop, with where and in which look it was seen."""

    vector: bytes
    box: Box
    view: str | None
    """The fixed camera that looks at the place; None for a photograph from a hand."""
    look: int
    """The photograph. Those of one photograph lie side by side, older photographs first."""


def standing(spots: Sequence[Spot], scale: Scale) -> list[int]:
    """Which crops are one thing that stood still before a fixed camera: a number for each, in their order.

    The number is the index of the thing's first crop. Each crop goes to the thing that was last seen where it is and
    looks like it; in one photograph a thing is seen once. Later crops never change the numbers of earlier ones.
    """
    vectors = directions([spot.vector for spot in spots])
    boxes = np.array([msgspec.structs.astuple(spot.box) for spot in spots], dtype=np.float32).reshape(-1, 4)
    things = list(range(len(spots)))
    last: dict[str, NDArray[np.intp]] = {}
    for (view, _), ranks in _looks(spots):
        known = last.get(view, np.zeros(0, dtype=np.intp))
        near = vectors[ranks] @ vectors[known].T
        near[(near < scale.like_in_place) | (_ious(boxes[ranks], boxes[known]) < SAME_PLACE_IOU)] = -1
        last[view] = _followed(known, ranks, near, things)
    return things


def _looks(spots: Sequence[Spot]) -> Iterator[tuple[tuple[str, int], NDArray[np.intp]]]:
    """The ranks of what each fixed camera saw in each of its photographs."""
    for (view, look), together in groupby(range(len(spots)), lambda rank: (spots[rank].view, spots[rank].look)):
        if view is not None:
            yield (view, look), np.fromiter(together, dtype=np.intp)


def _followed(
    known: NDArray[np.intp], ranks: NDArray[np.intp], near: NDArray[np.float32], things: list[int]
) -> NDArray[np.intp]:
    """Where each thing of a view was last seen, after one more photograph: the closest pairs find each other first.

    `near`: cosines of the crops with the things, -1 for a pair that cannot be one.
    """
    seen_again = np.zeros(len(known), dtype=bool)
    while near.size and near.max() > 0:
        crop, thing = np.unravel_index(near.argmax(), near.shape)
        things[ranks[crop]] = things[known[thing]]
        seen_again[thing] = True
        near[crop, :] = near[:, thing] = -1
    return np.concatenate([known[~seen_again], ranks])[-_REMEMBERED:]


def _ious(these: NDArray[np.float32], those: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of each with each: (n, 4) and (m, 4) left, top, right, bottom to (n, m)."""
    (left, top, right, bottom), (left_, top_, right_, bottom_) = these.T[:, :, None], those.T
    width = np.maximum(np.minimum(right, right_) - np.maximum(left, left_), 0)
    height = np.maximum(np.minimum(bottom, bottom_) - np.maximum(top, top_), 0)
    areas = (right - left) * (bottom - top) + (right_ - left_) * (bottom_ - top_)
    return width * height / np.maximum(areas - width * height, 1e-9)


def alike(vectors: Sequence[bytes], things: Sequence[int], scale: Scale) -> list[list[int]]:
    """Ranks of crops in groups of one kind of thing, each rank in exactly one. `things` as from standing().

    Each crop in turn joins the group of its thing; else the group to which it is most alike, when the mean
    cosine with its crops reaches `scale.like`; else it founds one. Crops that are added at the end never regroup
    earlier ones, and a whole group that is taken away leaves all others as they are.
    """
    crops = directions(vectors)
    sums, sizes = np.zeros_like(crops), np.ones(len(crops), dtype=np.float32)
    groups: list[list[int]] = []
    of_thing: dict[int, int] = {}
    for rank, (crop, thing) in enumerate(zip(crops, things, strict=True)):
        group = of_thing.get(thing)
        if group is None:
            # A mean of cosines with unit vectors is the cosine with their sum, by their number.
            group = _most_like((sums[: len(groups)] @ crop) / sizes[: len(groups)], scale.like)
        if group == len(groups):
            groups.append([])
        of_thing[thing] = group
        groups[group].append(rank)
        sums[group] += crop
        sizes[group] = len(groups[group])
    return groups


def _most_like(likeness: NDArray[np.float32], least: float) -> int:
    """The number of a group, or of the next one that is founded."""
    best = int(likeness.argmax()) if len(likeness) else 0
    return best if len(likeness) and likeness[best] >= least else len(likeness)


def most_telling(vectors: Sequence[bytes], most: int) -> list[int]:
    """The ranks of a few crops that stand for all of a group: the most typical one, then whatever is least like those
    that were chosen.
    """
    crops = directions(vectors)
    if not len(crops):
        return []
    chosen = [int((crops @ crops.sum(axis=0)).argmax())]
    nearest = crops @ crops[chosen[0]]
    while len(chosen) < min(most, len(crops)):
        nearest[chosen[-1]] = np.inf
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, crops @ crops[chosen[-1]])
    return chosen
