"""Is it a whole JPEG? Decided from its markers alone, without decoding a pixel."""

import mmap
import re

import msgspec

from pantrybox.errors import CutShort, NotAJpeg, OutOfRange, TooLarge

_START = b"\xff\xd8\xff"
_MARKER, _SOS, _EOI = 0xFF, 0xDA, 0xD9
_STANDALONE = {0x01, *range(0xD0, 0xD9)}  # TEM, RST0-7, SOI: markers without a length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-15 less DHT, JPG and DAC

# Within entropy-coded data FF is followed by 00 (a stuffed byte) or RSTn; anything else ends the scan.
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


class JpegLimits(msgspec.Struct, frozen=True):
    pixels: int
    scans: int
    """A progressive JPEG of 2,000 scans and 125 kB takes half a minute to decode."""
    pixels_in_scans: int = 25_000_000
    """Of one with several scans: a decoder keeps all of it in memory, 3 bytes a pixel, however small it is drawn."""
    size_bytes: int = 10 * 1024 * 1024

    def refuse_bytes(self, size_bytes: int) -> None:
        """Raises TooLarge."""
        if size_bytes > self.size_bytes:
            raise TooLarge(f"The photograph is over {self.size_bytes // 1024 // 1024} MB.")


CAMERA_LIMITS = JpegLimits(pixels=25_000_000, scans=16)
OWNER_LIMITS = JpegLimits(pixels=64_000_000, scans=16, pixels_in_scans=16_000_000, size_bytes=30 * 1024 * 1024)
"""What a phone's camera makes. A frame of 64 megapixels is decoded at an eighth of its size."""


class JpegFacts(msgspec.Struct, frozen=True):
    width: int
    """As stored, before any EXIF rotation."""
    height: int
    scans: int


def inspect(data: bytes | bytearray | mmap.mmap, limits: JpegLimits = CAMERA_LIMITS) -> JpegFacts:
    """Walk the markers (ITU-T T.81, annex B) to the end of the image; bytes after it are let be.

    Raises NotAJpeg, CutShort, TooLarge (pixels) or OutOfRange (scans).
    """
    if data[:3] != _START:
        raise NotAJpeg("That is not a JPEG. Please send the photograph as a JPEG.")
    width = height = scans = 0
    position = 2
    while True:
        marker, position = _next_marker(data, position)
        if marker == _EOI:
            break
        if marker in _STANDALONE:
            continue
        end = _segment_end(data, position)
        if marker in _FRAMES:
            width, height = _frame_size(data, position, limits)
        elif marker == _SOS:
            scans += 1
            if scans > limits.scans:
                raise OutOfRange(f"This JPEG has more than {limits.scans} scans; a camera's photograph has one.")
            end = _scan_end(data, end)
        position = end
    if not scans or not width:
        raise CutShort("The photograph holds no picture data.")
    if scans > 1:
        _refuse_pixels(width, height, limits.pixels_in_scans)
    return JpegFacts(width=width, height=height, scans=scans)


def _next_marker(data: bytes | bytearray | mmap.mmap, position: int) -> tuple[int, int]:
    """The marker at `position` and where its content begins; fill bytes (FF) may stand before it."""
    if position < len(data) and data[position] != _MARKER:
        raise NotAJpeg("That is not a JPEG: there is no marker where one must be.")
    while position < len(data) and data[position] == _MARKER:
        position += 1
    if position >= len(data):
        raise _cut_short()
    return data[position], position + 1


def _segment_end(data: bytes | bytearray | mmap.mmap, position: int) -> int:
    length = int.from_bytes(data[position : position + 2], "big")
    if length < 2 or position + length > len(data):  # noqa: PLR2004 - the length counts its own two bytes
        raise _cut_short()
    return position + length


def _frame_size(data: bytes | bytearray | mmap.mmap, position: int, limits: JpegLimits) -> tuple[int, int]:
    height = int.from_bytes(data[position + 3 : position + 5], "big")
    width = int.from_bytes(data[position + 5 : position + 7], "big")
    if not width or not height:
        raise NotAJpeg("That is not a JPEG with a size of its own.")
    _refuse_pixels(width, height, limits.pixels)
    return width, height


def _refuse_pixels(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise TooLarge(f"The photograph has {width} x {height} pixels; at most {most:,} are taken.")


def _scan_end(data: bytes | bytearray | mmap.mmap, position: int) -> int:
    found = _SCAN_END.search(data, position)
    if found is None:
        raise _cut_short()
    return found.start()


def _cut_short() -> CutShort:
    return CutShort("The photograph was cut short. Please send it again.")
