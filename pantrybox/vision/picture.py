"""Files to pixels: decoded at no more than the size that is needed, and upright; and pixels to files."""

import io
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pantrybox.errors import Malformed, TooLarge
from pantrybox.vision.model import Box

MAX_PIXELS = 64_000_000
_ORIENTATION = 0x0112
_QUARTER_TURNS = {5, 6, 7, 8}  # EXIF orientations that swap width and height

# Pillow's own limit warns first and raises at twice the size; ours is checked before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


WORKING_SIZE = (1280, 960)
"""(width, height) at least of what a picture is decoded to: the smallest crops still have pixels to compare."""
CODES_SIZE = (1600, 1200)
"""The same when codes are to be read: the lines of a small one are thin. Half of what most phones take, or more."""
SMALL_SIZE = (416, 416)
"""Of what is judged as a whole: `luma`'s picture before it is halved."""
FRAME = 160
"""Pixels of a frame, across and down: 77 kB of each view, and a small thing still covers 8 x 8."""


class Upright(NamedTuple):
    pixels: NDArray[np.uint8]
    """RGB, shape (height, width, 3); as large as the original, or smaller by a power of two."""
    width: int
    """Of the upright original, in pixels."""
    height: int


def open_upright(data: bytes, at_least: tuple[int, int] = WORKING_SIZE) -> Upright:
    """Decode a JPEG or PNG.

    A JPEG is decoded at the smallest of libjpeg's scales that is not below `at_least` (width,
    height): that costs 0.64 of decoding it whole. Raises Malformed or TooLarge.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
            return _upright(image, at_least)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Malformed(f"The picture cannot be decoded: {_reason(error)}.") from error


def _upright(image: Image.Image, at_least: tuple[int, int]) -> Upright:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLarge(f"The picture has {width} x {height} pixels; at most {MAX_PIXELS:,} are taken.")
    turned = image.getexif().get(_ORIENTATION) in _QUARTER_TURNS
    image.draft("RGB", (at_least[1], at_least[0]) if turned else at_least)
    ImageOps.exif_transpose(image, in_place=True)
    # convert() would copy what is RGB already, and a phone's photograph is 12 MB.
    upright = image if image.mode == "RGB" else image.convert("RGB")
    if turned:
        width, height = height, width
    return Upright(np.asarray(upright), width, height)


def stretched(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The same picture at exactly `size` (width, height), whatever becomes of its proportions."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize(size, _filter_for(image.size, size)))


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Brightness alone (ITU-R BT.601), (208, 208) whatever the picture's size: each the mean of 2 x 2 pixels."""
    return np.asarray(Image.fromarray(stretched(pixels, SMALL_SIZE)).convert("L").reduce(2))


def frame_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a fixed camera's photographs are laid upon each other by: (FRAME, FRAME, 3), whatever the picture's size."""
    return stretched(pixels, (FRAME, FRAME))


def _filter_for(size: tuple[int, int], target: tuple[int, int]) -> Image.Resampling:
    # Area means when shrinking: faster than bilinear, and the detector scores 0.729 on the demo's
    # things instead of 0.717. Enlarging with it would only repeat pixels.
    shrinks = size[0] >= target[0] and size[1] >= target[1]
    return Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is neither a JPEG nor a PNG"
    return str(error).rstrip(".") or type(error).__name__


def as_jpeg(data: bytes, largest: tuple[int, int] | None, quality: int | None) -> bytes:
    """The picture as a camera would send it: the same bytes when it is a JPEG that needs no change.

    `largest` is (width, height) of the frame that it must fit into, `quality` Pillow's 1 to 95.
    Raises Malformed when it cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
            fits = largest is None or (image.width <= largest[0] and image.height <= largest[1])
            if image.format == "JPEG" and fits and quality is None:
                return data
            upright = ImageOps.exif_transpose(image).convert("RGB")
            if largest is not None:
                upright.thumbnail(largest)
            encoded = io.BytesIO()
            upright.save(encoded, "JPEG", quality=quality or 90)
            return encoded.getvalue()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Malformed(f"The picture cannot be decoded: {_reason(error)}.") from error


CROP_SIZE = 384
"""Pixels of the longer side of a crop that is kept."""
_CROP_QUALITY = 88


def crop_jpeg(pixels: NDArray[np.uint8], box: Box) -> bytes:
    """A JPEG of what lies in a box, within CROP_SIZE x CROP_SIZE pixels; a pixel at least, also at the last edge."""
    height, width = pixels.shape[:2]
    left, top = min(width - 1, int(box.left * width)), min(height - 1, int(box.top * height))
    right, bottom = max(left + 1, round(box.right * width)), max(top + 1, round(box.bottom * height))
    crop = Image.fromarray(pixels[top:bottom, left:right])
    crop.thumbnail((CROP_SIZE, CROP_SIZE))
    encoded = io.BytesIO()
    crop.save(encoded, "JPEG", quality=_CROP_QUALITY)
    return encoded.getvalue()


_THUMBNAIL_QUALITY = 80


def thumbnail(file: BinaryIO, size: int) -> bytes:
    """A JPEG of an upright picture within `size` x `size` pixels, never larger than the picture itself.

    A JPEG is decoded at the smallest of libjpeg's scales that suffices. Raises Malformed.
    """
    try:
        with Image.open(file, formats=["JPEG"]) as image:
            image.draft("RGB", (size, size))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((size, size))
            encoded = io.BytesIO()
            upright.save(encoded, "JPEG", quality=_THUMBNAIL_QUALITY)
            return encoded.getvalue()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Malformed(f"The picture cannot be decoded: {_reason(error)}.") from error
