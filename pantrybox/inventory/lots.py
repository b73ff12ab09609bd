"""Units that end on the same day or were opened: which are used first, and which are still there. Pure.

A lot is what a person said of some of the units at a place; the rest has no date. What is used goes from what is open
first, then from what ends first. Photographs know no dates: where fewer units are shown than the lots add up to, those
that would have been used first are taken to be gone, for as long as that is so.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

import msgspec


class Lot(msgspec.Struct, frozen=True):
    id: int
    item_id: int
    """The item that it is now, when it was merged into another since."""
    item_name: str
    place_id: int
    place_name: str
    shown_count: int
    """Of the item at that place, in lots or not."""
    count: int
    best_before: date | None
    """None: opened, and nobody said."""
    opened_at_ms: int | None
    added_at_ms: int
    added_by: str

    @property
    def is_open(self) -> bool:
        return self.opened_at_ms is not None


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    """As they are used: what is open first, then what ends first."""
    return sorted(lots, key=lambda lot: (not lot.is_open, lot.best_before or date.max, lot.opened_at_ms or 0, lot.id))


def total(lots: Iterable[Lot]) -> int:
    return sum(lot.count for lot in lots)


def after_use(lots: Iterable[Lot], used: int) -> list[Lot]:
    """What is left of lots at one place when so many units were used; lots that are used up are left out."""
    left: list[Lot] = []
    for lot in in_order(lots):
        taken = min(used, lot.count)
        used -= taken
        if taken < lot.count:
            left.append(msgspec.structs.replace(lot, count=lot.count - taken))
    return left


def still_there(lots: Sequence[Lot], shown_count: int) -> list[Lot]:
    """What is left of lots at one place where no more units than that are shown."""
    return after_use(lots, max(0, total(lots) - shown_count))


def still_there_everywhere(lots: Iterable[Lot]) -> list[Lot]:
    """The same for lots of any items at any places; what ends first comes first."""
    left: list[Lot] = []
    for _, same in groupby(sorted(lots, key=_heap), key=_heap):
        here = list(same)
        left += still_there(here, here[0].shown_count)
    return sorted(left, key=rank)


def _heap(lot: Lot) -> tuple[int, int]:
    return lot.item_id, lot.place_id


Rank = tuple[str, int, str, int]
"""Of a lot in a list by when it ends: the day, when it was opened, the item's name, the id."""

_LAST = "9999-99-99"
"""Comes after every day."""


def rank(lot: Lot) -> Rank:
    day = lot.best_before.isoformat() if lot.best_before else _LAST
    return day, lot.opened_at_ms or 0, lot.item_name.casefold(), lot.id


def days_left(lot: Lot, today: date) -> int | None:
    """0 on its last day, less when that is past; None when nobody said."""
    return (lot.best_before - today).days if lot.best_before else None


def is_to_be_used_soon(lot: Lot, today: date, days: int) -> bool:
    """Open, past, or in its last so many days."""
    left = days_left(lot, today)
    return lot.is_open or (left is not None and left <= days)


def taken_and_put(before: Iterable[Lot], after: Iterable[Lot]) -> dict[int, int]:
    """By how much the count of each lot changed, by its id; lots that stay as they are left out."""
    counts = {lot.id: lot.count for lot in after}
    changes = {lot.id: counts.get(lot.id, 0) - lot.count for lot in before}
    return {lot_id: delta for lot_id, delta in changes.items() if delta}
