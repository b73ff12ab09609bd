"""Second looks: photographs are looked at again, one after the other, while new ones come first."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from pantrybox.bell import Bell
from pantrybox.captures import reprocessing
from pantrybox.captures.reprocessing import Run, RunStatus
from pantrybox.clock import DAY_MS, from_iso8601, rfc3339_or_none, to_rfc3339
from pantrybox.errors import NotFound, OutOfRange
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.authority import needs

_DATE_LENGTH = len("2026-11-20")
_LARGEST_ID = 2**63 - 1

LIMIT = Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")]
CURSOR = Annotated[int | None, QueryParameter(ge=1, le=2**53, description="A `next_cursor`.")]


class Wish(msgspec.Struct, frozen=True):
    """One of: a day, a span of time, everything."""

    date: str | None = None
    """A day in UTC, such as 2026-11-20, by when the photographs were taken."""
    from_: str | None = msgspec.field(default=None, name="from")
    """A day or a moment."""
    to: str | None = None
    """A day, which belongs to it, or the moment up to which."""
    all: bool = False


class Span(msgspec.Struct, frozen=True):
    """Photographs that were taken in [from_ms, to_ms); None: without that end."""

    from_ms: int | None = None
    to_ms: int | None = None


class Asked(msgspec.Struct, frozen=True):
    run_id: int
    total: int
    status: RunStatus


class RunView(msgspec.Struct, frozen=True):
    run_id: int
    status: RunStatus
    total: int
    done: int
    failed: int
    """Could not be looked at; what was first seen in them stays."""
    asked_by: str
    asked_at: str
    ended_at: str | None


class RunList(msgspec.Struct, frozen=True):
    total: int
    items: list[RunView]
    next_cursor: str | None


@post("/v1/captures/{capture_id:str}/reprocess", opt=needs("write"), status_code=200)
async def reprocess_capture(
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    new_capture: NamedDependency[Bell],
    capture_id: FromPath[str],
) -> Asked:
    """Look at one photograph again."""

    def ask(writer: Writer) -> Asked:
        run_id = reprocessing.ask(writer, reprocessing.one(writer, capture_id), actor.name)
        audit.record(writer, actor.name, "run.asked", str(run_id), capture_id=capture_id)
        return Asked(run_id, 1, "queued")

    asked = await database.write(ask)
    new_capture.ring()
    return asked


@post("/v1/reprocess", opt=needs("write"))
async def reprocess(
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    new_capture: NamedDependency[Bell],
    data: JSONBody[Wish],
) -> Asked:
    """Look again at the photographs of a day, of a span of time, or at all whose image is there."""
    span = span_of(data)
    # Counted on a reader: nobody waits for it who has a photograph to store.
    chosen = await database.read(lambda reader: reprocessing.taken_between(reader, span.from_ms, span.to_ms))

    def ask(writer: Writer) -> Asked:
        run_id = reprocessing.ask(writer, chosen, actor.name, from_ms=span.from_ms, to_ms=span.to_ms)
        audit.record(writer, actor.name, "run.asked", str(run_id), total=chosen.total)
        return Asked(run_id, chosen.total, reprocessing.run_of(writer, run_id).status)

    asked = await database.write(ask)
    new_capture.ring()
    return asked


@get("/v1/reprocess", opt=needs("read"))
async def list_runs(database: NamedDependency[Database], cursor: CURSOR = None, limit: LIMIT = 100) -> RunList:
    """Wishes to look again and how far they have come, newest first."""

    def query(reader: Reader) -> RunList:
        runs = reprocessing.newest_first(reader, before_id=cursor, limit=limit)
        return RunList(
            total=reprocessing.run_count(reader),
            items=[_view(run) for run in runs],
            next_cursor=str(runs[-1].id) if len(runs) == limit else None,
        )

    return await database.read(query)


@get("/v1/reprocess/{run_id:int}", opt=needs("read"))
async def run_detail(database: NamedDependency[Database], run_id: FromPath[int]) -> RunView:
    """How far one wish has come."""
    number = _storable(run_id)
    return await database.read(lambda reader: _view(reprocessing.run_of(reader, number)))


@post("/v1/reprocess/{run_id:int}/cancel", opt=needs("write"), status_code=200)
async def cancel_run(
    database: NamedDependency[Database], actor: NamedDependency[Actor], run_id: FromPath[int]
) -> RunView:
    """Look at no more photographs; what was seen in those that were done stays."""
    number = _storable(run_id)

    def cancel(writer: Writer) -> RunView:
        run = reprocessing.cancel(writer, number)
        audit.record(writer, actor.name, "run.cancelled", str(number))
        return _view(run)

    return await database.write(cancel)


def span_of(wish: Wish) -> Span:
    """OutOfRange unless exactly one thing is wished, and for a span without any time in it."""
    wishes = [wish.date is not None, wish.from_ is not None or wish.to is not None, wish.all]
    if sum(wishes) != 1:
        raise OutOfRange('Say one of {"date": "2026-11-20"}, {"from": ..., "to": ...} and {"all": true}.')
    if wish.date is not None:
        start_ms = from_iso8601(f"{wish.date}T00:00:00Z")
        return Span(start_ms, start_ms + DAY_MS)
    from_ms = None if wish.from_ is None else from_iso8601(wish.from_)
    to_ms = None if wish.to is None else from_iso8601(wish.to) + (DAY_MS if len(wish.to) <= _DATE_LENGTH else 0)
    if from_ms is not None and to_ms is not None and to_ms <= from_ms:
        raise OutOfRange("from: there is no time between this and to.")
    return Span(from_ms, to_ms)


def _storable(run_id: int) -> int:
    if not 0 < run_id <= _LARGEST_ID:
        raise NotFound("There is no such run.")
    return run_id


def _view(run: Run) -> RunView:
    return RunView(
        run_id=run.id,
        status=run.status,
        total=run.total,
        done=run.done,
        failed=run.failed,
        asked_by=run.asked_by,
        asked_at=to_rfc3339(run.asked_at_ms),
        ended_at=rfc3339_or_none(run.ended_at_ms),
    )
