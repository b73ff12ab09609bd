"""Photographs: what was received, what was seen in each, and the pictures themselves."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture, Status
from pantrybox.clock import to_rfc3339
from pantrybox.errors import NotFound
from pantrybox.inventory import ledger, observations, places
from pantrybox.inventory.observations import Observation
from pantrybox.storage.database import Database, Reader
from pantrybox.teaching import products
from pantrybox.teaching.closer import Closer
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.products import SeenCode
from pantrybox.teaching.suggesting import Offered, offered
from pantrybox.vision.model import Box
from pantrybox.web.authority import needs

LIMIT = Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")]

CURSOR = Annotated[int | None, QueryParameter(ge=1, le=2**53, description="A `next_cursor`.")]


class CaptureView(msgspec.Struct, frozen=True):
    id: str
    device_id: str
    status: Status
    captured_at: str
    received_at: str
    trigger_type: str | None
    size_bytes: int
    has_image: bool
    battery_v: float | None
    rssi: int | None
    failure: str | None


class CaptureList(msgspec.Struct, frozen=True):
    total: int
    items: list[CaptureView]
    next_cursor: str | None
    """Give it as `cursor` to get the next ones."""


class Suggestion(msgspec.Struct, frozen=True):
    """What a detection may be."""

    item_name: str
    confidence: float


class DetectionView(msgspec.Struct, frozen=True):
    id: int
    box: tuple[float, float, float, float]
    """left, top, right, bottom as fractions of the upright picture."""
    score: float
    """How sure the eye is that something is there, whatever it is."""
    label: str
    """What a model by itself would call it."""
    item_name: str | None
    """What it counts as."""
    confidence: float
    """That it is that; without `item_name`, that it is the first suggestion."""
    suggestions: list[Suggestion]
    """At most three, best first."""
    source: str
    """Who named it: `recogniser` (what was taught), `generic` (a model's own word), `person`, `barcode`. Else why it
    does not count: `masked`, `repeat` (the same thing once more), `detector` (nobody knows it).
    """


class BarcodeView(msgspec.Struct, frozen=True):
    code: str
    format: str
    box: tuple[float, float, float, float]
    item_name: str | None
    """What this household said it is."""


class ObservationView(msgspec.Struct, frozen=True):
    model: str
    observed_at: str
    took_ms: int
    width: int
    height: int
    brightness: float
    sharpness: float
    scene_confidence: float
    counted: bool
    """False for a photograph that came too late to say anything about the present."""


class CaptureDetail(CaptureView, frozen=True):
    telemetry: dict[str, str]
    """What the camera said of itself."""
    notes: list[str]
    """What was odd about the upload."""
    place: str | None
    """What it shows; None before its camera's first photograph was looked at."""
    image_url: str | None
    """None once the image is deleted."""
    thumbnail_url: str | None
    events: list[int]
    """The lines of the ledger that followed from it."""
    observation: ObservationView | None
    detections: list[DetectionView]
    barcodes: list[BarcodeView]
    """Read from photographs that a phone took."""


@get("/v1/captures", opt=needs("read"))
async def list_captures(
    database: NamedDependency[Database],
    status: FromQuery[Status | None] = None,
    device_id: FromQuery[str | None] = None,
    before: CURSOR = None,
    cursor: CURSOR = None,
    limit: LIMIT = 100,
) -> CaptureList:
    """Photographs, newest first. `before` and `cursor` are two names of the same."""
    before_seq = before if cursor is None else cursor

    def query(reader: Reader) -> CaptureList:
        rows = captures.newest_first(reader, status=status, device_id=device_id, before_seq=before_seq, limit=limit)
        return CaptureList(
            total=captures.total(reader, status=status, device_id=device_id),
            items=[_view(capture) for capture in rows],
            next_cursor=str(rows[-1].seq) if len(rows) == limit else None,
        )

    return await database.read(query)


@get("/v1/captures/{capture_id:str}", opt=needs("read"))
async def capture_detail(
    database: NamedDependency[Database], galleries: NamedDependency[Galleries], capture_id: FromPath[str]
) -> CaptureDetail:
    """One photograph, with what was seen in it."""
    return await database.read(lambda reader: detail(reader, galleries, capture_id))


@post("/v1/captures/{capture_id:str}/suggest", opt=needs("write"), status_code=200)
async def suggest(
    closer: NamedDependency[Closer],
    database: NamedDependency[Database],
    galleries: NamedDependency[Galleries],
    capture_id: FromPath[str],
) -> CaptureDetail:
    """Look closer at one photograph: what was not compared with what was taught so far is compared and named now."""
    await closer.look(capture_id)
    return await database.read(lambda reader: detail(reader, galleries, capture_id))


def detail(reader: Reader, galleries: Galleries, capture_id: str) -> CaptureDetail:
    """All that is known of a photograph; NotFound when there is none."""
    capture = known(reader, capture_id)
    observation = observations.newest_of(reader, capture_id)
    boxes = offered(reader, galleries, observation.id, capture.device_id) if observation else []
    codes = products.seen_in(reader, observation.id) if observation else []
    return CaptureDetail(
        **msgspec.structs.asdict(_view(capture)),
        telemetry=msgspec.json.decode(capture.telemetry or "{}", type=dict[str, str]),
        notes=msgspec.json.decode(capture.notes or "[]", type=list[str]),
        place=place_of(reader, capture),
        image_url=f"/v1/captures/{capture.id}/image" if capture.image_path else None,
        thumbnail_url=f"/v1/captures/{capture.id}/thumbnail" if capture.image_path else None,
        events=[event.id for event in ledger.events_of_capture(reader, capture_id)],
        observation=_observation(observation) if observation else None,
        detections=[_detection(box) for box in boxes],
        barcodes=[_barcode(code) for code in codes],
    )


def known(reader: Reader, capture_id: str) -> Capture:
    capture = captures.by_id(reader, capture_id)
    if capture is None:
        raise NotFound("There is no such photograph.")
    return capture


def _view(capture: Capture) -> CaptureView:
    return CaptureView(
        id=capture.id,
        device_id=capture.device_id,
        status=capture.status,
        captured_at=to_rfc3339(capture.captured_at_ms),
        received_at=to_rfc3339(capture.received_at_ms),
        trigger_type=capture.trigger_type,
        size_bytes=capture.size_bytes,
        has_image=capture.image_path is not None,
        battery_v=capture.battery_v,
        rssi=capture.rssi,
        failure=capture.failure,
    )


def place_of(reader: Reader, capture: Capture) -> str | None:
    """A house has few places."""
    for place in places.places(reader):
        if place.id == capture.place_id or (capture.place_id is None and place.device_id == capture.device_id):
            return place.name
    return None


def _observation(seen: Observation) -> ObservationView:
    return ObservationView(
        model=seen.model,
        observed_at=to_rfc3339(seen.observed_at_ms),
        took_ms=seen.took_ms,
        width=seen.width,
        height=seen.height,
        brightness=seen.brightness,
        sharpness=seen.sharpness,
        scene_confidence=seen.scene_confidence,
        counted=seen.folded,
    )


def _detection(box: Offered) -> DetectionView:
    seen = box.seen
    return DetectionView(
        id=seen.id,
        box=edges(seen.box),
        score=seen.score,
        label=seen.label,
        item_name=seen.item_name,
        confidence=box.confidence,
        suggestions=[Suggestion(one.item_name, one.confidence) for one in box.suggestions],
        source=seen.source or "detector",
    )


def _barcode(code: SeenCode) -> BarcodeView:
    return BarcodeView(code.code, code.format, edges(code.box), code.item_name)


def edges(box: Box) -> tuple[float, float, float, float]:
    """left, top, right, bottom."""
    return box.left, box.top, box.right, box.bottom
