"""The page of one item: how many, where, since when, and every change that can be taken back."""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter, RawBody

from pantrybox.bell import Bell
from pantrybox.clock import Clock, local_date
from pantrybox.errors import PantryError
from pantrybox.inventory import history, items, listing, places, why_queries
from pantrybox.inventory.consumption import until_item_is_empty
from pantrybox.inventory.forecast import UntilEmpty
from pantrybox.inventory.history import PastEvent
from pantrybox.inventory.items import Item
from pantrybox.inventory.listing import Line
from pantrybox.inventory.lots import Lot, days_left
from pantrybox.inventory.why import Reasons, Unit
from pantrybox.names import Name, ShortText, Text
from pantrybox.owners.model import Actor
from pantrybox.settings import Settings
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web import pages, told, told_why
from pantrybox.web.addresses import ITEMS, item_path
from pantrybox.web.authority import needs
from pantrybox.web.errors import AnyRequest, status_of
from pantrybox.web.forms import checked, filled_in, see_other
from pantrybox.web.items import ItemChange, Merge, Override, apply_change, merge_items, override
from pantrybox.web.lots import lots_of
from pantrybox.web.told_why import Listener
from pantrybox.web.undo import undo_event

_SHOWN = 50


class Known(msgspec.Struct, frozen=True):
    """Everything about an item that its page shows."""

    item: Item
    aliases: list[str]
    lines: list[Line]
    why: list[Reasons]
    """Beside them, what each count is made of."""
    events: list[PastEvent]
    """The newest."""
    lasts: UntilEmpty | None
    lots: list[Lot]
    """What is still there of them; what ends first comes first."""
    today: date
    place_names: list[str]
    """To which some of it can be moved, beside new ones."""
    done: PastEvent | None = None
    """What the person has just done, when it can be taken back."""

    @property
    def count(self) -> int:
        return sum(line.shown_count for line in self.lines)

    @property
    def confidence(self) -> float:
        return listing.confidence_of_sum(line.confidence for line in self.lines)

    @property
    def is_low(self) -> bool:
        return listing.is_low(self.count, self.item.minimum)

    def days_left(self, lot: Lot) -> int | None:
        return days_left(lot, self.today)


class Why:
    """The words for it, to whoever looks at the page."""

    def __init__(self, actor: Actor, now_ms: int) -> None:
        self._to = Listener(actor.name, local_date(now_ms), told.isolated)

    def unit(self, unit: Unit, reasons: Reasons) -> str:
        # A number and its sign stay on one line.
        return told_why.unit(unit, reasons.word, self._to).replace(" %", "\N{NO-BREAK SPACE}%")

    def said(self, reasons: Reasons) -> str:
        """Nothing where nobody spoke of it."""
        return told_why.said(reasons.word, self._to) if reasons.word else ""

    def chances(self, reasons: Reasons) -> str:
        return told_why.chances(reasons.belief)

    def rates(self, reasons: Reasons) -> str:
        return told_why.rates(reasons.missed_rate, reasons.false_rate)


class Undo(msgspec.Struct, frozen=True):
    item_name: Name
    event_id: int
    back_to: Literal["counts", "history"] = "history"


class Described(msgspec.Struct, frozen=True):
    """What the form says about an item: all of it."""

    item_name: Name
    canonical_name: Name
    brand: ShortText | None = None
    package_type: ShortText | None = None
    category: ShortText | None = None
    minimum: int | None = None
    note: Text | None = None
    aliases: str | None = None
    """One a line."""


class ItemPage:
    """The page, with all that it is drawn from."""

    def __init__(self, database: Database, settings: Settings, now: Clock, actor: Actor) -> None:
        self._database = database
        self._settings = settings
        self._now = now
        self._actor = actor

    async def page(
        self, name: str, *, done: int | None = None, status_code: int = 200, problem: str = ""
    ) -> Response[Any]:
        now_ms = self._now()
        known = await self._database.read(lambda reader: known_of(reader, name, now_ms, done))
        return pages.page(
            "item.html",
            status_code=status_code,
            known=known,
            item=known.item,
            why=Why(self._actor, now_ms),
            problem=problem,
            threshold=self._settings.confidence_threshold,
        )

    async def after(self, act: Awaitable[str], name: str, section: str) -> Response[Any]:
        """The page of the item at the address that the act returns; with a sentence when it cannot be done."""
        try:
            return see_other(f"{await act}#{section}")
        except PantryError as error:
            return await self.page(name, status_code=status_of(error), problem=str(error))


def address_after(name: str, event_id: int | None) -> str:
    """Of the page that tells what was just done, with the way back."""
    return item_path(name) + (f"?done={event_id}" if event_id else "")


def known_of(reader: Reader, name: str, now_ms: int, done: int | None = None) -> Known:
    """`done`: the line of the ledger that the person has just written."""
    item = items.known_item(reader, name)
    lines = listing.lines_of(reader, item.id)
    events = history.of_item(reader, item.id, since_ms=0, limit=_SHOWN)
    return Known(
        item=item,
        aliases=items.aliases(reader, item.id),
        lines=lines,
        why=why_queries.reasons(reader, item.id),
        events=events,
        lasts=until_item_is_empty(reader, item.id, sum(line.shown_count for line in lines), now_ms),
        lots=lots_of(reader, item.id),
        today=local_date(now_ms),
        place_names=[place.name for place in places.places(reader)],
        done=next((event for event in events if event.id == done and event.delta and not event.undone), None),
    )


def _shown(
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
    actor: NamedDependency[Actor],
) -> ItemPage:
    return ItemPage(database, settings, now, actor)


_SHOWN_BY = {"shown": Provide(_shown, sync_to_thread=False)}
FORM: dict[str, Any] = {
    "opt": needs("write"),
    "include_in_schema": False,
    "dependencies": _SHOWN_BY,
    "status_code": 200,
}


_DONE = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]


@get(ITEMS + "{name:path}", opt=needs("read"), include_in_schema=False, dependencies=_SHOWN_BY)
async def item_page(
    request: AnyRequest, name: FromPath[str], shown: NamedDependency[ItemPage], done: _DONE = None
) -> Response[Any]:
    """One item, by its name or an alias, whatever the case."""
    # As it was sent: a name may hold slashes.
    raw_path = request.scope["raw_path"].decode("ascii", "replace")
    return await shown.page(unquote(raw_path.removeprefix(ITEMS)), done=done)


@post("/stock/count", **FORM)
async def set_count(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Say how many there are."""
    said = filled_in(body, Override)

    async def act() -> str:
        overridden = await override.fn(said, database, shelf_changed, actor)
        return address_after(overridden.item_name, overridden.event_id)

    return await shown.after(act(), said.item_name, "counts")


@post("/stock/undo", **FORM)
async def take_back(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Take one change back."""
    wanted = filled_in(body, Undo)

    async def act() -> str:
        await undo_event.fn(wanted.event_id, database, shelf_changed, actor)
        return item_path(wanted.item_name)

    return await shown.after(act(), wanted.item_name, wanted.back_to)


@post("/stock/merge", **FORM)
async def merge_into(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Two names, one thing: goes on to the page of what it is."""
    wanted = filled_in(body, Merge)

    async def act() -> str:
        merged = await merge_items.fn(wanted, database, shelf_changed, actor)
        return item_path(merged.canonical_name)

    return await shown.after(act(), wanted.item_name, "history")


@post("/stock/describe", **FORM)
async def describe(
    body: RawBody,
    shown: NamedDependency[ItemPage],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Rename or describe an item."""
    said = filled_in(body, Described)

    async def act() -> str:
        change = _change(said)
        view = await database.write(
            lambda writer: apply_change(writer, said.item_name, _news(writer, said, change), actor)
        )
        shelf_changed.ring()
        return item_path(view.canonical_name)

    return await shown.after(act(), said.item_name, "about")


def _change(said: Described) -> ItemChange:
    """As the API would be asked, with its bounds."""
    fields = msgspec.structs.asdict(said) | {"aliases": _lines(said.aliases)}
    return checked(fields, ItemChange)


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _news(writer: Writer, said: Described, change: ItemChange) -> ItemChange:
    """Only what differs, so that the audit log says what was changed."""
    item = items.known_item(writer, said.item_name)
    known = msgspec.structs.asdict(item) | {"aliases": items.aliases(writer, item.id)}
    wanted = msgspec.structs.asdict(change)
    if wanted["aliases"] != known["aliases"] and wanted["canonical_name"] != item.canonical_name:
        wanted["aliases"].append(item.canonical_name)  # the name that it gives up was not in the form to be kept
    return ItemChange(**{name: value for name, value in wanted.items() if known[name] != value})
