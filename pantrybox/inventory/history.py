"""What the ledger tells: of one item, and of the last hours."""

import msgspec

from pantrybox.inventory.model import EventType
from pantrybox.storage.database import Reader

Position = tuple[int, int]
"""When the line before happened, and its id."""


class PastEvent(msgspec.Struct, frozen=True):
    id: int
    item_name: str
    """As the item is called now, also when it was merged into another since."""
    place_name: str
    event_type: EventType
    delta: int
    count_after: int
    confidence: float
    capture_id: str | None
    happened_at_ms: int
    said_by: str | None
    """The person whose word it was."""
    undone: bool
    details: str | None
    """JSON."""


_EVENTS = """
        SELECT event.id, coalesce(now.canonical_name, item.canonical_name) AS item_name,
               places.name AS place_name, event_type, delta, count_after, event.confidence, capture_id,
               happened_at_ms, said_by, event.details,
               EXISTS (SELECT 1 FROM words WHERE undoes = event.id) AS undone
        FROM inventory_events AS event
        JOIN inventory_items AS item ON item.id = event.item_id
        LEFT JOIN inventory_items AS now ON now.id = item.merged_into
        JOIN places ON places.id = event.place_id
        LEFT JOIN words ON words.id = event.word_id
"""


def family(reader: Reader, item_id: int) -> list[int]:
    """An item, and all that was merged into it."""
    merged = reader.rows(_Id, "SELECT id FROM inventory_items WHERE merged_into = :id", {"id": item_id})
    return [item_id, *(member.id for member in merged)]


class _Id(msgspec.Struct):
    id: int


def of_item(
    reader: Reader, item_id: int, *, since_ms: int, limit: int, before: Position | None = None
) -> list[PastEvent]:
    """What happened to an item, and to all that was merged into it; newest first."""
    # One query for each: only of a single item does the index give the events in order.
    events = [
        event
        for member in family(reader, item_id)
        for event in reader.rows(
            PastEvent,
            _EVENTS
            + """
            WHERE event.item_id = :item_id
              AND happened_at_ms >= :since_ms
              AND (happened_at_ms, event.id) < (:at_ms, :id)
            ORDER BY happened_at_ms DESC, event.id DESC
            LIMIT :limit
            """,
            {"item_id": member, "since_ms": since_ms, "limit": limit, **_before(before)},
        )
    ]
    return sorted(events, key=lambda event: (event.happened_at_ms, event.id), reverse=True)[:limit]


def total_of_item(reader: Reader, item_id: int, *, since_ms: int) -> int:
    return sum(
        reader.value(
            int,
            "SELECT count(*) FROM inventory_events WHERE item_id = :item_id AND happened_at_ms >= :since_ms",
            {"item_id": member, "since_ms": since_ms},
        )
        for member in family(reader, item_id)
    )


def newest_first(
    reader: Reader, *, since_ms: int, event_type: EventType | None, limit: int, before: Position | None = None
) -> list[PastEvent]:
    """What happened since, of everything."""
    return reader.rows(
        PastEvent,
        _EVENTS
        + """
        WHERE happened_at_ms >= :since_ms
          AND (happened_at_ms, event.id) < (:at_ms, :id)
          AND (:event_type IS NULL OR event_type = :event_type)
        ORDER BY happened_at_ms DESC, event.id DESC
        LIMIT :limit
        """,
        {"since_ms": since_ms, "event_type": event_type, "limit": limit, **_before(before)},
    )


def total_since(reader: Reader, *, since_ms: int, event_type: EventType | None) -> int:
    return reader.value(
        int,
        """
        SELECT count(*)
        FROM inventory_events
        WHERE happened_at_ms >= :since_ms AND (:event_type IS NULL OR event_type = :event_type)
        """,
        {"since_ms": since_ms, "event_type": event_type},
    )


def _before(position: Position | None) -> dict[str, object]:
    at_ms, event_id = position or (2**62, 2**62)
    return {"at_ms": at_ms, "id": event_id}
