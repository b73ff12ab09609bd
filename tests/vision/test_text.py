"""Which words belong to a thing and what it calls itself; and the real reader, where it is installed."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from pantrybox.names import Name
from pantrybox.vision.model import Box
from pantrybox.vision.text import (
    LabelReader,
    TextLine,
    first_name,
    in_reading_order,
    open_reader,
    reading_size,
    words_of,
)

WHOLE = Box(0, 0, 1, 1)


def line(text: str, left: float, top: float, height: float = 0.05, score: float = 0.99) -> TextLine:
    """Letters twice as high as wide."""
    return TextLine(text, Box(left, top, min(left + len(text) * height / 2, 1.0), min(top + height, 1.0)), score)


lines = st.lists(
    st.builds(line, st.text(max_size=20), st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.1), st.floats(0, 1)),
    max_size=12,
)


@given(lines)
def test_reading_order_loses_nothing(found: list[TextLine]) -> None:
    assert sorted(map(repr, in_reading_order(found))) == sorted(map(repr, found))


def test_rows_are_read_from_the_left_even_when_they_slope() -> None:
    found = [line("milk", 0.5, 0.22), line("Oat", 0.1, 0.2), line("1 litre", 0.1, 0.3), line("BRAND", 0.2, 0.05)]
    assert [one.text for one in in_reading_order(found)] == ["BRAND", "Oat", "milk", "1 litre"]


@given(lines)
def test_every_word_lies_in_the_whole_view_and_none_in_no_view(found: list[TextLine]) -> None:
    assert words_of(found, WHOLE) == " ".join(one.text for one in found)
    assert words_of(found, Box(2, 2, 3, 3)) == ""


def test_the_neighbours_words_are_the_neighbours() -> None:
    found = [line("APPLE", 0.1, 0.2), line("ORANGE", 0.6, 0.2)]
    assert words_of(found, Box(0, 0, 0.5, 1)) == "APPLE"
    assert words_of(found, Box(0.5, 0, 1, 1)) == "ORANGE"


@given(lines)
def test_a_first_name_is_a_name_of_at_most_four_words(found: list[TextLine]) -> None:
    name = first_name(found, WHOLE)
    if name is not None:
        assert msgspec.convert(name, Name) == name
        assert 1 <= len(name.split()) <= 4


def test_a_stranger_calls_itself_by_its_largest_print() -> None:
    label = [line("OATLY", 0.1, 0.1, 0.1), line("Havredryck", 0.1, 0.25, 0.08), line("rich in fibre", 0.1, 0.4, 0.03)]
    assert first_name(label, WHOLE) == "Oatly Havredryck"


def test_prices_weights_and_doubtful_letters_are_no_name() -> None:
    assert first_name([line("24.95", 0.1, 0.1, 0.2), line("500 g", 0.1, 0.4)], WHOLE) is None
    assert first_name([line("Xqzt", 0.1, 0.1, score=0.5)], WHOLE) is None
    assert first_name([], WHOLE) is None
    assert first_name([line("24.95", 0.1, 0.1, 0.2), line("Milk", 0.1, 0.4)], WHOLE) == "Milk"


def test_the_same_word_all_over_a_label_is_said_once() -> None:
    assert first_name([line("GOD", 0.1, 0.1), line("GOD", 0.1, 0.3), line("Morgon", 0.1, 0.5)], WHOLE) == "God Morgon"


def test_words_are_written_as_printed_unless_they_shout() -> None:
    assert first_name([line("L'ORÉAL McVitie's CRÈME", 0.1, 0.1)], WHOLE) == "L'oréal McVitie's Crème"


@pytest.fixture(scope="module")
def reader() -> LabelReader:
    """The real one; the development lock brings it, so with CI=true its absence is a failure."""
    found = open_reader()
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("rapidocr is not installed; ./scripts/test installs it")
    if found is None:
        pytest.skip("the extra `ocr` is not installed")
    return found


def label(*words: str) -> Image.Image:
    """A pale carton with these words below each other."""
    image = Image.new("RGB", (500, 400), (235, 230, 215))
    draw = ImageDraw.Draw(image)
    for row, word in enumerate(words):
        draw.text((40, 40 + 110 * row), word, fill=(30, 60, 30), font=ImageFont.load_default(64))
    return image


@pytest.mark.slow
def test_a_label_is_read_in_its_order(reader: LabelReader) -> None:
    found = reader.read(np.asarray(label("Tomato", "Passata", "690 g")))
    assert words_of(found, WHOLE) == "Tomato Passata 690 g"
    assert first_name(found, WHOLE) == "Tomato Passata"
    assert found[0].box.iou(Box(40 / 500, 50 / 400, 250 / 500, 105 / 400)) > 0.5


def test_two_cartons_are_told_apart_by_where_their_words_lie(reader: LabelReader) -> None:
    shelf = Image.new("RGB", (1000, 400))
    shelf.paste(label("Apple", "Juice"), (0, 0))
    shelf.paste(label("Orange", "Juice"), (500, 0))
    found = reader.read(np.asarray(shelf))
    assert words_of(found, Box(0, 0, 0.5, 1)) == "Apple Juice"
    assert words_of(found, Box(0.5, 0, 1, 1)) == "Orange Juice"


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (240, 320)])
def test_pictures_without_print_have_no_words(reader: LabelReader, size: tuple[int, int]) -> None:
    assert reader.read(np.full((*size, 3), 128, dtype=np.uint8)) == []


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_any_picture_is_read_at_a_size_that_fits_the_box(width: int, height: int) -> None:
    size = reading_size(width, height)
    assert 1 <= min(size) <= max(size) <= 1280
    if max(width, height) <= 2 * min(width, height):
        assert min(size) >= min(736, width, height) or max(size) == 1280
        assert abs(size[0] / width - size[1] / height) < 0.01 * size[0] / width + 1 / min(width, height)


def in_a_process(code: str, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


READS = """
import logging
logging.basicConfig(level=logging.INFO)
import numpy as np
from pantrybox.vision.text import open_reader
print(open_reader().read(np.zeros((64, 64, 3), dtype=np.uint8)))
"""


@pytest.mark.slow
def test_the_reader_opens_no_connection(reader: LabelReader, tmp_path: Path) -> None:
    """Traced rather than unplugged: a download that fails quietly would be one, too."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    calls = tmp_path / "calls"
    run = in_a_process(READS, "strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(calls))
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")
    assert "AF_INET" not in calls.read_text()


@pytest.mark.slow
def test_without_the_extra_there_is_no_reader_and_a_reason() -> None:
    without = "import sys\nsys.modules['rapidocr'] = None\n"
    run = in_a_process(without + READS.replace(".read(np.zeros((64, 64, 3), dtype=np.uint8))", ""))
    assert run.stdout == "None\n"
    assert "pip install 'pantrybox[ocr]'" in run.stderr


@pytest.mark.slow
def test_a_model_file_that_is_missing_is_not_fetched(reader: LabelReader, tmp_path: Path) -> None:
    origin = importlib.util.find_spec("rapidocr")
    assert origin is not None
    assert origin.origin is not None
    copy = tmp_path / "rapidocr"
    shutil.copytree(Path(origin.origin).parent, copy, ignore=shutil.ignore_patterns("*rec*.onnx", "__pycache__"))
    run = in_a_process(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
        + READS.replace(".read(np.zeros((64, 64, 3), dtype=np.uint8))", "")
    )
    assert run.stdout == "None\n"
    assert "brings no PP-OCRv6_rec_small.onnx" in run.stderr
