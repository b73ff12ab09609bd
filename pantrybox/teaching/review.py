"""The review queue: what the eye is not sure of, gathered by likeness, so that one answer serves many crops."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from pantrybox.inventory import items
from pantrybox.storage.database import Reader
from pantrybox.teaching import doubtful
from pantrybox.teaching.doubtful import Crop
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.likeness import Scale, Spot, alike, most_telling, scale_of, standing
from pantrybox.teaching.seeing import recognised
from pantrybox.teaching.suggesting import LEAST_WORD, MOST, Suggested
from pantrybox.vision.recognition import Gallery, Recognition

Key = TypeVar("Key", int, str)

_FAINT = 0.02
"""A less probable suggestion is none."""


class Group(msgspec.Struct, frozen=True):
    """Crops that seem to show one kind of thing."""

    id: int
    """Of its oldest detection: it stays for as long as that one waits for an answer."""
    gain: float
    crops: list[Crop]
    """All of them, oldest first."""


Position = tuple[float, int]
"""Of a group in the queue: its gain and its id."""


class Offer(msgspec.Struct, frozen=True):
    """A group as a person is asked about it."""

    group_id: int
    size: int
    suggestions: list[Suggested]
    """At most three, best first."""
    crops: list[Crop]
    """Some of them, the most telling first: to teach these names the others by likeness."""


class Queue(msgspec.Struct, frozen=True):
    total: int
    """Groups."""
    offers: list[Offer]
    """A page of them; where an answer changes most comes first."""
    last: Position | None
    """Where the next page begins; None when this is the last."""


def queue(reader: Reader, galleries: Galleries, *, limit: int, crops: int, after: Position | None = None) -> Queue:
    """What there is to ask, with at most `crops` crops of each group; the page that begins after `after`."""
    waiting = _waiting_groups(reader, galleries)
    left = [group for group in waiting if after is None or _rank(group) > (-after[0], after[1])]
    page = left[:limit]
    gallery = galleries.current(reader)
    return Queue(
        total=len(waiting),
        offers=[_offer(reader, gallery, group, crops) for group in page],
        last=(page[-1].gain, page[-1].id) if len(left) > limit else None,
    )


def group_of(reader: Reader, galleries: Galleries, group_id: int) -> Group | None:
    """None when it was answered, or has gone with its photographs."""
    return next((group for group in _waiting_groups(reader, galleries) if group.id == group_id), None)


def _waiting_groups(reader: Reader, galleries: Galleries) -> list[Group]:
    return groups(doubtful.newest(reader, galleries.embedder), scale_of(galleries.prior))


def groups(crops: Sequence[Crop], scale: Scale) -> list[Group]:
    """Every crop that waits for an answer in exactly one group; where an answer changes most comes first.

    Of a thing that stands still before a camera, an answer speaks for all photographs that were seen by then.
    `crops`, oldest first, hold the answered ones too.
    """
    things = standing([Spot(crop.vector, crop.box, crop.view, crop.observation_id) for crop in crops], scale)
    waiting = _waiting(crops, things)
    gathered = alike([crops[rank].vector for rank in waiting], [things[rank] for rank in waiting], scale)
    found = [_group([crops[waiting[index]] for index in group]) for group in gathered]
    return sorted(found, key=_rank)


def _waiting(crops: Sequence[Crop], things: Sequence[int]) -> list[int]:
    answered: dict[int, int] = {}
    for crop, thing in zip(crops, things, strict=True):
        if crop.answered_at_ms is not None:
            answered[thing] = max(answered.get(thing, 0), crop.answered_at_ms)
    return [
        rank
        for rank, (crop, thing) in enumerate(zip(crops, things, strict=True))
        if crop.answered_at_ms is None and crop.gain and crop.seen_at_ms > answered.get(thing, -1)
    ]


def _group(crops: list[Crop]) -> Group:
    return Group(crops[0].detection_id, sum(crop.gain for crop in crops), crops)


def _rank(group: Group) -> tuple[float, int]:
    return -group.gain, group.id


def _offer(reader: Reader, gallery: Gallery, group: Group, most: int) -> Offer:
    shown = [group.crops[rank] for rank in most_telling([crop.vector for crop in group.crops], most)]
    return Offer(group.id, len(group.crops), _suggestions(reader, gallery, shown), shown)


def _suggestions(reader: Reader, gallery: Gallery, crops: Sequence[Crop]) -> list[Suggested]:
    """What several crops of one thing may be, by all of them together; models' own words stand behind."""
    known = _recognitions(gallery, crops)
    taught: defaultdict[int, float] = defaultdict(float)
    words: defaultdict[str, float] = defaultdict(float)
    for crop, recognition in zip(crops, known, strict=True):
        for suggestion in recognition.suggestions if recognition else ():
            taught[suggestion.item_id] += suggestion.confidence / len(crops)
        if crop.label and crop.label_score >= LEAST_WORD and not (recognition and None in recognition.barred):
            words[crop.label] += crop.label_score / len(crops)
    named = [Suggested(_name(reader, item_id), chance) for item_id, chance in _best_first(taught)]
    offered = [one for one in named if one.confidence >= _FAINT]
    have = {one.item_name.casefold() for one in offered}
    offered += [Suggested(word, chance) for word, chance in _best_first(words) if word.casefold() not in have]
    return offered[:MOST]


def _recognitions(gallery: Gallery, crops: Sequence[Crop]) -> list[Recognition | None]:
    found: dict[int, Recognition | None] = {}
    for device_id in {crop.device_id for crop in crops}:
        ranks = [rank for rank, crop in enumerate(crops) if crop.device_id == device_id]
        together = [crops[rank] for rank in ranks]
        vectors, boxes = [crop.vector for crop in together], [crop.box for crop in together]
        found |= dict(zip(ranks, recognised(gallery, vectors, boxes, device_id), strict=True))
    return [found[rank] for rank in range(len(crops))]


def _best_first(chances: dict[Key, float]) -> list[tuple[Key, float]]:
    return sorted(chances.items(), key=lambda pair: (-pair[1], pair[0]))


def _name(reader: Reader, item_id: int) -> str:
    item = items.item_by_id(reader, item_id)
    return item.canonical_name if item else ""
