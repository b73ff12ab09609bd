"""What a person says about the stock: a count, a move, two things that are one. Evidence, like a photograph.

Each word is written down, sets the belief, and appends what it changes to the ledger, all in one transaction.
"""

from collections.abc import Sequence

import msgspec

from pantrybox.errors import Conflict
from pantrybox.inventory import items, ledger, lot_queries, places, shelves, shopping, states
from pantrybox.inventory.belief import certain, stated
from pantrybox.inventory.items import Item
from pantrybox.inventory.ledger import Cause, PastLine
from pantrybox.inventory.model import MAX_COUNT, Change, EventType, Stand
from pantrybox.inventory.shelf import Said
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
    said_at_ms: int
    camera: str | None

    @property
    def turn(self) -> tuple[int, bool, int]:
        """Looks and words are folded in this order: behind what had been seen, beside late photographs by its time."""
        return (self.position, True, self.said_at_ms)


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
    word_id = write_down(writer, item_id=item_id, place_id=place_id, count=count, by=by)
    cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "shown": shown, **(details or {})})
    event_id = obey(writer, "manual_override", item_id, place_id, count, cause, seen_at_ms=writer.now_ms)
    states.remark(writer, item_id, place_id, is_manual=True, notes=notes)
    lot_queries.keep(writer, item_id, place_id, shown, count, event_id)
    return event_id


def move(
    writer: Writer,
    item_id: int,
    from_place_id: int,
    to_place_id: int,
    count: int,
    by: str,
    *,
    camera: str | None = None,
) -> list[int]:
    """So many of what is at one place are at another one from now on; what is sure stays as sure. The lines' ids.

    `camera`: who sees them where they are now.
    """
    left = states.stand_of(writer, item_id, from_place_id)
    seen_at_ms = states.last_seen(writer, item_id, from_place_id)
    halves: list[list[int]] = []
    word_id = None
    for place_id, other_id, moved in ((from_place_id, to_place_id, -count), (to_place_id, from_place_id, count)):
        after = min(MAX_COUNT, states.stand_of(writer, item_id, place_id).shown_count + moved)
        told = _Half(
            item_id=item_id,
            place_id=place_id,
            count=after,
            confidence=left.confidence,
            seen_at_ms=seen_at_ms,
            by=by,
            details=_moved(writer, by, other_id, moved),
            camera=camera if moved > 0 else None,
        )
        word_id, lines = _say_half(writer, told, word_id)
        halves.append(lines)
    ends = [lines[-1] for lines in halves]
    lot_queries.move(writer, item_id, (from_place_id, to_place_id), left.shown_count, count, ends, by)
    return [line for lines in halves for line in lines]


class _Half(msgspec.Struct, frozen=True):
    """What a move says of one of its places."""

    item_id: int
    place_id: int
    count: int
    confidence: float
    seen_at_ms: int | None
    by: str
    details: dict[str, object]
    camera: str | None


def _say_half(writer: Writer, half: _Half, with_word_id: int | None) -> tuple[int, list[int]]:
    """The word, and the lines' ids; that of the move itself comes last."""
    where = {"item_id": half.item_id, "place_id": half.place_id}
    confidence = half.confidence
    word_id = write_down(
        writer,
        **where,
        count=half.count,
        confidence=confidence,
        with_word_id=with_word_id,
        camera=half.camera,
        by=half.by,
    )
    confirming = confirm(writer, **where, word_id=word_id, by=half.by, confidence=confidence)
    cause = Cause(writer.now_ms, word_id=word_id, details=half.details, within_house=True)
    line = obey(
        writer,
        "adjusted",
        **where,
        count=half.count,
        cause=cause,
        confidence=confidence,
        seen_at_ms=half.seen_at_ms,
    )
    return word_id, [*confirming, line]


def _moved(reader: Reader, by: str, other_place_id: int, moved: int) -> dict[str, object]:
    towards = "from" if moved > 0 else "to"
    return {"by": by, "act": "move", "other_place": other_place_id, towards: places.name_of(reader, other_place_id)}


def confirm(
    writer: Writer, item_id: int, place_id: int, word_id: int, by: str, *, confidence: float = 1.0
) -> list[int]:
    """Who changes a count goes by the one that is shown: where the ledger says another, a line of its own follows it.

    So the next line says what was done, and nothing else. The ids: one, or none.
    """
    stand = states.stand_of(writer, item_id, place_id)
    shown = stand.shown_count
    if shown == stand.confirmed_count:
        return []
    cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "shown": shown})
    return [obey(writer, "adjusted", item_id, place_id, shown, cause, confidence=confidence, seen_at_ms=None)]


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
    word_id = write_down(
        writer, item_id=item_id, place_id=place_id, count=told.count, confidence=told.confidence, by=by
    )
    ledger.append_past(writer, item_id, place_id, told.past, word_id)
    stand = states.stand_of(writer, item_id, place_id)
    confirmed = stand.confirmed_count + sum(line.delta for line in told.past)
    lines = len(told.past) + (confirmed != told.count)
    shelf = shelves.shelf_at(writer, place_id)
    after = Stand(shelf.belief(item_id), told.count, stand.event_count + lines)
    states.set_stand(writer, item_id, place_id, after, seen_at_ms=told.seen_at_ms, hidden=shelf.hidden(item_id))
    states.remark(writer, item_id, place_id, is_manual=told.is_manual, notes=told.notes)
    if confirmed != told.count:
        change = Change(item_id, "manual_override", told.count - confirmed, told.count, after.confidence)
        cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, "imported": True})
        ledger.record(writer, place_id, change, cause)
    return lines


def merge(writer: Writer, merged: Item, into: Item, by: str) -> None:
    """`merged` was `into` all along: its stock is added, its names become aliases, its history follows."""
    for place_id in states.places_of(writer, merged.id):
        _merge_at(writer, place_id, merged, into, by)
    items.point_at(writer, merged, into)
    shopping.merge(writer, merged.id, into.id)


def _merge_at(writer: Writer, place_id: int, merged: Item, into: Item, by: str) -> None:
    ours, theirs = states.stand_of(writer, into.id, place_id), states.stand_of(writer, merged.id, place_id)
    moved = theirs.confirmed_count
    if ours.confirmed_count + moved > MAX_COUNT:
        raise Conflict(f"Together that would be more than {MAX_COUNT}.")
    word_id = write_down(writer, item_id=into.id, place_id=place_id, from_item_id=merged.id, by=by)
    shelf = shelves.shelf_at(writer, place_id)
    both = shelf.belief(into.id)
    seen_at_ms = states.last_seen(writer, merged.id, place_id)
    lines = 1 if moved else 0
    states.set_stand(writer, merged.id, place_id, Stand(certain(0), 0, theirs.event_count + lines), seen_at_ms=None)
    states.set_stand(
        writer,
        into.id,
        place_id,
        Stand(both, ours.confirmed_count + moved, ours.event_count + lines),
        seen_at_ms=seen_at_ms,
        hidden=shelf.hidden(into.id),
    )
    if moved:
        away = Change(merged.id, "merged", -moved, 0, 1.0)
        here = Change(into.id, "merged", moved, ours.confirmed_count + moved, both.confidence)
        for change, details in ((away, {"into": into.canonical_name}), (here, {"from": merged.canonical_name})):
            cause = Cause(writer.now_ms, word_id=word_id, details={"by": by, **details})
            ledger.record(writer, place_id, change, cause)


def write_down(
    writer: Writer,
    *,
    item_id: int,
    place_id: int,
    by: str,
    count: int | None = None,
    confidence: float = 1.0,
    from_item_id: int | None = None,
    undoes: int | None = None,
    with_word_id: int | None = None,
    camera: str | None = None,
) -> int:
    """Keep a word, and believe it; its id. It knows of every observation that there is.

    `undoes`: a line of the ledger. `with_word_id`: of the word that was said in the same breath.
    `camera`: who sees what it is about.
    """
    if from_item_id is not None:
        shelves.merge(writer, place_id, from_item_id, item_id)
    elif count is not None:
        shelves.tell(writer, place_id, Said(item_id, count, confidence, writer.now_ms, camera))
    return writer.insert(
        """
        INSERT INTO words (position, kind, item_id, place_id, count, confidence, from_item_id, undoes, with_word_id,
                           camera, said_by, said_at_ms)
        SELECT coalesce(max(id), 0), :kind, :item_id, :place_id, :count, :confidence, :from_item_id, :undoes,
               :with_word_id, :camera, :by, :now_ms
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
            "with_word_id": with_word_id,
            "camera": camera,
            "by": by,
            "now_ms": writer.now_ms,
        },
    )


def obey(
    writer: Writer,
    event_type: EventType,
    item_id: int,
    place_id: int,
    count: int,
    cause: Cause,
    *,
    confidence: float = 1.0,
    seen_at_ms: int | None,
) -> int:
    """Show a count, and write the line that makes the ledger sum to it; the line's id."""
    before = states.stand_of(writer, item_id, place_id)
    shelf = shelves.shelf_at(writer, place_id)
    belief = shelf.belief(item_id)
    if belief.shown_count != count:  # on the way to what the word says
        belief = stated(count, confidence)
    after = Stand(belief, count, before.event_count + 1)
    states.set_stand(writer, item_id, place_id, after, seen_at_ms=seen_at_ms, hidden=shelf.hidden(item_id))
    change = Change(item_id, event_type, count - before.confirmed_count, count, after.confidence)
    return ledger.record(writer, place_id, change, cause)


def words_at(reader: Reader, place_id: int, after_id: int = 0) -> list[Word]:
    """What was said about a place, in the order in which it was said."""
    return reader.rows(
        Word,
        """
        SELECT id, position, kind, item_id, place_id, count, confidence, from_item_id, said_at_ms, camera
        FROM words
        WHERE place_id = :place_id AND id > :after_id
        ORDER BY id
        """,
        {"place_id": place_id, "after_id": after_id},
    )


def said_since(reader: Reader, place_ids: Sequence[int], since_ms: int) -> bool:
    """Whether anything was said about any of these places later than that."""
    return reader.value(
        bool,
        """
        SELECT EXISTS (
            SELECT 1
            FROM words
            WHERE place_id IN (SELECT value FROM json_each(:place_ids)) AND said_at_ms > :since_ms
        )
        """,
        {"place_ids": msgspec.json.encode(place_ids).decode(), "since_ms": since_ms},
    )


def newest_word_id(reader: Reader) -> int:
    """0 before anybody said anything."""
    return reader.value(int, "SELECT coalesce(max(id), 0) FROM words")
