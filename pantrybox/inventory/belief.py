"""How sure are we of a count? A probability over 0, 1, 2, ... units, moved by each photograph. Pure.

The model, one item at one place. Let n be the true count and k the number of boxes of the
item in a photograph.

    before a photograph     P(n' | n) = (1 - CHANGED) [n' = n] + CHANGED * STEP^|n' - n| / Z
    what it shows           k = found + stray,  found ~ Binomial(n, FOUND),  stray ~ Poisson(STRAY)
    at the first sight      P(n = 0) = 1/2,  P(n) = 2^-(n+1)

One step of a hidden Markov model (Rabiner, 1989, section III.A): predict, multiply by the
likelihood of k, normalise. What the model assumes and life does not hold to: that misses are
independent from one photograph to the next (a thing behind another stays hidden), and that
boxes that are not there do not stay.
"""

from collections.abc import Sequence
from math import comb, exp, factorial

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
"""Counts above the highest one in question that stay possible."""
CONFIRMED = 0.8
"""A count this probable is written into the ledger."""
LEAST = 1e-6
"""Less probable counts are cut off the end, so that beliefs stay short."""
DECIMALS = 6
"""Of a probability that is kept."""

Belief = tuple[float, ...]


def first_sight() -> Belief:
    """Before anything of the item was seen here; after_photograph() makes it longer."""
    return (1.0,)


def after_photograph(before: Belief, seen: int, weight: float = 1.0) -> Belief:
    """The belief after a photograph in which `seen` boxes of the item were found."""
    length = max(len(before), seen + 1) + ROOM
    expected = _prior(length) if before == first_sight() else _predicted(before, length)
    weighed = [p * likelihood(seen, n) ** weight for n, p in enumerate(expected)]
    return _normalised(weighed)


def likelihood(seen: int, count: int) -> float:
    """P(k = seen | n = count): some of those there were found, the rest of the boxes are stray."""
    return sum(
        _binomial(found, count) * STRAY ** (seen - found) * exp(-STRAY) / factorial(seen - found)
        for found in range(min(seen, count) + 1)
    )


def _binomial(found: int, count: int) -> float:
    return comb(count, found) * FOUND**found * (1 - FOUND) ** (count - found)


def _prior(length: int) -> list[float]:
    return [2.0 ** -(n + 1) for n in range(length)]


def _predicted(before: Belief, length: int) -> list[float]:
    kernel = [STEP**distance for distance in range(length)]
    predicted = [0.0] * length
    for n, probability in enumerate(before):
        steps = [kernel[abs(m - n)] for m in range(length)]
        share = CHANGED * probability / sum(steps)
        for m in range(length):
            predicted[m] += share * steps[m]
        predicted[n] += (1 - CHANGED) * probability
    return predicted


def _normalised(weights: Sequence[float]) -> Belief:
    total = sum(weights)
    end = len(weights)
    while end > 1 and weights[end - 1] < LEAST * total:
        end -= 1
    kept = weights[:end]
    total = sum(kept)
    # Rounded, so that what no photograph changes any more is not written again.
    return tuple(round(weight / total, DECIMALS) for weight in kept)
