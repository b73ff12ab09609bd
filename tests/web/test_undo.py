"""Taking back over HTTP: what a photograph did, and a whole day."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pantrybox.clock import DAY_MS, local_date, to_rfc3339, wall_clock_ms
from tests.server import Answer, Server


def total(box: Server) -> int:
    return box.get("/v1/inventory/stats").json["total_quantity"]


def say(box: Server, name: str, count: int, place: str = "Elsewhere") -> Any:
    return box.post("/v1/inventory/override", {"item_name": name, "count_estimate": count, "place": place}).json


def undo_day(box: Server, days_ago: int = 0, **more: object) -> Answer:
    day = local_date(wall_clock_ms()) - timedelta(days=days_ago)
    return box.post("/v1/inventory/undo-day", {"date": day.isoformat(), **more})


@pytest.mark.slow
def test_what_a_photograph_did_is_taken_back_once(server: Server, demo_photographs: list[Path]) -> None:
    capture_id = server.upload(demo_photographs[0].read_bytes(), server.add_device()).json["capture_id"]
    server.wait_until_analysed()
    there = total(server)
    assert there
    lines = server.get(f"/v1/captures/{capture_id}").json["events"]
    undone = server.post(f"/v1/captures/{capture_id}/undo", {})
    assert undone.status == 200
    assert undone.json["event_count"] == len(undone.json["event_ids"]) == len(lines)
    assert total(server) == 0
    again = server.post(f"/v1/captures/{capture_id}/undo", {})
    assert (again.status, "nothing to undo" in again.json["detail"]) == (409, True)
    for event_id in undone.json["event_ids"]:
        assert server.post(f"/v1/inventory/events/{event_id}/undo", {}).status == 200
    assert total(server) == there
    assert server.post("/v1/captures/nothing/undo", {}).status == 404
    newest = server.get("/v1/audit-log?limit=50").json["items"]
    assert {"act": "capture.undone", "target": capture_id}.items() <= next(
        line for line in newest if line["act"] == "capture.undone"
    ).items()
    assert server.command("check").strip() == "Sound."


@pytest.mark.slow
def test_a_day_is_taken_back_and_another_is_not(server: Server) -> None:
    now_ms = wall_clock_ms()
    past = {"date": to_rfc3339(now_ms - 3 * DAY_MS), "event_type": "added", "delta": 5, "count": 5, "confidence": 1}
    old = {"name": "flour", "place": "Shelf", "count": 5, "confidence": 1, "history": [past]}
    assert server.post("/v1/inventory/import", {"items": [old]}).status == 200
    say(server, "jam", 3)
    say(server, "rice", 2, "Cellar")
    server.post("/v1/inventory/act", {"item_name": "flour", "act": "use", "amount": 4})
    assert undo_day(server, 1).status == 409
    only_there = undo_day(server, places=["cellar"])
    assert (only_there.status, only_there.json["event_count"]) == (200, 1)
    assert undo_day(server).json["event_count"] == 2
    assert total(server) == 5
    assert undo_day(server).status == 409
    assert undo_day(server, 3).json["event_count"] == 1
    assert total(server) == 0
    assert server.command("check").strip() == "Sound."


@pytest.mark.slow
def test_day_that_cannot_be_undone_whole_names_the_item_and_changes_nothing(server: Server) -> None:
    now_ms = wall_clock_ms()
    past = {"date": to_rfc3339(now_ms - 3 * DAY_MS), "event_type": "added", "delta": 5, "count": 5, "confidence": 1}
    old = {"name": "flour", "place": "Shelf", "count": 5, "confidence": 1, "history": [past]}
    assert server.post("/v1/inventory/import", {"items": [old]}).status == 200
    server.post("/v1/inventory/act", {"item_name": "flour", "act": "use"})
    answer = undo_day(server, 3)
    assert answer.status == 409
    assert "flour (Shelf)" in answer.json["detail"]
    assert total(server) == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"date": "2026-02-30"}, 422),
        ({"date": "yesterday"}, 422),
        ({"date": 20260101}, 422),
        ({"date": "0001-01-01"}, 409),
        ({"date": "9999-12-31"}, 409),
        ({"date": "2026-01-01", "places": []}, 422),
        ({"date": "2026-01-01", "places": ["nowhere of the kind"]}, 404),
    ],
    ids=repr,
)
def test_what_is_no_day_is_refused_with_a_sentence(box: Server, body: object, status: int) -> None:
    answer = box.post("/v1/inventory/undo-day", body)
    assert answer.status == status
    assert answer.json["detail"]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Server(tmp_path_factory.mktemp("undo") / "data") as running:
        yield running


def test_who_may_only_look_takes_nothing_back(box: Server) -> None:
    reader = box.command("key", "create", "reader", "--scope", "read").strip()
    for method, path in (
        ("POST", "/v1/inventory/act"),
        ("POST", "/v1/inventory/lots"),
        ("PATCH", "/v1/inventory/lots/1"),
        ("DELETE", "/v1/inventory/lots/1"),
        ("POST", "/v1/inventory/undo-day"),
        ("POST", "/v1/captures/x/undo"),
    ):
        assert box.request(method, path, {}, {"Authorization": f"Bearer {reader}"}).status == 403
    for path in ("/v1/inventory/lots", "/v1/inventory/use-soon"):
        assert box.request("GET", path, headers={"Authorization": f"Bearer {reader}"}).status == 200
