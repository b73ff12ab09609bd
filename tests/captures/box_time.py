"""A box's clocks, to be set by hand."""

from pantrybox.clock import DAY_MS, BoxClock

START_MS = 1_800_000_000_000
HOUR_MS = DAY_MS // 24


class BoxTime:
    """The true time, what the wall clock makes of it, and when timesyncd last spoke."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.true_ms = now_ms
        self.error_ms = 0
        self.up_since_ms = now_ms
        self.mark_ms: int | None = None

    def wall(self) -> int:
        return self.true_ms + self.error_ms

    def monotonic(self) -> int:
        return self.true_ms - self.up_since_ms

    def mark(self) -> int | None:
        return self.mark_ms

    def clock(self) -> BoxClock:
        """As a process that starts now has it."""
        return BoxClock(self.wall, self.monotonic, self.mark)

    def synchronise(self) -> None:
        self.error_ms = 0
        self.mark_ms = self.wall()

    def reboot(self, off_ms: int, error_ms: int) -> None:
        self.true_ms += off_ms
        self.error_ms = error_ms
        self.up_since_ms = self.true_ms
        self.mark_ms = None
