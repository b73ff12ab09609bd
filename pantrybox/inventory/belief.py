"""How many are there? A probability over 0, 1, 2, ... units, and how such beliefs are put together. Pure.

A count is the number of units among tracks (lives), each there with a probability of its own and taken
to be independent of the others, and of units that people say are there: the convolution of their
distributions (the Poisson binomial one, Wang, 1993).
"""

from collections.abc import Sequence
from math import ceil

import msgspec

CONFIRMED = 0.97
"""A count this probable is written into the ledger."""
CONFIRMED_FIRST = 0.8
"""The first line about an item at a place needs no more than this: there is nothing yet that it could spoil."""
LEAST = 1e-6
"""Less probable counts are cut off the ends, so that beliefs stay short."""
DECIMALS = 6
"""Of a probability that is kept."""
_LEAST_TRUST = 0.05
"""A count that is told with less confidence than this is still believed this much."""


class Belief(msgspec.Struct, frozen=True, gc=False):
    low: int
    """The count that `p` begins with; every lower one is impossible."""
    p: tuple[float, ...]
    """Probabilities of low, low + 1, ...; empty for what was never seen."""

    @property
    def shown_count(self) -> int:
        """The most probable count."""
        p = self.p
        return self.low + p.index(max(p)) if len(p) > 1 else self.low

    @property
    def confidence(self) -> float:
        """The probability of the shown count."""
        return max(self.p) if self.p else 0.5

    @property
    def high(self) -> int:
        """The highest count that is possible."""
        return self.low + max(0, len(self.p) - 1)


UNSEEN = Belief(0, ())
"""Before anything of the item was seen or said here."""


def certain(count: int) -> Belief:
    return Belief(count, (1.0,))


def stated(count: int, confidence: float) -> Belief:
    """What is believed after being told of a count; `confidence` below 1 when who tells it is not sure.

    What is missing to 1 is spread evenly over as many of the nearest counts as it takes to stay
    below the one that was told.
    """
    trust = max(_LEAST_TRUST, round(confidence, DECIMALS))
    if trust >= 1:
        return certain(count)
    others = ceil((1 - trust) / (0.9 * trust))
    below = min(count, others // 2)
    p = [round((1 - trust) / others, DECIMALS)] * (others + 1)
    p[below] = trust
    return Belief(count - below, tuple(p))


def of_chances(units: Sequence[float]) -> Belief:
    """The count of units that are each there with such a chance; certain(0) for none at all."""
    p = [1.0]
    for chance in units:
        if 0 < chance < 1:
            p = [stays * (1 - chance) + comes * chance for stays, comes in zip([*p, 0.0], [0.0, *p], strict=True)]
    return _normalised(units.count(1), p)


def together(one: Belief, other: Belief) -> Belief:
    """The belief about two heaps of the same thing: the sum of two independent counts."""
    if not one.p or not other.p:
        return one if one.p else other
    if len(other.p) == 1:
        return _normalised(one.low + other.low, one.p)
    sums = [0.0] * (len(one.p) + len(other.p) - 1)
    for i, p in enumerate(one.p):
        for j, q in enumerate(other.p):
            sums[i + j] += p * q
    return _normalised(one.low + other.low, sums)


def thinned(belief: Belief, stays: float) -> Belief:
    """The count of what is left when each unit is still there with such a chance."""
    left = [0.0] * (belief.high + 1)
    for index, p in enumerate(belief.p):
        kept = of_chances([stays] * (belief.low + index))
        for count, share in enumerate(kept.p, start=kept.low):
            left[count] += p * share
    return _normalised(0, left)


def larger(one: Belief, other: Belief) -> Belief:
    """The larger of two independent counts of the same units, neither of which can see too many."""
    low = max(one.low, other.low)
    below, p = _at_most(one, low - 1) * _at_most(other, low - 1), list[float]()
    for count in range(low, max(one.high, other.high) + 1):
        up_to = _at_most(one, count) * _at_most(other, count)
        p.append(up_to - below)
        below = up_to
    return _normalised(low, p)


def _at_most(belief: Belief, count: int) -> float:
    return sum(belief.p[: max(0, count - belief.low + 1)])


def _normalised(low: int, weights: Sequence[float]) -> Belief:
    least = LEAST * sum(weights)
    start, end = 0, len(weights)
    while weights[end - 1] < least:
        end -= 1
    while weights[start] < least:
        start += 1
    kept = weights[start:end]
    total = sum(kept)
    return Belief(low + start, tuple([round(weight / total, DECIMALS) for weight in kept]))
