"""What a person says about the stock: a count, an undo, two things that are one. Evidence, like a photograph.

Each word is written down, sets the belief, and appends what it changes to the ledger, all in one transaction.
"""

import msgspec

from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import items, ledger, shopping, states
from pantrybox.inventory.belief import certain, stated, together
from pantrybox.inventory.items import Item
from pantrybox.inventory.ledger import Cause, PastLine
from pantrybox.inventory.model import MAX_COUNT, Change, EventType, InventoryEvent, Stand
from pantrybox.storage.database import Reader, Writer


class Word(msgspec.Struct, frozen=True):
    """As it is kept: see the table `words`."""

    id: int
    position: int
    kind: str
    item_id: int
    place_id: int
    count: int | None
    confidence: float
    from_item_id: int | None


def say_count(
    writer: Writer,
    *,
    item_id: int,
    place_id: int,
    count: int,
    by: str,
    notes: str | msgspec.UnsetType | None = msgspec.UNSET,
    details: dict[str, object] | None = None,
) -> int:
    """So many are there, says somebody who knows; the id of the ledger's line."""
    shown = states.stand_of(writer, item_id, place_id).shown_count
    word_id = _write(writer, item_id=item_id, place_id=place_id, count=count, by=by)
    cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "shown": shown, **(details or {})})
    event_id = _obey(writer, "manual_override", item_id, place_id, count, cause, seen_at_ms=writer.now_ms)
    states.remark(writer, item_id, place_id, is_manual=True, notes=notes)
    return event_id


def move(writer: Writer, item_id: int, from_place_id: int, to_place_id: int, count: int, by: str) -> None:
    """So many of what is at one place are at another one from now on; what is sure stays as sure."""
    confidence = states.stand_of(writer, item_id, from_place_id).confidence
    for place_id, other_id, moved in ((from_place_id, to_place_id, -count), (to_place_id, from_place_id, count)):
        before = states.stand_of(writer, item_id, place_id)
        after = min(MAX_COUNT, before.shown_count + moved)
        word_id = _write(writer, item_id=item_id, place_id=place_id, count=after, confidence=confidence, by=by)
        delta = after - before.confirmed_count
        stand = Stand(stated(after, confidence), after, before.event_count + (delta != 0))
        seen_at_ms = states.last_seen(writer, item_id, from_place_id)
        states.set_stand(writer, item_id, place_id, stand, seen_at_ms=seen_at_ms)
        if delta:
            cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "other_place": other_id})
            ledger.record(writer, place_id, Change(item_id, "adjusted", delta, after, stand.confidence), cause)


class Told(msgspec.Struct, frozen=True):
    """What an import says about one item at one place."""

    count: int
    confidence: float
    is_manual: bool
    seen_at_ms: int | None
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    past: tuple[PastLine, ...] = ()
    """Its history elsewhere, oldest first. Only for an item that this ledger does not know there yet."""


def take_over(writer: Writer, *, item_id: int, place_id: int, told: Told, by: str) -> int:
    """Believe what was exported from a box, as surely as that box did; how many lines the ledger grew by."""
    word_id = _write(writer, item_id=item_id, place_id=place_id, count=told.count, confidence=told.confidence, by=by)
    ledger.append_past(writer, item_id, place_id, told.past, word_id)
    stand = states.stand_of(writer, item_id, place_id)
    confirmed = stand.confirmed_count + sum(line.delta for line in told.past)
    lines = len(told.past) + (confirmed != told.count)
    after = Stand(stated(told.count, told.confidence), told.count, stand.event_count + lines)
    states.set_stand(writer, item_id, place_id, after, seen_at_ms=told.seen_at_ms)
    states.remark(writer, item_id, place_id, is_manual=told.is_manual, notes=told.notes)
    if confirmed != told.count:
        change = Change(item_id, "manual_override", told.count - confirmed, told.count, after.confidence)
        cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "imported": True})
        ledger.record(writer, place_id, change, cause)
    return lines


def undo(writer: Writer, event_id: int, by: str) -> int:
    """Take back one line of the ledger by another one; the id of the new line.

    An undo is undone like everything else. NotFound for no such line; Conflict when it was undone
    already or would leave less than nothing.
    """
    event = ledger.event_by_id(writer, event_id)
    if event is None:
        raise NotFound("There is no such event.")
    _refuse_second_undo(writer, event_id)
    if event.event_type == "merged":
        return _part(writer, event, by)
    item = items.item_by_id(writer, event.item_id)
    item_id = item.merged_into or item.id if item else event.item_id
    return _take_back(writer, event, item_id, by)


def merge(writer: Writer, merged: Item, into: Item, by: str) -> None:
    """`merged` was `into` all along: its stock is added, its names become aliases, its history follows."""
    for place_id in states.places_of(writer, merged.id):
        _merge_at(writer, place_id, merged, into, by)
    items.point_at(writer, merged, into)
    shopping.merge(writer, merged.id, into.id)


def _merge_at(writer: Writer, place_id: int, merged: Item, into: Item, by: str) -> None:
    ours, theirs = states.stand_of(writer, into.id, place_id), states.stand_of(writer, merged.id, place_id)
    both = together(ours.belief, theirs.belief)
    moved = theirs.confirmed_count
    if ours.confirmed_count + moved > MAX_COUNT:
        raise Conflict(f"Together that would be more than {MAX_COUNT}.")
    word_id = _write(writer, item_id=into.id, place_id=place_id, from_item_id=merged.id, by=by)
    seen_at_ms = states.last_seen(writer, merged.id, place_id)
    lines = 1 if moved else 0
    states.set_stand(writer, merged.id, place_id, Stand(certain(0), 0, theirs.event_count + lines), seen_at_ms=None)
    states.set_stand(
        writer,
        into.id,
        place_id,
        Stand(both, ours.confirmed_count + moved, ours.event_count + lines),
        seen_at_ms=seen_at_ms,
    )
    if moved:
        away = Change(merged.id, "merged", -moved, 0, 1.0)
        here = Change(into.id, "merged", moved, ours.confirmed_count + moved, both.confidence)
        for change, details in ((away, {"into": into.canonical_name}), (here, {"from": merged.canonical_name})):
            cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, **details})
            ledger.record(writer, place_id, change, cause)


def _part(writer: Writer, event: InventoryEvent, by: str) -> int:
    """Undo a merge, at every place: the two are two again. The id of the line that answers `event`."""
    merged = _merged_by(writer, event)
    items.stand_alone(writer, merged)
    answer = 0
    for line in ledger.lines_of_merge(writer, merged.id):
        _refuse_second_undo(writer, line.id)
        undone = _take_back(writer, line, line.item_id, by)
        answer = undone if line.id == event.id else answer
    return answer


def _merged_by(reader: Reader, event: InventoryEvent) -> Item:
    word = reader.row_or_none(
        Word,
        """
        SELECT words.id, position, kind, words.item_id, words.place_id, count, words.confidence, from_item_id
        FROM words
        JOIN inventory_events ON inventory_events.word_id = words.id
        WHERE inventory_events.id = :id
        """,
        {"id": event.id},
    )
    item = items.item_by_id(reader, word.from_item_id) if word and word.from_item_id else None
    if item is None or item.merged_into is None:
        raise Conflict("These two were parted already.")
    return item


def _take_back(writer: Writer, event: InventoryEvent, item_id: int, by: str) -> int:
    stand = states.stand_of(writer, item_id, event.place_id)
    count = stand.confirmed_count - event.delta
    if count < 0:
        raise Conflict(
            f"Undoing this would leave {count}: more was taken out since than was there before. Set the count instead."
        )
    if count > MAX_COUNT:
        raise Conflict(f"Undoing this would leave more than {MAX_COUNT}.")
    word_id = _write(writer, item_id=item_id, place_id=event.place_id, count=count, undoes=event.id, by=by)
    cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "undoes": event.id})
    return _obey(writer, "undone", item_id, event.place_id, count, cause, seen_at_ms=None)


def _refuse_second_undo(reader: Reader, event_id: int) -> None:
    if reader.value(bool, "SELECT EXISTS (SELECT 1 FROM words WHERE undoes = :id)", {"id": event_id}):
        raise Conflict("This was undone already.")


def _write(
    writer: Writer,
    *,
    item_id: int,
    place_id: int,
    by: str,
    count: int | None = None,
    confidence: float = 1.0,
    from_item_id: int | None = None,
    undoes: int | None = None,
) -> int:
    return writer.insert(
        """
        INSERT INTO words (position, kind, item_id, place_id, count, confidence, from_item_id, undoes, said_by,
                           said_at_ms)
        SELECT coalesce(max(id), 0), :kind, :item_id, :place_id, :count, :confidence, :from_item_id, :undoes, :by,
               :now_ms
        FROM observations
        """,
        {
            "kind": "count" if from_item_id is None else "merge",
            "item_id": item_id,
            "place_id": place_id,
            "count": count,
            "confidence": confidence,
            "from_item_id": from_item_id,
            "undoes": undoes,
            "by": by,
            "now_ms": writer.now_ms,
        },
    )


def _obey(
    writer: Writer,
    event_type: EventType,
    item_id: int,
    place_id: int,
    count: int,
    cause: Cause,
    *,
    seen_at_ms: int | None,
) -> int:
    """Believe a count, and write the line that makes the ledger sum to it."""
    before = states.stand_of(writer, item_id, place_id)
    after = Stand(certain(count), count, before.event_count + 1)
    states.set_stand(writer, item_id, place_id, after, seen_at_ms=seen_at_ms)
    change = Change(item_id, event_type, count - before.confirmed_count, count, after.confidence)
    return ledger.record(writer, place_id, change, cause)


def words_at(reader: Reader, place_id: int, after_id: int = 0) -> list[Word]:
    """What was said about a place, in the order in which it was said."""
    return reader.rows(
        Word,
        """
        SELECT id, position, kind, item_id, place_id, count, confidence, from_item_id
        FROM words
        WHERE place_id = :place_id AND id > :after_id
        ORDER BY id
        """,
        {"place_id": place_id, "after_id": after_id},
    )


def newest_word_id(reader: Reader) -> int:
    """0 before anybody said anything."""
    return reader.value(int, "SELECT coalesce(max(id), 0) FROM words")
