"""The one question: asked over HTTP and on the page, answered with a tap, never a nuisance."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from pantrybox.clock import DAY_MS, HOUR_MS, wall_clock_ms
from tests.server import Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

# The box looks at photographs here: seconds each.
pytestmark = pytest.mark.slow

QUESTION = "/v1/inventory/question"
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """A box that has seen one photograph, of the place "Shelf"."""
    with Server(tmp_path_factory.mktemp("questions") / "data") as server:
        assert server.upload(demo_photographs[0].read_bytes(), server.add_device()).status == 201
        server.wait_until_analysed()
        yield server


@pytest.fixture(autouse=True)
def _nothing_asked_yet(box: Server) -> None:
    """Whatever other tests left behind is sure, and was asked for long ago."""
    change(box, "UPDATE questions SET answered_at_ms = 0")
    change(box, "UPDATE inventory_state SET confidence = 1, hidden_count = 0, behind_item_id = NULL")


def change(box: Server, sql: str, **parameters: object) -> None:
    with closing(sqlite3.connect(box.data / "pantrybox.db", timeout=10)) as database, database:
        database.execute(sql, parameters)


def doubt(box: Server, name: str, count: int, confidence: float = 0.55, **more: object) -> int:
    """Let the box be unsure of a count since some hours; the item's id."""
    answer = box.post("/v1/inventory/override", {"item_name": name, "count_estimate": count, "place": "Shelf"})
    assert answer.status == 200, answer.body
    item_id = answer.json["item_id"]
    columns = {"confidence": confidence, "is_manual": 0, "last_seen_at_ms": wall_clock_ms() - 3 * DAY_MS} | more
    columns["updated_at_ms"] = wall_clock_ms() - HOUR_MS
    for column, value in columns.items():
        change(box, f"UPDATE inventory_state SET {column} = :value WHERE item_id = :id", value=value, id=item_id)  # noqa: S608
    return item_id


def asked(box: Server) -> Any:
    answer = box.get(QUESTION)
    assert answer.status == 200, answer.body
    return answer.json["question"]


def reply(box: Server, item_id: int, answer: str, **more: object) -> Any:
    said = box.post(QUESTION, {"item_id": item_id, "place": "Shelf", "answer": answer, **more})
    assert said.status == 200, said.body
    return said.json


def count_of(box: Server, item_id: int) -> int:
    lines = box.get("/v1/inventory?limit=1000").json["items"]
    return next(line["count_estimate"] for line in lines if line["item_id"] == item_id)


# The API


def test_nothing_is_asked_while_nothing_is_in_doubt(box: Server) -> None:
    assert asked(box) is None


def test_question_says_what_it_is_about_and_what_can_be_answered(box: Server) -> None:
    item_id = doubt(box, "Jam", 1)
    question = asked(box)
    newest = box.get("/v1/captures?limit=1").json["items"][0]["id"]
    assert question["text"] == "Is the Jam gone?"
    assert (question["item_id"], question["item_name"], question["place"]) == (item_id, "Jam", "Shelf")
    assert (question["shown_count"], question["confidence"], question["capture_id"]) == (1, 0.55, newest)
    assert question["last_seen_at"] is not None
    assert question["choices"] == [
        {"answer": "gone", "text": "Yes, gone", "count_estimate": 0},
        {"answer": "right", "text": "Still there", "count_estimate": 1},
        {"answer": "later", "text": "Not now", "count_estimate": None},
    ]


def test_asking_writes_nothing(box: Server) -> None:
    doubt(box, "Jam", 1)
    before = [file.read_bytes() for file in sorted(box.data.glob("pantrybox.db*")) if not file.name.endswith("-shm")]
    assert asked(box) == asked(box)
    assert box.request("GET", "/", headers={"Authorization": f"Bearer {box.key}"}).status == 200
    after = [file.read_bytes() for file in sorted(box.data.glob("pantrybox.db*")) if not file.name.endswith("-shm")]
    assert before == after


@pytest.mark.parametrize(
    ("answer", "more", "count"),
    [("gone", {}, 0), ("right", {}, 2), ("right", {"count_estimate": 2}, 2), ("count", {"count_estimate": 5}, 5)],
)
def test_answer_is_a_persons_word_and_can_be_taken_back(
    box: Server, answer: str, more: dict[str, int], count: int
) -> None:
    item_id = doubt(box, "Milk", 2)
    heard = reply(box, item_id, answer, **more)
    assert heard["message"] == f"Milk: {count}."
    line = next(one for one in box.get("/v1/inventory?q=milk").json["items"] if one["item_id"] == item_id)
    assert (line["count_estimate"], line["confidence"], line["is_manual"]) == (count, 1.0, True)
    written = box.get("/v1/inventory/items/Milk/history").json["history"][0]
    assert (written["details"]["event_id"], written["event_type"]) == (heard["event_id"], "manual_override")
    assert written["details"]["more"]["question"] >= 1
    if count != 2:
        assert box.post(f"/v1/inventory/events/{heard['event_id']}/undo", {}).status == 200
        assert count_of(box, item_id) == 2


def test_question_that_is_put_off_changes_no_count_and_brings_peace(box: Server) -> None:
    item_id, _ = doubt(box, "Tea", 1), doubt(box, "Salt", 1)
    heard = reply(box, item_id, "later")
    assert heard["event_id"] is None
    assert count_of(box, item_id) == 1
    assert asked(box) is None
    change(box, "UPDATE questions SET answered_at_ms = answered_at_ms - :hour WHERE answered_at_ms > 0", hour=HOUR_MS)
    assert asked(box)["item_name"] == "Salt", "an hour later, about another thing"


def test_three_answers_are_enough_for_a_day(box: Server) -> None:
    for number in range(3):
        reply(box, doubt(box, f"Tin {number}", 1), "right")
    doubt(box, "Tin 9", 1)
    change(box, "UPDATE questions SET answered_at_ms = answered_at_ms - :ms WHERE answered_at_ms > 0", ms=5 * HOUR_MS)
    assert asked(box) is None
    change(box, "UPDATE questions SET answered_at_ms = answered_at_ms - :ms WHERE answered_at_ms > 0", ms=DAY_MS)
    assert asked(box) is not None


def test_answer_to_what_is_not_asked_any_more_counts_all_the_same_and_says_so(box: Server) -> None:
    item_id = doubt(box, "Rice", 1, confidence=1.0)
    heard = reply(box, item_id, "gone")
    assert heard["message"] == "Rice was not asked about any more. It counts all the same: 0."
    assert count_of(box, item_id) == 0


def test_what_people_put_where_no_camera_looks_is_not_asked_about(box: Server) -> None:
    said = box.post("/v1/inventory/override", {"item_name": "Wine", "count_estimate": 1, "place": "Cellar"}).json
    change(
        box,
        "UPDATE inventory_state SET confidence = 0.4, is_manual = 0, updated_at_ms = 0 WHERE item_id = :id",
        id=said["item_id"],
    )
    assert asked(box) is None


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"item_id": 999_999}, 404),
        ({"place": "Attic"}, 404),
        ({"place": "Cellar"}, 404),  # there is such a place, and it is not there
        ({"answer": "perhaps"}, 422),
        ({"answer": "count"}, 422),
        ({"answer": "count", "count_estimate": -1}, 422),
        ({"answer": "count", "count_estimate": 10_000}, 422),
        ({"answer": "count", "count_estimate": 1.5}, 422),
        ({"item_id": 2**70}, 422),
        ({"item_id": 0}, 422),
    ],
)
def test_answer_that_makes_no_sense_is_refused(box: Server, wrong: dict[str, object], status: int) -> None:
    box.post("/v1/inventory/override", {"item_name": "Wine", "count_estimate": 1, "place": "Cellar"})
    item_id = doubt(box, "Oil", 1)
    assert box.post(QUESTION, {"item_id": item_id, "place": "Shelf", "answer": "gone", **wrong}).status == status
    assert count_of(box, item_id) == 1


def test_who_may_only_look_sees_the_question_and_answers_nothing(box: Server) -> None:
    item_id = doubt(box, "Honey", 1)
    key = {"Authorization": "Bearer " + box.command("key", "create", "reader", "--scope", "read").strip()}
    assert box.request("GET", QUESTION, headers=key).json["question"]["item_id"] == item_id
    body = {"item_id": item_id, "place": "Shelf", "answer": "gone"}
    assert box.request("POST", QUESTION, body, key).status == 403


def test_what_is_hidden_and_behind_what_is_in_the_list(box: Server) -> None:
    flour = doubt(box, "Flour", 1, confidence=1.0)
    doubt(box, "Jelly", 2, hidden_count=1, behind_item_id=flour)
    (line,) = box.get("/v1/inventory?q=jelly").json["items"]
    assert (line["hidden_count"], line["behind"]) == (1, "Flour")
    box.post("/v1/inventory/merge", {"item_name": "Flour", "into": "Wheat flour"})
    box.post("/v1/inventory/override", {"item_name": "Wheat flour", "count_estimate": 1, "place": "Shelf"})
    assert box.post("/v1/inventory/merge", {"item_name": "Flour", "into": "Wheat flour"}).status == 200
    (line,) = box.get("/v1/inventory?q=jelly").json["items"]
    assert line["behind"] == "Wheat flour"


# The page


def opened(window: OpenWindow, box: Server, **options: Any) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open()
    return phone


def card(phone: Window) -> Locator:
    return phone.page.locator(".question")


def line_of(phone: Window, name: str) -> Locator:
    return phone.page.locator(".here .item:not(.gone)").filter(has_text=re.compile(name, re.IGNORECASE))


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_tap_answers_the_count_changes_and_the_card_goes(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    name = f"Marmalade {scripts}"
    item_id, _ = doubt(box, name, 1, confidence=0.4), doubt(box, "Another doubt", 1, confidence=0.5)
    phone = opened(window, box, java_script_enabled=scripts)
    expect(card(phone).get_by_role("heading")).to_have_text(re.compile(f"Is the .*{name}.* gone?"))
    if scripts:
        expect(phone.page.locator("live-state")).to_have_text("Live")
        phone.page.evaluate("window.__same = 1")
    expect(line_of(phone, name)).to_contain_text("perhaps 1 · last seen")
    card(phone).get_by_role("button", name="Yes, gone").tap()
    expect(card(phone)).to_have_count(0)
    expect(line_of(phone, name)).to_have_count(0)
    assert count_of(box, item_id) == 0
    assert phone.page.url == box.url + "/"
    if scripts:
        assert phone.page.evaluate("window.__same") == 1, "no reload"


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_another_number_can_be_said(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    name = f"Beans {scripts}"
    doubt(box, name, 2)
    phone = opened(window, box, java_script_enabled=scripts)
    card(phone).get_by_text("Another number").tap()
    number = card(phone).get_by_label("How many there are")
    expect(number).to_have_value("2")
    if scripts:
        card(phone).get_by_role("button", name="One more").tap()
    else:
        number.fill("3")
    card(phone).get_by_role("button", name="Save").tap()
    expect(card(phone)).to_have_count(0)
    expect(line_of(phone, name).locator("live-count")).to_have_text("3")


@pytest.mark.browser
def test_half_an_answer_survives_a_new_photograph_and_the_card_goes_when_the_doubt_does(
    window: OpenWindow, box: Server
) -> None:
    item_id = doubt(box, "Peas", 2)
    phone = opened(window, box)
    expect(phone.page.locator("live-state")).to_have_text("Live")
    card(phone).get_by_text("Another number").tap()
    card(phone).get_by_role("button", name="One more").tap()
    with phone.page.expect_response("**/fragments/stock"):
        box.post("/v1/inventory/override", {"item_name": "News", "count_estimate": 1})
    expect(line_of(phone, "News")).to_be_visible()
    expect(card(phone).get_by_label("How many there are")).to_have_value("3")
    expect(card(phone).get_by_role("button", name="One more")).to_have_count(1)
    change(box, "UPDATE inventory_state SET confidence = 1 WHERE item_id = :id", id=item_id)
    box.post("/v1/inventory/override", {"item_name": "News", "count_estimate": 2})
    expect(card(phone)).to_have_count(0)


@pytest.mark.browser
def test_not_now_is_taken_for_an_answer_and_the_photograph_is_a_tap_away(window: OpenWindow, box: Server) -> None:
    item_id = doubt(box, "Coffee", 1)
    phone = opened(window, box)
    capture_id = asked(box)["capture_id"]
    expect(card(phone).get_by_role("link")).to_have_attribute("href", f"/captures/{capture_id}")
    card(phone).get_by_role("button", name="Not now").tap()
    expect(card(phone)).to_have_count(0)
    expect(line_of(phone, "Coffee").locator("live-count")).to_have_text("1")
    assert count_of(box, item_id) == 1


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_answer_that_is_refused_says_why(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    doubt(box, "Sugar", 1)
    phone = opened(window, box, java_script_enabled=scripts)
    card(phone).locator("input[name=place]").first.evaluate("input => (input.value = 'Attic')")
    card(phone).get_by_role("button", name="Yes, gone").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text("There is no place called Attic.")
    phone.forgive("404")
    phone.forgive("Response Status Error Code")


@pytest.mark.browser
@pytest.mark.parametrize("name", ["Strawberry jam", *ODD_NAMES.values()], ids=["plain", *ODD_NAMES])
def test_card_and_doubts_fit_a_phone_by_day_and_night(window: OpenWindow, box: Server, name: str) -> None:
    front = doubt(box, "Flour & <b>bran</b>", 1, confidence=1.0)
    doubt(box, name, 2, confidence=0.62, hidden_count=1, behind_item_id=front)
    phone = opened(window, box)
    expect(phone.page.locator("live-state")).to_have_text("Live")
    expect(line_of(phone, re.escape(name[:20]))).to_contain_text(
        re.compile(r"perhaps 2 · 1 of them behind the .?Flour & <b>bran</b>.?, last seen 3 days ago")
    )
    card(phone).get_by_text("Another number").tap()
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        if name == "Strawberry jam":
            phone.page.screenshot(path=SCREENSHOTS / f"question-390-{scheme}.png", full_page=True)
    assert phone.small_targets() == []
    assert phone.unnamed_controls() == []
    phone.page.set_viewport_size({"width": 320, "height": 640})
    assert phone.fits()
