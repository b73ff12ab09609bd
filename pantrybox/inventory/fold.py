"""Fold evidence into the stock: a photograph as it comes, and all of it again when something below has changed."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.inventory import ledger, observations, places, shelves, states, words, zones
from pantrybox.inventory.ledger import Cause
from pantrybox.inventory.model import NOTHING
from pantrybox.inventory.observations import Look, Named, thing_of
from pantrybox.inventory.reconcile import Noted, adjusted, reconciled
from pantrybox.inventory.seen import after_view
from pantrybox.inventory.shelf import EMPTY, Said, Shelf, merged, told
from pantrybox.inventory.view import Thing, View
from pantrybox.inventory.words import Word
from pantrybox.inventory.zones import Drawn
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.vision.model import Box, Sight
from pantrybox.vision.visibility import READABLE

_SENSED = frozenset({"door", "light", "motion"})


def fold_in(writer: Writer, *, capture: Capture, sight: Sight, named: Named, counted: float | None = None) -> int:
    """Write down what was seen in a capture and all that follows from it; the observation's id.

    `counted`: the score from which a detection counted. A photograph that waited in its camera while a
    later one came takes its turn by its time: its places are marked as outdated, and folded again.
    """
    position = _position_if_late(writer, capture)
    late = position is not None
    drawn = zones.drawn_at(writer, capture.device_id, position) if capture.place_id is None else []
    observation_id = observations.insert(
        writer, capture.id, sight, folded=True, counted=counted, position=position, late=late
    )
    _insert_boxes(writer, observation_id, sight, named, drawn)
    for place_id, view in _views(writer, capture, observation_id, sight, named, drawn):
        if late:
            places.mark_outdated(writer, place_id)
        else:
            _apply(writer, place_id, view)
    return observation_id


def is_late(reader: Reader, capture: Capture) -> bool:
    """Whether a later photograph of the same view was folded already. A clock that was ahead then does not count."""
    newest_ms = observations.newest_folded_at_ms(reader, capture.device_id, capture.place_id)
    return newest_ms is not None and capture.captured_at_ms < newest_ms <= capture.received_at_ms


def _position_if_late(writer: Writer, capture: Capture) -> int | None:
    """Behind which photograph it takes its turn; None when nothing later was seen or said before it came."""
    if not is_late(writer, capture) and not _is_spoken_of(writer, capture):
        return None
    return observations.position_before(writer, capture.device_id, capture.place_id, capture.captured_at_ms)


def _is_spoken_of(writer: Writer, capture: Capture) -> bool:
    """Whether anybody said anything about what it shows after it was taken."""
    shown = [place_of(writer, capture)]
    shown += zones.ever_drawn(writer, capture.device_id) if capture.place_id is None else []
    return words.said_since(writer, shown, capture.captured_at_ms)


def look_again(writer: Writer, *, capture: Capture, sight: Sight, named: Named, counted: float | None = None) -> int:
    """Put a second look at a capture in the place of the first; the observation's id.

    When it shows something else, the place is marked as outdated: reproject_outdated() folds it again.
    What the first look saw of the photograph before cannot be seen again, and stays.
    """
    first = observations.newest_of(writer, capture.id)
    if first is None:
        observation_id = fold_in(writer, capture=capture, sight=sight, named=named, counted=counted)
        captures.complete(writer, capture.id, observation_id)
        return observation_id
    sight = msgspec.structs.replace(
        sight, glances=observations.glances_in(writer, [first.id])[0], moved=first.moved, still=[]
    )
    observation_id = observations.insert(
        writer,
        capture.id,
        sight,
        folded=first.folded,
        counted=counted,
        position=first.place_in_order,
        late=first.late,
        first_id=first.named,
    )
    drawn = zones.drawn_at(writer, capture.device_id, first.place_in_order) if capture.place_id is None else []
    _insert_boxes(writer, observation_id, sight, named, drawn)
    captures.complete(writer, capture.id, observation_id)
    main = place_of(writer, capture)
    for place_id, view in _views(writer, capture, first.named, sight, named, drawn):
        zone_id = None if place_id == main else place_id
        (before,) = observations.things_in(writer, [(first.id, zone_id)])
        if first.folded and (before != list(view.things) or (first.scene_confidence >= READABLE) != view.readable):
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


def _insert_boxes(writer: Writer, observation_id: int, sight: Sight, named: Named, drawn: Sequence[Drawn]) -> None:
    still = _still(sight)
    observations.insert_detections(
        writer,
        observation_id,
        named,
        _zones_of(named, drawn),
        [still(detection.box) for detection, _ in named],
    )
    observations.insert_glances(writer, observation_id, sight.glances)


def _still(sight: Sight) -> Callable[[Box], bool | None]:
    """By box: named things stand in another order, and among them some that the eye did not find."""
    return dict(zip((found.box for found in sight.detections), sight.still, strict=False)).get


def _zones_of(named: Named, drawn: Sequence[Drawn]) -> list[int | None]:
    return [zones.zone_of(detection.box, drawn) for detection, _ in named]


def _views(
    writer: Writer, capture: Capture, observation_id: int, sight: Sight, named: Named, drawn: Sequence[Drawn]
) -> list[tuple[int, View]]:
    """What a photograph shows of its place, and of each zone in it; a zone in which nothing is seen is empty."""
    main, still = place_of(writer, capture), _still(sight)
    seen: dict[int, list[Thing]] = {place_id: [] for place_id in (main, *(zone.place_id for zone in drawn))}
    for (detection, naming), zone_id in zip(named, _zones_of(named, drawn), strict=True):
        if naming.source not in observations.UNCOUNTED:
            seen[zone_id or main].append(thing_of(detection.box, naming, still(detection.box)))
    return [
        (
            place_id,
            View(
                observation_id=observation_id,
                at_ms=capture.captured_at_ms,
                camera=capture.device_id,
                things=tuple(things),
                glances=tuple(sight.glances),
                readable=sight.scene_confidence >= READABLE,
                whole=capture.place_id is None,
                moved=sight.moved,
                when="timer" if capture.trigger_type == "timer" else "door",
                sensed=capture.trigger_type in _SENSED,
            ),
        )
        for place_id, things in seen.items()
    ]


def _apply(writer: Writer, place_id: int, view: View) -> None:
    shelf = shelves.shelf_at(writer, place_id)
    after = after_view(shelf, view)
    if after == shelf:
        return
    shelves.set_shelf(writer, place_id, after)
    if not view.readable:  # that somebody was there is no reason for a line
        return
    before = states.stock_at(writer, place_id)
    stock, lines = reconciled(before, after)
    seen = {thing.item_id for thing in view.things}
    for item_id, stand in stock.items():
        if item_id in seen or stand != before.get(item_id):
            seen_at_ms = view.at_ms if item_id in seen else None
            states.set_stand(writer, item_id, place_id, stand, seen_at_ms=seen_at_ms, hidden=after.hidden(item_id))
    for line in lines:
        ledger.record(writer, place_id, line.change, _cause(writer, line, view))


def _cause(reader: Reader, line: Noted, view: View) -> Cause:
    """A change is dated back to the photograph in which it began; the one that made it sure is told beside it."""
    since = line.since or view.observation_id
    began = observations.moment_of(reader, since)
    details: dict[str, object] | None = None
    if since != view.observation_id:
        details = {"sure_with": observations.moment_of(reader, view.observation_id).capture_id}
    return Cause(began.captured_at_ms, capture_id=began.capture_id, details=details)


class Folded(msgspec.Struct, frozen=True):
    """What follows from the evidence about one place, up to a point."""

    shelf: Shelf
    observation_id: int
    """The newest observation of the box at that point."""
    word_id: int
    """The newest word."""
    outdated_count: int
    """Of the place, when this was folded."""


def refolded(reader: Reader, place_id: int, progress: Callable[[int], None] | None = None) -> Folded:
    """All evidence about a place, folded from its beginning. `progress` is told how many photographs are done."""
    looks, said = observations.looks_at(reader, place_id), words.words_at(reader, place_id)
    return Folded(
        shelf=_folded_on(reader, EMPTY, looks, said, progress),
        observation_id=observations.newest_id(reader),
        word_id=words.newest_word_id(reader),
        outdated_count=places.outdated_count(reader, place_id),
    )


def _folded_on(
    reader: Reader,
    shelf: Shelf,
    looks: Iterable[list[Look]],
    said: Iterable[Word],
    progress: Callable[[int], None] | None = None,
) -> Shelf:
    """Fold photographs, page by page, and words in the order in which they came."""
    pending = iter(said)
    word, done = next(pending, None), 0
    for page in looks:
        for look, view in zip(page, _shown(reader, page), strict=True):
            while word is not None and word.turn < look.turn:
                shelf = _heed(shelf, word)
                word = next(pending, None)
            shelf = after_view(shelf, view)
        done += len(page)
        if progress is not None:
            progress(done)
    while word is not None:
        shelf = _heed(shelf, word)
        word = next(pending, None)
    return shelf


def _shown(reader: Reader, looks: Sequence[Look]) -> Iterator[View]:
    things = observations.things_in(reader, [(look.observation_id, look.zone_id) for look in looks])
    glances = observations.glances_in(reader, [look.observation_id for look in looks])
    for look, found, seen in zip(looks, things, glances, strict=True):
        yield View(
            observation_id=look.first_id,
            at_ms=look.captured_at_ms,
            camera=look.device_id,
            things=tuple(found),
            glances=tuple(seen),
            readable=look.scene_confidence >= READABLE,
            whole=look.whole,
            moved=look.moved,
            when="timer" if look.trigger_type == "timer" else "door",
            sensed=look.trigger_type in _SENSED,
        )


def _heed(shelf: Shelf, word: Word) -> Shelf:
    if word.from_item_id is not None:
        return merged(shelf, word.from_item_id, word.item_id)
    if word.count is None:
        return shelf
    return told(shelf, Said(word.item_id, word.count, word.confidence, word.said_at_ms, word.camera))


async def reproject_outdated(database: Database, progress: Callable[[int, int], None] | None = None) -> int:
    """Fold places again whose evidence changed below what was folded already; how many there were.

    The folding happens on a reader, so that nobody waits for it; what came meanwhile is folded on top
    in the transaction that writes the result. What differs is appended to the ledger as `adjusted`.
    `progress` is told how many of a place's photographs are done.
    """
    outdated = await database.read(places.outdated)
    for place_id in outdated:
        folded = await database.read(lambda reader, place_id=place_id: _refolded_of(reader, place_id, progress))
        await database.write(lambda writer, place_id=place_id, folded=folded: adjust(writer, place_id, folded))
    return len(outdated)


def _refolded_of(reader: Reader, place_id: int, progress: Callable[[int, int], None] | None) -> Folded:
    total = observations.look_count(reader, place_id)
    return refolded(reader, place_id, progress and (lambda done: progress(done, total)))


def adjust(writer: Writer, place_id: int, folded: Folded) -> None:
    """Bring a place in step with evidence that was folded again; what came since is folded on top first."""
    looks = list(observations.looks_at(writer, place_id, after_id=folded.observation_id))
    said = words.words_at(writer, place_id, after_id=folded.word_id)
    if places.outdated_count(writer, place_id) != folded.outdated_count:
        return  # something was looked at again or renamed meanwhile: the place stays outdated, its turn comes again
    if any(look.position <= folded.observation_id for page in looks for look in page):
        return
    shelf = _folded_on(writer, folded.shelf, looks, said)
    shelves.set_shelf(writer, place_id, shelf)
    before = states.stock_at(writer, place_id)
    after, changes = adjusted(before, shelf.beliefs())
    for item_id, stand in after.items():
        if stand != before.get(item_id, NOTHING):
            states.set_stand(writer, item_id, place_id, stand, seen_at_ms=None, hidden=shelf.hidden(item_id))
    for change in changes:
        ledger.record(writer, place_id, change, Cause(writer.now_ms))
    places.mark_current(writer, place_id)
