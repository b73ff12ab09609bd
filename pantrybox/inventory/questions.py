"""One question at a time, about the count whose answer is worth most. Pure.

Who answers makes a count certain. What that takes away is the error that the shown count c is expected to have:

    E|n - c| = P(n /= c) * E(|n - c| given n /= c) = (1 - confidence) * units at stake

since the confidence is P(n = c). The units at stake are how far the counts lie apart between which the box wavers: the
shown one from what the ledger sums to, or from what would be left without those that are only believed to be there.
One at the least, and three at the most: nobody cares four times as much about forty that may be thirty-six.

    worth = (1 - confidence) * units at stake * care

`care` is 2 where the answer may decide whether the item is low, and halved for a name that is the model's own guess.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from pantrybox.clock import DAY_MS, HOUR_MS
from pantrybox.inventory.low import is_low
from pantrybox.inventory.model import StockLine

MOST_A_DAY = 3
"""Questions answered or put off within 24 hours; then there is peace."""
APART_MS = HOUR_MS
"""After an answer, nothing is asked for this long."""
AGAIN_MS = 20 * HOUR_MS
"""A line is not asked about again within this time: breakfast and dinner are one day."""
SURE = 0.9
"""A count this probable is right nine times in ten: nine of ten questions would be in vain."""
LEAST_WORTH = 0.2
"""Below it nobody is asked: one unit of something that does not run low has it at a confidence of 0.8."""
FRESH_MS = 2 * 60_000
"""A count that changed this lately is still being looked at; the next photographs may settle it."""
MOST_AT_STAKE = 3
"""Units."""
LOW_CARE = 2.0
"""Where the answer may decide whether the item is low."""
GENERIC_CARE = 0.5
"""Where nobody but the model called it that."""


class Watch(msgspec.Struct, frozen=True):
    """The newest photograph that shows a place as it is, neither dark nor blocked."""

    place_id: int
    captured_at_ms: int
    capture_id: str | None
    """None when its image is gone."""

    def missed(self, line: StockLine) -> bool:
        """The camera has looked, and has not seen it for more than a day."""
        return line.last_seen_at_ms is not None and self.captured_at_ms - line.last_seen_at_ms > DAY_MS


class Answered(msgspec.Struct, frozen=True):
    """A question that was answered or put off."""

    item_id: int
    place_id: int
    answered_at_ms: int


class Question(msgspec.Struct, frozen=True):
    """Is what is shown of this line right?"""

    line: StockLine
    capture_id: str | None
    """The newest photograph of the place; None when its image is gone."""

    @property
    def still_count(self) -> int:
        """How many there are when it is not gone."""
        return self.line.shown_count or max(1, self.line.confirmed_count)


def question(
    lines: Sequence[StockLine], watches: Mapping[int, Watch], answers: Sequence[Answered], now_ms: int
) -> Question | None:
    """What to ask now; None for nothing.

    `watches`, by place: only what a camera can lose sight of is asked about, people know what they put elsewhere.
    `answers`: at least those of the last day.
    """
    if _at_rest(answers, now_ms):
        return None
    counts = Counter[int]()
    for line in lines:
        counts[line.item_id] += line.shown_count
    open_lines = [line for line in lines if line.place_id in watches and _may_be_asked(line, answers, now_ms)]
    ranked = [(worth(line, counts[line.item_id]), -line.item_id, -line.place_id, line) for line in open_lines]
    best = max(ranked, key=lambda rank: rank[:3], default=None)
    if best is None or best[0] < LEAST_WORTH:
        return None
    return Question(best[3], watches[best[3].place_id].capture_id)


def worth(line: StockLine, item_total: int) -> float:
    """How much better the stock would be known, in units that the household cares about.

    `item_total`: what is shown of the item at all places together.
    """
    units = min(MOST_AT_STAKE, max(1, abs(line.shown_count - line.confirmed_count), line.hidden_count))
    care = LOW_CARE if is_low(item_total - units, line.minimum) else 1.0
    return (1 - line.confidence) * units * care * (GENERIC_CARE if line.generic else 1.0)


def _at_rest(answers: Sequence[Answered], now_ms: int) -> bool:
    ages_ms = [_apart(answer.answered_at_ms, now_ms) for answer in answers]
    return any(age < APART_MS for age in ages_ms) or sum(age < DAY_MS for age in ages_ms) >= MOST_A_DAY


def _may_be_asked(line: StockLine, answers: Sequence[Answered], now_ms: int) -> bool:
    # Not shown and never written down: nobody misses it.
    missed_by_nobody = not line.shown_count and not line.confirmed_count
    fresh = _apart(line.updated_at_ms, now_ms) < FRESH_MS
    return not (line.confidence >= SURE or missed_by_nobody or fresh or _spoken_of(line, answers, now_ms))


def _spoken_of(line: StockLine, answers: Sequence[Answered], now_ms: int) -> bool:
    """Somebody was asked about it, or counted it unasked, not long ago."""
    said_ms = [answer.answered_at_ms for answer in answers if _is_about(answer, line)]
    if line.is_manual and line.last_seen_at_ms is not None:
        said_ms.append(line.last_seen_at_ms)
    return any(_apart(at_ms, now_ms) < AGAIN_MS for at_ms in said_ms)


def _is_about(answer: Answered, line: StockLine) -> bool:
    return (answer.item_id, answer.place_id) == (line.item_id, line.place_id)


def _apart(at_ms: int, now_ms: int) -> int:
    """Either way: a clock that was set back must not silence the box for as long as it was wrong."""
    return abs(now_ms - at_ms)
