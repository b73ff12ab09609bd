"""Fold evidence into the stock: a photograph as it comes, and all of it again when something below has changed."""

from collections import Counter

import msgspec

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.devices import queries as devices
from pantrybox.devices.seeing import Seeing, masked
from pantrybox.inventory import items, ledger, observations, places, states, words
from pantrybox.inventory.belief import UNSEEN, Belief, certain, stated, together
from pantrybox.inventory.ledger import Cause
from pantrybox.inventory.model import NOTHING, View
from pantrybox.inventory.observations import Look
from pantrybox.inventory.reconcile import adjusted, believed_after, reconcile
from pantrybox.inventory.words import Word
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.vision.model import Detection, Sight
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.visibility import READABLE

Named = list[tuple[Detection, int | None]]
"""Detections with the item that each is counted as; None for what is only a candidate."""


def fold_in(writer: Writer, *, capture: Capture, sight: Sight) -> int:
    """Write down what was seen in a capture and all that follows from it; the observation's id."""
    named = _named(writer, capture, sight)
    place_id = _place_of(writer, capture)
    newest_ms = observations.newest_folded_at_ms(writer, capture.device_id, capture.place_id)
    # A photograph that waited in the camera is older than what is known: it is kept, and changes nothing.
    in_order = newest_ms is None or capture.captured_at_ms >= newest_ms
    events: list[int] = []
    if in_order:
        events = _apply(writer, place_id, _view(capture, sight, named), capture)
    observation_id = observations.insert(writer, capture.id, sight, folded=in_order, event_ids=events)
    observations.insert_detections(writer, observation_id, named)
    return observation_id


def look_again(writer: Writer, *, capture: Capture, sight: Sight) -> None:
    """Put a second look at a capture in the place of the first.

    When it shows something else, the place is marked as outdated: reproject_outdated() folds it again.
    """
    first = observations.newest_of(writer, capture.id)
    if first is None:
        captures.complete(writer, capture.id, fold_in(writer, capture=capture, sight=sight))
        return
    named = _named(writer, capture, sight)
    observation_id = observations.insert(writer, capture.id, sight, folded=first.folded, position=first.place_in_order)
    observations.insert_detections(writer, observation_id, named)
    captures.complete(writer, capture.id, observation_id)
    before = _shown(writer, first.id, first.scene_confidence, whole=capture.place_id is None)
    if first.folded and before != _view(capture, sight, named):
        places.mark_outdated(writer, _place_of(writer, capture))


def _named(writer: Writer, capture: Capture, sight: Sight) -> Named:
    seeing = devices.seeing(writer, capture.device_id)
    return [(detection, _item_of(writer, detection, seeing)) for detection in sight.detections]


def _item_of(writer: Writer, detection: Detection, seeing: Seeing) -> int | None:
    box = detection.box
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    if detection.score < (seeing.counted or COUNTED_SCORE) or masked(x, y, seeing.masks):
        return None
    return items.item_called(writer, detection.label, generic=True)


def _place_of(writer: Writer, capture: Capture) -> int:
    return capture.place_id or places.place_of_device(writer, capture.device_id)


def _view(capture: Capture, sight: Sight, named: Named) -> View:
    seen = Counter(item_id for _, item_id in named if item_id is not None)
    return View(dict(seen), readable=sight.scene_confidence >= READABLE, whole=capture.place_id is None)


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


def refolded(reader: Reader, place_id: int) -> Folded:
    """All evidence about a place, folded from its beginning."""
    looks = observations.looks_at(reader, place_id)
    return _folded_on(reader, {}, looks, words.words_at(reader, place_id))


def _folded_on(reader: Reader, beliefs: dict[int, Belief], looks: list[Look], said: list[Word]) -> Folded:
    """Fold photographs and words in the order in which they came."""
    pending = iter(said)
    word = next(pending, None)
    for look in looks:
        while word is not None and word.position < look.position:
            _heed(beliefs, word)
            word = next(pending, None)
        view = _shown(reader, look.observation_id, look.scene_confidence, whole=look.whole)
        beliefs = believed_after(beliefs, view)
    while word is not None:
        _heed(beliefs, word)
        word = next(pending, None)
    return Folded(beliefs, observations.newest_id(reader), words.newest_word_id(reader))


def _shown(reader: Reader, observation_id: int, scene_confidence: float, *, whole: bool) -> View:
    seen = observations.seen_in(reader, observation_id)
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
    if any(look.position <= folded.observation_id for look in looks):
        return  # a photograph was looked at again meanwhile: the place stays outdated, and its turn comes again
    beliefs = _folded_on(writer, folded.beliefs, looks, said).beliefs
    before = states.stock_at(writer, place_id)
    after, changes = adjusted(before, beliefs)
    for item_id, stand in after.items():
        if stand != before.get(item_id, NOTHING):
            states.set_stand(writer, item_id, place_id, stand, seen_at_ms=None)
    for change in changes:
        ledger.record(writer, place_id, change, Cause(writer.now_ms))
    places.mark_current(writer, place_id)
