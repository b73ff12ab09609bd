"""The time: UTC milliseconds inside, RFC 3339 outside; nothing else in PantryBox reads the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pantrybox.errors import Malformed

Clock = Callable[[], int]
"""Returns the present in milliseconds since 1970, UTC. Wall time: it may step either way."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def to_rfc3339(at_ms: int) -> str:
    """`2026-11-22T19:27:00.250Z`; milliseconds are always written, so texts sort as times do."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso8601(text: str) -> int:
    """Milliseconds since 1970; a time without an offset is UTC. Malformed when it is no time, or before 1970."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        at_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise Malformed("Invalid timestamp format") from error
    if at_ms < 0:
        raise Malformed("Invalid timestamp format")
    return at_ms
