"""What happened: to one item, and in the last hours."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from pantrybox.clock import Clock, local_date, rfc3339_or_none, to_rfc3339
from pantrybox.inventory import history, items, listing
from pantrybox.inventory.consumption import DAY_MS, until_item_is_empty
from pantrybox.inventory.forecast import UntilEmpty
from pantrybox.inventory.history import PastEvent
from pantrybox.inventory.items import Item
from pantrybox.inventory.listing import Line
from pantrybox.inventory.model import EventType, ItemFacts
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader
from pantrybox.web.addresses import API_ITEMS, asked_for
from pantrybox.web.authority import needs
from pantrybox.web.cursors import CURSOR, LIMIT, Whole, cursor_of, position_in
from pantrybox.web.inventory import StockView, line_view
from pantrybox.web.lots import LotView, lot_view, lots_of
from pantrybox.web.why import ItemWhy, why_of

_HOUR_MS = 3_600_000

DAYS = Annotated[int, QueryParameter(ge=1, le=3650, description="Not older than this many days.")]
HOURS = Annotated[int, QueryParameter(ge=1, le=8760)]
AnyRequest = Request[Any, Any, Any]

_TimePosition = tuple[Whole, Whole]


class Naming(msgspec.Struct, frozen=True):
    canonical_name: str
    brand: str | None
    package_type: str | None


class Current(msgspec.Struct, frozen=True):
    count: int
    confidence: float
    last_seen_at: str | None
    is_manual: bool


class EventDetails(msgspec.Struct, frozen=True):
    event_id: int
    """Give it to `POST /v1/inventory/events/{id}/undo` to take it back."""
    place: str
    confidence: float
    capture_id: str | None
    said_by: str | None
    undone: bool
    """Another event took this one back."""
    more: dict[str, Any] | None


class HistoryLine(msgspec.Struct, frozen=True):
    date: str
    count: int
    """At its place, after the event."""
    event_type: EventType
    delta: int
    details: EventDetails | None


class ItemHistory(msgspec.Struct, frozen=True):
    item: Naming
    current: Current
    history: list[HistoryLine]
    total_events: int
    next_cursor: str | None


class ItemDetail(ItemFacts, frozen=True):
    item_id: int
    aliases: list[str]
    current: Current
    is_low: bool
    days_until_empty: UntilEmpty | None
    """null when nothing is there, or too little was used in half a year to say."""
    places: list[StockView]
    lots: list[LotView]
    """Those with a best-before date and those that are open; what ends first comes first."""


class ChangeLine(msgspec.Struct, frozen=True):
    timestamp: str
    item_name: str
    event_type: EventType
    delta: int
    capture_id: str | None
    event_id: int
    place: str
    confidence: float
    count_after: int
    said_by: str | None
    undone: bool


class RecentChanges(msgspec.Struct, frozen=True):
    hours: int
    event_type_filter: EventType | None
    event_count: int
    changes: list[ChangeLine]
    next_cursor: str | None


@get(API_ITEMS + "{name:path}", opt=needs("read"))
async def item_detail(
    request: AnyRequest,
    name: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    actor: NamedDependency[Actor],
    days: DAYS = 30,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> ItemDetail | ItemHistory | ItemWhy:
    """Everything about one item, by its name or an alias, whatever the case.

    A name may hold slashes. One that ends in `/history` or `/why` is sent with `%2F`: see there for what the
    parameters mean.
    """
    # Litestar gives a path parameter all that follows, `/history` as well.
    wanted, about = asked_for(request.scope["raw_path"].decode("ascii", "replace"))
    if about == "history":
        return await _history(database, wanted, now(), days=days, limit=limit, cursor=cursor)
    if about == "why":
        return await database.read(lambda reader: why_of(reader, wanted, now(), actor.name))
    return await database.read(lambda reader: _detail(reader, items.known_item(reader, wanted), now()))


@get(API_ITEMS + "{name:path}/history", opt=needs("read"))
async def item_history(
    request: AnyRequest,
    name: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    days: DAYS = 30,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> ItemHistory:
    """What happened to one item, and to what was merged into it; newest first."""
    wanted, _ = asked_for(request.scope["raw_path"].decode("ascii", "replace"))
    return await _history(database, wanted, now(), days=days, limit=limit, cursor=cursor)


async def _history(
    database: Database, name: str, now_ms: int, *, days: int, limit: int, cursor: str | None
) -> ItemHistory:
    since_ms = now_ms - days * DAY_MS
    before = None if cursor is None else position_in(_TimePosition, cursor)

    def query(reader: Reader) -> ItemHistory:
        item = items.known_item(reader, name)
        events = history.of_item(reader, item.id, since_ms=since_ms, limit=limit, before=before)
        return ItemHistory(
            item=Naming(item.canonical_name, item.brand, item.package_type),
            current=_current(listing.lines_of(reader, item.id)),
            history=[_history_line(event) for event in events],
            total_events=history.total_of_item(reader, item.id, since_ms=since_ms),
            next_cursor=_after(events, limit),
        )

    return await database.read(query)


@get("/v1/inventory/recent-changes", opt=needs("read"))
async def recent_changes(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    hours: HOURS = 24,
    event_type: FromQuery[EventType | None] = None,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> RecentChanges:
    """What changed in the last hours, newest first."""
    since_ms = now() - hours * _HOUR_MS
    before = None if cursor is None else position_in(_TimePosition, cursor)

    def query(reader: Reader) -> RecentChanges:
        events = history.newest_first(reader, since_ms=since_ms, event_type=event_type, limit=limit, before=before)
        return RecentChanges(
            hours=hours,
            event_type_filter=event_type,
            event_count=history.total_since(reader, since_ms=since_ms, event_type=event_type),
            changes=[_change_line(event) for event in events],
            next_cursor=_after(events, limit),
        )

    return await database.read(query)


def _detail(reader: Reader, item: Item, now_ms: int) -> ItemDetail:
    lines = listing.lines_of(reader, item.id)
    aliases = items.aliases(reader, item.id)
    current = _current(lines)
    return ItemDetail(
        item_id=item.id,
        canonical_name=item.canonical_name,
        brand=item.brand,
        package_type=item.package_type,
        category=item.category,
        generic=item.generic,
        minimum=item.minimum,
        note=item.note,
        aliases=aliases,
        current=current,
        is_low=listing.is_low(current.count, item.minimum),
        days_until_empty=until_item_is_empty(reader, item.id, current.count, now_ms),
        places=[line_view(line, aliases) for line in lines],
        lots=[lot_view(lot, local_date(now_ms)) for lot in lots_of(reader, item.id)],
    )


def _current(lines: list[Line]) -> Current:
    """Of an item at all its places together."""
    return Current(
        count=sum(line.shown_count for line in lines),
        confidence=listing.confidence_of_sum(line.confidence for line in lines),
        last_seen_at=rfc3339_or_none(max((line.last_seen_at_ms or 0 for line in lines), default=0) or None),
        is_manual=bool(lines) and all(line.is_manual for line in lines),
    )


def _after(events: list[PastEvent], limit: int) -> str | None:
    return cursor_of((events[-1].happened_at_ms, events[-1].id)) if len(events) == limit else None


def _history_line(event: PastEvent) -> HistoryLine:
    return HistoryLine(
        date=to_rfc3339(event.happened_at_ms),
        count=event.count_after,
        event_type=event.event_type,
        delta=event.delta,
        details=EventDetails(
            event_id=event.id,
            place=event.place_name,
            confidence=event.confidence,
            capture_id=event.capture_id,
            said_by=event.said_by,
            undone=event.undone,
            more=msgspec.json.decode(event.details, type=dict[str, Any]) if event.details else None,
        ),
    )


def _change_line(event: PastEvent) -> ChangeLine:
    return ChangeLine(
        timestamp=to_rfc3339(event.happened_at_ms),
        item_name=event.item_name,
        event_type=event.event_type,
        delta=event.delta,
        capture_id=event.capture_id,
        event_id=event.id,
        place=event.place_name,
        confidence=event.confidence,
        count_after=event.count_after,
        said_by=event.said_by,
        undone=event.undone,
    )
