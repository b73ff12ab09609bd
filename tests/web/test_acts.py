"""What people do with the stock over HTTP: use one, add one, finish, open, throw away, move; and two at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.server import Answer, Server

ACT = "/v1/inventory/act"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("acts") / "data") as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"thing of {request.node.name}"[:200]


def say(box: Server, name: str, count: int, place: str = "Shelf") -> None:
    said = {"item_name": name, "count_estimate": count, "place": place}
    assert box.post("/v1/inventory/override", said).status == 200


def act(box: Server, act: str, name: str, **more: object) -> Any:
    answer = box.post(ACT, {"item_name": name, "act": act, **more})
    assert answer.status == 200, answer.body
    return answer.json


def refused(box: Server, status: int, words: str, **body: object) -> None:
    answer: Answer = box.post(ACT, body)
    assert answer.status == status, answer.body
    assert words in answer.json["detail"]


def detail(box: Server, name: str) -> Any:
    return box.get("/v1/inventory/items/" + quote(name, safe="")).json


def history(box: Server, name: str) -> list[Any]:
    return box.get("/v1/inventory/items/" + quote(name, safe="") + "/history").json["history"]


def test_every_act_answers_with_what_is_there_now_and_the_way_back(box: Server, name: str) -> None:
    added = act(box, "add", name, amount=5, place="Shelf", notes="the blue ones")
    used = act(box, "use", name)
    thrown = act(box, "throw_away", name, amount=2)
    opened = act(box, "open", name)
    moved = act(box, "move", name, to_place="Cellar")
    assert [one["count_estimate"] for one in (added, used, thrown, opened, moved)] == [5, 4, 2, 2, 1]
    assert {one["place"] for one in (added, used, thrown, opened, moved)} == {"Shelf"}
    assert (opened["event_ids"], opened["event_id"]) == ([], None)
    assert len(moved["event_ids"]) == 2
    assert act(box, "finish", name, place="Cellar")["count_estimate"] == 0
    assert detail(box, name)["places"][0]["notes"] == "the blue ones"
    kinds = [(line["event_type"], line["delta"], line["details"]["more"]["act"]) for line in history(box, name)]
    assert kinds == [
        ("consumed", -1, "finish"),
        ("adjusted", 1, "move"),
        ("adjusted", -1, "move"),
        ("consumed", -2, "throw_away"),
        ("consumed", -1, "use"),
        ("added", 5, "add"),
    ]
    assert box.post(f"/v1/inventory/events/{thrown['event_id']}/undo", {}).status == 200
    assert detail(box, name)["current"]["count"] == 3


def test_only_what_is_added_may_be_unknown(box: Server, name: str) -> None:
    for wanted in ("use", "finish", "open", "throw_away"):
        refused(box, 404, "no item called", item_name=name, act=wanted)
    assert act(box, "add", name, best_before="2027-12-24")["count_estimate"] == 1
    (lot,) = detail(box, name)["lots"]
    assert (lot["count"], lot["best_before"], lot["opened_at"]) == (1, "2027-12-24", None)
    refused(box, 404, "no place called", item_name=name, act="use", place="nowhere of the kind")


def test_place_is_needed_only_where_there_are_some_in_several(box: Server, name: str) -> None:
    say(box, name, 2, "Shelf")
    say(box, name, 0, "Cellar")
    assert act(box, "use", name)["place"] == "Shelf"
    say(box, name, 1, "Cellar")
    refused(box, 422, "several places (Shelf, Cellar)", item_name=name, act="use")
    assert act(box, "use", name, place="CELLAR")["count_estimate"] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"act": "use", "amount": 0}, "amount"),
        ({"act": "use", "amount": -1}, "amount"),
        ({"act": "use", "amount": 1.5}, "amount"),
        ({"act": "use", "amount": "1"}, "amount"),
        ({"act": "use", "amount": 10_000}, "amount"),
        ({"act": "use", "amount": -5e36}, "amount"),
        ({"act": "eat"}, "act"),
        ({}, "act"),
        ({"act": "finish", "amount": 2}, "amount: All that is there is finished"),
        ({"act": "open", "amount": 2}, "amount: One is opened at a time"),
        ({"act": "move"}, "to_place: say where"),
        ({"act": "move", "to_place": "shelf"}, "to_place: that is where it stands"),
        ({"act": "use", "to_place": "Cellar"}, "to_place: only what is moved"),
        ({"act": "use", "best_before": "2027-01-01"}, "best_before"),
        ({"act": "add", "best_before": "2027-02-30"}, "best_before"),
        ({"act": "add", "best_before": "soon"}, "best_before"),
        ({"act": "use", "expected_count": -1}, "expected_count"),
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused_with_a_sentence(box: Server, body: dict[str, object], words: str) -> None:
    say(box, "Refusals", 3)
    before = history(box, "Refusals")
    answer = box.post(ACT, {"item_name": "Refusals", **body})
    assert answer.status == 422
    assert words in answer.json["detail"]
    assert history(box, "Refusals") == before


def test_taking_more_than_there_is_says_what_to_do_and_loses_nothing(box: Server, name: str) -> None:
    say(box, name, 2)
    refused(
        box, 409, "There are only 2 there. Take fewer, or set the count first.", item_name=name, act="use", amount=3
    )
    say(box, name, 9999)
    refused(box, 409, "at most 9999", item_name=name, act="add")
    assert detail(box, name)["current"]["count"] == 9999


def test_correction_of_a_count_that_somebody_else_changed_is_noticed(box: Server, name: str) -> None:
    say(box, name, 3)
    assert act(box, "use", name, expected_count=3)["count_estimate"] == 2
    refused(box, 409, "there are 2 now, not 3", item_name=name, act="use", expected_count=3)
    late = {"item_name": name, "count_estimate": 7, "expected_count": 3}
    assert box.post("/v1/inventory/override", late).status == 409
    assert box.post("/v1/inventory/override", late | {"expected_count": 2}).status == 200
    assert detail(box, name)["current"]["count"] == 7


def test_two_people_who_use_the_last_one_at_once_do_not_both(box: Server, name: str) -> None:
    say(box, name, 1)
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: box.post(ACT, {"item_name": name, "act": "use"}).status, range(4)))
    assert sorted(answers) == [200, 409, 409, 409]
    assert detail(box, name)["current"]["count"] == 0


def test_two_corrections_of_what_both_saw_are_one(box: Server, name: str) -> None:
    say(box, name, 5)
    body = {"item_name": name, "act": "use", "expected_count": 5}
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda _: box.post(ACT, body).status, range(4)))
    assert sorted(answers) == [200, 409, 409, 409]
    assert detail(box, name)["current"]["count"] == 4


def test_audit_log_says_who_did_what(box: Server, name: str) -> None:
    act(box, "add", name, amount=2)
    newest = box.get("/v1/audit-log?limit=1").json["items"][0]
    assert (newest["actor"], newest["act"], newest["target"]) == ("key test", "stock.added", name)
    assert newest["details"] == {"count": 2}


@pytest.mark.slow
def test_acts_and_their_undoing_are_proven_by_check(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box:
        act(box, "add", "jam", amount=4, best_before="2027-01-01")
        act(box, "open", "jam")
        moved = act(box, "move", "jam", amount=2, to_place="Cellar")
        act(box, "use", "jam", place="Elsewhere")
        box.post(f"/v1/inventory/events/{moved['event_id']}/undo", {})
        act(box, "finish", "jam")
        assert box.command("check").strip() == "Sound."
