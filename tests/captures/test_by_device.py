"""One camera's photographs in a window: counted to the millisecond, in pages, and never by reading all there are."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pantrybox.captures import by_device
from pantrybox.captures.by_device import Tally
from pantrybox.storage.database import Reader
from pantrybox.storage.migrate import migrate

HOUR = 3_600_000
SHELF = "shelf"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """With two cameras."""
    with closing(sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)) as opened:
        migrate(opened)
        for device_id in (SHELF, "other"):
            opened.execute(
                "INSERT INTO devices (id, name, token_sha256, created_at_ms) VALUES (?, 'Shelf', zeroblob(32), 0)",
                [device_id],
            )
        yield opened


@pytest.fixture
def reader(connection: sqlite3.Connection) -> Reader:
    return Reader(connection)


def add(connection: sqlite3.Connection, received_at_ms: int, *, device_id: str = SHELF, **columns: Any) -> int:
    """The new photograph's seq."""
    values = {"status": "complete", "captured_at_ms": received_at_ms, "size_bytes": 1, "sha256": bytes(32)} | columns
    values |= {"device_id": device_id, "received_at_ms": received_at_ms}
    values["id"] = str(connection.execute("SELECT count(*) FROM captures").fetchone()[0])
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    seq = connection.execute(f"INSERT INTO captures ({names}) VALUES ({marks})", values).lastrowid  # noqa: S608
    assert seq is not None
    return seq


def test_a_window_begins_at_its_first_millisecond(connection: sqlite3.Connection, reader: Reader) -> None:
    for received_at_ms in (999, 1000, 1001):
        add(connection, received_at_ms)
    assert by_device.tally(reader, SHELF, 1000) == Tally(captures=2, complete=2, failed=0)
    assert by_device.total(reader, SHELF, since_ms=1000, status=None) == 2


def test_a_tally_counts_this_camera_by_status(connection: sqlite3.Connection, reader: Reader) -> None:
    for status in ("stored", "analyzing", "complete", "complete", "complete", "failed"):
        add(connection, 5, status=status, failure="x" if status == "failed" else None)
    add(connection, 5, device_id="other", status="failed", failure="x")
    assert by_device.tally(reader, SHELF, 0) == Tally(captures=6, complete=3, failed=1)
    assert by_device.failed_total(reader, SHELF) == 1
    assert by_device.tally(reader, "nobody", 0) == Tally(0, 0, 0)
    counts = {
        status: by_device.total(reader, SHELF, since_ms=0, status=status)
        for status in ("stored", "analyzing", "complete", "failed")
    }
    assert counts == {"stored": 1, "analyzing": 1, "complete": 3, "failed": 1}


def test_pages_hold_every_photograph_once_newest_first_also_of_one_moment(
    connection: sqlite3.Connection, reader: Reader
) -> None:
    # The clock stepped back between them, and three came within one millisecond.
    times = [50, 70, 70, 70, 20, 60, 5]
    seqs = [add(connection, at_ms, status="failed" if at_ms == 70 else "complete") for at_ms in times]
    add(connection, 65, device_id="other")
    expected = sorted((pair for pair in zip(times, seqs, strict=True) if pair[0] >= 20), reverse=True)
    for limit in (1, 2, 3, 100):
        assert list(paged(reader, limit, None)) == [seq for _, seq in expected]
        assert list(paged(reader, limit, "failed")) == [seq for at_ms, seq in expected if at_ms == 70]


def paged(reader: Reader, limit: int, status: Any) -> Iterator[int]:
    before = None
    while True:
        page = by_device.newest_first(reader, SHELF, since_ms=20, status=status, before_seq=before, limit=limit)
        yield from (row.seq for row in page)
        if len(page) < limit:
            return
        before = page[-1].seq


def test_voltages_are_the_means_of_their_hours_oldest_first(connection: sqlite3.Connection, reader: Reader) -> None:
    for at_ms, volts in [(HOUR, 4.0), (HOUR + 200, 3.0), (5 * HOUR, 3.25), (6 * HOUR, None), (HOUR - 1, 9.0)]:
        add(connection, at_ms, battery_v=volts)
    add(connection, 2 * HOUR, device_id="other", battery_v=1.0)
    found = [(voltage.at_ms, voltage.volts) for voltage in by_device.hourly_voltages(reader, SHELF, HOUR)]
    assert found == [(HOUR + 100, 3.5), (5 * HOUR, 3.25)]


def test_wake_times_are_what_the_camera_said(connection: sqlite3.Connection, reader: Reader) -> None:
    for at_ms, telemetry in enumerate([{"wake-ms": "5"}, {"wake-ms": "12"}, {"board": "x"}, None, {"wake-ms": "soon"}]):
        add(connection, at_ms, telemetry=None if telemetry is None else json.dumps(telemetry))
    assert by_device.wake_times(reader, SHELF, 1) == ["soon", "12"]


QUERIES: dict[str, Callable[[Reader], object]] = {
    "tally": lambda reader: by_device.tally(reader, SHELF, 5),
    "total": lambda reader: by_device.total(reader, SHELF, since_ms=5, status=None),
    "total of a status": lambda reader: by_device.total(reader, SHELF, since_ms=5, status="failed"),
    "voltages": lambda reader: by_device.hourly_voltages(reader, SHELF, 5),
    "wake times": lambda reader: by_device.wake_times(reader, SHELF, 5),
    "first page": lambda reader: page_of(reader, None),
    "next page": lambda reader: page_of(reader, 3),
}


def page_of(reader: Reader, before_seq: int | None) -> object:
    return by_device.newest_first(reader, SHELF, since_ms=5, status=None, before_seq=before_seq, limit=9)


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_reads_more_than_its_window(connection: sqlite3.Connection, name: str) -> None:
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    QUERIES[name](Reader(connection))
    connection.set_trace_callback(None)
    (sql,) = [one for one in asked if "captures" in one]
    steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql)]
    searched = [step for step in steps if re.search(r"\bcaptures\b", step)]
    expected = r"device_id=\?" if name == "failed" else r"device_id=\? AND received_at_ms>\?"
    assert re.search(rf"SEARCH captures USING .*INDEX captures_\w+ \({expected}", searched[0]), steps
    assert not any("SCAN" in step for step in steps), steps
    if "page" in name:
        assert not any("TEMP B-TREE" in step for step in steps), steps
