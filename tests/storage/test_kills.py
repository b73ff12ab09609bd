"""The box is killed at random moments: what it acknowledged is there, and every photograph is analysed once."""

import http.client
import json
import os
import random
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.server import Server

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
SEED = int(os.environ.get("KILL_SEED", random.randrange(10**9)))  # noqa: S311 - no secret
CAMERAS = [f"camera-{number}" for number in range(4)]
PADDING = [b"", bytes(600_000)]
"""What follows each photograph of a round: one fits into memory, one is spilled to the card as it arrives."""
LOOKING_SECONDS = 1.0
"""About how long the box looks at what was sent in one round."""
BETWEEN_SECONDS = 0.01
"""About how long it is from one 201 to the next."""


class Photograph(NamedTuple):
    jpeg: bytes
    key: str
    device_id: str


class Camera(threading.Thread):
    """Sends its photographs, one after the other, until nobody answers; `heard` counts the 201s of all cameras."""

    def __init__(self, box: Server, token: str, album: list[Photograph], heard: threading.Semaphore) -> None:
        super().__init__()
        self._box, self._token, self._heard = box, token, heard
        self.album = album
        self.acknowledged: dict[str, Photograph] = {}
        """By the id that the box gave it."""

    def run(self) -> None:
        for photograph in self.album:
            try:
                capture_id = self.send(photograph)
            except (OSError, http.client.HTTPException):
                return
            self.acknowledged[capture_id] = photograph
            self._heard.release()

    def send(self, photograph: Photograph) -> str:
        """The id of its capture."""
        jpeg, key, device_id = photograph
        answer = self._box.upload(jpeg, self._token, device_id, idempotency_key=key)
        assert answer.status == 201, answer
        return answer.json["capture_id"]


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_done_twice_however_often_the_box_is_killed(
    tmp_path: Path, demo_photographs: list[Path]
) -> None:
    print(f"to repeat: KILL_ROUNDS={ROUNDS} KILL_SEED={SEED}")  # noqa: T201 - shown on failure
    chance = random.Random(SEED)  # noqa: S311 - no secret
    box = Server(tmp_path / "data")
    tokens = {device_id: box.add_device(device_id) for device_id in CAMERAS}
    known: dict[str, Photograph] = {}
    with box:
        for number in range(ROUNDS):
            view = demo_photographs[number % len(demo_photographs)].read_bytes()
            heard = threading.Semaphore(0)
            cameras = [Camera(box, token, album(name, number, view), heard) for name, token in tokens.items()]
            if number % 2:
                kill_while_sending(chance, box, cameras, heard)
            else:
                kill_while_looking(chance, box, cameras)
            box.start()
            acknowledged = {id_: one for camera in cameras for id_, one in camera.acknowledged.items()}
            assert_kept(box, acknowledged)
            again = {camera.send(one): one for camera in cameras for one in camera.album}
            assert acknowledged.items() <= again.items()
            known |= again
            box.wait_until_analysed()
            assert_once_each(box, known)
        assert box.command("check") == "Sound.\n"
    assert rows(box.data, "PRAGMA integrity_check") == [("ok",)]


def album(device_id: str, number: int, view: bytes) -> list[Photograph]:
    """The same view over and over, but no two files alike: what follows a JPEG's end is let be."""
    keys = [f"{device_id}-{number}-{index}" for index in range(len(PADDING))]
    return [Photograph(view + key.encode() + more, key, device_id) for key, more in zip(keys, PADDING, strict=True)]


def kill_while_sending(chance: random.Random, box: Server, cameras: list[Camera], heard: threading.Semaphore) -> None:
    for camera in cameras:
        camera.start()
    for _ in range(chance.randrange(len(cameras) * len(PADDING))):
        assert heard.acquire(timeout=20)
    kill_after(chance.uniform(0, BETWEEN_SECONDS), box)
    for camera in cameras:
        camera.join()


def kill_while_looking(chance: random.Random, box: Server, cameras: list[Camera]) -> None:
    for camera in cameras:
        camera.start()
    for camera in cameras:
        camera.join()
    kill_after(chance.uniform(0, LOOKING_SECONDS), box)


def kill_after(seconds: float, box: Server) -> None:
    threading.Event().wait(seconds)  # a random moment of its life is what is tried here
    box.kill()


def assert_kept(box: Server, acknowledged: dict[str, Photograph]) -> None:
    for capture_id, photograph in acknowledged.items():
        assert box.get(f"/v1/captures/{capture_id}").json["device_id"] == photograph.device_id
        assert box.get(f"/v1/captures/{capture_id}/image").body == photograph.jpeg


def assert_once_each(box: Server, known: dict[str, Photograph]) -> None:
    """One row, one file and one observation for each; and all that follows from them is as it must be."""
    problems = [line for line in box.get("/v1/check").body.splitlines() if "problem" in json.loads(line)]
    assert problems == []
    captures = rows(
        box.data,
        """
        SELECT id, status, (SELECT count(*) FROM observations WHERE capture_id = captures.id)
        FROM captures
        """,
    )
    assert sorted(captures) == sorted((capture_id, "complete", 1) for capture_id in known)
    files = {path.name for path in box.data.glob("storage/images/*")}
    assert files == {f"{photograph.device_id}_{capture_id}.jpg" for capture_id, photograph in known.items()}
    counted = rows(box.data, "SELECT id, capture_count FROM devices WHERE kind = 'camera'")
    assert dict(counted) == {device_id: len(known) // len(CAMERAS) for device_id in CAMERAS}


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{(data / 'pantrybox.db').as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()
