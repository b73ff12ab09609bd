"""What people say about the stock over HTTP: counts, undo, names, merges; and what cannot be said."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Answer, Server

NAMES = {
    "emoji": "🫙 Gurken",
    "right to left": "\u202e\u05d6\u05d9\u05ea\u05d9\u05dd\u202c",
    "markup": "<script>alert('jam')</script>",
    "formula": '=HYPERLINK("http://x","y")',
    "quotes": 'Ben\'s "best" -- jam; DROP TABLE captures',
    "slashes": "50/50 flour \\ %2F ../../etc/passwd?x=1#y",
    "200 characters": "ä" * 200,
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("items") / "data") as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"thing of {request.node.name}"[:200]


def asked(box: Server, method: str, path: str, body: object) -> Answer:
    return box.request(method, path, body, {"Authorization": f"Bearer {box.key}"})


def override(box: Server, item_name: str, count: int, **more: object) -> Any:
    answer = box.post("/v1/inventory/override", {"item_name": item_name, "count_estimate": count, **more})
    assert answer.status == 200, answer.body
    return answer.json


def line_of(box: Server, item_name: str) -> dict[str, Any]:
    lines = box.get("/v1/inventory?limit=1000").json["items"]
    return next(line for line in lines if line["canonical_name"] == item_name)


def test_a_persons_word_is_shown_as_said_and_certain(box: Server, name: str) -> None:
    said = override(box, name, 3, notes="two behind the flour")
    assert said["success"] is True
    line = line_of(box, name)
    assert (line["count_estimate"], line["confirmed_count"], line["confidence"]) == (3, 3, 1.0)
    assert (line["is_manual"], line["notes"], line["place"]) == (True, "two behind the flour", "Elsewhere")
    assert line["last_seen_at"] is not None


def test_one_name_in_two_spellings_is_one_item_and_keeps_the_first(box: Server, name: str) -> None:
    first = override(box, name, 1)
    second = override(box, f"  {name.upper()} ", 2)
    assert second["item_id"] == first["item_id"]
    assert line_of(box, name)["count_estimate"] == 2


@pytest.mark.parametrize("kind", NAMES)
def test_any_name_is_stored_as_it_is_and_shown_as_it_is(box: Server, kind: str) -> None:
    override(box, NAMES[kind], 1)
    assert line_of(box, NAMES[kind])["canonical_name"] == NAMES[kind]


@pytest.mark.parametrize(
    "body",
    [
        {"item_name": "jam", "count_estimate": -1},
        {"item_name": "jam", "count_estimate": 10_000},
        {"item_name": "jam", "count_estimate": 1.5},
        {"item_name": "jam", "count_estimate": "3"},
        {"item_name": "jam", "count_estimate": None},
        {"item_name": "jam"},
        {"count_estimate": 1},
        {"item_name": "", "count_estimate": 1},
        {"item_name": " ", "count_estimate": 1},
        {"item_name": "\u00a0", "count_estimate": 1},
        {"item_name": "x" * 201, "count_estimate": 1},
        {"item_name": "a\x00b", "count_estimate": 1},
        {"item_name": "jam", "count_estimate": 1, "notes": "x" * 2001},
        {"item_name": "jam", "count_estimate": 1, "place": "x" * 201},
        {"item_name": "jam", "count_estimate": -5e36},
    ],
    ids=lambda body: repr(body)[:60],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(box: Server, body: object) -> None:
    before = box.get("/v1/inventory?limit=1000").json
    answer = box.post("/v1/inventory/override", body)
    assert answer.status == 422
    assert answer.json["detail"]
    assert box.get("/v1/inventory?limit=1000").json == before


def test_item_in_several_places_wants_to_know_which_one_is_meant(box: Server, name: str) -> None:
    override(box, name, 2, place="Cellar")
    override(box, name, 1, place="Kitchen")
    answer = box.post("/v1/inventory/override", {"item_name": name, "count_estimate": 5})
    assert answer.status == 422
    assert "Cellar, Kitchen" in answer.json["detail"]
    assert override(box, name, 5, place="CELLAR")["place"] == "Cellar"


def test_places_are_listed_with_the_cameras_that_look_at_them(box: Server, name: str) -> None:
    override(box, name, 1, place="Larder")
    box.add_device("larder-cam")
    box.request(
        "PATCH", "/v1/devices/larder-cam", {"settings": {"place": "Larder"}}, {"Authorization": f"Bearer {box.key}"}
    )
    listed = box.get("/v1/places").json
    assert listed["total"] == len(listed["items"])
    assert {"name": "Larder", "device_id": "larder-cam"}.items() <= next(
        place for place in listed["items"] if place["name"] == "Larder"
    ).items()


def test_an_undo_takes_back_and_an_undo_of_it_brings_again(box: Server, name: str) -> None:
    override(box, name, 2)
    changed = override(box, name, 6)
    undone = box.post(f"/v1/inventory/events/{changed['event_id']}/undo", {})
    assert undone.status == 200
    assert line_of(box, name)["count_estimate"] == 2
    again = box.post(f"/v1/inventory/events/{changed['event_id']}/undo", {})
    assert again.status == 409
    assert "already" in again.json["detail"]
    box.post(f"/v1/inventory/events/{undone.json['event_id']}/undo", {})
    assert line_of(box, name)["count_estimate"] == 6


@pytest.mark.parametrize(("number", "status"), [("999999999", 404), ("0", 422), ("-1", 422), (str(2**70), 422)])
def test_undoing_what_does_not_exist_says_so(box: Server, number: str, status: int) -> None:
    assert box.post(f"/v1/inventory/events/{number}/undo", {}).status == status


def test_item_is_described_renamed_and_found_by_its_old_name(box: Server, name: str) -> None:
    override(box, name, 4)
    change = {"canonical_name": name + " (renamed)", "brand": "Acme", "minimum": 2, "category": "tins", "note": "a\nb"}
    answer = asked(box, "PATCH", f"/v1/inventory/items/{name}".replace(" ", "%20"), change)
    assert answer.status == 200, answer.body
    assert {key: answer.json[key] for key in change} == change
    assert answer.json["aliases"] == [name]
    taken_away = asked(box, "PATCH", f"/v1/inventory/items/{name}".replace(" ", "%20"), {"brand": None}).json
    assert (taken_away["brand"], taken_away["minimum"]) == (None, 2)
    assert override(box, name, 5)["item_name"] == name + " (renamed)"


def test_an_empty_change_changes_nothing(box: Server, name: str) -> None:
    override(box, name, 1)
    before = box.get("/v1/audit-log?limit=1").json["items"]
    assert asked(box, "PATCH", f"/v1/inventory/items/{name}".replace(" ", "%20"), {}).status == 200
    assert box.get("/v1/audit-log?limit=1").json["items"] == before


def test_item_that_nobody_has_counted_can_be_made_once(box: Server, name: str) -> None:
    made = box.post("/v1/inventory/items", {"canonical_name": name, "minimum": 2, "aliases": [name + " 2"]})
    assert made.status == 201
    assert made.json["aliases"] == [name + " 2"]
    assert box.post("/v1/inventory/items", {"canonical_name": name.upper()}).status == 409
    assert box.post("/v1/inventory/items", {"canonical_name": name + " 2"}).status == 409


def test_two_names_become_one_item_with_both_counts(box: Server, name: str) -> None:
    override(box, name, 2)
    override(box, name + " b", 3)
    merged = box.post("/v1/inventory/merge", {"item_name": name, "into": name + " b"})
    assert merged.status == 200
    assert line_of(box, name + " b")["count_estimate"] == 5
    assert merged.json["aliases"] == [name]
    assert box.post("/v1/inventory/merge", {"item_name": name, "into": name + " b"}).status == 409
    assert box.post("/v1/inventory/merge", {"item_name": "nothing of that name", "into": name}).status == 404


def test_who_may_only_look_changes_nothing(box: Server, name: str) -> None:
    reader = box.command("key", "create", "reader", "--scope", "read").strip()
    sent: dict[str, Callable[[], Answer]] = {
        path: lambda path=path, body=body: box.request("POST", path, body, {"Authorization": f"Bearer {reader}"})
        for path, body in {
            "/v1/inventory/override": {"item_name": name, "count_estimate": 1},
            "/v1/inventory/events/1/undo": {},
            "/v1/inventory/items": {"canonical_name": name},
            "/v1/inventory/merge": {"item_name": name, "into": name},
        }.items()
    }
    assert {path: send().status for path, send in sent.items()} == dict.fromkeys(sent, 403)


def test_the_audit_log_says_who_changed_what(box: Server, name: str) -> None:
    override(box, name, 7)
    newest = box.get("/v1/audit-log?limit=1").json["items"][0]
    assert (newest["actor"], newest["act"], newest["target"]) == ("key test", "count.overridden", name)
    assert newest["details"] == {"count": 7}


@pytest.mark.slow
def test_what_was_said_here_is_proven_by_check(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box:
        for count in (3, 0, 5):
            event_id = override(box, "jam", count)["event_id"]
        box.post(f"/v1/inventory/events/{event_id}/undo", {})
        override(box, "jelly", 2)
        box.post("/v1/inventory/merge", {"item_name": "jelly", "into": "jam"})
        assert box.command("check").strip() == "Sound."
