"""What each photograph teaches about the items of a shelf: how often they are missed, mistaken, come and go. Pure."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import msgspec
import numpy as np

from pantrybox.inventory.columns import Numbers, rounded, sums, table
from pantrybox.inventory.lives import MISSED, SEEN, STATES, TAKEN, VANISHED, Lived
from pantrybox.inventory.rates import CHANGES, FALSE_BOXES, LOOKS, NOT_FOUND, Habits, Learned, Tally, up_to_date
from pantrybox.inventory.shelf import Columns, Known, Shelf, Track

_VISITS_FADE = 0.995
"""What was learned of changes at a place loses this much of its weight each time that somebody is there."""


class Happened(NamedTuple):
    """Between two photographs of a view, by item: expected numbers."""

    false_boxes: Mapping[int, float]
    """That ended: by then it shows best, and while they are there a doubted unit would be counted each time anew."""
    changes: Mapping[int, float]
    """Of counts."""
    expected_changes: float
    """Of each item, had it changed as often as anything at the place."""

    @property
    def items(self) -> set[int]:
        return {*self.false_boxes, *self.changes}


NOTHING_YET = Happened({}, {}, 0.0)
"""Before there were two photographs."""


def happened(
    before: Columns, after: Lived, fresh: Sequence[Track], habits: Habits, *, expected_changes: float
) -> Happened:
    """`fresh`: tracks that are new."""
    grown = after.states - before.states
    ended = before.by_item(np.maximum(0.0, grown[:, VANISHED]))
    # What was taken may turn out to be there, but where another came it stays taken.
    taken = before.by_item(grown[:, TAKEN] + after.came)
    came = before.by_item(after.came)
    for track in fresh:
        came[track.item_id] = came.get(track.item_id, 0.0) + track.states[SEEN]
    # Several units come and go at once: that is one change.
    changes = {
        item_id: (1 - habits.another_taken) * taken.get(item_id, 0.0) + (1 - habits.another) * arrived
        for item_id, arrived in came.items()
    }
    return Happened(ended, changes, expected_changes)


def visited(shelf: Shelf, now: Happened, items: int) -> Shelf:
    """After somebody was there, where so many items were known."""
    return msgspec.structs.replace(
        shelf,
        changes=round(max(0.0, _VISITS_FADE * shelf.changes + sum(now.changes.values())), 3),
        visits=round(_VISITS_FADE * shelf.visits + items, 3),
    )


def learned(shelf: Shelf, tracks: Sequence[Track], now: Happened, *, stays: float) -> Shelf:
    """`stays`: the chance that whether a unit is found was no new throw, so that it teaches nothing."""
    ranks = {item_id: rank for rank, item_id in enumerate(sorted({track.item_id for track in tracks} | now.items))}
    known = [shelf.known(item_id) for item_id in ranks]
    item = np.array([ranks[track.item_id] for track in tracks], dtype=np.intp)
    states = table([track.states for track in tracks], STATES)
    seen, missed = (sums(states[:, state], item, len(ranks)) for state in (SEEN, MISSED))
    looked = Looked(
        looks=(1 - stays) * (seen + missed),
        missed=(1 - stays) * missed,
        false_boxes=np.array([now.false_boxes.get(item_id, 0.0) for item_id in ranks]),
        changes=np.array([now.changes.get(item_id, 0.0) for item_id in ranks]),
    )
    tally = shelf.tally.after_one_more(now.expected_changes)
    after = [
        Known(one, before.told, before.shown_count, before.since, before.most)
        for one, before in zip(with_one_more([each.learned for each in known], looked, tally), known, strict=True)
    ]
    return msgspec.structs.replace(shelf, items=shelf.items | dict(zip(ranks, after, strict=True)), tally=tally)


class Looked(NamedTuple):
    """What one photograph tells about each of some items, (n,) each: expected numbers, as in Learned."""

    looks: Numbers
    missed: Numbers
    false_boxes: Numbers
    changes: Numbers


def with_one_more(before: Sequence[Learned], now: Looked, tally: Tally) -> list[Learned]:
    """With one photograph more, after which it is as late as `tally` says."""
    known = up_to_date(before, tally)
    known[:, [LOOKS, NOT_FOUND, FALSE_BOXES]] += np.stack((now.looks, now.missed, now.false_boxes), axis=1)
    # What was taken may turn out to be there: then less has changed.
    known[:, CHANGES] = np.maximum(0.0, known[:, CHANGES] + now.changes)
    until = (repeat(tally.photographs), repeat(tally.expected_changes))
    return list(map(Learned, *rounded(known, _DECIMALS).T.tolist(), *until))


_DECIMALS = (3, 3, 3, 4, 4, 4)
