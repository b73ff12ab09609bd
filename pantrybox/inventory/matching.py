"""Which box of a photograph is which track of its view, and what the photograph shows of the others. Pure.

A box belongs to the track whose place it takes: of the same item, or, where the picture did not change,
whatever it is called this time. A detector may find a part of a thing, or two parts, and later the whole:
they are one. A box that is left over is a track of the same item that was not found where it was: it was
put to another place. What is left then is new.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

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
    left = list(range(len(view.things)))
    if found.exact:
        left = _by_place(tracks, view, found)
        _by_glances(tracks, view, found)
    # Nothing is put elsewhere while nobody is there.
    may_be_moved = not found.exact or view.when == "door"
    _by_name(tracks, [view.things[rank] for rank in left], found, may_be_moved=may_be_moved)
    return found


def _by_place(tracks: Sequence[Track], view: View, found: Matched) -> list[int]:
    """The ranks of the things that are left over."""
    left = set(range(len(view.things)))
    for rank, at in _pairs(tracks, view.things):
        if found.things[rank] is not None or rank in found.refused or at not in left:
            continue
        track, thing = tracks[rank], view.things[at]
        if thing.certain and thing.item_id is None:
            found.refused.add(rank)
        elif thing.item_id is not None or thing.still:
            found.things[rank], found.shown[rank] = _whole(thing, track), _shown_found(track, thing)
        # Else something unnamed stands there: whether it is the same thing, nobody knows.
        left.discard(at)
    _join_parts(tracks, view.things, found, left)
    return sorted(left)


def _whole(thing: Thing, track: Track) -> Thing:
    """Of a thing of which a part is found, the place of the whole is kept."""
    partly = thing.box and track.box and thing.item_id == track.item_id and is_part(thing.box, track.box)
    return msgspec.structs.replace(thing, box=track.box) if partly else thing


def _join_parts(tracks: Sequence[Track], things: Sequence[Thing], found: Matched, left: set[int]) -> None:
    """Boxes and tracks that are parts of what was found, or it of them, are no things of their own."""
    wholes = [(track.item_id, thing.box) for track, thing in zip(tracks, found.things, strict=True) if thing]
    for rank, track in enumerate(tracks):
        if found.things[rank] is None and _is_of(track.item_id, track.box, wholes):
            found.refused.add(rank)
    left -= {at for at in left if _is_of(things[at].item_id, things[at].box, wholes)}


def _is_of(item_id: int | None, box: Box | None, wholes: Sequence[tuple[int, Box | None]]) -> bool:
    return box is not None and any(
        of == item_id and whole is not None and (is_part(box, whole) or is_part(whole, box)) for of, whole in wholes
    )


def is_part(box: Box, whole: Box) -> bool:
    return box.area < PART_OF_AREA * whole.area and box.intersection(whole) > PART_INSIDE * box.area


def _pairs(tracks: Sequence[Track], things: Sequence[Thing]) -> list[tuple[int, int]]:
    """Which may be the same, most probably so first: of one name before of two, then by their overlap."""
    overlap = overlaps([track.box for track in tracks], [thing.box for thing in things])
    ranked: list[tuple[bool, float, int, int]] = []
    for rank, at in _where(overlap > 0):
        track, thing, iou = tracks[rank], things[at], float(overlap[rank, at])
        if thing.item_id == track.item_id:
            if iou >= SAME_SPOT_IOU or _is_of(thing.item_id, thing.box, [(track.item_id, track.box)]):
                ranked.append((False, -iou, rank, at))
        elif iou >= SAME_PICTURE_IOU and _may_be(thing, track):
            ranked.append((True, -iou, rank, at))
    return [(rank, at) for _, _, rank, at in sorted(ranked)]


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


def _by_glances(tracks: Sequence[Track], view: View, found: Matched) -> None:
    overlap = overlaps([track.box for track in tracks], [glance.box for glance in view.glances])
    for rank, at in _where(overlap >= _SAME_BOX_IOU):
        if found.things[rank] is None:
            found.shown[rank] = _glanced(tracks[rank].shown, view.glances[at].verdict)
            if view.glances[at].verdict == "covered":
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
    for thing in sorted(left, key=lambda thing: -thing.confidence):
        if thing.item_id is None:
            continue
        rank = _elsewhere(tracks, thing.item_id, found) if may_be_moved and not thing.still else None
        if rank is None:
            found.new.append(thing)
        else:
            found.things[rank] = thing
            found.shown[rank] = Shown.MOVED if found.exact else Shown.FOUND


def _elsewhere(tracks: Sequence[Track], item_id: int, found: Matched) -> int | None:
    """The track of an item that most probably is still something, and not where it was.

    Where places are known, it is one that the photograph before still showed: a box that comes up while
    a thing has been missing for long is another one, or false, sooner than that thing at another place.
    """
    free = [
        (track.unit, track.unit + track.states[FALSE], -rank)
        for rank, track in enumerate(tracks)
        if track.item_id == item_id and found.things[rank] is None and rank not in found.refused
        if not found.exact or (track.is_found and found.shown[rank] in _MAY_BE_ELSEWHERE)
    ]
    unit, anything, rank = max(free, default=(0.0, 0.0, 0))
    return -rank if max(unit, anything) > _WORTH_FINDING else None


def _where(true: NDArray[np.bool_]) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(true)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def overlaps(some: Sequence[Box | None], others: Sequence[Box | None]) -> NDArray[np.float64]:
    """Intersection over union of each with each, (n, m); 0 where there is no box."""
    a, b = _corners(some), _corners(others)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = _areas(a)[:, None] + _areas(b)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _corners(boxes: Sequence[Box | None]) -> NDArray[np.float64]:
    return np.array([msgspec.structs.astuple(box) if box else (0.0,) * 4 for box in boxes]).reshape(-1, 4)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
