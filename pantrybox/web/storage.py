"""The storage of photographs: how much there is, clean-ups on demand, and what ran."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from pantrybox.captures import job_runs, retention_queries
from pantrybox.captures.job_runs import Asker, JobRun, Outcome
from pantrybox.captures.keeper import MEGABYTE, Keeper
from pantrybox.captures.retention import FAILED_DAYS
from pantrybox.clock import DAY_MS, Clock, rfc3339_or_none, to_rfc3339
from pantrybox.errors import Conflict
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.authority import needs

Upcoming = Callable[[], dict[str, int]]
"""When each job runs next."""
Days = Annotated[int | None, QueryParameter(ge=1, le=3650, description="Received more than this many days ago.")]
MaxMb = Annotated[
    int | None, QueryParameter(ge=1, le=1_000_000_000, description="1 MB is 1024 x 1024 bytes; else MAX_STORAGE_MB.")
]


class Storage(msgspec.Struct, frozen=True):
    total_size_mb: float
    """1 MB is 1024 x 1024 bytes."""
    file_count: int
    oldest_file: str | None
    """When the oldest photograph that has its image was received."""
    newest_file: str | None


class StorageStats(msgspec.Struct, frozen=True):
    storage: Storage
    status: str = "ok"


class QuotaCleanup(msgspec.Struct, frozen=True):
    success: bool
    deleted_count: int
    freed_mb: float
    errors: list[str]
    """Sentences."""


class Cleanup(QuotaCleanup, frozen=True):
    cutoff_date: str
    """What was received before then was to go."""


class CleanupDone(msgspec.Struct, frozen=True):
    result: Cleanup
    status: str = "ok"


class Quota(msgspec.Struct, frozen=True):
    """`previous_size_mb`, `freed_mb` and `cleanup_result` are there when it was over its limit."""

    over_quota: bool
    current_size_mb: float
    limit_mb: int
    cleanup_needed: bool
    previous_size_mb: float | msgspec.UnsetType = msgspec.UNSET
    freed_mb: float | msgspec.UnsetType = msgspec.UNSET
    cleanup_result: QuotaCleanup | msgspec.UnsetType = msgspec.UNSET


class QuotaChecked(msgspec.Struct, frozen=True):
    result: Quota
    status: str = "ok"


class OrphansRemoved(msgspec.Struct, frozen=True):
    deleted_count: int
    status: str = "ok"


class JobRunView(msgspec.Struct, frozen=True):
    id: int | None
    job: str
    asked_by: str
    started_at: str
    ended_at: str | None
    outcome: Outcome | None
    """None while it runs."""
    deleted_count: int
    freed_mb: float
    errors: list[str]
    details: dict[str, int]


class NextRun(msgspec.Struct, frozen=True):
    job: str
    at: str


class JobRuns(msgspec.Struct, frozen=True):
    total: int
    items: list[JobRunView]
    next_cursor: str | None
    next: list[NextRun]
    latest: list[JobRunView]
    """The newest run of each job since the box started, those too that found nothing to do and are not kept."""


@get("/v1/admin/storage/stats", opt=needs("admin"))
async def storage_stats(database: NamedDependency[Database]) -> StorageStats:
    """How many photographs there are and how large they are, from counters."""
    totals = await database.read(retention_queries.totals)
    return StorageStats(
        Storage(
            total_size_mb=_mb(totals.image_bytes),
            file_count=totals.image_count,
            oldest_file=rfc3339_or_none(totals.oldest_ms),
            newest_file=rfc3339_or_none(totals.newest_ms),
        )
    )


@post("/v1/admin/storage/cleanup", opt=needs("admin"), status_code=200)
async def clean_up(
    keeper: NamedDependency[Keeper], actor: NamedDependency[Actor], now: NamedDependency[Clock], days: Days = None
) -> CleanupDone:
    """Delete the images received more than `days` ago (else IMAGE_RETENTION_DAYS); what was seen in them is kept.

    409 while the clock cannot be trusted.
    """
    days = days or keeper.retention_days
    run = await keeper.by_age(days, _asker(actor, "retention", days=days))
    return CleanupDone(_cleanup(run, days, now()))


@post("/v1/admin/storage/cleanup-failed", opt=needs("admin"), status_code=200)
async def clean_up_failed(
    keeper: NamedDependency[Keeper],
    actor: NamedDependency[Actor],
    now: NamedDependency[Clock],
    days: Days = FAILED_DAYS,
) -> CleanupDone:
    """Delete the images in which nothing could be seen, when they were received more than `days` ago.

    409 while the clock cannot be trusted.
    """
    days = days or FAILED_DAYS
    run = await keeper.failed(days, _asker(actor, "failed", days=days))
    return CleanupDone(_cleanup(run, days, now()))


@post("/v1/admin/storage/check-quota", opt=needs("admin"), status_code=200)
async def check_quota(
    keeper: NamedDependency[Keeper],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    max_mb: MaxMb = None,
) -> QuotaChecked:
    """Delete the oldest images until all together are at most `max_mb` large."""
    max_mb = max_mb or keeper.max_mb
    run = await keeper.to_quota(max_mb, _asker(actor, "quota", max_mb=max_mb))
    totals = await database.read(retention_queries.totals)
    return QuotaChecked(_quota(run, max_mb, totals.image_bytes))


@post("/v1/admin/storage/cleanup-orphans", opt=needs("admin"), status_code=200)
async def clean_up_orphans(keeper: NamedDependency[Keeper], actor: NamedDependency[Actor]) -> OrphansRemoved:
    """Delete files that belong to no photograph and were untouched for an hour.

    409 when so much does not fit together that the folder or the database must be another one.
    """
    run = await keeper.sweep(_asker(actor, "sweep"))
    _refused(run)
    return OrphansRemoved(run.deleted_count)


@get("/v1/admin/jobs", opt=needs("admin"))
async def list_job_runs(
    database: NamedDependency[Database],
    keeper: NamedDependency[Keeper],
    upcoming: NamedDependency[Upcoming],
    cursor: Annotated[int | None, QueryParameter(ge=1, le=2**53, description="A `next_cursor`.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")] = 100,
) -> JobRuns:
    """What the box did by itself or was asked to do, newest first, how far it got, and what comes next."""

    def query(reader: Reader) -> tuple[int, list[JobRun]]:
        return job_runs.total(reader), job_runs.newest_first(reader, cursor, limit)

    total, runs = await database.read(query)
    return JobRuns(
        total=total,
        items=[_view(run) for run in runs],
        next_cursor=str(runs[-1].id) if len(runs) == limit else None,
        next=[NextRun(job, to_rfc3339(at_ms)) for job, at_ms in upcoming().items()],
        latest=[_view(run) for run in keeper.last.values()],
    )


def _asker(actor: Actor, job: str, **details: int) -> Asker:
    def alongside(writer: Writer) -> None:
        audit.record(writer, actor.name, "storage.cleaned", job, **details)

    return Asker(actor.name, alongside)


def _refused(run: JobRun) -> None:
    """Conflict when nothing was done, for a reason."""
    if run.outcome == "refused" and not run.deleted_count:
        raise Conflict(run.errors[-1])


def _cleanup(run: JobRun, days: int, now_ms: int) -> Cleanup:
    _refused(run)
    done = _deleted(run)
    cutoff_ms = max(0, now_ms - days * DAY_MS)
    return Cleanup(done.success, done.deleted_count, done.freed_mb, done.errors, to_rfc3339(cutoff_ms))


def _quota(run: JobRun, max_mb: int, left_bytes: int) -> Quota:
    before_bytes = run.details.get("previous_bytes", left_bytes)
    if before_bytes <= max_mb * MEGABYTE:
        return Quota(False, _mb(left_bytes), max_mb, cleanup_needed=False)
    return Quota(
        over_quota=True,
        current_size_mb=_mb(left_bytes),
        limit_mb=max_mb,
        cleanup_needed=True,
        previous_size_mb=_mb(before_bytes),
        freed_mb=_mb(run.freed_bytes),
        cleanup_result=_deleted(run),
    )


def _deleted(run: JobRun) -> QuotaCleanup:
    return QuotaCleanup(run.outcome == "done", run.deleted_count, _mb(run.freed_bytes), run.errors)


def _view(run: JobRun) -> JobRunView:
    return JobRunView(
        id=run.id,
        job=run.job,
        asked_by=run.asked_by,
        started_at=to_rfc3339(run.started_at_ms),
        ended_at=rfc3339_or_none(run.ended_at_ms),
        outcome=run.outcome,
        deleted_count=run.deleted_count,
        freed_mb=_mb(run.freed_bytes),
        errors=run.errors,
        details=run.details,
    )


def _mb(size_bytes: int) -> float:
    return round(size_bytes / MEGABYTE, 2)
