"""What the box did by itself or was asked to do: the job_runs table."""

from collections.abc import Callable
from typing import Literal

import msgspec

from pantrybox.storage.database import Reader, Writer

Outcome = Literal["done", "refused", "failed"]
CUT_OFF = "PantryBox was interrupted while this ran."


class JobRun(msgspec.Struct):
    """One run, as far as it got."""

    job: str
    asked_by: str
    started_at_ms: int
    id: int | None = None
    """None: it is not in the table, because it changed nothing so far."""
    ended_at_ms: int | None = None
    outcome: Outcome | None = None
    deleted_count: int = 0
    freed_bytes: int = 0
    errors: list[str] = []
    """Sentences."""
    details: dict[str, int] = {}


class Asker(msgspec.Struct, frozen=True):
    """Who wants a run."""

    name: str
    alongside: Callable[[Writer], None] | None = None
    """What else is written when it begins, such as a line of the audit log; runs of people only."""


BY_ITSELF = Asker("schedule")


class _Row(msgspec.Struct):
    id: int
    job: str
    asked_by: str
    started_at_ms: int
    ended_at_ms: int | None
    outcome: Outcome | None
    deleted_count: int
    freed_bytes: int
    errors: str
    details: str | None


def save(writer: Writer, run: JobRun) -> int:
    """Insert the run or bring its row up to date; returns the row's id."""
    values = {
        "id": run.id,
        "job": run.job,
        "asked_by": run.asked_by,
        "started_at_ms": run.started_at_ms,
        "ended_at_ms": run.ended_at_ms,
        "outcome": run.outcome,
        "deleted_count": run.deleted_count,
        "freed_bytes": run.freed_bytes,
        "errors": msgspec.json.encode(run.errors).decode(),
        "details": msgspec.json.encode(run.details).decode() if run.details else None,
    }
    if run.id is None:
        return writer.insert(_INSERT, values)
    writer.execute(_UPDATE, values)
    return run.id


_INSERT = """
        INSERT INTO job_runs (job, asked_by, started_at_ms, ended_at_ms, outcome, deleted_count, freed_bytes,
                              errors, details)
        VALUES (:job, :asked_by, :started_at_ms, :ended_at_ms, :outcome, :deleted_count, :freed_bytes,
                :errors, :details)
"""
_UPDATE = """
        UPDATE job_runs
        SET ended_at_ms = :ended_at_ms,
            outcome = :outcome,
            deleted_count = :deleted_count,
            freed_bytes = :freed_bytes,
            errors = :errors,
            details = :details
        WHERE id = :id
"""


def newest_first(reader: Reader, before_id: int | None, limit: int) -> list[JobRun]:
    """A page of runs; `before_id` is the last one of the page before."""
    rows = reader.rows(
        _Row,
        """
        SELECT *
        FROM job_runs
        WHERE id < coalesce(:before, 0x7fffffffffffffff)
        ORDER BY id DESC
        LIMIT :limit
        """,
        {"before": before_id, "limit": limit},
    )
    return [_run(row) for row in rows]


def total(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM job_runs")


def newest_of(reader: Reader, job: str) -> JobRun | None:
    """The run of this job that began last; None when none is in the table."""
    row = reader.row_or_none(_Row, "SELECT * FROM job_runs WHERE job = :job ORDER BY id DESC LIMIT 1", {"job": job})
    return _run(row) if row else None


def open_count(reader: Reader) -> int:
    """Runs without an end."""
    return reader.value(int, "SELECT count(*) FROM job_runs WHERE outcome IS NULL")


def end_cut_off(writer: Writer) -> None:
    """Runs that a restart found without an end; only while none runs."""
    writer.execute(
        """
        UPDATE job_runs
        SET outcome = 'failed', errors = json_insert(errors, '$[#]', :sentence)
        WHERE outcome IS NULL
        """,
        {"sentence": CUT_OFF},
    )


def _run(row: _Row) -> JobRun:
    return JobRun(
        id=row.id,
        job=row.job,
        asked_by=row.asked_by,
        started_at_ms=row.started_at_ms,
        ended_at_ms=row.ended_at_ms,
        outcome=row.outcome,
        deleted_count=row.deleted_count,
        freed_bytes=row.freed_bytes,
        errors=msgspec.json.decode(row.errors, type=list[str]),
        details=msgspec.json.decode(row.details or "{}", type=dict[str, int]),
    )
