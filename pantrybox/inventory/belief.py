"""How sure are we of a count? A probability over 0, 1, 2, ... units, moved by each photograph. Pure.

The model, one item at one place. Let n be the true count and k the number of boxes of the
item in a photograph.

    before a photograph     P(n' | n) = (1 - CHANGED) [n' = n] + CHANGED * STEP^|n' - n| / Z(n)
    what it shows           k = found + stray,  found ~ Binomial(n, FOUND),  stray ~ Poisson(STRAY)
    at the first sight      P(n = 0) = 1/2,  P(n) = 2^-(n+1)
    a person's word         P(n = what was said) = 1, whatever was believed before

One step of a hidden Markov model (Rabiner, 1989, section III.A): predict, multiply by the
likelihood of k, normalise. What the model assumes and life does not hold to: that misses are
independent from one photograph to the next (a thing behind another stays hidden), and that
boxes that are not there do not stay.
"""

from collections.abc import Sequence
from math import ceil, exp, lgamma, log

import msgspec

CHANGED = 0.15
"""The chance that a count changed since the photograph before."""
STEP = 0.5
"""A change by one unit more is this much less likely."""
FOUND = 0.95
"""The chance that a thing in plain view is found."""
STRAY = 0.02
"""Boxes a photograph that are not the item they are called."""
DOUBTFUL = 0.35
"""How much of its evidence a view keeps in which most things vanished at once (exponent of the likelihood)."""
ROOM = 4
"""Counts below the lowest and above the highest one in question that stay possible."""
CONFIRMED = 0.8
"""A count this probable is written into the ledger."""
LEAST = 1e-6
"""Less probable counts are cut off the ends, so that beliefs stay short."""
DECIMALS = 6
"""Of a probability that is kept."""
_MOST_STRAY = 12
"""More stray boxes than this in one photograph do not happen: 0.02^13 / 13! is below 1e-31."""
_TINY = 1e-300
"""Stands for a probability too small for a float."""
_LEAST_TRUST = 0.05
"""A count that is told with less confidence than this is still believed this much."""


class Belief(msgspec.Struct, frozen=True):
    low: int
    """The count that `p` begins with; every lower one is impossible."""
    p: tuple[float, ...]
    """Probabilities of low, low + 1, ...; empty for what was never seen."""

    @property
    def shown_count(self) -> int:
        """The most probable count."""
        return self.low + max(range(len(self.p)), key=lambda index: self.p[index]) if self.p else 0

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


def together(one: Belief, other: Belief) -> Belief:
    """The belief about two heaps of the same thing: the sum of two independent counts."""
    if not one.p or not other.p:
        return one if one.p else other
    sums = [0.0] * (len(one.p) + len(other.p) - 1)
    for i, p in enumerate(one.p):
        for j, q in enumerate(other.p):
            sums[i + j] += p * q
    return _normalised(one.low + other.low, sums)


def after_photograph(before: Belief, seen: int, weight: float = 1.0) -> Belief:
    """The belief after a photograph in which `seen` boxes of the item were found."""
    low = max(0, min(before.low, seen) - ROOM)
    high = max(before.high, seen) + ROOM
    expected = _predicted(before, low, high) if before.p else _prior(high + 1)
    logs = [log(max(p, _TINY)) + weight * log_likelihood(seen, low + i) for i, p in enumerate(expected)]
    most = max(logs)
    return _normalised(low, [exp(weighed - most) for weighed in logs])


def log_likelihood(seen: int, count: int) -> float:
    """log P(k = seen | n = count): some of those there were found, the rest of the boxes are stray.

    In logarithms: five thousand that are there and three that are seen is less probable than a float can say.
    """
    terms = [
        _log_binomial(found, count) + _log_stray(seen - found)
        for found in range(max(0, seen - _MOST_STRAY), min(seen, count) + 1)
    ]
    if not terms:
        return _log_stray(seen)
    most = max(terms)
    return most + log(sum(exp(term - most) for term in terms))


def _log_binomial(found: int, count: int) -> float:
    ways = lgamma(count + 1) - lgamma(found + 1) - lgamma(count - found + 1)
    return ways + found * log(FOUND) + (count - found) * log(1 - FOUND)


def _log_stray(boxes: int) -> float:
    return boxes * log(STRAY) - STRAY - lgamma(boxes + 1)


def _prior(length: int) -> list[float]:
    return [2.0 ** -(n + 1) for n in range(length)]


def _predicted(before: Belief, low: int, high: int) -> list[float]:
    """P(n') for n' = low..high. A sum of STEP^|n' - n| over all n takes one pass up and one down."""
    counts = range(low, high + 1)
    stays = [_probability(before, n) for n in counts]
    leaves = [CHANGED * p / _steps(n - low, high - n) for n, p in zip(counts, stays, strict=True)]
    arrives = list(leaves)
    for i in range(1, len(arrives)):
        arrives[i] += STEP * arrives[i - 1]
    from_above = 0.0
    for i in reversed(range(len(arrives) - 1)):
        from_above = STEP * (from_above + leaves[i + 1])
        arrives[i] += from_above
    return [(1 - CHANGED) * p + arrival for p, arrival in zip(stays, arrives, strict=True)]


def _probability(belief: Belief, count: int) -> float:
    return belief.p[count - belief.low] if belief.low <= count <= belief.high else 0.0


def _steps(below: int, above: int) -> float:
    """Z: the sum of STEP^distance over so many counts below, above, and the count itself."""
    return 1 + STEP * (2 - STEP**below - STEP**above) / (1 - STEP)


def _normalised(low: int, weights: Sequence[float]) -> Belief:
    total = sum(weights)
    start, end = 0, len(weights)
    while weights[end - 1] < LEAST * total:
        end -= 1
    while weights[start] < LEAST * total:
        start += 1
    kept = weights[start:end]
    total = sum(kept)
    # Rounded, so that what no photograph changes any more is not written again.
    return Belief(low + start, tuple(round(weight / total, DECIMALS) for weight in kept))
