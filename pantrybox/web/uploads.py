"""The body of an upload, piece by piece: raw JPEGs and the image part of multipart forms."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from litestar.datastructures import Headers
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from pantrybox.captures.jpeg import CAMERA_LIMITS, JpegLimits
from pantrybox.errors import CutShort, LengthRequired, Malformed, TooLarge
from pantrybox.web.errors import AnyRequest

MAX_FIELD_BYTES = 16 * 1024
"""Of all fields that come before the image."""
SILENCE_SECONDS = 30.0
"""A sender that says nothing for this long loses its place among those that may upload at once."""
_MULTIPART_ROOM = 64 * 1024
"""What boundaries, part headers and fields may add to the image."""


def declared_length(headers: Headers) -> int | None:
    """Content-Length, when there is one; the server has refused what is no number."""
    text = headers.get("content-length")
    return int(text) if text is not None else None


def refuse_unless_it_fits(headers: Headers, *, multipart: bool, limits: JpegLimits = CAMERA_LIMITS) -> None:
    """Decide by the declared length alone, before any of the body is read."""
    length = declared_length(headers)
    if length is None and not multipart:
        raise LengthRequired("Send the photograph's size as Content-Length.")
    if length is not None:
        limits.refuse_bytes(length - (_MULTIPART_ROOM if multipart else 0))


async def body_of(request: AnyRequest, limits: JpegLimits = CAMERA_LIMITS, room: int = 0) -> AsyncGenerator[bytes]:
    """What arrives, as it arrives.

    CutShort when the sender goes away or falls silent before the end, TooLarge when the image
    and `room` for what is around it are used up.
    """
    received = 0
    while True:
        event = await _next_event(request)
        if event["type"] != "http.request":
            raise CutShort("The connection ended before the photograph did. Please send it again.")
        received += len(event["body"])
        limits.refuse_bytes(received - room)
        if event["body"]:
            yield event["body"]
        if not event["more_body"]:
            return


async def _next_event(request: AnyRequest) -> Any:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await request.receive()
    except TimeoutError as error:
        raise CutShort("The photograph stopped arriving. Please send it again.") from error


class UploadForm:
    """A multipart form whose fields stand before its image.

    `fields()` reads up to the image; `image()` then streams it. Raises Malformed for what
    is no form, TooLarge for too many fields.
    """

    def __init__(self, request: AnyRequest, limits: JpegLimits = CAMERA_LIMITS) -> None:
        _, options = request.content_type
        try:
            self._parser = PushMultipartParser(options.get("boundary", ""), max_segment_count=32)
        except MultipartError as error:
            raise Malformed("The form has no boundary in its Content-Type.") from error
        self._events = self._parse(body_of(request, limits, _MULTIPART_ROOM))
        self._has_image = True

    async def fields(self) -> dict[str, str]:
        """Every field before the image, or every field when there is none."""
        fields: dict[str, str] = {}
        name, value, total = "", bytearray(), 0
        async for event in self._events:
            if isinstance(event, MultipartSegment):
                name, value = event.name or "", bytearray()
                if name == "image":
                    return fields
            elif event is None:
                fields[name] = value.decode(errors="replace")
            else:
                value += event
                total += len(event)
                if total > MAX_FIELD_BYTES:
                    raise TooLarge("The fields before the image are over 16 kB; send the image as `image`.")
        self._has_image = False
        return fields

    async def image(self) -> AsyncIterator[bytes]:
        """The image's bytes; what follows the image in the form is read and let go."""
        if not self._has_image:
            raise Malformed("There is no image in this form: send the photograph as `image`, after the other fields.")
        inside = True
        async for event in self._events:
            if event is None or isinstance(event, MultipartSegment):
                inside = False
            elif inside:
                yield bytes(event)

    async def _parse(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[MultipartSegment | bytes | bytearray | None]:
        try:
            async for chunk in chunks:
                for event in self._parser.parse(chunk):
                    yield event
        except MultipartError as error:
            raise Malformed(f"The form cannot be read: {error}.") from error
        try:
            self._parser.close()
        except MultipartError as error:
            raise CutShort("The form ended before its last boundary. Please send it again.") from error
