"""The scorecard over HTTP: what was said is counted, and too little is null and never 100 %."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server

pytestmark = pytest.mark.slow

NOTHING = {
    "right": 0,
    "false": 0,
    "missed": 0,
    "precision": None,
    "recall": None,
    "counts": 0,
    "count_error": None,
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("scorecard") / "data") as running:
        token = running.add_device()
        assert running.get("/v1/scorecard").json["total"] == NOTHING
        assert running.upload(demo_photographs[0].read_bytes(), token).status == 201
        running.wait_until_analysed()
        yield running


def test_corrections_are_counted_by_item_and_camera(box: Server) -> None:
    capture = box.get("/v1/captures").json["items"][0]["id"]
    guessed = [one for one in box.get(f"/v1/captures/{capture}").json["detections"] if one["source"] == "generic"]
    assert guessed, "the demo shows something that the models have a word for"
    named = guessed[0]
    said = {"capture_id": capture, "detection_id": named["id"], "item_name": named["item_name"]}
    assert box.post("/v1/examples", said).status == 201
    card = box.get("/v1/scorecard?days=1").json
    assert card["total"] == NOTHING | {"right": 1}
    (item,) = [one for one in card["items"] if one["item_name"] == named["item_name"]]
    assert (item["right"], item["precision"]) == (1, None)
    assert card["cameras"] == [NOTHING | {"right": 1, "device_id": "shelf", "name": "Shelf"}]


def test_counts_are_judged(box: Server) -> None:
    said = {"item_name": "count me", "place": "Shelf"}
    assert box.post("/v1/inventory/override", said | {"count_estimate": 2}).status == 200
    card = box.get("/v1/scorecard").json
    (item,) = [one for one in card["items"] if one["item_name"] == "count me"]
    assert (item["counts"], item["count_error"]) == (1, None)


def test_what_to_teach_next_has_reasons(box: Server) -> None:
    hints = box.get("/v1/scorecard").json["teach_next"]
    assert hints
    for hint in hints:
        assert hint["reason"].endswith(".")
        assert (hint["item_id"] is None) == (hint["kind"] == "camera")
        assert (hint["device_id"] is None) == (hint["kind"] == "item")


@pytest.mark.parametrize("days", ["0", "3651", "-5e36", "x", "1.5"])
def test_span_that_cannot_be_is_refused(box: Server, days: str) -> None:
    assert box.get(f"/v1/scorecard?days={days}").status == 422


def test_strangers_do_not_see_it(box: Server) -> None:
    assert box.request("GET", "/v1/scorecard").status == 401
