"""When there is too little of something."""

from collections import Counter
from collections.abc import Iterable

from pantrybox.inventory.model import StockLine

LOW = 1
"""An item of which nobody said how many should be there is low at this many."""


def is_low(count: int, minimum: int | None) -> bool:
    return count <= (LOW if minimum is None else minimum)


def low_items(lines: Iterable[StockLine]) -> set[int]:
    """The items that are low, at all places of these lines together."""
    counts, minima = Counter[int](), dict[int, int | None]()
    for line in lines:
        counts[line.item_id] += line.shown_count
        minima[line.item_id] = line.minimum
    return {item_id for item_id, minimum in minima.items() if is_low(counts[item_id], minimum)}
