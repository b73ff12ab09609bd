"""SQL of the shopping list as it stands: what is shown of it, and what its verbs look up."""

from typing import Literal

import msgspec

from pantrybox.errors import NotFound
from pantrybox.inventory import items
from pantrybox.storage.database import Reader

Reason = Literal["low", "person"]
TickedBy = Literal["camera", "person"]

SHOWN_MS = 24 * 3_600_000
"""What was ticked is shown this much longer."""


class Entry(msgspec.Struct, frozen=True):
    """A line of the list."""

    id: int
    item_id: int | None
    """None: something that the box does not keep."""
    name: str
    quantity: int | None
    note: str | None
    reason: Reason
    """low: the box wrote it. person: somebody did."""
    added_at_ms: int
    ticked_at_ms: int | None
    ticked_by: TickedBy | None
    count: int | None
    """How many are there; None for what the box does not keep."""
    minimum: int | None
    rank: int
    """0 for open ones, 1 for ticked ones: with `order_ms` and `id`, where it stands in the list."""
    order_ms: int


class Brief(msgspec.Struct, frozen=True):
    id: int
    item_id: int | None
    name: str
    quantity: int | None
    note: str | None
    ticked: bool


_BRIEF = """
        SELECT id, item_id, name, quantity, note, ticked_at_ms IS NOT NULL AS ticked
        FROM shopping_list
        WHERE removed_at_ms IS NULL
"""


def known_entry(reader: Reader, entry_id: int) -> Brief:
    entry = reader.row_or_none(Brief, _BRIEF + " AND id = :id", {"id": entry_id})
    if entry is None:
        raise NotFound("There is no such entry on the shopping list.")
    return entry


def open_entry(reader: Reader, item_id: int) -> Brief | None:
    return reader.row_or_none(Brief, _BRIEF + " AND ticked_at_ms IS NULL AND item_id = :id", {"id": item_id})


def unknown_things(reader: Reader) -> list[Brief]:
    """What stands on the list and is no item."""
    return reader.rows(Brief, _BRIEF + " AND ticked_at_ms IS NULL AND item_id IS NULL ORDER BY id")


def unknown_thing(reader: Reader, name: str) -> Brief | None:
    key = items.name_key(name)
    return next((entry for entry in unknown_things(reader) if items.name_key(entry.name) == key), None)


# Two searches of one index. With OR, SQLite reads through all that was ever bought.
_SHOWN = """
        SELECT id
        FROM shopping_list
        WHERE removed_at_ms IS NULL AND ticked_at_ms IS NULL
        UNION ALL
        SELECT id
        FROM shopping_list
        WHERE removed_at_ms IS NULL AND ticked_at_ms > :since_ms
"""
_ENTRIES = """
        SELECT entry.id, entry.item_id, coalesce(item.canonical_name, entry.name) AS name, entry.quantity,
               entry.note, reason, added_at_ms, ticked_at_ms, ticked_by, item.minimum,
               (SELECT sum(shown_count) FROM inventory_state WHERE item_id = entry.item_id) AS count,
               ticked_at_ms IS NOT NULL AS rank,
               coalesce(-ticked_at_ms, added_at_ms) AS order_ms
        FROM shopping_list AS entry
        LEFT JOIN inventory_items AS item ON item.id = entry.item_id
        WHERE removed_at_ms IS NULL
"""


def entries(reader: Reader, now_ms: int, *, limit: int, after: tuple[int, int, int] = (-1, 0, 0)) -> list[Entry]:
    """Open ones in the order in which they were added, then what was ticked in the last day, newest first.

    `after` is the rank, order_ms and id of the one before.
    """
    rank, order_ms, entry_id = after
    return reader.rows(
        Entry,
        f"""
        WITH listed AS ({_ENTRIES} AND entry.id IN ({_SHOWN}))
        SELECT *
        FROM listed
        WHERE (rank, order_ms, id) > (:rank, :order_ms, :id)
        ORDER BY rank, order_ms, id
        LIMIT :limit
        """,  # noqa: S608 - constant texts
        {"since_ms": now_ms - SHOWN_MS, "rank": rank, "order_ms": order_ms, "id": entry_id, "limit": limit},
    )


def total_entries(reader: Reader, now_ms: int) -> int:
    return reader.value(
        int,
        f"SELECT count(*) FROM ({_SHOWN})",  # noqa: S608 - constant texts
        {"since_ms": now_ms - SHOWN_MS},
    )


def entry_by_id(reader: Reader, entry_id: int) -> Entry:
    """Whatever became of it; NotFound when it was removed or never was."""
    known_entry(reader, entry_id)
    (entry,) = reader.rows(Entry, _ENTRIES + " AND entry.id = :id", {"id": entry_id})
    return entry
