"""The list for the shop: fills itself from what runs low, and is ticked off by what arrives."""

from typing import Literal

import msgspec

from pantrybox.errors import Conflict
from pantrybox.inventory import items
from pantrybox.inventory import shopping_queries as listed
from pantrybox.inventory.low import is_low
from pantrybox.inventory.model import EventType
from pantrybox.inventory.shopping_queries import SHOWN_MS, Brief, TickedBy
from pantrybox.storage.database import Reader, Writer

Consequence = Literal["add", "tick", "withdraw", "reopen"]


class EntryChange(msgspec.Struct, frozen=True):
    """What is UNSET stays as it is."""

    ticked: bool | msgspec.UnsetType = msgspec.UNSET
    quantity: int | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET


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
    for entry in listed.unknown_things(writer):
        item = items.item_named(writer, entry.name)
        if item is not None and item.id == item_id and listed.open_entry(writer, item_id) is None:
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
    if listed.open_entry(writer, item_id) is not None:
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
    theirs, ours = listed.open_entry(writer, from_item), listed.open_entry(writer, into_item)
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
    item_id = _known_by(writer, name)
    if item_id is not None:
        _claim_namesakes(writer, item_id)
    standing = _standing(writer, item_id, name)
    if standing is not None:
        change(writer, standing.id, _said(quantity, note))
        return standing.id, False
    entry_id = writer.insert(
        """
        INSERT INTO shopping_list (item_id, name, quantity, note, reason, added_at_ms)
        VALUES (:item_id, :name, :quantity, :note, 'person', :now_ms)
        """,
        {
            "item_id": item_id,
            "name": name,
            "quantity": quantity,
            "note": note,
            "now_ms": writer.now_ms,
        },
    )
    return entry_id, True


def _standing(reader: Reader, item_id: int | None, name: str) -> Brief | None:
    """The open entry of an item, or of what the box does not keep and goes by its name."""
    return listed.unknown_thing(reader, name) if item_id is None else listed.open_entry(reader, item_id)


def _known_by(reader: Reader, name: str) -> int | None:
    item = items.item_named(reader, name)
    return item.id if item else None


def _said(quantity: int | None, note: str | None) -> EntryChange:
    return EntryChange(
        quantity=msgspec.UNSET if quantity is None else quantity, note=msgspec.UNSET if note is None else note
    )


def _fill(writer: Writer, entry: Brief, quantity: int | None, note: str | None) -> None:
    """Take over what is not said of an entry yet."""
    change(
        writer,
        entry.id,
        _said(quantity if entry.quantity is None else None, note if entry.note is None else None),
    )


def change(writer: Writer, entry_id: int, wanted: EntryChange) -> None:
    """NotFound for no such entry; Conflict when what is to be opened again stands there already."""
    entry = listed.known_entry(writer, entry_id)
    if not isinstance(wanted.ticked, msgspec.UnsetType) and wanted.ticked != entry.ticked:
        _set_ticked(writer, entry, ticked=wanted.ticked)
    fields = {"quantity": wanted.quantity, "note": wanted.note}
    for column, value in fields.items():
        if value is not msgspec.UNSET:
            sql = f"UPDATE shopping_list SET {column} = :value WHERE id = :id"  # noqa: S608 - one of two names
            writer.execute(sql, {"value": value, "id": entry_id})


def _set_ticked(writer: Writer, entry: Brief, *, ticked: bool) -> None:
    if not ticked and _standing(writer, entry.item_id or _known_by(writer, entry.name), entry.name) is not None:
        raise Conflict(f"{entry.name} stands on the list already.")
    writer.execute(
        "UPDATE shopping_list SET ticked_at_ms = :at_ms, ticked_by = :by WHERE id = :id",
        {"at_ms": writer.now_ms if ticked else None, "by": "person" if ticked else None, "id": entry.id},
    )


def remove(writer: Writer, entry_id: int) -> str:
    """Take an entry off the list, and say what it was called; NotFound for no such entry."""
    entry = listed.known_entry(writer, entry_id)
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
