"""The page on the phone: the pantry as it is now, and the photographs that prove it."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from pantrybox.bell import Bell
from pantrybox.clock import Clock
from pantrybox.errors import NotFound, PantryError
from pantrybox.inventory import glance, ledger, places, questions_queries
from pantrybox.inventory import queries as inventory
from pantrybox.inventory.glance import Newest, Photograph
from pantrybox.inventory.model import InventoryEvent, StockLine
from pantrybox.inventory.places import Place
from pantrybox.inventory.questions import Question, Watch, question
from pantrybox.owners.door import Door
from pantrybox.owners.model import Actor
from pantrybox.settings import Settings
from pantrybox.storage.database import Database, Reader
from pantrybox.web import pages
from pantrybox.web.authority import ANYBODY, held_by, needs
from pantrybox.web.devices import DeviceView, view
from pantrybox.web.errors import AnyRequest, status_of
from pantrybox.web.forms import filled_in, see_other
from pantrybox.web.questions import Choice, Reply, answer_question, choices

_RECENT = 12


class Pantry(msgspec.Struct, frozen=True):
    newest: Newest
    photograph: Photograph | None
    cameras: list[DeviceView]
    stock: list[StockLine] = []
    changes: list[InventoryEvent] = []
    watches: dict[int, Watch] = {}
    """By place, of those that a camera looks at."""
    question: Question | None = None

    @property
    def choices(self) -> list[Choice]:
        """The answers to the question."""
        return choices(self.question) if self.question else []

    def missed(self, line: StockLine) -> bool:
        """A camera looked for it in vain for more than a day."""
        return line.place_id in self.watches and self.watches[line.place_id].missed(line)


@get("/", opt=needs("open"), security=ANYBODY)
async def pantry_page(
    request: AnyRequest,
    door: NamedDependency[Door],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
) -> Response[Any]:
    """The pantry for who is signed in, the way in for everybody else."""
    if held_by(request) is None:
        return pages.door(claimed=door.ownership is not None)
    return await _page(database, settings, now())


@post("/question", opt=needs("write"), include_in_schema=False, status_code=200)
async def answer(
    body: RawBody,
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Answer what the page asks."""
    try:
        await answer_question.fn(filled_in(body, Reply), database, shelf_changed, actor)
    except PantryError as error:
        return await _page(database, settings, now(), status_code=status_of(error), problem=str(error))
    return see_other("/")


@get("/fragments/{part:str}", opt=needs("read"), include_in_schema=False)
async def fragment(
    part: FromPath[str],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[Clock],
) -> Response[Any]:
    """A part of the pantry page, to be put in place of what an open page shows."""
    query, now_ms = _PARTS.get(part), now()
    if query is None:
        raise NotFound("There is no such part of the page.")
    pantry = await database.read(lambda reader: query(reader, now_ms))
    return _rendered(f"fragments/{part}.html", pantry, settings, now_ms)


async def _page(
    database: Database, settings: Settings, now_ms: int, *, status_code: int = 200, problem: str = ""
) -> Response[Any]:
    pantry, known = await database.read(lambda reader: (whole(reader, now_ms), places.places(reader)))
    return _rendered("pantry.html", pantry, settings, now_ms, known, status_code=status_code, problem=problem)


def _rendered(
    template: str,
    pantry: Pantry,
    settings: Settings,
    now_ms: int,
    known: Sequence[Place] = (),
    *,
    status_code: int = 200,
    problem: str = "",
) -> Response[Any]:
    return pages.page(
        template,
        status_code=status_code,
        problem=problem,
        pantry=pantry,
        photograph=pantry.photograph,
        threshold=settings.confidence_threshold,
        now_ms=now_ms,
        places=known,
    )


def whole(reader: Reader, now_ms: int) -> Pantry:
    """Four statements, however much there is."""
    seen, stock = photographs(reader, now_ms), inventory.stock(reader)
    known = questions_queries.circumstances(reader, now_ms)
    return msgspec.structs.replace(
        seen,
        stock=stock,
        changes=ledger.newest_events(reader, _RECENT),
        watches=known.by_place,
        question=question(stock, known.by_place, known.answers, now_ms),
    )


def photographs(reader: Reader, now_ms: int) -> Pantry:
    """Without the stock."""
    seen = glance.glance(reader)
    return Pantry(seen.newest, seen.photograph, [view(camera, now_ms) for camera in seen.cameras])


_PARTS: dict[str, Callable[[Reader, int], Pantry]] = {"stock": whole, "photographs": photographs}
"""Of the pantry page; GET /live names them when they change."""
