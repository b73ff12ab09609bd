"""Other models: added, tried in the shadow, promoted and taken back, while the box goes on looking."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.server import Server, pantrybox
from tests.vision import onnx_maker as onnx

pytestmark = pytest.mark.slow

GREY = (114, 114, 114)


def photograph(red: int, seed: int = 0) -> bytes:
    """So many red squares on grey; another seed is another picture of the same."""
    image = Image.new("RGB", (640, 640), GREY)
    draw = ImageDraw.Draw(image)
    for index in range(red):
        left, top = 80 + 240 * (index % 2), 80 + 240 * (index // 2)
        draw.rectangle((left, top, left + 79, top + 79), fill=(255, 0, 0))
    for offset in range(0, 640, 16):  # texture: a grey wall would be taken for a blurred photograph
        draw.point((offset, seed % 640), fill=(200, 200, 200))
        draw.line((offset, 620, offset, 639), fill=(20, 20, 20), width=4)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=95)
    return encoded.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "colours.onnx").write_bytes(onnx.colours("yolov8"))
    (folder / "features.onnx").write_bytes(onnx.features())
    (folder / "broken.onnx").write_bytes(b"no model")
    (folder / "labels.txt").write_text("red\nblue\n")
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    """What two commands made of two files, while no box ran."""
    data = tmp_path_factory.mktemp("made")
    added = pantrybox(
        "model", "add", str(files / "colours.onnx"), "--name", "colours", "--kind", "yolov8", "--labels",
        str(files / "labels.txt"), "--input", "64x64", "--licence", "MIT", "--data", str(data),
    )  # fmt: skip
    assert re.match(r"colours is kept: \d+ ms a picture here, \d+ MB at most", added)
    pantrybox(
        "model", "add", str(files / "features.onnx"), "--name", "tiny", "--kind", "features", "--input", "32x32",
        "--features", "features", "--mean", "0,0,0", "--std", "1,1,1", "--data", str(data),
    )  # fmt: skip
    return data / "models"


@pytest.fixture
def box(tmp_path: Path, models: Path) -> Iterator[Server]:
    shutil.copytree(models, tmp_path / "data" / "models")
    with Server(tmp_path / "data") as running:
        yield running


@pytest.fixture
def token(box: Server) -> str:
    return box.add_device()


def seen(box: Server, token: str, red: int, seed: int) -> dict[str, Any]:
    """One more photograph, once it was looked at."""
    answer = box.upload(photograph(red, seed), token)
    assert answer.status == 201, answer.body
    path = f"/v1/captures/{answer.json['capture_id']}"
    capture = box.wait_until(path, lambda capture: capture["status"] in {"complete", "failed"})
    assert capture["status"] == "complete", f"{capture['failure']}\n{box.log}"
    return capture


def in_force(box: Server) -> set[str]:
    return {one["name"] for one in box.get("/v1/models").json["items"] if one["in_force"]}


def test_a_detector_is_tried_promoted_and_taken_back(box: Server, token: str) -> None:
    assert in_force(box) == {"picodet416", "pplcnetv2"}
    first = seen(box, token, 2, 1)
    assert first["observation"]["model"] == "picodet416"
    stock = box.get("/v1/inventory").json["items"]

    told = box.command("model", "try", "colours", "--last", "5")
    assert told.startswith("1 photographs. Boxes a photograph:")
    assert "  red 0 -> " in told
    assert box.get("/v1/inventory").json["items"] == stock
    assert box.get(f"/v1/captures/{first['id']}").json["detections"] == first["detections"]

    promoted = box.post("/v1/models/colours/promote", {})
    assert promoted.status == 200
    assert promoted.json == {"role": "detector", "model": "colours", "previous": "picodet416", "examples_left": 0}
    second = seen(box, token, 2, 2)
    assert second["observation"]["model"] == "colours"
    assert {d["label"] for d in second["detections"] if d["score"] > 0.5} >= {"red"}
    assert "in force" in next(line for line in box.command("model", "list").splitlines() if "colours" in line)
    assert box.post("/v1/models/colours/promote", {}).status == 409

    assert "picodet416 takes over as detector now; before it: colours." in box.command("model", "rollback")
    assert seen(box, token, 2, 3)["observation"]["model"] == "picodet416"
    acts = [line for line in box.get("/v1/audit-log").json["items"] if line["act"] == "model.promoted"]
    assert [(line["actor"], line["target"]) for line in acts] == [("console", "picodet416"), ("key test", "colours")]


def test_an_embedder_takes_over_once_it_knows_what_was_taught_and_then_names_things(box: Server, token: str) -> None:
    box.post("/v1/models/colours/promote", {})
    capture = seen(box, token, 1, 1)
    thing = next(d for d in capture["detections"] if d["label"] == "red")
    lesson = {"capture_id": capture["id"], "detection_id": thing["id"], "item_name": "Paprika"}
    assert box.post("/v1/examples", lesson).status == 201
    told = json.loads(box.command("model", "try", "tiny", "--json"))
    assert (told["failure"], told["photographs"], told["skipped"]) == (None, 1, 0)
    promoted = box.post("/v1/models/tiny/promote", {}).json
    assert (promoted["role"], promoted["examples_left"]) == ("embedder", 1)
    caught_up = box.wait_until("/v1/models", lambda m: "tiny" in {i["name"] for i in m["items"] if i["in_force"]})
    assert caught_up["problems"] == []
    box.wait_until("/v1/models", lambda m: not m["catchup"]["running"])
    later = seen(box, token, 1, 2)
    assert "Paprika" in {d["item_name"] or d["suggestions"][0]["item_name"] for d in later["detections"][:3]}
    again = box.post("/v1/models/rollback", {"role": "embedder"}).json
    assert (again["model"], again["previous"], again["examples_left"]) == ("pplcnetv2", "tiny", 0)
    box.wait_until("/v1/models", lambda m: "pplcnetv2" in {i["name"] for i in m["items"] if i["in_force"]})
    assert seen(box, token, 1, 3)["status"] == "complete"


def test_a_promoted_model_that_is_damaged_never_stops_the_box(box: Server, token: str) -> None:
    for name in ("colours", "tiny"):
        assert box.post(f"/v1/models/{name}/promote", {}).status == 200
    box.stop()
    for name in ("colours", "tiny"):
        path = box.data / "models" / f"{name}.onnx"
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    box.start()
    listed = box.get("/v1/models").json
    assert in_force(box) == {"picodet416", "pplcnetv2"}
    assert len(listed["problems"]) == 2
    assert all("cannot be used, so" in problem and "damaged" in problem for problem in listed["problems"])
    assert "The detector colours cannot be used, so picodet416 looks instead" in box.log
    assert seen(box, token, 1, 1)["observation"]["model"] == "picodet416"
    assert box.post("/v1/models/rollback", {"role": "detector"}).json["model"] == "picodet416"
    assert box.post("/v1/models/colours/promote", {}).status == 409


def test_a_model_that_is_refused_leaves_nothing_and_an_unknown_one_is_not_found(box: Server, files: Path) -> None:
    before = sorted((box.data / "models").iterdir())
    box.command(
        "model", "add", str(files / "broken.onnx"), "--name", "b", "--kind", "yolov8", "--labels", "coco", status=1
    )
    box.command("model", "add", str(files / "colours.onnx"), "--name", "b", status=2)
    box.command("model", "add", str(files / "colours.onnx"), "--name", "b", "--kind", "yolov8", "--labels", "coco",
                "--input", "64x", status=1)  # fmt: skip
    box.command("model", "add", str(files / "colours.onnx"), "--name", "colours", "--kind", "yolov8", "--labels",
                "coco", "--input", "64x64", status=1)  # fmt: skip
    assert sorted((box.data / "models").iterdir()) == before
    for method, path in (("POST", "nobody/promote"), ("POST", "nobody/try"), ("GET", "colours/try")):
        assert box.request(method, f"/v1/models/{path}", {}, {"Authorization": f"Bearer {box.key}"}).status == 404
    assert box.post("/v1/models/rollback", {}).status == 409
    for last in (0, -5e36, 1001, "x"):
        assert box.post("/v1/models/colours/try", {"last": last}).status == 422
    for name in ("..%2F..%2Fpantrybox", "%00", "a%0Ab"):
        assert box.post(f"/v1/models/{name}/promote", {}).status in {404, 400}


def test_a_list_of_models_comes_in_pages(box: Server) -> None:
    names, cursor = [], ""
    while True:
        page = box.get(f"/v1/models?limit=1{cursor}").json
        names += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert names == sorted({"colours", "tiny", "picodet416", "pplcnetv2"})
    assert json.loads(box.command("model", "list", "--json"))[0]["name"] == "colours"
