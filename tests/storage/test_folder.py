"""One process has the data folder; every other one says so, or asks the one that has it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pantrybox.errors import Conflict, PantryError
from pantrybox.settings import read_settings
from pantrybox.storage import folder
from tests.conftest import make_jpeg
from tests.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("folder") / "data") as running:
        yield running


def test_folder_is_held_by_one_at_a_time_and_free_again_afterwards(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / "data", {})
    with folder.held(settings), pytest.raises(Conflict, match="in use by another PantryBox process"):
        folder.held(settings).__enter__()
    with folder.held(settings):
        pass


def test_of_several_who_come_to_a_new_folder_at_once_one_has_it_and_the_others_are_told(tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def come(number: int) -> str:
        start.wait(timeout=10)
        try:
            with folder.held(read_settings(tmp_path / str(number) / "new/data", {})):
                start.wait(timeout=10)  # until all have tried
                return "held"
        except folder.FolderInUse:
            start.wait(timeout=10)
            return "in use"

    with ThreadPoolExecutor(start.parties) as processes:
        for number in range(20):
            outcomes = sorted(processes.map(come, [number] * start.parties))
            assert outcomes == ["held", "in use", "in use", "in use"]


def test_folder_and_what_is_in_it_are_the_boxs_own(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / "data", {})
    with folder.held(settings):
        for path in (settings.data, settings.images):
            assert path.stat().st_mode & 0o077 == 0
        assert settings.lock.stat().st_mode & 0o077 == 0


def test_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PantryError, match=r"file/data cannot be used as a data folder: Not a directory\."):
        folder.held(read_settings(tmp_path / "file/data", {})).__enter__()


def test_second_server_on_the_folder_ends_with_a_sentence(box: Server) -> None:
    done = serve(box.data)
    assert (done.returncode, done.stderr) == (1, f"pantrybox: {box.data} is in use by another PantryBox process.\n")
    assert box.request("GET", "/healthz").status == 200
    assert box.command("check") == "Sound.\n"  # the first one still answers the commands of this machine


def test_commands_work_while_the_server_runs(box: Server) -> None:
    token, key = device_and_key_of(box)
    assert_they_open(box, token, key)


@pytest.mark.slow
def test_commands_work_when_the_server_was_killed(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box:
        box.kill()
    token, key = device_and_key_of(box)
    with box:
        assert_they_open(box, token, key)


def serve(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pantrybox", "serve", "--data", str(data), "--port", "0"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def device_and_key_of(box: Server) -> tuple[str, str]:
    assert box.command("check") == "Sound.\n"
    return box.add_device("camera"), box.command("key", "create", "reader").strip()


def assert_they_open(box: Server, token: str, key: str) -> None:
    assert box.upload(make_jpeg(), token, "camera").status == 201
    assert box.request("GET", "/v1/captures", headers={"Authorization": f"Bearer {key}"}).json["total"] == 1
