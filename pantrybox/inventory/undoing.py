"""Taking back: one change, all that a photograph did, a whole day. Always by new lines, and all of it or nothing."""

from collections.abc import Iterable, Sequence
from datetime import date

from pantrybox.clock import local_day_ms
from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import items, ledger, lot_queries, states, undo_queries, words
from pantrybox.inventory.items import Item
from pantrybox.inventory.ledger import Cause
from pantrybox.inventory.model import MAX_COUNT, InventoryEvent
from pantrybox.storage.database import Reader, Writer

_YEARS = range(1971, 9999)
"""In which something can have happened, and a clock can say when its days begin."""


def undo(writer: Writer, event_id: int, by: str) -> int:
    """Take back one line of the ledger by another one; the id of the new line.

    A move is taken back at both of its places, and an undo is undone like everything else. NotFound for no
    such line; Conflict when it was undone already or would leave less than nothing.
    """
    event = ledger.event_by_id(writer, event_id)
    if event is None:
        raise NotFound("There is no such event.")
    if event.undone:
        raise Conflict("This was undone already.")
    return _take_back_all(writer, [event], by)[event_id]


def undo_photograph(writer: Writer, capture_id: str, by: str) -> list[int]:
    """Take back all that a photograph did and that was not undone yet; the new lines' ids.

    Conflict when nothing of that is left, or when it would leave less than nothing.
    """
    standing = undo_queries.standing_of_capture(writer, capture_id)
    if not standing:
        raise Conflict("There is nothing to undo: this photograph changed nothing, or it was undone already.")
    return sorted(_take_back_all(writer, standing, by).values())


def undo_day(writer: Writer, day: date, place_ids: Sequence[int] | None, by: str) -> list[int]:
    """Take back all that happened on a day of the house, at all places or at some; the new lines' ids.

    What was undone on the same day stays undone, and what happened later stays. Conflict when there is nothing
    to undo, or when it would leave less than nothing of something.
    """
    since_ms, until_ms = local_day_ms(day) if day.year in _YEARS else (0, 0)
    standing = undo_queries.standing_between(writer, since_ms, until_ms, place_ids)
    if not standing:
        raise Conflict("There is nothing to undo: nothing changed on that day, or it was undone already.")
    return sorted(_take_back_all(writer, standing, by).values())


def _take_back_all(writer: Writer, lines: Iterable[InventoryEvent], by: str) -> dict[int, int]:
    """The id of the line that takes each one back, by the id of that one."""
    done: dict[int, int] = {}
    for line, half in _with_other_halves(writer, lines):
        if line.id in done:
            continue  # with the merge that it belongs to
        if line.event_type == "merged":
            done |= _part(writer, line, by)
        else:
            item = items.item_by_id(writer, line.item_id)
            item_id = item.merged_into or item.id if item else line.item_id
            done[line.id] = _take_back(writer, line, item_id, by, half=half, done=done)
    return done


def _with_other_halves(
    reader: Reader, lines: Iterable[InventoryEvent]
) -> list[tuple[InventoryEvent, InventoryEvent | None]]:
    """Each line with the other half of its move, and the halves that are missing: what went out first."""
    halves = {line.id: undo_queries.other_half(reader, line.id) for line in lines}
    paired = {line.id: (line, halves[line.id]) for line in lines}
    for line, half in list(paired.values()):
        if half is not None:
            paired.setdefault(half.id, (half, line))
    return sorted(paired.values(), key=lambda pair: (pair[0].delta > 0, -pair[0].id))


def _take_back(
    writer: Writer,
    line: InventoryEvent,
    item_id: int,
    by: str,
    *,
    half: InventoryEvent | None = None,
    done: dict[int, int] | None = None,
) -> int:
    count = _count_without(writer, line, item_id)
    other = (done or {}).get(half.id) if half else None
    word_id = words.write_down(
        writer,
        item_id=item_id,
        place_id=line.place_id,
        count=count,
        undoes=line.id,
        with_word_id=undo_queries.word_of(writer, other) if other else None,
        by=by,
    )
    cause = Cause(
        writer.now_ms,
        word_id=word_id,
        details={"by": by, "undoes": line.id},
        within_house=half is not None,
    )
    undone_by = words.obey(writer, "undone", item_id, line.place_id, count, cause, seen_at_ms=None)
    lot_queries.take_back(writer, line.id, undone_by)
    return undone_by


def _count_without(reader: Reader, line: InventoryEvent, item_id: int) -> int:
    count = states.stand_of(reader, item_id, line.place_id).confirmed_count - line.delta
    if count < 0:
        raise Conflict(
            f"Undoing this would leave {count} of {line.item_name} ({line.place_name}): more was taken out since than "
            "was there before. Set the count instead."
        )
    if count > MAX_COUNT:
        raise Conflict(f"Undoing this would leave more than {MAX_COUNT} of {line.item_name} ({line.place_name}).")
    return count


def _part(writer: Writer, event: InventoryEvent, by: str) -> dict[int, int]:
    """Undo a merge, at every place: the two are two again."""
    merged = _merged_by(writer, event)
    items.stand_alone(writer, merged)
    done: dict[int, int] = {}
    for line in ledger.lines_of_merge(writer, merged.id):
        done[line.id] = _take_back(writer, line, line.item_id, by)
    return done


def _merged_by(reader: Reader, event: InventoryEvent) -> Item:
    item_id = undo_queries.merged_item(reader, event.id)
    item = items.item_by_id(reader, item_id) if item_id is not None else None
    if item is None or item.merged_into is None:
        raise Conflict("These two were parted already.")
    return item
