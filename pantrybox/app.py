"""The whole appliance, put together in one place."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from litestar import Litestar

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.captures.intake import MAX_UPLOADS, Intake
from pantrybox.clock import Clock, wall_clock_ms
from pantrybox.devices.roster import Roster
from pantrybox.jobs.analysis import Analyst
from pantrybox.owners.access import Access
from pantrybox.settings import Settings
from pantrybox.storage import folder
from pantrybox.storage.database import Database
from pantrybox.storage.image_files import ImageFiles
from pantrybox.vision.model import Eye
from pantrybox.web.live import Pulse
from pantrybox.web.routes import web_app

log = logging.getLogger(__name__)


def shipped_eye() -> Eye:
    """Load the detector; the import costs more than a second on a Pi, so only a box with photographs pays it."""
    from pantrybox.vision.detector import open_eye  # noqa: PLC0415

    return open_eye()


@asynccontextmanager
async def open_appliance(
    settings: Settings,
    *,
    open_eye: Callable[[], Eye] = shipped_eye,
    now: Clock = wall_clock_ms,
    analysing: bool = True,
) -> AsyncGenerator[Litestar]:
    """Open everything, clean up what a power cut left and start the analyst; close in reverse order."""
    new_capture, shelf_changed = Bell(), Bell()
    async with AsyncExitStack() as stack:
        stack.enter_context(folder.held(settings))
        images = ImageFiles(settings.images)
        database = await stack.enter_async_context(Database.open(settings.database, now))
        await remove_leftovers(database, images)
        roster, access = Roster(database), Access(database, now)
        await roster.load()
        await access.load()
        intake = Intake(database, images, new_capture, now)
        stack.callback(intake.close)
        if analysing:
            analyst = Analyst(database, images, open_eye, new_capture, shelf_changed, intake.quiet)
            await stack.enter_async_context(_running(analyst))
        yield web_app(
            access,
            database=database,
            images=images,
            intake=intake,
            roster=roster,
            settings=settings,
            pulse=Pulse(new_capture, shelf_changed),
            now=now,
        )


@asynccontextmanager
async def _running(analyst: Analyst) -> AsyncGenerator[None]:
    analysing = asyncio.create_task(analyst.run_forever())
    try:
        yield
    finally:
        analysing.cancel()
        with suppress(asyncio.CancelledError):
            await analysing
        analyst.close()


async def remove_leftovers(database: Database, images: ImageFiles) -> None:
    """Remove what uploads left that were interrupted before they were acknowledged.

    More than can have been under way at once is something else, such as a database put back
    from an older copy: then nothing is removed.
    """
    partial = images.remove_partial()
    names = images.names()
    leftovers = await database.read(lambda reader: captures.without_row(reader, names))
    if len(leftovers) > MAX_UPLOADS:
        log.warning("%d files in %s belong to no photograph and were left alone", len(leftovers), images.path(""))
        return
    for name in leftovers:
        images.remove(name)
    if leftovers:
        images.settle()
    if partial or leftovers:
        log.info("removed what %d interrupted uploads left", partial + len(leftovers))
