"""SQL of what people corrected: boxes and counts, each with what the box had believed."""

from collections.abc import Mapping

import msgspec

from pantrybox.clock import DAY_MS
from pantrybox.storage.database import Reader
from pantrybox.teaching.scorecard import Advice, Camera, Counted, Judgement, Kind, Scorecard, scored, teach_next


class Report(msgspec.Struct, frozen=True):
    """The scorecard of the last days, with the names of what it is about."""

    since_ms: int
    scorecard: Scorecard
    item_names: dict[int, str]
    camera_names: dict[str, str]
    teach_next: list[Advice]
    """What would help most first."""


def report(reader: Reader, now_ms: int, days: int) -> Report:
    since_ms = max(0, now_ms - days * DAY_MS)
    taught = _taught(reader)
    kinds, cameras = _kinds(reader, taught), _cameras(reader)
    known_since = {item_id: one.first_at_ms for item_id, one in taught.items()}
    scorecard = scored(_judgements(reader, since_ms), _counts(reader, since_ms), known_since)
    return Report(
        since_ms=since_ms,
        scorecard=scorecard,
        item_names={kind.id: kind.name for kind in kinds},
        camera_names={camera.id: camera.name for camera in cameras},
        teach_next=teach_next(kinds, cameras, scorecard),
    )


def _judgements(reader: Reader, since_ms: int) -> list[Judgement]:
    """What was taught since and stands. What was merged is what it turned out to be."""
    return reader.rows(
        Judgement,
        """
        SELECT coalesce(said.merged_into, said.id) AS item_id, positive,
               coalesce(was.merged_into, was.id) AS was_item_id, was_source, device_id, taught_at_ms AS judged_at_ms
        FROM examples
        JOIN captures ON captures.id = capture_id
        LEFT JOIN inventory_items AS said ON said.id = item_id
        LEFT JOIN inventory_items AS was ON was.id = was_item_id
        WHERE taught_at_ms >= :since_ms AND taken_back_at_ms IS NULL
        ORDER BY examples.id
        """,
        {"since_ms": since_ms},
    )


class _Taught(msgspec.Struct):
    item_id: int
    examples: int
    first_at_ms: int


def _taught(reader: Reader) -> dict[int, _Taught]:
    """By item: its positive examples that stand."""
    rows = reader.rows(
        _Taught,
        """
        SELECT coalesce(merged_into, inventory_items.id) AS item_id, count(*) AS examples,
               min(taught_at_ms) AS first_at_ms
        FROM examples
        JOIN inventory_items ON inventory_items.id = item_id
        WHERE positive AND taken_back_at_ms IS NULL
        GROUP BY 1
        """,
    )
    return {row.item_id: row for row in rows}


# Where a camera looks: its view, or a zone in it.
_WATCHED = """
        SELECT id AS place_id, device_id FROM places WHERE device_id IS NOT NULL
        UNION ALL
        SELECT place_id, min(zones.device_id)
        FROM zones
        JOIN places ON places.id = place_id AND places.device_id IS NULL
        WHERE until_observation_id IS NULL
        GROUP BY place_id
"""


def _counts(reader: Reader, since_ms: int) -> list[Counted]:
    """What people said about counts since, where a camera looks, and did not take back."""
    return reader.rows(
        Counted,
        f"""
        WITH watched AS ({_WATCHED})
        SELECT coalesce(item.merged_into, item.id) AS item_id, event.place_id, watched.device_id,
               event.count_after AS said, coalesce(event.details ->> '$.shown', event.count_after - delta) AS shown,
               happened_at_ms AS said_at_ms
        FROM inventory_events AS event
        JOIN watched ON watched.place_id = event.place_id
        JOIN inventory_items AS item ON item.id = event.item_id
        WHERE happened_at_ms >= :since_ms
          AND event_type = 'manual_override'
          AND word_id IS NOT NULL
          AND event.details ->> '$.imported' IS NULL
          AND NOT EXISTS (SELECT 1 FROM words WHERE undoes = event.id)
        ORDER BY happened_at_ms, event.id
        """,  # noqa: S608 - constant texts
        {"since_ms": since_ms},
    )


class _Item(msgspec.Struct):
    id: int
    name: str
    generic: bool
    in_stock: bool


def _kinds(reader: Reader, taught: Mapping[int, _Taught]) -> list[Kind]:
    rows = reader.rows(
        _Item,
        f"""
        WITH watched AS ({_WATCHED})
        SELECT id, canonical_name AS name, generic,
               EXISTS (SELECT 1
                       FROM inventory_state
                       WHERE item_id = id AND shown_count > 0 AND place_id IN (SELECT place_id FROM watched))
                   AS in_stock
        FROM inventory_items
        WHERE merged_into IS NULL
        ORDER BY id
        """,  # noqa: S608 - constant texts
    )
    examples = {item_id: one.examples for item_id, one in taught.items()}
    return [Kind(**msgspec.structs.asdict(row), examples=examples.get(row.id, 0)) for row in rows]


def _cameras(reader: Reader) -> list[Camera]:
    return reader.rows(Camera, "SELECT id, name, deleted_at_ms IS NOT NULL AS gone FROM devices ORDER BY id")
