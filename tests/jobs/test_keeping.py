"""When jobs run: by what the box remembers, whatever its clock does meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.bell import Bell
from pantrybox.captures import job_runs
from pantrybox.captures.job_runs import JobRun
from pantrybox.clock import DAY_MS, wall_clock_ms
from pantrybox.jobs.keeping import SOON_MS, Job, Keeping, first_delay_ms
from pantrybox.jobs.timetable import Timetable
from tests.captures.box_time import HOUR_MS, BoxTime
from tests.captures.store import Store, with_store

Work = Callable[[], Awaitable[None]]


class Entries:
    """A timetable that goes by the wall clock, as APScheduler does."""

    def __init__(self, time: BoxTime) -> None:
        self.time = time
        self.entries: dict[str, tuple[int, Work]] = {}

    def enter(self, name: str, in_ms: int, work: Work) -> None:
        self.entries[name] = (self.time.wall() + in_ms, work)

    def close(self) -> None:
        self.entries.clear()

    async def run_due(self) -> None:
        for name, (at_ms, work) in list(self.entries.items()):
            if at_ms <= self.time.wall():
                del self.entries[name]
                await work()


@given(st.integers(HOUR_MS, DAY_MS), st.one_of(st.none(), st.integers(0, 4 * 10**12)), st.integers(0, 4 * 10**12))
def test_job_runs_within_its_interval_and_soon_when_it_is_late(every_ms: int, last_ms: int | None, now_ms: int) -> None:
    delay_ms = first_delay_ms(every_ms, last_ms, now_ms)
    assert SOON_MS <= delay_ms <= every_ms
    if last_ms is None or last_ms > now_ms or last_ms + every_ms <= now_ms:
        assert delay_ms == SOON_MS


class Counted:
    """A job that counts its runs, and the keeping that runs it."""

    def __init__(self, store: Store, every_ms: int) -> None:
        self.runs = 0
        self.time = store.time
        self.entries = Entries(store.time)
        job = Job("retention", every_ms, self.work)
        self.keeping = Keeping(store.database, store.clock, (job,), store.keeper.make_room, Bell())

    async def work(self) -> None:
        self.runs += 1

    async def start(self) -> None:
        await self.keeping.make_due()
        self.keeping.enter_all(self.entries)

    async def live(self, duration_ms: int) -> None:
        """As the guard and the timetable do, at its pace."""
        for _ in range(0, duration_ms, 30_000):
            self.time.true_ms += 30_000
            self.keeping.mind_the_clock(self.entries)
            await self.entries.run_due()


@pytest.mark.parametrize("step_ms", [730 * DAY_MS, -HOUR_MS, -1_800_000_000_000 + DAY_MS, 61_000, -61_000, 30_000])
def test_clock_that_is_set_moves_no_job_by_more_than_its_interval(tmp_path: Path, step_ms: int) -> None:
    async def story(store: Store) -> None:
        job = Counted(store, HOUR_MS)
        await job.start()
        await job.live(SOON_MS + 30_000)
        assert job.runs == 1
        store.time.error_ms += step_ms
        await job.live(HOUR_MS)
        assert job.runs == 2
        await job.live(HOUR_MS)
        assert job.runs == 3
        (at_ms,) = job.keeping.upcoming().values()
        assert 0 <= at_ms - store.time.wall() <= HOUR_MS

    with_store(tmp_path, story, BoxTime())


def test_job_that_ran_an_hour_ago_waits_for_its_day(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        run = JobRun("retention", "schedule", store.time.wall() - HOUR_MS)
        await store.database.write(lambda writer: job_runs.save(writer, run))
        job = Counted(store, DAY_MS)
        await job.start()
        await job.live(22 * HOUR_MS)
        assert job.runs == 0
        await job.live(2 * HOUR_MS)
        assert job.runs == 1

    with_store(tmp_path, story)


def test_job_that_fails_runs_again_after_its_interval(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        job = Counted(store, HOUR_MS)

        async def fail() -> None:
            job.runs += 1
            raise OSError("card")

        job.keeping = Keeping(store.database, store.clock, (Job("quota", HOUR_MS, fail),), fail, Bell())
        await job.start()
        for _ in range(3):
            with pytest.raises(OSError, match="card"):
                await job.live(2 * HOUR_MS)
        assert job.runs == 3

    with_store(tmp_path, story)


def test_room_is_made_when_the_bell_rings(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        asked = asyncio.Semaphore(0)

        async def make_room() -> None:
            asked.release()

        bell = Bell()
        keeping = Keeping(store.database, store.clock, (), make_room, bell)
        task = asyncio.create_task(keeping.run_forever(lambda: lambda: Entries(store.time)))
        for _ in range(3):  # the first time by itself: the card may be full when the box starts
            await asyncio.wait_for(asked.acquire(), 10)
            bell.ring()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with_store(tmp_path, story)


def test_timetable_does_what_is_entered_once_and_forgets_what_is_entered_again() -> None:
    done: list[str] = []

    async def live() -> None:
        timetable = Timetable()
        ended = asyncio.Event()

        async def work(name: str) -> None:
            done.append(name)
            if name == "third":
                ended.set()

        timetable.enter("a", 3_600_000, lambda: work("first"))
        timetable.enter("a", 0, lambda: work("second"))
        timetable.enter("b", 50, lambda: work("third"))
        await asyncio.wait_for(ended.wait(), 10)
        timetable.close()

    asyncio.run(live())
    assert done == ["second", "third"]


def test_timetable_that_is_late_by_years_does_it_at_once_and_stalls_nothing() -> None:
    async def live() -> int:
        timetable = Timetable()
        done = asyncio.Event()

        async def work() -> None:
            done.set()

        timetable.enter("a", -2 * 365 * DAY_MS, work)
        start_ms = wall_clock_ms()
        await asyncio.wait_for(done.wait(), 10)
        timetable.close()
        return wall_clock_ms() - start_ms

    assert asyncio.run(live()) < 1000
