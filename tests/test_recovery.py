"""What a box finds when it opens its folder: leftovers go, interrupted photographs are taken up again."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pantrybox.app import remove_leftovers
from pantrybox.clock import wall_clock_ms
from pantrybox.storage.database import Database
from pantrybox.storage.image_files import ImageFiles
from tests.conftest import make_jpeg
from tests.server import Server

MOST_LEFTOVERS = 64
"""As many uploads as can be under way at once."""


class Reopened:
    """A box that was killed while it looked at the first of three photographs, and runs again."""

    def __init__(self, box: Server) -> None:
        self.box = box
        self.token, _ = box.add_device(), box.key
        box.start()
        self.first, self.given_up, self.last_try = [self.upload(make_jpeg(shade=shade)) for shade in (10, 20, 30)]
        box.wait_until(f"/v1/captures/{self.first}", lambda capture: capture["status"] == "analyzing")
        box.kill()
        self.at_the_kill = box_row(box.data, "SELECT status, attempts FROM captures WHERE id = ?", self.first)
        box_row(box.data, "UPDATE captures SET attempts = 3 WHERE id = ?", self.given_up)
        box_row(box.data, "UPDATE captures SET attempts = 2 WHERE id = ?", self.last_try)
        self.images = box.data / "storage/images"
        for name in (".partial-shelf_half.jpg", "shelf_orphan.jpg"):
            (self.images / name).write_bytes(make_jpeg()[:1000])
        box.start()
        box.wait_until_analysed()

    def upload(self, jpeg: bytes) -> str:
        answer = self.box.upload(jpeg, self.token)
        assert answer.status == 201, answer
        return answer.json["capture_id"]

    def capture(self, capture_id: str) -> dict[str, object]:
        return self.box.get(f"/v1/captures/{capture_id}").json

    def observations(self, capture_id: str) -> int:
        return box_row(self.box.data, "SELECT count(*) FROM observations WHERE capture_id = ?", capture_id)[0]


def box_row(data: Path, sql: str, capture_id: str) -> tuple[int, ...]:
    """The first row of what a statement gives; () when it gives none."""
    with closing(sqlite3.connect(data / "pantrybox.db", timeout=10)) as connection, connection:
        return connection.execute(sql, (capture_id,)).fetchone() or ()


@pytest.fixture(scope="module")
def reopened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reopened]:
    box = Server(tmp_path_factory.mktemp("recovery") / "data")
    try:
        yield Reopened(box)
    finally:
        box.stop()


@pytest.mark.slow
def test_photograph_that_a_kill_interrupted_is_analysed_after_all_and_once(reopened: Reopened) -> None:
    assert reopened.at_the_kill == ("analyzing", 1)
    assert reopened.capture(reopened.first)["status"] == "complete"
    assert reopened.observations(reopened.first) == 1


@pytest.mark.slow
def test_photograph_that_was_interrupted_three_times_is_given_up_with_the_reason(reopened: Reopened) -> None:
    capture = reopened.capture(reopened.given_up)
    assert capture["status"] == "failed"
    assert capture["failure"] == "PantryBox was interrupted each time it looked at this photograph."
    assert reopened.observations(reopened.given_up) == 0


@pytest.mark.slow
def test_photograph_that_was_interrupted_twice_is_tried_once_more(reopened: Reopened) -> None:
    assert reopened.capture(reopened.last_try)["status"] == "complete"


@pytest.mark.slow
def test_leftovers_of_interrupted_uploads_are_removed_and_photographs_are_not(reopened: Reopened) -> None:
    names = {path.name for path in reopened.images.iterdir()}
    assert ".partial-shelf_half.jpg" not in names
    assert "shelf_orphan.jpg" not in names
    assert names >= {f"shelf_{id_}.jpg" for id_ in (reopened.first, reopened.given_up, reopened.last_try)}
    assert "removed what 2 interrupted uploads left" in reopened.box.log


def without_tables(jpeg: bytes) -> bytes:
    """Its quantisation tables are another segment now, which decoders skip."""
    return jpeg.replace(b"\xff\xdb", b"\xff\xfe")


def with_frame_byte(jpeg: bytes, offset: int, value: int) -> bytes:
    """Byte `offset` of the frame header (ITU-T T.81, B.2.2), counted from its marker, is another."""
    at = jpeg.index(b"\xff\xc0") + offset
    return jpeg[:at] + bytes([value]) + jpeg[at + 1 :]


UNDECODABLE = {
    "without quantisation tables": without_tables(make_jpeg(shade=40)),
    "lossless": with_frame_byte(make_jpeg(shade=50), 1, 0xC3),
    "of 12 bits a sample": with_frame_byte(make_jpeg(shade=60), 4, 12),
    "of five components": with_frame_byte(make_jpeg(shade=70), 9, 5),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNDECODABLE)
def test_photograph_that_cannot_be_decoded_fails_and_the_next_one_is_analysed(reopened: Reopened, kind: str) -> None:
    bad, good = reopened.upload(UNDECODABLE[kind]), reopened.upload(make_jpeg(comment=kind.encode()))
    reopened.box.wait_until_analysed(seconds=20)
    assert reopened.capture(bad)["status"] == "failed"
    assert str(reopened.capture(bad)["failure"]).startswith("The picture cannot be decoded: ")
    assert reopened.capture(good)["status"] == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("scan", [b"", b"\x12\x34" * 5000], ids=["cut off", "garbage"])
def test_photograph_with_a_damaged_scan_holds_nobody_up(reopened: Reopened, scan: bytes) -> None:
    jpeg = make_jpeg(shade=80, comment=scan[:2])
    start = jpeg.index(b"\xff\xda")
    damaged = jpeg[: start + 14] + scan + b"\xff\xd9"
    bad, good = reopened.upload(damaged), reopened.upload(make_jpeg(comment=b"after " + scan[:2]))
    reopened.box.wait_until_analysed(seconds=20)
    assert reopened.capture(bad)["status"] in {"complete", "failed"}
    assert reopened.capture(good)["status"] == "complete"


@pytest.mark.parametrize(("orphans", "left"), [(MOST_LEFTOVERS, 0), (MOST_LEFTOVERS + 1, MOST_LEFTOVERS + 1)])
def test_more_orphans_than_uploads_can_leave_are_left_alone_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, orphans: int, left: int
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(orphans):
        (images / f"shelf_{number}.jpg").write_bytes(b"")
    (images / ".partial-shelf_x.jpg").write_bytes(b"")

    async def open_and_clean() -> None:
        async with Database.open(tmp_path / "pantrybox.db", wall_clock_ms) as database:
            await remove_leftovers(database, ImageFiles(images))

    asyncio.run(open_and_clean())
    assert len(list(images.iterdir())) == left
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ([f"{left} files in {images} belong to no photograph and were left alone"] if left else [])
