"""The shipped eye finds what is there, in pictures whose truth is known, and is the file that its manifest names."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pantrybox.errors import PantryError
from pantrybox.vision.manifest import Manifest, model_bytes, shipped
from pantrybox.vision.model import Box, Eye, Sight
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.shipped import open_eye
from pantrybox.vision.visibility import READABLE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def eye() -> Eye:
    return open_eye()


@pytest.fixture(scope="module")
def looks(eye: Eye, demo_photographs: list[Path]) -> list[tuple[dict, Sight]]:
    truth = json.loads((demo_photographs[0].parent / "truth.json").read_text())["photographs"]
    return [(scene, eye.look((demo_photographs[0].parent / scene["file"]).read_bytes())) for scene in truth]


def test_it_finds_and_names_nine_of_ten_visible_things(looks: list[tuple[dict, Sight]]) -> None:
    things, found = 0, 0
    for scene, sight in looks:
        if not scene["readable"]:
            continue
        counted = [d for d in sight.detections if d.score >= COUNTED_SCORE]
        for thing in scene["things"]:
            if thing["visible"] > 0.6:
                things += 1
                box = Box(*thing["box"])
                found += any(d.label == thing["name"] and d.box.iou(box) > 0.5 for d in counted)
    assert things > 150
    assert found >= 0.9 * things


def test_it_knows_which_views_show_what_is_not_there(looks: list[tuple[dict, Sight]]) -> None:
    for scene, sight in looks:
        assert (sight.scene_confidence >= READABLE) == scene["readable"], scene["file"]


def test_boxes_are_fractions_and_best_first(looks: list[tuple[dict, Sight]]) -> None:
    for _, sight in looks:
        scores = [d.score for d in sight.detections]
        assert scores == sorted(scores, reverse=True)
        for detection in sight.detections:
            box = detection.box
            assert 0 <= box.left < box.right <= 1
            assert 0 <= box.top < box.bottom <= 1


def test_real_bananas_are_found(eye: Eye) -> None:
    shared = Path(__file__).parents[3] / "shared/data/grocery_store/test"
    pictures = sorted(shared.glob("Fruit/Banana/*.jpg"))[:20]
    if not pictures:
        pytest.skip(f"no photographs to measure with in {shared.name}")
    found = [
        any(d.label == "banana" and d.score >= COUNTED_SCORE for d in eye.look(p.read_bytes()).detections)
        for p in pictures
    ]
    assert sum(found) >= 0.6 * len(found)


def test_a_model_that_is_not_what_its_manifest_says_is_refused(tmp_path: Path) -> None:
    manifest, model = shipped()
    (tmp_path / manifest.file).write_bytes(model.read_bytes()[:-1] + b"!")
    with pytest.raises(PantryError, match="damaged"):
        model_bytes(tmp_path, manifest)
    assert isinstance(manifest, Manifest)


def test_the_runtime_keeps_nothing_below_home_and_calls_nobody(tmp_path: Path) -> None:
    script = "from pantrybox.vision.shipped import open_eye; open_eye()"
    environment = os.environ | {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []
