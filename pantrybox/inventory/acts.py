"""What a person does with the stock: use some, add some, finish it, open one, throw some away, move some.

Each act is a person's word: from the count that is shown it says how many are there now.
"""

from datetime import date
from typing import Literal

import msgspec

from pantrybox.errors import Conflict, OutOfRange
from pantrybox.inventory import dating, lot_queries, states, words
from pantrybox.inventory.ledger import Cause
from pantrybox.inventory.lots import total
from pantrybox.inventory.model import MAX_COUNT, EventType
from pantrybox.storage.database import Reader, Writer

Taking = Literal["use", "finish", "throw_away"]
Act = Literal[Taking, "add", "open", "move"]


class Heap(msgspec.Struct, frozen=True):
    """One item at one place, and who does something with it."""

    item_id: int
    place_id: int
    by: str


def take(writer: Writer, heap: Heap, act: Taking, amount: int) -> list[int]:
    """So many are gone; the ids of the ledger's lines. Conflict when fewer are shown."""
    shown = _at_least(writer, heap, amount)
    lines = _change(writer, heap, "consumed", -amount, {"act": act})
    lot_queries.use(writer, heap.item_id, heap.place_id, shown, amount, lines[-1])
    return lines


def finish(writer: Writer, heap: Heap) -> list[int]:
    """Nothing is left; the ids of the ledger's lines. Conflict when nothing was shown anyway."""
    return take(writer, heap, "finish", _at_least(writer, heap, 1))


def add(writer: Writer, heap: Heap, amount: int, best_before: date | None) -> list[int]:
    """So many more are there; the ids of the ledger's lines."""
    shown = _shown(writer, heap)
    _refuse_too_many(shown + amount)
    lines = _change(writer, heap, "added", amount, {"act": "add"})
    lot_queries.keep(writer, heap.item_id, heap.place_id, shown, shown + amount, lines[-1])
    if best_before is not None:
        lot_id = lot_queries.put(writer, heap.item_id, heap.place_id, amount, best_before=best_before, by=heap.by)
        lot_queries.record(writer, lines[-1], {lot_id: amount})
    return lines


def move(writer: Writer, heap: Heap, to_place_id: int, amount: int) -> list[int]:
    """So many are at another place now; the ids of the ledger's lines."""
    if to_place_id == heap.place_id:
        raise OutOfRange("to_place: that is where it stands already.")
    _at_least(writer, heap, amount)
    _refuse_too_many(states.stand_of(writer, heap.item_id, to_place_id).shown_count + amount)
    return words.move(writer, heap.item_id, heap.place_id, to_place_id, amount, heap.by)


def open_one(writer: Writer, heap: Heap) -> None:
    """One is opened, that which ends first: it is used first from now on. The count stays as it is."""
    shown = _at_least(writer, heap, 1)
    lots = lot_queries.settle(writer, heap.item_id, heap.place_id, shown)
    if total(lot for lot in lots if lot.is_open) >= shown:
        raise Conflict("All that is there is open already.")
    closed = next((lot for lot in lots if not lot.is_open), None)
    if closed is None:
        lot_queries.put(
            writer, heap.item_id, heap.place_id, 1, best_before=None, opened_at_ms=writer.now_ms, by=heap.by
        )
    else:
        dating.open_one_of(writer, closed, heap.by)


def _change(writer: Writer, heap: Heap, event_type: EventType, delta: int, details: dict[str, object]) -> list[int]:
    item_id, place_id = heap.item_id, heap.place_id
    count = _shown(writer, heap) + delta
    word_id = words.write_down(writer, item_id=item_id, place_id=place_id, count=count, by=heap.by)
    confirming = words.confirm(writer, item_id, place_id, word_id, heap.by)
    cause = Cause(writer.now_ms, word_id=word_id, details={"by": heap.by, **details})
    line = words.obey(writer, event_type, item_id, place_id, count, cause, seen_at_ms=writer.now_ms)
    states.remark(writer, item_id, place_id, is_manual=True, notes=msgspec.UNSET)
    return [*confirming, line]


def _shown(reader: Reader, heap: Heap) -> int:
    return states.stand_of(reader, heap.item_id, heap.place_id).shown_count


def _at_least(reader: Reader, heap: Heap, amount: int) -> int:
    """How many are shown; Conflict when it is fewer."""
    shown = _shown(reader, heap)
    if shown == 0:
        raise Conflict("There is none there. If there is some after all, set the count first.")
    if shown < amount:
        raise Conflict(f"There {'is' if shown == 1 else 'are'} only {shown} there. Take fewer, or set the count first.")
    return shown


def _refuse_too_many(count: int) -> None:
    if count > MAX_COUNT:
        raise Conflict(f"There can be at most {MAX_COUNT} of an item at one place; this would make {count}.")
