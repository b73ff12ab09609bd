"""A real database and real files for the keeper, with clocks that can be set."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from pantrybox.captures import queries
from pantrybox.captures import retention_queries as keeping
from pantrybox.captures.keeper import Keeper
from pantrybox.captures.model import Arrival
from pantrybox.clock import BoxClock
from pantrybox.identifiers import uuid7
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.image_files import ImageFiles
from tests.captures.box_time import HOUR_MS, BoxTime

T = TypeVar("T")


class Store:
    """Everything that a keeper needs, open."""

    def __init__(self, folder: Path, time: BoxTime, clock: BoxClock, database: Database) -> None:
        self.time = time
        self.clock = clock
        self.database = database
        self.folder = folder / "images"
        self.images = ImageFiles(self.folder)
        self.keeper = Keeper(database, self.images, clock, retention_days=30, max_mb=5000)

    async def add(
        self, device_id: str = "shelf", size: int = 10, status: str = "complete", synced: bool | None = None
    ) -> str:
        """A photograph that is received now; the name of its file."""
        capture_id = uuid7(self.time.true_ms)
        name = f"{device_id}_{capture_id}.jpg"
        self.put(name, size)

        def insert(writer: Writer) -> None:
            writer.execute(
                """
                INSERT INTO devices (id, name, token_sha256, created_at_ms)
                VALUES (:id, :id, zeroblob(32), 0)
                ON CONFLICT DO NOTHING
                """,
                {"id": device_id},
            )
            queries.insert(
                writer,
                capture_id,
                Arrival(device_id),
                writer.now_ms,
                name,
                size,
                bytes(32),
                running_ms=self.clock.running_ms(),
                clock_synced=self.clock.vouches_for(writer.now_ms) if synced is None else synced,
            )
            failure = None if status == "stored" else "Nothing could be seen."
            writer.execute(
                "UPDATE captures SET status = :status, failure = :failure WHERE id = :id",
                {"status": status, "failure": failure, "id": capture_id},
            )

        await self.database.write(insert)
        return name

    def put(self, name: str, size: int = 10, age_ms: int = 0) -> None:
        """A file that was last written so long ago."""
        path = self.folder / name
        path.write_bytes(bytes(size))
        at = (self.time.wall() - age_ms) / 1000
        os.utime(path, (at, at))

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    async def claimed(self) -> set[str]:
        return {image.image_path for image in await self.database.read(queries.stored_images)}

    async def totals(self) -> tuple[int, int]:
        """How many images the counters tell of, and how large they are."""
        totals = await self.database.read(keeping.totals)
        return totals.image_count, totals.image_bytes

    async def value(self, sql: str) -> object:
        return await self.database.read(lambda reader: reader.value(object, sql))


def with_store(folder: Path, story: Callable[[Store], Awaitable[T]], time: BoxTime | None = None) -> T:
    """Open a store, live through `story` and close everything."""
    time = time or synchronised_time()

    async def live() -> T:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        clock = time.clock()
        async with Database.open(folder / "pantrybox.db", clock.now) as database:
            store = Store(folder, time, clock, database)
            try:
                return await story(store)
            finally:
                await store.keeper.close()

    return asyncio.run(live())


def synchronised_time() -> BoxTime:
    """About the time of the file system, which dates the files."""
    box_time = BoxTime(time.time_ns() // 1_000_000 + HOUR_MS)
    box_time.synchronise()
    return box_time
