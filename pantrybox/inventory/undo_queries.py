"""SQL of undoing: what still stands of what a photograph or a day did to the stock, and what belongs together."""

from collections.abc import Sequence

import msgspec

from pantrybox.inventory.ledger import EVENTS
from pantrybox.inventory.model import InventoryEvent
from pantrybox.storage.database import Reader


class _Id(msgspec.Struct):
    id: int


def word_of(reader: Reader, event_id: int) -> int | None:
    """The word that a line followed from; None when no person said anything."""
    row = reader.row_or_none(
        _Id, "SELECT word_id AS id FROM inventory_events WHERE id = :id AND word_id IS NOT NULL", {"id": event_id}
    )
    return row.id if row else None


def merged_item(reader: Reader, event_id: int) -> int | None:
    """What turned out to be another item, by the word that a line followed from; None when it says no such thing."""
    row = reader.row_or_none(
        _Id,
        """
        SELECT from_item_id AS id
        FROM words
        JOIN inventory_events ON word_id = words.id
        WHERE inventory_events.id = :id AND from_item_id IS NOT NULL
        """,
        {"id": event_id},
    )
    return row.id if row else None


def other_half(reader: Reader, event_id: int) -> InventoryEvent | None:
    """Of a move, or of the undo of one: the line that was written with this one. None for any other line."""
    return reader.row_or_none(
        InventoryEvent,
        f"""
        {EVENTS}
        WHERE inventory_events.id = (
            SELECT max(other.id)
            FROM inventory_events AS half
            JOIN words AS word ON word.id = half.word_id
            JOIN words AS with_it ON with_it.id = word.with_word_id OR with_it.with_word_id = word.id
            JOIN inventory_events AS other ON other.word_id = with_it.id
            WHERE half.id = :id
              AND NOT EXISTS (SELECT 1 FROM inventory_events WHERE word_id = word.id AND id > half.id)
        )
        """,  # noqa: S608 - constant texts
        {"id": event_id},
    )


# Where an undo was undone again and again, every second one of the chain stands. What some lines did stands when it is
# an odd number of a chain's, and the last of them was not taken back by another one since: its end takes them all back.
_STANDING = """
        WITH RECURSIVE chain (begin, id, step) AS (
            SELECT id, id, 0 FROM inventory_events WHERE {which}
            UNION ALL
            SELECT begin, later.id, step + 1
            FROM chain
            JOIN words ON undoes = chain.id
            JOIN inventory_events AS later ON later.word_id = words.id
        ),
        ends AS (SELECT begin, id, max(step) AS steps FROM chain GROUP BY begin)
        {events}
        WHERE inventory_events.id IN (
            SELECT id FROM ends GROUP BY id HAVING count(*) % 2 = 1 AND min(steps) % 2 = 0
        ) AND delta <> 0
        ORDER BY delta > 0, inventory_events.id DESC
"""


def standing_of_capture(reader: Reader, capture_id: str) -> list[InventoryEvent]:
    """The lines to take back so that nothing is left of what a photograph did.

    Newest first, what went out before what came in: no step leaves less than nothing unless they all do.
    """
    sql = _STANDING.format(which="capture_id = :id", events=EVENTS)
    return reader.rows(InventoryEvent, sql, {"id": capture_id})


def standing_between(
    reader: Reader, since_ms: int, until_ms: int, place_ids: Sequence[int] | None
) -> list[InventoryEvent]:
    """The same for what happened in [since_ms, until_ms), at all places or at some."""
    which = """happened_at_ms >= :since_ms AND happened_at_ms < :until_ms
                   AND (:place_ids IS NULL OR place_id IN (SELECT value FROM json_each(:place_ids)))"""
    return reader.rows(
        InventoryEvent,
        _STANDING.format(which=which, events=EVENTS),
        {
            "since_ms": since_ms,
            "until_ms": until_ms,
            "place_ids": None if place_ids is None else msgspec.json.encode(place_ids).decode(),
        },
    )
