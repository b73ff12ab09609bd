"""A photograph taken with the phone: a place is chosen, the camera opens, and what comes leads to its own page."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from pantrybox.captures.intake import Intake
from pantrybox.errors import CutShort, PantryError
from pantrybox.inventory import places
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database
from pantrybox.web import pages, phone
from pantrybox.web.authority import needs
from pantrybox.web.errors import AnyRequest, status_of
from pantrybox.web.forms import see_other
from pantrybox.web.photograph_page import path_of


@get("/captures/new", opt=needs("write"), include_in_schema=False)
async def taking_page(database: NamedDependency[Database]) -> Response[Any]:
    """Choose what the photograph shows, and take it."""
    return await _page(database)


@post("/captures", opt=needs("write"), include_in_schema=False, request_max_body_size=None, status_code=200)
async def take(
    request: AnyRequest,
    intake: NamedDependency[Intake],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Store it, and go on to its page."""
    try:
        taken = await phone.take_photograph.fn(request, intake, database, actor)
    except CutShort:
        raise  # nobody is there to read a page
    except PantryError as error:
        return await _page(database, status_code=status_of(error), problem=str(error))
    return see_other(path_of(taken.capture_id))


async def _page(database: Database, *, status_code: int = 200, problem: str = "") -> Response[Any]:
    known = await database.read(places.places)
    return pages.page("taking.html", status_code=status_code, places=known, problem=problem)
