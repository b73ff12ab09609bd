"""Fold evidence into the stock: a photograph as it comes, and all of it again when something below has changed."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.inventory import ledger, observations, places, states, words, zones
from pantrybox.inventory.belief import UNSEEN, Belief, certain, stated, together
from pantrybox.inventory.ledger import Cause
from pantrybox.inventory.model import NOTHING, View
from pantrybox.inventory.observations import Look, Named
from pantrybox.inventory.reconcile import adjusted, believed_after, reconcile
from pantrybox.inventory.words import Word
from pantrybox.inventory.zones import Drawn
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.vision.model import Sight
from pantrybox.vision.visibility import READABLE


def fold_in(writer: Writer, *, capture: Capture, sight: Sight, named: Named, counted: float | None = None) -> int:
    """Write down what was seen in a capture and all that follows from it; the observation's id.

    `counted`: the score from which a detection counted.
    """
    drawn = zones.drawn_at(writer, capture.device_id) if capture.place_id is None else []
    newest_ms = observations.newest_folded_at_ms(writer, capture.device_id, capture.place_id)
    # A photograph that waited in the camera is older than what is known: it is kept, and changes nothing.
    in_order = newest_ms is None or capture.captured_at_ms >= newest_ms
    events: list[int] = []
    if in_order:
        for place_id, view in _views(place_of(writer, capture), capture, sight, named, drawn):
            events += _apply(writer, place_id, view, capture)
    observation_id = observations.insert(writer, capture.id, sight, folded=in_order, counted=counted, event_ids=events)
    observations.insert_detections(writer, observation_id, named, _zones_of(named, drawn))
    return observation_id


def look_again(writer: Writer, *, capture: Capture, sight: Sight, named: Named, counted: float | None = None) -> int:
    """Put a second look at a capture in the place of the first; the observation's id.

    When it shows something else, the place is marked as outdated: reproject_outdated() folds it again.
    """
    first = observations.newest_of(writer, capture.id)
    if first is None:
        observation_id = fold_in(writer, capture=capture, sight=sight, named=named, counted=counted)
        captures.complete(writer, capture.id, observation_id)
        return observation_id
    observation_id = observations.insert(
        writer, capture.id, sight, folded=first.folded, counted=counted, position=first.place_in_order
    )
    drawn = zones.drawn_at(writer, capture.device_id, first.place_in_order) if capture.place_id is None else []
    observations.insert_detections(writer, observation_id, named, _zones_of(named, drawn))
    captures.complete(writer, capture.id, observation_id)
    main = place_of(writer, capture)
    whole = capture.place_id is None
    for place_id, view in _views(main, capture, sight, named, drawn):
        zone_id = None if place_id == main else place_id
        before = _shown(writer, first.id, first.scene_confidence, whole=whole, zone_id=zone_id)
        if first.folded and before != view:
            places.mark_outdated(writer, place_id)
    return observation_id


def place_of(writer: Writer, capture: Capture) -> int:
    """What a photograph shows, apart from the zones in it."""
    return capture.place_id or places.place_of_device(writer, capture.device_id)


def mark_outdated(writer: Writer, capture: Capture) -> None:
    """What is held to be seen in this photograph has changed: every place that it shows is to be folded again."""
    places.mark_outdated(writer, place_of(writer, capture))
    if capture.place_id is None:
        for place_id in zones.ever_drawn(writer, capture.device_id):
            places.mark_outdated(writer, place_id)


def _zones_of(named: Named, drawn: Sequence[Drawn]) -> list[int | None]:
    return [zones.zone_of(detection.box, drawn) for detection, _ in named]


def _views(main: int, capture: Capture, sight: Sight, named: Named, drawn: Sequence[Drawn]) -> list[tuple[int, View]]:
    """What a photograph shows of its place, and of each zone in it; a zone in which nothing is seen is empty."""
    seen: dict[int, Counter[int]] = {place_id: Counter() for place_id in (main, *(zone.place_id for zone in drawn))}
    for (_, naming), zone_id in zip(named, _zones_of(named, drawn), strict=True):
        if naming.item_id is not None:
            seen[zone_id or main][naming.item_id] += 1
    readable, whole = sight.scene_confidence >= READABLE, capture.place_id is None
    return [(place_id, View(dict(counts), readable=readable, whole=whole)) for place_id, counts in seen.items()]


def _apply(writer: Writer, place_id: int, view: View, capture: Capture) -> list[int]:
    """The ids of the ledger's lines that followed."""
    before = states.stock_at(writer, place_id)
    after, changes = reconcile(before, view)
    for item_id, stand in after.items():
        seen = view.readable and item_id in view.seen
        if seen or stand != before.get(item_id):
            seen_at_ms = capture.captured_at_ms if seen else None
            states.set_stand(writer, item_id, place_id, stand, seen_at_ms=seen_at_ms)
    cause = Cause(capture.captured_at_ms, capture_id=capture.id)
    return [ledger.record(writer, place_id, change, cause) for change in changes]


class Folded(msgspec.Struct, frozen=True):
    """What follows from the evidence about one place, up to a point."""

    beliefs: dict[int, Belief]
    observation_id: int
    """The newest observation of the box at that point."""
    word_id: int
    """The newest word."""
    outdated_count: int
    """Of the place, when this was folded."""


def refolded(reader: Reader, place_id: int) -> Folded:
    """All evidence about a place, folded from its beginning."""
    looks, said = observations.looks_at(reader, place_id), words.words_at(reader, place_id)
    return Folded(
        beliefs=_folded_on(reader, {}, looks, said),
        observation_id=observations.newest_id(reader),
        word_id=words.newest_word_id(reader),
        outdated_count=places.outdated_count(reader, place_id),
    )


def _folded_on(reader: Reader, beliefs: dict[int, Belief], looks: list[Look], said: list[Word]) -> dict[int, Belief]:
    """Fold photographs and words in the order in which they came."""
    pending = iter(said)
    word = next(pending, None)
    for look in looks:
        while word is not None and word.position < look.position:
            _heed(beliefs, word)
            word = next(pending, None)
        view = _shown(reader, look.observation_id, look.scene_confidence, whole=look.whole, zone_id=look.zone_id)
        beliefs = believed_after(beliefs, view)
    while word is not None:
        _heed(beliefs, word)
        word = next(pending, None)
    return beliefs


def _shown(reader: Reader, observation_id: int, scene_confidence: float, *, whole: bool, zone_id: int | None) -> View:
    seen = observations.seen_in(reader, observation_id, zone_id)
    return View(seen, readable=scene_confidence >= READABLE, whole=whole)


def _heed(beliefs: dict[int, Belief], word: Word) -> None:
    if word.from_item_id is not None:
        both = together(beliefs.get(word.item_id, UNSEEN), beliefs.get(word.from_item_id, UNSEEN))
        beliefs[word.item_id], beliefs[word.from_item_id] = both, certain(0)
    elif word.count is not None:
        beliefs[word.item_id] = stated(word.count, word.confidence)


async def reproject_outdated(database: Database) -> int:
    """Fold places again whose evidence changed below what was folded already; how many there were.

    The folding happens on a reader, so that nobody waits for it; what came meanwhile is folded on top
    in the transaction that writes the result. What differs is appended to the ledger as `adjusted`.
    """
    outdated = await database.read(places.outdated)
    for place_id in outdated:
        folded = await database.read(lambda reader, place_id=place_id: refolded(reader, place_id))
        await database.write(lambda writer, place_id=place_id, folded=folded: adjust(writer, place_id, folded))
    return len(outdated)


def adjust(writer: Writer, place_id: int, folded: Folded) -> None:
    """Bring a place in step with evidence that was folded again; what came since is folded on top first."""
    looks = observations.looks_at(writer, place_id, after_id=folded.observation_id)
    said = words.words_at(writer, place_id, after_id=folded.word_id)
    if places.outdated_count(writer, place_id) != folded.outdated_count:
        return  # something was looked at again or renamed meanwhile: the place stays outdated, its turn comes again
    if any(look.position <= folded.observation_id for look in looks):
        return
    beliefs = _folded_on(writer, folded.beliefs, looks, said)
    before = states.stock_at(writer, place_id)
    after, changes = adjusted(before, beliefs)
    for item_id, stand in after.items():
        if stand != before.get(item_id, NOTHING):
            states.set_stand(writer, item_id, place_id, stand, seen_at_ms=None)
    for change in changes:
        ledger.record(writer, place_id, change, Cause(writer.now_ms))
    places.mark_current(writer, place_id)
