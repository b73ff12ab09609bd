"""Turn "what this photograph shows" into "what is believed" and "what changed". Pure: no clock, no database."""

from collections.abc import Mapping

import msgspec

from pantrybox.inventory.belief import CONFIRMED, DOUBTFUL, after_photograph, first_sight
from pantrybox.inventory.model import Change, EventType, Stand, View

Stock = Mapping[int, Stand]
"""What is believed at one place, by item id."""

_MANY = 3
"""Fewer units than this can all leave at once without it being strange."""
_MOST = 0.6
"""When a larger share of the expected units vanishes at once, the view is to be doubted, not the stock."""


def reconcile(before: Stock, view: View) -> tuple[dict[int, Stand], list[Change]]:
    """The stock of a place after one more photograph of it, and what belongs into the ledger.

    An unreadable view changes nothing: it says nothing about absence, and what it seems to
    show is as doubtful.
    """
    if not view.readable:
        return dict(before), []
    doubtful = _most_vanished(before, view)
    after: dict[int, Stand] = {}
    changes: list[Change] = []
    for item_id in sorted(before.keys() | view.seen.keys()):
        stand = before.get(item_id, Stand(belief=first_sight(), confirmed_count=0, event_count=0))
        seen = view.seen.get(item_id, 0)
        weight = DOUBTFUL if doubtful and seen < stand.shown_count else 1.0
        moved = msgspec.structs.replace(stand, belief=after_photograph(stand.belief, seen, weight))
        change = _change(item_id, moved)
        if change is not None:
            changes.append(change)
            moved = Stand(moved.belief, change.count_after, moved.event_count + 1)
        after[item_id] = moved
    return after, changes


def _most_vanished(before: Stock, view: View) -> bool:
    expected = sum(stand.shown_count for stand in before.values())
    vanished = sum(max(0, stand.shown_count - view.seen.get(item_id, 0)) for item_id, stand in before.items())
    return expected >= _MANY and vanished > _MOST * expected


def _change(item_id: int, stand: Stand) -> Change | None:
    """The ledger's line when the believed count is sure and another than the confirmed one."""
    delta = stand.shown_count - stand.confirmed_count
    if delta == 0 or stand.confidence < CONFIRMED:
        return None
    event_type: EventType = "added" if delta > 0 else "removed"
    if not stand.event_count:
        event_type = "seen"
    return Change(item_id, event_type, delta, stand.shown_count, stand.confidence)
