"""Turn "what this photograph shows" into "what is believed" and "what changed". Pure: no clock, no database."""

from collections.abc import Mapping

from pantrybox.inventory.belief import CONFIRMED, DOUBTFUL, UNSEEN, Belief, after_photograph
from pantrybox.inventory.model import NOTHING, Change, EventType, Stand, View

Stock = Mapping[int, Stand]
"""What is known at one place, by item id."""
Beliefs = Mapping[int, Belief]
"""What is believed at one place, by item id."""

_MANY = 3
"""Fewer units than this can all leave at once without it being strange."""
_MOST = 0.6
"""When a larger share of the expected units vanishes at once, the view is to be doubted, not the stock."""


def believed_after(before: Beliefs, view: View) -> dict[int, Belief]:
    """The beliefs about a place after one more photograph of it.

    An unreadable view changes nothing: it says nothing about absence, and what it seems to
    show is as doubtful.
    """
    if not view.readable:
        return dict(before)
    if not view.whole:
        return _after_glimpse(before, view)
    doubtful = _most_vanished(before, view)
    after: dict[int, Belief] = {}
    for item_id in sorted(before.keys() | view.seen.keys()):
        belief = before.get(item_id, UNSEEN)
        seen = view.seen.get(item_id, 0)
        weight = DOUBTFUL if doubtful and seen < belief.shown_count else 1.0
        # What was never seen here is not missed: it may have a row all the same, once evidence was taken away.
        after[item_id] = after_photograph(belief, seen, weight) if seen or belief != UNSEEN else UNSEEN
    return after


def _after_glimpse(before: Beliefs, view: View) -> dict[int, Belief]:
    """A part of a place shows that something is there, and never that something is not."""
    after = dict(before)
    for item_id, seen in sorted(view.seen.items()):
        belief = before.get(item_id, UNSEEN)
        if seen >= belief.shown_count:
            after[item_id] = after_photograph(belief, seen)
    return after


def _most_vanished(before: Beliefs, view: View) -> bool:
    expected = sum(belief.shown_count for belief in before.values())
    vanished = sum(max(0, belief.shown_count - view.seen.get(item_id, 0)) for item_id, belief in before.items())
    return expected >= _MANY and vanished > _MOST * expected


def reconcile(before: Stock, view: View) -> tuple[dict[int, Stand], list[Change]]:
    """The stock of a place after one more photograph of it, and what belongs into the ledger."""
    beliefs = believed_after({item_id: stand.belief for item_id, stand in before.items()}, view)
    after: dict[int, Stand] = {}
    changes: list[Change] = []
    for item_id, belief in beliefs.items():
        stand = before.get(item_id, NOTHING)
        moved = Stand(belief, stand.confirmed_count, stand.event_count)
        change = _change(item_id, moved) if belief != stand.belief else None
        if change is not None:
            changes.append(change)
            moved = Stand(belief, change.count_after, moved.event_count + 1)
        after[item_id] = moved
    return after, changes


def _change(item_id: int, stand: Stand) -> Change | None:
    """The ledger's line when the believed count is sure and another than the confirmed one."""
    delta = stand.shown_count - stand.confirmed_count
    if delta == 0 or stand.confidence < CONFIRMED:
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
