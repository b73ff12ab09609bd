"""SQL of what was used: units that left the shelf, and how long there were any."""

from pantrybox.clock import DAY_MS
from pantrybox.inventory.forecast import WINDOW_DAYS, UntilEmpty, Use, until_empty
from pantrybox.storage.database import Reader


def use_of(reader: Reader, item_id: int, now_ms: int, days: int = WINDOW_DAYS) -> Use:
    """What was used of an item in the last days, with all that was merged into it.

    What was thrown away was not used. The ledger is walked back from the confirmed count, so that nothing older than
    the window is read.
    """
    (use,) = reader.rows(
        Use,
        """
        WITH family (id) AS (
            SELECT :item_id
            UNION ALL
            SELECT id FROM inventory_items WHERE merged_into = :item_id
        ),
        past AS (
            SELECT event.id, min(happened_at_ms, :now_ms) AS at_ms, delta,
                   event_type IN ('removed', 'consumed') AND delta < 0
                       AND coalesce(details ->> '$.act', '') <> 'throw_away'
                       AND NOT EXISTS (SELECT 1 FROM words WHERE undoes = event.id) AS used
            FROM family
            JOIN inventory_events AS event ON event.item_id = family.id
            WHERE happened_at_ms > :since_ms
        ),
        before (count) AS (
            SELECT coalesce((SELECT sum(confirmed_count) FROM inventory_state WHERE item_id IN family), 0)
                   - coalesce((SELECT sum(delta) FROM past), 0)
        ),
        steps AS (
            SELECT at_ms,
                   coalesce(lead(at_ms) OVER (ORDER BY at_ms, id), :now_ms) - at_ms AS lasted_ms,
                   (SELECT count FROM before) + sum(delta) OVER (ORDER BY at_ms, id) AS count
            FROM past
        )
        SELECT coalesce((SELECT -sum(delta) FROM past WHERE used), 0) AS gone,
               (
                   coalesce((SELECT sum(lasted_ms) FROM steps WHERE count > 0), 0)
                   + iif((SELECT count FROM before) > 0,
                         coalesce((SELECT min(at_ms) FROM past), :now_ms) - :since_ms, 0)
               ) / 86400000.0 AS days
        """,
        {"item_id": item_id, "now_ms": now_ms, "since_ms": now_ms - days * DAY_MS},
    )
    return use


def until_item_is_empty(reader: Reader, item_id: int, count: int, now_ms: int) -> UntilEmpty | None:
    """When the `count` units of an item will be used up; None when nothing is there or too little is known."""
    return until_empty(count, use_of(reader, item_id, now_ms)) if count else None
