"""The list for the shop: fills itself from what runs low, and is ticked off by what arrives."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import msgspec

from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import items
from pantrybox.inventory.model import EventType, StockLine
from pantrybox.storage.database import Reader, Writer

Reason = Literal["low", "person"]
TickedBy = Literal["camera", "person"]
Consequence = Literal["add", "tick", "withdraw", "reopen"]

LOW = 1
"""An item of which nobody said how many should be there is low at this many."""
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


class EntryChange(msgspec.Struct, frozen=True):
    """What is UNSET stays as it is."""

    ticked: bool | msgspec.UnsetType = msgspec.UNSET
    quantity: int | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET


def is_low(count: int, minimum: int | None) -> bool:
    return count <= (LOW if minimum is None else minimum)


def low_items(lines: Iterable[StockLine]) -> set[int]:
    """The items that are low, at all places of these lines together."""
    counts, minima = Counter[int](), dict[int, int | None]()
    for line in lines:
        counts[line.item_id] += line.shown_count
        minima[line.item_id] = line.minimum
    return {item_id for item_id, minimum in minima.items() if is_low(counts[item_id], minimum)}


# What follows from the ledger


def consequence(*, event_type: EventType, delta: int, is_low_after: bool) -> Consequence | None:
    """What a line of the ledger means for the list. A merge moves nothing in or out of the house."""
    if event_type == "merged" or delta == 0:
        return None
    if event_type == "undone":
        return "reopen" if delta < 0 else None if is_low_after else "withdraw"
    if delta > 0:
        return "tick"
    return "add" if is_low_after else None


def follow(
    writer: Writer,
    *,
    item_id: int,
    delta: int,
    total_before: int,
    total_after: int,
    minimum: int | None,
    by_camera: bool,
    event_type: EventType = "adjusted",
) -> None:
    """Keep the list in step with one line of the ledger; called after each of them, in its transaction."""
    is_low_after = is_low(total_after, minimum)
    match consequence(event_type=event_type, delta=delta, is_low_after=is_low_after):
        case "tick":
            _tick(writer, item_id, "camera" if by_camera or event_type == "adjusted" else "person")
        case "withdraw":
            _withdraw(writer, item_id)
        case "reopen":
            if not _reopen(writer, item_id) and is_low_after:
                _add(writer, item_id)
        case "add":
            _add(writer, item_id)
        case None:
            pass


def _add(writer: Writer, item_id: int) -> None:
    """Once: an entry that stands there stays as it is."""
    _claim_namesakes(writer, item_id)
    writer.execute(
        """
        INSERT INTO shopping_list (item_id, name, reason, added_at_ms)
        SELECT id, canonical_name, 'low', :now_ms
        FROM inventory_items
        WHERE id = :item_id
        ON CONFLICT DO NOTHING
        """,
        {"item_id": item_id, "now_ms": writer.now_ms},
    )


def _tick(writer: Writer, item_id: int, by: TickedBy) -> None:
    _claim_namesakes(writer, item_id)
    writer.execute(
        """
        UPDATE shopping_list
        SET ticked_at_ms = :now_ms, ticked_by = :by
        WHERE item_id = :item_id AND ticked_at_ms IS NULL AND removed_at_ms IS NULL
        """,
        {"item_id": item_id, "by": by, "now_ms": writer.now_ms},
    )


def _claim_namesakes(writer: Writer, item_id: int) -> None:
    """What somebody wished for before the box knew it is this item now."""
    for entry in _unknown_things(writer):
        item = items.item_named(writer, entry.name)
        if item is not None and item.id == item_id and _open_entry(writer, item_id) is None:
            writer.execute("UPDATE shopping_list SET item_id = :item WHERE id = :id", {"item": item_id, "id": entry.id})


def _withdraw(writer: Writer, item_id: int) -> None:
    """What the box wrote itself goes away again, unless a person has added to it."""
    writer.execute(
        """
        UPDATE shopping_list
        SET removed_at_ms = :now_ms
        WHERE item_id = :item_id AND ticked_at_ms IS NULL AND removed_at_ms IS NULL
          AND reason = 'low' AND quantity IS NULL AND note IS NULL
        """,
        {"item_id": item_id, "now_ms": writer.now_ms},
    )


def _reopen(writer: Writer, item_id: int) -> bool:
    """What did not arrive after all is wanted again, as it was written; False when nothing was ticked lately."""
    if _open_entry(writer, item_id) is not None:
        return True
    reopened = writer.execute(
        """
        UPDATE shopping_list
        SET ticked_at_ms = NULL, ticked_by = NULL
        WHERE id = (
            SELECT id
            FROM shopping_list
            WHERE item_id = :item_id AND ticked_at_ms > :since_ms AND removed_at_ms IS NULL
            ORDER BY ticked_at_ms DESC
            LIMIT 1
        )
        """,
        {"item_id": item_id, "since_ms": writer.now_ms - SHOWN_MS},
    )
    return reopened > 0


def merge(writer: Writer, from_item: int, into_item: int) -> None:
    """Two items turned out to be one: what was written for the first is wanted of the second, once."""
    _withdraw(writer, from_item)
    theirs, ours = _open_entry(writer, from_item), _open_entry(writer, into_item)
    if theirs is not None and ours is not None:
        _fill(writer, ours, theirs.quantity, theirs.note)
        remove(writer, theirs.id)
    writer.execute(
        "UPDATE shopping_list SET item_id = :into_item WHERE item_id = :from_item",
        {"into_item": into_item, "from_item": from_item},
    )
    total = _total(writer, into_item)
    if not is_low(total.count, total.minimum):
        _withdraw(writer, into_item)


class _Total(msgspec.Struct):
    count: int
    minimum: int | None


def _total(reader: Reader, item_id: int) -> _Total:
    (total,) = reader.rows(
        _Total,
        """
        SELECT coalesce(sum(confirmed_count), 0) AS count, minimum
        FROM inventory_items
        LEFT JOIN inventory_state ON item_id = inventory_items.id
        WHERE inventory_items.id = :item_id
        """,
        {"item_id": item_id},
    )
    return total


# What people do with it


def wish(writer: Writer, name: str, quantity: int | None, note: str | None) -> tuple[int, bool]:
    """Write something on the list: the entry's id, and whether it is new.

    What stands there already is given back, with what is said of it now.
    """
    item = items.item_named(writer, name)
    if item is not None:
        _claim_namesakes(writer, item.id)
    standing = _open_entry(writer, item.id) if item else _unknown_thing(writer, name)
    if standing is not None:
        change(writer, standing.id, _said(quantity, note))
        return standing.id, False
    entry_id = writer.insert(
        """
        INSERT INTO shopping_list (item_id, name, quantity, note, reason, added_at_ms)
        VALUES (:item_id, :name, :quantity, :note, 'person', :now_ms)
        """,
        {
            "item_id": item.id if item else None,
            "name": name,
            "quantity": quantity,
            "note": note,
            "now_ms": writer.now_ms,
        },
    )
    return entry_id, True


def _said(quantity: int | None, note: str | None) -> EntryChange:
    return EntryChange(
        quantity=msgspec.UNSET if quantity is None else quantity, note=msgspec.UNSET if note is None else note
    )


def _fill(writer: Writer, entry: "_Brief", quantity: int | None, note: str | None) -> None:
    """Take over what is not said of an entry yet."""
    change(
        writer,
        entry.id,
        _said(quantity if entry.quantity is None else None, note if entry.note is None else None),
    )


def change(writer: Writer, entry_id: int, wanted: EntryChange) -> None:
    """NotFound for no such entry; Conflict when what is to be opened again stands there already."""
    entry = _known(writer, entry_id)
    if not isinstance(wanted.ticked, msgspec.UnsetType) and wanted.ticked != entry.ticked:
        _set_ticked(writer, entry, ticked=wanted.ticked)
    fields = {"quantity": wanted.quantity, "note": wanted.note}
    for column, value in fields.items():
        if value is not msgspec.UNSET:
            sql = f"UPDATE shopping_list SET {column} = :value WHERE id = :id"  # noqa: S608 - one of two names
            writer.execute(sql, {"value": value, "id": entry_id})


def _set_ticked(writer: Writer, entry: "_Brief", *, ticked: bool) -> None:
    twin = None if entry.item_id is None else _open_entry(writer, entry.item_id)
    if not ticked and twin is not None:
        raise Conflict(f"{entry.name} stands on the list already.")
    writer.execute(
        "UPDATE shopping_list SET ticked_at_ms = :at_ms, ticked_by = :by WHERE id = :id",
        {"at_ms": writer.now_ms if ticked else None, "by": "person" if ticked else None, "id": entry.id},
    )


def remove(writer: Writer, entry_id: int) -> str:
    """Take an entry off the list, and say what it was called; NotFound for no such entry."""
    entry = _known(writer, entry_id)
    writer.execute(
        "UPDATE shopping_list SET removed_at_ms = :now_ms WHERE id = :id", {"now_ms": writer.now_ms, "id": entry_id}
    )
    return entry.name


def clear(writer: Writer) -> int:
    """Remove everything that is ticked; how many that were."""
    return writer.execute(
        """
        UPDATE shopping_list
        SET removed_at_ms = :now_ms
        WHERE ticked_at_ms IS NOT NULL AND removed_at_ms IS NULL
        """,
        {"now_ms": writer.now_ms},
    )


# Reading


class _Brief(msgspec.Struct, frozen=True):
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


def _known(reader: Reader, entry_id: int) -> _Brief:
    entry = reader.row_or_none(_Brief, _BRIEF + " AND id = :id", {"id": entry_id})
    if entry is None:
        raise NotFound("There is no such entry on the shopping list.")
    return entry


def _open_entry(reader: Reader, item_id: int) -> _Brief | None:
    return reader.row_or_none(_Brief, _BRIEF + " AND ticked_at_ms IS NULL AND item_id = :id", {"id": item_id})


def _unknown_things(reader: Reader) -> list[_Brief]:
    """What stands on the list and is no item."""
    return reader.rows(_Brief, _BRIEF + " AND ticked_at_ms IS NULL AND item_id IS NULL ORDER BY id")


def _unknown_thing(reader: Reader, name: str) -> _Brief | None:
    key = items.name_key(name)
    return next((entry for entry in _unknown_things(reader) if items.name_key(entry.name) == key), None)


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
    _known(reader, entry_id)
    (entry,) = reader.rows(Entry, _ENTRIES + " AND entry.id = :id", {"id": entry_id})
    return entry
