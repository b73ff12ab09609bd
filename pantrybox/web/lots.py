"""Lots over HTTP: which units end when, which are open, and what is to be used soon."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from pantrybox.bell import Bell
from pantrybox.clock import Clock, local_date, rfc3339_or_none, to_rfc3339
from pantrybox.inventory import dating, items, lot_queries, lots, meant
from pantrybox.inventory.dating import LotChange
from pantrybox.inventory.lots import Lot, Rank
from pantrybox.names import MAX_NAME, Name
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.authority import needs
from pantrybox.web.cursors import CURSOR, LIMIT, Whole, cursor_of, position_in
from pantrybox.web.numbers import Amount, in_range

_RankPosition = tuple[str, Whole, str, Whole]


class LotView(msgspec.Struct, frozen=True):
    lot_id: int
    item_name: str
    place: str
    count: int
    """How many of it are still there."""
    best_before: date | None
    """Its last good day; null when nobody said."""
    days_left: int | None
    """0 on that day, less when it is past."""
    opened_at: str | None
    added_at: str
    added_by: str


class Lots(msgspec.Struct, frozen=True):
    total: int
    items: list[LotView]
    next_cursor: str | None


class ItemLots(msgspec.Struct, frozen=True):
    item_id: int
    item_name: str
    lots: list[LotView]
    """What ends first comes first. What has no date and is not open is in none."""


class Dated(msgspec.Struct, frozen=True):
    item_name: Name
    count: Amount
    """So many of what is there."""
    best_before: date
    """Their last good day. What was said of this day before is replaced."""
    place: Name | None = None
    """Where; it can be left out unless the item stands in several places."""


class LotCorrection(msgspec.Struct, frozen=True):
    """What is not named stays as it is."""

    count: Amount | msgspec.UnsetType = msgspec.UNSET
    best_before: date | msgspec.UnsetType = msgspec.UNSET
    opened: bool | msgspec.UnsetType = msgspec.UNSET
    """True opens one of them."""


class SoonItem(msgspec.Struct, frozen=True):
    name: str
    place: str
    count: int
    best_before: date | None
    days_left: int | None
    """Less than 0 when it is past."""
    opened_at: str | None
    item_id: int
    lot_id: int


class UseSoon(msgspec.Struct, frozen=True):
    days: int
    item_count: int
    items: list[SoonItem]
    next_cursor: str | None


@get("/v1/inventory/lots", opt=needs("read"))
async def list_lots(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    item_name: Annotated[str | None, QueryParameter(max_length=MAX_NAME, description="Only of this item.")] = None,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> Lots:
    """Which units have a best-before date or are open; what ends first comes first."""
    after = None if cursor is None else position_in(_RankPosition, cursor)
    today = local_date(now())

    def query(reader: Reader) -> list[Lot]:
        item_id = items.known_item(reader, item_name).id if item_name is not None else None
        return lots_of(reader, item_id)

    found = await database.read(query)
    page, next_cursor = _page(found, after, limit)
    return Lots(total=len(found), items=[lot_view(lot, today) for lot in page], next_cursor=next_cursor)


@get("/v1/inventory/use-soon", opt=needs("read"))
async def use_soon(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    days: Annotated[int, QueryParameter(ge=0, le=3650, description="Up to so many days before it ends.")] = 7,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> UseSoon:
    """What ends within so many days, is past its date, or is open; what ends first comes first."""
    after = None if cursor is None else position_in(_RankPosition, cursor)
    today = local_date(now())
    known = await database.read(lots_of)
    soon = [lot for lot in known if lots.is_to_be_used_soon(lot, today, days)]
    page, next_cursor = _page(soon, after, limit)
    return UseSoon(days=days, item_count=len(soon), items=[_soon(lot, today) for lot in page], next_cursor=next_cursor)


@post("/v1/inventory/lots", opt=needs("write"), status_code=200)
async def date_lot(
    data: JSONBody[Dated],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> ItemLots:
    """Say when so many of what is there end."""

    def say(writer: Writer) -> ItemLots:
        item = items.known_item(writer, data.item_name)
        place_id = meant.place_to_take_from(writer, item.id, data.place)
        dating.say_when(writer, item.id, place_id, data.count, data.best_before, actor.name)
        audit.record(writer, actor.name, "lot.dated", item.canonical_name, best_before=data.best_before.isoformat())
        return _of_item(writer, item.id, local_date(now()))

    said = await database.write(say)
    shelf_changed.ring()
    return said


@patch("/v1/inventory/lots/{lot_id:int}", opt=needs("write"))
async def correct_lot(
    lot_id: FromPath[int],
    data: JSONBody[LotCorrection],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> ItemLots:
    """Say something else of a lot: how many, when they end, whether one is open."""

    def say(writer: Writer) -> ItemLots:
        change = LotChange(**msgspec.structs.asdict(data))
        lot = dating.correct(writer, in_range(lot_id), change, actor.name)
        audit.record(writer, actor.name, "lot.corrected", lot.item_name)
        return _of_item(writer, lot.item_id, local_date(now()))

    said = await database.write(say)
    shelf_changed.ring()
    return said


@delete("/v1/inventory/lots/{lot_id:int}", opt=needs("write"), status_code=200)
async def forget_lot(
    lot_id: FromPath[int],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> ItemLots:
    """Forget what was said of a lot; its units stay, without a date."""

    def forget(writer: Writer) -> ItemLots:
        lot = dating.forget(writer, in_range(lot_id))
        audit.record(writer, actor.name, "lot.forgotten", lot.item_name)
        return _of_item(writer, lot.item_id, local_date(now()))

    said = await database.write(forget)
    shelf_changed.ring()
    return said


def lots_of(reader: Reader, item_id: int | None = None) -> list[Lot]:
    """What is still there of one item's lots or of all; what ends first comes first."""
    return lots.still_there_everywhere(lot_queries.written(reader, item_id))


def _of_item(reader: Reader, item_id: int, today: date) -> ItemLots:
    found = lots_of(reader, item_id)
    return ItemLots(item_id, items.name_of(reader, item_id), [lot_view(lot, today) for lot in found])


def _page(found: list[Lot], after: Rank | None, limit: int) -> tuple[list[Lot], str | None]:
    """Those after a position, and the cursor of the next page."""
    rest = [lot for lot in found if after is None or lots.rank(lot) > after]
    next_cursor = cursor_of(lots.rank(rest[limit - 1])) if len(rest) > limit else None
    return rest[:limit], next_cursor


def lot_view(lot: Lot, today: date) -> LotView:
    return LotView(
        lot_id=lot.id,
        item_name=lot.item_name,
        place=lot.place_name,
        count=lot.count,
        best_before=lot.best_before,
        days_left=lots.days_left(lot, today),
        opened_at=rfc3339_or_none(lot.opened_at_ms),
        added_at=to_rfc3339(lot.added_at_ms),
        added_by=lot.added_by,
    )


def _soon(lot: Lot, today: date) -> SoonItem:
    return SoonItem(
        name=lot.item_name,
        place=lot.place_name,
        count=lot.count,
        best_before=lot.best_before,
        days_left=lots.days_left(lot, today),
        opened_at=rfc3339_or_none(lot.opened_at_ms),
        item_id=lot.item_id,
        lot_id=lot.id,
    )
