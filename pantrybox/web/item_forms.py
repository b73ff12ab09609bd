"""What the page of an item is used for most: use one, add one, open, throw away, move, and when things end."""

from datetime import date
from typing import Any, Literal

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from pantrybox.bell import Bell
from pantrybox.clock import Clock
from pantrybox.names import Name
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database
from pantrybox.web.acts import StockAct, act_on_stock
from pantrybox.web.addresses import item_path
from pantrybox.web.forms import filled_in
from pantrybox.web.item_page import FORM, ItemPage, address_after
from pantrybox.web.lots import Dated, LotCorrection, correct_lot, date_lot, forget_lot
from pantrybox.web.numbers import Amount


class DatedForm(msgspec.Struct, frozen=True):
    item_name: Name
    count: Amount
    best_before: date
    new: bool = False
    """They were just put in; else they are there already."""
    place: Name | None = None


class LotForm(msgspec.Struct, frozen=True):
    item_name: Name
    lot_id: int
    what: Literal["correct", "open", "close", "forget"]
    count: Amount | None = None
    best_before: date | None = None
    """What is open need not have one."""


@post("/stock/act", **FORM)
async def act(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Use one, add one, finish, open, throw away, move."""
    said = filled_in(body, StockAct)

    async def do() -> str:
        acted = await act_on_stock.fn(said, database, shelf_changed, actor)
        return address_after(acted.item_name, acted.event_id)

    return await shown.after(do(), said.item_name, "counts")


@post("/stock/lots", **FORM)
async def date_some(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Say when some end: of those that are there, or of new ones."""
    said = filled_in(body, DatedForm)

    async def do() -> str:
        if said.new:
            new = StockAct(said.item_name, "add", said.count, place=said.place, best_before=said.best_before)
            return item_path((await act_on_stock.fn(new, database, shelf_changed, actor)).item_name)
        there = Dated(said.item_name, said.count, said.best_before, said.place)
        return item_path((await date_lot.fn(there, database, now, shelf_changed, actor)).item_name)

    return await shown.after(do(), said.item_name, "lots")


@post("/stock/lot", **FORM)
async def change_lot(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Correct a lot, open or close one of it, or forget its date."""
    said = filled_in(body, LotForm)

    async def do() -> str:
        if said.what == "forget":
            return item_path((await forget_lot.fn(said.lot_id, database, now, shelf_changed, actor)).item_name)
        change = _change(said)
        return item_path((await correct_lot.fn(said.lot_id, change, database, now, shelf_changed, actor)).item_name)

    return await shown.after(do(), said.item_name, "lots")


def _change(said: LotForm) -> LotCorrection:
    if said.what != "correct":
        return LotCorrection(opened=said.what == "open")
    return LotCorrection(count=said.count or msgspec.UNSET, best_before=said.best_before or msgspec.UNSET)
