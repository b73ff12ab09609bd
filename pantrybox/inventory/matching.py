"""Which box of a photograph is which track of its view, and what the photograph shows of the others. Pure.

A box belongs to the track whose place it takes: of the same item, or, where the picture did not change,
whatever it is called this time. A detector may find a part of a thing, or two parts, and later the whole:
they are one. A box that is left over is a track of the same item that was not found where it was: it was
put to another place. What is left then is new.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.inventory.columns import Numbers, corners
from pantrybox.inventory.lives import FALSE, Shown
from pantrybox.inventory.shelf import Track
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Box, Verdict

SAME_SPOT_IOU = 0.35
"""A box of the same item that overlaps a track's this much is the same thing;"""
SAME_PICTURE_IOU = 0.55
"""one of any name must overlap it this much, and the picture there must not have changed."""
PART_INSIDE = 0.85
"""Of two boxes of one item, the smaller is a part of the larger when so much of it lies inside"""
PART_OF_AREA = 0.6
"""and it is smaller than this; else one stands before the other."""
_LEAST_IOU = 0.005
"""So much overlap at least a whole has with its parts."""
_SAME_BOX_IOU = 0.97
"""A glance names the box of an earlier detection; floats may have been through a file."""
_WORTH_FINDING = 0.02
"""A track that is less probably anything at all was not put anywhere."""
_MAY_BE_ELSEWHERE = frozenset({Shown.GONE, Shown.COVERED, Shown.LOST})
"""What stands before a thing may have been put there in its stead."""
SURELY_NAMED = 0.8
"""Of names that were less sure, as many are lost of units as of other things; benchmarks/fridge.py."""
_UNNAMED = frozenset({Shown.UNNAMED, Shown.STILL_UNNAMED})
_COVERED_PART = 0.3
"""What overlaps this part of a covered track's box stands before it."""


Near = tuple[int, int, float]
"""The ranks of two boxes, and their intersection over union."""


class Matched(msgspec.Struct):
    shown: list[Shown]
    """Of each track."""
    things: list[Thing | None]
    """Beside them, the box that was found; None for a track that was not."""
    behind: list[int | None]
    """Beside them, the item that stands before a covered one."""
    new: list[Thing]
    """Named boxes that belong to no track."""
    refused: set[int]
    """Tracks that are no things, by their ranks: somebody said so, or they are parts of one that was found."""
    exact: bool
    """False when the camera moved: any track of an item may be the one that was found, or not."""


def matched(tracks: Sequence[Track], view: View) -> Matched:
    found = Matched(
        [Shown.LOST] * len(tracks), [None] * len(tracks), [None] * len(tracks), [], set(), exact=not view.moved
    )
    left: Iterable[int] = range(len(view.things))
    if found.exact:
        boxes = [*(thing.box for thing in view.things), *(glance.box for glance in view.glances)]
        near = overlapping([track.box for track in tracks], boxes, _LEAST_IOU)
        left = _by_place(tracks, view, near, found)
        _by_glances(tracks, view, near, found)
    # Nothing is put elsewhere while nobody is there.
    may_be_moved = not found.exact or view.when == "door"
    _by_name(tracks, [view.things[rank] for rank in left], found, may_be_moved=may_be_moved)
    return found


def _by_place(tracks: Sequence[Track], view: View, near: Sequence[Near], found: Matched) -> list[int]:
    """The ranks of the things that are left over."""
    things, refused, left = found.things, found.refused, set(range(len(view.things)))
    for rank, at, iou in _pairs(tracks, view.things, near):
        if things[rank] is not None or rank in refused or at not in left:
            continue
        track, thing = tracks[rank], view.things[at]
        if thing.certain and thing.item_id is None:
            refused.add(rank)
        elif thing.item_id is not None or thing.still:
            things[rank], found.shown[rank] = _whole(thing, track, iou), _shown_found(track, thing)
        # Else something unnamed stands there: whether it is the same thing, nobody knows.
        left.discard(at)
    _join_parts(tracks, view.things, found, left)
    return sorted(left)


def _whole(thing: Thing, track: Track, iou: float) -> Thing:
    """Of a thing of which a part is found, the place of the whole is kept."""
    if iou >= PART_OF_AREA or thing.item_id != track.item_id or not thing.box or not track.box:
        return thing
    return msgspec.structs.replace(thing, box=track.box) if is_part(thing.box, track.box) else thing


def _join_parts(tracks: Sequence[Track], things: Sequence[Thing], found: Matched, left: set[int]) -> None:
    """Boxes and tracks that are parts of what was found, or it of them, are no things of their own."""
    wholes = defaultdict[int | None, list[Box]](list)
    for track, thing in zip(tracks, found.things, strict=True):
        if thing is not None and thing.box is not None:
            wholes[track.item_id].append(thing.box)
    for rank, track in enumerate(tracks):
        if found.things[rank] is None and _is_of(track.box, wholes[track.item_id]):
            found.refused.add(rank)
    left -= {at for at in left if _is_of(things[at].box, wholes[things[at].item_id])}


def _is_of(box: Box | None, wholes: Sequence[Box]) -> bool:
    return box is not None and any(is_part(box, whole) or is_part(whole, box) for whole in wholes)


def is_part(box: Box, whole: Box) -> bool:
    return box.area < PART_OF_AREA * whole.area and box.intersection(whole) > PART_INSIDE * box.area


def _pairs(tracks: Sequence[Track], things: Sequence[Thing], near: Sequence[Near]) -> list[Near]:
    """Which may be the same, most probably so first: of one name before of two, then by their overlap."""
    same: list[Near] = []
    other: list[Near] = []
    for rank, at, iou in sorted(near, key=_least_apart):
        if at >= len(things):
            continue
        track, thing = tracks[rank], things[at]
        if thing.item_id == track.item_id:
            if iou >= SAME_SPOT_IOU or (thing.box and track.box and _is_of(thing.box, [track.box])):
                same.append((rank, at, iou))
        elif iou >= SAME_PICTURE_IOU and _may_be(thing, track):
            other.append((rank, at, iou))
    return same + other


def _least_apart(near: Near) -> float:
    return -near[2]


def _may_be(thing: Thing, track: Track) -> bool:
    """Whether a box of another name, or of none, is the track's: the picture is as it was, and the track was found."""
    if thing.item_id is None:
        return track.is_found or thing.certain
    return track.is_found and bool(thing.still)


def _shown_found(track: Track, thing: Thing) -> Shown:
    if thing.item_id is None:
        surely_named = track.named >= SURELY_NAMED and track.shown not in _UNNAMED
        return Shown.UNNAMED if surely_named else Shown.STILL_UNNAMED
    if track.is_found or thing.still is None:
        return Shown.FOUND
    return Shown.STILL if thing.still else Shown.NEW


def _by_glances(tracks: Sequence[Track], view: View, near: Sequence[Near], found: Matched) -> None:
    for rank, at, iou in near:
        if at < len(view.things) or iou < _SAME_BOX_IOU or found.things[rank] is not None:
            continue
        verdict = view.glances[at - len(view.things)].verdict
        found.shown[rank] = _glanced(tracks[rank].shown, verdict)
        if verdict == "covered":
            found.behind[rank] = _before(tracks[rank].box, view.things)


def _glanced(before: Shown, verdict: Verdict) -> Shown:
    covered = before in {Shown.COVERED, Shown.STILL_COVERED}
    if verdict == "unchanged":
        return Shown.UNCHANGED
    if verdict == "covered":
        return Shown.STILL_COVERED if covered else Shown.COVERED
    if covered:
        return Shown.BARED
    return Shown.STILL_GONE if before in {Shown.GONE, Shown.STILL_GONE, Shown.BARED} else Shown.GONE


def _before(box: Box | None, things: Sequence[Thing]) -> int | None:
    """The item whose box covers most of this one."""
    if box is None or box.area <= 0:
        return None
    parts = [(thing.box.intersection(box) / box.area, thing.item_id or 0) for thing in things if thing.box]
    part, item_id = max(parts, default=(0.0, 0))
    return item_id if part >= _COVERED_PART and item_id else None


def _by_name(tracks: Sequence[Track], left: Sequence[Thing], found: Matched, *, may_be_moved: bool) -> None:
    """What is left over is a track of its item that was not found, or new."""
    ranks_of = defaultdict[int, list[int]](list)
    if left:
        for rank, track in enumerate(tracks):
            ranks_of[track.item_id].append(rank)
    for thing in sorted(left, key=lambda thing: -thing.confidence):
        if thing.item_id is None:
            continue
        rank = _elsewhere(tracks, ranks_of[thing.item_id], found) if may_be_moved and not thing.still else None
        if rank is None:
            found.new.append(thing)
        else:
            found.things[rank] = thing
            found.shown[rank] = Shown.MOVED if found.exact else Shown.FOUND


def _elsewhere(tracks: Sequence[Track], ranks: Sequence[int], found: Matched) -> int | None:
    """Of the tracks of an item, the one that most probably still is something, and not where it was.

    Where places are known, it is one that the photograph before still showed: a box that comes up while
    a thing has been missing for long is another one, or false, sooner than that thing at another place.
    """
    free = [
        (tracks[rank].unit, tracks[rank].unit + tracks[rank].states[FALSE], -rank)
        for rank in ranks
        if found.things[rank] is None and rank not in found.refused
        if not found.exact or (tracks[rank].is_found and found.shown[rank] in _MAY_BE_ELSEWHERE)
    ]
    unit, anything, rank = max(free, default=(0.0, 0.0, 0))
    return -rank if max(unit, anything) > _WORTH_FINDING else None


def overlapping(some: Sequence[Box | None], others: Sequence[Box | None], least: float) -> list[Near]:
    """Pairs whose intersection over union is at least that, which is more than 0; in the order of their ranks."""
    a, b = corners(some), corners(others)
    ranks, at = np.divmod(np.flatnonzero(_touching(a, b)), max(1, len(b)))
    a, b = a[ranks].T, b[at].T
    shared = _area(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]))
    union = _area(a[2:] - a[:2]) + _area(b[2:] - b[:2]) - shared
    iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    enough = iou >= least
    return list(zip(ranks[enough].tolist(), at[enough].tolist(), iou[enough].tolist(), strict=True))


def _area(sides: Numbers) -> Numbers:
    width, height = np.maximum(sides, 0)
    return width * height


def _touching(a: Numbers, b: Numbers) -> NDArray[np.bool_]:
    """Whether boxes overlap, (n, m), by their corners, (n, 4) and (m, 4); some that nearly do are among them.

    Most boxes lie apart, and whole numbers tell that at a tenth of the cost of areas.
    """
    left, top, right, bottom = _on_grid(a).T[:, :, None]
    lefts, tops, rights, bottoms = _on_grid(b).T
    return (left <= rights) & (right >= lefts) & (top <= bottoms) & (bottom >= tops)


def _on_grid(boxes: Numbers) -> NDArray[np.int16]:
    """What is not right of another edge is not right of it here either, wherever it is."""
    return np.minimum(np.maximum(_GRID * boxes, -_GRID), _GRID).astype(np.int16, order="F")


_GRID = 32_767.0
