"""Taking back over HTTP: one change, what a photograph did, a whole day."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from pantrybox.bell import Bell
from pantrybox.inventory import places, undoing
from pantrybox.names import Name
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Writer
from pantrybox.web.authority import needs
from pantrybox.web.captures import known
from pantrybox.web.numbers import in_range

_MOST_PLACES = 100


class Undone(msgspec.Struct, frozen=True):
    success: bool
    message: str
    event_id: int
    """The line that took it back; undoing that one brings it again."""


class DayToUndo(msgspec.Struct, frozen=True):
    date: date
    """Of the house: in the time zone of the box."""
    places: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=_MOST_PLACES)] | None = None
    """Only what happened there."""


class SeveralUndone(msgspec.Struct, frozen=True):
    success: bool
    message: str
    event_count: int
    event_ids: list[int]
    """The lines that took it back, oldest first; undoing one of them brings that change again."""


@post("/v1/inventory/events/{event_id:int}/undo", opt=needs("write"), status_code=200)
async def undo_event(
    event_id: FromPath[int],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Undone:
    """Take one change back, by a new line in the ledger. An undo can be undone; a merge is parted again.

    A move is taken back at both of its places.
    """

    def take_back(writer: Writer) -> int:
        new_id = undoing.undo(writer, in_range(event_id), actor.name)
        audit.record(writer, actor.name, "event.undone", str(event_id))
        return new_id

    new_id = await database.write(take_back)
    shelf_changed.ring()
    return Undone(success=True, message="Undone.", event_id=new_id)


@post("/v1/captures/{capture_id:str}/undo", opt=needs("write"), status_code=200)
async def undo_photograph(
    capture_id: FromPath[str],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> SeveralUndone:
    """Take back all that a photograph did to the stock and that was not undone yet: all of it or nothing."""

    def take_back(writer: Writer) -> list[int]:
        event_ids = undoing.undo_photograph(writer, known(writer, capture_id).id, actor.name)
        audit.record(writer, actor.name, "capture.undone", capture_id, count=len(event_ids))
        return event_ids

    event_ids = await database.write(take_back)
    shelf_changed.ring()
    return _several(event_ids, "What this photograph did is undone.")


@post("/v1/inventory/undo-day", opt=needs("write"), status_code=200)
async def undo_day(
    data: JSONBody[DayToUndo],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> SeveralUndone:
    """Take back all that happened on a day and that was not undone: all of it or nothing. What came later stays."""

    def take_back(writer: Writer) -> list[int]:
        place_ids = None if data.places is None else [places.known_place(writer, name) for name in data.places]
        event_ids = undoing.undo_day(writer, data.date, place_ids, actor.name)
        audit.record(writer, actor.name, "stock.day-undone", data.date.isoformat(), count=len(event_ids))
        return event_ids

    event_ids = await database.write(take_back)
    shelf_changed.ring()
    return _several(event_ids, f"What happened on {data.date.isoformat()} is undone.")


def _several(event_ids: list[int], message: str) -> SeveralUndone:
    return SeveralUndone(success=True, message=message, event_count=len(event_ids), event_ids=event_ids)
