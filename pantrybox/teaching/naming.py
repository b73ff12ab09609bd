"""What each detection of a photograph is held to be. Pure.

People come first, then codes, then what examples say, then a model's own guess.
"""

from collections.abc import Callable, Sequence

import msgspec

from pantrybox.inventory.observations import Naming
from pantrybox.teaching.examples import Taught
from pantrybox.vision.model import Box, Detection
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.recognition import Recognition

SURE = 0.8
"""A crop that is known this surely counts, however faint the detector found it."""
SAME_BOX_IOU = 0.5
"""A box that a person spoke about is the one that overlaps it most, and at least this much."""
REPEATED_IOU = 0.4
REPEATED_PART = 0.75
"""Two boxes of one item are one thing when they overlap this much, or when this part of one lies in the other."""
FAINT_PART = 0.25
"""For a box that is hardly a thing this part is enough: half a bottle beside the bottle looks just like it."""
GENERIC_SCORE = 0.5
"""From here on a model's own word is good enough to stand in the stock as a guess."""
_CODE_CONFIDENCE = 0.99


class Rules(msgspec.Struct, frozen=True):
    """How a camera is set up, at the time of its photograph."""

    counted: float = COUNTED_SCORE


class Evidence(msgspec.Struct, frozen=True):
    """All that is known about one detection."""

    detection: Detection
    recognition: Recognition | None = None
    """None: it was not embedded."""
    said: int | None = None
    """The item that a person called it."""
    denied: frozenset[int | None] = frozenset()
    """What a person said it is not; None among them: it is not a thing."""
    code_item_id: int | None = None
    """The item whose code lies in it."""
    masked: bool = False
    """It lay where nothing counts."""


Resolve = Callable[[str], int | None]
"""A name that a model offers to the item it stands for; None for one that may not be given."""


def named(evidence: Sequence[Evidence], rules: Rules, resolve: Resolve) -> list[Naming]:
    """One naming a detection, in their order, which is best first."""
    namings = [_naming(one, rules, resolve) for one in evidence]
    counted: dict[int, list[Box]] = {}
    # What a person named is there, and never a repeat: what overlaps it is, however sure the detector is of that.
    for rank in sorted(range(len(namings)), key=lambda rank: namings[rank].source != "person"):
        naming, found = namings[rank], evidence[rank].detection
        if naming.item_id is None:
            continue
        box, part = found.box, REPEATED_PART if found.score >= rules.counted else FAINT_PART
        others = counted.setdefault(naming.item_id, [])
        if naming.source != "person" and any(_repeats(box, other, part) for other in others):
            namings[rank] = Naming(None, naming.confidence, "repeat")
        else:
            others.append(box)
    return namings


def _naming(one: Evidence, rules: Rules, resolve: Resolve) -> Naming:
    if one.masked:
        return Naming(None, 0.0, "masked")
    if one.said is not None:
        return Naming(one.said, 1.0, "person")
    if None in one.denied:
        return Naming(None, 0.0, "person")
    if one.code_item_id is not None and one.code_item_id not in one.denied:
        return Naming(one.code_item_id, _CODE_CONFIDENCE, "barcode")
    return _recognised(one, rules) or _guessed(one, rules, resolve) or _unnamed(one)


def _recognised(one: Evidence, rules: Rules) -> Naming | None:
    known = one.recognition
    if known is None or known.item_id is None or known.item_id in one.denied:
        return None
    if one.detection.score < rules.counted and known.confidence < SURE:
        return None
    return Naming(known.item_id, known.confidence, "recogniser")


def _guessed(one: Evidence, rules: Rules, resolve: Resolve) -> Naming | None:
    found = one.detection
    barred = one.denied if one.recognition is None else one.denied | one.recognition.barred
    if found.label_score < GENERIC_SCORE or found.score < rules.counted or None in barred:
        return None
    item_id = resolve(found.label)
    if item_id is None or item_id in barred:
        return None
    return Naming(item_id, found.label_score, "generic")


def _unnamed(one: Evidence) -> Naming:
    return Naming(None, one.recognition.confidence if one.recognition else 0.0, None)


def _repeats(box: Box, other: Box, part: float) -> bool:
    smaller = min(box.area, other.area)
    return box.iou(other) > REPEATED_IOU or (smaller > 0 and box.intersection(other) / smaller > part)


def spoken_of(box: Box, taught: Sequence[Taught]) -> list[Taught]:
    """What was said about the box that this one is."""
    return [one for one in taught if box.iou(one.box) >= SAME_BOX_IOU]


def evidence_about(
    detections: Sequence[Detection],
    recognitions: Sequence[Recognition | None],
    taught: Sequence[Taught],
    codes: Sequence[tuple[Box, int]],
    masked: Sequence[bool] | None = None,
) -> list[Evidence]:
    """Everything beside its detection. `masked`: which of them lie where nothing counts; None: no one does."""
    said = _said([one.box for one in detections], [one for one in taught if one.positive])
    denials = [one for one in taught if not one.positive]
    return [
        Evidence(
            detection,
            recognition,
            said=said.get(rank),
            denied=frozenset(one.item_id for one in spoken_of(detection.box, denials)),
            code_item_id=_code_in(detection.box, codes),
            masked=masked is not None and masked[rank],
        )
        for rank, (detection, recognition) in enumerate(zip(detections, recognitions, strict=True))
    ]


def _said(boxes: Sequence[Box], taught: Sequence[Taught]) -> dict[int, int | None]:
    """What people called boxes, by their ranks. A lesson is about one thing: the box that overlaps it most."""
    items = {one.id: one.item_id for one in taught}
    overlaps = [(one.box.iou(box), one.id, rank) for one in taught for rank, box in enumerate(boxes)]
    said: dict[int, int | None] = {}
    for overlap, example_id, rank in sorted(overlaps, reverse=True):
        if overlap >= SAME_BOX_IOU and rank not in said and example_id in items:
            said[rank] = items.pop(example_id)
    return said


def _code_in(box: Box, codes: Sequence[tuple[Box, int]]) -> int | None:
    for code, item_id in codes:
        x, y = (code.left + code.right) / 2, (code.top + code.bottom) / 2
        if box.left <= x <= box.right and box.top <= y <= box.bottom:
            return item_id
    return None
