"""Was the view blocked though it passed for readable? Judged from how many things vanished at once. Pure."""

from collections import defaultdict
from math import exp, log

import numpy as np

from pantrybox.inventory.columns import Numbers
from pantrybox.inventory.lives import SEEN, Chances, Shown, showing
from pantrybox.inventory.matching import Matched
from pantrybox.inventory.rates import Habits
from pantrybox.inventory.shelf import Columns

_BLOCKED = 0.004
"""The chance that a view is blocked, dark or blurred and passes for readable."""
_BLOCKED_ON = 0.4
"""The chance that it is so in the next photograph as well, against that of a shelf that was truly emptied."""
_FREE_PARTS = (0.05, 0.2, 0.4, 0.6)
"""Of a blocked view, as likely one as the other: the chance of a thing to be found all the same."""
_VERDICT_IF_BLOCKED = 0.4
"""The chance of any one verdict about a thing that a blocked view does not show."""
_ENOUGH = 3
"""Fewer things cannot tell a blocked view from an emptied shelf."""
_PROBABLY = 0.5


def looks_blocked(
    before: Columns, found: Matched, log_likelihood: Numbers, chances: Chances, habits: Habits, *, doubted: int
) -> bool:
    """Whether a view in which many things vanished at once is to be doubted rather than the stock.

    `doubted`: so many photographs before it were.

    Of the things that were found in the photograph before, each is found in a blocked view with the same
    chance, whatever it is, and what is found elsewhere is a false box there; that is weighed against what
    became of each by itself. Several of a kind are taken together: that is one change, and others with it.
    A shelf that stays empty is believed in the end: a view is not blocked for long.
    """
    asked = before.is_found & (before.states[:, SEEN] > _PROBABLY)
    if np.count_nonzero(asked) < _ENOUGH:
        return False
    is_there = np.array([thing is not None for thing in found.things])
    by_itself = sum(log_likelihood[asked & is_there].tolist())
    gone: dict[int, list[int]] = defaultdict(list)
    for rank in np.flatnonzero(asked & ~is_there).tolist():
        gone[int(before.item[rank])].append(rank)
    elsewhere = asked & showing(np.array(found.shown), Shown.MOVED)
    there = int(np.count_nonzero(asked & is_there & ~elsewhere))
    lost = int(np.count_nonzero(asked)) - there
    logs = [there * log(part) + lost * log((1 - part) * _VERDICT_IF_BLOCKED) for part in _FREE_PARTS]
    most = max(logs)
    blocked = most + log(sum(exp(one - most) for one in logs) / len(logs)) + log(_BLOCKED)
    blocked += float(np.log(chances.false_boxes[elsewhere]).sum())
    for ranks in gone.values():
        alone = [float(log_likelihood[rank]) for rank in ranks]
        together = log(float(chances.taken[ranks[0]])) + (len(ranks) - 1) * log(habits.another)
        by_itself += max(sum(alone), together)
    return blocked + doubted * log(_BLOCKED_ON) > by_itself
