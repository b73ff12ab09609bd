"""How well the eye does in this household, by what people corrected. Pure: docs/design/scorecard.md."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from pantrybox.inventory.observations import Source

LEAST = 5
"""Fewer judgements than this are no percentage."""
BURST_MS = 10 * 60_000
"""Words about one count that follow each other this closely are one: somebody taps until it is right."""
ENOUGH_EXAMPLES = 3
_OFTEN = 0.2
"""A mistake in this part of the cases is worth a lesson,"""
_TWICE = 2
"""when it happened at least so often."""
_FAR_OFF = 0.5
"""Units by which counts are wrong on average before it is worth a word."""
_ADVICE = 10

Outcome = Literal["right", "false", "missed"]


class Judgement(msgspec.Struct, frozen=True):
    """What a person said about one box, and what the eye had held it to be before."""

    item_id: int | None
    """None: no thing at all."""
    positive: bool
    was_item_id: int | None
    """None: it did not count."""
    was_source: Source | None
    device_id: str
    judged_at_ms: int


class Counted(msgspec.Struct, frozen=True):
    """A count that a person said, where a camera looks."""

    item_id: int
    place_id: int
    device_id: str
    said: int
    shown: int
    """What the page showed just before."""
    said_at_ms: int


class Figures(msgspec.Struct, frozen=True):
    right: int = 0
    """Boxes that a person named as the eye had."""
    false: int = 0
    """Boxes that the eye had called this and that are something else."""
    missed: int = 0
    """Boxes that show this and that the eye, which had been shown it before, held to be nothing or another thing."""
    counts: int = 0
    """Counts that a person said."""
    off: int = 0
    """Units by which the shown counts were wrong, added up."""

    @property
    def precision(self) -> float | None:
        """Of what was called this, how much is; None for fewer than LEAST boxes."""
        return _share(self.right, self.false)

    @property
    def recall(self) -> float | None:
        """Of what is this, how much was called so; None for fewer than LEAST boxes."""
        return _share(self.right, self.missed)

    @property
    def count_error(self) -> float | None:
        """Mean of |said - shown| in units; None for fewer than LEAST counts."""
        return self.off / self.counts if self.counts >= LEAST else None

    def __add__(self, other: "Figures") -> "Figures":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Figures(*(one + another for one, another in pairs))


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong >= LEAST else None


class Kind(msgspec.Struct, frozen=True):
    """An item, as far as the scorecard is concerned."""

    id: int
    name: str
    generic: bool
    """Only a model named it."""
    examples: int
    """Positive ones that stand."""
    in_stock: bool
    """Where a camera looks."""


class Camera(msgspec.Struct, frozen=True):
    id: str
    name: str
    gone: bool = False
    """Taken out of use: its figures stay, and nothing can be done about them."""


class Advice(msgspec.Struct, frozen=True):
    """What is worth doing next."""

    kind: Literal["item", "camera"]
    id: int | str
    name: str
    reason: str
    weight: float
    """How many mistakes it would have saved, about."""


class Scorecard(msgspec.Struct, frozen=True):
    total: Figures
    items: dict[int, Figures]
    """Of every item about which something was said."""
    cameras: dict[str, Figures]


def scored(judgements: Sequence[Judgement], counts: Sequence[Counted], taught_at_ms: Mapping[int, int]) -> Scorecard:
    """`taught_at_ms`: when each item was shown to the eye for the first time."""
    items: defaultdict[int, Figures] = defaultdict(Figures)
    cameras: defaultdict[str, Figures] = defaultdict(Figures)
    for judgement in judgements:
        for item_id, outcome in outcomes(judgement, taught_at_ms):
            items[item_id] += Figures(**{outcome: 1})
            cameras[judgement.device_id] += Figures(**{outcome: 1})
    for counted in merged(counts):
        figures = Figures(counts=1, off=abs(counted.said - counted.shown))
        items[counted.item_id] += figures
        cameras[counted.device_id] += figures
    return Scorecard(sum(cameras.values(), Figures()), dict(items), dict(cameras))


def outcomes(judgement: Judgement, taught_at_ms: Mapping[int, int]) -> list[tuple[int, Outcome]]:
    """What a person's word about a box says of the eye.

    A thing that the eye had never been shown is not missed, and a model's own word for it ("bottle") is not false
    until somebody says so.
    """
    was, said = judgement.was_item_id, judgement.item_id
    if not judgement.positive:
        return [(was, "false")] if was is not None and said in {None, was} else []
    if said is None:
        return []
    if was == said:
        return [(said, "right")]
    found: list[tuple[int, Outcome]] = []
    if was is not None and judgement.was_source != "generic":
        found.append((was, "false"))
    if taught_at_ms.get(said, judgement.judged_at_ms) < judgement.judged_at_ms:
        found.append((said, "missed"))
    return found


def merged(counts: Iterable[Counted]) -> list[Counted]:
    """Each burst of words about one count as a single one: the last count, against what was shown before the first."""
    found: list[Counted] = []
    before: Counted | None = None
    for word in sorted(counts, key=lambda one: (one.item_id, one.place_id, one.said_at_ms)):
        if before is not None and _follows(before, word):
            found[-1] = msgspec.structs.replace(found[-1], said=word.said)
        else:
            found.append(word)
        before = word
    return found


def _follows(before: Counted, word: Counted) -> bool:
    same = (before.item_id, before.place_id) == (word.item_id, word.place_id)
    return same and word.said_at_ms - before.said_at_ms <= BURST_MS


def teach_next(kinds: Sequence[Kind], cameras: Sequence[Camera], scorecard: Scorecard) -> list[Advice]:
    """What would help most first; one reason for each item and camera."""
    about_items = [_of_item(kind, scorecard.items.get(kind.id, Figures())) for kind in kinds]
    there = [camera for camera in cameras if not camera.gone]
    about_cameras = [_of_camera(camera, scorecard.cameras.get(camera.id, Figures())) for camera in there]
    advice = [one for one in (*about_items, *about_cameras) if one is not None]
    return sorted(advice, key=lambda one: (-one.weight, one.name, str(one.id)))[:_ADVICE]


def _of_item(kind: Kind, figures: Figures) -> Advice | None:
    right, false, missed = figures.right, figures.false, figures.missed
    if false >= missed and _often(false, right):
        sentence = f"{false} of {right + false} things called this were something else: name those, or say “not this”."
        return Advice("item", kind.id, kind.name, sentence, false)
    if _often(missed, right):
        sentence = f"Not known {missed} of {right + missed} times: show it from other sides and in other light."
        return Advice("item", kind.id, kind.name, sentence, missed)
    lacking = _lacking(kind)
    return Advice("item", kind.id, kind.name, lacking, 1 - kind.examples / ENOUGH_EXAMPLES) if lacking else None


def _lacking(kind: Kind) -> str | None:
    """Why what stands in the stock should be shown to the eye."""
    more = ENOUGH_EXAMPLES - kind.examples
    if not kind.in_stock or more <= 0 or (kind.examples == 0 and not kind.generic):
        return None
    if kind.examples == 0:
        return "Only a model's guess so far: say what it is."
    shown = "once" if kind.examples == 1 else "twice"
    return f"Shown only {shown}: {more} more {'examples' if more > 1 else 'example'} would make it surer."


def _of_camera(camera: Camera, figures: Figures) -> Advice | None:
    right, false, missed = figures.right, figures.false, figures.missed
    if _often(false + missed, right):
        sentence = f"{false + missed} of {right + false + missed} names in its photographs were wrong or missing."
        return Advice("camera", camera.id, camera.name, sentence, (false + missed) / 2)
    if figures.count_error is not None and figures.count_error >= _FAR_OFF:
        sentence = f"Counts in its view were off by {figures.count_error:.1f} on average: can it see everything?"
        return Advice("camera", camera.id, camera.name, sentence, figures.off / 2)
    return None


def _often(wrong: int, right: int) -> bool:
    return wrong >= _TWICE and wrong / (wrong + right) >= _OFTEN
