"""What is on the shelf, and how it came to be there."""

from typing import Literal

import msgspec

from pantrybox.inventory.belief import UNSEEN, Belief

EventType = Literal["seen", "added", "removed", "adjusted", "manual_override", "consumed", "undone", "merged"]

MAX_COUNT = 9999
"""Of one item at one place."""


class Stand(msgspec.Struct, frozen=True):
    """What is believed about one item at one place."""

    belief: Belief
    confirmed_count: int
    """What the ledger sums to."""
    event_count: int
    """How many lines the ledger has about it."""

    @property
    def shown_count(self) -> int:
        return self.belief.shown_count

    @property
    def confidence(self) -> float:
        """The probability of the shown count."""
        return self.belief.confidence


NOTHING = Stand(UNSEEN, 0, 0)
"""Where an item was never seen."""


class Change(msgspec.Struct, frozen=True):
    """A line for the ledger."""

    item_id: int
    event_type: EventType
    delta: int
    count_after: int
    confidence: float


class InventoryEvent(msgspec.Struct, frozen=True):
    id: int
    item_id: int
    item_name: str
    place_id: int
    place_name: str
    event_type: EventType
    delta: int
    count_after: int
    confidence: float
    capture_id: str | None
    happened_at_ms: int
    undone: bool
    """Another line took this one back."""


class ItemFacts(msgspec.Struct, frozen=True):
    """What an item is called, and what people say about it wherever it is."""

    canonical_name: str
    brand: str | None
    package_type: str | None
    category: str | None
    generic: bool
    """The name is the model's guess, not a person's word."""
    minimum: int | None
    """So many should be there at all places together; None: nobody said."""
    note: str | None


class StockLine(ItemFacts, frozen=True):
    """One item at one place, as it is shown."""

    item_id: int
    place_id: int
    place_name: str
    shown_count: int
    confirmed_count: int
    confidence: float
    last_seen_at_ms: int | None
    is_manual: bool
    notes: str | None
    """About the item at this place."""
    updated_at_ms: int
    hidden_count: int
    """So many of those shown are believed to be there though they are not seen."""
    behind: str | None
    """What stands in front of them; None when nobody knows."""
