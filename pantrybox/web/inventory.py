"""The stock: what is there, how many, and how sure the box is."""

from typing import Annotated, Literal, cast

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from pantrybox.clock import Clock, rfc3339_or_none, to_rfc3339
from pantrybox.errors import OutOfRange
from pantrybox.inventory import listing, places
from pantrybox.inventory.consumption import DAY_MS
from pantrybox.inventory.listing import Line, Rank, Sort, Total
from pantrybox.inventory.model import MAX_COUNT, ItemFacts
from pantrybox.names import MAX_NAME
from pantrybox.storage.database import Database, Reader
from pantrybox.web.authority import needs
from pantrybox.web.cursors import CURSOR, LIMIT, Whole, cursor_of, position_in

Order = Literal[Sort, "-name", "-count", "-confidence", "-last_seen", "-updated"]


class StockView(ItemFacts, frozen=True):
    item_id: int
    aliases: list[str]
    is_low: bool
    """All places together have no more than the minimum, or than 1 where none is set."""
    place: str
    count_estimate: int
    """The most probable count."""
    confirmed_count: int
    """What the ledger sums to."""
    confidence: float
    """The probability that the count is right."""
    last_seen_at: str | None
    is_manual: bool
    notes: str | None
    """About the item at this place."""
    updated_at: str
    hidden_count: int
    """So many of the count are believed to be there though they are not seen."""
    behind: str | None
    """The item that stands in front of them, where that is known."""


class Inventory(msgspec.Struct, frozen=True):
    items: list[StockView]
    updated_at: str | None
    """When anything last changed, listed here or not."""
    total: int
    next_cursor: str | None


class Breakdown(msgspec.Struct, frozen=True):
    high: int
    """0.8 and over."""
    medium: int
    """0.5 and over."""
    low: int


class StatsView(msgspec.Struct, frozen=True):
    total_items: int
    items_in_stock: int
    items_out_of_stock: int
    total_quantity: int
    avg_confidence: float
    confidence_breakdown: Breakdown


class LowItem(msgspec.Struct, frozen=True):
    name: str
    brand: str | None
    count: int
    confidence: float
    last_seen_at: str | None
    minimum: int | None
    item_id: int


class LowStock(msgspec.Struct, frozen=True):
    threshold: int
    item_count: int
    items: list[LowItem]
    next_cursor: str | None


class StaleItem(msgspec.Struct, frozen=True):
    name: str
    last_seen_at: str | None
    days_since_seen: int | None
    last_count: int
    confidence: float
    item_id: int


class StaleItems(msgspec.Struct, frozen=True):
    threshold_days: int
    item_count: int
    items: list[StaleItem]
    next_cursor: str | None


class _ListPosition(msgspec.Struct, frozen=True, array_like=True):
    sort: Order
    sorted_by: Whole | float | str
    item_id: Whole
    place_id: Whole


_RankPosition = tuple[Whole, str, Whole]


@get("/v1/inventory", opt=needs("read"))
async def list_inventory(
    database: NamedDependency[Database],
    q: Annotated[
        str | None,
        QueryParameter(max_length=MAX_NAME, description="In a name, an alias, the brand, the category or the note."),
    ] = None,
    place: Annotated[str | None, QueryParameter(max_length=MAX_NAME, description="Its name.")] = None,
    sort: Annotated[Order, QueryParameter(description="With `-` the largest, last or newest comes first.")] = "name",
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> Inventory:
    """What was ever seen or spoken of, one line for each place where it is; what is gone has the count 0."""
    after = _list_position(cursor, sort)

    def query(reader: Reader) -> Inventory:
        place_id = None if place is None else places.known_place(reader, place)
        item_ids = listing.items_matching(reader, q) if listing.has_something(q) and q else None
        rows = listing.lines(
            reader,
            sort=cast("Sort", sort.removeprefix("-")),
            descending=sort.startswith("-"),
            item_ids=item_ids,
            place_id=place_id,
            after=after,
            limit=limit,
        )
        names = listing.all_aliases(reader)
        return Inventory(
            items=[line_view(row, names.get(row.item_id, [])) for row in rows],
            updated_at=rfc3339_or_none(listing.updated_at_ms(reader)),
            total=listing.total_lines(reader, item_ids=item_ids, place_id=place_id),
            next_cursor=_after_line(sort, rows, limit),
        )

    return await database.read(query)


def _list_position(text: str | None, sort: Order) -> listing.Position | None:
    if text is None:
        return None
    found = position_in(_ListPosition, text)
    if found.sort != sort:
        raise OutOfRange("cursor: it belongs to a list that was sorted otherwise.")
    return listing.Position(found.sorted_by, found.item_id, found.place_id)


def _after_line(sort: Order, rows: list[Line], limit: int) -> str | None:
    if len(rows) < limit:
        return None
    last = rows[-1]
    return cursor_of(_ListPosition(sort, last.sorted_by, last.item_id, last.place_id))


@get("/v1/inventory/stats", opt=needs("read"))
async def inventory_stats(database: NamedDependency[Database]) -> StatsView:
    """How much there is, and how sure the box is; a thing that stands in two places is one item."""
    stats = listing.stats(await database.read(listing.totals))
    return StatsView(
        total_items=stats.total_items,
        items_in_stock=stats.items_in_stock,
        items_out_of_stock=stats.items_out_of_stock,
        total_quantity=stats.total_quantity,
        avg_confidence=stats.avg_confidence,
        confidence_breakdown=Breakdown(stats.high, stats.medium, stats.low),
    )


@get("/v1/inventory/low-stock", opt=needs("read"))
async def low_stock(
    database: NamedDependency[Database],
    threshold: Annotated[int, QueryParameter(ge=0, le=MAX_COUNT)] = 1,
    min_confidence: Annotated[float, QueryParameter(ge=0, le=1, description="Only counts this sure.")] = 0.0,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> LowStock:
    """What runs out: no more than `threshold` at all places together, or than the item's own minimum."""
    after = None if cursor is None else position_in(_RankPosition, cursor)
    low = listing.low_stock(await database.read(listing.totals), threshold, min_confidence)
    page, next_cursor = _page(low, after, limit)
    return LowStock(
        threshold=threshold,
        item_count=len(low),
        items=[
            LowItem(
                name=item.name,
                brand=item.brand,
                count=item.count,
                confidence=item.confidence,
                last_seen_at=rfc3339_or_none(item.last_seen_at_ms),
                minimum=item.minimum,
                item_id=item.item_id,
            )
            for item in page
        ],
        next_cursor=next_cursor,
    )


@get("/v1/inventory/stale-items", opt=needs("read"))
async def stale_items(
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    days_threshold: Annotated[int, QueryParameter(ge=1, le=3650)] = 7,
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> StaleItems:
    """What should be there and was not seen for so many days; a person's word counts as seen."""
    after = None if cursor is None else position_in(_RankPosition, cursor)
    now_ms = now()
    unseen = listing.stale(await database.read(listing.totals), now_ms - days_threshold * DAY_MS)
    page, next_cursor = _page(unseen, after, limit)
    return StaleItems(
        threshold_days=days_threshold,
        item_count=len(unseen),
        items=[_stale(item, now_ms) for item in page],
        next_cursor=next_cursor,
    )


def _page(ranked: list[tuple[Rank, Total]], after: Rank | None, limit: int) -> tuple[list[Total], str | None]:
    """Those after a position, and the cursor of the next page."""
    rest = [(rank, item) for rank, item in ranked if after is None or rank > after]
    next_cursor = cursor_of(rest[limit - 1][0]) if len(rest) > limit else None
    return [item for _, item in rest[:limit]], next_cursor


def _stale(item: Total, now_ms: int) -> StaleItem:
    seen_ms = item.last_seen_at_ms
    return StaleItem(
        name=item.name,
        last_seen_at=rfc3339_or_none(seen_ms),
        days_since_seen=None if seen_ms is None else (now_ms - seen_ms) // DAY_MS,
        last_count=item.count,
        confidence=item.confidence,
        item_id=item.item_id,
    )


def line_view(line: Line, aliases: list[str]) -> StockView:
    return StockView(
        item_id=line.item_id,
        canonical_name=line.canonical_name,
        brand=line.brand,
        package_type=line.package_type,
        category=line.category,
        generic=line.generic,
        minimum=line.minimum,
        note=line.note,
        aliases=aliases,
        is_low=line.is_low,
        place=line.place_name,
        count_estimate=line.shown_count,
        confirmed_count=line.confirmed_count,
        confidence=line.confidence,
        last_seen_at=rfc3339_or_none(line.last_seen_at_ms),
        is_manual=line.is_manual,
        notes=line.notes,
        updated_at=to_rfc3339(line.updated_at_ms),
        hidden_count=line.hidden_count,
        behind=line.behind,
    )
