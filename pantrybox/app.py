"""The whole appliance, put together in one place."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from litestar import Litestar

from pantrybox.bell import Bell
from pantrybox.captures import job_runs, retention_queries
from pantrybox.captures.intake import Intake
from pantrybox.captures.keeper import Keeper
from pantrybox.captures.orphans import remove_leftovers
from pantrybox.clock import BoxClock, always_trusted, timesyncd_mark
from pantrybox.devices.roster import Roster
from pantrybox.jobs.analysis import Analyst
from pantrybox.jobs.keeping import Entries, Keeping, jobs_of
from pantrybox.owners.access import Access
from pantrybox.owners.door import Door
from pantrybox.settings import Settings
from pantrybox.storage import folder
from pantrybox.storage.database import Database
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching.closer import Closer
from pantrybox.teaching.codes import Codes
from pantrybox.teaching.eyes import Eyes
from pantrybox.teaching.reembedding import Reembedding
from pantrybox.teaching.shadow import Shadow
from pantrybox.teaching.teacher import Teacher
from pantrybox.vision.workshop import Workshop
from pantrybox.web.hosts import names_of_this_machine
from pantrybox.web.live import Pulse
from pantrybox.web.pictures import Thumbnails
from pantrybox.web.routes import web_app


def shipped_timetable() -> Callable[[], Entries]:
    """Load the scheduler; the import takes longer than the rest of a start has time for."""
    from pantrybox.jobs.timetable import Timetable  # noqa: PLC0415

    return Timetable


@asynccontextmanager
async def open_appliance(
    settings: Settings,
    *,
    clock: BoxClock | None = None,
    analysing: bool = True,
) -> AsyncGenerator[Litestar]:
    """Open everything, clean up what a power cut left, start analyst and keeper; close in reverse order."""
    new_capture, shelf_changed, card_full = Bell(), Bell(), Bell()
    clock = clock or BoxClock(sync_mark=always_trusted if settings.clock == "trusted" else timesyncd_mark)
    async with AsyncExitStack() as stack:
        stack.enter_context(folder.held(settings))
        images = ImageFiles(settings.images)
        database = await stack.enter_async_context(Database.open(settings.database, clock.now))
        await take_up_the_time(database, clock)
        await remove_leftovers(database, images)
        roster, access = Roster(database), Access(database, clock.now)
        await roster.load()
        await access.load()
        names = names_of_this_machine(settings.hosts)
        door = Door(database, access, names)
        stack.callback(door.close)
        await door.load()
        intake = Intake(database, images, new_capture, card_full, clock, analysing=analysing)
        stack.callback(intake.close)
        keeper = Keeper(database, images, clock, settings.image_retention_days, settings.max_storage_mb)
        stack.push_async_callback(keeper.close)
        keeping = Keeping(database, clock, jobs_of(keeper, database), keeper.make_room, card_full)
        workshop = Workshop(settings.models)
        eyes, promoted = Eyes(database, workshop, reads_labels=settings.labels == "auto"), Bell()
        stack.callback(eyes.looking.close)
        await eyes.keep_up()
        shadow = Shadow(database, images, workshop, eyes)
        stack.push_async_callback(shadow.end)
        if analysing:
            analyst = Analyst(database, images, eyes.looking, eyes.galleries, new_capture, shelf_changed, intake.quiet)
            await stack.enter_async_context(_running(analyst.run_forever()))
            await stack.enter_async_context(_running(keeping.run_forever(shipped_timetable)))
            reembedding = Reembedding(database, images, eyes, promoted, new_capture)
            await stack.enter_async_context(_running(reembedding.run_forever()))
        yield web_app(
            access,
            door,
            names,
            database=database,
            images=images,
            intake=intake,
            roster=roster,
            settings=settings,
            pulse=Pulse(new_capture, shelf_changed, access.revoked),
            thumbnails=Thumbnails(images),
            new_capture=new_capture,
            shelf_changed=shelf_changed,
            keeper=keeper,
            workshop=workshop,
            eyes=eyes,
            promoted=promoted,
            shadow=shadow,
            **teaching_parts(database, images, eyes, new_capture, shelf_changed),
            upcoming=keeping.upcoming,
            clock=clock,
            now=clock.now,
        )


def teaching_parts(
    database: Database, images: ImageFiles, eyes: Eyes, taught: Bell, shelf_changed: Bell
) -> dict[str, object]:
    """Whatever a person's lessons go through, by the name under which handlers ask for it."""
    looking, galleries = eyes.looking, eyes.galleries
    return {
        "galleries": galleries,
        "teacher": Teacher(database, images, looking, galleries, taught, shelf_changed),
        "codes": Codes(database, galleries, taught, shelf_changed),
        "closer": Closer(database, images, looking, galleries, taught, shelf_changed),
    }


async def take_up_the_time(database: Database, clock: BoxClock) -> None:
    """Go on counting how long the box has been running, and end the runs that a cut left open."""
    last = await database.read(retention_queries.last_times)
    clock.resume(last.running_ms, last.newest_receipt_ms)
    if await database.read(job_runs.open_count):
        await database.write(job_runs.end_cut_off)


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
