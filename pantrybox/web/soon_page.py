"""The page of what is to be used soon: what is past, what ends within a week, what is open."""

from datetime import date
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from pantrybox.clock import Clock, local_date
from pantrybox.inventory import lots
from pantrybox.inventory.lots import Lot
from pantrybox.storage.database import Database
from pantrybox.web import pages
from pantrybox.web.authority import needs
from pantrybox.web.lots import lots_of

DAYS = 7


class Soon(msgspec.Struct, frozen=True):
    lots: list[Lot]
    today: date

    def days_left(self, lot: Lot) -> int | None:
        return lots.days_left(lot, self.today)


@get("/soon", opt=needs("read"), include_in_schema=False)
async def soon_page(database: NamedDependency[Database], now: NamedDependency[Clock]) -> Response[Any]:
    """What to use first, what ends first before the rest."""
    today = local_date(now())
    known = await database.read(lots_of)
    soon = Soon([lot for lot in known if lots.is_to_be_used_soon(lot, today, DAYS)], today)
    return pages.page("soon.html", soon=soon, problem="")
