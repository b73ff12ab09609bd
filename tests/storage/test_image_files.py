"""Photographs on the card: whole or not there at all, and what a full card does."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from pantrybox.errors import NotFound, Overloaded
from pantrybox.storage.image_files import HELD_IN_MEMORY, ImageFiles
from tests.conftest import make_jpeg
from tests.server import Server

SMALL, LARGE = b"\xff\xd8small", b"\xff\xd8" + bytes(2 * HELD_IN_MEMORY)


@pytest.fixture
def images(tmp_path: Path) -> ImageFiles:
    return ImageFiles(tmp_path)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("piece", [7, 65536, 10**9])
def test_what_is_kept_is_what_was_added(images: ImageFiles, tmp_path: Path, data: bytes, piece: int) -> None:
    piece = max(piece, len(data) // 1000)
    picture = images.begin("a.jpg")
    for start in range(0, len(data), piece):
        picture.add(data[start : start + piece])
        if picture.must_spill:
            picture.spill()
    with picture.content() as content:
        assert bytes(content) == data
    assert picture.keep() == hashlib.sha256(data).digest()
    assert picture.size_bytes == len(data)
    assert images.load("a.jpg") == data
    assert names_in(tmp_path) == ["a.jpg"]


def test_photograph_under_way_has_no_name_yet(images: ImageFiles, tmp_path: Path) -> None:
    picture = images.begin("a.jpg")
    picture.add(LARGE)
    picture.spill()
    assert names_in(tmp_path) == [".partial-a.jpg"]
    assert images.names() == set()
    with pytest.raises(NotFound, match="no longer on the card"):
        images.load("a.jpg")
    picture.discard()


def test_small_photograph_does_not_touch_the_card_before_it_is_kept(images: ImageFiles, tmp_path: Path) -> None:
    picture = images.begin("a.jpg")
    picture.add(bytes(HELD_IN_MEMORY - 1))
    assert not picture.must_spill
    with picture.content():
        assert names_in(tmp_path) == []
    picture.add(b"1")
    assert picture.must_spill


@pytest.mark.parametrize("stage", ["begun", "spilled", "kept"])
def test_discarded_photograph_leaves_nothing(images: ImageFiles, tmp_path: Path, stage: str) -> None:
    picture = images.begin("a.jpg")
    picture.add(SMALL)
    if stage == "spilled":
        picture.spill()
    if stage == "kept":
        picture.keep()
    before = open_files()
    picture.discard()
    picture.discard()
    assert names_in(tmp_path) == []
    assert open_files() == before - (stage == "spilled")


def test_only_leftovers_are_removed(images: ImageFiles, tmp_path: Path) -> None:
    picture = images.begin("kept.jpg")
    picture.add(SMALL)
    picture.keep()
    for name in ("a", "b"):
        left = images.begin(f"{name}.jpg")
        left.add(SMALL)
        left.spill()
    assert images.remove_partial() == 2
    assert names_in(tmp_path) == ["kept.jpg"]
    images.remove("kept.jpg")
    images.remove("kept.jpg")  # once more does no harm
    assert images.names() == set()


def test_all_are_removed_that_are_there_and_the_others_passed_over(images: ImageFiles, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(SMALL)
    assert images.missing(["a.jpg", "x.jpg"]) == ["x.jpg"]
    images.remove_all(["a.jpg", "x.jpg", "c.jpg"])
    assert names_in(tmp_path) == list(images.listed()) == ["b.jpg"]


def test_folder_is_in_place_while_it_is_there(images: ImageFiles, tmp_path: Path) -> None:
    assert images.is_in_place()
    tmp_path.rmdir()
    assert not images.is_in_place()
    tmp_path.mkdir()


def test_folder_on_another_file_system_is_not_in_place(tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(tmp_path)
    images = ImageFiles(tmp_path / "images")
    assert images.is_in_place()
    (tmp_path / "images").unlink()
    (tmp_path / "images").symlink_to("/proc")
    assert not images.is_in_place()


def test_folder_that_vanished_is_said_to_be_worth_another_try(images: ImageFiles, tmp_path: Path) -> None:
    picture = images.begin("a.jpg")
    picture.add(SMALL)
    tmp_path.rmdir()
    with pytest.raises(Overloaded, match="did not store this"):
        picture.keep()
    with pytest.raises(Overloaded):
        images.settle()
    tmp_path.mkdir()


class SmallCard:
    """A box whose whole data folder is a memory file system of 4 MB."""

    def __init__(self, data: Path) -> None:
        mount = 'cp -a "$0" "$0.before" && mount -t tmpfs -o size=4m,mode=700 none "$0" && cp -a "$0.before/." "$0"'
        self.box = Server(data, ["unshare", "--mount", "--fork", "sh", "-c", mount + ' && exec "$@"', str(data)])

    @property
    def data(self) -> Path:
        """The data folder as the box sees it."""
        return Path(f"/proc/{self.box.pid}/root{self.box.data}")

    def fill(self, bytes_left: int) -> None:
        space = os.statvfs(self.data)
        (self.data / "filler").write_bytes(bytes(space.f_bavail * space.f_frsize - bytes_left))

    def make_room(self) -> None:
        (self.data / "filler").unlink()


@pytest.mark.slow
def test_full_card_refuses_and_recovers(tmp_path: Path) -> None:
    may_mount_or_skip()
    card = SmallCard(tmp_path / "data")
    token, _ = card.box.add_device(), card.box.key  # before the box is in a world of its own
    with card.box as box:
        assert box.upload(make_jpeg(), token).status == 201
        box.wait_until_analysed()
        refuse_then_recover(card, token, make_jpeg(comment=b"no room for the file"), bytes_left=0)
        refuse_then_recover(card, token, make_jpeg(comment=b"nor for all of it") + bytes(900_000), bytes_left=600_000)
        refuse_then_recover(card, token, make_jpeg(comment=b"nor for the row"), bytes_left=8192)
        box.wait_until_analysed()
        assert [capture["status"] for capture in box.get("/v1/captures").json["items"]] == ["complete"] * 4
        assert b"problem" not in box.get("/v1/check").body


@pytest.mark.slow
def test_full_card_makes_room_by_itself_and_every_camera_keeps_its_newest(tmp_path: Path) -> None:
    may_mount_or_skip()
    card = SmallCard(tmp_path / "data")
    token, lone_token, _ = card.box.add_device(), card.box.add_device("lone"), card.box.key
    with card.box as box:
        assert box.upload(make_jpeg(comment=b"the only one"), lone_token, "lone").status == 201
        stored = 0
        while box.upload(photograph_of(100_000, stored), token).status == 201:
            stored += 1
            assert stored < 40, "the card never fills up"
        assert stored > 2
        end = time.monotonic() + 20
        while (answer := box.upload(photograph_of(100_000, stored), token)).status == 507:
            assert time.monotonic() < end, "no room was made"
            time.sleep(0.05)
        assert answer.status == 201
        captures = box.get("/v1/captures").json["items"]
        assert len(captures) == stored + 2
        assert [one["has_image"] for one in captures if one["device_id"] == "lone"] == [True]
        with_image = [one["has_image"] for one in captures if one["device_id"] == "shelf"]
        assert with_image == sorted(with_image, reverse=True)  # the oldest went
        assert not all(with_image)
        runs = [run for run in box.get("/v1/admin/jobs").json["items"] if run["job"] == "room"]
        assert sum(run["deleted_count"] for run in runs) == with_image.count(False)
        assert b"problem" not in box.get("/v1/check").body


def photograph_of(size: int, number: int) -> bytes:
    return make_jpeg(comment=b"%d" % number) + bytes(size)


def refuse_then_recover(card: SmallCard, token: str, photograph: bytes, bytes_left: int) -> None:
    card.box.wait_until_analysed()
    before = names_in(card.data / "storage/images")
    card.fill(bytes_left)
    refusal = card.box.upload(photograph, token)
    assert refusal.status == 507
    assert refusal.json["detail"].startswith("The card is full.")
    assert set(names_in(card.data / "storage/images")) <= set(before)  # the box may be making room by now
    assert card.box.request("GET", "/healthz").status == 200
    assert card.box.get("/").status == 200
    card.make_room()
    assert card.box.upload(photograph, token).status == 201


def may_mount_or_skip() -> None:
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"a small card needs a mount of its own: {tried.stderr.strip()}")
