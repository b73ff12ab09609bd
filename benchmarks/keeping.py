"""What deleting costs: retention against bare unlinks, the sweep against a bare listing, and the page meanwhile.

    .venv/bin/python -m benchmarks.keeping [--count 20000] [--folder DIR]

Retention: photographs a second, rows, counters and files, against unlinks alone with one fsync of
the folder for as many as a batch has. Sweep: files a second, folder and table compared, against
os.scandir over the same folder. Both as medians of rounds in turn. Then the page is asked for over
and over while photographs go and while the sweep runs, and while nothing happens, from a process
beside the box. The longest transaction is that of the writer's thread.
"""

import argparse
import asyncio
import http.client
import os
import sqlite3
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.box import BoxProcess, running
from pantrybox.captures import orphans
from pantrybox.captures.keeper import Keeper
from pantrybox.captures.retention import BATCH
from pantrybox.clock import DAY_MS, BoxClock, always_trusted, wall_clock_ms
from pantrybox.storage import database as door
from pantrybox.storage.database import Database
from pantrybox.storage.image_files import ImageFiles, fsync_folder

PORT = 8763
SIZE = 20_000
SWEEPS = 40
"""One after the other: a single one is over before a page is asked for twice."""
ROUNDS = 5


def put_files(folder: Path, names: list[str], size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(bytes(size))
    os.sync()


def put_rows(path: Path, names: list[str], size: int, age_days: int) -> None:
    """Captures of the camera `shelf`, which is made when it is missing."""
    received_ms = wall_clock_ms() - age_days * DAY_MS
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.execute(
            """
            INSERT INTO devices (id, name, token_sha256, created_at_ms) VALUES ('shelf', 'Shelf', zeroblob(32), 0)
            ON CONFLICT DO NOTHING
            """
        )
        connection.executemany(
            """
            INSERT INTO captures (id, device_id, received_at_ms, captured_at_ms, image_path, size_bytes, sha256,
                                  status, failure, clock_synced, idempotency_key)
            VALUES (?, 'shelf', ?, 0, ?, ?, zeroblob(32), 'failed', 'Made for a benchmark.', 1, ?)
            """,
            [(name[-40:-4], received_ms + number, name, size, name) for number, name in enumerate(names)],
        )
        connection.execute(
            "UPDATE devices SET image_count = image_count + ?, image_bytes = image_bytes + ? WHERE id = 'shelf'",
            (len(names), len(names) * size),
        )


def new_names(count: int) -> list[str]:
    return [f"shelf_{uuid.uuid4()}.jpg" for _ in range(count)]


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def bare_unlinks(folder: Path, count: int) -> float:
    """Files a second."""
    names = new_names(count)
    put_files(folder, names, SIZE)

    def unlink() -> None:
        for start in range(0, count, BATCH):
            for name in names[start : start + BATCH]:
                (folder / name).unlink()
            fsync_folder(folder)

    return count / seconds(unlink)


async def retention(data: Path, count: int, transactions: list[float]) -> float:
    """Photographs a second, with the longest transactions beside."""
    names = new_names(count)
    put_files(data / "images", names, SIZE)
    clock = BoxClock(sync_mark=always_trusted)
    async with Database.open(data / "pantrybox.db", clock.now) as database:
        put_rows(data / "pantrybox.db", names, SIZE, age_days=40)
        keeper = Keeper(database, ImageFiles(data / "images"), clock, 30, 5000)
        start = time.perf_counter()
        with timed_transactions(transactions):
            run = await keeper.by_age(30)
        took = time.perf_counter() - start
        assert run.deleted_count == count, run
        await keeper.close()
    return count / took


class timed_transactions:  # noqa: N801 - reads like the functions of contextlib
    """Notes how long each transaction of the writer takes."""

    def __init__(self, noted: list[float]) -> None:
        self._noted = noted
        self._plain = door._in_one_transaction  # pyright: ignore[reportPrivateUsage]

    def __enter__(self) -> None:
        def timed(*arguments: object) -> bool:
            start = time.perf_counter()
            try:
                return self._plain(*arguments)  # pyright: ignore[reportArgumentType]
            finally:
                self._noted.append(time.perf_counter() - start)

        door._in_one_transaction = timed  # pyright: ignore[reportPrivateUsage]

    def __exit__(self, *_: object) -> None:
        door._in_one_transaction = self._plain  # pyright: ignore[reportPrivateUsage]


async def sweeps(data: Path, count: int, rounds: int) -> tuple[list[float], list[float]]:
    """Files a second: os.scandir alone, and folder against table."""
    names = new_names(count)
    put_files(data / "images", names, 1)
    clock = BoxClock(sync_mark=always_trusted)
    bare: list[float] = []
    compared: list[float] = []
    async with Database.open(data / "pantrybox.db", clock.now) as database:
        put_rows(data / "pantrybox.db", names, 1, age_days=1)
        images = ImageFiles(data / "images")
        for _ in range(rounds):
            bare.append(count / seconds(lambda: scan(data / "images")))
            start = time.perf_counter()
            found = await orphans.difference(database, images)
            compared.append(count / (time.perf_counter() - start))
            assert (found.files, found.expected, found.missing, found.unknown) == (count, count, [], [])
    return bare, compared


def scan(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(1 for _ in entries)


def waits_of_the_page(box: BoxProcess, key: str, until: Callable[[], bool]) -> list[float]:
    waits: list[float] = []
    while not until():
        waits.append(seconds(lambda: box.get("/v1/inventory", key)))
        time.sleep(0.002)
    return waits


def p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98] * 1000


def page_meanwhile(folder: Path, count: int) -> None:
    os.environ["PANTRYBOX_CLOCK"] = "trusted"
    with running(PORT, folder=folder) as box:
        key = box.command("key", "create", "benchmark", "--scope", "admin").strip()
        for path, times in (("cleanup-orphans", SWEEPS), ("cleanup", 1)):
            ratios: list[float] = []
            for _ in range(ROUNDS):
                names = new_names(count if path == "cleanup" or not ratios else 0)
                put_files(box.data / "storage/images", names, SIZE)
                put_rows(box.data / "pantrybox.db", names, SIZE, age_days=40)
                ratios.append(slowed_down(box, key, path, times))
            print(f"page during {times} {path} of {count}: p99 {statistics.median(ratios):.2f} times idle; limit 2")


def slowed_down(box: BoxProcess, key: str, path: str, times: int) -> float:
    """The 99th percentile of the page's answers while something is asked so often, against that while nothing is."""
    end = time.monotonic() + 3
    idle = waits_of_the_page(box, key, lambda: time.monotonic() > end)
    asked = threading.Thread(target=ask, args=(box, key, path, times))
    asked.start()
    busy = waits_of_the_page(box, key, lambda: not asked.is_alive())
    print(f"  {path}: {len(busy)} answers, p99 {p99(busy):.1f} ms, idle {p99(idle):.1f} ms")
    return p99(busy) / p99(idle)


def ask(box: BoxProcess, key: str, path: str, times: int) -> None:
    for _ in range(times):
        with closing(http.client.HTTPConnection("127.0.0.1", box.port, timeout=120)) as connection:
            connection.request("POST", f"/v1/admin/storage/{path}", headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="on the disk to measure")
    options = parser.parse_args()
    ratios: list[float] = []
    transactions: list[float] = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            bare = bare_unlinks(Path(folder) / "bare", options.count)
            ours = asyncio.run(retention(Path(folder), options.count, transactions))
        ratios.append(ours / bare)
        print(f"retention {ours:.0f}/s, bare unlinks {bare:.0f}/s: ratio {ours / bare:.2f}")
    print(f"retention: median ratio {statistics.median(ratios):.2f}; limit 0.7")
    print(f"longest transaction {1000 * max(transactions):.1f} ms; limit 50 ms")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bare_scans, compared = asyncio.run(sweeps(Path(folder), 5 * options.count, 2 * options.rounds + 1))
    ratio = statistics.median(compared) / statistics.median(bare_scans)
    print(
        f"sweep {statistics.median(compared):.0f}/s, scandir {statistics.median(bare_scans):.0f}/s: ratio {ratio:.2f}"
    )
    page_meanwhile(options.folder, options.count)


if __name__ == "__main__":
    main()
