"""Every number leads to its proof: over HTTP and on the page of an item, a box that has seen, heard and lost things."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from pantrybox.clock import HOUR_MS, to_rfc3339, wall_clock_ms
from pantrybox.web.addresses import asked_for, item_path
from tests.server import Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

# The box looks at photographs here: seconds each.
pytestmark = pytest.mark.slow

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """It saw the demo until the stone jar came to stand before a cup, two hours between photographs."""
    story = json.loads((demo_photographs[0].parent / "truth.json").read_text())["photographs"]
    with Server(tmp_path_factory.mktemp("why") / "data") as server:
        token = server.add_device()
        for hours_ago, scene in zip(range(18, 0, -2), story, strict=False):
            photograph = (demo_photographs[0].parent / scene["file"]).read_bytes()
            at = to_rfc3339(wall_clock_ms() - hours_ago * HOUR_MS)
            sent = server.upload(photograph, token, x_captured_at=at, x_trigger_type=scene["trigger"])
            assert sent.status == 201
            server.wait_until_analysed()
        yield server


def why(box: Server, name: str) -> Any:
    answer = box.get(f"/v1/inventory/items/{quote(name, safe='')}/why")
    assert answer.status == 200, answer.body
    return answer.json


def at(box: Server, name: str, place: str) -> Any:
    return next(one for one in why(box, name)["places"] if one["place"] == place)


def say(box: Server, name: str, count: int, place: str = "Cellar") -> None:
    said = box.post("/v1/inventory/override", {"item_name": name, "count_estimate": count, "place": place})
    assert said.status == 200, said.body


# The API


def test_what_is_seen_leads_to_the_photograph_the_box_the_score_and_the_model(box: Server) -> None:
    told = why(box, "APPLE")
    assert set(told["item"]) == {"item_id", "canonical_name", "brand", "package_type"}
    (shelf,) = told["places"]
    line = next(one for one in box.get("/v1/inventory").json["items"] if one["canonical_name"] == "apple")
    assert (shelf["place"], shelf["count"]) == ("Shelf", 2)
    assert all(shelf[name] == line[name] for name in ("confidence", "confirmed_count"))
    assert sum(one["probability"] for one in shelf["probabilities"]) == pytest.approx(1, abs=1e-4)
    likeliest = max(shelf["probabilities"], key=lambda one: one["probability"])
    assert (likeliest["count"], likeliest["probability"]) == (shelf["count"], shelf["confidence"])
    newest = box.get("/v1/captures?limit=1").json["items"][0]["id"]
    assert [unit["state"] for unit in shelf["units"]] == ["seen", "seen"]
    for unit in shelf["units"]:
        photograph = unit["photograph"]
        assert unit["sentence"].startswith("Seen in this photograph, ")
        assert unit["chance"] > 0.9
        assert (photograph["capture_id"], photograph["item_name"], unit["camera"]) == (newest, "apple", "shelf")
        detections = {one["id"]: one for one in box.get(f"/v1/captures/{newest}").json["detections"]}
        detection = detections[photograph["detection_id"]]
        assert [*photograph["box"], photograph["score"]] == pytest.approx([*detection["box"], detection["score"]])
        assert photograph["model"] == box.get(f"/v1/captures/{newest}").json["observation"]["model"]
        crop = f"/v1/captures/{newest}/detections/{photograph['detection_id']}/image"
        assert box.get(crop).headers["content-type"] == "image/jpeg"
    assert 0 < shelf["rates"]["missed"] < 0.5
    assert shelf["told"] is None
    assert shelf["events"][0]["count"] == shelf["confirmed_count"]
    assert all(event["capture_id"] for event in shelf["events"])


def test_what_stands_behind_something_says_behind_what_and_since_when(box: Server) -> None:
    cup = at(box, "cup", "Shelf")
    assert cup["count"] == 2
    hidden = next(unit for unit in cup["units"] if unit["state"] == "hidden")
    assert hidden["behind"] == "vase"
    assert hidden["sentence"].startswith("Behind the vase since ")
    assert hidden["looked_in"]["capture_id"] == box.get("/v1/captures?limit=1").json["items"][0]["id"]
    assert hidden["photograph"]["captured_at"] < hidden["looked_in"]["captured_at"]


def test_what_vanished_says_that_its_place_is_empty(box: Server, demo_photographs: list[Path]) -> None:
    with Server(box.data.parent / "vanished") as other:
        token = other.add_device()
        for path in (demo_photographs[2], demo_photographs[3]):
            assert other.upload(path.read_bytes(), token).status == 201
            other.wait_until_analysed()
        bottle = at(other, "bottle", "Shelf")
        taken = [unit for unit in bottle["units"] if unit["state"] == "taken"]
        assert [unit["sentence"] for unit in taken] == ["Probably taken: its place is empty"]
        before, after = taken[0]["photograph"]["capture_id"], taken[0]["looked_in"]["capture_id"]
        assert [before, after] == [one["id"] for one in reversed(other.get("/v1/captures").json["items"])]
        assert sum(unit["state"] == "seen" for unit in bottle["units"]) == 4


def test_what_somebody_said_leads_to_who_and_when(box: Server) -> None:
    say(box, "Jam", 3)
    cellar = at(box, "jam", "Cellar")
    (unit,) = cellar["units"]
    assert (unit["state"], unit["count"], unit["chance"], unit["photograph"]) == ("told", 3, 1.0, None)
    assert unit["sentence"] == "You said so today"
    assert (cellar["told"]["count"], cellar["told"]["said_by"]) == (3, "key test")
    assert cellar["told"]["said_at"] == cellar["events"][0]["date"]
    assert (cellar["events"][0]["said_by"], cellar["events"][0]["capture_id"]) == ("key test", None)
    other = box.post("/v1/keys", {"name": "Home", "scope": "read"}).json["key"]
    asked = box.request("GET", "/v1/inventory/items/jam/why", headers={"Authorization": f"Bearer {other}"})
    assert asked.json["places"][0]["units"][0]["sentence"] == "key test said so today"


def test_line_that_was_taken_back_says_so(box: Server) -> None:
    say(box, "Rice", 3)
    event = at(box, "Rice", "Cellar")["events"][0]["event_id"]
    assert box.post(f"/v1/inventory/events/{event}/undo", {}).status == 200
    cellar = at(box, "Rice", "Cellar")
    assert [line["undone"] for line in cellar["events"]] == [False, True]
    assert (cellar["count"], cellar["units"], cellar["told"]["count"]) == (0, [], 0)


def test_item_that_nobody_counted_has_no_place(box: Server) -> None:
    assert box.post("/v1/inventory/items", {"canonical_name": "Saffron"}).status == 201
    assert why(box, "saffron")["places"] == []


@pytest.mark.parametrize("name", ["a/b", "a/history", "a/why", "why", "50 % off?", "🥫 tins", *ODD_NAMES.values()])
def test_why_is_asked_of_any_name(box: Server, name: str) -> None:
    say(box, name, 1)
    assert why(box, name)["item"]["canonical_name"] == name
    assert box.get("/v1/inventory/items/" + quote(name, safe="")).json["canonical_name"] == name


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("milk", ("milk", "item")),
        ("milk/why", ("milk", "why")),
        ("why", ("why", "item")),
        ("a%2Fwhy", ("a/why", "item")),
        ("a/b/history", ("a/b", "history")),
        ("a/why/history", ("a/why", "history")),
        ("a/history/why", ("a/history", "why")),
    ],
)
def test_path_is_read_before_it_is_decoded(path: str, asked: tuple[str, str]) -> None:
    assert asked_for("/v1/inventory/items/" + path) == asked


@pytest.mark.parametrize("name", ["nothing", "%00", "%ff", "milk/x"])
def test_why_of_an_unknown_item_is_not_found(box: Server, name: str) -> None:
    assert box.get(f"/v1/inventory/items/{name}/why").status == 404


def test_why_is_only_read(box: Server) -> None:
    headers = {"Authorization": f"Bearer {box.key}"}
    assert box.request("PATCH", "/v1/inventory/items/apple/why", {"minimum": 2}, headers).status == 405


# The page


def on_why(window: OpenWindow, box: Server, name: str, **options: Any) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open(item_path(name) + "#why")
    return phone


def unfolded(phone: Window) -> Locator:
    """The reasons, after a tap on the question."""
    phone.page.locator("#why summary").first.click()
    return phone.page.locator("#why .reason")


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_page_shows_each_unit_and_leads_to_its_photograph(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    phone = on_why(window, box, "cup", java_script_enabled=scripts)
    page = phone.page
    expect(page.locator("#why")).to_be_in_viewport()
    expect(page.locator("#why summary")).to_have_text("Why 2?")
    expect(page.locator("#why .reason").first).to_be_hidden()
    reasons = unfolded(phone)
    expect(reasons).to_have_count(2)
    expect(reasons.filter(has_text="Seen in this photograph")).to_have_count(1)
    hidden = reasons.filter(has_text="Behind the")
    expect(hidden).to_contain_text("picodet416")
    hidden.get_by_role("link", name="Seen here").click()
    expect(page.get_by_role("heading", name="What was seen")).to_be_visible()


@pytest.mark.browser
def test_crops_are_fetched_only_when_somebody_asks(window: OpenWindow, box: Server) -> None:
    phone = window(box.url)
    phone.sign_in(box)
    fetched: list[str] = []
    phone.page.on("request", lambda request: fetched.append(request.url))
    phone.open(item_path("orange") + "#why")
    phone.page.wait_for_load_state("networkidle")
    assert not any("/detections/" in url for url in fetched)
    unfolded(phone)
    crop = phone.page.locator("#why img.crop").first
    expect(crop).to_have_js_property("complete", value=True)
    assert crop.evaluate("image => image.naturalWidth") > 0
    assert phone.page.locator("#why img.crop").count() >= 4


@pytest.mark.browser
def test_deleted_photograph_leaves_its_words(window: OpenWindow, box: Server, demo_photographs: list[Path]) -> None:
    with Server(box.data.parent / "deleted") as other:
        assert other.upload(demo_photographs[0].read_bytes(), other.add_device()).status == 201
        other.wait_until_analysed()
        with closing(sqlite3.connect(other.data / "pantrybox.db", timeout=10)) as database, database:
            database.execute("UPDATE captures SET image_path = NULL")
        (unit,) = at(other, "banana", "Shelf")["units"]
        assert (unit["photograph"]["has_image"], unit["photograph"]["item_name"]) == (False, "banana")
        reasons = unfolded(on_why(window, other, "banana"))
        expect(reasons).to_contain_text("Seen in this photograph")
        expect(reasons).to_contain_text("its image was deleted")
        expect(reasons.locator("img")).to_have_count(0)


@pytest.mark.browser
def test_page_says_who_said_so_at_each_place(window: OpenWindow, box: Server) -> None:
    say(box, "Beans", 3, "Cellar")
    say(box, "Beans", 0, "Attic")
    phone = on_why(window, box, "Beans")
    questions = phone.page.locator("#why summary")
    expect(questions).to_have_text(["Why 3 at Cellar?", "Why 0 at Attic?"])
    for question in questions.all():
        question.click()
    places = phone.page.locator("#why details")
    expect(places.first.locator(".reason")).to_contain_text("\u2068key test\u2069 said so today")
    expect(places.first).to_contain_text("said today that there were 3")
    expect(places.last).to_contain_text("nobody says that there is one")
    expect(places.last).to_contain_text("said today that there was none")


@pytest.mark.browser
@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_do_not_widen_the_reasons(window: OpenWindow, box: Server, name: str) -> None:
    say(box, name, 3, place=name)
    say(box, name, 1, place="Cellar")
    phone = on_why(window, box, name, viewport={"width": 320, "height": 640})
    for question in phone.page.locator("#why summary").all():
        question.click()
    assert phone.fits()


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_reasons_fit_their_window_and_can_be_read_by_day_and_night(window: OpenWindow, box: Server, width: int) -> None:
    phone = on_why(window, box, "cup", viewport={"width": width, "height": 844})
    reasons = unfolded(phone)
    expect(reasons.first).to_be_visible()
    phone.page.locator("#why img.crop").last.scroll_into_view_if_needed()
    phone.page.wait_for_load_state("networkidle")
    phone.page.evaluate("document.querySelector('#why').scrollIntoView()")
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        assert phone.small_targets() == []
        assert phone.unnamed_controls() == []
        phone.page.screenshot(path=SCREENSHOTS / f"why-{width}-{scheme}.png")
