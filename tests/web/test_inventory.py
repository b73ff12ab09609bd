"""Reading the stock over HTTP: lists, sums, one item by any of its names, and what cannot be asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.server import Server

NAMES = [
    "Milk",
    "50/50 flour",
    "🫙 Gurken",
    "\u202e\u05d6\u05d9\u05ea\u05d9\u05dd",
    "=1+1",
    "a/history",
    "100% juice?x=1#y",
]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("inventory") / "data") as running:
        for number, name in enumerate(NAMES):
            say(running, name, number)
        say(running, "Milk", 5, "Fridge")
        say(running, "Melk", 2, "Fridge")
        running.post("/v1/inventory/merge", {"item_name": "Melk", "into": "Milk"})
        ask(running, "PATCH", "/v1/inventory/items/milk", {"aliases": ["Leche"], "brand": "Moo", "minimum": 9})
        yield running


def ask(box: Server, method: str, path: str, body: object = None) -> Any:
    answer = box.request(method, path, body, {"Authorization": f"Bearer {box.key}"})
    assert answer.status in {200, 201}, answer.body
    return answer.json


def say(box: Server, name: str, count: int, place: str = "Elsewhere") -> None:
    ask(box, "POST", "/v1/inventory/override", {"item_name": name, "count_estimate": count, "place": place})


def get(box: Server, path: str) -> Any:
    return ask(box, "GET", path)


# The list


def test_every_line_has_what_the_contract_names(box: Server) -> None:
    listed = get(box, "/v1/inventory")
    wanted = {"item_id", "canonical_name", "brand", "package_type", "category", "count_estimate", "confirmed_count"}
    wanted |= {"confidence", "last_seen_at", "is_manual", "notes", "place", "minimum", "note", "aliases", "is_low"}
    assert all(wanted <= set(line) for line in listed["items"])
    assert listed["total"] == len(listed["items"]) == len(NAMES) + 1
    assert listed["updated_at"] == max(line["updated_at"] for line in listed["items"])
    assert {line["canonical_name"] for line in listed["items"]} == set(NAMES)


def test_list_is_searched_narrowed_and_sorted(box: Server) -> None:
    milk = get(box, "/v1/inventory?q=LECHE")
    assert [(line["place"], line["count_estimate"]) for line in milk["items"]] == [("Elsewhere", 0), ("Fridge", 7)]
    assert milk["total"] == 2
    assert milk["items"][0]["aliases"] == ["Leche", "Melk"]
    assert get(box, "/v1/inventory?q=melk&place=fridge")["total"] == 1
    assert get(box, "/v1/inventory?q=%25")["total"] == 1
    assert get(box, "/v1/inventory?q=%20")["total"] == len(NAMES) + 1
    counts = [line["count_estimate"] for line in get(box, "/v1/inventory?sort=-count")["items"]]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("sort", ["name", "-name", "count", "-count", "confidence", "-last_seen", "updated"])
def test_pages_hold_every_line_once(box: Server, sort: str) -> None:
    found: list[Any] = []
    cursor = ""
    while True:
        page = get(box, f"/v1/inventory?limit=3&sort={sort}{cursor}")
        assert page["total"] == len(NAMES) + 1
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == get(box, f"/v1/inventory?sort={sort}")["items"]


@pytest.mark.parametrize(
    "query",
    [
        *("sort=size", "sort=--name", "sort=", "limit=0", "limit=1001", "limit=-5e36", "limit=x", "limit=1.5"),
        *("cursor=", "cursor=xx", "cursor=%00", "cursor=é", "cursor=W10", "cursor=" + "A" * 3000),
        "cursor=WyJuYW1lIiw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OSwxLDFd",  # a number that no column holds
        "q=" + "a" * 201,
    ],
)
def test_what_cannot_be_asked_of_the_list_is_refused(box: Server, query: str) -> None:
    answer = box.get(f"/v1/inventory?{quote(query, safe='=&%')}")
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_belongs_to_its_sorting(box: Server) -> None:
    cursor = get(box, "/v1/inventory?limit=1&sort=count")["next_cursor"]
    assert box.get(f"/v1/inventory?limit=1&sort=-count&cursor={cursor}").status == 422


def test_an_unknown_place_is_not_found(box: Server) -> None:
    answer = box.get("/v1/inventory?place=Attic")
    assert answer.status == 404
    assert "Fridge" in answer.json["detail"]


# Sums


def test_stats_are_per_item(box: Server) -> None:
    assert get(box, "/v1/inventory/stats") == {
        "total_items": len(NAMES),
        "items_in_stock": len(NAMES),
        "items_out_of_stock": 0,
        "total_quantity": 7 + sum(range(1, len(NAMES))),
        "avg_confidence": 1.0,
        "confidence_breakdown": {"high": len(NAMES), "medium": 0, "low": 0},
    }


def test_low_stock_is_by_threshold_or_own_minimum(box: Server) -> None:
    low = get(box, "/v1/inventory/low-stock")
    assert (low["threshold"], low["item_count"]) == (1, 2)
    assert [(item["name"], item["count"]) for item in low["items"]] == [("50/50 flour", 1), ("Milk", 7)]
    assert {"name", "brand", "count", "confidence", "last_seen_at"} <= set(low["items"][0])
    more = get(box, "/v1/inventory/low-stock?threshold=3&limit=2")
    assert (more["item_count"], len(more["items"])) == (4, 2)
    rest = get(box, f"/v1/inventory/low-stock?threshold=3&limit=2&cursor={more['next_cursor']}")
    assert [item["name"] for item in rest["items"]][-1] == "Milk"
    assert rest["next_cursor"] is None


def test_nothing_is_stale_that_somebody_spoke_of_today(box: Server) -> None:
    stale = get(box, "/v1/inventory/stale-items")
    assert stale == {"threshold_days": 7, "item_count": 0, "items": [], "next_cursor": None}


def test_recent_changes_are_counted_and_paged(box: Server) -> None:
    changes = get(box, "/v1/inventory/recent-changes")
    assert (changes["hours"], changes["event_type_filter"]) == (24, None)
    assert changes["event_count"] == len(changes["changes"]) == len(NAMES) + 4
    wanted = {"timestamp", "item_name", "event_type", "delta", "capture_id", "event_id", "place", "confidence"}
    assert all(wanted | {"count_after"} <= set(change) for change in changes["changes"])
    ids = [change["event_id"] for change in changes["changes"]]
    assert ids == sorted(ids, reverse=True)
    first = get(box, "/v1/inventory/recent-changes?limit=4")
    assert first["event_count"] == changes["event_count"]
    second = get(box, f"/v1/inventory/recent-changes?limit=1000&cursor={first['next_cursor']}")
    assert first["changes"] + second["changes"] == changes["changes"]
    merged = get(box, "/v1/inventory/recent-changes?event_type=merged")
    assert (merged["event_type_filter"], merged["event_count"]) == ("merged", 2)


@pytest.mark.parametrize(
    "path",
    [
        *("low-stock?threshold=-1", "low-stock?threshold=10000", "low-stock?threshold=1.5", "low-stock?limit=-5e36"),
        *("low-stock?min_confidence=1.1", "low-stock?min_confidence=-0.1", "low-stock?min_confidence=nan"),
        *("low-stock?cursor=W10", "stale-items?cursor=xx", "recent-changes?cursor=WzEsMiwzXQ"),
        *("stale-items?days_threshold=0", "stale-items?days_threshold=3651", "stale-items?days_threshold=-5e36"),
        *("recent-changes?hours=0", "recent-changes?hours=8761", "recent-changes?event_type=gone"),
        *("items/milk/history?days=0", "items/milk/history?days=3651", "items/milk/history?limit=0"),
        *("export?format=xml", "export?include_history=perhaps"),
    ],
)
def test_numbers_out_of_range_are_refused(box: Server, path: str) -> None:
    assert box.get(f"/v1/inventory/{path}").status == 422


# One item


@pytest.mark.parametrize("name", NAMES)
def test_an_item_is_found_by_its_name_with_slashes_and_all(box: Server, name: str) -> None:
    path = f"/v1/inventory/items/{quote(name, safe='')}"
    assert get(box, path)["canonical_name"] == name
    assert get(box, f"{path}/history")["item"]["canonical_name"] == name


@pytest.mark.parametrize("name", ["milk", "MILK", "%20Milk%20", "leche", "mELK"])
def test_an_item_is_found_in_any_case_by_alias_and_by_what_was_merged(box: Server, name: str) -> None:
    assert get(box, f"/v1/inventory/items/{name}")["canonical_name"] == "Milk"
    assert get(box, f"/v1/inventory/items/{name}/history")["total_events"] == 5


def test_slashes_may_be_sent_as_they_are(box: Server) -> None:
    assert get(box, "/v1/inventory/items/50/50%20flour")["canonical_name"] == "50/50 flour"
    assert get(box, "/v1/inventory/items/50/50%20flour/history")["item"]["canonical_name"] == "50/50 flour"
    assert get(box, "/v1/inventory/items/a/history/history")["item"]["canonical_name"] == "a/history"


@pytest.mark.parametrize("name", ["nothing", "%00", "%ff", "..%2f..%2fetc", "a", "%F0%9F", "milk/x"])
def test_an_unknown_item_is_not_found(box: Server, name: str) -> None:
    assert box.get(f"/v1/inventory/items/{name}").status == 404
    assert box.get(f"/v1/inventory/items/{name}/history").status == 404


def test_history_is_what_the_contract_names(box: Server) -> None:
    told = get(box, "/v1/inventory/items/milk/history")
    assert told["item"] == {"canonical_name": "Milk", "brand": "Moo", "package_type": None}
    assert {"count", "confidence", "last_seen_at", "is_manual"} == set(told["current"])
    assert told["current"]["count"] == 7 == sum(line["delta"] for line in told["history"])
    assert told["history"][0]["count"] == 7
    assert all({"date", "count", "event_type", "delta", "details"} == set(line) for line in told["history"])
    details = told["history"][-1]["details"]
    assert (details["place"], details["said_by"], details["undone"]) == ("Elsewhere", "key test", False)
    page = get(box, "/v1/inventory/items/milk/history?limit=2")
    rest = get(box, f"/v1/inventory/items/milk/history?limit=1000&cursor={page['next_cursor']}")
    assert page["history"] + rest["history"] == told["history"]


def test_an_item_tells_everything_of_itself(box: Server) -> None:
    told = get(box, "/v1/inventory/items/milk")
    assert (told["brand"], told["minimum"], told["aliases"], told["is_low"]) == ("Moo", 9, ["Leche", "Melk"], True)
    assert (told["current"]["count"], told["days_until_empty"]) == (7, None)
    assert [(line["place"], line["count_estimate"]) for line in told["places"]] == [("Elsewhere", 0), ("Fridge", 7)]


def test_names_are_told_as_they_were_sent(box: Server) -> None:
    body = box.get("/v1/inventory").body
    assert {line["canonical_name"] for line in json.loads(body)["items"]} == set(NAMES)


@pytest.mark.slow
def test_an_empty_box_has_nothing_and_says_so(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as empty:
        listed = {"items": [], "updated_at": None, "total": 0, "next_cursor": None}
        assert get(empty, "/v1/inventory") == listed
        stats = get(empty, "/v1/inventory/stats")
        assert (stats["total_items"], stats["avg_confidence"]) == (0, 0.0)
        assert get(empty, "/v1/inventory/export")["items"] == []
        assert empty.get("/v1/inventory/export?format=csv").body.count(b"\r\n") == 1
        assert get(empty, "/v1/shopping-list") == {"items": [], "total": 0, "next_cursor": None}
