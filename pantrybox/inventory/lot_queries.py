"""SQL of lots: what people said of a part of the stock, and what their words put in and took out."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from pantrybox.inventory.lots import Lot, after_use, still_there, taken_and_put
from pantrybox.inventory.model import MAX_COUNT
from pantrybox.storage.database import Reader, Writer

_LOTS = """
        SELECT lots.id, item.id AS item_id, item.canonical_name AS item_name, lots.place_id,
               places.name AS place_name, coalesce(shown_count, 0) AS shown_count, lots.count, best_before,
               opened_at_ms, added_at_ms, added_by
        FROM lots
        JOIN inventory_items AS written ON written.id = lots.item_id
        JOIN inventory_items AS item ON item.id = coalesce(written.merged_into, written.id)
        JOIN places ON places.id = lots.place_id
        LEFT JOIN inventory_state AS state ON state.item_id = item.id AND state.place_id = lots.place_id
        WHERE lots.count > 0
"""


_OF_HEAP = """
          AND (:item_id IS NULL
               OR lots.item_id IN (SELECT :item_id
                                   UNION ALL
                                   SELECT id FROM inventory_items WHERE merged_into = :item_id))
          AND (:place_id IS NULL OR lots.place_id = :place_id)
"""


def written(reader: Reader, item_id: int | None = None, place_id: int | None = None) -> list[Lot]:
    """Lots as people left them, of one item or of all: what photographs say since is not taken off."""
    return reader.rows(Lot, _LOTS + _OF_HEAP, {"item_id": item_id, "place_id": place_id})


def by_id(reader: Reader, lot_id: int) -> Lot | None:
    """None for no such lot, and for one that is used up."""
    return reader.row_or_none(Lot, _LOTS + " AND lots.id = :id", {"id": lot_id})


# What a person's word about a count means for the lots


def keep(writer: Writer, item_id: int, place_id: int, shown_count: int, count: int, event_id: int) -> None:
    """So many were shown and so many are there, says somebody: what of the lots goes beyond that is gone."""
    before = written(writer, item_id, place_id)
    _change(writer, taken_and_put(before, still_there(before, min(shown_count, count))), event_id)


def use(writer: Writer, item_id: int, place_id: int, shown_count: int, used: int, event_id: int) -> list[Lot]:
    """So many of those shown are used; what they were taken from, with how many."""
    before = written(writer, item_id, place_id)
    standing = still_there(before, shown_count)
    left = after_use(standing, used)
    _change(writer, taken_and_put(before, left), event_id)
    taken = taken_and_put(standing, left)
    return [msgspec.structs.replace(lot, count=-taken[lot.id]) for lot in standing if lot.id in taken]


def put(
    writer: Writer,
    item_id: int,
    place_id: int,
    count: int,
    *,
    best_before: date | None,
    opened_at_ms: int | None = None,
    by: str,
) -> int:
    """A new lot; its id. Nothing in it yet came from a word of the ledger: see record()."""
    return writer.insert(
        """
        INSERT INTO lots (item_id, place_id, count, best_before, opened_at_ms, added_at_ms, added_by)
        VALUES (:item_id, :place_id, :count, :best_before, :opened_at_ms, :now_ms, :by)
        """,
        {
            "item_id": item_id,
            "place_id": place_id,
            "count": count,
            "best_before": best_before.isoformat() if best_before else None,
            "opened_at_ms": opened_at_ms,
            "now_ms": writer.now_ms,
            "by": by,
        },
    )


def move(
    writer: Writer,
    item_id: int,
    place_ids: tuple[int, int],
    shown_count: int,
    moved: int,
    event_ids: Sequence[int],
    by: str,
) -> None:
    """So many of those shown at the first place are at the second: their dates move along, what is open stays open.

    `event_ids`: the lines of the ledger, one at each of the places.
    """
    taken = use(writer, item_id, place_ids[0], shown_count, moved, event_ids[0])
    put_there = {
        put(
            writer,
            item_id,
            place_ids[1],
            lot.count,
            best_before=lot.best_before,
            opened_at_ms=lot.opened_at_ms,
            by=by,
        ): lot.count
        for lot in taken
    }
    record(writer, event_ids[1], put_there)


def take_back(writer: Writer, event_id: int, undone_by: int) -> None:
    """Undo what a line of the ledger did to lots; what was corrected or taken out since is not taken out again."""
    changes = writer.rows(
        _Change, "SELECT lot_id, delta FROM lot_changes WHERE event_id = :event_id", {"event_id": event_id}
    )
    _change(writer, {change.lot_id: _possible(writer, change.lot_id, -change.delta) for change in changes}, undone_by)


class _Change(msgspec.Struct):
    lot_id: int
    delta: int


def _possible(reader: Reader, lot_id: int, delta: int) -> int:
    count = reader.value(int, "SELECT count FROM lots WHERE id = :id", {"id": lot_id})
    return min(max(delta, -count), MAX_COUNT - count)


def _change(writer: Writer, deltas: Mapping[int, int], event_id: int) -> None:
    _shift(writer, deltas)
    record(writer, event_id, deltas)


def _shift(writer: Writer, deltas: Mapping[int, int]) -> None:
    rows = [{"lot_id": lot_id, "delta": delta} for lot_id, delta in deltas.items()]
    writer.execute_many("UPDATE lots SET count = count + :delta WHERE id = :lot_id", rows)


def record(writer: Writer, event_id: int, deltas: Mapping[int, int]) -> None:
    """Remember what a line of the ledger did to lots, by their ids."""
    writer.execute_many(
        "INSERT INTO lot_changes (event_id, lot_id, delta) VALUES (:event_id, :lot_id, :delta)",
        [{"event_id": event_id, "lot_id": lot_id, "delta": delta} for lot_id, delta in deltas.items() if delta],
    )


# Corrections


def settle(writer: Writer, item_id: int, place_id: int, shown_count: int) -> list[Lot]:
    """A person looks at the lots: those that were taken to be gone are. What is left, in the order of use."""
    before = written(writer, item_id, place_id)
    left = still_there(before, shown_count)
    _shift(writer, taken_and_put(before, left))
    return left


def correct(writer: Writer, lot: Lot) -> None:
    """Write down how many of it there are, when it ends and since when it is open, as `lot` says."""
    writer.execute(
        """
        UPDATE lots
        SET count = :count, best_before = :best_before, opened_at_ms = :opened_at_ms
        WHERE id = :id
        """,
        {
            "id": lot.id,
            "count": lot.count,
            "best_before": lot.best_before.isoformat() if lot.best_before else None,
            "opened_at_ms": lot.opened_at_ms,
        },
    )


def remove(writer: Writer, lot_id: int) -> None:
    """Forget what was said; the units stay."""
    writer.execute("DELETE FROM lot_changes WHERE lot_id = :id", {"id": lot_id})
    writer.execute("DELETE FROM lots WHERE id = :id", {"id": lot_id})
