"""SQL of items, places, state and the ledger."""

import msgspec

from pantrybox.inventory.model import Change, InventoryEvent, Stand, StockLine
from pantrybox.storage.database import Reader, Writer


class _Id(msgspec.Struct):
    id: int


class _State(msgspec.Struct):
    item_id: int
    belief: str
    confirmed_count: int
    event_count: int


def place_of_device(writer: Writer, device_id: str) -> int:
    """The place that this camera looks at; made, under the camera's name, at its first photograph."""
    place = writer.row_or_none(_Id, "SELECT id FROM places WHERE device_id = :id", {"id": device_id})
    if place is not None:
        return place.id
    return writer.insert(
        "INSERT INTO places (name, device_id) SELECT name, id FROM devices WHERE id = :id",
        {"id": device_id},
    )


def item_named(writer: Writer, name: str, *, generic: bool) -> int:
    """The item of that name, whatever its case; made when there is none."""
    key = name_key(name)
    item = writer.row_or_none(_Id, "SELECT id FROM inventory_items WHERE name_key = :key", {"key": key})
    if item is not None:
        return item.id
    return writer.insert(
        """
        INSERT INTO inventory_items (canonical_name, name_key, generic, created_at_ms)
        VALUES (:name, :key, :generic, :now_ms)
        """,
        {"name": name, "key": key, "generic": generic, "now_ms": writer.now_ms},
    )


def name_key(name: str) -> str:
    """What makes two spellings the same name."""
    return " ".join(name.casefold().split())


def stock_at(reader: Reader, place_id: int) -> dict[int, Stand]:
    rows = reader.rows(
        _State,
        "SELECT item_id, belief, confirmed_count, event_count FROM inventory_state WHERE place_id = :place_id",
        {"place_id": place_id},
    )
    return {row.item_id: Stand(_belief(row.belief), row.confirmed_count, row.event_count) for row in rows}


def _belief(text: str) -> tuple[float, ...]:
    return msgspec.json.decode(text, type=tuple[float, ...])


def set_stand(writer: Writer, item_id: int, place_id: int, stand: Stand, *, seen_at_ms: int | None) -> None:
    """Write down what is now believed; `seen_at_ms` is None when the item was not seen this time."""
    writer.execute(
        """
        INSERT INTO inventory_state (item_id, place_id, belief, shown_count, confidence, confirmed_count,
                                     event_count, last_seen_at_ms, updated_at_ms)
        VALUES (:item_id, :place_id, :belief, :shown_count, :confidence, :confirmed_count,
                :event_count, :seen_at_ms, :now_ms)
        ON CONFLICT (item_id, place_id) DO UPDATE
        SET belief = excluded.belief,
            shown_count = excluded.shown_count,
            confidence = excluded.confidence,
            confirmed_count = excluded.confirmed_count,
            event_count = excluded.event_count,
            last_seen_at_ms = coalesce(excluded.last_seen_at_ms, last_seen_at_ms),
            is_manual = is_manual AND shown_count = excluded.shown_count,
            updated_at_ms = excluded.updated_at_ms
        """,
        {
            "item_id": item_id,
            "place_id": place_id,
            "belief": msgspec.json.encode(stand.belief).decode(),
            "shown_count": stand.shown_count,
            "confidence": min(1.0, stand.confidence),
            "confirmed_count": stand.confirmed_count,
            "event_count": stand.event_count,
            "seen_at_ms": seen_at_ms,
            "now_ms": writer.now_ms,
        },
    )


def record(writer: Writer, place_id: int, change: Change, *, capture_id: str | None, happened_at_ms: int) -> None:
    """Append one line to the ledger."""
    writer.insert(
        """
        INSERT INTO inventory_events (item_id, place_id, event_type, delta, count_after, confidence, capture_id,
                                      happened_at_ms, recorded_at_ms)
        VALUES (:item_id, :place_id, :event_type, :delta, :count_after, :confidence, :capture_id,
                :happened_at_ms, :now_ms)
        """,
        {
            "item_id": change.item_id,
            "place_id": place_id,
            "event_type": change.event_type,
            "delta": change.delta,
            "count_after": change.count_after,
            "confidence": min(1.0, change.confidence),
            "capture_id": capture_id,
            "happened_at_ms": happened_at_ms,
            "now_ms": writer.now_ms,
        },
    )


STOCK = """
        SELECT item_id, canonical_name, brand, package_type, category, generic, place_id, places.name AS place_name,
               shown_count, confirmed_count, confidence, last_seen_at_ms, is_manual, notes, updated_at_ms
        FROM inventory_state
        JOIN inventory_items ON inventory_items.id = item_id
        JOIN places ON places.id = place_id
"""


def stock(reader: Reader) -> list[StockLine]:
    """Everything that was ever seen, by name; what is gone stands there with a count of 0."""
    return reader.rows(StockLine, STOCK + " ORDER BY name_key, place_id")


def total_lines(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM inventory_state")


_EVENTS = """
        SELECT inventory_events.id, item_id, canonical_name AS item_name, place_id, places.name AS place_name,
               event_type, delta, count_after, confidence, capture_id, happened_at_ms
        FROM inventory_events
        JOIN inventory_items ON inventory_items.id = item_id
        JOIN places ON places.id = place_id
"""


def events_after(reader: Reader, event_id: int, limit: int = 1000) -> list[InventoryEvent]:
    return reader.rows(
        InventoryEvent,
        _EVENTS + " WHERE inventory_events.id > :id ORDER BY inventory_events.id LIMIT :limit",
        {"id": event_id, "limit": limit},
    )


def newest_events(reader: Reader, limit: int) -> list[InventoryEvent]:
    return reader.rows(InventoryEvent, _EVENTS + " ORDER BY inventory_events.id DESC LIMIT :limit", {"limit": limit})


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


def newest_event_id(reader: Reader) -> int:
    """0 while the ledger is empty."""
    return reader.value(int, "SELECT coalesce(max(id), 0) FROM inventory_events")


def events_of_capture(reader: Reader, capture_id: str) -> list[InventoryEvent]:
    return reader.rows(
        InventoryEvent,
        _EVENTS + " WHERE capture_id = :id ORDER BY inventory_events.id",
        {"id": capture_id},
    )
