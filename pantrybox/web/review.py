"""The review queue: what to ask a person about, so that ten answers name a whole pantry."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from pantrybox.clock import to_rfc3339
from pantrybox.storage.database import Database
from pantrybox.teaching import review
from pantrybox.teaching.doubtful import Crop
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.review import Offer, Position
from pantrybox.web.authority import needs
from pantrybox.web.captures import Suggestion, edges
from pantrybox.web.cursors import CURSOR, LIMIT, cursor_of, position_in

CROPS = Annotated[int, QueryParameter(ge=1, le=100, description="At most this many crops of each group.")]


class CropView(msgspec.Struct, frozen=True):
    capture_id: str
    detection_id: int
    box: tuple[float, float, float, float]
    """left, top, right, bottom as fractions of the upright picture."""
    score: float
    """How sure the eye is that something is there."""
    item_name: str | None
    """What it counts as for now, on a guess."""
    confidence: float
    image_url: str
    captured_at: str
    place: str | None


class GroupView(msgspec.Struct, frozen=True):
    """Crops that seem to show one kind of thing."""

    group_id: int
    """The same until its oldest crop is named."""
    size: int
    """Crops in it."""
    suggestions: list[Suggestion]
    """What it may be: at most three, best first."""
    crops: list[CropView]
    """Some of them, the most telling first. Teach these: the others follow by likeness."""


class ReviewQueue(msgspec.Struct, frozen=True):
    total: int
    """Groups."""
    groups: list[GroupView]
    """Where an answer changes most comes first."""
    next_cursor: str | None


@get("/v1/review", opt=needs("read"))
async def review_queue(
    database: NamedDependency[Database],
    galleries: NamedDependency[Galleries],
    limit: LIMIT = 100,
    crops: CROPS = 6,
    cursor: CURSOR = None,
) -> ReviewQueue:
    """What the eye is not sure of, in groups of one likeness: answer with `POST /v1/examples/bulk`."""
    after = position_in(Position, cursor) if cursor is not None else None
    asked = await database.read(lambda reader: review.queue(reader, galleries, limit=limit, crops=crops, after=after))
    return ReviewQueue(
        total=asked.total,
        groups=[_group(offer) for offer in asked.offers],
        next_cursor=cursor_of(asked.last) if asked.last else None,
    )


def _group(offer: Offer) -> GroupView:
    return GroupView(
        group_id=offer.group_id,
        size=offer.size,
        suggestions=[Suggestion(one.item_name, one.confidence) for one in offer.suggestions],
        crops=[_crop(crop) for crop in offer.crops],
    )


def _crop(crop: Crop) -> CropView:
    return CropView(
        capture_id=crop.capture_id,
        detection_id=crop.detection_id,
        box=edges(crop.box),
        score=crop.score,
        item_name=crop.item_name,
        confidence=crop.confidence,
        image_url=f"/v1/captures/{crop.capture_id}/detections/{crop.detection_id}/image",
        captured_at=to_rfc3339(crop.captured_at_ms),
        place=crop.place,
    )
