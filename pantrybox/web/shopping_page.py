"""The list for the shop, in one hand."""

from collections.abc import Awaitable
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import RawBody

from pantrybox.clock import Clock
from pantrybox.errors import PantryError
from pantrybox.inventory import shopping_queries as listed
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database
from pantrybox.web import pages
from pantrybox.web.authority import needs
from pantrybox.web.errors import status_of
from pantrybox.web.forms import filled_in, see_other
from pantrybox.web.shopping import (
    Wish,
    WishChange,
    add_to_shopping_list,
    change_shopping_list,
    clear_shopping_list,
    remove_from_shopping_list,
)

_SHOWN = 1000


class Ticked(msgspec.Struct, frozen=True):
    id: int
    ticked: bool


class Numbered(msgspec.Struct, frozen=True):
    id: int


class ShoppingPage:
    """The page, with all that it is drawn from."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def page(self, *, status_code: int = 200, problem: str = "") -> Response[Any]:
        now_ms = self._now()
        entries = await self._database.read(lambda reader: listed.entries(reader, now_ms, limit=_SHOWN))
        return pages.page("shopping.html", status_code=status_code, entries=entries, problem=problem)

    async def after(self, act: Awaitable[object]) -> Response[Any]:
        """The list as it is then; with a sentence when it cannot be done."""
        try:
            await act
        except PantryError as error:
            return await self.page(status_code=status_of(error), problem=str(error))
        return see_other("/shopping")


def _shown(database: NamedDependency[Database], now: NamedDependency[Clock]) -> ShoppingPage:
    return ShoppingPage(database, now)


_SHOWN_BY = {"shown": Provide(_shown, sync_to_thread=False)}
_FORM: dict[str, Any] = {
    "opt": needs("write"),
    "include_in_schema": False,
    "dependencies": _SHOWN_BY,
    "status_code": 200,
}


@get("/shopping", opt=needs("read"), include_in_schema=False, dependencies=_SHOWN_BY)
async def shopping_page(shown: NamedDependency[ShoppingPage]) -> Response[Any]:
    """What is to be bought, and what was ticked in the last day."""
    return await shown.page()


@post("/shopping/add", **_FORM)
async def add(
    body: RawBody,
    shown: NamedDependency[ShoppingPage],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Write something on the list."""

    async def act() -> None:
        await add_to_shopping_list.fn(filled_in(body, Wish), database, actor)

    return await shown.after(act())


@post("/shopping/tick", **_FORM)
async def tick(
    body: RawBody,
    shown: NamedDependency[ShoppingPage],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Tick an entry, or open it again."""

    async def act() -> None:
        wanted = filled_in(body, Ticked)
        await change_shopping_list.fn(wanted.id, WishChange(ticked=wanted.ticked), database, actor)

    return await shown.after(act())


@post("/shopping/remove", **_FORM)
async def remove(
    body: RawBody,
    shown: NamedDependency[ShoppingPage],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Take an entry off the list."""

    async def act() -> None:
        await remove_from_shopping_list.fn(filled_in(body, Numbered).id, database, actor)

    return await shown.after(act())


@post("/shopping/clear", **_FORM)
async def clear(
    shown: NamedDependency[ShoppingPage], database: NamedDependency[Database], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Take everything off the list that is ticked."""
    return await shown.after(clear_shopping_list.fn(database, actor))
