"""The ledger: one line for every change of a count, only ever appended to."""

from collections.abc import Sequence

import msgspec

from pantrybox.inventory import shopping
from pantrybox.inventory.model import Change, EventType, InventoryEvent
from pantrybox.storage.database import Reader, Writer


class Cause(msgspec.Struct, frozen=True):
    """Why a line is written: a photograph, a word of a person, or neither when evidence is folded again."""

    happened_at_ms: int
    capture_id: str | None = None
    word_id: int | None = None
    details: dict[str, object] | None = None
    within_house: bool = False
    """One half of a move: the house has neither more nor less than before."""


def record(writer: Writer, place_id: int, change: Change, cause: Cause) -> int:
    """Append one line, after the item's state was written; its id. What follows for the shopping list is done."""
    event_id = _append(writer, place_id, change, cause)
    if not cause.within_house:
        _keep_shopping_list(writer, change, cause)
    return event_id


def _keep_shopping_list(writer: Writer, change: Change, cause: Cause) -> None:
    total = _confirmed_total(writer, change.item_id)
    shopping.follow(
        writer,
        item_id=change.item_id,
        delta=change.delta,
        total_before=total.confirmed - change.delta,
        total_after=total.confirmed,
        minimum=total.minimum,
        by_camera=cause.capture_id is not None,
        event_type=change.event_type,
    )


def _append(writer: Writer, place_id: int, change: Change, cause: Cause) -> int:
    return writer.insert(
        """
        INSERT INTO inventory_events (item_id, place_id, event_type, delta, count_after, confidence, capture_id,
                                      word_id, happened_at_ms, recorded_at_ms, details)
        VALUES (:item_id, :place_id, :event_type, :delta, :count_after, :confidence, :capture_id,
                :word_id, :happened_at_ms, :now_ms, :details)
        """,
        {
            **msgspec.structs.asdict(change),
            "confidence": min(1.0, change.confidence),
            "place_id": place_id,
            "capture_id": cause.capture_id,
            "word_id": cause.word_id,
            "happened_at_ms": cause.happened_at_ms,
            "now_ms": writer.now_ms,
            "details": msgspec.json.encode(cause.details).decode() if cause.details else None,
        },
    )


class _Total(msgspec.Struct):
    confirmed: int
    minimum: int | None


def _confirmed_total(reader: Reader, item_id: int) -> _Total:
    total = reader.row_or_none(
        _Total,
        """
        SELECT coalesce(sum(confirmed_count), 0) AS confirmed, minimum
        FROM inventory_items
        LEFT JOIN inventory_state ON item_id = inventory_items.id
        WHERE inventory_items.id = :item_id
        """,
        {"item_id": item_id},
    )
    return total or _Total(0, None)


class PastLine(msgspec.Struct, frozen=True):
    """A line that another box's ledger had."""

    event_type: EventType
    delta: int
    count_after: int
    confidence: float
    happened_at_ms: int
    details: dict[str, object] | None = None


def append_past(writer: Writer, item_id: int, place_id: int, lines: Sequence[PastLine], word_id: int) -> None:
    """Append another box's lines. They are history: nothing follows from them for the shopping list."""
    for line in lines:
        change = Change(item_id, line.event_type, line.delta, line.count_after, line.confidence)
        _append(writer, place_id, change, Cause(line.happened_at_ms, word_id=word_id, details=line.details))


EVENTS = """
        SELECT inventory_events.id, item_id, canonical_name AS item_name, place_id, places.name AS place_name,
               event_type, delta, count_after, confidence, inventory_events.capture_id, happened_at_ms,
               EXISTS (SELECT 1 FROM words WHERE undoes = inventory_events.id) AS undone
        FROM inventory_events
        JOIN inventory_items ON inventory_items.id = item_id
        JOIN places ON places.id = place_id
"""


def newest_events(reader: Reader, limit: int) -> list[InventoryEvent]:
    return reader.rows(InventoryEvent, EVENTS + " ORDER BY inventory_events.id DESC LIMIT :limit", {"limit": limit})


def event_by_id(reader: Reader, event_id: int) -> InventoryEvent | None:
    return reader.row_or_none(InventoryEvent, EVENTS + " WHERE inventory_events.id = :id", {"id": event_id})


def lines_of_merge(reader: Reader, merged_item_id: int) -> list[InventoryEvent]:
    """The lines, both of each pair, by which an item was last merged into another; newest first.

    A line that was undone belongs to an earlier merge.
    """
    return reader.rows(
        InventoryEvent,
        f"""
        {EVENTS}
        WHERE event_type = 'merged'
          AND word_id IN (SELECT id FROM words WHERE from_item_id = :id)
          AND NOT EXISTS (SELECT 1 FROM words AS undo WHERE undo.undoes = inventory_events.id)
        ORDER BY inventory_events.id DESC
        """,  # noqa: S608 - constant texts
        {"id": merged_item_id},
    )


def events_of_capture(reader: Reader, capture_id: str) -> list[InventoryEvent]:
    """What followed from a photograph, oldest first."""
    sql = EVENTS + " WHERE inventory_events.capture_id = :id ORDER BY inventory_events.id"
    return reader.rows(InventoryEvent, sql, {"id": capture_id})


def newest_event_id(reader: Reader) -> int:
    """0 while the ledger is empty."""
    return reader.value(int, "SELECT coalesce(max(id), 0) FROM inventory_events")


class LedgerGap(msgspec.Struct, frozen=True):
    item_name: str
    place_name: str
    confirmed_count: int
    ledger_sum: int


def ledger_gaps(reader: Reader) -> list[LedgerGap]:
    """Where a confirmed count is not what the ledger sums to. Empty in a sound database."""
    return reader.rows(
        LedgerGap,
        """
        WITH ledger AS (
            SELECT item_id, place_id, sum(delta) AS total, count(*) AS lines
            FROM inventory_events
            GROUP BY item_id, place_id
        )
        SELECT canonical_name AS item_name, places.name AS place_name, confirmed_count,
               coalesce(ledger.total, 0) AS ledger_sum
        FROM inventory_state AS state
        LEFT JOIN ledger ON ledger.item_id = state.item_id AND ledger.place_id = state.place_id
        JOIN inventory_items ON inventory_items.id = state.item_id
        JOIN places ON places.id = state.place_id
        WHERE confirmed_count <> ledger_sum OR event_count <> coalesce(ledger.lines, 0)
        """,
    )
