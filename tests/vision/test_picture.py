"""Files to pixels: upright whatever the camera's angle, the right size, and a reason when it cannot be."""

import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from pantrybox.errors import Malformed, TooLarge
from pantrybox.vision.model import Box
from pantrybox.vision.picture import CROP_SIZE, as_jpeg, crop_jpeg, luma, open_upright, stretched, thumbnail

TARGET = (64, 48)


def picture(width: int, height: int, kind: str = "JPEG", orientation: int = 1) -> bytes:
    """Red on the left half of the upright picture, blue on the right."""
    upright = Image.new("RGB", (width, height), (20, 20, 200))
    upright.paste((200, 20, 20), (0, 0, width // 2, height))
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    stored.save(out, kind, exif=exif)
    return out.getvalue()


@given(st.integers(40, 1500), st.integers(40, 1500), st.sampled_from(["JPEG", "PNG"]))
@settings(max_examples=40, deadline=None)
def test_a_picture_is_decoded_at_its_size_or_smaller_but_never_below_what_is_asked_for(
    width: int, height: int, kind: str
) -> None:
    seen = open_upright(picture(width, height, kind), TARGET)
    assert (seen.width, seen.height) == (width, height)
    rows, columns, colours = seen.pixels.shape
    assert colours == 3
    assert min(width, TARGET[0]) <= columns <= width
    assert min(height, TARGET[1]) <= rows <= height
    assert abs(columns / rows - width / height) < 0.1 * width / height


@given(st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_every_picture_can_be_stretched_to_the_size_that_a_model_wants(width: int, height: int) -> None:
    pixels = np.full((height, width, 3), 77, dtype=np.uint8)
    assert (stretched(pixels, TARGET) == 77).all()
    assert stretched(pixels, TARGET).shape == (TARGET[1], TARGET[0], 3)
    assert luma(pixels).shape == (208, 208)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_turned_photograph_is_seen_upright(orientation: int) -> None:
    seen = open_upright(picture(320, 200, orientation=orientation), TARGET)
    assert (seen.width, seen.height) == (320, 200)
    third = seen.pixels.shape[1] // 3
    left, right = seen.pixels[:, :third], seen.pixels[:, -third:]
    assert left[..., 0].mean() > left[..., 2].mean()
    assert right[..., 2].mean() > right[..., 0].mean()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@example(0.0, 1.0, 1.0, 1.0)
@example(1.0, 1.0, 0.0, 1.0)
@settings(max_examples=60, deadline=None)
def test_a_crop_shows_what_lies_in_its_box(x1: float, x2: float, y1: float, y2: float) -> None:
    pixels = np.zeros((600, 800, 3), dtype=np.uint8)
    pixels[:, 400:, 2] = 250
    box = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    with Image.open(io.BytesIO(crop_jpeg(pixels, box))) as crop:
        assert max(crop.size) <= CROP_SIZE
        blue = np.asarray(crop)[..., 2].mean() / 250
    if box.right - box.left > 0.02:
        expected = max(0.0, box.right - max(0.5, box.left)) / (box.right - box.left)
        assert abs(blue - expected) < 0.12


@pytest.mark.parametrize("colours", ["L", "P", "RGBA", "LA", "1", "I;16"])
def test_every_kind_of_png_is_seen(colours: str) -> None:
    out = io.BytesIO()
    Image.new(colours, (80, 60)).save(out, "PNG")
    assert open_upright(out.getvalue()).pixels.dtype == np.uint8


@pytest.mark.parametrize(
    "data",
    [b"", b"text", picture(300, 300)[:2000], picture(300, 300, "PNG")[:400], b"GIF89a" + bytes(50)],
    ids=["empty", "text", "cut jpeg", "cut png", "gif"],
)
def test_what_cannot_be_decoded_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Malformed, match=r"cannot be decoded: .+\."):
        open_upright(data)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    with pytest.raises(TooLarge):
        open_upright(out.getvalue())


def test_a_jpeg_that_needs_no_change_is_sent_as_it_is() -> None:
    jpeg = picture(300, 200)
    assert as_jpeg(jpeg, (320, 240), None) is jpeg


def test_a_picture_is_made_to_fit_the_frame_that_was_ordered() -> None:
    for kind in ("JPEG", "PNG"):
        with Image.open(io.BytesIO(as_jpeg(picture(1000, 600, kind), (320, 240), 80))) as image:
            assert image.format == "JPEG"
            assert image.size == (320, 192)


@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([1, 3, 6, 8]), st.integers(64, 1024))
@settings(max_examples=40, deadline=None)
def test_a_small_picture_is_upright_fits_and_keeps_its_shape(
    width: int, height: int, orientation: int, size: int
) -> None:
    original = picture(width, height, orientation=orientation)
    with Image.open(io.BytesIO(thumbnail(io.BytesIO(original), size))) as small:
        assert small.format == "JPEG"
        scale = min(1.0, size / max(width, height))
        assert max(small.size) == min(size, max(width, height))
        # A JPEG is decoded at a fraction of its size, rounded up: up to one pixel, and half of one at the end.
        assert abs(small.width - scale * width) <= 1.5
        assert abs(small.height - scale * height) <= 1.5


def test_a_turned_photograph_is_small_with_its_left_on_the_left() -> None:
    with Image.open(io.BytesIO(thumbnail(io.BytesIO(picture(400, 200, orientation=6)), 100))) as small:
        pixels = np.asarray(small)
    assert pixels[:, :40, 0].mean() > pixels[:, :40, 2].mean()
    assert pixels[:, 60:, 2].mean() > pixels[:, 60:, 0].mean()


@pytest.mark.parametrize("data", [b"", b"text", picture(300, 300)[:2000], picture(300, 300, "PNG")])
def test_no_small_picture_of_what_is_no_whole_jpeg(data: bytes) -> None:
    with pytest.raises(Malformed, match="cannot be decoded"):
        thumbnail(io.BytesIO(data), 320)
