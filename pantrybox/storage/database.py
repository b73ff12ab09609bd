"""The one door to SQLite: one writer at a time, readers never wait.

Queries are plain functions whose first argument is a Reader or a Writer, so the type
checker knows which of them change data. A whole function runs at once on its
connection's thread: that costs a fraction of one hop a statement, and no other
task can slip a statement into the middle of a transaction.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import msgspec

from pantrybox.clock import Clock
from pantrybox.errors import CardFull, Overloaded
from pantrybox.storage.migrate import migrate


class CommitUncertain(Overloaded):
    """The card failed while a commit was being synced: it may or may not be there after a restart."""


Parameters = Mapping[str, object]
Row = TypeVar("Row")
T = TypeVar("T")

READERS = 2


class Reader:
    """One unchanging view of the database, for the length of one function."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, row_type: type[Row], sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row, its columns matched to the fields of `row_type` by name."""
        cursor = self._connection.execute(sql, parameters or {})
        return _converted(row_type, cursor, cursor.fetchall())

    def pages(
        self, row_type: type[Row], sql: str, parameters: Parameters | None = None, *, size: int
    ) -> Iterator[list[Row]]:
        """Every row, so many at a time, so that there may be more than fit into memory."""
        cursor = self._connection.execute(sql, parameters or {})
        while page := cursor.fetchmany(size):
            yield _converted(row_type, cursor, page)

    def row_or_none(self, row_type: type[Row], sql: str, parameters: Parameters | None = None) -> Row | None:
        rows = self.rows(row_type, sql, parameters)
        return rows[0] if rows else None

    def value(self, value_type: type[T], sql: str, parameters: Parameters | None = None) -> T:
        """The single value of a query that always has one, such as a count."""
        (value,) = self._connection.execute(sql, parameters or {}).fetchone()
        return msgspec.convert(value, value_type, strict=False)


def _converted(row_type: type[Row], cursor: sqlite3.Cursor, rows: list[Any]) -> list[Row]:
    names = [column[0] for column in cursor.description]
    return msgspec.convert([dict(zip(names, row, strict=True)) for row in rows], list[row_type], strict=False)


class Writer(Reader):
    """The only open write transaction; committed when the function returns."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        super().__init__(connection)
        # One clock reading per transaction: everything written together agrees on when.
        self.now_ms = now_ms

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run one statement and return how many rows it changed."""
        return self._connection.execute(sql, parameters or {}).rowcount

    def execute_many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        self._connection.executemany(sql, parameters)

    def insert(self, sql: str, parameters: Parameters) -> int:
        """Run one INSERT and return the new row's integer key."""
        row_id = self._connection.execute(sql, parameters).lastrowid
        if row_id is None:
            raise ValueError("not an INSERT: " + sql)
        return row_id


class _Change:
    """One function that waits for the next transaction, and who waits for its result."""

    def __init__(self, function: Callable[[Writer], Any], first: Callable[[], None] | None) -> None:
        self.function = function
        self.first = first
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.result: Any = None
        self.error: Exception | None = None

    def settle(self) -> None:
        if self.done.done():  # the caller was cancelled meanwhile
            return
        if self.error is None:
            self.done.set_result(self.result)
        else:
            self.done.set_exception(self.error)


class Database:
    def __init__(self, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection], now: Clock) -> None:
        self._writer = writer
        self._now = now
        self._waiting: list[_Change] = []
        self._committing: asyncio.Task[None] | None = None
        self._idle_readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, now: Clock) -> AsyncGenerator["Database"]:
        """Open (or make) the file, bring its schema up to date; the writer is closed last."""
        async with AsyncExitStack() as stack:
            writer = await stack.enter_async_context(aiosqlite.connect(path, isolation_level=None))
            await on_thread(writer, _configure_writer)
            readers = [await stack.enter_async_context(_reader(path)) for _ in range(READERS)]
            database = cls(writer, readers, now)
            try:
                yield database
            finally:
                await database.finish()

    async def read(self, query: Callable[[Reader], T]) -> T:
        """Run `query` on one snapshot."""
        connection = await self._idle_readers.get()
        try:
            return await on_thread(connection, lambda raw: _in_snapshot(raw, query))
        finally:
            self._idle_readers.put_nowait(connection)

    async def write(self, change: Callable[[Writer], T], first: Callable[[], None] | None = None) -> T:
        """Run `change` in a transaction; when this returns, it is on the medium.

        Changes that arrive while a transaction is being synced share the next one: all of
        a change happens or none of it, whatever becomes of its neighbours. `first` runs
        before the transaction begins, once for all neighbours that name the same.
        """
        waiting = _Change(change, first)
        self._waiting.append(waiting)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return await waiting.done

    async def finish(self) -> None:
        """Wait until every change that was handed in is committed."""
        if self._committing is not None:
            await self._committing

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:
            self._committing = None

    async def _commit(self, batch: list[_Change]) -> None:
        try:
            await on_thread(self._writer, lambda raw: _commit_together(raw, batch, self._now()))
        except Exception as error:
            for change in batch:
                change.error = error
        for change in batch:
            change.settle()


async def on_thread(connection: aiosqlite.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
    """Run a function on the connection's own thread (docs/decisions/0002-functions-on-the-connection.md)."""
    raw = connection._conn  # pyright: ignore[reportPrivateUsage]
    future = connection._execute(function, raw)  # pyright: ignore
    # Shielded: a caller that goes away (a phone closes its page) must not hand the
    # connection to somebody else while its function still runs.
    return await asyncio.shield(asyncio.ensure_future(future))


def _reader(path: Path) -> aiosqlite.Connection:
    # mode=ro, not query_only: only the writer may ever checkpoint (SQLite's WAL-reset bug before 3.51.3).
    return aiosqlite.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _configure_writer(connection: sqlite3.Connection) -> None:
    # A photograph changes a dozen pages by one row each: half as large, they wear the card half as much. Heeded by a
    # new file only.
    connection.execute("PRAGMA page_size = 2048")
    connection.execute("PRAGMA journal_mode = WAL")
    # Acknowledged means on the card: NORMAL may roll a commit back after a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # A page that many photographs change is copied into the file once for all of them.
    connection.execute("PRAGMA wal_autocheckpoint = 6000")
    connection.execute("PRAGMA journal_size_limit = 16777216")
    migrate(connection)


def _in_snapshot(connection: sqlite3.Connection, query: Callable[[Reader], T]) -> T:
    connection.execute("BEGIN")
    try:
        return query(Reader(connection))
    finally:
        connection.rollback()


def _commit_together(connection: sqlite3.Connection, batch: list[_Change], now_ms: int) -> None:
    """Run a batch in one transaction and write each change's result or error into it."""
    ready = _after_first(batch)
    if ready and not _in_one_transaction(connection, ready, now_ms):
        # SQLite gave up the whole transaction, as it does on a full card. Each for itself, then:
        # one that does not fit must not take its neighbours with it.
        for change in ready:
            _in_one_transaction(connection, [change], now_ms)


def _in_one_transaction(connection: sqlite3.Connection, changes: list[_Change], now_ms: int) -> bool:
    """False when SQLite rolled back by itself: then nothing happened, and the last one run has its error."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        writer = Writer(connection, now_ms)
        for change in changes:
            _run_inside(connection, writer, change)
            if not connection.in_transaction:
                return False
        connection.commit()
    except sqlite3.Error as error:
        for change in changes:
            change.error = _explained(error)
    finally:
        connection.rollback()  # after a COMMIT it does nothing
    return True


def _after_first(batch: list[_Change]) -> list[_Change]:
    """Those changes whose `first` succeeded, each distinct one run once."""
    failed: dict[Callable[[], None], Exception] = {}
    for first in {change.first for change in batch if change.first is not None}:
        try:
            first()
        except Exception as error:
            failed[first] = error
    for change in batch:
        change.error = failed.get(change.first) if change.first is not None else None
    return [change for change in batch if change.error is None]


def _run_inside(connection: sqlite3.Connection, writer: Writer, change: _Change) -> None:
    change.error = None
    connection.execute("SAVEPOINT change")
    try:
        change.result = change.function(writer)
    except Exception as error:  # handed to the caller; its neighbours go on
        change.error = _explained(error)
        if connection.in_transaction:
            connection.execute("ROLLBACK TO change")
    if connection.in_transaction:
        connection.execute("RELEASE change")


def _explained(error: Exception) -> Exception:
    if isinstance(error, sqlite3.OperationalError):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return CardFull("The card is full. Old photographs must be deleted before new ones can be stored.")
        if code == sqlite3.SQLITE_IOERR:
            return CommitUncertain("The card did not store this. Please send it again in a few seconds.")
    return error
