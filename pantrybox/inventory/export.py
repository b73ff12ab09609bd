"""The stock and its history, read for a file in constant memory and from one moment.

The state is read at once, because it changes: a line for each item and place, a few thousand. The ledger is read in
pages up to its last line of that moment, because it is only appended to. So a client that stalls in the middle of a
million lines holds no reader, and still gets what was true at one instant.
"""

from collections import defaultdict
from itertools import groupby

import msgspec

from pantrybox.clock import rfc3339_or_none, to_rfc3339
from pantrybox.inventory import ledger, listing, lot_queries
from pantrybox.inventory.history import family
from pantrybox.inventory.interchange import DatedEntry, Entry, PastEntry
from pantrybox.inventory.lots import Lot, still_there_everywhere
from pantrybox.inventory.model import EventType
from pantrybox.storage.database import Reader

PAGE = 1000
"""Lines of the ledger that are read at once."""


class Exported(msgspec.Struct, frozen=True):
    item_id: int
    place_id: int | None
    entry: Entry


class Snapshot(msgspec.Struct, frozen=True):
    lines: list[Exported]
    newest_event_id: int


class CsvLine(msgspec.Struct, frozen=True, array_like=True):
    """One item at all its places, in the order of the columns."""

    name: str
    brand: str | None
    package_type: str | None
    count: int
    confidence: float
    last_seen: str | None
    manual: str


class PastRow(msgspec.Struct, frozen=True):
    """A line of the ledger for a spreadsheet, in the order of its columns."""

    id: int
    happened_at_ms: int
    name: str
    place: str
    event_type: EventType
    delta: int
    count: int
    confidence: float
    capture_id: str | None
    said_by: str | None


class _Row(msgspec.Struct):
    item_id: int
    place_id: int | None
    name: str
    brand: str | None
    package_type: str | None
    category: str | None
    minimum: int | None
    note: str | None
    generic: bool
    place: str | None
    count: int | None
    confidence: float | None
    last_seen_at_ms: int | None
    manual: bool | None
    notes: str | None


_ROWS = """
        SELECT inventory_items.id AS item_id, place_id, canonical_name AS name, brand, package_type, category,
               minimum, note, generic, places.name AS place, shown_count AS count, confidence, last_seen_at_ms,
               is_manual AS manual, notes
        FROM inventory_items
        LEFT JOIN inventory_state ON item_id = inventory_items.id
        LEFT JOIN places ON places.id = place_id
        WHERE merged_into IS NULL
        ORDER BY name_key, places.name
"""


def snapshot(reader: Reader) -> Snapshot:
    """Everything that is known now, by the names of items and places."""
    aliases = listing.all_aliases(reader)
    lots = defaultdict[tuple[int, int | None], list[Lot]](list)
    for lot in still_there_everywhere(lot_queries.written(reader)):
        lots[lot.item_id, lot.place_id].append(lot)
    return Snapshot(
        lines=[
            _exported(row, aliases.get(row.item_id, []), lots[row.item_id, row.place_id])
            for row in reader.rows(_Row, _ROWS)
        ],
        newest_event_id=ledger.newest_event_id(reader),
    )


def _exported(row: _Row, aliases: list[str], lots: list[Lot]) -> Exported:
    entry = Entry(
        name=row.name,
        brand=row.brand,
        package_type=row.package_type,
        category=row.category,
        minimum=row.minimum,
        note=row.note,
        notes=row.notes,
        aliases=aliases,
        place=row.place,
        count=row.count or 0,
        confidence=msgspec.UNSET if row.confidence is None else row.confidence,
        last_seen=rfc3339_or_none(row.last_seen_at_ms),
        manual=bool(row.manual),
        generic=row.generic,
        lots=[DatedEntry(lot.count, lot.best_before, rfc3339_or_none(lot.opened_at_ms)) for lot in lots],
    )
    return Exported(row.item_id, row.place_id, entry)


def csv_lines(reader: Reader) -> list[CsvLine]:
    """One for each item that stands or stood anywhere, by name."""
    rows = [row for row in reader.rows(_Row, _ROWS) if row.place_id is not None]
    return [_csv_line(list(same)) for _, same in groupby(rows, key=lambda row: row.item_id)]


def _csv_line(rows: list[_Row]) -> CsvLine:
    seen_ms = max((row.last_seen_at_ms for row in rows if row.last_seen_at_ms is not None), default=None)
    return CsvLine(
        name=rows[0].name,
        brand=rows[0].brand,
        package_type=rows[0].package_type,
        count=sum(row.count or 0 for row in rows),
        confidence=listing.confidence_of_sum(row.confidence or 0 for row in rows),
        last_seen=rfc3339_or_none(seen_ms),
        manual="true" if all(row.manual for row in rows) else "false",
    )


class _Past(msgspec.Struct):
    id: int
    happened_at_ms: int
    event_type: EventType
    delta: int
    count_after: int
    confidence: float
    details: str | None


def history_page(
    reader: Reader, line: Exported, newest_event_id: int, after: tuple[int, int]
) -> tuple[list[PastEntry], tuple[int, int] | None]:
    """The next lines about an item at a place, oldest first, and where to go on; None at the end."""
    # One query for each: only of a single item does the index give the lines in order.
    of_all = [
        row
        for member in family(reader, line.item_id)
        for row in reader.rows(
            _Past,
            """
            SELECT id, happened_at_ms, event_type, delta, count_after, confidence, details
            FROM inventory_events
            WHERE item_id = :item_id
              AND place_id = :place_id
              AND id <= :newest
              AND (happened_at_ms, id) > (:at_ms, :id)
            ORDER BY happened_at_ms, id
            LIMIT :limit
            """,
            {
                "item_id": member,
                "place_id": line.place_id,
                "newest": newest_event_id,
                "at_ms": after[0],
                "id": after[1],
                "limit": PAGE,
            },
        )
    ]
    rows = sorted(of_all, key=lambda row: (row.happened_at_ms, row.id))[:PAGE]
    following = (rows[-1].happened_at_ms, rows[-1].id) if len(rows) == PAGE else None
    return [_past(row) for row in rows], following


def _past(row: _Past) -> PastEntry:
    return PastEntry(
        date=to_rfc3339(row.happened_at_ms),
        event_type=row.event_type,
        delta=row.delta,
        count=row.count_after,
        confidence=row.confidence,
        details=msgspec.json.decode(row.details, type=dict[str, object]) if row.details else None,
    )


def ledger_page(reader: Reader, after_id: int, newest_event_id: int) -> list[PastRow]:
    """The next lines of the whole ledger, in the order in which they were written."""
    return reader.rows(
        PastRow,
        """
        SELECT event.id, happened_at_ms, coalesce(now.canonical_name, item.canonical_name) AS name,
               places.name AS place, event_type, delta, count_after AS count, event.confidence, capture_id, said_by
        FROM inventory_events AS event
        JOIN inventory_items AS item ON item.id = event.item_id
        LEFT JOIN inventory_items AS now ON now.id = item.merged_into
        JOIN places ON places.id = event.place_id
        LEFT JOIN words ON words.id = event.word_id
        WHERE event.id > :after_id AND event.id <= :newest
        ORDER BY event.id
        LIMIT :limit
        """,
        {"after_id": after_id, "newest": newest_event_id, "limit": PAGE},
    )
