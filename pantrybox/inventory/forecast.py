"""When will it be used up? From how fast units went so far, with how sure that is. Pure.

Units leave as a Poisson process of a rate r that nobody knows. In the T days in which any were
there, n of them left. With the prior 1/r, which prefers no unit of time, that is known of r:

    r ~ Gamma(n, T)

The N units that are there are gone after a time t ~ Gamma(N, r). With r unknown, t / T is the ratio
of a Gamma(N) and a Gamma(n) variable, a beta-prime one. For whole N and n its distribution is a
binomial sum (Abramowitz and Stegun, 1964, 26.5.24):

    P(t <= x T) = P(K >= N),  K ~ Binomial(N + n - 1, x / (1 + x))

Its quantiles are found by bisection. What the model assumes and life does not hold to: that units leave
one by one, at a rate that does not change with the seasons.
"""

from math import exp, lgamma, log1p

import msgspec

LEAST_GONE = 2
"""From fewer units that left, nothing can be said about when the rest will."""
WINDOW_DAYS = 180
"""Older use says little about the present one."""
_EARLY, _LATE = 0.1, 0.9
"""Four times in five the day lies between these quantiles."""
_WIDEST = 60.0
"""Quantiles are looked for where log x is within this of 0."""
_HALVINGS = 60
_NEGLIGIBLE = 1e-16


class Use(msgspec.Struct, frozen=True):
    """What left the shelf in the window of a forecast."""

    gone: int
    """Units that were used; not those that a correction took away, nor those that came back by an undo."""
    days: float
    """How long there was something that could be used."""


class UntilEmpty(msgspec.Struct, frozen=True):
    """Days until the last unit is used."""

    days: float
    """As likely sooner as later."""
    earliest: float
    """One time in ten it is sooner."""
    latest: float
    """One time in ten it is later."""


def until_empty(count: int, use: Use) -> UntilEmpty | None:
    """None when nothing is there, or when too little was used to say."""
    if count < 1 or use.gone < LEAST_GONE or use.days <= 0:
        return None
    return UntilEmpty(
        days=use.days * _quantile(0.5, count, use.gone),
        earliest=use.days * _quantile(_EARLY, count, use.gone),
        latest=use.days * _quantile(_LATE, count, use.gone),
    )


def _quantile(probability: float, count: int, gone: int) -> float:
    """x so that P(t <= x T) is `probability`."""
    low, high = -_WIDEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if chance_within(middle, count, gone) < probability:
            low = middle
        else:
            high = middle
    return exp((low + high) / 2)


def chance_within(log_x: float, count: int, gone: int) -> float:
    """P(t <= x T), from the shorter tail of the sum: its terms shrink from the first one on."""
    trials = count + gone - 1
    odds = exp(log_x)
    if count > trials * odds / (1 + odds):
        return _tail(count, trials, log_x, step=1)
    return 1 - _tail(count - 1, trials, log_x, step=-1)


def _tail(first: int, trials: int, log_odds: float, *, step: int) -> float:
    """P(K >= first) for step 1, P(K <= first) for step -1."""
    ways = lgamma(trials + 1) - lgamma(first + 1) - lgamma(trials - first + 1)
    # log(1 + odds), without overflow.
    log_either = max(log_odds, 0) + log1p(exp(-abs(log_odds)))
    term = exp(ways + first * log_odds - trials * log_either)
    odds, total, k = exp(log_odds), 0.0, first
    while 0 <= k <= trials and term > _NEGLIGIBLE * total:
        total += term
        term *= (trials - k) / (k + 1) * odds if step > 0 else k / ((trials - k + 1) * odds)
        k += step
    return min(1.0, total)
