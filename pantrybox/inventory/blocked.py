"""Was the view blocked though it passed for readable? Judged from how many things vanished at once. Pure."""

from collections import defaultdict
from math import exp, log

from pantrybox.inventory.lives import SEEN, Chances, Numbers, Shown
from pantrybox.inventory.matching import Matched
from pantrybox.inventory.rates import Habits
from pantrybox.inventory.shelf import Scene

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


def looks_blocked(scene: Scene, found: Matched, log_likelihood: Numbers, chances: Chances, habits: Habits) -> bool:
    """Whether a view in which many things vanished at once is to be doubted rather than the stock.

    Of the things that were found in the photograph before, each is found in a blocked view with the same
    chance, whatever it is, and what is found elsewhere is a false box there; that is weighed against what
    became of each by itself. Several of a kind are taken together: that is one change, and others with it.
    A shelf that stays empty is believed in the end: a view is not blocked for long.
    """
    asked = [rank for rank, track in enumerate(scene.tracks) if track.is_found and track.states[SEEN] > _PROBABLY]
    if len(asked) < _ENOUGH:
        return False
    gone: dict[int, list[int]] = defaultdict(list)
    for rank in asked:
        if found.things[rank] is None:
            gone[scene.tracks[rank].item_id].append(rank)
    elsewhere = [rank for rank in asked if found.shown[rank] == Shown.MOVED]
    lost = len(elsewhere) + sum(len(ranks) for ranks in gone.values())
    logs = [(len(asked) - lost) * log(part) + lost * log((1 - part) * _VERDICT_IF_BLOCKED) for part in _FREE_PARTS]
    most = max(logs)
    blocked = most + log(sum(exp(one - most) for one in logs) / len(logs)) + log(_BLOCKED)
    blocked += sum(log(float(chances.false_boxes[rank])) for rank in elsewhere)
    by_itself = sum(float(log_likelihood[rank]) for rank in asked if found.things[rank] is not None)
    for ranks in gone.values():
        alone = [float(log_likelihood[rank]) for rank in ranks]
        together = log(float(chances.taken[ranks[0]])) + (len(ranks) - 1) * log(habits.another)
        by_itself += max(sum(alone), together)
    return blocked + scene.doubted * log(_BLOCKED_ON) > by_itself
