"""What is to be done at which time: the only file that knows APScheduler.

Every entry is for one moment and is made anew after each run. APScheduler's own repetitions would
catch up with every moment that a step of the clock passed over, and stand still after a step back.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.triggers.date import DateTrigger  # pyright: ignore[reportMissingTypeStubs]

from pantrybox.clock import wall_clock_ms


class Timetable:
    """To be opened on the event loop that it will run on."""

    def __init__(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # a line for each entry would fill the journal
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.start()

    def enter(self, name: str, in_ms: int, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` once, that much later; what was entered under this name before is forgotten."""

        async def on_the_loop() -> None:  # APScheduler runs anything that is not written as a coroutine in a thread
            await work()

        moment = datetime.fromtimestamp((wall_clock_ms() + in_ms) / 1000, UTC)
        self._scheduler.add_job(  # pyright: ignore[reportUnknownMemberType]
            on_the_loop,
            DateTrigger(moment),
            id=name,
            replace_existing=True,
            misfire_grace_time=None,  # late is better than never: a second late is skipped otherwise
            coalesce=True,
            max_instances=1,
        )

    def close(self) -> None:
        """Nothing begins any more. What runs is not waited for: the keeper sees to its own end."""
        self._scheduler.shutdown(wait=False)  # pyright: ignore[reportUnknownMemberType]
