"""The one door to SQLite: changes share commits, and nobody's failure or going away is felt by another."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import aiosqlite
import pytest

from pantrybox.errors import CardFull, Overloaded
from pantrybox.storage.database import Database, Reader, Writer

PATIENCE_SECONDS = 10


class Held:
    """A function that stops half-way on its connection's thread until it is let go."""

    def __init__(self) -> None:
        self._entered, self._released = threading.Event(), threading.Event()

    def wait(self) -> None:
        self._entered.set()
        assert self._released.wait(PATIENCE_SECONDS)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, PATIENCE_SECONDS)

    def let_go(self) -> None:
        self._released.set()


def run(path: Path, story: Callable[[Database], Awaitable[None]]) -> None:
    """Tell a story on a database with one table, whose clock ticks once each time it is read."""
    ticks = count(1)

    async def told() -> None:
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            Database.open(path / "pantrybox.db", lambda: next(ticks)) as database,
        ):
            await database.write(lambda writer: writer.execute("CREATE TABLE said (word TEXT UNIQUE, at INT) STRICT"))
            await story(database)

    asyncio.run(told())


def add(word: str) -> Callable[[Writer], None]:
    def change(writer: Writer) -> None:
        writer.execute("INSERT INTO said VALUES (:word, :at)", {"word": word, "at": writer.now_ms})

    return change


def words(reader: Reader) -> list[str]:
    """In the order in which they were added."""
    sql = "SELECT coalesce(group_concat(word, ' '), '') FROM (SELECT word FROM said ORDER BY rowid)"
    return reader.value(str, sql).split()


async def together(database: Database, *changes: Awaitable[object]) -> list[object]:
    """What becomes of changes that arrive while a transaction is under way: so they share the next one."""
    held = Held()
    earlier = asyncio.create_task(database.write(lambda _: held.wait()))
    await held.entered()
    tasks = [asyncio.ensure_future(change) for change in changes]
    await asyncio.sleep(0)  # each hands its change in
    held.let_go()
    await earlier
    return await asyncio.gather(*tasks, return_exceptions=True)


def commits(wal: Path) -> int:
    """How many transactions a write-ahead log holds (SQLite's file format, section 4.1)."""
    log = wal.read_bytes()
    page_size = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log), 24 + page_size)
    return sum(log[at + 8 : at + 16] == log[16:24] and log[at + 4 : at + 8] != bytes(4) for at in frames)


def test_changes_that_arrive_together_share_one_commit(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        before = commits(tmp_path / "pantrybox.db-wal")
        await together(database, *(database.write(add(f"word{number}")) for number in range(20)))
        assert commits(tmp_path / "pantrybox.db-wal") == before + 1
        assert len(await database.read(words)) == 20

    run(tmp_path, story)


def test_changes_that_arrive_one_after_the_other_are_each_committed(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        before = commits(tmp_path / "pantrybox.db-wal")
        for number in range(5):
            await database.write(add(f"word{number}"))
        assert commits(tmp_path / "pantrybox.db-wal") == before + 5

    run(tmp_path, story)


def test_one_transaction_has_one_time(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        await database.write(add("earlier"))
        await together(database, *(database.write(add(f"word{number}")) for number in range(3)))
        assert await database.read(times) == [1, 3]

    def times(reader: Reader) -> list[int]:
        per_time = [reader.value(int, "SELECT count(*) FROM said WHERE at = :at", {"at": at}) for at in range(9)]
        return [number for number in per_time if number]

    run(tmp_path, story)


def test_change_that_fails_takes_nothing_of_its_neighbours_with_it(tmp_path: Path) -> None:
    def add_then_fail(writer: Writer) -> None:
        add("lost")(writer)
        raise ValueError("of no concern to others")

    def add_one_twice(writer: Writer) -> None:
        add("also-lost")(writer)
        add("before")(writer)

    async def story(database: Database) -> None:
        changes = [add("before"), add_then_fail, add_one_twice, add("after")]
        results = await together(database, *(database.write(change) for change in changes))
        assert [type(result) for result in results] == [type(None), ValueError, sqlite3.IntegrityError, type(None)]
        assert await database.read(words) == ["before", "after"]

    run(tmp_path, story)


def test_change_that_finds_the_card_full_takes_nothing_of_its_neighbours_with_it(tmp_path: Path) -> None:
    def add_too_much(writer: Writer) -> None:
        pages = writer.value(int, "PRAGMA page_count")
        writer.value(int, f"PRAGMA max_page_count = {pages}")
        try:
            add("x" * 100_000)(writer)
        finally:
            writer.value(int, "PRAGMA max_page_count = 4294967294")

    async def story(database: Database) -> None:
        changes = [add("before"), add_too_much, add("after")]
        results = await together(database, *(database.write(change) for change in changes))
        assert [type(result) for result in results] == [type(None), CardFull, type(None)]
        assert await database.read(words) == ["before", "after"]

    run(tmp_path, story)


def test_what_comes_first_runs_once_for_all_who_name_it_and_before_their_rows(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def settle() -> None:
        with closing(sqlite3.connect(f"file:{tmp_path}/pantrybox.db?mode=ro", uri=True)) as other:
            seen.append([word for (word,) in other.execute("SELECT word FROM said")])

    async def story(database: Database) -> None:
        changes = (database.write(add(f"word{number}"), first=settle) for number in range(20))
        await together(database, database.write(add("without")), *changes)
        assert seen == [[]]
        assert len(await database.read(words)) == 21

    run(tmp_path, story)


def test_when_what_comes_first_fails_only_those_fail_who_named_it(tmp_path: Path) -> None:
    def fail() -> None:
        raise Overloaded("The card did not store this.")

    def succeed() -> None:
        pass

    async def story(database: Database) -> None:
        results = await together(
            database,
            database.write(add("failed"), first=fail),
            database.write(add("good"), first=succeed),
            database.write(add("plain")),
            database.write(add("failed-too"), first=fail),
        )
        assert [type(result) for result in results] == [Overloaded, type(None), type(None), Overloaded]
        assert await database.read(words) == ["good", "plain"]
        await database.write(add("afterwards"))

    run(tmp_path, story)


def test_change_of_a_caller_who_went_away_is_committed_and_the_next_one_too(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        held = Held()
        under_way = asyncio.create_task(database.write(lambda writer: (add("under-way")(writer), held.wait())))
        await held.entered()
        waiting = asyncio.create_task(database.write(add("waiting")))
        await asyncio.sleep(0)  # it hands its change in
        under_way.cancel()
        waiting.cancel()
        held.let_go()
        await database.write(add("next"))
        assert await database.read(words) == ["under-way", "waiting", "next"]
        assert under_way.cancelled()
        assert waiting.cancelled()

    run(tmp_path, story)


def test_every_change_that_was_handed_in_is_committed_before_the_database_closes(tmp_path: Path) -> None:
    pending: list[asyncio.Task[None]] = []

    async def story(database: Database) -> None:
        held = Held()
        pending.append(asyncio.create_task(database.write(lambda _: held.wait())))
        await held.entered()
        pending.extend(asyncio.create_task(database.write(add(f"word{number}"))) for number in range(20))
        # By then the database is being closed; or would be closed, did it not wait.
        threading.Timer(0.3, held.let_go).start()

    run(tmp_path, story)
    assert [task.exception() for task in pending] == [None] * 21
    with closing(sqlite3.connect(tmp_path / "pantrybox.db")) as connection:
        assert connection.execute("SELECT count(*) FROM said").fetchone() == (20,)


def test_reader_sees_one_snapshot_while_others_write(tmp_path: Path) -> None:
    held = Held()

    def twice(reader: Reader) -> tuple[list[str], list[str]]:
        before = words(reader)
        held.wait()
        return before, words(reader)

    async def story(database: Database) -> None:
        await database.write(add("old"))
        reading = asyncio.create_task(database.read(twice))
        await held.entered()
        await database.write(add("new"))  # and the reader holds nobody up
        held.let_go()
        assert await reading == (["old"], ["old"])
        assert await database.read(words) == ["old", "new"]

    run(tmp_path, story)


@pytest.mark.parametrize("sql", ["INSERT INTO said VALUES ('x', 1) RETURNING at", "PRAGMA user_version = 7"])
def test_reader_cannot_write(tmp_path: Path, sql: str) -> None:
    async def story(database: Database) -> None:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.read(lambda reader: reader.rows(dict, sql))
        assert await database.read(words) == []

    run(tmp_path, story)


def test_reader_cannot_move_the_log_into_the_database(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        before = (tmp_path / "pantrybox.db").stat().st_mtime_ns
        await database.write(add("in-the-log"))
        with pytest.raises(sqlite3.OperationalError):
            await database.read(lambda reader: reader.value(int, "PRAGMA wal_checkpoint(TRUNCATE)"))
        assert (tmp_path / "pantrybox.db").stat().st_mtime_ns == before
        assert commits(tmp_path / "pantrybox.db-wal")

    run(tmp_path, story)


def test_readers_work_on_when_one_who_asked_went_away(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        held = [Held() for _ in range(3)]
        reading = [asyncio.create_task(database.read(lambda _, one=one: one.wait())) for one in held[:2]]
        for one in held[:2]:
            await one.entered()
        for task in reading:
            task.cancel()
        for one in held:
            one.let_go()
        await database.write(add("new"))
        for _ in range(4):
            assert await database.read(words) == ["new"]

    run(tmp_path, story)


def test_closing_leaves_the_database_alone_in_its_folder(tmp_path: Path) -> None:
    async def story(database: Database) -> None:
        await database.write(add("kept"))
        await database.read(words)
        assert (tmp_path / "pantrybox.db-wal").exists()

    run(tmp_path, story)
    assert [path.name for path in tmp_path.iterdir()] == ["pantrybox.db"]


@pytest.mark.parametrize(("pragma", "value"), [("synchronous", 2), ("foreign_keys", 1)])
def test_writer_syncs_each_commit_and_refuses_wrong_references(tmp_path: Path, pragma: str, value: int) -> None:
    async def story(database: Database) -> None:
        assert await database.write(lambda writer: writer.value(int, f"PRAGMA {pragma}")) == value

    run(tmp_path, story)


def test_aiosqlite_runs_a_function_on_the_one_thread_of_its_connection() -> None:
    """What storage/database.py uses of aiosqlite's private parts."""

    async def story() -> None:
        async with aiosqlite.connect(":memory:") as connection:
            assert isinstance(connection._conn, sqlite3.Connection)
            threads = {await connection._execute(threading.get_ident) for _ in range(3)}
            assert len(threads) == 1
            assert threading.get_ident() not in threads
            assert await connection._execute(lambda raw: raw is connection._conn, connection._conn)
            with pytest.raises(ZeroDivisionError):
                await connection._execute(lambda: 1 / 0)

    asyncio.run(story())
