"""The lists of photographs: the same as counting and sorting everything, without doing so."""

import sqlite3
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.captures import queries
from pantrybox.captures.model import Capture, Status
from pantrybox.storage.database import Parameters, Reader
from tests.captures.table import NOW_MS, Row, fill, opened

STATUSES: list[Any] = [None, *get_args(Status)]
FILTERS = [(status, device_id) for status in STATUSES for device_id in (None, "left", "right", "nobody")]

SETTLED = st.lists(
    st.builds(
        Row,
        device_id=st.sampled_from(["left", "right"]),
        status=st.sampled_from([status for status in get_args(Status) if status != "analyzing"]),
        received_at_ms=st.integers(NOW_MS, NOW_MS + 5),  # the clock steps, and several come in one moment
    ),
    max_size=12,
)


@st.composite
def one_looked_at(draw: st.DrawFn) -> list[Row]:
    """At most one photograph is looked at at a time."""
    rows = draw(SETTLED)
    chosen = draw(st.integers(0, 15))
    return [
        msgspec.structs.replace(row, status="analyzing") if number == chosen else row for number, row in enumerate(rows)
    ]


ROWS = one_looked_at()


class Plans(Reader):
    """Remembers how SQLite would go about every query, and answers none of them with a row."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.steps: list[str] = []

    def rows(self, row_type: type[Any], sql: str, parameters: Parameters | None = None) -> list[Any]:
        self.steps += [row[3] for row in self._connection.execute("EXPLAIN QUERY PLAN " + sql, parameters or {})]
        return []

    def value(self, value_type: type[Any], sql: str, parameters: Parameters | None = None) -> Any:
        self.rows(value_type, sql, parameters)
        return 0


def paged(reader: Reader, status: Status | None, device_id: str | None, limit: int) -> list[Capture]:
    """Every page, one after the other."""
    found: list[Capture] = []
    before: int | None = None
    while True:
        page = queries.newest_first(reader, status=status, device_id=device_id, before_seq=before, limit=limit)
        found += page
        if len(page) < limit:
            return found
        before = page[-1].seq


@given(ROWS, st.sampled_from(FILTERS), st.integers(1, 4))
def test_pages_hold_every_photograph_that_is_asked_for_once_newest_first(
    rows: list[Row], asked: tuple[Status | None, str | None], limit: int
) -> None:
    status, device_id = asked
    writer = opened()
    fill(writer, rows)
    wanted = [
        (row.received_at_ms, seq)
        for seq, row in enumerate(rows, start=1)
        if status in {None, row.status} and device_id in {None, row.device_id}
    ]
    found = [(capture.received_at_ms, capture.seq) for capture in paged(writer, status, device_id, limit)]
    assert sorted(found) == sorted(wanted)
    by_receipt = device_id is not None and status not in {"stored", "analyzing"}
    order = (lambda one: one) if by_receipt else (lambda one: one[1])
    assert found == sorted(found, key=order, reverse=True)
    assert queries.total(writer, status=status, device_id=device_id) == len(wanted)


@given(ROWS, st.sampled_from(FILTERS), st.integers(1, 20))
def test_any_number_is_a_place_to_go_on_from(
    rows: list[Row], asked: tuple[Status | None, str | None], before: int
) -> None:
    writer = opened()
    fill(writer, rows)
    status, device_id = asked
    everything = queries.newest_first(writer, status=status, device_id=device_id, before_seq=None, limit=100)
    page = queries.newest_first(writer, status=status, device_id=device_id, before_seq=before, limit=100)
    assert page == everything[len(everything) - len(page) :]


@pytest.mark.parametrize(("status", "device_id"), FILTERS)
@pytest.mark.parametrize("before", [None, 7])
def test_no_list_and_no_total_reads_the_whole_table(
    tmp_path: Path, status: Status | None, device_id: str | None, before: int | None
) -> None:
    opened(tmp_path / "pantrybox.db")._connection.commit()  # pyright: ignore[reportPrivateUsage]
    plans = Plans(sqlite3.connect(tmp_path / "pantrybox.db"))
    queries.newest_first(plans, status=status, device_id=device_id, before_seq=before, limit=10)
    queries.total(plans, status=status, device_id=device_id)
    scans = [step for step in plans.steps if step.startswith("SCAN")]
    # Few cameras, and the photographs that wait or failed: that is all that may be gone through.
    allowed = ("SCAN devices", "USING INDEX captures_waiting", "INDEX captures_failed")
    assert [step for step in scans if not any(part in step for part in allowed)] == []
    assert any(step.startswith(("SEARCH", "SCAN")) for step in plans.steps)


@pytest.mark.parametrize("status", [None, "complete", "failed"])
def test_camera_with_few_photographs_is_found_as_fast_among_many(status: Status | None) -> None:
    def effort(others: int) -> int:
        """How many steps SQLite's machine takes."""
        writer = opened()
        mine = [Row("mine", "failed" if number % 2 else "complete") for number in range(4)]
        fill(writer, [*mine, *(Row("other", "failed" if number % 50 == 0 else "complete") for number in range(others))])
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        writer._connection.set_progress_handler(count, 1)  # pyright: ignore[reportPrivateUsage]
        page = queries.newest_first(writer, status=status, device_id="mine", before_seq=None, limit=100)
        assert len(page) == (4 if status is None else 2)
        queries.total(writer, status=status, device_id="mine")
        return steps

    assert effort(2000) <= 1.5 * effort(20)
