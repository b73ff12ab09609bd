"""Second looks: wishes to look again at photographs, worked off one photograph after the other."""

from typing import Literal

import msgspec

from pantrybox.captures import queries
from pantrybox.captures.model import Capture
from pantrybox.captures.queue import MAX_ATTEMPTS
from pantrybox.errors import Conflict, NotFound
from pantrybox.storage.database import Reader, Writer

RunStatus = Literal["queued", "running", "done", "cancelled"]


class Run(msgspec.Struct, frozen=True):
    """A wish, and how far it has come."""

    id: int
    from_seq: int
    to_seq: int
    from_ms: int | None
    """With `to_ms`: only photographs taken in [from_ms, to_ms)."""
    to_ms: int | None
    next_seq: int
    total: int
    """How many photographs; those whose image was deleted meanwhile are taken off at the end."""
    done: int
    """How many were looked at again with success."""
    failed: int
    """How many could not be looked at; what was first seen in them stays."""
    asked_by: str
    asked_at_ms: int
    ended_at_ms: int | None
    cancelled: bool

    @property
    def status(self) -> RunStatus:
        if self.cancelled:
            return "cancelled"
        if self.ended_at_ms is not None:
            return "done"
        return "running" if self.done or self.failed else "queued"


class Chosen(msgspec.Struct, frozen=True):
    """The photographs of a wish. None of them waits for its first look: that one comes anyway, and earlier."""

    from_seq: int
    to_seq: int
    total: int


def one(reader: Reader, capture_id: str) -> Chosen:
    """NotFound or Conflict when it cannot be looked at again."""
    capture = queries.by_id(reader, capture_id)
    if capture is None:
        raise NotFound("There is no such photograph.")
    if capture.image_path is None:
        raise Conflict("The image of this photograph was deleted: there is nothing left to look at.")
    if capture.status in {"stored", "analyzing"}:
        raise Conflict("This photograph waits for its first look.")
    return Chosen(capture.seq, capture.seq, 1)


def taken_between(reader: Reader, from_ms: int | None, to_ms: int | None) -> Chosen:
    """Those whose image is there. Nothing is received before it is taken, so the index by receipt leads to them."""
    return reader.rows(
        Chosen,
        """
        SELECT coalesce(min(seq), 0) AS from_seq, coalesce(max(seq), 0) AS to_seq, count(*) AS total
        FROM captures INDEXED BY captures_with_image
        WHERE image_path IS NOT NULL
          AND received_at_ms >= coalesce(:from_ms, 0)
          AND captured_at_ms >= coalesce(:from_ms, 0)
          AND (:to_ms IS NULL OR captured_at_ms < :to_ms)
          AND status IN ('complete', 'failed')
        """,
        {"from_ms": from_ms, "to_ms": to_ms},
    )[0]


def ask(writer: Writer, chosen: Chosen, asked_by: str, *, from_ms: int | None = None, to_ms: int | None = None) -> int:
    """The id of a new run; one without photographs is over at once."""
    return writer.insert(
        """
        INSERT INTO reprocess_runs (from_seq, to_seq, from_ms, to_ms, next_seq, total, asked_by, asked_at_ms,
                                    ended_at_ms)
        VALUES (:from_seq, :to_seq, :from_ms, :to_ms, :from_seq, :total, :asked_by, :now_ms, :ended_at_ms)
        """,
        {
            **msgspec.structs.asdict(chosen),
            "from_ms": from_ms,
            "to_ms": to_ms,
            "asked_by": asked_by,
            "now_ms": writer.now_ms,
            "ended_at_ms": None if chosen.total else writer.now_ms,
        },
    )


def run_of(reader: Reader, run_id: int) -> Run:
    """NotFound when there is none of that number."""
    run = reader.row_or_none(Run, "SELECT * FROM reprocess_runs WHERE id = :id", {"id": run_id})
    if run is None:
        raise NotFound("There is no such run.")
    return run


def newest_first(reader: Reader, *, before_id: int | None, limit: int) -> list[Run]:
    return reader.rows(
        Run,
        """
        SELECT *
        FROM reprocess_runs
        WHERE :before IS NULL OR id < :before
        ORDER BY id DESC
        LIMIT :limit
        """,
        {"before": before_id, "limit": limit},
    )


def run_count(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM reprocess_runs")


def cancel(writer: Writer, run_id: int) -> Run:
    """The run as it stands then. Conflict when it was done before; cancelling twice changes nothing."""
    run = run_of(writer, run_id)
    if run.status == "done":
        raise Conflict("This run is done: there is nothing left to cancel.")
    writer.execute(
        "UPDATE reprocess_runs SET ended_at_ms = :now_ms, cancelled = 1 WHERE id = :id AND ended_at_ms IS NULL",
        {"id": run_id, "now_ms": writer.now_ms},
    )
    return run_of(writer, run_id)


class SecondLook(msgspec.Struct, frozen=True):
    """What is to be looked at again, and for whom."""

    run: Run
    capture: Capture | None
    """None when nothing is left of the run."""

    @property
    def begun(self) -> bool:
        """Whether the attempt is counted already."""
        return self.capture is not None and self.capture.attempts > 0


def next_look(reader: Reader) -> SecondLook | None:
    """Of the oldest run that is open; None without one."""
    run = reader.row_or_none(
        Run,
        "SELECT * FROM reprocess_runs WHERE ended_at_ms IS NULL ORDER BY id LIMIT 1",
    )
    return SecondLook(run, _next_of(reader, run)) if run else None


def _next_of(reader: Reader, run: Run) -> Capture | None:
    return reader.row_or_none(
        Capture,
        f"""
        SELECT {queries.COLUMNS}
        FROM captures
        WHERE seq BETWEEN :next_seq AND :to_seq
          AND image_path IS NOT NULL
          AND (:from_ms IS NULL OR captured_at_ms >= :from_ms)
          AND (:to_ms IS NULL OR captured_at_ms < :to_ms)
        ORDER BY seq
        LIMIT 1
        """,  # noqa: S608 - only column names are filled in
        {"next_seq": run.next_seq, "to_seq": run.to_seq, "from_ms": run.from_ms, "to_ms": run.to_ms},
    )


def begin_next(writer: Writer) -> None:
    """End the runs of which nothing is left, and count the attempt at the next photograph.

    One on which the process died too often counts as failed: what was first seen in it stays.
    """
    while (look := next_look(writer)) is not None:
        if look.capture is None:
            _end(writer, look.run)
        elif look.capture.attempts < MAX_ATTEMPTS:
            queries.begin_second_look(writer, look.capture.id)
            return
        else:
            _step_past(writer, look.run, look.capture, done=0, failed=1)


def is_open(reader: Reader, run: Run) -> bool:
    return run_of(reader, run.id).ended_at_ms is None


def ended(writer: Writer, run: Run, capture: Capture, *, seen: bool) -> None:
    """Count one photograph of a run, and begin with the next; a run that was cancelled meanwhile counts no more."""
    _step_past(writer, run, capture, done=int(seen), failed=int(not seen))
    begin_next(writer)


def _step_past(writer: Writer, run: Run, capture: Capture, *, done: int, failed: int) -> None:
    queries.end_second_look(writer, capture.id)
    writer.execute(
        """
        UPDATE reprocess_runs
        SET next_seq = :seq + 1, done = done + :done, failed = failed + :failed
        WHERE id = :id AND ended_at_ms IS NULL
        """,
        {"id": run.id, "seq": capture.seq, "done": done, "failed": failed},
    )


def _end(writer: Writer, run: Run) -> None:
    writer.execute(
        "UPDATE reprocess_runs SET ended_at_ms = :now_ms, total = done + failed WHERE id = :id",
        {"id": run.id, "now_ms": writer.now_ms},
    )
