"""/v1/captures: the list, its pages and filters, one photograph with what was seen in it, and its image."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pantrybox.clock import to_rfc3339, wall_clock_ms
from tests.conftest import make_jpeg
from tests.server import Server

# The box looks at photographs here: seconds each.
pytestmark = pytest.mark.slow

FIELDS = {
    *("id", "device_id", "status", "captured_at", "received_at", "trigger_type", "size_bytes", "has_image"),
    *("battery_v", "rssi", "failure"),
}


class Shelf:
    """A box with two cameras: one saw a real shelf and some plain pictures, the other something undecodable."""

    def __init__(self, box: Server, photograph: bytes) -> None:
        self.box, self.photograph = box, photograph
        self._tokens = {name: self._register(name) for name in ("left", "right")}
        self.seen = self.send("left", photograph)
        self.plain = [self.send("left", picture()) for _ in range(3)]
        self.failed = self.send("right", undecodable(picture()))
        box.wait_until_analysed()

    def _register(self, name: str) -> str:
        return self.box.post("/v1/devices", {"name": name, "device_id": name}).json["device_token"]

    def send(self, device_id: str, jpeg: bytes) -> str:
        """The id of the new capture."""
        answer = self.box.upload(jpeg, self._tokens[device_id], device_id)
        assert answer.status == 201
        return answer.json["capture_id"]

    def get(self, path: str) -> Any:
        answer = self.box.get(path)
        assert answer.status == 200, answer.body
        return answer.json


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Shelf]:
    with Server(tmp_path_factory.mktemp("captures") / "data") as running:
        yield Shelf(running, demo_photographs[0].read_bytes())


def picture() -> bytes:
    """A photograph that was never sent before."""
    return make_jpeg(comment=uuid.uuid4().hex.encode())


def undecodable(jpeg: bytes) -> bytes:
    """Whole by its markers, but of a kind (SOF3, lossless) that nothing decodes."""
    return jpeg.replace(b"\xff\xc0", b"\xff\xc3", 1)


def ids(captures: dict[str, Any]) -> list[str]:
    return [capture["id"] for capture in captures["items"]]


# The list


def test_newest_photograph_comes_first(shelf: Shelf) -> None:
    listed = shelf.get("/v1/captures")
    assert ids(listed) == [shelf.failed, *reversed(shelf.plain), shelf.seen]
    assert listed["total"] == 5
    assert listed["next_cursor"] is None
    assert all(set(capture) >= FIELDS for capture in listed["items"])


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_hold_every_photograph_once(shelf: Shelf, limit: int) -> None:
    found: list[str] = []
    before = ""
    while True:
        page = shelf.get(f"/v1/captures?limit={limit}{before}")
        assert page["total"] == 5
        assert len(page["items"]) <= limit
        found += ids(page)
        if page["next_cursor"] is None:
            break
        before = f"&before={page['next_cursor']}"
    assert found == ids(shelf.get("/v1/captures"))


def test_list_can_be_narrowed_to_a_camera_and_a_status(shelf: Shelf) -> None:
    assert ids(shelf.get("/v1/captures?device_id=right")) == [shelf.failed]
    assert shelf.get("/v1/captures?device_id=left")["total"] == 4
    assert ids(shelf.get("/v1/captures?status=failed")) == [shelf.failed]
    assert shelf.get("/v1/captures?status=complete")["total"] == 4
    assert shelf.get("/v1/captures?status=complete&device_id=right") == {"total": 0, "items": [], "next_cursor": None}
    assert shelf.get("/v1/captures?device_id=nobody")["items"] == []


def test_pages_keep_to_what_was_narrowed(shelf: Shelf) -> None:
    first = shelf.get("/v1/captures?device_id=left&limit=2")
    second = shelf.get(f"/v1/captures?device_id=left&limit=2&before={first['next_cursor']}")
    assert ids(first) + ids(second) == [*reversed(shelf.plain), shelf.seen]


@pytest.mark.parametrize("status", ["done", "Complete", "", "stored'--"])
def test_unknown_status_is_refused(shelf: Shelf, status: str) -> None:
    assert shelf.box.get(f"/v1/captures?status={status}").status == 422


# One photograph


def test_photograph_says_what_was_seen_in_it(shelf: Shelf) -> None:
    capture = shelf.get(f"/v1/captures/{shelf.seen}")
    assert FIELDS | {"observation", "detections", "notes", "telemetry"} <= set(capture)
    assert (capture["status"], capture["failure"]) == ("complete", None)
    assert capture["observation"]["counted"] is True
    assert 0 <= capture["observation"]["scene_confidence"] <= 1
    assert capture["observation"]["width"] > capture["observation"]["height"] > 0
    assert capture["observation"]["took_ms"] > 0


def test_every_box_lies_within_the_picture(shelf: Shelf) -> None:
    detections = shelf.get(f"/v1/captures/{shelf.seen}")["detections"]
    assert len(detections) > 3
    for seen in detections:
        left, top, right, bottom = seen["box"]
        assert 0 <= left <= right <= 1
        assert 0 <= top <= bottom <= 1
        assert 0 <= seen["score"] <= 1
        assert 0 <= seen["confidence"] <= 1
        assert seen["source"] in {"generic", "detector", "repeat"}
        assert (seen["item_name"] is not None) == (seen["source"] == "generic")
        assert len(seen["suggestions"]) <= 1  # nothing was taught: the models' own word, where they have one
    scores = [seen["score"] for seen in detections]
    assert scores == sorted(scores, reverse=True)
    assert len({seen["id"] for seen in detections}) == len(detections)


def test_what_was_seen_is_in_the_stock(shelf: Shelf) -> None:
    named = {seen["item_name"] for seen in shelf.get(f"/v1/captures/{shelf.seen}")["detections"]} - {None}
    stock = shelf.get("/v1/inventory")
    assert named
    assert named <= {line["canonical_name"] for line in stock["items"]}
    assert stock["total"] == len(stock["items"])
    assert stock["updated_at"] <= to_rfc3339(wall_clock_ms())
    wanted = {"item_id", "canonical_name", "brand", "package_type", "category", "count_estimate", "confirmed_count"}
    wanted |= {"confidence", "last_seen_at", "is_manual", "notes", "place"}
    assert all(wanted <= set(line) for line in stock["items"])
    assert {line["place"] for line in stock["items"]} == {"left"}


def test_photograph_that_cannot_be_looked_at_says_why_and_is_kept(shelf: Shelf) -> None:
    capture = shelf.get(f"/v1/captures/{shelf.failed}")
    assert (capture["status"], capture["observation"], capture["detections"]) == ("failed", None, [])
    assert "cannot be decoded" in capture["failure"]
    assert capture["has_image"] is True
    assert shelf.box.get(f"/v1/captures/{shelf.failed}/image").status == 200


def test_list_and_detail_agree(shelf: Shelf) -> None:
    for listed in shelf.get("/v1/captures")["items"]:
        detail = shelf.get(f"/v1/captures/{listed['id']}")
        assert {name: detail[name] for name in FIELDS} == listed


@pytest.mark.parametrize(
    "unknown", ["nobody", "01a20515-19e4-7a52-89bd-bce450fcc21a", "%00", "%ff", "..%2f..%2fx", "'--"]
)
def test_unknown_photograph_is_not_found(shelf: Shelf, unknown: str) -> None:
    for path in (f"/v1/captures/{unknown}", f"/v1/captures/{unknown}/image", f"/photographs/{unknown}"):
        assert shelf.box.get(path).status == 404


# Its image


def test_image_is_for_who_is_signed_in_and_never_changes(shelf: Shelf) -> None:
    image = shelf.box.get(f"/v1/captures/{shelf.seen}/image")
    assert image.body == shelf.photograph
    assert image.headers["content-type"] == "image/jpeg"
    assert image.headers["content-length"] == str(len(shelf.photograph))
    assert image.headers["x-content-type-options"] == "nosniff"
    assert "private" in image.headers["cache-control"]
    assert "public" not in image.headers["cache-control"]


def test_image_that_is_gone_from_the_card_is_not_found(shelf: Shelf) -> None:
    lost = shelf.send("left", picture())
    shelf.box.wait_until_analysed()
    (shelf.box.data / "storage/images" / f"left_{lost}.jpg").unlink()
    answer = shelf.box.get(f"/v1/captures/{lost}/image")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
