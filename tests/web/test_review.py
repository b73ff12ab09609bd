"""The review queue over HTTP: what is asked can be seen, answered, and is not asked again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Answer, Server

pytestmark = pytest.mark.slow

JPEG_START = b"\xff\xd8"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """It looked at one photograph of a shelf."""
    with Server(tmp_path_factory.mktemp("review") / "data") as running:
        token = running.add_device()
        assert running.upload(demo_photographs[0].read_bytes(), token).status == 201
        running.wait_until_analysed()
        yield running


@pytest.fixture(scope="module")
def capture_id(box: Server) -> str:
    return box.get("/v1/captures").json["items"][0]["id"]


def queue(box: Server, **asked: int | str) -> Any:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = box.get(f"/v1/review?{query}")
    assert answer.status == 200, answer.body
    return answer.json


def answer(box: Server, group: Any, item_name: str | None) -> Answer:
    crops = [{name: crop[name] for name in ("capture_id", "detection_id")} for crop in group["crops"]]
    said = {"item_name": item_name, "positive": item_name is not None, "crops": crops}
    return box.post("/v1/examples/bulk", said)


def test_group_shows_its_crops(box: Server, capture_id: str) -> None:
    asked = queue(box)
    assert asked["total"] == len(asked["groups"]) > 2
    for group in asked["groups"]:
        assert group["size"] >= len(group["crops"]) >= 1
        assert len(group["suggestions"]) <= 3
        for crop in group["crops"]:
            assert (crop["capture_id"], crop["place"]) == (capture_id, "Shelf")
            left, top, right, bottom = crop["box"]
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1
    picture = box.get(asked["groups"][0]["crops"][0]["image_url"])
    assert (picture.status, picture.body[:2]) == (200, JPEG_START)


def test_crop_is_in_one_group_only(box: Server) -> None:
    ids = [crop["detection_id"] for group in queue(box, crops=100)["groups"] for crop in group["crops"]]
    assert len(set(ids)) == len(ids)


def test_pages_and_few_crops(box: Server) -> None:
    whole = queue(box, crops=1)
    assert all(len(group["crops"]) == 1 for group in whole["groups"])
    first = queue(box, limit=1, crops=1)
    rest = queue(box, limit=1000, crops=1, cursor=first["next_cursor"])
    assert first["groups"] + rest["groups"] == whole["groups"]
    assert rest["next_cursor"] is whole["next_cursor"] is None


def test_named_group_and_one_that_is_no_thing_are_not_asked_about_again(box: Server) -> None:
    first, second, *_ = queue(box, crops=100)["groups"]
    assert answer(box, first, "Orange juice 🍊").status == 201
    assert answer(box, second, None).status == 201
    left = {crop["detection_id"] for group in queue(box, crops=100)["groups"] for crop in group["crops"]}
    spoken = {crop["detection_id"] for group in (first, second) for crop in group["crops"]}
    assert left.isdisjoint(spoken)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-5e36",
        "crops=0",
        "crops=101",
        "crops=1e400",
        "cursor=nonsense",
        "cursor=WyJhIiwiYiJd",
        "cursor=WzFlMzk5LDFd",
    ],
)
def test_what_is_out_of_range_is_refused(box: Server, query: str) -> None:
    refused = box.get(f"/v1/review?{query}")
    assert (refused.status, bool(refused.json["detail"])) == (422, True)


def test_closer_look_says_what_the_photograph_says(box: Server, capture_id: str) -> None:
    looked = box.post(f"/v1/captures/{capture_id}/suggest", {})
    assert looked.status == 200
    assert looked.json == box.get(f"/v1/captures/{capture_id}").json
    assert len(looked.json["detections"]) > 5


def test_closer_look_at_no_photograph_is_not_found(box: Server) -> None:
    assert box.post("/v1/captures/nonsense/suggest", {}).status == 404


def test_closer_look_changes_something_and_needs_to_be_allowed_to(box: Server, capture_id: str) -> None:
    key = box.post("/v1/keys", {"name": "reader", "scope": "read"}).json["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert box.request("POST", f"/v1/captures/{capture_id}/suggest", {}, headers).status == 403
    assert box.request("GET", "/v1/review", headers=headers).status == 200
    assert box.request("GET", "/v1/review").status == 401
