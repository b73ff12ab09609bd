"""The page of what nobody knows: things of one likeness on a card, and one tap names them all."""

from collections.abc import Awaitable, Collection
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, RawBody

from pantrybox.errors import PantryError
from pantrybox.inventory import items
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader
from pantrybox.teaching import review
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.review import Offer
from pantrybox.teaching.teacher import Teacher
from pantrybox.web import lessons, pages
from pantrybox.web.authority import needs
from pantrybox.web.errors import status_of
from pantrybox.web.forms import filled_in, see_other
from pantrybox.web.lessons import CHANGED, TAUGHT, Told

_CARDS = 10
_CROPS = 6
_MOST_SKIPPED = 100
_NAMES = 500

_IDS = rf"^(\d{{1,18}}(,\d{{1,18}}){{0,{_MOST_SKIPPED - 1}}})?$(?!\n)"
Groups = Annotated[str, msgspec.Meta(pattern=_IDS)]
"""Ids of groups that somebody does not want to be asked about now."""
SKIPPED = Annotated[str, QueryParameter(pattern=_IDS)]


class Asked(msgspec.Struct, frozen=True):
    """Everything that the page shows."""

    offers: list[Offer]
    skipped: list[int]
    left: int
    """Groups beyond those that are shown."""
    item_names: list[str]
    told: Told | None

    def skipping(self, group_id: int) -> str:
        """What the page is asked for when this one is skipped, too."""
        return _joined([*self.skipped, group_id][-_MOST_SKIPPED:])

    @property
    def skipped_so_far(self) -> str:
        return _joined(self.skipped)


class _Skipped(msgspec.Struct, frozen=True):
    skipped: Groups | None = None


def asked(reader: Reader, galleries: Galleries, skipped: list[int], taught: str | None, changed: int) -> Asked:
    queue = review.queue(reader, galleries, limit=_CARDS + len(skipped), crops=_CROPS)
    left_out = set(skipped)
    offers = [offer for offer in queue.offers if offer.group_id not in left_out][:_CARDS]
    still_skipped = [group_id for group_id in skipped if group_id in _ids(queue.offers)]
    return Asked(
        offers=offers,
        skipped=still_skipped,
        left=queue.total - len(offers) - len(still_skipped),
        item_names=items.names(reader, _NAMES),
        told=lessons.told(reader, taught, changed),
    )


def _ids(offers: Collection[Offer]) -> set[int]:
    return {offer.group_id for offer in offers}


class ReviewPage:
    """The page, with all that it is drawn from."""

    def __init__(self, database: Database, galleries: Galleries) -> None:
        self._database = database
        self._galleries = galleries

    async def page(
        self,
        skipped: str = "",
        taught: str | None = None,
        changed: int = 0,
        *,
        status_code: int = 200,
        problem: str = "",
    ) -> Response[Any]:
        ids = [int(one) for one in skipped.split(",") if one]
        shown = await self._database.read(lambda reader: asked(reader, self._galleries, ids, taught, changed))
        return pages.page("review.html", status_code=status_code, shown=shown, problem=problem)

    async def after(self, act: Awaitable[str], body: bytes) -> Response[Any]:
        """The page again, telling what the act returns; with a sentence when it cannot be done."""
        skipped = filled_in(body, _Skipped).skipped or ""
        try:
            return see_other(f"/review?{await act}&skipped={skipped}")
        except PantryError as error:
            return await self.page(skipped, status_code=status_of(error), problem=str(error))


def _shown_by(database: NamedDependency[Database], galleries: NamedDependency[Galleries]) -> ReviewPage:
    return ReviewPage(database, galleries)


_PAGE: dict[str, Any] = {
    "include_in_schema": False,
    "dependencies": {"shown": Provide(_shown_by, sync_to_thread=False)},
}
_FORM: dict[str, Any] = {**_PAGE, "opt": needs("write"), "status_code": 200}


@get("/review", opt=needs("read"), **_PAGE)
async def review_page(
    shown: NamedDependency[ReviewPage], skipped: SKIPPED = "", taught: TAUGHT = None, changed: CHANGED = 0
) -> Response[Any]:
    """What the eye is not sure of, the card first whose answer changes most."""
    return await shown.page(skipped, taught, changed)


@post("/review/teach", **_FORM)
async def teach(
    body: RawBody,
    shown: NamedDependency[ReviewPage],
    teacher: NamedDependency[Teacher],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Say what the crops of a card are, or that they are no things."""
    return await shown.after(lessons.teach(body, teacher, actor), body)


@post("/review/take-back", **_FORM)
async def take_back(
    body: RawBody,
    shown: NamedDependency[ReviewPage],
    teacher: NamedDependency[Teacher],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Undo what was said."""
    return await shown.after(lessons.take_back(body, teacher, actor), body)


def _joined(ids: list[int]) -> str:
    return ",".join(str(one) for one in ids)
