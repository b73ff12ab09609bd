"""The schema is brought up to date whole or not at all, and what it protects stays protected."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from pantrybox.captures import queries as captures
from pantrybox.inventory import ledger, places, states
from pantrybox.inventory.check import belief_problems, ledger_problems
from pantrybox.inventory.fold import reproject_outdated
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.migrate import migrate

EVIDENCE = """
    INSERT INTO devices (id, name, token_sha256, created_at_ms) VALUES ('shelf', 'Shelf', zeroblob(32), 0);
    INSERT INTO captures (id, device_id, received_at_ms, captured_at_ms, size_bytes, sha256)
    VALUES ('a', 'shelf', 0, 0, 1, zeroblob(32));
    INSERT INTO observations (id, capture_id, model, observed_at_ms, took_ms, width, height, brightness, sharpness,
                              scene_confidence, folded)
    VALUES (1, 'a', 'model', 0, 1, 1, 1, 0, 0, 0, 1);
    INSERT INTO detections (id, observation_id, box_left, box_top, box_right, box_bottom, score, label)
    VALUES (1000, 1, 0, 0, 1, 1, 0.5, 'can');
    INSERT INTO places (id, name) VALUES (1, 'Shelf');
    INSERT INTO inventory_items (id, canonical_name, name_key, generic, created_at_ms) VALUES (1, 'can', 'can', 1, 0);
    INSERT INTO inventory_events (id, item_id, place_id, event_type, delta, count_after, confidence, capture_id,
                                  happened_at_ms, recorded_at_ms)
    VALUES (1, 1, 1, 'seen', 1, 1, 0.5, 'a', 0, 0);
"""


WORD = """
    INSERT INTO words (position, kind, item_id, place_id, count, said_by, said_at_ms)
    VALUES (1, 'count', 1, 1, 1, 'owner', 0)
"""
OLD_STOCK = """
    UPDATE devices SET capture_count = 1;
    UPDATE places SET device_id = 'shelf';
    UPDATE captures SET image_path = 'shelf_a.jpg', status = 'complete', observation_id = 1;
    INSERT INTO inventory_state (item_id, place_id, belief, shown_count, confidence, confirmed_count, event_count,
                                 updated_at_ms)
    VALUES (1, 1, '[0.2,0.8]', 1, 0.8, 1, 1, 0);
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)) as opened:
        yield opened


def schema(connection: sqlite3.Connection) -> list[tuple[str]]:
    return connection.execute("SELECT name FROM sqlite_schema ORDER BY name").fetchall()


def version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def test_migrating_twice_changes_nothing(connection: sqlite3.Connection) -> None:
    migrate(connection)
    before = connection.execute("PRAGMA schema_version").fetchone()
    migrate(connection)
    assert connection.execute("PRAGMA schema_version").fetchone() == before
    assert version(connection) > 0


def test_migration_that_breaks_leaves_nothing(connection: sqlite3.Connection) -> None:
    # The last table of the first script: everything before it has been made by then.
    connection.execute("CREATE TABLE api_keys (in_the_way)")
    with pytest.raises(sqlite3.OperationalError, match="api_keys already exists"):
        migrate(connection)
    assert not connection.in_transaction
    assert version(connection) == 0
    assert schema(connection) == [("api_keys",)]


def test_migration_that_broke_is_done_once_nothing_is_in_the_way(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE api_keys (in_the_way)")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    connection.execute("DROP TABLE api_keys")
    migrate(connection)
    assert ("inventory_events",) in schema(connection)


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("check",)], ids=" ".join)
def test_database_of_a_newer_pantrybox_is_refused_with_a_sentence_and_not_touched(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    database = tmp_path / "pantrybox.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("CREATE TABLE of_the_future (x); PRAGMA user_version = 99;")
    command = [sys.executable, "-m", "pantrybox", *words, "--data", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"pantrybox: This database has schema 99 and this PantryBox knows \d+: .+\n", done.stderr)
    with closing(sqlite3.connect(database)) as connection:
        assert version(connection) == 99
        assert schema(connection) == [("of_the_future",)]


def test_stock_of_the_first_schema_is_the_same_after_the_upgrade(tmp_path: Path) -> None:
    first = (files("pantrybox.storage") / "migrations/0001_initial.sql").read_text()
    with closing(sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)) as connection:
        connection.executescript(first + EVIDENCE + OLD_STOCK + "PRAGMA user_version = 1;")

    async def story() -> None:
        async with Database.open(tmp_path / "pantrybox.db", lambda: 0) as database:
            upgraded = await database.read(lambda reader: states.stand_of(reader, 1, 1))
            assert (upgraded.shown_count, upgraded.confirmed_count) == (1, 1)
            assert upgraded.belief.p == (0.2, 0.8)
            events = await database.read(lambda reader: ledger.events_of_capture(reader, "a"))
            assert [event.id for event in events] == [1]
            assert await database.read(captures.miscounted) == []
            await reproject_outdated(database)
            assert await database.read(lambda reader: [*ledger_problems(reader), *belief_problems(reader)]) == []

    asyncio.run(story())


@pytest.mark.parametrize("number", [6, 7])
def test_places_of_a_box_that_counted_by_other_rules_are_folded_again(tmp_path: Path, number: int) -> None:
    steps = sorted((files("pantrybox.storage") / "migrations").iterdir(), key=lambda step: step.name)
    before = "\n".join(step.read_text() for step in steps[:number])
    with closing(sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)) as connection:
        connection.executescript(before + EVIDENCE)
        connection.execute("UPDATE places SET outdated = 0")
        connection.execute(f"PRAGMA user_version = {number}")

    async def story() -> None:
        async with Database.open(tmp_path / "pantrybox.db", lambda: 0) as database:
            assert await database.read(places.outdated) == [1]

    asyncio.run(story())


@pytest.mark.parametrize("table", ["inventory_events", "observations", "detections", "words"])
@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM {table}",
        "UPDATE {table} SET id = id",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",  # deletes the row, and makes another
    ],
)
def test_ledger_and_evidence_are_only_added_to(tmp_path: Path, table: str, sql: str) -> None:
    def plant(writer: Writer) -> None:
        for statement in EVIDENCE.split(";"):
            writer.execute(statement)

    async def story() -> None:
        async with Database.open(tmp_path / "pantrybox.db", lambda: 0) as database:
            await database.write(plant)
            await database.write(lambda writer: writer.execute(WORD))
            with pytest.raises(sqlite3.IntegrityError, match=r"only appended to|never changed"):
                await database.write(lambda writer: writer.execute(sql.format(table=table)))

    asyncio.run(story())
