"""From a photograph to the stock through the real analyst: late ones, unreadable ones, and the proof."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server

pytestmark = pytest.mark.slow


def counts(server: Server) -> dict[str, int]:
    return {line["canonical_name"]: line["count_estimate"] for line in server.get("/v1/inventory").json["items"]}


def test_a_camera_that_only_knows_the_timer_ends_with_the_truth_and_its_folder_is_sound(
    server: Server, demo_photographs: list[Path]
) -> None:
    truth = json.loads((demo_photographs[0].parent / "truth.json").read_text())["photographs"][-1]["counts"]
    token = server.add_device()
    for number, path in enumerate(demo_photographs):
        why = "timer" if number else "manual"
        assert server.upload(path.read_bytes(), token, x_trigger_type=why).status == 201
    server.wait_until_analysed(seconds=180)
    believed = {name: count for name, count in counts(server).items() if count}
    assert believed == truth
    assert server.command("check").strip() == "Sound."


def test_a_photograph_that_waited_in_the_camera_counts_and_the_proof_holds(
    server: Server, demo_photographs: list[Path]
) -> None:
    token = server.add_device()

    def send(path: Path, day: int) -> dict[str, Any]:
        sent = server.upload(path.read_bytes(), token, x_captured_at=f"2026-01-0{day}T12:00:00Z").json
        server.wait_until_analysed()
        return server.get(f"/v1/captures/{sent['capture_id']}").json

    send(demo_photographs[0], 1)
    send(demo_photographs[7], 3)
    late = send(demo_photographs[5], 2)
    assert late["observation"]["counted"] is True
    assert late["detections"]
    assert server.command("check").strip() == "Sound."


def test_dark_shaken_and_blocked_photographs_remove_nothing(server: Server, demo_photographs: list[Path]) -> None:
    truth = json.loads((demo_photographs[0].parent / "truth.json").read_text())["photographs"]
    unreadable = [demo_photographs[0].parent / scene["file"] for scene in truth if not scene["readable"]]
    assert len(unreadable) >= 3
    token = server.add_device()
    server.upload(demo_photographs[0].read_bytes(), token)
    server.wait_until_analysed()
    before = counts(server)
    for path in unreadable:
        server.upload(path.read_bytes(), token)
    server.wait_until_analysed()
    assert counts(server) == before


def test_whoever_checks_sees_how_far_it_is(server: Server, demo_photographs: list[Path]) -> None:
    token = server.add_device()
    for path in demo_photographs[:2]:
        server.upload(path.read_bytes(), token)
    server.wait_until_analysed()
    command = [sys.executable, "-m", "pantrybox", "check", "--data", str(server.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr.splitlines() == ["2 of 2 photographs read", "2 of 2 photographs folded again"]


def test_check_finds_a_count_that_was_tampered_with(server: Server, demo_photographs: list[Path]) -> None:
    token = server.add_device()
    server.upload(demo_photographs[0].read_bytes(), token)
    server.wait_until_analysed()
    server.stop()
    with sqlite3.connect(server.data / "pantrybox.db") as database:
        database.execute("UPDATE inventory_state SET confirmed_count = confirmed_count + 1")
        database.execute("UPDATE inventory_state SET belief = json_object('low', 9, 'p', json('[1]'))")
    database.close()
    said = server.command("check", status=1)
    assert "the ledger sums to" in said
    assert "does not follow from what was seen" in said


def test_check_finds_a_damaged_a_missing_and_a_strange_file(server: Server, demo_photographs: list[Path]) -> None:
    token = server.add_device()
    for path in demo_photographs[:3]:
        server.upload(path.read_bytes(), token)
    server.wait_until_analysed()
    images = sorted((server.data / "storage/images").glob("*.jpg"))
    damaged = bytearray(images[0].read_bytes())
    damaged[5000] ^= 1
    images[0].write_bytes(damaged)
    images[1].unlink()
    (images[0].parent / "shelf_strange.jpg").write_bytes(b"?")
    said = server.command("check", status=1)
    assert "is not the one that was received" in said
    assert "cannot be read" in said
    assert "shelf_strange.jpg: no capture claims this file" in said


@pytest.mark.parametrize("column", ["capture_count", "image_count", "image_bytes"])
def test_check_finds_counters_that_are_off(server: Server, demo_photographs: list[Path], column: str) -> None:
    token = server.add_device()
    server.upload(demo_photographs[0].read_bytes(), token)
    server.wait_until_analysed()
    assert server.command("check").strip() == "Sound."
    server.stop()
    with sqlite3.connect(server.data / "pantrybox.db") as database:
        database.execute(f"UPDATE devices SET {column} = {column} + 1 WHERE id = 'shelf'")  # noqa: S608
    database.close()
    assert "its counters of photographs" in server.command("check", status=1)
