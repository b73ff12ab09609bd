"""Years of a household, written straight into a database: so many events, the last of them always the same.

2,000 items stand in the views of five cameras, and each photograph has ten events. The newest 1,000 photographs are
of the last 190 days, the denser the nearer to the present; what a larger ledger has more of lies before. So a window
of days or hours holds the same rows, however long the ledger is. The ledger sums to the confirmed counts, as
`pantrybox check` proves.
"""

import json
import random
import sqlite3
import uuid
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from pantrybox.clock import DAY_MS
from pantrybox.storage.migrate import migrate

CAMERAS = 5
ITEMS = 2000
EVENTS_PER_CAPTURE = 10
RECENT = 1000
_RECENT_DAYS = 190.0
_OLDER_DAYS = 0.04
"""From one photograph to the one before it: 100,000 are of eleven years."""
_RARE = 50
"""One photograph in fifty failed, one event in fifty is a person's word."""
_BOXES = 3
_THINGS = ("Milk", "Flour", "Olive oil", "Rice", "Crème fraîche", "Nudeln", "Tomatoes", "大豆", "Coffee", "Bohnen")
_BRANDS = ("Acme", "Grandma's", "Öko", None)


def write_years(path: Path, events: int, now_ms: int, *, items: int = ITEMS, recent: int = RECENT) -> None:
    """A new database with so many events, several for each item, and a tenth as many photographs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # of a file that is thrown away
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        migrate(connection)
        connection.execute("BEGIN")
        _Years(connection, events, now_ms, items, recent).write()
        connection.execute("COMMIT")


class _Years:
    """Photograph and event 0 are the newest. An item stands in the view of one camera."""

    def __init__(self, connection: sqlite3.Connection, events: int, now_ms: int, items: int, recent: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._items = items
        self._events = events
        self._captures = events // EVENTS_PER_CAPTURE
        self._ages_ms = array("q", (_age_ms(capture, recent) for capture in range(self._captures)))
        self._ids = [_uuid7(now_ms - age_ms, capture) for capture, age_ms in enumerate(self._ages_ms)]
        self._item_of, self._delta, self._after = self._ledger()

    def _ledger(self) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """Item, delta and count after each event, told backwards from today's counts."""
        chance = random.Random(1)
        counts = [item % 5 for item in range(self._items)]
        items, deltas, afters = array("h"), array("b"), array("b")
        for event in range(self._events - self._items):
            item = chance.randrange(self._items // CAMERAS) * CAMERAS + self._camera(event // EVENTS_PER_CAPTURE)
            after = counts[item]
            delta = -1 if after < 6 and (after == 0 or chance.random() < 0.7) else chance.randint(1, min(after, 4))
            counts[item] = after - delta
            items.append(item)
            deltas.append(delta)
            afters.append(after)
        for item, count in enumerate(counts):  # how it all began
            items.append(item)
            deltas.append(count)
            afters.append(count)
        return items, deltas, afters

    def write(self) -> None:
        self._write_names()
        self._write_captures()
        self._write_observations()
        self._write_words()
        self._write_events()
        self._write_states()
        self._write_shopping_list()
        self._write_records()

    def _write_names(self) -> None:
        sizes = [len(range(camera, self._captures, CAMERAS)) for camera in range(CAMERAS)]
        self._insert(
            "devices (id, name, token_sha256, created_at_ms, last_seen_at_ms, battery_v, rssi, capture_count,"
            " image_count, image_bytes, settings)",
            (
                (f"camera-{camera}", f"Shelf {camera}", bytes(32), 0, self._now_ms - self._ages_ms[camera], 3.9, -60,
                 size, size, 30_000 * size, '{"revision": 1}')
                for camera, size in enumerate(sizes)
            ),
        )  # fmt: skip
        self._insert(
            "places (id, name, device_id)",
            ((camera + 1, f"Shelf {camera}", f"camera-{camera}") for camera in range(CAMERAS)),
        )
        names = [f"{_THINGS[item % len(_THINGS)]} {item}" for item in range(self._items)]
        self._insert(
            "inventory_items (id, canonical_name, name_key, brand, category, generic, created_at_ms, minimum, note)",
            (
                (item + 1, name, name.casefold(), _BRANDS[item % 4], "Food", item % 2, 0, 2 if item % 7 == 0 else None,
                 "In the blue box" if item % 9 == 0 else None)
                for item, name in enumerate(names)
            ),
        )  # fmt: skip
        self._insert(
            "item_aliases (name_key, alias, item_id)",
            ((f"other {item}", f"Other {item}", item + 1) for item in range(0, self._items, 10)),
        )

    def _write_captures(self) -> None:
        self._insert(
            "captures (seq, id, device_id, received_at_ms, captured_at_ms, trigger_type, image_path, size_bytes,"
            " sha256, idempotency_key, battery_v, rssi, telemetry, status, failure, running_ms, clock_synced)",
            (self._capture(capture) for capture in self._oldest_first()),
        )

    def _capture(self, capture: int) -> tuple[object, ...]:
        device, at_ms, has_failed = f"camera-{self._camera(capture)}", self._at_ms(capture), _has_failed(capture)
        return (
            self._captures - capture, self._ids[capture], device, at_ms, at_ms, "door",
            f"{device}_{self._ids[capture]}.jpg", 30_000, capture.to_bytes(32, "big"), str(capture),
            4.1 - capture % 100 / 200, -50 - capture % 20,
            json.dumps({"wake-ms": str(1800 + capture % 400), "firmware-version": "1.2.0"}),
            "failed" if has_failed else "complete", "It is too dark." if has_failed else None, at_ms, 1,
        )  # fmt: skip

    def _write_observations(self) -> None:
        self._insert(
            "observations (id, capture_id, model, observed_at_ms, took_ms, width, height, brightness, sharpness,"
            " scene_confidence, folded, first_event_id, event_count)",
            (
                (self._captures - capture, self._ids[capture], "picodet", self._at_ms(capture), 240, 1600, 1200, 0.5,
                 0.6, 0.9, 1, self._event_id((capture + 1) * EVENTS_PER_CAPTURE - 1), EVENTS_PER_CAPTURE)
                for capture in self._looked_at()
            ),
        )  # fmt: skip
        self._insert(
            "detections (id, observation_id, box_left, box_top, box_right, box_bottom, score, label, item_id)",
            (
                (1000 * (self._captures - capture) + rank, self._captures - capture, rank / 8, 0.4, rank / 8 + 0.1, 0.6,
                 0.9 - rank / 10, "thing", self._item_of[capture * EVENTS_PER_CAPTURE + rank] + 1)
                for capture in self._looked_at()
                for rank in range(_BOXES)
            ),
        )  # fmt: skip
        self._connection.execute("UPDATE captures SET observation_id = seq WHERE status = 'complete'")

    def _write_words(self) -> None:
        self._insert(
            "words (id, position, kind, item_id, place_id, count, said_by, said_at_ms)",
            (
                (self._event_id(event), self._captures - event // EVENTS_PER_CAPTURE, "count",
                 self._item_of[event] + 1, self._place_of(event), self._after[event], "owner",
                 self._at_ms(event // EVENTS_PER_CAPTURE))
                for event in reversed(range(self._events))
                if _is_word(event)
            ),
        )  # fmt: skip

    def _write_events(self) -> None:
        self._insert(
            "inventory_events (id, item_id, place_id, event_type, delta, count_after, confidence, capture_id,"
            " happened_at_ms, recorded_at_ms, word_id)",
            (self._event(event) for event in reversed(range(self._events))),
        )

    def _event(self, event: int) -> tuple[object, ...]:
        capture, delta = event // EVENTS_PER_CAPTURE, self._delta[event]
        by_person = _is_word(event)
        seen = not by_person and not _has_failed(capture) and event < self._events - self._items
        at_ms = self._at_ms(capture)
        return (
            self._event_id(event), self._item_of[event] + 1, self._place_of(event),
            "manual_override" if by_person else ("added" if delta > 0 else "removed") if seen else "adjusted",
            delta, self._after[event], 0.9, self._ids[capture] if seen else None, at_ms, at_ms,
            self._event_id(event) if by_person else None,
        )  # fmt: skip

    def _write_states(self) -> None:
        lengths = [0] * self._items
        for item in self._item_of:
            lengths[item] += 1
        self._insert(
            "inventory_state (item_id, place_id, belief, shown_count, confidence, confirmed_count, event_count,"
            " last_seen_at_ms, updated_at_ms)",
            (
                (item + 1, item % CAMERAS + 1, json.dumps({"low": item % 5, "p": [1.0]}), item % 5,
                 0.4 + item % 60 / 100, item % 5, length, self._now_ms - item * DAY_MS // 100, self._now_ms - 1000)
                for item, length in enumerate(lengths)
            ),
        )  # fmt: skip

    def _write_shopping_list(self) -> None:
        """What was bought in all those years, and what is low today."""
        bought = (event for event in reversed(range(self._events)) if self._delta[event] > 0)
        self._insert(
            "shopping_list (item_id, name, reason, added_at_ms, ticked_at_ms, ticked_by, removed_at_ms)",
            (
                (self._item_of[event] + 1, "Something", "low", at_ms - DAY_MS, at_ms, "camera",
                 at_ms + DAY_MS if event % 4 else None)
                for event in bought
                for at_ms in [self._at_ms(event // EVENTS_PER_CAPTURE)]
            ),
        )  # fmt: skip
        self._insert(
            "shopping_list (item_id, name, reason, added_at_ms)",
            ((item + 1, "Something", "low", self._now_ms - item) for item in range(self._items) if item % 5 < 2),
        )

    def _write_records(self) -> None:
        """Of clean-ups, one a day, and of who did what."""
        self._insert(
            "job_runs (job, asked_by, started_at_ms, ended_at_ms, outcome, deleted_count)",
            (("retention", "schedule", at, at + 1000, "done", 5) for at in self._days(365)),
        )
        self._insert("audit_log (at_ms, actor, act)", ((at, "owner", "session.opened") for at in self._days(1000)))

    def _insert(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        marks = ", ".join("?" * (table.count(",") + 1))
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - names of columns

    def _oldest_first(self) -> Iterator[int]:
        return reversed(range(self._captures))

    def _looked_at(self) -> Iterator[int]:
        return (capture for capture in self._oldest_first() if not _has_failed(capture))

    def _days(self, count: int) -> Iterator[int]:
        return (self._now_ms - day * DAY_MS for day in range(count, 0, -1))

    def _at_ms(self, capture: int) -> int:
        return self._now_ms - self._ages_ms[capture]

    def _event_id(self, event: int) -> int:
        return self._events - event

    def _place_of(self, event: int) -> int:
        return self._item_of[event] % CAMERAS + 1

    @staticmethod
    def _camera(capture: int) -> int:
        return capture % CAMERAS


def _age_ms(capture: int, recent: int) -> int:
    days = _RECENT_DAYS * min(capture, recent) ** 2 / recent**2 + _OLDER_DAYS * max(0, capture - recent)
    return round(DAY_MS * days) + 60_000


def _has_failed(capture: int) -> bool:
    return capture % _RARE == 7


def _is_word(event: int) -> bool:
    return event % _RARE == 13


def _uuid7(at_ms: int, number: int) -> str:
    return str(uuid.UUID(int=at_ms << 80 | 0x7 << 76 | 0b10 << 62 | number))
