"""What is on the shelf, to be read: line by line, and item by item."""

from collections.abc import Iterable
from itertools import groupby
from math import prod
from typing import Literal

import msgspec

from pantrybox.inventory.belief import DECIMALS, UNSEEN
from pantrybox.inventory.low import is_low
from pantrybox.inventory.model import StockLine
from pantrybox.inventory.queries import BEHIND
from pantrybox.names import folded
from pantrybox.storage.database import Reader

Sort = Literal["name", "count", "confidence", "last_seen", "updated"]

_COLUMNS: dict[Sort, str] = {
    "name": "inventory_items.name_key",
    "count": "shown_count",
    "confidence": "confidence",
    "last_seen": "coalesce(last_seen_at_ms, -1)",
    "updated": "updated_at_ms",
}
_HIGH, _MEDIUM = 0.8, 0.5


class Line(StockLine, frozen=True):
    """A line of the stock, and what its page is sorted by."""

    sorted_by: int | float | str
    item_total: int
    """Of the item, at all its places."""

    @property
    def is_low(self) -> bool:
        return is_low(self.item_total, self.minimum)


class Position(msgspec.Struct, frozen=True):
    """Of a line in a sorted list."""

    sorted_by: int | float | str
    item_id: int
    place_id: int


class Total(msgspec.Struct, frozen=True, order=True):
    """One item at all its places."""

    item_id: int
    name: str
    brand: str | None
    minimum: int | None
    count: int
    confidence: float
    """That the sum is right: all its parts are."""
    last_seen_at_ms: int | None


class Stats(msgspec.Struct, frozen=True):
    total_items: int
    items_in_stock: int
    items_out_of_stock: int
    total_quantity: int
    avg_confidence: float
    high: int
    medium: int
    low: int


_LINES = f"""
        SELECT item_id, canonical_name, brand, package_type, category, generic, minimum, note, place_id,
               places.name AS place_name, shown_count, confirmed_count, confidence, last_seen_at_ms, is_manual,
               notes, updated_at_ms, hidden_count, {BEHIND}, {{column}} AS sorted_by,
               (SELECT sum(shown_count) FROM inventory_state AS all_places WHERE item_id = state.item_id) AS item_total
        FROM inventory_state AS state
        JOIN inventory_items ON inventory_items.id = item_id
        JOIN places ON places.id = place_id
        WHERE merged_into IS NULL
"""  # noqa: S608 - constant texts
_TOTAL = """
        SELECT count(*)
        FROM inventory_state
        JOIN inventory_items ON inventory_items.id = item_id
        WHERE merged_into IS NULL
"""
_NARROWED = """
          AND (:items IS NULL OR item_id IN (SELECT value FROM json_each(:items)))
          AND (:place_id IS NULL OR place_id = :place_id)
"""


def lines(
    reader: Reader,
    *,
    sort: Sort = "name",
    descending: bool = False,
    item_ids: Iterable[int] | None = None,
    place_id: int | None = None,
    after: Position | None = None,
    limit: int,
) -> list[Line]:
    """One line for each item at each place where it stands or stood; what is gone has the count 0."""
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    following = f" AND (sorted_by, item_id, place_id) {beyond} (:sorted_by, :item_id, :in_place)" if after else ""
    order = f" ORDER BY sorted_by {direction}, item_id {direction}, place_id {direction} LIMIT :limit"
    return reader.rows(
        Line,
        _LINES.format(column=_COLUMNS[sort]) + _NARROWED + following + order,
        {
            **_narrow(item_ids, place_id),
            "sorted_by": after.sorted_by if after else None,
            "item_id": after.item_id if after else None,
            "in_place": after.place_id if after else None,
            "limit": limit,
        },
    )


def lines_of(reader: Reader, item_id: int) -> list[Line]:
    """Everything about one item, by place."""
    sql = _LINES.format(column="place_id") + " AND item_id = :item_id ORDER BY place_id"
    return reader.rows(Line, sql, {"item_id": item_id})


def total_lines(reader: Reader, *, item_ids: Iterable[int] | None = None, place_id: int | None = None) -> int:
    return reader.value(int, _TOTAL + _NARROWED, _narrow(item_ids, place_id))


def _narrow(item_ids: Iterable[int] | None, place_id: int | None) -> dict[str, object]:
    items = None if item_ids is None else msgspec.json.encode(list(item_ids)).decode()
    return {"items": items, "place_id": place_id}


def updated_at_ms(reader: Reader) -> int | None:
    """When anything last changed; None before anything was seen."""
    return reader.value(int, "SELECT coalesce(max(updated_at_ms), 0) FROM inventory_state") or None


class _Text(msgspec.Struct):
    item_id: int
    text: str


def items_matching(reader: Reader, wanted: str) -> set[int]:
    """Items that have this text, whatever its case, in a name, an alias, the brand, the category or the note.

    Compared here and not in SQL, whose LIKE knows the case of ASCII letters only.
    """
    key = folded(wanted)
    texts = reader.rows(
        _Text,
        """
        SELECT id AS item_id, canonical_name AS text FROM inventory_items WHERE merged_into IS NULL
        UNION ALL
        SELECT id, brand FROM inventory_items WHERE brand IS NOT NULL
        UNION ALL
        SELECT id, category FROM inventory_items WHERE category IS NOT NULL
        UNION ALL
        SELECT id, note FROM inventory_items WHERE note IS NOT NULL
        UNION ALL
        SELECT merged_into, canonical_name FROM inventory_items WHERE merged_into IS NOT NULL
        UNION ALL
        SELECT coalesce(merged_into, item_id), alias
        FROM item_aliases
        JOIN inventory_items ON inventory_items.id = item_id
        """,
    )
    return {text.item_id for text in texts if key in folded(text.text)}


class _Alias(msgspec.Struct):
    item_id: int
    alias: str


def all_aliases(reader: Reader) -> dict[int, list[str]]:
    """The other names of every item that has any, with those of the items that were merged into it."""
    rows = reader.rows(
        _Alias,
        """
        SELECT coalesce(merged_into, item_id) AS item_id, alias
        FROM item_aliases
        JOIN inventory_items ON inventory_items.id = item_id
        UNION
        SELECT merged_into, canonical_name
        FROM inventory_items
        WHERE merged_into IS NOT NULL AND name_key NOT LIKE ' %'
        ORDER BY alias
        """,
    )
    names: dict[int, list[str]] = {}
    for row in rows:
        names.setdefault(row.item_id, []).append(row.alias)
    return names


class _Part(msgspec.Struct):
    item_id: int
    name: str
    brand: str | None
    minimum: int | None
    count: int
    confidence: float
    last_seen_at_ms: int | None


def totals(reader: Reader) -> list[Total]:
    """Every item that was ever seen or spoken of, by name."""
    parts = reader.rows(
        _Part,
        """
        SELECT item_id, canonical_name AS name, brand, minimum, shown_count AS count, confidence, last_seen_at_ms
        FROM inventory_state
        JOIN inventory_items ON inventory_items.id = item_id
        WHERE merged_into IS NULL
        ORDER BY name_key, item_id
        """,
    )
    return [_summed(list(same)) for _, same in groupby(parts, key=lambda part: part.item_id)]


def _summed(parts: list[_Part]) -> Total:
    first = parts[0]
    return Total(
        item_id=first.item_id,
        name=first.name,
        brand=first.brand,
        minimum=first.minimum,
        count=sum(part.count for part in parts),
        confidence=confidence_of_sum(part.confidence for part in parts),
        last_seen_at_ms=max((part.last_seen_at_ms for part in parts if part.last_seen_at_ms is not None), default=None),
    )


def confidence_of_sum(confidences: Iterable[float]) -> float:
    """The chance that all parts of a sum are right."""
    parts = list(confidences)
    return round(prod(parts), DECIMALS) if parts else UNSEEN.confidence


def stats(items: list[Total]) -> Stats:
    high = sum(item.confidence >= _HIGH for item in items)
    medium = sum(_MEDIUM <= item.confidence < _HIGH for item in items)
    return Stats(
        total_items=len(items),
        items_in_stock=sum(item.count > 0 for item in items),
        items_out_of_stock=sum(item.count == 0 for item in items),
        total_quantity=sum(item.count for item in items),
        avg_confidence=round(sum(item.confidence for item in items) / len(items), DECIMALS) if items else 0.0,
        high=high,
        medium=medium,
        low=len(items) - high - medium,
    )


Rank = tuple[int, str, int]
"""Of an item in a list: what the list is sorted by, the name, the id."""


def low_stock(items: list[Total], threshold: int, min_confidence: float) -> list[tuple[Rank, Total]]:
    """Items of which there are no more than `threshold`, or no more than their own minimum; the fewest first."""
    return sorted(
        ((item.count, item.name.casefold(), item.item_id), item)
        for item in items
        if item.confidence >= min_confidence
        and (item.count <= threshold or (item.minimum is not None and item.count <= item.minimum))
    )


def stale(items: list[Total], before_ms: int) -> list[tuple[Rank, Total]]:
    """What should be there and was not seen since; what was not seen longest comes first."""
    return sorted(
        ((item.last_seen_at_ms or 0, item.name.casefold(), item.item_id), item)
        for item in items
        if item.count > 0 and (item.last_seen_at_ms or 0) <= before_ms
    )


def has_something(text: str | None) -> bool:
    """Whether there is anything to look for in a search."""
    return text is not None and bool(folded(text))
