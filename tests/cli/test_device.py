"""`pantrybox device`: a camera's whole life from the command line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_jpeg
from tests.server import Server, pantrybox

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("commands") / "data") as running:
        yield running


@pytest.fixture
def shelf(box: Server, request: pytest.FixtureRequest) -> str:
    """The id of a camera of this test's own."""
    device_id = re.sub(r"\W", "-", request.node.name)[:64]
    assert box.post("/v1/devices", {"name": "Shelf", "device_id": device_id}).status == 201
    return device_id


def shown(box: Server, device_id: str) -> dict[str, Any]:
    return box.get(f"/v1/devices/{device_id}").json


def test_list_shows_every_camera_in_a_line_and_as_json(box: Server, shelf: str) -> None:
    box.command("device", "add", "Küche 🥫", "--id", "second")
    lines = box.command("device", "list").splitlines()
    assert any(re.match(rf"{shelf} +inactive +0  Shelf$", line) for line in lines)
    assert any(line.endswith("Küche 🥫") for line in lines)
    listed = json.loads(box.command("device", "list", "--json"))
    assert {shelf, "second"} <= {camera["id"] for camera in listed}
    assert len(listed) == len(lines)


def test_show_says_how_a_camera_does_and_why_it_is_not_well(box: Server, shelf: str) -> None:
    said = box.command("device", "show", shelf)
    assert "well          no: It has never sent a photograph." in said
    assert "last seen     never" in said
    token = box.command("device", "token", shelf).strip()
    answer = box.upload(make_jpeg(), token, shelf, X_Battery_V="3.9", X_Firmware_Version="1.4.0", X_Board="xiao")
    assert answer.status == 201
    said = box.command("device", "show", shelf)
    assert "well          yes" in said
    assert "battery       lipo_1s (guessed) 3.9 V 75 %" in said
    assert "firmware      1.4.0 on xiao" in said
    as_json = json.loads(box.command("device", "show", shelf, "--json"))
    assert as_json["health"]["is_healthy"] is True
    assert as_json == shown(box, shelf) | {"health": as_json["health"]}


@pytest.mark.slow
def test_set_changes_what_it_names_and_nothing_else(box: Server, shelf: str, tmp_path: Path) -> None:
    masks = tmp_path / "masks.json"
    masks.write_text('{"masks": [[[0, 0], [1, 0], [0.5, 1]]], "orders": {"jpeg_quality": 20}}')
    assert box.command("device", "set", shelf, "--name", "Larder", "--place", "Down") == "Larder is set up.\n"
    box.command("device", "set", shelf, "--battery", "18650", "--file", str(masks), "--flash", "--sleep", "900")
    box.command("device", "set", shelf, "--quiet-hours", "22:00-06:30", "--counted", "0.4", "--frame-size", "SVGA")
    after = shown(box, shelf)
    assert after["name"] == "Larder"
    settings = after["settings"]
    assert (settings["place"], settings["battery_kind"], settings["thresholds"]) == ("Down", "18650", {"counted": 0.4})
    assert settings["masks"] == [[[0, 0], [1, 0], [0.5, 1]]]
    wanted = {"sleep_s": 900, "flash": True, "quiet_hours": "22:00-06:30", "frame_size": "SVGA", "jpeg_quality": 20}
    assert settings["orders"] == wanted


def test_set_takes_back_what_it_is_told_to(box: Server, shelf: str) -> None:
    box.command("device", "set", shelf, "--quiet-hours", "22:00-06:30", "--counted", "0.4", "--battery", "none")
    assert shown(box, shelf)["settings"]["battery_kind"] == "none"
    box.command(
        "device", "set", shelf, "--quiet-hours", "none", "--counted", "none", "--battery", "guess", "--no-flash"
    )
    settings = shown(box, shelf)["settings"]
    assert (settings["orders"]["quiet_hours"], settings["orders"]["flash"]) == (None, False)
    assert (settings["thresholds"], settings["battery_kind"]) == ({"counted": None}, None)


def test_set_of_nothing_changes_nothing(box: Server, shelf: str) -> None:
    before = shown(box, shelf)
    box.command("device", "set", shelf)
    assert shown(box, shelf) == before


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--sleep", "0"], 2),
        (["--counted", "surely"], 2),
        (["--counted", "nan"], 2),
        (["--counted", "2"], 1),
        (["--quiet-hours", "late"], 1),
    ],
)
def test_set_refuses_what_cannot_be(box: Server, shelf: str, words: list[str], status: int) -> None:
    before = shown(box, shelf)
    box.command("device", "set", shelf, *words, status=status)
    assert shown(box, shelf) == before


@pytest.mark.parametrize("text", ["", "[]", '{"masks": 5}', '{"orders": 5}'])
def test_set_refuses_a_file_without_settings(box: Server, shelf: str, tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    box.command("device", "set", shelf, "--file", str(file), "--flash", status=1)


def test_new_token_stands_alone_on_stdout_and_is_the_only_one_that_opens(box: Server) -> None:
    old = box.add_device("rotated")
    new = box.command("device", "token", "rotated")
    assert re.fullmatch(r"[\w-]{43}\n", new)
    assert box.upload(make_jpeg(), old, "rotated").status == 401
    assert box.upload(make_jpeg(), new.strip(), "rotated").status == 201


def test_removed_camera_is_gone_for_good(box: Server, shelf: str) -> None:
    assert "Shelf may not upload any more." in box.command("device", "remove", shelf, "--yes")
    box.command("device", "show", shelf, status=1)
    box.command("device", "remove", shelf, "--yes", status=1)
    box.command("device", "add", "Again", "--id", shelf, status=1)


def test_nothing_is_removed_without_a_yes(box: Server, shelf: str) -> None:
    box.command("device", "remove", shelf, status=130)
    assert shown(box, shelf)["name"] == "Shelf"


def test_id_that_is_no_id_is_not_found_and_leads_nowhere_else(box: Server) -> None:
    for device_id in ("nobody", "../keys", "?limit=1"):
        box.command("device", "show", device_id, status=1)


@pytest.mark.slow
def test_everything_works_while_no_server_runs(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    pantrybox("device", "add", "Shelf", "--id", "a", *data)
    pantrybox("device", "set", "a", "--sleep", "900", *data)
    assert json.loads(pantrybox("device", "show", "a", "--json", *data))["orders"]["sleep_s"] == 900
    pantrybox("device", "remove", "a", "--yes", *data)
    assert pantrybox("device", "list", *data) == ""
