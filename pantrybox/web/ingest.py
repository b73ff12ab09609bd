"""POST /v1/ingest: where cameras hand in their photographs."""

import math
import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from litestar import post
from litestar.di import NamedDependency

from pantrybox.captures.intake import Intake
from pantrybox.captures.model import Arrival, Receipt, TriggerType
from pantrybox.clock import Clock, from_iso8601, to_rfc3339
from pantrybox.devices import queries as devices
from pantrybox.devices.orders import Orders
from pantrybox.devices.queries import Credentials
from pantrybox.devices.roster import Roster
from pantrybox.errors import Malformed, NotAJpeg, Unauthorised
from pantrybox.storage.database import Writer
from pantrybox.web.authority import A_CAMERA, bearer, needs
from pantrybox.web.errors import AnyRequest
from pantrybox.web.uploads import UploadForm, body_of, refuse_unless_it_fits

_KEY = re.compile(r"[!-~]{1,128}")
_TRIGGERS = frozenset(get_args(TriggerType))
_VOLTS = (0.5, 30.0)
_DBM = (-150, 0)
_TELEMETRY = ("firmware-version", "boot-reason", "queue-depth", "wake-ms", "free-heap", "orders-version", "board")
_MAX_TELEMETRY = 100


class OrdersInForce(Orders, frozen=True, kw_only=True):
    version: int


class Stored(msgspec.Struct, frozen=True):
    capture_id: str
    message: str
    orders: OrdersInForce | None
    """None when the camera already has the ones in force, or nobody gave any."""
    server_time: str
    status: str = "stored"
    firmware: None = None


@post("/v1/ingest", opt=needs("device"), security=A_CAMERA, request_max_body_size=None)
async def ingest(
    request: AnyRequest, intake: NamedDependency[Intake], roster: NamedDependency[Roster], now: NamedDependency[Clock]
) -> Stored:
    """Store one photograph. 201 means that it survives a power cut the next millisecond."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "image/jpeg":
        device = roster.authenticated(request.headers.get("x-device-id", ""), bearer(request) or "")
        refuse_unless_it_fits(request.headers, multipart=False)
        arrival = _arrival(device.device_id, _header_fields(request.headers), request.headers)
        image = body_of(request)
    elif kind == "multipart/form-data":
        refuse_unless_it_fits(request.headers, multipart=True)
        form = UploadForm(request)
        fields = await form.fields()
        token = bearer(request) or fields.get("token", "")
        device = roster.authenticated(fields.get("device_id", request.headers.get("x-device-id", "")), token)
        arrival = _arrival(device.device_id, _header_fields(request.headers) | fields, request.headers)
        image = form.image()
    else:
        _refuse_strangers(request, roster)
        raise NotAJpeg("Send the photograph as image/jpeg, or as the field `image` of a multipart form.")
    receipt = await intake.receive(arrival, image, alongside=_seen(arrival))
    return _reply(receipt, device, request.headers.get("x-orders-version"), now())


def _refuse_strangers(request: AnyRequest, roster: Roster) -> None:
    """Who has no token learns nothing about what would be taken."""
    token = bearer(request)
    if token is None:
        raise Unauthorised("Send the camera's token: `Authorization: Bearer ...`.")
    roster.authenticated(request.headers.get("x-device-id", ""), token)


def _header_fields(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a raw upload under the names that a form gives the same things."""
    names = {
        "x-trigger-type": "trigger_type",
        "x-captured-at": "captured_at",
        "x-age-ms": "age_ms",
        "x-battery-v": "battery_v",
        "x-rssi": "rssi",
    }
    return {field: headers[header] for header, field in names.items() if header in headers}


def _arrival(device_id: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Arrival:
    """A nonsense time or key is refused; any other nonsense is dropped and noted, and the picture kept."""
    notes: list[str] = []
    captured_at = fields.get("captured_at") or fields.get("timestamp")
    age_ms = _number(fields, "age_ms", (0, 10 * 365 * 86_400_000), notes)
    rssi = _number(fields, "rssi", _DBM, notes)
    return Arrival(
        device_id=device_id,
        captured_at_ms=from_iso8601(captured_at) if captured_at else None,
        age_ms=None if age_ms is None else round(age_ms),
        trigger_type=_trigger(fields.get("trigger_type"), notes),
        battery_v=_number(fields, "battery_v", _VOLTS, notes),
        rssi=None if rssi is None else round(rssi),
        idempotency_key=_idempotency_key(headers.get("idempotency-key")),
        telemetry={name: headers[f"x-{name}"][:_MAX_TELEMETRY] for name in _TELEMETRY if f"x-{name}" in headers},
        notes=tuple(notes),
    )


def _number(fields: Mapping[str, str], name: str, bounds: tuple[float, float], notes: list[str]) -> float | None:
    text = fields.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if bounds[0] <= value <= bounds[1]:
        return value
    notes.append(f"The camera sent {name} {text[:40]!r}, which cannot be; it was left out.")
    return None


def _trigger(text: str | None, notes: list[str]) -> Any:
    if not text or text in _TRIGGERS:
        return text or None
    notes.append(f"The camera sent trigger_type {text[:40]!r}, which is not known; it was left out.")
    return None


def _idempotency_key(text: str | None) -> str | None:
    if text is not None and not _KEY.fullmatch(text):
        raise Malformed("An Idempotency-Key has 1 to 128 visible ASCII characters.")
    return text


def _seen(arrival: Arrival) -> Any:
    def alongside(writer: Writer, receipt: Receipt) -> None:
        devices.saw(
            writer,
            arrival.device_id,
            battery_v=arrival.battery_v,
            rssi=arrival.rssi,
            telemetry=arrival.telemetry,
            new_captures=int(receipt.is_new),
        )

    return alongside


def _reply(receipt: Receipt, device: Credentials, version_there: str | None, now_ms: int) -> Stored:
    orders = None
    if device.orders is not None and str(device.orders_version) != version_there:
        orders = OrdersInForce(**msgspec.structs.asdict(device.orders), version=device.orders_version)
    return Stored(
        capture_id=receipt.capture_id,
        message="Photograph stored." if receipt.is_new else "This photograph was stored before.",
        orders=orders,
        server_time=to_rfc3339(now_ms),
    )
