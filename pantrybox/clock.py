"""The time: UTC milliseconds inside, RFC 3339 outside; nothing else in PantryBox reads the clock."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pantrybox.errors import Malformed

Clock = Callable[[], int]
"""Returns the present in milliseconds since 1970, UTC. Wall time: it may step either way."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds since some moment of this run of the machine; sleep counts and no clock step changes it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
RELEASED_MS = 1_767_225_600_000
"""2026-01-01: no clock that says less is right."""
_LONG_OFF_MS = 180 * DAY_MS
_MOMENT_MS = 60 * 1000
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches it each time that it has asked a time server (systemd-timesyncd.service(8))."""


def timesyncd_mark() -> int | None:
    """When the clock was last synchronised, by the clock itself; None when it never was since the machine started."""
    try:
        return SYNCHRONISED.stat().st_mtime_ns // 1_000_000
    except OSError:
        return None


_TRUSTED = -1


def always_trusted() -> int:
    """The mark of a clock that its owner vouches for, but for what steps while the box runs."""
    return _TRUSTED


class BoxClock:
    """The wall clock, and whether it may decide that something is old (docs/decisions/0009-what-age-means.md)."""

    def __init__(
        self,
        wall: Clock = wall_clock_ms,
        monotonic: Clock = monotonic_ms,
        sync_mark: Callable[[], int | None] = timesyncd_mark,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._sync_mark = sync_mark
        self._started_ms = monotonic()
        self._offset_ms = wall() - self._started_ms
        self._mark = sync_mark()
        # timesyncd asks again every half hour: a clock set by hand since is wrong by no more than that was ago.
        self._was_right = self._agrees(self._mark, HOUR_MS)
        self._asked_ms = self._started_ms
        self._asking = threading.Lock()
        self._ran_before_ms = 0
        self._newest_receipt_ms: int | None = None
        self._was_off_long = False

    def resume(self, running_ms: int, newest_receipt_ms: int | None) -> None:
        """Take up what the newest photographs say of the time before this start."""
        self._ran_before_ms = running_ms
        self._newest_receipt_ms = newest_receipt_ms
        self._was_off_long = newest_receipt_ms is not None and self._wall() - newest_receipt_ms > _LONG_OFF_MS

    def now(self) -> int:
        return self._wall()

    def monotonic(self) -> int:
        return self._monotonic()

    def running_ms(self) -> int:
        """How long the box has been running in its life, at least: photographs remember it, restarts add to it."""
        return self._ran_before_ms + self._monotonic() - self._started_ms

    def synchronised(self) -> bool:
        """Something outside of this box vouches for the clock, and it has not stepped since."""
        with self._asking:  # the database's threads ask, too
            mark, monotonic_ms = self._sync_mark(), self._monotonic()
            since_asked_ms, self._asked_ms = monotonic_ms - self._asked_ms, monotonic_ms
            # Just now; else the clock was set by hand after it was synchronised and before anybody asked.
            if mark != self._mark and self._agrees(mark, since_asked_ms + _MOMENT_MS):
                self._offset_ms = self._wall() - monotonic_ms
                self._was_right, self._newest_receipt_ms = True, None
            self._mark = mark
            return self._was_right and mark is not None and abs(self._stepped_ms()) <= _MOMENT_MS

    def _agrees(self, mark: int | None, within_ms: int) -> bool:
        """Whether the clock goes as it did when it was synchronised, some time ago at most."""
        return mark == _TRUSTED or (mark is not None and abs(self._wall() - mark) <= within_ms)

    def _stepped_ms(self) -> int:
        """How far the clock was set since it was last known to be right, or since the start."""
        return self._wall() - self._monotonic() - self._offset_ms

    def vouches_for(self, at_ms: int) -> bool:
        """Whether a time that was read a moment ago was read from a synchronised clock."""
        # In this order: synchronised after it was read, the clock has moved away from it.
        return self.synchronised() and abs(self._wall() - at_ms) <= _MOMENT_MS

    def distrust(self) -> str | None:
        """Why nothing may be deleted by age now, as a sentence; None when the clock can be trusted."""
        if self.synchronised():
            return None
        now_ms, newest_ms = self._wall(), self._newest_receipt_ms
        stepped_ms = self._stepped_ms()
        if now_ms < RELEASED_MS:
            return f"The clock says {to_rfc3339(now_ms)[:10]}, which was before this PantryBox was made."
        if abs(stepped_ms) > HOUR_MS:
            return f"The clock was set {abs(stepped_ms) / HOUR_MS:.0f} hours {_way(stepped_ms)} while PantryBox ran."
        if newest_ms is not None and now_ms < newest_ms - HOUR_MS:
            return f"The clock says {_minute(now_ms)}, but a photograph came at {_minute(newest_ms)}."
        if newest_ms is not None and self._was_off_long:
            return f"When PantryBox started, the newest photograph was of {_minute(newest_ms)}, months before."
        return None


def _way(stepped_ms: int) -> str:
    return "forward" if stepped_ms > 0 else "back"


def _minute(at_ms: int) -> str:
    return to_rfc3339(at_ms)[:16].replace("T", " ") + " UTC"


def to_rfc3339(at_ms: int) -> str:
    """`2026-11-22T19:27:00.250Z`; milliseconds are always written, so texts sort as times do."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(at_ms: int | None) -> str | None:
    """Of a moment that may not have come."""
    return None if at_ms is None else to_rfc3339(at_ms)


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


def local_date(at_ms: int) -> date:
    """The day on the calendar of the house: in the machine's time zone."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone().date()


def local_day_ms(day: date) -> tuple[int, int]:
    """When a day of the house begins and when the next one does: 23 to 25 hours later."""
    return _midnight_ms(day), _midnight_ms(day + timedelta(days=1))


def _midnight_ms(day: date) -> int:
    return (datetime.fromisoformat(day.isoformat()).astimezone() - _EPOCH) // timedelta(milliseconds=1)
