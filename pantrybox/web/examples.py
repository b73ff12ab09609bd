"""Teaching: what a box in a photograph shows, or what it does not."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from pantrybox.clock import to_rfc3339
from pantrybox.errors import NotFound
from pantrybox.inventory.items import known_item
from pantrybox.names import Name
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader
from pantrybox.teaching import examples, renaming
from pantrybox.teaching.examples import Taught
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.teacher import Lesson, Teacher
from pantrybox.vision.model import Box
from pantrybox.web.authority import needs
from pantrybox.web.captures import edges

MOST_CROPS = 100
"""In one call."""

_LARGEST_ID = 2**63 - 1

LIMIT = Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")]
CURSOR = Annotated[int | None, QueryParameter(ge=1, le=2**53, description="A `next_cursor`.")]

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
DrawnBox = tuple[Fraction, Fraction, Fraction, Fraction]
"""left, top, right, bottom as fractions of the upright picture."""
DetectionId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
CaptureId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class CropWish(msgspec.Struct, frozen=True):
    """One box of one photograph: found by the eye, or drawn by hand."""

    capture_id: CaptureId
    detection_id: DetectionId | None = None
    box: DrawnBox | None = None
    """left, top, right, bottom as fractions of the upright picture; in the place of `detection_id`."""


class ExampleWish(CropWish, frozen=True, kw_only=True):
    item_name: Name | None
    """null, with `positive` false: it is no thing at all."""
    positive: bool = True
    """false: it is not that."""


class BulkWish(msgspec.Struct, frozen=True):
    """One word about many crops."""

    item_name: Name | None
    crops: Annotated[list[CropWish], msgspec.Meta(min_length=1, max_length=MOST_CROPS)]
    positive: bool = True


class Learnt(msgspec.Struct, frozen=True):
    example_id: int
    item_id: int | None
    also_changed: int
    """So many other crops count as something else from now on."""


class BulkLearnt(msgspec.Struct, frozen=True):
    example_ids: list[int]
    item_id: int | None
    also_changed: int


class TakenBack(msgspec.Struct, frozen=True):
    also_changed: int


class ExampleView(msgspec.Struct, frozen=True):
    example_id: int
    item_id: int | None
    item_name: str | None
    positive: bool
    capture_id: str
    detection_id: int
    drawn: bool
    """By hand, where the eye had found nothing."""
    box: tuple[float, float, float, float]
    taught_by: str
    taught_at: str
    image_url: str


class ExampleList(msgspec.Struct, frozen=True):
    total: int
    items: list[ExampleView]
    next_cursor: str | None


class RenamingView(msgspec.Struct, frozen=True):
    """How far what was taught has been applied to photographs that were seen before."""

    running: bool
    done: int
    total: int


@post("/v1/examples", opt=needs("write"))
async def teach(
    teacher: NamedDependency[Teacher], actor: NamedDependency[Actor], data: JSONBody[ExampleWish]
) -> Learnt:
    """Say what a box shows (or, with `positive` false, what it does not): every photograph from now on heeds it."""
    learned = await teacher.teach([_lesson(data, data.item_name, positive=data.positive)], actor.name)
    return Learnt(learned.example_ids[0], learned.item_ids[0], learned.also_changed)


@post("/v1/examples/bulk", opt=needs("write"))
async def teach_many(
    teacher: NamedDependency[Teacher], actor: NamedDependency[Actor], data: JSONBody[BulkWish]
) -> BulkLearnt:
    """One name for many crops: all of them or, when one cannot be taught, none."""
    lessons = [_lesson(crop, data.item_name, positive=data.positive) for crop in data.crops]
    learned = await teacher.teach(lessons, actor.name)
    return BulkLearnt(learned.example_ids, learned.item_ids[0], learned.also_changed)


@get("/v1/examples", opt=needs("read"))
async def list_examples(
    database: NamedDependency[Database],
    item: FromQuery[str | None] = None,
    cursor: CURSOR = None,
    limit: LIMIT = 100,
) -> ExampleList:
    """What was taught and stands, newest first; `item`: of this item only."""

    def query(reader: Reader) -> ExampleList:
        item_id = known_item(reader, item).id if item is not None else None
        rows = examples.newest_first(reader, item_id=item_id, before_id=cursor, limit=limit)
        return ExampleList(
            total=examples.total(reader, item_id),
            items=[_view(row) for row in rows],
            next_cursor=str(rows[-1].id) if len(rows) == limit else None,
        )

    return await database.read(query)


@get("/v1/examples/progress", opt=needs("read"))
async def renaming_progress(database: NamedDependency[Database], galleries: NamedDependency[Galleries]) -> RenamingView:
    """Whether all photographs that are kept heed all that was taught."""
    now = await database.read(lambda reader: renaming.progress(reader, galleries))
    return RenamingView(now.running, now.done, now.total)


@get("/v1/examples/{example_id:int}/image", opt=needs("read"), media_type="image/jpeg")
async def example_image(database: NamedDependency[Database], example_id: FromPath[int]) -> Response[bytes]:
    """The crop that was taught. It is kept though its photograph goes."""
    jpeg = await database.read(lambda reader: examples.picture_of(reader, _known(example_id)))
    if jpeg is None:
        raise NotFound("There is no such example.")
    return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "private, max-age=31536000, immutable"})


@delete("/v1/examples/{example_id:int}", opt=needs("write"), status_code=200)
async def take_back(
    teacher: NamedDependency[Teacher], actor: NamedDependency[Actor], example_id: FromPath[int]
) -> TakenBack:
    """Undo a lesson: everything is as if it had not been taught."""
    return TakenBack(await teacher.take_back(_known(example_id), actor.name))


def _known(example_id: int) -> int:
    """NotFound for a number that no example can have."""
    if not 0 < example_id <= _LARGEST_ID:
        raise NotFound("There is no such example.")
    return example_id


def _lesson(crop: CropWish, item_name: str | None, *, positive: bool) -> Lesson:
    return Lesson(
        capture_id=crop.capture_id,
        detection_id=crop.detection_id,
        box=Box(*crop.box) if crop.box is not None else None,
        item_name=item_name,
        positive=positive,
    )


def _view(taught: Taught) -> ExampleView:
    return ExampleView(
        example_id=taught.id,
        item_id=taught.item_id,
        item_name=taught.item_name,
        positive=taught.positive,
        capture_id=taught.capture_id,
        detection_id=taught.detection_id,
        drawn=taught.drawn,
        box=edges(taught.box),
        taught_by=taught.taught_by,
        taught_at=to_rfc3339(taught.taught_at_ms),
        image_url=f"/v1/examples/{taught.id}/image",
    )
