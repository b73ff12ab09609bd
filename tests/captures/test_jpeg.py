"""The gate: whole JPEGs pass, however they were made; nothing that is cut, and nothing that takes minutes."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pantrybox.captures.jpeg import JpegLimits, inspect
from pantrybox.errors import CutShort, NotAJpeg, OutOfRange, PantryError, TooLarge
from tests.conftest import make_jpeg

NOISE = Image.effect_noise((64, 48), 80).convert("RGB")


def encoded(**options: object) -> bytes:
    out = io.BytesIO()
    NOISE.save(out, "JPEG", **options)  # pyright: ignore[reportArgumentType]
    return out.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"restart_marker_blocks": 2},
        {"subsampling": 0, "quality": 100},
        {"optimize": True, "comment": b"\xff\xd9 not the end"},
        {"exif": b"Exif\x00\x00" + make_jpeg(32, 32)},
    ],
    ids=["baseline", "progressive", "restart", "best", "comment", "thumbnail"],
)
def test_every_kind_of_jpeg_passes_with_its_size(options: dict[str, object]) -> None:
    facts = inspect(encoded(**options))
    assert (facts.width, facts.height) == (64, 48)


@given(st.data())
def test_no_cut_passes(data: st.DataObject) -> None:
    whole = encoded(progressive=data.draw(st.booleans()))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises((CutShort, NotAJpeg)):
        inspect(whole[:cut])


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_and_never_crash_the_gate(tail: bytes) -> None:
    for data in (tail, b"\xff\xd8\xff" + tail, encoded()[:200] + tail):
        with suppress(PantryError):
            inspect(data)


def test_bytes_after_the_end_are_let_be() -> None:
    assert inspect(encoded() + b"\x00" * 100).width == 64


def test_all_the_same_whether_it_is_held_as_bytes_or_as_bytearray() -> None:
    assert inspect(bytearray(encoded())) == inspect(encoded())


def test_too_many_pixels_are_refused_by_the_header_alone() -> None:
    with pytest.raises(TooLarge, match="at most 3,000"):
        inspect(encoded(), JpegLimits(pixels=3000, scans=16))


def test_too_many_scans_are_refused_without_decoding_one() -> None:
    with pytest.raises(OutOfRange, match="scans"):
        inspect(encoded(progressive=True), JpegLimits(pixels=10_000, scans=3))


def test_of_a_jpeg_with_several_scans_fewer_pixels_are_taken() -> None:
    limits = JpegLimits(pixels=10_000, scans=16, pixels_in_scans=3000)
    assert inspect(encoded(), limits).scans == 1
    with pytest.raises(TooLarge, match="at most 3,000"):
        inspect(encoded(progressive=True), limits)


def test_other_pictures_are_no_jpegs() -> None:
    out = io.BytesIO()
    NOISE.save(out, "PNG")
    with pytest.raises(NotAJpeg):
        inspect(out.getvalue())
