"""Why a count is believed: every unit of it leads to its photograph and box, or to who said so."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from pantrybox.clock import Clock, local_date, to_rfc3339
from pantrybox.inventory import history, items, why_queries
from pantrybox.inventory.history import PastEvent
from pantrybox.inventory.model import EventType
from pantrybox.inventory.observations import Moment, Source
from pantrybox.inventory.why import Photograph, Reasons, State, Unit, Word
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader
from pantrybox.web import told_why
from pantrybox.web.addresses import API_ITEMS, asked_for
from pantrybox.web.authority import needs
from pantrybox.web.errors import AnyRequest
from pantrybox.web.told_why import Listener

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]

_LINES_READ = 200
"""Of the item's ledger, at all its places."""
_LINES_A_PLACE = 5


class NamedItem(msgspec.Struct, frozen=True):
    item_id: int
    canonical_name: str
    brand: str | None
    package_type: str | None


class Probability(msgspec.Struct, frozen=True):
    count: int
    probability: Fraction


class FoundIn(msgspec.Struct, frozen=True):
    """The photograph in which something was last found."""

    capture_id: str
    captured_at: str
    has_image: bool
    """False once the image was deleted; what was seen in it is kept."""
    model: str
    """Which looked at it."""
    box: tuple[float, float, float, float] | None
    """left, top, right, bottom as fractions of the upright picture; null when nobody knows where."""
    detection_id: int | None
    """Its crop: `GET /v1/captures/{capture_id}/detections/{detection_id}/image`. null when the newest look at the
    photograph has no such box; what follows is null then, too.
    """
    score: float | None
    item_name: str | None
    """What the box is held to be now."""
    confidence: float | None
    source: Source | None
    """Who says what it is; null when nobody can."""


class LookedIn(msgspec.Struct, frozen=True):
    capture_id: str
    captured_at: str


class UnitReason(msgspec.Struct, frozen=True):
    state: State
    """seen: found in the newest photograph; missed: there and not found; hidden: there behind something; taken: not
    there any more; false: never one; told: there because somebody says so.
    """
    chance: Fraction
    """That it is there; of several, that all of them are."""
    count: int
    """So many that are alike: 1 for whatever is followed in photographs."""
    sentence: str
    photograph: FoundIn | None
    """null for what no photograph shows."""
    looked_in: LookedIn | None
    """The newest photograph of its camera, when it is not found in that."""
    behind: str | None
    """The item that stands before it."""
    camera: str | None
    """Who sees it, by its id. Where several cameras see one place, each shows its own, and the larger number counts."""


class SaidCount(msgspec.Struct, frozen=True):
    """The newest word about the item at a place."""

    count: int
    """So many were there then."""
    said_by: str
    said_at: str


class Rates(msgspec.Struct, frozen=True):
    """How far the eye is trusted with the item at a place: guesses that the household's photographs correct."""

    missed: float
    """The chance that a unit in plain view is not found."""
    false_boxes: float
    """Boxes a photograph that begin to be taken for one and are none."""


class LedgerLine(msgspec.Struct, frozen=True):
    event_id: int
    date: str
    event_type: EventType
    delta: int
    count: int
    """After it."""
    capture_id: str | None
    said_by: str | None
    undone: bool
    """Another line took this one back."""


class WhyAtPlace(msgspec.Struct, frozen=True):
    place: str
    count: int
    confidence: float
    """The probability of the count."""
    confirmed_count: int
    """What the ledger sums to."""
    probabilities: list[Probability]
    """Of every count that is possible; empty where nothing was ever seen or said."""
    units: list[UnitReason]
    """The likeliest first."""
    told: SaidCount | None
    rates: Rates
    events: list[LedgerLine]
    """The newest of the ledger, at most five."""


class ItemWhy(msgspec.Struct, frozen=True):
    item: NamedItem
    places: list[WhyAtPlace]


@get(API_ITEMS + "{name:path}/why", opt=needs("read"))
async def item_why(
    request: AnyRequest,
    name: FromPath[str],
    database: NamedDependency[Database],
    now: NamedDependency[Clock],
    actor: NamedDependency[Actor],
) -> ItemWhy:
    """Why the count of an item is believed at each place where it stands or stood.

    Every unit leads to the photograph, the box and the model that speak for it, or to who said so. What was most
    probably never a unit (a chance below 0.02) is left out, and so is what was taken so long ago that it is not looked
    for any more: the ledger's lines tell of that.
    """
    wanted, _ = asked_for(request.scope["raw_path"].decode("ascii", "replace"))
    return await database.read(lambda reader: why_of(reader, wanted, now(), actor.name))


def why_of(reader: Reader, name: str, now_ms: int, listener: str) -> ItemWhy:
    """`listener`: who asks, as words name them."""
    item = items.known_item(reader, name)
    events = history.of_item(reader, item.id, since_ms=0, limit=_LINES_READ)
    to = Listener(listener, local_date(now_ms))
    return ItemWhy(
        NamedItem(item.id, item.canonical_name, item.brand, item.package_type),
        [_at_place(why, events, to) for why in why_queries.reasons(reader, item.id)],
    )


def _at_place(why: Reasons, events: Sequence[PastEvent], to: Listener) -> WhyAtPlace:
    here = [event for event in events if event.place_name == why.place_name]
    return WhyAtPlace(
        place=why.place_name,
        count=why.shown_count,
        confidence=why.confidence,
        confirmed_count=why.confirmed_count,
        probabilities=[Probability(count, p) for count, p in enumerate(why.belief.p, start=why.belief.low)],
        units=[_unit(unit, why.word, to) for unit in why.units],
        told=_said(why.word) if why.word else None,
        rates=Rates(why.missed_rate, why.false_rate),
        events=[_line(event) for event in here[:_LINES_A_PLACE]],
    )


def _unit(unit: Unit, word: Word | None, to: Listener) -> UnitReason:
    return UnitReason(
        state=unit.state,
        chance=unit.chance,
        count=unit.count,
        sentence=told_why.unit(unit, word, to),
        photograph=_found_in(unit.photograph) if unit.photograph else None,
        looked_in=_looked_in(unit.looked) if unit.looked else None,
        behind=unit.behind,
        camera=unit.camera,
    )


def _found_in(photograph: Photograph) -> FoundIn:
    box, seen = photograph.box, photograph.detection
    return FoundIn(
        capture_id=photograph.capture_id,
        captured_at=to_rfc3339(photograph.captured_at_ms),
        has_image=photograph.has_image,
        model=photograph.model,
        box=(box.left, box.top, box.right, box.bottom) if box else None,
        detection_id=seen.id if seen else None,
        score=seen.score if seen else None,
        item_name=seen.item_name if seen else None,
        confidence=seen.confidence if seen else None,
        source=seen.source if seen else None,
    )


def _looked_in(moment: Moment) -> LookedIn:
    return LookedIn(moment.capture_id, to_rfc3339(moment.captured_at_ms))


def _said(word: Word) -> SaidCount:
    return SaidCount(word.count, word.said_by, to_rfc3339(word.said_at_ms))


def _line(event: PastEvent) -> LedgerLine:
    return LedgerLine(
        event_id=event.id,
        date=to_rfc3339(event.happened_at_ms),
        event_type=event.event_type,
        delta=event.delta,
        count=event.count_after,
        capture_id=event.capture_id,
        said_by=event.said_by,
        undone=event.undone,
    )
