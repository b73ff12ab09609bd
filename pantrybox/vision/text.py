"""Words on labels, read where the extra `ocr` is installed; vision.wording weighs them."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.vision.model import Box
from pantrybox.vision.wording import LONGEST_TEXT, LONGEST_WORD

log = logging.getLogger(__name__)


class TextLine(msgspec.Struct, frozen=True):
    """One line of print."""

    text: str
    box: Box
    score: float
    """0 to 1: how sure the reader is of its letters."""


class LabelReader(Protocol):
    """Reads print in photographs. Blocking, about a second: call it off the event loop."""

    def read(self, pixels: NDArray[np.uint8]) -> list[TextLine]:
        """In reading order; `pixels` upright RGB, shape (height, width, 3)."""
        ...


def open_reader() -> LabelReader | None:
    """None, with the reason in the log, where labels cannot be read."""
    try:
        return RapidReader()
    except ImportError:
        log.info("Labels are not read: the extra is not installed (pip install 'pantrybox[ocr]').")
    except OSError as error:
        log.warning("Labels are not read: %s", error)
    return None


_LONGEST_SIDE = 1280
"""A larger picture is read smaller: 1600 pixels would take 1.6 times as long and 130 MB more."""
_SHORTEST_SIDE = 736
"""A smaller picture is enlarged first: its print is small, too."""


class RapidReader:
    """PP-OCRv6 as rapidocr's wheel brings it; up to 430 MB of memory, from the first picture on."""

    def __init__(self) -> None:
        # onnxruntime's telemetry is switched off there, which works only before the first import.
        import pantrybox.vision.session  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]

        import rapidocr  # noqa: PLC0415 - an extra  # isort: skip

        # Files that are named are opened or missed; without names, missing ones would be downloaded.
        models = Path(rapidocr.__file__).parent / "models"
        detector, recogniser = models / "PP-OCRv6_det_small.onnx", models / "PP-OCRv6_rec_small.onnx"
        for file in (detector, recogniser):
            if not file.is_file():
                raise FileNotFoundError(f"the installed rapidocr brings no {file.name}.")
        self._engine: Any = rapidocr.RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,  # upside-down print is left unread: one model less
                # Its own scaling makes 300,000 columns of a picture one pixel high.
                "Global.min_side_len": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": _LONGEST_SIDE,
                "Det.model_path": str(detector),
                "Rec.model_path": str(recogniser),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # more of them would spin
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, pixels: NDArray[np.uint8]) -> list[TextLine]:
        size = reading_size(pixels.shape[1], pixels.shape[0])
        image = np.asarray(Image.fromarray(pixels).resize(size))
        found = self._engine(np.ascontiguousarray(image[:, :, ::-1]))
        if not found.txts:
            return []
        corners = np.asarray(found.boxes, dtype=np.float64) / size
        lines = zip(found.txts, corners, found.scores, strict=True)
        return in_reading_order([TextLine(text, _around(points), float(score)) for text, points, score in lines])


def reading_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) to read a picture at, in its own proportions as far as whole pixels allow."""
    times = min(max(1.0, _SHORTEST_SIDE / min(width, height)), _LONGEST_SIDE / max(width, height))
    return max(1, round(width * times)), max(1, round(height * times))


def _around(points: NDArray[np.float64]) -> Box:
    """The upright box around corners, (4, 2) as fractions of the picture."""
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Box(max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0))


def in_reading_order(lines: Sequence[TextLine]) -> list[TextLine]:
    """Row after row, each from the left. A line belongs to the row above while its middle lies within that row."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.box.top + line.box.bottom):
        middle = (line.box.top + line.box.bottom) / 2
        if rows and middle < rows[-1][0].box.bottom:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box.left)]


def words_of(lines: Sequence[TextLine], box: Box) -> str:
    """What is printed in `box`: the lines whose middle lies in it, in their order; "" for none."""
    return " ".join(line.text for line in _within(lines, box))


def _within(lines: Sequence[TextLine], box: Box) -> list[TextLine]:
    return [
        line
        for line in lines
        if box.left <= (line.box.left + line.box.right) / 2 <= box.right
        and box.top <= (line.box.top + line.box.bottom) / 2 <= box.bottom
    ]


_MOST_WORDS = 4
_SURE = 0.85
"""Below this a line's letters are too doubtful to become a name."""
_LARGE_PRINT = 0.4
"""Of the largest letters' area: print at least this large belongs to the name."""


def first_name(lines: Sequence[TextLine], box: Box) -> str | None:
    """What a stranger calls itself: at most four words of the largest sure print; None without any.

    Fit to be an item's name. LOUD words are written Quietly; prices, weights and single letters are left out.
    """
    sure = [(line, words) for line in _within(lines, box) if line.score >= _SURE and (words := _name_words(line.text))]
    if not sure:
        return None
    # The area of a letter, not the height of the line: it is the same for print that climbs up a bottle.
    sizes = [line.box.area / len(line.text) for line, _ in sure]
    large = [words for (_, words), size in zip(sure, sizes, strict=True) if size >= _LARGE_PRINT * max(sizes)]
    once = dict.fromkeys(word for words in large for word in words)
    return " ".join(list(once)[:_MOST_WORDS])


def _name_words(text: str) -> list[str]:
    words = re.findall(r"[^\W\d_](?:[^\W_]|['&-](?=[^\W_]))+", text[:LONGEST_TEXT])
    return [word.capitalize() if word.isupper() else word for word in words if len(word) <= LONGEST_WORD]
