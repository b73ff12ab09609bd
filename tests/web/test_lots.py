"""Best-before dates over HTTP: said, corrected, forgotten, listed, and what is to be used soon."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pantrybox.clock import local_date, wall_clock_ms
from tests.server import Answer, Server


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("lots") / "data") as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"thing of {request.node.name}"[:200]


def in_days(days: int) -> str:
    return (local_date(wall_clock_ms()) + timedelta(days=days)).isoformat()


def post(box: Server, path: str, **body: object) -> Any:
    answer = box.post(f"/v1/inventory/{path}", body)
    assert answer.status == 200, answer.body
    return answer.json


def change(box: Server, method: str, lot_id: int, body: object = None) -> Answer:
    return box.request(method, f"/v1/inventory/lots/{lot_id}", body, {"Authorization": f"Bearer {box.key}"})


def lots(box: Server, name: str) -> list[Any]:
    return box.get(f"/v1/inventory/lots?limit=1000&item_name={quote(name)}").json["items"]


def soon(box: Server, days: int, *names: str) -> list[Any]:
    listed = box.get(f"/v1/inventory/use-soon?days={days}&limit=1000").json
    assert listed["days"] == days
    assert listed["item_count"] == len(listed["items"])
    return [item for item in listed["items"] if item["name"] in names]


def test_date_of_what_is_there_is_said_listed_corrected_and_forgotten(box: Server, name: str) -> None:
    post(box, "override", item_name=name, count_estimate=4, place="Shelf")
    said = post(box, "lots", item_name=name, count=3, best_before=in_days(5))
    (lot,) = said["lots"]
    assert {
        "item_name": name,
        "place": "Shelf",
        "count": 3,
        "best_before": in_days(5),
        "days_left": 5,
    }.items() <= lot.items()
    assert (lot["opened_at"], lot["added_by"]) == (None, "key test")
    corrected = change(box, "PATCH", lot["lot_id"], {"count": 2, "best_before": in_days(-1), "opened": True})
    assert corrected.status == 200
    assert [(one["count"], one["days_left"]) for one in corrected.json["lots"]] == [(1, -1), (1, -1)]
    assert [one["opened_at"] is None for one in corrected.json["lots"]] == [True, False]
    assert lots(box, name) == corrected.json["lots"]
    assert change(box, "DELETE", lot["lot_id"]).json["lots"] == corrected.json["lots"][1:]
    assert change(box, "DELETE", lot["lot_id"]).status == 404
    assert change(box, "PATCH", lot["lot_id"], {}).status == 404


def test_an_empty_correction_changes_nothing(box: Server, name: str) -> None:
    post(box, "act", item_name=name, act="add", best_before=in_days(5))
    before = lots(box, name)
    assert change(box, "PATCH", before[0]["lot_id"], {}).json["lots"] == before


def test_no_more_gets_a_date_than_is_there(box: Server, name: str) -> None:
    post(box, "override", item_name=name, count_estimate=2)
    answer = box.post("/v1/inventory/lots", {"item_name": name, "count": 3, "best_before": in_days(1)})
    assert (answer.status, answer.json["detail"]) == (409, "There are 2 there. Set the count first.")
    assert lots(box, name) == []


@pytest.mark.parametrize(
    "body",
    [
        {"count": 0, "best_before": "2027-01-01"},
        {"count": 1.5, "best_before": "2027-01-01"},
        {"count": 10_000, "best_before": "2027-01-01"},
        {"count": 1, "best_before": "2027-13-01"},
        {"count": 1, "best_before": "01.01.2027"},
        {"count": 1, "best_before": None},
        {"count": 1},
        {"best_before": "2027-01-01"},
    ],
    ids=repr,
)
def test_what_is_no_date_or_no_count_is_refused(box: Server, body: dict[str, object]) -> None:
    post(box, "override", item_name="Refusals", count_estimate=2)
    answer = box.post("/v1/inventory/lots", {"item_name": "Refusals", **body})
    assert answer.status == 422
    assert answer.json["detail"]
    assert lots(box, "Refusals") == []


@pytest.mark.parametrize("lot_id", ["0", "-1", str(2**70), "999999"])
def test_lot_that_is_not_there_is_not_found(box: Server, lot_id: str) -> None:
    assert change(box, "DELETE", lot_id).status in {404, 422}  # pyright: ignore[reportArgumentType]


def test_unknown_item_and_place_are_not_found(box: Server, name: str) -> None:
    assert box.get("/v1/inventory/lots?item_name=nothing+of+the+kind").status == 404
    dated = {"item_name": name, "count": 1, "best_before": "2027-01-01"}
    assert box.post("/v1/inventory/lots", dated).status == 404
    post(box, "override", item_name=name, count_estimate=2)
    assert box.post("/v1/inventory/lots", dated | {"place": "nowhere of the kind"}).status == 404


def test_what_ends_soon_is_past_or_open_comes_earliest_first(box: Server, name: str) -> None:
    past, today, week, later = (f"{name} {which}" for which in ("past", "today", "week", "later"))
    for which, days in ((week, 7), (later, 8), (past, -3), (today, 0)):
        post(box, "act", item_name=which, act="add", amount=2, best_before=in_days(days))
    post(box, "override", item_name=f"{name} undated", count_estimate=1)
    names = (past, today, week, later, f"{name} undated")
    assert [(item["name"], item["days_left"]) for item in soon(box, 7, *names)] == [(past, -3), (today, 0), (week, 7)]
    assert [item["name"] for item in soon(box, 0, *names)] == [past, today]
    post(box, "act", item_name=f"{name} undated", act="open")
    post(box, "act", item_name=later, act="open")
    listed = soon(box, 7, *names)
    assert [(item["name"], item["count"]) for item in listed[3:]] == [(later, 1), (f"{name} undated", 1)]
    assert (listed[4]["best_before"], listed[4]["days_left"]) == (None, None)
    assert listed[4]["opened_at"]


def test_lists_are_read_page_by_page(box: Server, name: str) -> None:
    for days in range(5):
        post(box, "act", item_name=f"{name} {days % 2}", act="add", best_before=in_days(days % 3))
    for path in ("lots", "use-soon"):
        whole = box.get(f"/v1/inventory/{path}?limit=1000").json["items"]
        pages: list[Any] = []
        cursor = ""
        while True:
            page = box.get(f"/v1/inventory/{path}?limit=2{cursor}").json
            pages += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert pages == whole


@pytest.mark.parametrize("query", ["days=-1", "days=3651", "limit=0", "limit=1001", "cursor=nonsense", "days=x"])
def test_what_cannot_be_asked_is_refused(box: Server, query: str) -> None:
    assert box.get(f"/v1/inventory/use-soon?{query}").status in {400, 422}


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_days_are_those_of_the_house(tmp_path: Path, zone: str) -> None:
    with Server(tmp_path / "data", environment={"TZ": zone}) as box:
        now = box.post("/v1/inventory/act", {"item_name": "jam", "act": "add", "best_before": "2999-12-31"})
        assert now.status == 200
        (lot,) = lots(box, "jam")
        hours = {"Pacific/Kiritimati": 14, "Pacific/Niue": -11}[zone]
        there = (wall_clock_ms() + hours * 3_600_000) // 86_400_000
        assert abs(lot["days_left"] - ((date(2999, 12, 31) - date(1970, 1, 1)).days - there)) == 0
