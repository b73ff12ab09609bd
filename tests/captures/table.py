"""A captures table to try queries on: the real schema in a file, filled without photographs."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from pantrybox.captures import queries
from pantrybox.captures.model import Arrival, Status
from pantrybox.storage.database import Writer
from pantrybox.storage.migrate import migrate

NOW_MS = 1_800_000_000_000


def opened(path: Path | str = ":memory:") -> Writer:
    """An empty database, in one transaction for ever."""
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection)
    connection.execute("BEGIN")
    return Writer(connection, NOW_MS)


def at(writer: Writer, now_ms: int) -> Writer:
    """The same database at another time."""
    return Writer(writer._connection, now_ms)  # pyright: ignore[reportPrivateUsage]


class Row(msgspec.Struct, frozen=True):
    """What a test wants of one capture."""

    device_id: str
    status: Status = "complete"
    received_at_ms: int = NOW_MS
    captured_at_ms: int | None = None
    has_image: bool = True


def fill(writer: Writer, rows: Iterable[Row]) -> list[str]:
    """The ids of the new captures; their seqs are 1, 2, 3, ... in an empty table."""
    return [_insert(writer, row, number) for number, row in enumerate(rows, start=1)]


def _insert(writer: Writer, row: Row, number: int) -> str:
    capture_id = f"{row.device_id}-{number}"
    _add_device(writer, row.device_id)
    captured_at_ms = row.received_at_ms if row.captured_at_ms is None else row.captured_at_ms
    sha256 = number.to_bytes(32, "big")
    arrival = Arrival(device_id=row.device_id)
    name = f"{capture_id}.jpg"
    queries.insert(at(writer, row.received_at_ms), capture_id, arrival, captured_at_ms, name, 100, sha256)
    writer.execute("UPDATE devices SET capture_count = capture_count + 1 WHERE id = :id", {"id": row.device_id})
    _bring_to(writer, capture_id, row.status)
    if not row.has_image:
        writer.execute("UPDATE captures SET image_path = NULL WHERE id = :id", {"id": capture_id})
    return capture_id


def _add_device(writer: Writer, device_id: str) -> None:
    writer.execute(
        """
        INSERT OR IGNORE INTO devices (id, name, token_sha256, created_at_ms)
        VALUES (:id, :id, zeroblob(32), 0)
        """,
        {"id": device_id},
    )


def _bring_to(writer: Writer, capture_id: str, status: Status) -> None:
    if status == "analyzing":
        capture = queries.by_id(writer, capture_id)
        assert capture is not None
        queries.begin_attempt(writer, capture)
    elif status == "failed":
        queries.fail(writer, capture_id, "no reason")
    elif status == "complete":
        queries.complete(writer, capture_id, _observe(writer, capture_id))


def _observe(writer: Writer, capture_id: str) -> int:
    return writer.insert(
        """
        INSERT INTO observations (capture_id, model, observed_at_ms, took_ms, width, height, brightness, sharpness,
                                  scene_confidence, folded)
        VALUES (:id, 'eye', 0, 1, 1, 1, 0, 0, 1, 0)
        """,
        {"id": capture_id},
    )


class Column(msgspec.Struct):
    value: Any


def column(writer: Writer, sql: str) -> list[Any]:
    """The values of a query that selects one thing, `AS value`."""
    return [row.value for row in writer.rows(Column, sql)]
