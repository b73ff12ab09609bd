"""From what was seen and what is true to the figures of a report. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from pantrybox.evaluation.labels import Truth
from pantrybox.evaluation.looking import Seen, Timing
from pantrybox.evaluation.matching import Judged, auroc, average_precision, judged, precision, recall
from pantrybox.evaluation.naming import Answer, Crop
from pantrybox.evaluation.report import Finding, Size, Times
from pantrybox.vision.model import Box

SIZES = {"small": (0.0, 1 / 300), "medium": (1 / 300, 0.03), "large": (0.03, 1.1)}
"""Parts of the picture's area: COCO's 32 x 32 and 96 x 96 pixels in a picture of 640 x 480."""


def finding(photographs: Sequence[Seen], counted_score: float) -> Finding:
    everything = Judged.together(_boxes_judged(photograph) for photograph in photographs)
    return Finding(
        things=everything.things,
        ap50=average_precision(everything),
        by_size={size: _of_size(photographs, *limits) for size, limits in SIZES.items()},
        recall_at_100=recall(everything),
        counted_score=counted_score,
        recall_counted=recall(everything, counted_score),
        precision_counted=precision(everything, counted_score),
    )


def _boxes_judged(photograph: Seen) -> Judged:
    detections = photograph.detections
    return judged([d.box for d in detections], [d.score for d in detections], photograph.truths)


def _of_size(photographs: Sequence[Seen], least: float, below: float) -> Size:
    """As COCO does it: things of other sizes are ignored, and so are false boxes of other sizes."""

    def other(box: Box) -> bool:
        return not least <= box.area < below

    parts = [
        judged(
            [d.box for d in photograph.detections],
            [d.score for d in photograph.detections],
            [_ignored(truth) if other(truth.box) else truth for truth in photograph.truths],
            spared=other,
        )
        for photograph in photographs
    ]
    together = Judged.together(parts)
    return Size(together.things, average_precision(together))


def _ignored(truth: Truth) -> Truth:
    return truth if truth.kind == "crowd" else msgspec.structs.replace(truth, kind="difficult")


Answers = Sequence[Answer]
"""Beside a photograph's detections."""


def naming_map50(
    photographs: Sequence[tuple[Seen, Answers]], names: Sequence[str], given_only: bool
) -> tuple[float | None, int]:
    """Mean of the taught items' AP50 and the number of items; an item that is in no photograph has none."""
    parts: dict[str, list[Judged]] = {name: [] for name in names}
    for photograph, answers in photographs:
        claims = _claims(photograph, answers, given_only)
        for name in parts.keys() & (claims.keys() | {truth.name for truth in photograph.truths if truth.name}):
            boxes, confidences = zip(*claims[name], strict=True) if name in claims else ((), ())
            parts[name].append(judged(boxes, confidences, _truths_of(photograph, name)))
    each = [average_precision(Judged.together(judgements)) for judgements in parts.values()]
    known = [ap50 for ap50 in each if ap50 is not None]
    return (float(np.mean(known)) if known else None), len(known)


def _claims(photograph: Seen, answers: Answers, given_only: bool) -> dict[str, list[tuple[Box, float]]]:
    """By name: the boxes that are said to be that, with the confidence."""
    claims: dict[str, list[tuple[Box, float]]] = defaultdict(list)
    for detection, answer in zip(photograph.detections, answers, strict=True):
        if not given_only:
            for offer in answer.offers:
                claims[offer.name].append((detection.box, offer.confidence))
        elif answer.name is not None:
            claims[answer.name].append((detection.box, answer.confidence))
    return claims


def _truths_of(photograph: Seen, name: str) -> list[Truth]:
    # What somebody marked without saying what it is may be this item: neither right nor false.
    return [truth if truth.name else _ignored(truth) for truth in photograph.truths if truth.name in {name, None}]


class Miscounts(msgspec.Struct, frozen=True):
    """Means a photograph, as in report.Counting."""

    items_miscounted: float
    of_items: float
    difference: float
    things_difference: float


def miscounts(
    photographs: Sequence[tuple[Seen, Answers]], names: Sequence[str], counted_score: float
) -> Miscounts | None:
    """None without photographs."""
    wrong, items, difference, things_difference = 0, 0, 0, 0
    for photograph, answers in photographs:
        judgeable = _judgeable(photograph)
        seen = Counter(name for i in judgeable if (name := answers[i].name) is not None)
        counted = sum(photograph.detections[i].score >= counted_score for i in judgeable)
        things = [truth for truth in photograph.truths if truth.kind == "thing"]
        there = Counter(truth.name for truth in things if truth.name and truth.name in names)
        differences = [abs(seen[name] - there[name]) for name in seen.keys() | there.keys()]
        wrong += sum(map(bool, differences))
        items += len(differences)
        difference += sum(differences)
        things_difference += abs(counted - len(things))
    if not photographs:
        return None
    count = len(photographs)
    return Miscounts(wrong / count, items / count, difference / max(1, items), things_difference / count)


def _judgeable(photograph: Seen) -> list[int]:
    """Detections but for those that lie on what is to be ignored."""
    if all(truth.kind == "thing" for truth in photograph.truths):
        return list(range(len(photograph.detections)))
    alone = (judged([found.box], [found.score], photograph.truths) for found in photograph.detections)
    return [index for index, one in enumerate(alone) if len(one.scores)]


def top(crops: Sequence[Crop], most: int) -> float | None:
    """The part whose name is among the best `most` suggestions; None without crops."""
    right = [crop.name in [offer.name for offer in crop.answer.offers[:most]] for crop in crops]
    return float(np.mean(right)) if right else None


def given(crops: Sequence[Crop]) -> float | None:
    """The part that is given a name."""
    return float(np.mean([crop.answer.name is not None for crop in crops])) if crops else None


def given_right(crops: Sequence[Crop]) -> float | None:
    """Of those that are given a name, the part that is given the right one."""
    said = [crop.answer.name == crop.name for crop in crops if crop.answer.name is not None]
    return float(np.mean(said)) if said else None


def gate_auroc(taught: Iterable[Crop], strange: Iterable[Crop]) -> float | None:
    """By the confidence in the best suggestion."""
    return auroc([crop.answer.confidence for crop in taught], [crop.answer.confidence for crop in strange])


def gate_auroc_together(taught: Iterable[Crop], strange: Iterable[Crop]) -> float | None:
    """By the confidence in all suggestions together: torn between two items is not unknown."""
    return auroc([_together(crop) for crop in taught], [_together(crop) for crop in strange])


def _together(crop: Crop) -> float:
    return sum(offer.confidence for offer in crop.answer.offers)


def refused(crops: Sequence[Crop]) -> float | None:
    """The part that is given no name."""
    part = given(crops)
    return None if part is None else 1 - part


def times(timings: Sequence[Timing]) -> Times | None:
    """None when nothing was timed."""
    if not timings:
        return None
    took = np.array([[timing.all, timing.detector, timing.embedding] for timing in timings])
    median, detector, embedding = np.median(took, axis=0).tolist()
    return Times(
        photographs=len(timings),
        median=median,
        p90=float(np.quantile(took[:, 0], 0.9)),
        detector=detector,
        embedding=embedding,
        crops=float(np.mean([timing.crops for timing in timings])),
    )
