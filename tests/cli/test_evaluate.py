"""`pantrybox evaluate` with the eye that ships, on photographs of the demo in each form; how it says what is wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image

from pantrybox.cli.evaluate import evaluate
from pantrybox.cli.progress import progress_text
from tests.evaluation.labelled import Marked, coco, draw_picture, voc, write, write_json

SCENES = 4
QUICK = ("--examples", "1", "--draws", "2")


def run(*words: str) -> tuple[int, str, str]:
    """(exit status, stdout, stderr)"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pantrybox", "evaluate", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout, done.stderr


def scenes(photographs: list[Path]) -> Iterator[tuple[Path, Marked]]:
    """The demo's readable photographs with what is well seen in them: `milk-1` of the truth is called milk."""
    truth = json.loads((photographs[0].parent / "truth.json").read_text())["photographs"]
    for scene in [scene for scene in truth if scene["readable"]][:SCENES]:
        yield (
            photographs[0].parent / scene["file"],
            tuple((thing["track"].split("-")[0], pixels(thing["box"])) for thing in scene["things"] if thing["box"]),
        )


def pixels(box: list[float]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(edge * side) for edge, side in zip(box, (1600, 1200) * 2, strict=True))
    return left, top, right, bottom


@pytest.fixture(scope="module")
def as_coco(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Path:
    folder = tmp_path_factory.mktemp("coco")
    marked = dict(scenes(demo_photographs))
    labels = coco({path.name: things for path, things in marked.items()})
    for image in labels["images"]:
        image["width"], image["height"] = 1600, 1200
    write_json(folder / "annotations/labels.json", labels)
    for path in marked:
        (folder / "images").mkdir(exist_ok=True)
        (folder / "images" / path.name).write_bytes(path.read_bytes())
    (folder / "images" / "01.jpg").write_bytes(b"broken")
    return folder


def measured(*words: str) -> dict[str, Any]:
    status, out, _ = run(*words, "--json", "-")
    assert status == 0
    return json.loads(out)


@pytest.mark.slow
def test_the_shipped_eye_finds_and_names_things_in_coco_photographs(as_coco: Path) -> None:
    report = measured(str(as_coco), *QUICK)
    assert report["form"] == "coco"
    assert report["photographs"] == SCENES - 1
    assert [broken["file"] for broken in report["broken"]] == ["images/01.jpg"]
    assert report["finding"]["ap50"] > 0.8
    assert report["finding"]["recall_at_100"] > 0.8
    assert report["naming"][0]["naming_map50"]["mean"] > 0.4
    assert report["recognition"][0]["top3"]["mean"] > 0.6
    assert report["counting"][0]["of_items"]["mean"] > 1
    times = report["time_ms"]
    assert times["detector"] + times["embedding"] <= times["p90"]
    assert times["crops"] > 3


@pytest.mark.slow
def test_the_same_photographs_in_voc_give_the_same_figures(
    as_coco: Path, tmp_path: Path, demo_photographs: list[Path]
) -> None:
    for path, things in list(scenes(demo_photographs))[1:3]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
        write(tmp_path / f"{path.stem}.xml", voc(things, size=(1600, 1200)))
    write_json(tmp_path / "ignored.json", {"not": "coco"})
    report = measured(str(tmp_path), *QUICK)
    assert report["form"] == "voc"
    assert report["finding"]["ap50"] > 0.8


@pytest.mark.slow
def test_the_shipped_eye_recognises_things_in_class_folders(tmp_path: Path, demo_photographs: list[Path]) -> None:
    for path, things in list(scenes(demo_photographs))[:4]:
        with Image.open(path) as picture:
            for number, (name, box) in enumerate(things):
                (tmp_path / name).mkdir(exist_ok=True)
                picture.crop(box).save(tmp_path / name / f"{path.stem}-{number}.jpg")
    figures = tmp_path / "figures.json"
    status, out, err = run(str(tmp_path), *QUICK, "--limit", "12", "--json", str(figures))
    assert status == 0
    report = json.loads(figures.read_text())
    assert report["form"] == "classes"
    assert report["finding"] is None
    assert report["recognition"][0]["crops"] == 12
    assert report["recognition"][0]["top1"]["mean"] > 0.6
    assert f"{report['recognition'][0]['top1']['mean']:.3f}" in out
    assert "rounds of teaching" in err
    assert "\r" not in err  # no terminal


@pytest.mark.slow
def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    for words, status in (
        ((str(tmp_path),), 1),
        ((str(tmp_path / "nowhere"),), 1),
        ((str(tmp_path), "--json", str(tmp_path)), 1),
        ((str(tmp_path), "--json", str(tmp_path / "no/folder.json")), 1),
        ((str(tmp_path), "--draws", "0"), 2),
        ((str(tmp_path), "--form", "yolo"), 2),
    ):
        found, out, err = run(*words)
        assert (found, out) == (status, "")
        assert "Traceback" not in err
    _, _, err = run(str(tmp_path))
    assert err.startswith("pantrybox: There are no labels in")
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", ["", "0", "1,", "1,x", "-1", "1001", "1" * 5000, "٣", "1.5", "1e3"])
def test_numbers_of_examples_that_make_no_sense_are_refused(words: str) -> None:
    with pytest.raises(click.UsageError):
        evaluate.make_context("evaluate", ["folder", "--examples", words])


def test_numbers_of_examples_are_taken_in_any_order() -> None:
    context = evaluate.make_context("evaluate", ["folder", "--examples", "5, 1,3,1"])
    assert context.params["examples"] == (1, 3, 5)


def test_a_model_needs_the_box_that_has_it() -> None:
    with pytest.raises(click.UsageError, match="--data"):
        evaluate.main(["folder", "--model", "yolox"], standalone_mode=False)


def test_progress_says_how_long_it_will_take_once_it_can_tell() -> None:
    assert progress_text("photographs", 1, 100, 0.5) == "1 of 100 photographs"
    assert progress_text("photographs", 25, 100, 50.0) == "25 of 100 photographs, 2:30 left"
    assert progress_text("photographs", 100, 100, 200.0) == "100 of 100 photographs"
