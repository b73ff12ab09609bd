"""The scorecard: how often the eye is right in this household, and what to show it next."""

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from pantrybox.clock import Clock, to_rfc3339
from pantrybox.storage.database import Database
from pantrybox.teaching.corrections import Report, report
from pantrybox.teaching.scorecard import LEAST, Advice, Figures
from pantrybox.web.authority import needs

DAYS = Annotated[int, QueryParameter(ge=1, le=3650, description="What people said in so many days.")]


class FiguresView(msgspec.Struct, frozen=True):
    """Counts of what people said, and the shares that follow; null where too little was said for a share."""

    right: int
    """Boxes that a person named as the eye had."""
    false: int
    """Boxes that the eye had called this and that are something else."""
    missed: int
    """Boxes that show this, which the eye had been shown before, and that it did not know."""
    precision: float | None
    """right / (right + false)."""
    recall: float | None
    """right / (right + missed)."""
    counts: int
    """Counts that a person said."""
    count_error: float | None
    """By how many units the shown count was wrong, on average."""


class ItemFigures(FiguresView, frozen=True, kw_only=True):
    item_id: int
    item_name: str


class CameraFigures(FiguresView, frozen=True, kw_only=True):
    device_id: str
    name: str


class Hint(msgspec.Struct, frozen=True):
    kind: Literal["item", "camera"]
    name: str
    reason: str
    """A sentence fit to show."""
    item_id: int | None
    device_id: str | None


class ScorecardView(msgspec.Struct, frozen=True):
    days: int
    since: str
    least: int
    """Fewer words than this give no share."""
    total: FiguresView
    items: list[ItemFigures]
    """Of which something was said, by name."""
    cameras: list[CameraFigures]
    teach_next: list[Hint]
    """What would help most first."""


@get("/v1/scorecard", opt=needs("read"))
async def scorecard(database: NamedDependency[Database], now: NamedDependency[Clock], days: DAYS = 90) -> ScorecardView:
    """How often the eye was right, by what people corrected and confirmed: for each item and each camera."""
    now_ms = now()
    return _view(await database.read(lambda reader: report(reader, now_ms, days)), days)


def _view(known: Report, days: int) -> ScorecardView:
    items, cameras = known.scorecard.items, known.scorecard.cameras
    item_views = [
        ItemFigures(**msgspec.structs.asdict(_figures(figures)), item_id=item_id, item_name=known.item_names[item_id])
        for item_id, figures in items.items()
    ]
    camera_views = [
        CameraFigures(
            **msgspec.structs.asdict(_figures(figures)), device_id=device_id, name=known.camera_names[device_id]
        )
        for device_id, figures in cameras.items()
    ]
    return ScorecardView(
        days=days,
        since=to_rfc3339(known.since_ms),
        least=LEAST,
        total=_figures(known.scorecard.total),
        items=sorted(item_views, key=lambda one: (one.item_name.casefold(), one.item_id)),
        cameras=sorted(camera_views, key=lambda one: (one.name.casefold(), one.device_id)),
        teach_next=[_hint(one) for one in known.teach_next],
    )


def _figures(figures: Figures) -> FiguresView:
    return FiguresView(
        right=figures.right,
        false=figures.false,
        missed=figures.missed,
        precision=figures.precision,
        recall=figures.recall,
        counts=figures.counts,
        count_error=figures.count_error,
    )


def _hint(advice: Advice) -> Hint:
    return Hint(
        kind=advice.kind,
        name=advice.name,
        reason=advice.reason,
        item_id=advice.id if isinstance(advice.id, int) else None,
        device_id=advice.id if isinstance(advice.id, str) else None,
    )
