"""Codes printed onto noisy photographs are read however they lie, and nothing is read that is not there."""

import io
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.barcodes import BARS_SIDE, MAX_CODES, once_each, product_number, read_barcodes
from pantrybox.vision.model import Barcode, Box

pytestmark = pytest.mark.slow

PASSATA = "4006381333931"
KINDS = zxingcpp.BarcodeFormat
Pixels = NDArray[np.uint8]


def printed(text: str, kind: zxingcpp.BarcodeFormat, module: int = 3, **options: object) -> Image.Image:
    """A label with this code, `module` pixels the narrowest bar."""
    code = zxingcpp.create_barcode(text, kind, **options)
    label = Image.fromarray(np.array(code.to_image(scale=module)))
    framed = Image.new("L", (label.width + 8 * module, label.height + 8 * module), 255)
    framed.paste(label, (4 * module, 4 * module))
    return framed.convert("RGB")


def on_photograph(
    photograph: Path, *labels: Image.Image, degrees: float = 0, quality: int = 90, noise: float = 4
) -> Pixels:
    """The labels side by side on a photograph, turned, with a camera's noise, and through a JPEG."""
    with Image.open(photograph) as image:
        scene = image.convert("RGB").resize((1600, 1200))
    across = 60
    for label in labels:
        turned = label.convert("RGBA").rotate(degrees, Image.Resampling.BICUBIC, expand=True)
        scene.paste(turned, (across, 150), turned)
        across += turned.width + 40
    grain = np.random.default_rng(7).normal(0, noise, (1200, 1600, 1))
    noisy = Image.fromarray((np.asarray(scene) + grain).clip(0, 255).astype(np.uint8))
    encoded = io.BytesIO()
    noisy.save(encoded, "JPEG", quality=quality)
    with Image.open(encoded) as image:
        return np.asarray(image.convert("RGB"))


def codes(pixels: Pixels) -> list[str]:
    return [found.code for found in read_barcodes(pixels)]


@pytest.mark.parametrize("degrees", [0, 7, 30, 45, 60, 90, 138, 180, 263])
@pytest.mark.parametrize(("module", "quality"), [(2, 90), (3, 50), (5, 30)])
def test_a_code_is_read_however_it_lies(
    demo_photographs: list[Path], degrees: float, module: int, quality: int
) -> None:
    label = printed(PASSATA, KINDS.EAN13, module)
    assert codes(on_photograph(demo_photographs[0], label, degrees=degrees, quality=quality)) == [PASSATA]


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        (PASSATA, KINDS.EAN13, PASSATA),
        ("96385074", KINDS.EAN8, "0000096385074"),
        ("036000291452", KINDS.UPCA, "0036000291452"),
        ("04252614", KINDS.UPCE, "0042100005264"),
        ("04006381333931", KINDS.DataBarOmni, PASSATA),
        ("04006381333931", KINDS.DataBarLtd, PASSATA),
    ],
)
def test_one_product_has_one_number_however_it_is_printed(
    demo_photographs: list[Path], text: str, kind: zxingcpp.BarcodeFormat, code: str
) -> None:
    assert codes(on_photograph(demo_photographs[0], printed(text, kind))) == [code]


def test_fields_beside_the_number_are_left_out(demo_photographs: list[Path]) -> None:
    label = printed("[01]04006381333931[17]261231", KINDS.DataBarExp, gs1=True)
    assert codes(on_photograph(demo_photographs[0], label)) == [PASSATA]


def test_square_codes_count_when_they_name_a_product(demo_photographs: list[Path]) -> None:
    matrix = printed("[01]04006381333931[10]AB-1", KINDS.DataMatrix, 5, gs1=True)
    assert codes(on_photograph(demo_photographs[0], matrix)) == [PASSATA]
    link = printed("https://example.org/01/04006381333931/10/AB-1", KINDS.QRCode, 5)
    assert codes(on_photograph(demo_photographs[0], link)) == [PASSATA]


def test_other_square_codes_are_none_of_our_business(demo_photographs: list[Path]) -> None:
    for text in ("https://example.org/recipes", PASSATA[:-1] + "2", "WIFI:S:home;P:secret;;"):
        assert codes(on_photograph(demo_photographs[0], printed(text, KINDS.QRCode, 5))) == []


def test_the_box_is_where_the_code_lies(demo_photographs: list[Path]) -> None:
    label = printed(PASSATA, KINDS.EAN13, 3)
    (found,) = read_barcodes(on_photograph(demo_photographs[0], label))
    assert found.format == "EAN-13"
    true = Box(60 / 1600, 150 / 1200, (60 + label.width) / 1600, (150 + label.height) / 1200)
    assert found.box.iou(true) > 0.6


@pytest.mark.parametrize("degrees", [38, 52, 129])
def test_the_box_of_a_slanting_code_is_where_it_lies(demo_photographs: list[Path], degrees: float) -> None:
    label = printed(PASSATA, KINDS.EAN13, 3)
    (found,) = read_barcodes(on_photograph(demo_photographs[0], label, degrees=degrees))
    turned = label.rotate(degrees, expand=True)
    true = Box(60 / 1600, 150 / 1200, (60 + turned.width) / 1600, (150 + turned.height) / 1200)
    assert found.box.intersection(true) > 0.95 * found.box.area
    assert found.box.iou(true) > 0.3


def test_two_packages_with_one_number_are_two(demo_photographs: list[Path]) -> None:
    label = printed(PASSATA, KINDS.EAN13, 3)
    assert codes(on_photograph(demo_photographs[0], label, label)) == [PASSATA, PASSATA]


def test_red_print_is_paper_and_black_print_on_red_is_read(demo_photographs: list[Path]) -> None:
    label = np.array(printed(PASSATA, KINDS.EAN13, 3))
    label[..., 1:] = label[..., 1:] // 8  # black bars on red paper
    assert codes(on_photograph(demo_photographs[0], Image.fromarray(label))) == [PASSATA]


def test_a_picture_larger_than_any_phones_is_read_smaller(demo_photographs: list[Path]) -> None:
    small = Image.fromarray(on_photograph(demo_photographs[0], printed(PASSATA, KINDS.EAN13, 6)))
    large = np.asarray(small.resize((BARS_SIDE + 400, (BARS_SIDE + 400) * 3 // 4)))
    (found,) = read_barcodes(large)
    assert found.code == PASSATA
    assert found.box.left < 0.1


def test_a_code_whose_check_digit_is_wrong_is_not_read(demo_photographs: list[Path]) -> None:
    # The left half of one number and the right half of another: the bars are in order, the sum is not.
    left, right = (np.array(printed(text, KINDS.EAN13)) for text in (PASSATA, "5012345678900"))
    middle = left.shape[1] // 2
    crossed = Image.fromarray(np.concatenate([left[:, :middle], right[:, middle:]], axis=1))
    assert codes(on_photograph(demo_photographs[0], crossed)) == []


def test_photographs_without_a_code_give_none(demo_photographs: list[Path]) -> None:
    for photograph in demo_photographs[::8]:
        assert codes(on_photograph(photograph)) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 2), (480, 640)])
def test_pictures_of_nothing_give_nothing(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    stripes = np.zeros((*size, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    for pixels in (noise, stripes, stripes * 0):
        assert codes(pixels) == []


@given(st.integers(1, 10**13 - 1))
def test_a_number_with_its_check_digit_is_taken_and_with_any_other_refused(body: int) -> None:
    number = f"{body:013d}"
    right = [digit for digit in "0123456789" if product_number(number + digit)]
    assert len(right) == 1
    taken = product_number(number + right[0])
    assert taken is not None
    assert taken.zfill(14) == number + right[0]
    assert len(taken) == (13 if number.startswith("0") else 14)


@given(st.integers(1, 10**12 - 1))
def test_a_product_has_one_number_in_every_notation(body: int) -> None:
    code = next(c for digit in "0123456789" if (c := product_number(f"{body:012d}{digit}")))
    assert product_number(f"(10)B(01){code:0>14}(17)261231") == code
    assert product_number(f"https://id.gs1.org/01/{code:0>14}?17=261231") == code


@given(st.text())
def test_any_text_is_a_number_or_nothing(text: str) -> None:
    code = product_number(text)
    assert code is None or (code.isascii() and code.isdigit() and len(code) in {13, 14})


@pytest.mark.parametrize("text", ["", "0" * 13, "0" * 8, "٤٠٠٦٣٨١٣٣٣٩٣١", PASSATA + "\n", "4006381333932", "(01)123"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert product_number(text) is None


@given(
    st.lists(
        st.builds(
            Barcode,
            st.sampled_from(["1", "2"]),
            st.just("EAN-13"),
            st.builds(lambda x, y: Box(x, y, x + 0.2, y + 0.1), st.floats(0, 0.8), st.floats(0, 0.9)),
        ),
        max_size=70,
    )
)
@settings(max_examples=30)
def test_no_print_is_kept_twice_and_none_is_lost(found: list[Barcode]) -> None:
    kept = once_each(found)
    assert len(kept) <= MAX_CODES
    assert len(once_each(kept)) == len(kept)
    for code in found:
        assert len(kept) == MAX_CODES or any(same_place(code, other) for other in kept)


def same_place(one: Barcode, other: Barcode) -> bool:
    """Most of the smaller one lies in the larger one."""
    return one.box.intersection(other.box) >= 0.5 * min(one.box.area, other.box.area)


def test_one_print_read_as_two_numbers_is_the_one_that_was_read_more_often() -> None:
    whole, most, half = Box(0.1, 0.1, 0.4, 0.3), Box(0.12, 0.1, 0.4, 0.3), Box(0.1, 0.1, 0.25, 0.3)
    right, wrong = Barcode(PASSATA, "EAN-13", most), Barcode("5012345678900", "EAN-13", whole)
    assert once_each([wrong, right, right]) == [right]
    fragment = Barcode("0116560000005", "UPC-E", half)
    assert once_each([fragment, fragment, right]) == [right]
