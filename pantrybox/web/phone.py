"""POST /v1/captures: a photograph that somebody took with a phone, of a place that they name."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from pantrybox.captures import queries as captures
from pantrybox.captures.intake import Intake
from pantrybox.captures.jpeg import OWNER_LIMITS
from pantrybox.captures.model import PHONE, Arrival, Receipt
from pantrybox.clock import from_iso8601
from pantrybox.devices import queries as devices
from pantrybox.errors import NotAJpeg, OutOfRange
from pantrybox.inventory.places import elsewhere, known_place
from pantrybox.names import MAX_NAME
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Writer
from pantrybox.web.authority import needs
from pantrybox.web.errors import AnyRequest
from pantrybox.web.uploads import UploadForm, body_of, refuse_unless_it_fits

_MAX_NOTE = 500

PLACE = Annotated[str | None, QueryParameter(description="What it shows; without one, it is elsewhere.")]
CAPTURED_AT = Annotated[str | None, QueryParameter(description="When it was taken; without one, now.")]
NOTES = Annotated[str | None, QueryParameter(description="A line to be kept with it.")]


class Taken(msgspec.Struct, frozen=True):
    capture_id: str
    message: str
    status: str = "stored"


@post("/v1/captures", opt=needs("write"), request_max_body_size=None)
async def take_photograph(
    request: AnyRequest,
    intake: NamedDependency[Intake],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    place: PLACE = None,
    captured_at: CAPTURED_AT = None,
    notes: NOTES = None,
) -> Taken:
    """Store a photograph from the phone: a JPEG as the body, or as the field `image` of a form.

    A form may hold `place`, `captured_at` and `notes` too; they stand before the image.
    """
    asked = {"place": place, "captured_at": captured_at, "notes": notes}
    fields, image = await _body(request)
    fields = {name: value for name, value in asked.items() if value} | fields
    place_id = await _place_of(database, _one_line(fields, "place", MAX_NAME))
    receipt = await intake.receive(_arrival(fields), image, _recorded(place_id, actor), OWNER_LIMITS)
    message = "Photograph stored." if receipt.is_new else "This photograph was stored before."
    return Taken(receipt.capture_id, message)


async def _body(request: AnyRequest) -> tuple[dict[str, str], AsyncIterator[bytes]]:
    """What a form says, and the bytes of the image."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "image/jpeg":
        refuse_unless_it_fits(request.headers, multipart=False, limits=OWNER_LIMITS)
        return {}, body_of(request, OWNER_LIMITS)
    if kind == "multipart/form-data":
        refuse_unless_it_fits(request.headers, multipart=True, limits=OWNER_LIMITS)
        form = UploadForm(request, OWNER_LIMITS)
        return await form.fields(), form.image()
    raise NotAJpeg("Send a JPEG: as image/jpeg, or as the field `image` of a multipart form.")


def _one_line(fields: dict[str, str], name: str, most: int) -> str:
    """\"\" when it is not there."""
    text = fields.get(name, "").strip()
    if len(text) > most or any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        raise OutOfRange(f"{name}: one line of at most {most} characters, please.")
    return text


async def _place_of(database: Database, name: str) -> int | None:
    return await database.read(lambda reader: known_place(reader, name)) if name else None


def _arrival(fields: dict[str, str]) -> Arrival:
    captured_at, note = fields.get("captured_at"), _one_line(fields, "notes", _MAX_NOTE)
    return Arrival(
        device_id=PHONE,
        captured_at_ms=from_iso8601(captured_at) if captured_at else None,
        trigger_type="manual",
        notes=(note,) if note else (),
    )


def _recorded(place_id: int | None, actor: Actor) -> Callable[[Writer, Receipt], None]:
    def alongside(writer: Writer, receipt: Receipt) -> None:
        devices.saw(writer, PHONE, battery_v=None, rssi=None, new_captures=int(receipt.is_new))
        if receipt.is_new:
            captures.put_in_place(writer, receipt.capture_id, place_id or elsewhere(writer))
            audit.record(writer, actor.name, "capture.taken", receipt.capture_id)

    return alongside
