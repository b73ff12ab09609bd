"""The page about the box itself: what it stores, what it did, and who may come in."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import RawBody

from pantrybox.bell import Bell
from pantrybox.captures import job_runs, retention_queries
from pantrybox.captures.job_runs import JobRun
from pantrybox.captures.keeper import MEGABYTE, Keeper
from pantrybox.captures.retention_queries import Totals
from pantrybox.clock import BoxClock, Clock, local_date
from pantrybox.errors import OutOfRange, PantryError
from pantrybox.owners import audit, queries
from pantrybox.owners.access import Access
from pantrybox.owners.door import Door
from pantrybox.owners.model import Actor, AuditLine, Key
from pantrybox.storage.database import Database, Reader
from pantrybox.storage.image_files import ImageFiles
from pantrybox.web import keys, owner, pages, storage, told
from pantrybox.web.authority import COOKIE, needs
from pantrybox.web.errors import AnyRequest, status_of
from pantrybox.web.forms import filled_in, see_other
from pantrybox.web.storage import Upcoming
from pantrybox.web.undo import DayToUndo, undo_day

_RUNS = 8
_ACTS = 20


class Kept(msgspec.Struct, frozen=True):
    """What the database says of the box."""

    totals: Totals
    runs: list[JobRun]
    keys: list[Key]
    log: list[AuditLine]


class CleanUp(msgspec.Struct, frozen=True):
    job: Literal["retention", "failed", "quota", "sweep"]


class Numbered(msgspec.Struct, frozen=True):
    id: int


class Passphrases(msgspec.Struct, frozen=True):
    old: str
    new: str
    again: str


class Box:
    """The page, with all that it is drawn from."""

    def __init__(
        self,
        request: AnyRequest,
        database: Database,
        images: ImageFiles,
        keeper: Keeper,
        access: Access,
        upcoming: Upcoming,
        clock: BoxClock,
    ) -> None:
        self._request = request
        self._database = database
        self._images = images
        self._keeper = keeper
        self._access = access
        self._upcoming = upcoming
        self._clock = clock

    async def page(self, *, status_code: int = 200, **said: object) -> Response[Any]:
        """`said`: a `problem`, or the `new_key` that is shown this once."""
        kept = await self._database.read(what_is_kept)
        values: dict[str, object] = {"problem": "", "new_key": None, **said}
        return pages.page(
            "box.html",
            status_code=status_code,
            kept=kept,
            acts=[told.act(line) for line in kept.log],
            free_bytes=await asyncio.to_thread(self._free_bytes),
            limit_bytes=self._keeper.max_mb * MEGABYTE,
            retention_days=self._keeper.retention_days,
            found_nothing=self._found_nothing(kept.runs),
            upcoming=sorted(self._upcoming().items(), key=lambda job: job[1]),
            synchronised=self._clock.synchronised(),
            distrust=self._clock.distrust(),
            now_ms=self._clock.now(),
            today=local_date(self._clock.now()),
            sessions=self._access.sessions(),
            own=self._access.session(self._request.cookies.get(COOKIE, "")),
            **values,
        )

    async def after(self, act: Awaitable[object], section: str) -> Response[Any]:
        """The page again once the act is done, at its section; with a sentence when it cannot be done."""
        try:
            await act
        except PantryError as error:
            return await self.page(status_code=status_of(error), problem=str(error))
        return see_other(f"/box#{section}")

    def _found_nothing(self, written: list[JobRun]) -> list[JobRun]:
        """The newest run of each job since the start that is not in the table, because it changed nothing."""
        known = {run.id for run in written}
        return [run for run in self._keeper.last.values() if run.id is None or run.id not in known]

    def _free_bytes(self) -> int | None:
        """None when the folder of the photographs does not answer."""
        try:
            return self._images.space().free_bytes
        except OSError:
            return None


def what_is_kept(reader: Reader) -> Kept:
    return Kept(
        totals=retention_queries.totals(reader),
        runs=job_runs.newest_first(reader, None, _RUNS),
        keys=queries.valid_keys(reader),
        log=audit.newest_first(reader, None, _ACTS),
    )


def _the_box(
    request: AnyRequest,
    database: NamedDependency[Database],
    images: NamedDependency[ImageFiles],
    keeper: NamedDependency[Keeper],
    access: NamedDependency[Access],
    upcoming: NamedDependency[Upcoming],
    clock: NamedDependency[BoxClock],
) -> Box:
    return Box(request, database, images, keeper, access, upcoming, clock)


_PAGE: dict[str, Any] = {
    "opt": needs("admin"),
    "include_in_schema": False,
    "dependencies": {"box": Provide(_the_box, sync_to_thread=False)},
}


@get("/box", **_PAGE)
async def box_page(box: NamedDependency[Box]) -> Response[Any]:
    """What the box stores, what it did, and who may come in."""
    return await box.page()


@post("/box/clean-up", **_PAGE, status_code=200)
async def clean_up_now(
    body: RawBody,
    box: NamedDependency[Box],
    keeper: NamedDependency[Keeper],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    now: NamedDependency[Clock],
) -> Response[Any]:
    """Do now what is done by itself later."""

    async def act() -> None:
        match filled_in(body, CleanUp).job:
            case "retention":
                await storage.clean_up.fn(keeper, actor, now)
            case "failed":
                await storage.clean_up_failed.fn(keeper, actor, now)
            case "quota":
                await storage.check_quota.fn(keeper, database, actor)
            case "sweep":
                await storage.clean_up_orphans.fn(keeper, actor)

    return await box.after(act(), "jobs")


@post("/box/undo-day", **_PAGE, status_code=200)
async def undo_one_day(
    body: RawBody,
    box: NamedDependency[Box],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Take back all that happened to the stock on a day."""

    async def act() -> None:
        await undo_day.fn(filled_in(body, DayToUndo), database, shelf_changed, actor)

    return await box.after(act(), "log")


@post("/box/sessions/end", **_PAGE, status_code=200)
async def end_session(
    body: RawBody, box: NamedDependency[Box], access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Sign one browser out; the one that asks finds itself before the door."""

    async def act() -> None:
        await owner.revoke_session.fn(filled_in(body, Numbered).id, access, actor)

    return await box.after(act(), "browsers")


@post("/box/sessions/end-others", **_PAGE, status_code=200)
async def end_other_sessions(
    request: AnyRequest, box: NamedDependency[Box], access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Sign every other browser out."""
    return await box.after(owner.revoke_other_sessions.fn(request, access, actor), "browsers")


@post("/box/keys", **_PAGE)
async def make_key(
    body: RawBody, box: NamedDependency[Box], access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Make a key. It is in this answer and nowhere else, so that there is no page to be sent on to."""
    try:
        made = await keys.create_key.fn(filled_in(body, keys.NewKey), access, actor)
    except PantryError as error:
        return await box.page(status_code=status_of(error), problem=str(error))
    return await box.page(status_code=201, new_key=made)


@post("/box/keys/revoke", **_PAGE, status_code=200)
async def end_key(
    body: RawBody, box: NamedDependency[Box], access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Shut a program out."""

    async def act() -> None:
        await keys.revoke_key.fn(filled_in(body, Numbered).id, access, actor)

    return await box.after(act(), "keys")


@post("/box/passphrase", **_PAGE, status_code=200)
async def new_passphrase(
    request: AnyRequest,
    body: RawBody,
    box: NamedDependency[Box],
    door: NamedDependency[Door],
    access: NamedDependency[Access],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Change the passphrase, and sign every other browser out."""

    async def act() -> None:
        typed = filled_in(body, Passphrases)
        if typed.new != typed.again:
            raise OutOfRange("The two new passphrases are not the same.")
        await owner.change_passphrase.fn(request, owner.NewPassphrase(typed.new, typed.old), door, access, actor)

    return await box.after(act(), "browsers")
