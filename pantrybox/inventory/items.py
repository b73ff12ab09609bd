"""Kinds of things: their names, what people say about them, and two that turn out to be one."""

from typing import Any

import msgspec

from pantrybox.errors import Conflict, NotFound, OutOfRange
from pantrybox.inventory.model import ItemFacts
from pantrybox.names import folded
from pantrybox.storage.database import Reader, Writer


class Item(ItemFacts, frozen=True):
    id: int
    merged_into: int | None
    """What it turned out to be; None for an item of its own."""


class Description(msgspec.Struct, frozen=True):
    """What people say about an item; UNSET is left as it is, None is taken away."""

    brand: str | msgspec.UnsetType | None = msgspec.UNSET
    package_type: str | msgspec.UnsetType | None = msgspec.UNSET
    category: str | msgspec.UnsetType | None = msgspec.UNSET
    minimum: int | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET


_ITEM = """
        SELECT id, canonical_name, brand, package_type, category, generic, minimum, note, merged_into
        FROM inventory_items
"""


def name_key(name: str) -> str:
    """What makes two spellings the same name. OutOfRange for a name that is nothing but blanks of some kind."""
    key = folded(name)
    if not key:
        raise OutOfRange("A name needs at least one visible character.")
    return key


def item_by_id(reader: Reader, item_id: int) -> Item | None:
    return reader.row_or_none(Item, _ITEM + " WHERE id = :id", {"id": item_id})


def name_of(reader: Reader, item_id: int) -> str:
    return reader.value(str, "SELECT canonical_name FROM inventory_items WHERE id = :id", {"id": item_id})


def item_named(reader: Reader, name: str) -> Item | None:
    """The item of that name or alias, whatever its case; of one that was merged, the item that it is now."""
    return reader.row_or_none(
        Item,
        f"""
        {_ITEM}
        WHERE id = (
            SELECT coalesce(named.merged_into, named.id)
            FROM inventory_items AS named
            WHERE named.id IN (
                SELECT id FROM inventory_items WHERE name_key = :key
                UNION ALL
                SELECT item_id FROM item_aliases WHERE name_key = :key
            )
        )
        """,  # noqa: S608 - constant texts
        {"key": name_key(name)},
    )


def known_item(reader: Reader, name: str) -> Item:
    """The item of that name or alias; NotFound when there is none."""
    item = item_named(reader, name)
    if item is None:
        raise NotFound(f"There is no item called {name}.")
    return item


def item_called(writer: Writer, name: str, *, generic: bool = False) -> int:
    """The id of the item of that name; made when there is none.

    A person's spelling takes the place of the model's: `generic` says that the model named it.
    """
    item = item_named(writer, name)
    if item is None:
        return _insert(writer, name, generic=generic)
    if item.generic and not generic:
        _take_spelling(writer, item, name)
    return item.id


def _insert(writer: Writer, name: str, *, generic: bool) -> int:
    return writer.insert(
        """
        INSERT INTO inventory_items (canonical_name, name_key, generic, created_at_ms)
        VALUES (:name, :key, :generic, :now_ms)
        """,
        {"name": name, "key": name_key(name), "generic": generic, "now_ms": writer.now_ms},
    )


def _take_spelling(writer: Writer, item: Item, name: str) -> None:
    writer.execute(
        """
        UPDATE inventory_items
        SET canonical_name = CASE name_key WHEN :key THEN :name ELSE canonical_name END,
            generic = 0
        WHERE id = :id
        """,
        {"id": item.id, "key": name_key(name), "name": name},
    )


def describe(writer: Writer, item_id: int, description: Description) -> None:
    fields: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(description).items() if value is not msgspec.UNSET
    }
    if fields:
        columns = ", ".join(f"{name} = :{name}" for name in fields)
        writer.execute(f"UPDATE inventory_items SET {columns} WHERE id = :id", {"id": item_id, **fields})  # noqa: S608


def rename(writer: Writer, item: Item, name: str) -> None:
    """Give an item another name. The old one becomes an alias, so that all who know it find the item.

    Conflict when another item has that name: the two can be merged.
    """
    namesake = item_named(writer, name)
    if namesake is not None and namesake.id != item.id:
        raise Conflict(f"There is another item called {namesake.canonical_name}. If both are the same, merge them.")
    if name_key(name) != name_key(item.canonical_name):
        _give_up_name(writer, name_key(name))
        _set_name(writer, item.id, name)
        _insert_alias(writer, item.id, item.canonical_name)
    else:
        _set_name(writer, item.id, name)


def _give_up_name(writer: Writer, key: str) -> None:
    """Free a name that the item has already: as its alias, or as the name of one that was merged into it."""
    writer.execute("DELETE FROM item_aliases WHERE name_key = :key", {"key": key})
    # What was merged keeps its row for its history, and a key that no name can have: keys are never empty.
    writer.execute(
        "UPDATE inventory_items SET name_key = ' ' || id WHERE name_key = :key AND merged_into IS NOT NULL",
        {"key": key},
    )


def _set_name(writer: Writer, item_id: int, name: str) -> None:
    writer.execute(
        "UPDATE inventory_items SET canonical_name = :name, name_key = :key, generic = 0 WHERE id = :id",
        {"id": item_id, "name": name, "key": name_key(name)},
    )


class _Name(msgspec.Struct):
    canonical_name: str


def names(reader: Reader, limit: int) -> list[str]:
    """What items are called, in the order of their names."""
    rows = reader.rows(
        _Name,
        "SELECT canonical_name FROM inventory_items WHERE merged_into IS NULL ORDER BY name_key LIMIT :limit",
        {"limit": limit},
    )
    return [row.canonical_name for row in rows]


class _Alias(msgspec.Struct):
    alias: str


def aliases(reader: Reader, item_id: int) -> list[str]:
    """Other names of an item, with those of the items that were merged into it."""
    rows = reader.rows(
        _Alias,
        """
        SELECT alias FROM item_aliases
        WHERE item_id = :id OR item_id IN (SELECT id FROM inventory_items WHERE merged_into = :id)
        UNION
        SELECT canonical_name FROM inventory_items WHERE merged_into = :id AND name_key NOT LIKE ' %'
        ORDER BY alias
        """,
        {"id": item_id},
    )
    return [row.alias for row in rows]


def add_alias(writer: Writer, item_id: int, alias: str) -> None:
    """Let an item be found by another name, too; Conflict when that is the name of another item."""
    namesake = item_named(writer, alias)
    if namesake is None:
        _insert_alias(writer, item_id, alias)
    elif namesake.id != item_id:
        raise Conflict(f"{alias} is a name of {namesake.canonical_name}. If both are the same, merge them.")


def set_aliases(writer: Writer, item_id: int, wanted: list[str]) -> None:
    """Exactly these other names. Those of items that were merged into this one stay."""
    writer.execute("DELETE FROM item_aliases WHERE item_id = :id", {"id": item_id})
    for alias in wanted:
        add_alias(writer, item_id, alias)


def _insert_alias(writer: Writer, item_id: int, alias: str) -> None:
    writer.insert(
        "INSERT INTO item_aliases (name_key, alias, item_id) VALUES (:key, :alias, :item_id)",
        {"key": name_key(alias), "alias": alias, "item_id": item_id},
    )


def point_at(writer: Writer, merged: Item, into: Item) -> None:
    """`merged` is `into` from now on, and so is all that was merged into it before. What only it knew is kept."""
    writer.execute(
        "UPDATE inventory_items SET merged_into = :into WHERE id = :merged OR merged_into = :merged",
        {"merged": merged.id, "into": into.id},
    )
    known = {name: getattr(merged, name) for name in ("brand", "package_type", "category", "minimum", "note")}
    missing = {name: value for name, value in known.items() if getattr(into, name) is None and value is not None}
    describe(writer, into.id, Description(**missing))


def stand_alone(writer: Writer, item: Item) -> None:
    """An item that was merged is one of its own again; Conflict when the other one has taken its name."""
    namesake = known_item(writer, item.canonical_name)
    if namesake.canonical_name == item.canonical_name:
        raise Conflict(f"{item.canonical_name} is the name of what it was merged into. Rename that first.")
    writer.execute("UPDATE inventory_items SET merged_into = NULL WHERE id = :id", {"id": item.id})
