"""The stock: what is there, how many, and how sure the box is."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from pantrybox.clock import to_rfc3339
from pantrybox.inventory import queries as inventory
from pantrybox.inventory.model import StockLine
from pantrybox.storage.database import Database
from pantrybox.web.authority import needs


class StockView(msgspec.Struct, frozen=True):
    item_id: int
    canonical_name: str
    brand: str | None
    package_type: str | None
    category: str | None
    generic: bool
    """The name is the model's guess."""
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


class Inventory(msgspec.Struct, frozen=True):
    items: list[StockView]
    updated_at: str | None
    total: int


@get("/v1/inventory", opt=needs("read"))
async def list_inventory(database: NamedDependency[Database]) -> Inventory:
    """Everything that was ever seen, by name; what is gone has the count 0."""
    lines = await database.read(inventory.stock)
    updated_ms = max((line.updated_at_ms for line in lines), default=None)
    return Inventory(
        items=[_view(line) for line in lines],
        updated_at=None if updated_ms is None else to_rfc3339(updated_ms),
        total=len(lines),
    )


def _view(line: StockLine) -> StockView:
    return StockView(
        item_id=line.item_id,
        canonical_name=line.canonical_name,
        brand=line.brand,
        package_type=line.package_type,
        category=line.category,
        generic=line.generic,
        place=line.place_name,
        count_estimate=line.shown_count,
        confirmed_count=line.confirmed_count,
        confidence=line.confidence,
        last_seen_at=None if line.last_seen_at_ms is None else to_rfc3339(line.last_seen_at_ms),
        is_manual=line.is_manual,
        notes=line.notes,
    )
