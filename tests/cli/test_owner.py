"""`pantrybox owner` and `pantrybox key`: with and without a server, and never a secret more than once."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server import Server, pantrybox

pytestmark = pytest.mark.slow

PASSPHRASE = "four words are good"


def set_passphrase(data: Path, passphrase: str = PASSPHRASE) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pantrybox", "owner", "passphrase", "--stdin", "--data", str(data)]
    return subprocess.run(command, input=passphrase + "\n", capture_output=True, text=True, timeout=60, check=False)


def status_of_sign_in(server: Server, passphrase: str = PASSPHRASE) -> int:
    return server.request("POST", "/sign-in", {"passphrase": passphrase}).status


def test_passphrase_from_stdin_claims_a_box_that_does_not_run_and_changes_that_of_one_that_does(
    tmp_path: Path,
) -> None:
    done = set_passphrase(tmp_path / "data")
    assert (done.returncode, done.stderr) == (0, "")
    assert PASSPHRASE not in done.stdout
    with Server(tmp_path / "data") as server:
        assert status_of_sign_in(server) == 204
        assert json.loads(server.command("owner", "sessions", "--json"))
        assert set_passphrase(server.data, "something else").returncode == 0
        assert json.loads(server.command("owner", "sessions", "--json")) == []
        assert status_of_sign_in(server) == 401
        assert status_of_sign_in(server, "something else") == 204
        assert "setup code" not in server.log


@pytest.mark.parametrize("passphrase", ["", "short", "password", "x" * 1001])
def test_passphrase_that_cannot_be_is_refused_with_a_sentence(tmp_path: Path, passphrase: str) -> None:
    done = set_passphrase(tmp_path / "data", passphrase)
    assert done.returncode == 1
    assert re.fullmatch(r"pantrybox: .*passphrase.*\n", done.stderr)


def test_passphrase_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    said = typed_on_a_terminal(tmp_path / "data", "owner", "passphrase", PASSPHRASE, PASSPHRASE)
    assert said.count("passphrase:") == 1
    assert "Repeat for confirmation" in said
    assert "The passphrase is set." in said
    assert PASSPHRASE not in said
    with Server(tmp_path / "data") as server:
        assert status_of_sign_in(server) == 204


def typed_on_a_terminal(data: Path, *words: str) -> str:
    """What a command shows on a terminal; of `words`, the first two are the command, the others typed when asked."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "pantrybox", *words[:2], "--data", str(data)]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        shown, answers = "", list(words[2:])
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                shown += os.read(master, 4096).decode(errors="replace")
            except OSError:  # it has ended
                break
            if answers and shown.rstrip(" ").endswith(":"):
                os.write(master, answers.pop(0).encode() + b"\n")
        assert process.wait(20) == 0, shown
    os.close(master)
    return shown


def test_link_is_shown_as_a_qr_code_on_a_terminal_and_alone_in_a_pipe(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        alone = server.command("owner", "link", "--url", "http://pantrybox.local:8000")
        assert re.fullmatch(r"http://pantrybox\.local:8000/#code=[\w-]{43}\n", alone)
        shown = typed_on_a_terminal(server.data, "owner", "link")
        assert "/#code=" in shown
        assert "▀▀▀▀▀▀▀▀" in shown
        assert "\x1b" not in shown


def test_browsers_are_listed_and_signed_out_one_by_one_or_all(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        cookies = []
        for n in range(3):
            code = server.command("owner", "link").strip().partition("#code=")[2]
            answer = server.request("POST", "/sign-in", {"code": code}, {"User-Agent": f"Phone {n}"})
            cookies.append(answer.headers["set-cookie"].partition(";")[0])
        listed = json.loads(server.command("owner", "sessions", "--json"))
        assert [session["user_agent"] for session in listed] == ["Phone 2", "Phone 1", "Phone 0"]
        table = server.command("owner", "sessions").splitlines()
        assert len(table) == 3
        assert table[0].endswith("127.0.0.1  Phone 2")

        def statuses() -> list[int]:
            return [server.request("GET", "/v1/devices", headers={"Cookie": cookie}).status for cookie in cookies]

        server.command("owner", "sign-out", str(listed[1]["id"]))
        assert statuses() == [200, 401, 200]
        server.command("owner", "sign-out", "--all")
        assert statuses() == [401, 401, 401]
        server.command("owner", "sign-out", str(listed[1]["id"]), status=1)
        server.command("owner", "sign-out", status=2)
        server.command("owner", "sign-out", "1", "--all", status=2)


def test_keys_are_listed_and_revoked(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "data")]
    first = pantrybox("key", "create", "reader", *data).strip()
    pantrybox("key", "create", "home automation", "--scope", "admin", *data)
    listed = json.loads(pantrybox("key", "list", "--json", *data))
    assert [(key["name"], key["scope"], key["revoked_at"]) for key in listed] == [
        ("reader", "read", None),
        ("home automation", "admin", None),
    ]
    with Server(tmp_path / "data") as server:
        headers = {"Authorization": f"Bearer {first}"}
        assert server.request("GET", "/v1/devices", headers=headers).status == 200
        server.command("key", "revoke", str(listed[0]["id"]))
        assert server.request("GET", "/v1/devices", headers=headers).status == 401
        server.command("key", "revoke", str(listed[0]["id"]), status=1)
    table = pantrybox("key", "list", *data)
    assert re.search(r"read .* reader  revoked \d{4}-", table)
    assert re.search(r"admin .* home automation$", table, re.MULTILINE)
    assert first not in table
