"""When the keeper is sent to work: every day, every hour, and when the card is full."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from pantrybox.bell import Bell
from pantrybox.captures import job_runs
from pantrybox.captures.keeper import Keeper
from pantrybox.clock import DAY_MS, HOUR_MS, BoxClock
from pantrybox.storage.database import Database
from pantrybox.teaching.forgetting import forget_vectors

log = logging.getLogger(__name__)

SOON_MS = 60 * 1000
"""After a start, when a run is due: the box has other things to do first."""
GUARD_SECONDS = 30
DRIFT_MS = 60 * 1000
"""How far the wall clock may move against the monotonic one before everything is entered again."""


class Job(msgspec.Struct, frozen=True):
    name: str
    """As in job_runs."""
    every_ms: int
    work: Callable[[], Awaitable[object]]


class Entries(Protocol):
    """A timetable, as far as it is needed here."""

    def enter(self, name: str, in_ms: int, work: Callable[[], Awaitable[None]]) -> None: ...
    def close(self) -> None: ...


def jobs_of(keeper: Keeper, database: Database) -> tuple[Job, ...]:
    async def sweep() -> None:
        await keeper.sweep()
        await forget_vectors(database)

    return (
        Job("retention", DAY_MS, lambda: keeper.by_age(keeper.retention_days)),
        Job("failed", DAY_MS, keeper.failed),
        Job("quota", HOUR_MS, lambda: keeper.to_quota(keeper.max_mb)),
        Job("sweep", DAY_MS, sweep),
    )


def first_delay_ms(every_ms: int, last_ms: int | None, now_ms: int) -> int:
    """How long after a start a job runs whose last run was then; one from the future says nothing."""
    if last_ms is None or last_ms > now_ms:
        return SOON_MS
    return max(SOON_MS, last_ms + every_ms - now_ms)


class Keeping:
    def __init__(
        self,
        database: Database,
        clock: BoxClock,
        jobs: tuple[Job, ...],
        make_room: Callable[[], Awaitable[object]],
        card_full: Bell,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._make_room = make_room
        self._card_full = card_full
        self._due_ms: dict[str, int] = {}
        """By the monotonic clock."""
        self._offset_ms = clock.now() - clock.monotonic()

    def upcoming(self) -> dict[str, int]:
        """When each job runs next, by the wall clock as it is now."""
        return {name: due_ms - self._clock.monotonic() + self._clock.now() for name, due_ms in self._due_ms.items()}

    async def run_forever(self, load_timetable: Callable[[], Callable[[], Entries]]) -> None:
        """`load_timetable` imports what makes one, which takes a while: it is called in a thread."""
        await self.make_due()
        timetable = (await asyncio.to_thread(load_timetable))()
        try:
            self.enter_all(timetable)
            await asyncio.gather(self._make_room_when_full(), self._guard(timetable))
        finally:
            timetable.close()

    async def make_due(self) -> None:
        """Decide when each job is due, by when it last ran."""
        for job in self._jobs:
            last = await self._database.read(lambda reader, job=job: job_runs.newest_of(reader, job.name))
            delay_ms = first_delay_ms(job.every_ms, last.started_at_ms if last else None, self._clock.now())
            self._due_ms[job.name] = self._clock.monotonic() + delay_ms

    def enter_all(self, timetable: Entries) -> None:
        for job in self._jobs:
            self._enter(timetable, job)

    def mind_the_clock(self, timetable: Entries) -> None:
        """Enter everything again when the wall clock, by which a timetable goes, has left the monotonic one."""
        offset_ms = self._clock.now() - self._clock.monotonic()
        self._clock.distrust()  # a step is noticed though nobody asks for a deletion meanwhile
        if abs(offset_ms - self._offset_ms) > DRIFT_MS:
            log.warning("the clock was set by %d s: all jobs are entered again", (offset_ms - self._offset_ms) // 1000)
            self._offset_ms = offset_ms
            self.enter_all(timetable)

    def _enter(self, timetable: Entries, job: Job) -> None:
        async def work() -> None:
            # Due again first: what happens while it runs, such as a step of the clock, must not lose it.
            self._due_ms[job.name] = self._clock.monotonic() + job.every_ms
            try:
                await job.work()
            finally:
                self._enter(timetable, job)

        timetable.enter(job.name, max(0, self._due_ms[job.name] - self._clock.monotonic()), work)

    async def _guard(self, timetable: Entries) -> None:
        while True:
            await asyncio.sleep(GUARD_SECONDS)
            self.mind_the_clock(timetable)

    async def _make_room_when_full(self) -> None:
        while True:
            ring = self._card_full.listen()
            await self._make_room()
            await ring.wait()
