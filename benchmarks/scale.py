"""How every reading call grows with the ledger: 1,000,000 events and 100,000 photographs against 1/100 of that.

    .venv/bin/python -m benchmarks.scale            takes minutes, most of them to write the million events
    .venv/bin/python -m benchmarks.scale --quick    a tenth of the events, fewer repetitions

2,000 items in both, and windows of days and hours that hold the same rows. Each GET runs as its handler is written,
on the two files in turn; what is measured is what it does to the database, on the connection's own thread, without
the way there. Medians. The limit is 1.5 times; of what has more to return, for each row that it returns. Then a real
box on the large file: the page of 200 and of 2,000 items, and the export of everything, whose memory (VmHWM) may grow
by 16 MB at most. Ends with 1 when something is over its limit.
"""

import argparse
import asyncio
import http.client
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar, cast

from benchmarks.box import BoxProcess, running
from benchmarks.years import EVENTS_PER_CAPTURE, write_years
from pantrybox.captures.keeper import Keeper
from pantrybox.clock import wall_clock_ms
from pantrybox.owners.model import OWNER
from pantrybox.settings import Settings
from pantrybox.storage.database import Database, Reader
from pantrybox.teaching.gallery import Galleries, Known
from pantrybox.vision.recognition import Prior
from pantrybox.web import (
    captures,
    device_health,
    devices,
    history,
    inventory,
    live,
    owner,
    pantry,
    photograph_page,
    products,
    questions,
    reprocessing,
    review,
    scorecard,
    shopping,
    storage,
    transfer,
)

T = TypeVar("T")
PORT = 8766
LIMIT = 1.5
MEMORY_LIMIT_MB = 16
PAGE_STATEMENTS = 4


class TimedDatabase:
    """Notes how long queries take, on the thread where they run; and which statements, when asked to."""

    def __init__(self, database: Database, newest_capture: str, oldest_capture: str) -> None:
        self._database = database
        self.newest_capture = newest_capture
        self.oldest_capture = oldest_capture
        self.seconds = 0.0
        self.statements: list[str] | None = None

    async def read(self, query: Callable[[Reader], T]) -> T:
        def timed(reader: Reader) -> T:
            connection: sqlite3.Connection = reader._connection  # pyright: ignore[reportPrivateUsage]
            connection.set_trace_callback(None if self.statements is None else self.statements.append)
            start = time.perf_counter()
            try:
                return query(reader)
            finally:
                self.seconds += time.perf_counter() - start
                connection.set_trace_callback(None)

        return await self._database.read(timed)


Call = Callable[[TimedDatabase], Awaitable[Any]]


def calls(now_ms: int) -> dict[str, Call]:
    """Every GET whose answer is of the same size in both, and the page's own queries."""

    def now() -> int:
        return now_ms

    def asked_for(path: str) -> Any:
        return SimpleNamespace(scope={"raw_path": path.encode()})

    settings = Settings(data=Path(), storage=Path(), confidence_threshold=0.7)
    keeper = cast("Keeper", SimpleNamespace(last={}))
    list_inventory, list_captures = inventory.list_inventory.fn, captures.list_captures.fn
    item, item_history = "/v1/inventory/items/Milk%2010", "/v1/inventory/items/Milk%2010/history"
    detail, galleries = captures.capture_detail.fn, Galleries(lambda: Known("none", Prior()))
    health, sent = device_health.device_health.fn, device_health.device_captures.fn
    return {
        "inventory": lambda db: list_inventory(database=db),
        "inventory, all": lambda db: list_inventory(database=db, limit=1000),
        "inventory ?q": lambda db: list_inventory(database=db, q="milk"),
        "inventory ?place": lambda db: list_inventory(database=db, place="Shelf 2"),
        "inventory ?sort=-count": lambda db: list_inventory(database=db, sort="-count"),
        "inventory ?sort=last_seen": lambda db: list_inventory(database=db, sort="last_seen"),
        "stats": lambda db: inventory.inventory_stats.fn(database=db),
        "low-stock": lambda db: inventory.low_stock.fn(database=db),
        "stale-items": lambda db: inventory.stale_items.fn(database=db, now=now),
        "item": lambda db: history.item_detail.fn(asked_for(item), "", database=db, now=now, actor=OWNER),
        "item history": lambda db: history.item_history.fn(asked_for(item_history), "", database=db, now=now, days=190),
        "recent-changes": lambda db: history.recent_changes.fn(database=db, now=now),
        "recent-changes, 30 d": lambda db: history.recent_changes.fn(database=db, now=now, hours=720, limit=1000),
        "recent-changes ?event_type": lambda db: history.recent_changes.fn(
            database=db, now=now, hours=720, event_type="manual_override"
        ),
        "question": lambda db: questions.open_question.fn(database=db, now=now),
        "shopping-list": lambda db: shopping.shopping_list.fn(database=db, now=now),
        "devices": lambda db: devices.list_devices.fn(database=db, now=now),
        "device": lambda db: devices.device_detail.fn(database=db, now=now, device_id="camera-1"),
        "device health": lambda db: health(database=db, now=now, device_id="camera-1"),
        "device captures": lambda db: sent(database=db, now=now, device_id="camera-1"),
        "device captures, 90 d": lambda db: sent(database=db, now=now, device_id="camera-1", days=90),
        "device captures ?status": lambda db: sent(
            database=db, now=now, device_id="camera-1", days=90, status="complete"
        ),
        "captures": lambda db: list_captures(database=db),
        "captures ?device_id": lambda db: list_captures(database=db, device_id="camera-1"),
        "captures ?status=complete": lambda db: list_captures(database=db, status="complete"),
        "captures ?status=failed": lambda db: list_captures(database=db, status="failed", limit=10),
        "captures ?status=stored": lambda db: list_captures(database=db, status="stored"),
        "captures of a camera, failed": lambda db: list_captures(
            database=db, status="failed", device_id="camera-2", limit=10
        ),
        "capture": lambda db: detail(database=db, galleries=galleries, capture_id=db.newest_capture),
        "capture, oldest": lambda db: detail(database=db, galleries=galleries, capture_id=db.oldest_capture),
        "review": lambda db: review.review_queue.fn(database=db, galleries=galleries),
        "scorecard": lambda db: scorecard.scorecard.fn(database=db, now=now, days=30),
        "products": lambda db: products.list_products.fn(database=db),
        "storage stats": lambda db: storage.storage_stats.fn(database=db),
        "jobs": lambda db: storage.list_job_runs.fn(database=db, keeper=keeper, upcoming=dict),
        "reprocess": lambda db: reprocessing.list_runs.fn(database=db),
        "audit": lambda db: owner.audit_log.fn(database=db),
        "page": lambda db: db.read(lambda reader: pantry.whole(reader, now_ms)),
        "page's position": lambda db: db.read(live.newest),
        "photograph's page": lambda db: photograph_page.PhotographPage(db, settings).page(db.newest_capture),
    }


def exports(now_ms: int) -> dict[str, Call]:
    """What has more to return from the larger ledger."""

    def now() -> int:
        return now_ms

    async def export(db: TimedDatabase, kind: transfer.Format) -> None:
        stream = await transfer.export_inventory.fn(database=db, now=now, format=kind, include_history=True)
        async for _ in stream.iterator:
            pass

    return {
        "export, JSON with history": lambda db: export(db, "json"),
        "export, CSV with history": lambda db: export(db, "csv"),
    }


class Sizes(NamedTuple):
    small: TimedDatabase
    large: TimedDatabase


class Line(NamedTuple):
    """Of the table that is printed; milliseconds, or microseconds for each row of an export."""

    name: str
    small: float
    large: float
    statements: int
    limit: float = LIMIT

    @property
    def ratio(self) -> float:
        return self.large / self.small

    @property
    def ok(self) -> bool:
        return self.ratio <= self.limit

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "TOO SLOW"
        return (
            f"{self.name:30} {self.statements:10} {self.small:9.3f} {self.large:9.3f} {self.ratio:6.2f} "
            f"{self.limit:5} {verdict}"
        )


async def seconds_of(call: Call, database: TimedDatabase) -> float:
    before = database.seconds
    await call(database)
    return database.seconds - before


async def statements_of(call: Call, database: TimedDatabase) -> list[str]:
    database.statements = []
    await call(database)
    statements, database.statements = database.statements, None
    return statements


async def compared(name: str, call: Call, sizes: Sizes, repetitions: int) -> Line:
    """In turn, and the other one first every other time: what drifts, drifts for both."""
    statements = len(await statements_of(call, sizes.small))
    await call(sizes.large)
    seconds: dict[TimedDatabase, list[float]] = {sizes.small: [], sizes.large: []}
    for repetition in range(repetitions):
        for database in sizes if repetition % 2 else reversed(sizes):
            seconds[database].append(await seconds_of(call, database))
    small, large = (1000 * statistics.median(seconds[database]) for database in sizes)
    return Line(name, small, large, statements)


async def exported(name: str, call: Call, sizes: Sizes, rows: tuple[int, int], repetitions: int) -> Line:
    """For each row of the ledger that it returned."""
    statements = len(await statements_of(call, sizes.small))
    small = statistics.median([await seconds_of(call, sizes.small) for _ in range(repetitions)])
    large = await seconds_of(call, sizes.large)
    return Line(name, 1e6 * small / rows[0], 1e6 * large / rows[1], statements)


async def measured(folder: Path, events: tuple[int, int], now_ms: int, repetitions: int) -> list[Line]:
    async with (
        Database.open(folder / "small.db", wall_clock_ms) as small,
        Database.open(folder / "large.db", wall_clock_ms) as large,
    ):
        sizes = Sizes(await _timed(small), await _timed(large))
        lines: list[Line] = []
        for name, call in calls(now_ms).items():
            lines.append(await compared(name, call, sizes, repetitions))
            print(lines[-1], flush=True)
        for name, call in exports(now_ms).items():
            lines.append(await exported(name, call, sizes, events, 3))
            print(lines[-1], flush=True)
    return lines


async def _timed(database: Database) -> TimedDatabase:
    newest, oldest = await database.read(
        lambda reader: [
            reader.value(str, f"SELECT id FROM captures WHERE seq = (SELECT {end}(seq) FROM captures)")  # noqa: S608
            for end in ("max", "min")
        ]
    )
    return TimedDatabase(database, newest, oldest)


def exported_in_constant_memory(box: BoxProcess, key: str) -> bool:
    # What the box does by itself a minute after its start has a peak of its own; refused or not, it is over then.
    for job in ("cleanup", "cleanup-orphans", "check-quota"):
        asked(box, "POST", f"/v1/admin/storage/{job}", key)
    before_kb = box.status_kb("VmHWM")
    for kind in ("json", "csv"):
        start = time.perf_counter()
        size = asked(box, "GET", f"/v1/inventory/export?format={kind}&include_history=true", key)
        grown_mb = (box.status_kb("VmHWM") - before_kb) / 1024
        print(
            f"export as {kind}: {size / 1e6:.0f} MB in {time.perf_counter() - start:.1f} s, peak memory "
            f"{before_kb / 1024:.0f} MB before it, {grown_mb:+.1f} MB after it; limit +{MEMORY_LIMIT_MB} MB"
        )
    return grown_mb <= MEMORY_LIMIT_MB


def asked(box: BoxProcess, method: str, path: str, key: str) -> int:
    """How many bytes came back."""
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=600)
    connection.request(method, path, headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    assert method == "POST" or answer.status == 200, answer.read()
    with closing(connection):
        return sum(len(chunk) for chunk in iter(lambda: answer.read(1 << 16), b""))


def answer_times(box: BoxProcess, key: str, what: str, repetitions: int) -> None:
    """What a page costs; a first answer is not counted."""
    for path in ("/", "/fragments/photographs", "/fragments/stock", "/v1/inventory?limit=1000"):
        asked(box, "GET", path, key)
        cpu, waits = box.cpu_seconds(), list[float]()
        for _ in range(repetitions):
            start = time.perf_counter()
            asked(box, "GET", path, key)
            waits.append(time.perf_counter() - start)
        cpu_ms = 1000 * (box.cpu_seconds() - cpu) / repetitions
        print(f"{what}: GET {path} takes {1000 * statistics.median(waits):.1f} ms, {cpu_ms:.1f} ms of CPU")


def on_a_box(folder: Path, name: str, what: str, repetitions: int, *, export: bool) -> bool:
    def put_in_place(data: Path) -> None:
        (folder / name).rename(data / "pantrybox.db")

    with running(PORT, folder=folder, prepare=put_in_place) as box:
        key = box.command("key", "create", "benchmark", "--scope", "admin").strip()
        answer_times(box, key, what, repetitions)
        return exported_in_constant_memory(box, key) if export else True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="on the disk to measure")
    options = parser.parse_args()
    events = (10_000, 100_000) if options.quick else (10_000, 1_000_000)
    repetitions = 15 if options.quick else 41
    now_ms = wall_clock_ms()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for file, count in zip(("small.db", "large.db"), events, strict=True):
            write_years(folder / file, count, now_ms)
        write_years(folder / "few.db", events[0], now_ms, items=200)
        print(f"{events[0]} and {events[1]} events, {EVENTS_PER_CAPTURE} a photograph; ms, and us a row for exports")
        print(f"{'':30} statements     small     large  ratio limit")
        lines = asyncio.run(measured(folder, events, now_ms, repetitions))
        on_a_box(folder, "few.db", "200 items", repetitions, export=False)
        fits = on_a_box(folder, "large.db", "2,000 items", repetitions, export=True)
    page = next(line for line in lines if line.name == "page")
    print(f"statements of the page: {page.statements}; limit {PAGE_STATEMENTS}")
    if not (fits and page.statements <= PAGE_STATEMENTS and all(line.ok for line in lines)):
        sys.exit(1)


if __name__ == "__main__":
    main()
