"""The list for the shop."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from pantrybox.clock import Clock, rfc3339_or_none, to_rfc3339
from pantrybox.errors import OutOfRange
from pantrybox.inventory import shopping
from pantrybox.inventory import shopping_queries as listed
from pantrybox.inventory.consumption import until_item_is_empty
from pantrybox.inventory.forecast import UntilEmpty
from pantrybox.inventory.model import MAX_COUNT
from pantrybox.inventory.shopping import EntryChange
from pantrybox.inventory.shopping_queries import Entry, Reason, TickedBy
from pantrybox.names import Name, Text
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.authority import needs
from pantrybox.web.cursors import CURSOR, LIMIT, Whole, cursor_of, position_in

Quantity = Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET

_Position = tuple[Whole, Whole, Whole]


class Wish(msgspec.Struct, frozen=True):
    name: Name
    """Of an item, by any of its names, or of something that the box does not keep."""
    quantity: Quantity | None = None
    note: Text | None = None


class WishChange(msgspec.Struct, frozen=True):
    """What is not named stays as it is; null takes away."""

    ticked: bool | Unset = UNSET
    quantity: Quantity | Unset | None = UNSET
    note: Text | Unset | None = UNSET


class EntryView(msgspec.Struct, frozen=True):
    id: int
    item_id: int | None
    name: str
    quantity: int | None
    note: str | None
    reason: Reason
    """low: the box wrote it. person: somebody did."""
    added_at: str
    ticked_at: str | None
    ticked_by: TickedBy | None
    """camera: it was seen to arrive."""
    count: int | None
    """How many are there; null for what the box does not keep."""
    minimum: int | None
    days_until_empty: UntilEmpty | None


class ShoppingList(msgspec.Struct, frozen=True):
    items: list[EntryView]
    total: int
    next_cursor: str | None


class Removed(msgspec.Struct, frozen=True):
    success: bool
    message: str


class Cleared(msgspec.Struct, frozen=True):
    success: bool
    removed: int


@get("/v1/shopping-list", opt=needs("read"))
async def shopping_list(
    database: NamedDependency[Database], now: NamedDependency[Clock], limit: LIMIT = 100, cursor: CURSOR = None
) -> ShoppingList:
    """What is to be bought, in the order in which it was added; then what was ticked in the last day."""
    after = (-1, 0, 0) if cursor is None else position_in(_Position, cursor)
    now_ms = now()

    def query(reader: Reader) -> ShoppingList:
        entries = listed.entries(reader, now_ms, limit=limit, after=after)
        last = entries[-1] if len(entries) == limit else None
        return ShoppingList(
            items=[_view(reader, entry, now_ms) for entry in entries],
            total=listed.total_entries(reader, now_ms),
            next_cursor=None if last is None else cursor_of((last.rank, last.order_ms, last.id)),
        )

    return await database.read(query)


@post(
    "/v1/shopping-list",
    opt=needs("write"),
    responses={200: ResponseSpec(EntryView, description="It stood there already.")},
)
async def add_to_shopping_list(
    data: JSONBody[Wish], database: NamedDependency[Database], actor: NamedDependency[Actor]
) -> Response[EntryView]:
    """Write something on the list. What stands there already is given back, with 200 and what is said of it now."""

    def add(writer: Writer) -> tuple[EntryView, bool]:
        entry_id, is_new = shopping.wish(writer, data.name, data.quantity, data.note)
        audit.record(writer, actor.name, "wish.added" if is_new else "wish.changed", data.name)
        return _view(writer, listed.entry_by_id(writer, entry_id), writer.now_ms), is_new

    entry, is_new = await database.write(add)
    return Response(entry, status_code=201 if is_new else 200)


@patch("/v1/shopping-list/{entry_id:int}", opt=needs("write"))
async def change_shopping_list(
    entry_id: FromPath[int],
    data: JSONBody[WishChange],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> EntryView:
    """Tick an entry, open it again, or say more about it."""
    wanted = EntryChange(ticked=data.ticked, quantity=data.quantity, note=data.note)

    def change(writer: Writer) -> EntryView:
        shopping.change(writer, _in_range(entry_id), wanted)
        entry = listed.entry_by_id(writer, entry_id)
        if data != WishChange():
            audit.record(writer, actor.name, "wish.changed", entry.name)
        return _view(writer, entry, writer.now_ms)

    return await database.write(change)


@delete("/v1/shopping-list/{entry_id:int}", opt=needs("write"), status_code=200)
async def remove_from_shopping_list(
    entry_id: FromPath[int], database: NamedDependency[Database], actor: NamedDependency[Actor]
) -> Removed:
    """Take an entry off the list, bought or not."""

    def remove(writer: Writer) -> str:
        name = shopping.remove(writer, _in_range(entry_id))
        audit.record(writer, actor.name, "wish.removed", name)
        return name

    name = await database.write(remove)
    return Removed(success=True, message=f"{name} is off the list.")


@post("/v1/shopping-list/clear", opt=needs("write"), status_code=200)
async def clear_shopping_list(database: NamedDependency[Database], actor: NamedDependency[Actor]) -> Cleared:
    """Take everything off the list that is ticked."""

    def clear(writer: Writer) -> int:
        removed = shopping.clear(writer)
        if removed:
            audit.record(writer, actor.name, "wishes.cleared", count=removed)
        return removed

    return Cleared(success=True, removed=await database.write(clear))


def _in_range(number: int) -> int:
    if not 0 < number < 2**63:
        raise OutOfRange("An id is a whole number from 1.")
    return number


def _view(reader: Reader, entry: Entry, now_ms: int) -> EntryView:
    forecast = None
    if entry.item_id is not None and entry.count:
        forecast = until_item_is_empty(reader, entry.item_id, entry.count, now_ms)
    return EntryView(
        id=entry.id,
        item_id=entry.item_id,
        name=entry.name,
        quantity=entry.quantity,
        note=entry.note,
        reason=entry.reason,
        added_at=to_rfc3339(entry.added_at_ms),
        ticked_at=rfc3339_or_none(entry.ticked_at_ms),
        ticked_by=entry.ticked_by,
        count=entry.count,
        minimum=entry.minimum,
        days_until_empty=forecast,
    )
