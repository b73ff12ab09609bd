"""The keeper: deletes photographs that are old, failed, too many or nobody's, a batch at a time."""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import msgspec

from pantrybox.captures import job_runs, orphans
from pantrybox.captures import retention_queries as queries
from pantrybox.captures.job_runs import BY_ITSELF, Asker, JobRun
from pantrybox.captures.orphans import Difference, Refused
from pantrybox.captures.retention import BATCH, FAILED_DAYS, Kept, Moment, Spared, enough, in_batches, outdated
from pantrybox.clock import DAY_MS, BoxClock
from pantrybox.errors import PantryError
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.image_files import ImageFiles

log = logging.getLogger(__name__)

T = TypeVar("T")
Page = Callable[[Kept | None, int], Awaitable[list[Kept]]]
"""Gives the photographs after this one that were received before then."""

MEGABYTE = 1024 * 1024
_SAMPLE = 20
_NICENESS = 5
_GONE = "The file of this photograph was gone from the card."
_GOING_DOWN = "PantryBox went down before this was done."


class Keeper:
    def __init__(
        self, database: Database, images: ImageFiles, clock: BoxClock, retention_days: int, max_mb: int
    ) -> None:
        self.retention_days = retention_days
        self.max_mb = max_mb
        self.last: dict[str, JobRun] = {}
        """The newest run of each job since the start; the table knows only those that changed something."""
        self._database = database
        self._images = images
        self._clock = clock
        self._turn = asyncio.Lock()
        self._closing = False
        self._tasks: set[asyncio.Task[JobRun]] = set()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="keeper", initializer=_give_way)
        images.is_in_place()  # remembers where it is

    async def close(self) -> None:
        """End what runs after the batch that it is at."""
        self._closing = True
        await asyncio.gather(*self._tasks)
        self._threads.shutdown()

    async def by_age(self, days: int, asker: Asker = BY_ITSELF) -> JobRun:
        """Delete what was received more than `days` ago. Refused while the clock cannot be trusted."""

        async def page(after: Kept | None, before_ms: int) -> list[Kept]:
            place = (after.received_at_ms, after.seq) if after else (-1, -1)
            return await self._database.read(lambda reader: queries.received_before(reader, before_ms, place, BATCH))

        return await self._run("retention", asker, lambda run: self._delete_older(run, days, page))

    async def failed(self, days: int = FAILED_DAYS, asker: Asker = BY_ITSELF) -> JobRun:
        """The same for those in which nothing could be seen."""

        async def page(after: Kept | None, before_ms: int) -> list[Kept]:
            place = (after.device_id, after.received_at_ms, after.seq) if after else ("", -1, -1)
            return await self._database.read(lambda reader: queries.failed_before(reader, before_ms, place, BATCH))

        return await self._run("failed", asker, lambda run: self._delete_older(run, days, page))

    async def to_quota(self, max_mb: int, asker: Asker = BY_ITSELF) -> JobRun:
        """Delete the oldest until all are at most this large; `details` say how large they were."""

        async def work(run: JobRun) -> None:
            totals = await self._database.read(queries.totals)
            run.details = {"previous_bytes": totals.image_bytes, "limit_bytes": max_mb * MEGABYTE}
            await self._delete_oldest(run, totals.image_bytes - max_mb * MEGABYTE, to_the_last=True)

        return await self._run("quota", asker, work)

    async def make_room(self, asker: Asker = BY_ITSELF) -> JobRun:
        """Delete the oldest until twice the reserve is free; every camera keeps its newest."""

        async def work(run: JobRun) -> None:
            space = await self._on_thread(self._images.space)
            if space.free_bytes < space.reserve_bytes:
                await self._delete_oldest(run, 2 * space.reserve_bytes - space.free_bytes, to_the_last=False)

        return await self._run("room", asker, work)

    async def sweep(self, asker: Asker = BY_ITSELF) -> JobRun:
        """Delete files without a photograph; note photographs without a file. Refused when it is too much (P8)."""
        return await self._run("sweep", asker, self._sweep)

    async def _run(self, job: str, asker: Asker, work: Callable[[JobRun], Awaitable[None]]) -> JobRun:
        # A task of its own: a schedule that is shut down or a browser that goes away stops no batch half-way.
        task = asyncio.ensure_future(self._in_turn(job, asker, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _in_turn(self, job: str, asker: Asker, work: Callable[[JobRun], Awaitable[None]]) -> JobRun:
        run = JobRun(job=job, asked_by=asker.name, started_at_ms=self._clock.now())
        async with self._turn:
            try:
                await self._begin(run, asker)
                await self._in_place(run)
                await work(run)
                run.outcome = "failed" if run.errors else "done"
            except Refused as refusal:
                run.outcome = "refused"
                run.errors.append(str(refusal))
            except (PantryError, OSError) as error:
                run.outcome = "failed"
                run.errors.append(str(error) if isinstance(error, PantryError) else f"{error.strerror}.")
            except Exception:
                log.exception("%s failed", job)
                run.outcome = "failed"
                run.errors.append("Something went wrong. The journal says what.")
            await self._end(run)
        return run

    async def _begin(self, run: JobRun, asker: Asker) -> None:
        """What a person asked for is in the table from its first moment; other runs once they change something."""
        alongside = asker.alongside
        if alongside is None:
            return

        def begin(writer: Writer) -> int:
            alongside(writer)
            return job_runs.save(writer, run)

        run.id = await self._database.write(begin)

    async def _end(self, run: JobRun) -> None:
        run.ended_at_ms = self._clock.now()
        before = self.last.get(run.job)
        self.last[run.job] = run
        for sentence in run.errors:
            log.warning("%s: %s", run.job, sentence)
        news = bool(run.errors) and (before is None or before.errors != run.errors)
        if run.id is None and not news:
            return  # an idle box writes nothing, and what is refused daily is written once
        try:
            run.id = await self._database.write(lambda writer: job_runs.save(writer, run))
        except PantryError as error:
            log.warning("%s: what became of it could not be written: %s", run.job, error)

    async def _in_place(self, run: JobRun) -> None:
        if not await self._on_thread(self._images.is_in_place):
            raise Refused("The folder of the photographs is gone. Is its disk mounted? Nothing was changed.")

    async def _delete_older(self, run: JobRun, days: int, page_after: Page) -> None:
        last: Kept | None = None
        while True:
            now = self._trusted_moment()
            page = await page_after(last, now.now_ms - days * DAY_MS)
            if not page or not self._may_go_on(run):
                return
            await self._let_go(run, outdated(page, days, now))
            last = page[-1]

    def _trusted_moment(self) -> Moment:
        # In this order: a clock that steps after it was asked for its trust is found out by the next batch.
        now = Moment(self._clock.now(), self._clock.running_ms(), self._clock.synchronised())
        reason = self._clock.distrust()
        if reason is not None:
            raise Refused(f"Nothing is deleted by age while the clock cannot be trusted. {reason}")
        return msgspec.structs.replace(now, synchronised=now.synchronised and self._clock.vouches_for(now.now_ms))

    async def _delete_oldest(self, run: JobRun, excess_bytes: int, *, to_the_last: bool) -> None:
        """In the order in which they came, whatever the clock did; then those that something was taught on, whose
        crops are kept anyway; those that go last only when they must.
        """
        if excess_bytes <= 0:
            return
        arrivals = await self._database.read(queries.arrivals)
        goal = run.freed_bytes + excess_bytes
        spared, taught, last = Spared(arrivals.images_of), list[int](), list[int]()
        for seqs in in_batches(arrivals.seqs):
            if run.freed_bytes >= goal or not self._may_go_on(run):
                return
            page = await self._database.read(lambda reader, seqs=seqs: queries.with_image(reader, seqs))
            aside = {kept.seq for kept in page if spared(kept)}
            last += sorted(aside)
            taught += [kept.seq for kept in page if kept.taught and kept.seq not in aside]
            ordinary = [kept for kept in page if not kept.taught and kept.seq not in aside]
            await self._let_go(run, enough(ordinary, goal - run.freed_bytes))
        await self._delete_in_order(run, taught, goal)
        if to_the_last:
            await self._delete_in_order(run, last, goal)

    async def _delete_in_order(self, run: JobRun, chosen: list[int], goal: int) -> None:
        for seqs in in_batches(chosen):
            if run.freed_bytes >= goal or not self._may_go_on(run):
                return
            page = await self._database.read(lambda reader, seqs=seqs: queries.with_image(reader, seqs))
            await self._let_go(run, enough(page, goal - run.freed_bytes))

    def _may_go_on(self, run: JobRun) -> bool:
        if self._closing:
            run.errors.append(_GOING_DOWN)
        return not self._closing

    async def _let_go(self, run: JobRun, going: list[Kept]) -> None:
        """One batch: rows and counters in one transaction, then the files, then one fsync of the folder."""
        if not going:
            return
        await self._on_thread(lambda: _refuse_if_gone(self._images, going))

        def release(writer: Writer) -> JobRun:
            released = queries.release(writer, going)
            size_bytes = sum(kept.size_bytes for kept in released)
            progress = msgspec.structs.replace(
                run, deleted_count=run.deleted_count + len(released), freed_bytes=run.freed_bytes + size_bytes
            )
            return msgspec.structs.replace(progress, id=job_runs.save(writer, progress))

        progress = await self._database.write(release)
        run.id, run.deleted_count, run.freed_bytes = progress.id, progress.deleted_count, progress.freed_bytes
        # After the commit: a cut between the two leaves files that the next start removes.
        await self._on_thread(lambda: self._images.remove_all([kept.image_path for kept in going]))

    async def _sweep(self, run: JobRun) -> None:
        found = await orphans.difference(self._database, self._images, self._threads)
        missing = await self._on_thread(lambda: self._images.missing(found.missing))
        await self._in_place(run)
        orphans.refuse_unless_believable(found, len(missing))
        await self._remove_unclaimed(run, found)
        await self._note_missing(run, missing)

    async def _remove_unclaimed(self, run: JobRun, found: Difference) -> None:
        if self._clock.distrust() is not None:
            return  # how long they have been there is anybody's guess
        now_ms = self._clock.now()
        for names in orphans.batches(found.released + found.unknown + found.partial):
            if not self._may_go_on(run):
                return
            old = await self._on_thread(lambda names=names: orphans.untouched(self._images, names, now_ms))
            claims = await self._database.read(lambda reader, old=old: queries.claims(reader, list(old)))
            unclaimed = [name for name in old if claims.get(name) != "claimed"]
            await self._on_thread(lambda unclaimed=unclaimed: self._images.remove_all(unclaimed))
            run.deleted_count += len(unclaimed)
            run.freed_bytes += sum(old[name] for name in unclaimed)
        if run.deleted_count:
            run.id = await self._database.write(lambda writer: job_runs.save(writer, run))

    async def _note_missing(self, run: JobRun, missing: list[str]) -> None:
        for names in orphans.batches(missing):

            def note(writer: Writer, names: list[str] = names) -> JobRun:
                mended = queries.release(writer, queries.claiming(writer, names), _GONE)
                count = run.details.get("missing", 0) + len(mended)
                progress = msgspec.structs.replace(run, details={**run.details, "missing": count})
                return msgspec.structs.replace(progress, id=job_runs.save(writer, progress))

            progress = await self._database.write(note)
            run.id, run.details = progress.id, progress.details

    async def _on_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _refuse_if_gone(images: ImageFiles, going: list[Kept]) -> None:
    """Ask the folder about some of a batch: rows must not let go of files on a disk that is only unplugged."""
    step = max(1, len(going) // _SAMPLE)
    sample = [kept.image_path for kept in going[::step]]
    if 5 * len(images.missing(sample)) <= len(sample):
        return
    missing = images.missing(kept.image_path for kept in going)
    if 5 * len(missing) > len(going):
        raise Refused(
            f"{len(missing)} of {len(going)} photographs to delete have no file. Is their disk mounted? They stay."
        )


def _give_way() -> None:
    """On Linux niceness is a thread's own: receiving and the page come first."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
