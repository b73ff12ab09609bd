"""The whole evaluation with an eye that makes no mistakes in drawn pictures, and what spoils its figures."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from pantrybox.evaluation.evaluate import Options, evaluate
from pantrybox.evaluation.eye import TimedEye
from pantrybox.evaluation.forms import read_labelled
from pantrybox.evaluation.report import Report
from pantrybox.evaluation.table import table
from pantrybox.vision.model import Detection
from pantrybox.vision.recognition import Prior
from tests.evaluation.coloured import COLOURS, ColouredDetector, ColourEmbedder, coloured_eye
from tests.evaluation.labelled import Marked, coco, draw_picture, voc, write, write_json

MILK = ("milk", (16, 24, 80, 96))
TEA = ("tea", (120, 24, 200, 120))
JAM = ("jam", (220, 120, 300, 220))
SHELF = (MILK, TEA, JAM)
QUICK = Options(examples=(1, 2), draws=2)


def shelves(folder: Path, count: int = 8, marked: Marked = SHELF) -> dict[str, Marked]:
    """Pictures of a shelf, and what is marked in them."""
    for number in range(count):
        draw_picture(folder / f"{number}.png", marked, COLOURS)
    return {f"{number}.png": marked for number in range(count)}


def labelled(folder: Path) -> dict[str, Marked]:
    """A COCO folder."""
    marked = shelves(folder)
    write_json(folder / "labels.json", coco(marked))
    return marked


def measured(folder: Path, options: Options = QUICK) -> Report:
    return evaluate(read_labelled(folder), folder.name, coloured_eye(), options, lambda *_: None)


def test_an_eye_without_mistakes_gets_full_marks(tmp_path: Path) -> None:
    labelled(tmp_path)
    report = measured(tmp_path)
    assert report.finding is not None
    assert (report.finding.ap50, report.finding.recall_at_100, report.finding.precision_counted) == (1.0, 1.0, 1.0)
    for line, naming in zip(report.recognition, report.naming, strict=True):
        assert line.top1 is not None
        assert line.top1.draws == (1.0, 1.0)
        assert naming.naming_map50 is not None
        assert naming.naming_map50.mean == 1.0
        assert naming.items == 3
    assert [line.examples for line in report.recognition] == [1, 2]
    assert [line.things_difference and line.things_difference.mean for line in report.counting] == [0.0, 0.0]


def test_voc_and_coco_labels_of_the_same_pictures_give_the_same_figures(tmp_path: Path) -> None:
    marked = labelled(tmp_path / "coco")
    for file, things in marked.items():
        (tmp_path / "voc").mkdir(exist_ok=True)
        shutil.copy(tmp_path / "coco" / file, tmp_path / "voc" / file)
        write(tmp_path / "voc" / f"{file[:-4]}.xml", voc(things))
    one, other = measured(tmp_path / "coco"), measured(tmp_path / "voc")
    for part in ("finding", "naming", "recognition", "unknown", "counting"):
        assert getattr(one, part) == getattr(other, part)


def test_class_folders_are_tested_on_what_was_not_taught(tmp_path: Path) -> None:
    for name in COLOURS:
        for number in range(4):
            draw_picture(tmp_path / name / f"{number}.png", [(name, (0, 0, 320, 240))], COLOURS)
    report = measured(tmp_path, Options(examples=(1,), draws=3, untaught=1))
    assert report.finding is None
    assert report.naming == ()
    (line,) = report.recognition
    assert (line.crops, line.items) == (6, 3)
    assert line.top1 is not None
    assert line.top1.draws == (1.0, 1.0, 1.0)
    assert line.top1.spread == 0.0
    assert report.unknown[0].untaught == 1
    assert report.unknown[0].auroc is not None
    assert report.unknown[0].auroc.mean == 1.0


def test_wrong_labels_cost_what_they_should(tmp_path: Path) -> None:
    marked = labelled(tmp_path)
    # Milk is said to be jam and jam to be milk in half of the photographs.
    swapped = {"milk": "jam", "jam": "milk", "tea": "tea"}
    for file in list(marked)[4:]:
        marked[file] = tuple((swapped[name], box) for name, box in marked[file])
    write_json(tmp_path / "labels.json", coco(marked))
    report = measured(tmp_path, Options(examples=(1,), draws=5))
    assert report.finding is not None
    assert report.finding.ap50 == 1.0
    assert report.recognition[0].top1 is not None
    assert report.recognition[0].top1.mean < 0.9


def test_what_is_not_labelled_is_wrong_and_what_is_not_there_is_missed(tmp_path: Path) -> None:
    marked = shelves(tmp_path)
    nothing = ("honey", (20, 150, 100, 230))
    write_json(tmp_path / "labels.json", coco({file: [MILK, TEA, nothing] for file in marked}))
    report = measured(tmp_path)
    assert report.finding is not None
    assert report.finding.recall_at_100 == pytest.approx(2 / 3)
    assert report.finding.precision_counted == pytest.approx(2 / 3)


def test_a_broken_picture_is_named_and_nothing_else_suffers(tmp_path: Path) -> None:
    labelled(tmp_path)
    whole = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "4.png").write_bytes(b"")
    (tmp_path / "5.png").unlink()
    (tmp_path / "6.png").write_bytes(bytes(30_000_001))
    report = measured(tmp_path)
    assert [broken.file for broken in report.broken] == ["3.png", "4.png", "6.png"]
    assert [left_out.file for left_out in report.left_out] == ["5.png"]
    assert report.photographs == 4
    assert report.finding is not None
    assert report.finding.ap50 == 1.0
    assert "3 could not be used\n  3.png: The picture cannot be decoded" in table(report)


def test_a_picture_that_the_eye_stumbles_over_is_named(tmp_path: Path) -> None:
    labelled(tmp_path)
    eye = TimedEye("stumbling", StumblingDetector(), ColourEmbedder(), Prior())
    report = evaluate(read_labelled(tmp_path), "", eye, QUICK, lambda *_: None)
    assert [broken.reason for broken in report.broken] == ["It could not be looked at: RuntimeError('odd')."]
    assert report.photographs == 7


class StumblingDetector(ColouredDetector):
    looks = 0

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        self.looks += 1
        if self.looks == 3:
            raise RuntimeError("odd")
        return super().detect(pixels)


def test_a_broken_picture_of_a_class_is_replaced_by_another(tmp_path: Path) -> None:
    for name in COLOURS:
        for part, count in (("train", 6), ("test", 2)):
            for number in range(count):
                draw_picture(tmp_path / part / name / f"{number}.png", [(name, (0, 0, 320, 240))], COLOURS)
        for number in range(3):
            (tmp_path / "train" / name / f"{number}.png").write_bytes(b"no picture")
    report = measured(tmp_path, Options(examples=(3,), draws=4))
    assert {broken.file for broken in report.broken} == {f"train/{name}/{n}.png" for name in COLOURS for n in range(3)}
    assert report.photographs == 3 * (3 + 2)


def test_every_picture_broken_is_a_report_without_figures(tmp_path: Path) -> None:
    for file in labelled(tmp_path):
        (tmp_path / file).write_bytes(b"no picture")
    report = measured(tmp_path)
    assert report.photographs == 0
    assert len(report.broken) == 8
    assert report.finding is not None
    assert report.finding.ap50 is None
    assert report.time_ms is None
    assert "AP50" in table(report)


def test_labels_without_a_size_are_pixels_of_the_picture(tmp_path: Path) -> None:
    content = coco(labelled(tmp_path))
    for image in content["images"]:
        del image["width"]
    write_json(tmp_path / "labels.json", content)
    report = measured(tmp_path)
    assert report.finding is not None
    assert report.finding.ap50 == 1.0


def test_labels_of_an_unturned_picture_are_not_used(tmp_path: Path) -> None:
    content = coco(labelled(tmp_path))
    for image in content["images"]:
        image["width"], image["height"] = image["height"], image["width"]
    write_json(tmp_path / "labels.json", content)
    assert "240 x 320 pixels; upright it has 320 x 240" in measured(tmp_path).broken[0].reason


def test_a_limit_and_a_seed_choose_what_is_tested(tmp_path: Path) -> None:
    labelled(tmp_path)
    limited = msgspec.structs.replace(QUICK, limit=4)
    assert measured(tmp_path, limited).photographs == 4
    plain, again = measured(tmp_path, limited), measured(tmp_path, limited)
    assert msgspec.structs.replace(plain, time_ms=None) == msgspec.structs.replace(again, time_ms=None)


def test_a_train_set_teaches_and_a_test_set_tests(tmp_path: Path) -> None:
    for part, count in (("train", 2), ("test", 5)):
        write_json(tmp_path / part / "labels.json", coco(shelves(tmp_path / part, count)))
    report = measured(tmp_path)
    assert report.photographs == 7
    assert report.tested == 5
    assert report.finding is not None
    assert report.finding.things == 15


def test_things_left_untaught_are_given_less_confidence(tmp_path: Path) -> None:
    labelled(tmp_path)
    report = measured(tmp_path, msgspec.structs.replace(QUICK, untaught=1))
    assert [line.auroc and line.auroc.mean for line in report.unknown] == [1.0, 1.0]


def test_a_dense_shelf_is_found_whole_and_taught_from_in_part(tmp_path: Path) -> None:
    many = tuple(("milk", (4 * n, 4, 4 * n + 3, 40)) for n in range(60))
    write_json(tmp_path / "labels.json", coco(shelves(tmp_path, 4, many)))
    report = measured(tmp_path)
    assert report.things == 240
    assert report.recognition[0].crops == 25 * report.tested


def test_the_table_and_the_json_say_the_same(tmp_path: Path) -> None:
    labelled(tmp_path)
    report = measured(tmp_path)
    text = table(report)
    for heading in ("Finding things", "Finding and naming", "Recognising", "Counting", "Time of a look"):
        assert heading in text
    assert max(map(len, text.splitlines())) <= 120
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_progress_ends_at_the_last_photograph_and_the_last_round(tmp_path: Path) -> None:
    labelled(tmp_path)
    told: list[tuple[str, int, int]] = []
    evaluate(read_labelled(tmp_path), "", coloured_eye(), QUICK, lambda *step: told.append(step))
    assert told[:8] == [("photographs", number, 8) for number in range(1, 9)]
    assert told[8:] == [("rounds of teaching", number, 4) for number in range(1, 5)]
