"""The pictures themselves: whole, in parts, or small; a browser that has one is told so and keeps it."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, BinaryIO

from litestar import Response, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from pantrybox.captures.model import Capture
from pantrybox.errors import Malformed, NotFound, TooLarge
from pantrybox.inventory import observations
from pantrybox.inventory.observations import SeenBox
from pantrybox.storage.database import Database, Reader
from pantrybox.storage.image_files import ImageFiles
from pantrybox.vision.model import Box
from pantrybox.vision.picture import crop_jpeg, open_upright, thumbnail
from pantrybox.web.authority import needs
from pantrybox.web.byte_ranges import asked_bytes, has_it, may_go_on
from pantrybox.web.captures import known
from pantrybox.web.errors import AnyRequest, Problem

CHUNK_BYTES = 256 * 1024
CACHE_BYTES = 8 * 1024 * 1024
_READING = [HttpMethod.GET, HttpMethod.HEAD]
_NOT_CHANGED = ResponseSpec(None, description="The copy that the request names is still right.")

SIZE = Annotated[int, QueryParameter(ge=64, le=1024, description="The longest side, in pixels.")]
_LARGEST_ID = 2**63 - 1

_Key = tuple[str, int | Box]
"""A file and the size of a picture of it all, or the part of it that is shown."""


class Thumbnails:
    """Small pictures, made when somebody asks and kept in memory only: the card is not written for them."""

    def __init__(self, images: ImageFiles) -> None:
        self._images = images
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._kept_bytes = 0
        # One at a time: a page of fifty must not take every core from the analyst.
        self._making = asyncio.Lock()

    async def of(self, name: str, size: int) -> bytes:
        """A JPEG of at most `size` x `size` pixels. NotFound when there is nothing to show."""
        return await self._kept_or_made((name, size), lambda file: thumbnail(file, size))

    async def crop(self, name: str, box: Box) -> bytes:
        """A JPEG of what lies in a box. NotFound when there is nothing to show."""
        return await self._kept_or_made((name, box), lambda file: crop_jpeg(open_upright(file.read()).pixels, box))

    async def _kept_or_made(self, key: "_Key", make: Callable[[BinaryIO], bytes]) -> bytes:
        async with self._making:
            jpeg = self._kept.get(key)
            if jpeg is None:
                jpeg = await asyncio.to_thread(self._made, key[0], make)
                self._keep(key, jpeg)
            self._kept.move_to_end(key)
            return jpeg

    def _made(self, name: str, make: Callable[[BinaryIO], bytes]) -> bytes:
        with self._images.opened(name) as file:
            try:
                return make(file)
            except (Malformed, TooLarge) as error:
                raise NotFound(f"There is no small picture of this photograph. {error}") from error

    def _keep(self, key: "_Key", jpeg: bytes) -> None:
        self._kept[key] = jpeg
        self._kept_bytes += len(jpeg)
        while self._kept_bytes > CACHE_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest)


@route(
    "/v1/captures/{capture_id:str}/image",
    http_method=_READING,
    opt=needs("read"),
    media_type="image/jpeg",
    responses={
        206: ResponseSpec(bytes, description="The part that was asked for.", media_type="image/jpeg"),
        304: _NOT_CHANGED,
        416: ResponseSpec(Problem, description="No such part.", media_type="application/problem+json"),
    },
)
async def capture_image(
    request: AnyRequest,
    database: NamedDependency[Database],
    images: NamedDependency[ImageFiles],
    capture_id: FromPath[str],
) -> Response[Any]:
    """The photograph as it was received; `Range` gives a part of it."""
    capture, name = await database.read(lambda reader: _pictured(reader, capture_id))
    headers = _headers(f'"{capture.sha256.hex()}"')
    file = await asyncio.to_thread(images.opened, name)
    try:
        return _image(request, file, headers)
    except BaseException:
        file.close()
        raise


@route(
    "/v1/captures/{capture_id:str}/thumbnail",
    http_method=_READING,
    opt=needs("read"),
    media_type="image/jpeg",
    responses={304: _NOT_CHANGED},
)
async def capture_thumbnail(
    request: AnyRequest,
    database: NamedDependency[Database],
    thumbnails: NamedDependency[Thumbnails],
    capture_id: FromPath[str],
    size: SIZE = 320,
) -> Response[Any]:
    """The photograph, small and upright."""
    capture, name = await database.read(lambda reader: _pictured(reader, capture_id))
    headers = _headers(f'"{capture.sha256.hex()}-{size}"')
    if has_it(request.headers.get("if-none-match"), headers["etag"]):
        return Response(b"", status_code=304, headers=headers)
    return _small(request, await thumbnails.of(name, size), headers)


@route(
    "/v1/captures/{capture_id:str}/detections/{detection_id:int}/image",
    http_method=_READING,
    opt=needs("read"),
    media_type="image/jpeg",
    responses={304: _NOT_CHANGED},
)
async def detection_image(
    request: AnyRequest,
    database: NamedDependency[Database],
    thumbnails: NamedDependency[Thumbnails],
    capture_id: FromPath[str],
    detection_id: FromPath[int],
) -> Response[Any]:
    """What lies in one box of a photograph, upright and within 384 x 384 pixels."""

    def query(reader: Reader) -> tuple[str, SeenBox]:
        _, name = _pictured(reader, capture_id)
        return name, known_detection(reader, capture_id, detection_id)

    name, seen = await database.read(query)
    headers = _headers(f'"{capture_id}-{detection_id}"')
    if has_it(request.headers.get("if-none-match"), headers["etag"]):
        return Response(b"", status_code=304, headers=headers)
    return _small(request, await thumbnails.crop(name, seen.box), headers)


def known_detection(reader: Reader, capture_id: str, detection_id: int) -> SeenBox:
    """Of whichever look at this photograph."""
    if 0 <= detection_id <= _LARGEST_ID and observations.capture_of_detection(reader, detection_id) == capture_id:
        boxes = observations.detections_of(reader, detection_id // observations.MOST_DETECTIONS)
        return next(box for box in boxes if box.id == detection_id)
    raise NotFound("There is no such detection in this photograph.")


def _small(request: AnyRequest, jpeg: bytes, headers: dict[str, str]) -> Response[Any]:
    headers["content-length"] = str(len(jpeg))
    return Response(b"" if request.method == HttpMethod.HEAD else jpeg, headers=headers)


def _pictured(reader: Reader, capture_id: str) -> tuple[Capture, str]:
    """A photograph and the name of its file."""
    capture = known(reader, capture_id)
    if capture.image_path is None:
        raise NotFound("The image of this photograph was deleted; what was seen in it is kept.")
    return capture, capture.image_path


def _headers(etag: str) -> dict[str, str]:
    # An image never changes under its id, and only who is signed in may keep a copy.
    return {
        "etag": etag,
        "cache-control": "private, max-age=31536000, immutable",
        "content-type": "image/jpeg",
        "x-content-type-options": "nosniff",
    }


def _image(request: AnyRequest, file: BinaryIO, headers: dict[str, str]) -> Response[Any]:
    """The answer to one request for a file; closes it when it has been sent."""
    if has_it(request.headers.get("if-none-match"), headers["etag"]):
        file.close()
        return Response(b"", status_code=304, headers=headers)
    size = os.fstat(file.fileno()).st_size
    headers["accept-ranges"] = "bytes"
    going_on = may_go_on(request.headers.get("if-range"), headers["etag"])
    part = asked_bytes(request.headers.get("range"), size) if going_on and request.method == HttpMethod.GET else None
    if part is None:
        status, part = 200, range(size)
    elif part:
        status = 206
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    else:
        file.close()
        return _outside(size)
    headers["content-length"] = str(len(part))
    if request.method == HttpMethod.HEAD:
        file.close()
        return Response(b"", status_code=status, headers=headers)
    return Stream(_chunks(file, part), status_code=status, headers=headers)


def _outside(size: int) -> Response[Problem]:
    problem = Problem("Range Not Satisfiable", 416, f"This image has {size} bytes; none of those that were asked for.")
    headers = {"content-range": f"bytes */{size}", "accept-ranges": "bytes"}
    return Response(problem, status_code=416, headers=headers, media_type="application/problem+json")


async def _chunks(file: BinaryIO, part: range) -> AsyncIterator[bytes]:
    """Read off the event loop, a piece at a time: a photograph may have 30 MB."""
    with file:
        for start in range(part.start, part.stop, CHUNK_BYTES):
            yield await asyncio.to_thread(os.pread, file.fileno(), min(CHUNK_BYTES, part.stop - start), start)
