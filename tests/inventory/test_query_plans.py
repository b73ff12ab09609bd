"""No question about an item, an hour or a file reads through the whole ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pantrybox.inventory import consumption, export, history, ledger, listing, lot_queries, undo_queries
from pantrybox.inventory import shopping_queries as listed
from pantrybox.storage.database import Reader
from pantrybox.storage.migrate import migrate


class Explaining(Reader):
    """Asks how each query would be answered, before it is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.connection = connection
        self.plan: list[str] = []

    def rows(self, row_type: Any, sql: str, parameters: Any = None) -> Any:
        self._explain(sql, parameters)
        return super().rows(row_type, sql, parameters)

    def value(self, value_type: Any, sql: str, parameters: Any = None) -> Any:
        self._explain(sql, parameters)
        return super().value(value_type, sql, parameters)

    def _explain(self, sql: str, parameters: Any) -> None:
        self.plan += [str(row[3]) for row in self.connection.execute("EXPLAIN QUERY PLAN " + sql, parameters or {})]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Explaining]:
    connection = sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)
    migrate(connection)
    yield Explaining(connection)
    connection.close()


LINE = export.Exported(1, 1, export.Entry(name="milk"))
QUESTIONS: dict[str, Callable[[Reader], object]] = {
    "history": lambda reader: history.of_item(reader, 1, since_ms=0, limit=10, before=(5, 5)),
    "how many in a history": lambda reader: history.total_of_item(reader, 1, since_ms=0),
    "recent": lambda reader: history.newest_first(reader, since_ms=0, event_type="seen", limit=10),
    "how many lately": lambda reader: history.total_since(reader, since_ms=0, event_type="seen"),
    "use": lambda reader: consumption.use_of(reader, 1, 10**12),
    "a page of a history to take away": lambda reader: export.history_page(reader, LINE, 9, (0, 0)),
    "a page of the ledger": lambda reader: export.ledger_page(reader, 5, 9),
    "the list": lambda reader: listing.lines(reader, limit=10),
    "sums": listing.totals,
    "search": lambda reader: listing.items_matching(reader, "milk"),
    "what a photograph did": lambda reader: ledger.events_of_capture(reader, "capture"),
    "what stands of a photograph": lambda reader: undo_queries.standing_of_capture(reader, "capture"),
    "what stands of a day": lambda reader: undo_queries.standing_between(reader, 0, 10**12, None),
    "the other half of a move": lambda reader: undo_queries.other_half(reader, 1),
    "lots of an item at a place": lambda reader: lot_queries.written(reader, 1, 1),
    "all lots": lot_queries.written,
    "the shopping list": lambda reader: listed.entries(reader, 10**12, limit=10),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_ledger_is_never_read_from_end_to_end(reader: Explaining, question: str) -> None:
    QUESTIONS[question](reader)
    assert reader.plan
    assert [step for step in reader.plan if step.startswith("SCAN") and "event" in step] == []


@pytest.mark.parametrize("question", ["history", "recent", "a page of a history to take away", "a page of the ledger"])
def test_pages_come_out_of_an_index_in_order(reader: Explaining, question: str) -> None:
    QUESTIONS[question](reader)
    assert [step for step in reader.plan if "TEMP B-TREE" in step] == []
