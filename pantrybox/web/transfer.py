"""The stock as a file: taken away by anybody who may look, brought back by who may write."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from pantrybox.bell import Bell
from pantrybox.clock import Clock, to_rfc3339
from pantrybox.errors import OutOfRange
from pantrybox.inventory import export, takeover
from pantrybox.inventory.export import Exported, Snapshot
from pantrybox.inventory.interchange import CSV_COLUMNS, MAX_BYTES, Parsed, csv_text, parsed_csv, parsed_json
from pantrybox.inventory.takeover import Outcome
from pantrybox.names import MAX_NAME, Name
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Writer
from pantrybox.web.authority import needs

Format = Literal["json", "csv"]

_PAST_COLUMNS = ("date", "name", "place", "event_type", "delta", "count", "confidence", "capture_id", "said_by")
_AT_ONCE = 200
"""Entries of a file that are sent together."""


class Imported(Outcome, frozen=True):
    dry_run: bool
    """Nothing was changed: this is what would have been."""


@get("/v1/inventory/export", opt=needs("read"))
async def export_inventory(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    format: FromQuery[Format] = "json",
    include_history: Annotated[
        bool,
        QueryParameter(description="JSON: each entry's `history`. CSV: one line for each event instead of each item."),
    ] = False,
) -> Stream:
    """Everything that is known, as of one moment, for `import` to take back.

    JSON has one entry, on a line of its own, for each item and place. CSV has one line for each item; a cell that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    at = to_rfc3339(now())
    if format == "json":
        snapshot = await database.read(export.snapshot)
        return _file(_json(database, snapshot, at, include_history=include_history), "json", "inventory", at)
    if include_history:
        snapshot = await database.read(export.snapshot)
        return _file(_past_csv(database, snapshot.newest_event_id), "csv", "history", at)
    lines = await database.read(export.csv_lines)
    return _file(_csv([CSV_COLUMNS, *map(msgspec.structs.astuple, lines)]), "csv", "inventory", at)


def _file(chunks: AsyncGenerator[bytes], kind: Format, what: str, at: str) -> Stream:
    media_type = "application/json" if kind == "json" else "text/csv; charset=utf-8"
    name = f"pantrybox-{what}-{at[:10]}.{kind}"
    headers = {
        "content-type": media_type,  # Litestar's own says JSON whatever streams
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Stream(chunks, headers=headers)


async def _csv(rows: list[Iterable[object]]) -> AsyncGenerator[bytes]:
    for start in range(0, len(rows), _AT_ONCE):
        yield csv_text(rows[start : start + _AT_ONCE]).encode()


async def _past_csv(database: Database, newest: int) -> AsyncGenerator[bytes]:
    yield csv_text([_PAST_COLUMNS]).encode()
    after_id = 0
    while True:
        page = await database.read(lambda reader, after=after_id: export.ledger_page(reader, after, newest))
        if not page:
            return
        yield csv_text(
            (to_rfc3339(row.happened_at_ms), *msgspec.structs.astuple(row)[2:])  # without its id
            for row in page
        ).encode()
        after_id = page[-1].id


async def _json(database: Database, snapshot: Snapshot, at: str, *, include_history: bool) -> AsyncGenerator[bytes]:
    head = {"format": "json", "exported_at": at, "item_count": len(snapshot.lines)}
    yield msgspec.json.encode(head)[:-1] + b',"items":['
    for number, line in enumerate(snapshot.lines):
        yield b",\n" if number else b"\n"
        if include_history and line.place_id is not None:
            async for chunk in _with_history(database, line, snapshot.newest_event_id):
                yield chunk
        else:
            yield msgspec.json.encode(line.entry)
    yield b"\n]}\n"


async def _with_history(database: Database, line: Exported, newest: int) -> AsyncGenerator[bytes]:
    yield msgspec.json.encode(line.entry)[:-1] + b',"history":['
    after: tuple[int, int] | None = (-1, 0)
    is_first = True
    while after is not None:
        page, after = await database.read(lambda reader, after=after: export.history_page(reader, line, newest, after))
        if page:
            yield (b"" if is_first else b",") + msgspec.json.encode(page)[1:-1]
            is_first = False
    yield b"]}"


@post(
    "/v1/inventory/import",
    opt=needs("write"),
    status_code=200,
    request_max_body_size=MAX_BYTES,
)
async def import_inventory(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
    format: FromQuery[Format] = "json",
    place: Annotated[
        str | None, QueryParameter(max_length=MAX_NAME, description="For new items that the file puts nowhere.")
    ] = None,
    dry_run: Annotated[bool, QueryParameter(description="Only say what would happen.")] = False,
) -> Imported:
    """Take back what `export` gave, or what a spreadsheet made of it. All of it, or nothing and the faulty lines."""
    parsed = await asyncio.to_thread(_parsed, format, await request.body())
    takeover.refuse(parsed.faults)

    def take_over(writer: Writer) -> Outcome:
        outcome = takeover.take_over(writer, parsed.told, place=_place(place), by=actor.name)
        if dry_run:
            raise _Rehearsed(outcome)
        if outcome.imported:
            counts = msgspec.structs.asdict(outcome)
            audit.record(writer, actor.name, "inventory.imported", **counts)
        return outcome

    try:
        outcome = await database.write(take_over)
    except _Rehearsed as rehearsed:
        outcome = rehearsed.outcome
    else:
        shelf_changed.ring()
    return Imported(**msgspec.structs.asdict(outcome), dry_run=dry_run)


class _Rehearsed(Exception):
    """Ends a transaction that was to show what would happen, so that it does not."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def _parsed(kind: Format, body: bytes) -> Parsed:
    return parsed_json(body) if kind == "json" else parsed_csv(body)


def _place(name: str | None) -> str | None:
    try:
        return msgspec.convert(name, Name | None)
    except msgspec.ValidationError as error:
        raise OutOfRange("place: a name is one line of text with something in it.") from error
