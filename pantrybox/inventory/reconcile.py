"""What belongs into the ledger when what is believed has changed. Pure: no clock, no database."""

from collections.abc import Mapping

import msgspec

from pantrybox.inventory.belief import CONFIRMED, CONFIRMED_FIRST, UNSEEN, Belief
from pantrybox.inventory.model import NOTHING, Change, EventType, Stand
from pantrybox.inventory.shelf import Shelf

Stock = Mapping[int, Stand]
"""What is known at one place, by item id."""
Beliefs = Mapping[int, Belief]
"""What is believed at one place, by item id."""


class Noted(msgspec.Struct, frozen=True):
    """A line for the ledger, and the observation with which the change began; 0: with a person's word."""

    change: Change
    since: int


def reconciled(before: Stock, shelf: Shelf) -> tuple[dict[int, Stand], list[Noted]]:
    """The stock that follows from a shelf, and what belongs into the ledger."""
    after: dict[int, Stand] = {}
    lines: list[Noted] = []
    for item_id, belief in shelf.beliefs().items():
        stand = before.get(item_id, NOTHING)
        moved = Stand(belief, stand.confirmed_count, stand.event_count)
        change = _change(item_id, moved)
        if change is not None:
            lines.append(Noted(change, shelf.known(item_id).since))
            moved = Stand(belief, change.count_after, moved.event_count + 1)
        after[item_id] = moved
    return after, lines


def _change(item_id: int, stand: Stand) -> Change | None:
    """The ledger's line when the believed count is sure and another than the confirmed one."""
    delta = stand.shown_count - stand.confirmed_count
    if delta == 0 or stand.confidence < (CONFIRMED if stand.event_count else CONFIRMED_FIRST):
        return None
    event_type: EventType = "added" if delta > 0 else "removed"
    if not stand.event_count:
        event_type = "seen"
    return Change(item_id, event_type, delta, stand.shown_count, stand.confidence)


def adjusted(before: Stock, beliefs: Beliefs) -> tuple[dict[int, Stand], list[Change]]:
    """The stock when all evidence was folded again, and the lines that bring the ledger in step with it.

    Nothing is left of what no photograph shows any more.
    """
    after: dict[int, Stand] = {}
    changes: list[Change] = []
    for item_id in sorted(before.keys() | beliefs.keys()):
        stand, belief = before.get(item_id, NOTHING), beliefs.get(item_id, UNSEEN)
        delta = belief.shown_count - stand.confirmed_count
        if delta and (belief.confidence >= CONFIRMED or belief == UNSEEN):
            changes.append(Change(item_id, "adjusted", delta, belief.shown_count, belief.confidence))
            after[item_id] = Stand(belief, belief.shown_count, stand.event_count + 1)
        else:
            after[item_id] = Stand(belief, stand.confirmed_count, stand.event_count)
    return after, changes
