"""Product codes on a photograph: bars to the number that a shop's till would read."""

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.model import Barcode, Box

if TYPE_CHECKING:
    import zxingcpp

MAX_CODES = 50
BARS_SIDE = 6000
"""Pixels on the longer side at most while looking for bars: a phone's photograph is searched as it is."""
OTHER_SIDE = 2100
"""The same for square codes and slanting bars, which cost more to look for."""
_SLANTS = (30, 60)
"""Degrees. A straight line must cross every bar: along the rows, the columns or one of these, one always does."""
_SAME_PRINT = 0.5
"""The part of the smaller box that the larger one covers, from which both are one print, read twice."""

_SHORT = "UPC-E"
"""A slanting line through half of an EAN-13 can look like one."""

_NUMBER_FIELD = re.compile(r"\(01\)(\d{14})")
_LINK = re.compile(r"https?://[^\s?#]+/01/(\d{14}|\d{13}|\d{12}|\d{8})(?:[/?#]|$)", re.IGNORECASE)


def read_barcodes(pixels: NDArray[np.uint8]) -> list[Barcode]:
    """Every printed product code that can be read, largest first; `pixels` upright RGB, shape (height, width, 3).

    EAN, UPC and GS1 DataBar; where there is none, GS1 DataMatrix and QR codes that name a product. Other QR codes
    are none of our business. Two packages with the same number are two. Lets go of the GIL while it looks.
    """
    # Not wanted before the first photograph from a phone. Only the vision floor knows this library.
    import zxingcpp  # noqa: PLC0415

    kinds = zxingcpp.BarcodeFormat
    bars = zxingcpp.BarcodeFormats([kinds.EANUPC, kinds.DataBar])
    # Tills read by red light, so codes are printed to stand out in red: red or orange paper is white there.
    red = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0]))
    smaller = _within(red, OTHER_SIDE)
    found = _look(_within(red, BARS_SIDE), bars, inverted=True)
    for degrees in _SLANTS:
        found += _look(smaller, bars, degrees)
    return once_each(found or _look(smaller, zxingcpp.BarcodeFormats([kinds.DataMatrix, kinds.QRCode])))


def _within(image: Image.Image, longest: int) -> Image.Image:
    times = -(-max(image.size) // longest)
    return image.reduce(times) if times > 1 else image


def _look(
    image: Image.Image, kinds: "zxingcpp.BarcodeFormats", degrees: int = 0, *, inverted: bool = False
) -> list[Barcode]:
    """What can be read along the rows and columns of the picture when it is turned by so much, to the left.

    `inverted`: also what is printed light on dark.
    """
    import zxingcpp  # noqa: PLC0415

    turned = image.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=255) if degrees else image
    return [
        Barcode(code, str(one.format), _box(_corners(one.position), turned.size, image.size, degrees))
        for one in zxingcpp.read_barcodes(np.asarray(turned), formats=kinds, try_invert=inverted)
        if (code := product_number(one.text))
    ]


def _corners(position: "zxingcpp.Position") -> NDArray[np.float64]:
    points = (position.top_left, position.top_right, position.bottom_left, position.bottom_right)
    return np.array([(point.x, point.y) for point in points], dtype=np.float64)


def _box(corners: NDArray[np.float64], turned: tuple[int, int], size: tuple[int, int], degrees: int) -> Box:
    """Around the corners, (4, 2) pixels of a picture that was turned about its middle; sizes (width, height)."""
    angle = math.radians(degrees)
    back = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    upright = (corners - np.array(turned) / 2) @ back + np.array(size) / 2
    fractions = np.clip(upright / np.array(size), 0, 1)
    (left, top), (right, bottom) = fractions.min(axis=0).tolist(), fractions.max(axis=0).tolist()
    return Box(left, top, right, bottom)


def product_number(text: str) -> str | None:
    """The GTIN in what a code says: bare digits, GS1 fields "(01)...", or a GS1 Digital Link; None without one.

    13 digits, shorter ones filled up with zeros, so that a product has one number however it is printed; 14 where
    the first is no zero (a case of the product). The check digit is right.
    """
    digits = text
    if inside := _NUMBER_FIELD.search(text) or _LINK.match(text):
        digits = inside[1]
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", digits) or not int(digits) or not _check_digit_is_right(digits):
        return None
    return digits.zfill(14).removeprefix("0")


def _check_digit_is_right(digits: str) -> bool:
    """GS1 General Specifications, 7.9: weights 3 and 1 in turn, from the right and from before the check digit."""
    weighted = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits), start=1))
    # The check digit itself stands at place 1 with weight 1.
    return weighted % 10 == 0


def once_each(found: list[Barcode]) -> list[Barcode]:
    """Largest first, at most MAX_CODES, no print twice. `found` in any order.

    Where one print was read as several numbers, the one that was read more often counts, then the longer print.
    """
    reads = Counter(code.code for code in found)
    kept: list[Barcode] = []
    for code in sorted(found, key=lambda code: (code.format == _SHORT, -reads[code.code], -code.box.area)):
        if not any(_is_same_print(code, other) for other in kept):
            kept.append(code)
    return sorted(kept, key=lambda code: -code.box.area)[:MAX_CODES]


def _is_same_print(one: Barcode, other: Barcode) -> bool:
    # zxing-cpp 3.1 finds DataBar Expanded a second time, mirrored to the other side of the picture.
    if one.code == other.code and one.format.startswith("DataBar Expanded"):
        return True
    return one.box.intersection(other.box) >= _SAME_PRINT * min(one.box.area, other.box.area)
