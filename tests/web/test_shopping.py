"""The list for the shop over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Answer, Server

FIELDS = {
    *("id", "item_id", "name", "quantity", "note", "reason", "added_at", "ticked_at", "ticked_by"),
    *("count", "minimum", "days_until_empty"),
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("shopping") / "data") as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"thing of {request.node.name}"[:200]


def asked(box: Server, method: str, path: str, body: object = None) -> Answer:
    return box.request(method, path, body, {"Authorization": f"Bearer {box.key}"})


def entry_of(box: Server, name: str) -> dict[str, Any]:
    return next(entry for entry in box.get("/v1/shopping-list?limit=1000").json["items"] if entry["name"] == name)


def say(box: Server, name: str, count: int) -> None:
    assert box.post("/v1/inventory/override", {"item_name": name, "count_estimate": count}).status == 200


def test_a_wish_is_made_once(box: Server, name: str) -> None:
    first = box.post("/v1/shopping-list", {"name": name, "quantity": 2})
    assert first.status == 201
    assert set(first.json) == FIELDS
    again = box.post("/v1/shopping-list", {"name": name.upper()})
    assert (again.status, again.json) == (200, first.json)


def test_what_runs_low_is_there_and_what_arrives_is_ticked(box: Server, name: str) -> None:
    say(box, name, 4)
    say(box, name, 1)
    entry = entry_of(box, name)
    assert (entry["reason"], entry["count"], entry["ticked_by"]) == ("low", 1, None)
    say(box, name, 6)
    assert entry_of(box, name)["ticked_by"] == "person"


@pytest.mark.slow
def test_what_the_camera_sees_arrive_is_ticked_by_the_camera(tmp_path: Path, demo_photographs: list[Path]) -> None:
    with Server(tmp_path / "data") as box:
        token = box.add_device()

        def show(number: int, key: str) -> None:
            box.upload(demo_photographs[number - 1].read_bytes(), token, idempotency_key=key)
            box.wait_until_analysed()

        show(14, "eaten")
        for count in (2, 0):
            said = {"item_name": "banana", "count_estimate": count, "place": "Shelf"}
            assert box.post("/v1/inventory/override", said).status == 200
        assert entry_of(box, "banana")["ticked_by"] is None
        show(16, "bought")
        for again in range(20):  # the ledger follows once it is sure
            if entry_of(box, "banana")["ticked_by"] is None:
                show(17 + again % 3, str(again))
        assert entry_of(box, "banana")["ticked_by"] == "camera"


def test_an_entry_is_ticked_described_and_taken_off(box: Server, name: str) -> None:
    entry_id = box.post("/v1/shopping-list", {"name": name, "note": "ripe"}).json["id"]
    path = f"/v1/shopping-list/{entry_id}"
    ticked = asked(box, "PATCH", path, {"ticked": True, "quantity": 3}).json
    assert (ticked["ticked_by"], ticked["quantity"], ticked["note"]) == ("person", 3, "ripe")
    opened = asked(box, "PATCH", path, {"ticked": False, "note": None}).json
    assert (opened["ticked_at"], opened["quantity"], opened["note"]) == (None, 3, None)
    assert asked(box, "PATCH", path, {}).json == opened
    assert asked(box, "DELETE", path).status == 200
    assert asked(box, "DELETE", path).status == 404
    assert asked(box, "PATCH", path, {"ticked": True}).status == 404


def test_clearing_takes_off_what_is_ticked(box: Server, name: str) -> None:
    entry_id = box.post("/v1/shopping-list", {"name": name}).json["id"]
    asked(box, "PATCH", f"/v1/shopping-list/{entry_id}", {"ticked": True})
    assert box.post("/v1/shopping-list/clear", {}).json["removed"] >= 1
    assert all(entry["ticked_at"] is None for entry in box.get("/v1/shopping-list?limit=1000").json["items"])


def test_pages_hold_every_entry_once(box: Server) -> None:
    for number in range(7):
        box.post("/v1/shopping-list", {"name": f"page {number}"})
    ticked = box.post("/v1/shopping-list", {"name": "page ticked"}).json["id"]
    asked(box, "PATCH", f"/v1/shopping-list/{ticked}", {"ticked": True})
    found: list[int] = []
    cursor = ""
    while True:
        page = box.get(f"/v1/shopping-list?limit=3{cursor}").json
        found += [entry["id"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [entry["id"] for entry in box.get("/v1/shopping-list?limit=1000").json["items"]]
    assert len(found) == page["total"]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "a" * 201},
        {"name": "a\u0000"},
        {"name": "a", "quantity": 0},
        {"name": "a", "quantity": 10_000},
        {"name": "a", "quantity": -5e36},
        {"name": "a", "quantity": "2"},
        {"name": "a", "note": "n" * 2001},
        {"name": 1},
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_is_refused(box: Server, wish: object) -> None:
    assert box.post("/v1/shopping-list", wish).status == 422


@pytest.mark.parametrize("entry_id", ["999999", "9223372036854775807"])
def test_an_unknown_entry_is_not_found(box: Server, entry_id: str) -> None:
    assert asked(box, "PATCH", f"/v1/shopping-list/{entry_id}", {"ticked": True}).status == 404
    assert asked(box, "DELETE", f"/v1/shopping-list/{entry_id}").status == 404


def test_numbers_out_of_range_are_refused(box: Server) -> None:
    assert asked(box, "PATCH", f"/v1/shopping-list/{2**64}", {"ticked": True}).status == 422
    for query in ("limit=0", "limit=-5e36", "cursor=xx", "cursor=WzEsMl0"):
        assert box.get(f"/v1/shopping-list?{query}").status == 422


@pytest.mark.parametrize("odd", ["🫙", "<script>", "=1+1", "\u202e\u05d6\u05d9\u05ea", "' OR 1=1 --"])
def test_names_are_kept_as_they_were_sent(box: Server, odd: str) -> None:
    assert box.post("/v1/shopping-list", {"name": odd}).json["name"] == odd


def test_what_is_done_is_in_the_audit_log(box: Server, name: str) -> None:
    entry_id = box.post("/v1/shopping-list", {"name": name}).json["id"]
    asked(box, "DELETE", f"/v1/shopping-list/{entry_id}")
    lines = [line for line in box.get("/v1/audit-log").json["items"] if line["target"] == name]
    assert [(line["act"], line["actor"]) for line in lines] == [
        ("wish.removed", "key test"),
        ("wish.added", "key test"),
    ]
