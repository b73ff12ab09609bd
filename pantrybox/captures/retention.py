"""Which photographs may go, and in what order: rules without a clock or a card."""

from collections.abc import Iterable, Iterator

import msgspec

from pantrybox.clock import DAY_MS

BATCH = 200
"""Photographs in one transaction: a handful of milliseconds, so that no upload waits for a clean-up."""
FAILED_DAYS = 7


class Kept(msgspec.Struct, frozen=True):
    """A photograph that has its image."""

    seq: int
    device_id: str
    image_path: str
    size_bytes: int
    received_at_ms: int
    running_ms: int
    clock_synced: bool
    waiting: bool
    """Nobody has looked at it yet."""
    taught: bool = False
    """Something that people taught on it stands."""


class Moment(msgspec.Struct, frozen=True):
    """The present, as far as the box knows it."""

    now_ms: int
    running_ms: int
    synchronised: bool


def is_older(kept: Kept, days: int, now: Moment) -> bool:
    """Whether it was received more than `days` ago beyond doubt; only to be asked of a clock that is trusted.

    Its time of receipt must say so, and one of two things must bear that out: the clock was
    right then and is now, or the box has been running that long since.
    """
    if kept.received_at_ms >= now.now_ms - days * DAY_MS:
        return False
    both_right = kept.clock_synced and now.synchronised
    return both_right or now.running_ms - kept.running_ms >= days * DAY_MS


def outdated(page: Iterable[Kept], days: int, now: Moment) -> list[Kept]:
    """Those that go by age. What nobody has looked at stays until somebody has."""
    return [kept for kept in page if not kept.waiting and is_older(kept, days, now)]


class Spared:
    """Tells which photographs go last: those that wait to be looked at, and the newest of every camera.

    All are asked about in the order in which they came, so that the last of a camera is its newest.
    """

    def __init__(self, images_of: dict[str, int]) -> None:
        self._newer = dict(images_of)

    def __call__(self, kept: Kept) -> bool:
        self._newer[kept.device_id] = self._newer.get(kept.device_id, 0) - 1
        return kept.waiting or self._newer[kept.device_id] <= 0


def in_batches(seqs: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(seqs), BATCH):
        yield seqs[start : start + BATCH]


def enough(page: list[Kept], excess_bytes: int) -> list[Kept]:
    """The first ones of a page, until they are as large as what must go."""
    chosen: list[Kept] = []
    for kept in page:
        if excess_bytes <= 0:
            break
        chosen.append(kept)
        excess_bytes -= kept.size_bytes
    return chosen
