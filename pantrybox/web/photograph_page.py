"""The page of one photograph: every box in it can be tapped, and whoever taps it says what it is."""

from collections.abc import Awaitable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter, RawBody

from pantrybox.bell import Bell
from pantrybox.captures.model import PHONE
from pantrybox.errors import Conflict, NotFound, PantryError
from pantrybox.inventory import glance, items, ledger, observations, undo_queries
from pantrybox.inventory.glance import Newest, Photograph
from pantrybox.inventory.model import InventoryEvent
from pantrybox.inventory.observations import SeenBox
from pantrybox.names import Name
from pantrybox.owners.model import Actor
from pantrybox.settings import Settings
from pantrybox.storage.database import Database, Reader
from pantrybox.teaching import examples, products
from pantrybox.teaching.codes import Codes
from pantrybox.teaching.examples import Taught
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.naming import spoken_of
from pantrybox.teaching.products import SeenCode
from pantrybox.teaching.suggesting import Suggested, offered
from pantrybox.teaching.teacher import Teacher
from pantrybox.vision.model import Box
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.web import lessons, pages
from pantrybox.web.authority import needs
from pantrybox.web.captures import known, place_of
from pantrybox.web.errors import status_of
from pantrybox.web.forms import filled_in, see_other
from pantrybox.web.lessons import CHANGED, TAUGHT, Told
from pantrybox.web.undo import undo_photograph

_NAMES = 500
"""Offered while somebody types; a household has fewer."""

Kind = Literal["named", "unknown", "faint"]
"""What counts as an item, what counts but nobody knows, and what does not count."""


class Thing(msgspec.Struct, frozen=True):
    """A box as the page calls it."""

    seen: SeenBox
    kind: Kind

    @property
    def number(self) -> int:
        """It keeps it, whatever becomes of the others."""
        return self.seen.rank + 1

    @property
    def name(self) -> str:
        return self.seen.item_name or f"{self.kind} thing {self.number}"


class Shown(msgspec.Struct, frozen=True):
    """Everything about a photograph that its page shows."""

    photograph: Photograph
    title: str
    things: list[Thing]
    """Best first."""
    counted: float
    """The score from which a box counts in this photograph."""
    codes: list[SeenCode]
    changes: list[InventoryEvent]
    can_be_undone: bool
    """Something of what it changed stands."""
    newest: Newest
    item_names: list[str]
    told: Told | None

    def of_kind(self, kind: Kind) -> list[Thing]:
        return [thing for thing in self.things if thing.kind == kind]


class ShownThing(msgspec.Struct, frozen=True):
    """Everything about one box that is shown when it was tapped."""

    capture_id: str
    has_image: bool
    thing: Thing
    counted: float
    """The score from which a box counts in this photograph."""
    suggestions: list[Suggested]
    said: list[Taught]
    """What people said about it, and what stands."""
    item_names: list[str]


def shown_of(reader: Reader, capture_id: str, taught: str | None = None, changed: int = 0) -> Shown:
    photograph = glance.photograph(reader, capture_id)
    if photograph is None:
        raise NotFound("There is no such photograph.")
    capture, seen = known(reader, capture_id), photograph.observation
    place = place_of(reader, capture) if capture.device_id == PHONE else None
    return Shown(
        photograph=photograph,
        title=place or photograph.device_name,
        things=_things(reader, seen) if seen else [],
        counted=counted_from(seen) if seen else COUNTED_SCORE,
        codes=products.seen_in(reader, seen.id) if seen else [],
        changes=ledger.events_of_capture(reader, capture_id),
        can_be_undone=bool(undo_queries.standing_of_capture(reader, capture_id)),
        newest=glance.newest(reader),
        item_names=items.names(reader, _NAMES),
        told=lessons.told(reader, taught, changed),
    )


def thing_of(reader: Reader, galleries: Galleries, capture_id: str, detection_id: int) -> ShownThing:
    capture, seen = known(reader, capture_id), observations.newest_of(reader, capture_id)
    found = offered(reader, galleries, seen.id, capture.device_id) if seen else []
    one = next((box for box in found if box.seen.id == detection_id), None)
    if seen is None or one is None:
        raise NotFound("There is no such box in this photograph. It may have been looked at again meanwhile.")
    counted = counted_from(seen)
    return ShownThing(
        capture_id=capture_id,
        has_image=capture.image_path is not None,
        thing=Thing(one.seen, kind_of(one.seen, counted)),
        counted=counted,
        suggestions=[may for may in one.suggestions if may.item_name != one.seen.item_name],
        said=spoken_of(one.seen.box, examples.of_capture(reader, capture_id)),
        item_names=items.names(reader, _NAMES),
    )


def _things(reader: Reader, seen: observations.Observation) -> list[Thing]:
    counted = counted_from(seen)
    return [Thing(box, kind_of(box, counted)) for box in observations.detections_of(reader, seen.id)]


def counted_from(seen: observations.Observation) -> float:
    return COUNTED_SCORE if seen.counted is None else seen.counted


def kind_of(seen: SeenBox, counted: float) -> Kind:
    if seen.item_id is not None:
        return "named"
    return "unknown" if seen.source is None and seen.score >= counted else "faint"


class _NamedCode(msgspec.Struct, frozen=True):
    code: str
    item_name: Name


class PhotographPage:
    """The page, with all that it is drawn from."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def page(
        self, capture_id: str, taught: str | None = None, changed: int = 0, *, status_code: int = 200, problem: str = ""
    ) -> Response[Any]:
        shown = await self._database.read(lambda reader: shown_of(reader, capture_id, taught, changed))
        return pages.page(
            "photograph.html",
            status_code=status_code,
            shown=shown,
            photograph=shown.photograph,
            threshold=self._settings.confidence_threshold,
            problem=problem,
        )

    async def after(self, act: Awaitable[str], capture_id: str) -> Response[Any]:
        """The page again, at what the act returns; with a sentence when it cannot be done."""
        try:
            return see_other(f"{path_of(capture_id)}{await act}")
        except PantryError as error:
            return await self.page(capture_id, status_code=status_of(error), problem=str(error))


def path_of(capture_id: str) -> str:
    return f"/captures/{capture_id}"


def _shown_by(database: NamedDependency[Database], settings: NamedDependency[Settings]) -> PhotographPage:
    return PhotographPage(database, settings)


_PAGE: dict[str, Any] = {
    "include_in_schema": False,
    "dependencies": {"shown": Provide(_shown_by, sync_to_thread=False)},
}
_FORM: dict[str, Any] = {**_PAGE, "opt": needs("write"), "status_code": 200}
_EDGE = Annotated[float, QueryParameter(ge=0, le=1)]


# Its second address is the one that links had before boxes could be tapped.
@get(["/captures/{capture_id:str}", "/photographs/{capture_id:str}"], opt=needs("read"), **_PAGE)
async def photograph_page(
    capture_id: FromPath[str],
    shown: NamedDependency[PhotographPage],
    taught: TAUGHT = None,
    changed: CHANGED = 0,
) -> Response[Any]:
    """One photograph, everything that was seen in it and what that changed."""
    return await shown.page(capture_id, taught, changed)


@get("/captures/{capture_id:str}/things/{detection_id:int}", opt=needs("read"), include_in_schema=False)
async def thing_page(
    capture_id: FromPath[str],
    detection_id: FromPath[int],
    database: NamedDependency[Database],
    galleries: NamedDependency[Galleries],
) -> Response[Any]:
    """One box: what it counts as and why, and what it may be instead."""
    thing = await database.read(lambda reader: thing_of(reader, galleries, capture_id, detection_id))
    return pages.page("thing.html", shown=thing, seen=thing.thing.seen, box=thing.thing.seen.box, problem="")


@get("/captures/{capture_id:str}/drawn", opt=needs("read"), include_in_schema=False)
async def drawn_page(
    capture_id: FromPath[str],
    database: NamedDependency[Database],
    left: _EDGE,
    top: _EDGE,
    right: _EDGE,
    bottom: _EDGE,
) -> Response[Any]:
    """A box that somebody drew around what was missed: it gets a name."""

    def query(reader: Reader) -> tuple[Photograph, list[str]]:
        photograph = glance.photograph(reader, capture_id)
        if photograph is None:
            raise NotFound("There is no such photograph.")
        return photograph, items.names(reader, _NAMES)

    photograph, item_names = await database.read(query)
    if photograph.observation is None:
        raise Conflict("Nobody has looked at this photograph yet. Try again in a moment.")
    return pages.page(
        "drawn.html",
        capture_id=capture_id,
        size=(photograph.observation.width, photograph.observation.height),
        box=Box(left, top, right, bottom),
        item_names=item_names,
        problem="",
    )


@post("/captures/{capture_id:str}/teach", **_FORM)
async def teach(
    capture_id: FromPath[str],
    body: RawBody,
    shown: NamedDependency[PhotographPage],
    teacher: NamedDependency[Teacher],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Say what boxes of this photograph are, or are not."""
    return await shown.after(_telling(lessons.teach(body, teacher, actor, capture_id)), capture_id)


@post("/captures/{capture_id:str}/take-back", **_FORM)
async def take_back(
    capture_id: FromPath[str],
    body: RawBody,
    shown: NamedDependency[PhotographPage],
    teacher: NamedDependency[Teacher],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Undo what was said."""
    return await shown.after(_telling(lessons.take_back(body, teacher, actor)), capture_id)


async def _telling(lesson: Awaitable[str]) -> str:
    """Where the page tells of a lesson."""
    return f"?{await lesson}#told"


@post("/captures/{capture_id:str}/code", **_FORM)
async def name_code(
    capture_id: FromPath[str],
    body: RawBody,
    shown: NamedDependency[PhotographPage],
    codes: NamedDependency[Codes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Say what a barcode of this photograph is."""
    named = filled_in(body, _NamedCode)

    async def act() -> str:
        learned = await codes.learn(named.code, named.item_name, actor.name)
        return f"?changed={learned.also_changed}#told"

    return await shown.after(act(), capture_id)


@post("/captures/{capture_id:str}/undo", **_FORM)
async def undo(
    capture_id: FromPath[str],
    shown: NamedDependency[PhotographPage],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Take back all that this photograph did to the stock."""

    async def act() -> str:
        await undo_photograph.fn(capture_id, database, shelf_changed, actor)
        return "#changed"

    return await shown.after(act(), capture_id)
