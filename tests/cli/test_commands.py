"""Every command has help with an example, says what is wrong in a sentence, and works with and without a server."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image

from pantrybox.cli.main import pantrybox as group
from pantrybox.version import VERSION
from tests.conftest import make_jpeg
from tests.server import Server, pantrybox

pytestmark = pytest.mark.slow


def commands(
    command: click.Command = group, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*words, name))


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    found = dict(commands())[words]
    with click.Context(found, info_name=" ".join(("pantrybox", *words))) as context:
        text = found.get_help(context)
    assert "Example:\n" in text
    assert " ".join(("pantrybox", *words)) in text.partition("Example:")[2]


def test_the_version_is_told() -> None:
    assert pantrybox("--version") == f"pantrybox {VERSION}\n"


def test_a_command_without_a_data_folder_says_how_to_name_one(tmp_path: Path) -> None:
    pantrybox("check", status=2)
    blocked = tmp_path / "file"
    blocked.write_text("")
    pantrybox("check", "--data", str(blocked), status=1)


def test_devices_and_keys_are_made_while_no_server_runs_and_work_once_it_does(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 40) / "data"  # longer than the path of a Unix socket may be
    added = json.loads(pantrybox("device", "add", "Shelf", "--id", "shelf", "--json", "--data", str(data)))
    key = pantrybox("key", "create", "reader", "--scope", "read", "--data", str(data)).strip()
    assert added["status"] == "inactive"
    assert key.startswith("pbk_")
    assert key.count("\n") == 0
    with Server(data) as server:
        assert server.upload(make_jpeg(), added["device_token"]).status == 201
        assert server.request("GET", "/v1/inventory", headers={"Authorization": f"Bearer {key}"}).status == 200
        second = json.loads(server.command("device", "add", "Other", "--json"))
        assert server.upload(make_jpeg(), second["device_token"], second["id"]).status == 201
    assert pantrybox("check", "--data", str(data)) == "Sound.\n"


def test_an_id_that_is_taken_is_refused_with_a_sentence(tmp_path: Path) -> None:
    pantrybox("device", "add", "One", "--id", "a", "--data", str(tmp_path))
    pantrybox("device", "add", "Two", "--id", "a", "--data", str(tmp_path), status=1)
    pantrybox("device", "add", "Two", "--id", "../a", "--data", str(tmp_path), status=1)


def test_a_sign_in_link_needs_a_running_box(tmp_path: Path) -> None:
    pantrybox("owner", "link", "--data", str(tmp_path), status=1)


def test_detect_answers_for_every_file_in_pixels_of_the_upright_picture(
    tmp_path: Path, demo_photographs: list[Path]
) -> None:
    turned = tmp_path / "turned.jpg"
    with Image.open(demo_photographs[0]) as image:
        exif = Image.Exif()
        exif[0x0112] = 6  # "turn me a quarter clockwise": stored the other way round
        image.transpose(Image.Transpose.ROTATE_90).save(turned, "JPEG", quality=95, exif=exif)
        png = tmp_path / "shelf.png"
        image.save(png)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    files = [demo_photographs[0], turned, broken, tmp_path / "missing.jpg", png]
    results = json.loads(pantrybox("detect", "--json", *map(str, files)))
    assert [result["file"] for result in results] == [str(path) for path in files]
    upright, rotated, unreadable, missing, as_png = results
    assert (upright["width"], upright["height"]) == (rotated["width"], rotated["height"]) == (1600, 1200)
    assert "error" in unreadable
    assert "error" in missing
    for other in (rotated, as_png):
        assert abs(len(upright["detections"]) - len(other["detections"])) <= 2
    for detection in upright["detections"]:
        left, top, right, bottom = detection["box"]
        assert 0 <= left < right <= 1600
        assert 0 <= top < bottom <= 1200
        assert 0 <= detection["score"] <= 1
        assert detection["label"]


def test_detect_all_also_tells_what_it_is_not_sure_of(demo_photographs: list[Path]) -> None:
    sure = json.loads(pantrybox("detect", "--json", str(demo_photographs[0])))[0]["detections"]
    every = json.loads(pantrybox("detect", "--json", "--all", str(demo_photographs[0])))[0]["detections"]
    assert every[: len(sure)] == sure
    assert len(every) > len(sure)
    assert 0.03 <= every[-1]["score"] < 0.3


def test_detect_prints_a_table_for_people(tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "grey").save(out, "PNG")
    plain.write_bytes(out.getvalue())
    assert f"{plain}: 300 x 200, " in pantrybox("detect", str(plain))


@pytest.mark.slow
def test_the_demo_plays_to_its_end_and_tells_belief_beside_truth(tmp_path: Path) -> None:
    said = pantrybox("demo", "--once", "--interval", "0", "--port", "0", "--data", str(tmp_path))
    assert "/#code=" in said
    assert "19/19" in said
    lines = [line for line in said.splitlines() if "believed" in line]
    assert lines
    right = [line for line in lines if line.split("believed ")[1].split(",")[0] == line.rsplit(" ", 1)[1]]
    assert right == lines
    assert pantrybox("check", "--data", str(tmp_path)).strip() == "Sound."
