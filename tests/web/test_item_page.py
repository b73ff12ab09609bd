"""The page of one item, in a real browser: correcting, undoing, describing, merging."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from pantrybox.clock import DAY_MS, to_rfc3339, wall_clock_ms
from pantrybox.storage.migrate import migrate
from pantrybox.web.addresses import item_path
from pantrybox.web.item_page import known_of
from tests.counting import Counting
from tests.server import Answer, Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """A box that has seen one photograph; each test speaks of an item of its own."""
    with Server(tmp_path_factory.mktemp("item") / "data") as server:
        assert server.upload(demo_photographs[0].read_bytes(), server.add_device()).status == 201
        server.wait_until_analysed()
        yield server


def say(box: Server, name: str, count: int, **more: str) -> None:
    answer = box.post("/v1/inventory/override", {"item_name": name, "count_estimate": count, **more})
    assert answer.status == 200, answer.body


def act(box: Server, act: str, name: str, **more: object) -> None:
    answer = box.post("/v1/inventory/act", {"item_name": name, "act": act, **more})
    assert answer.status == 200, answer.body


def detail(box: Server, name: str) -> Any:
    return box.get("/v1/inventory/items/" + quote(name, safe="")).json


def on_item_page(window: OpenWindow, box: Server, name: str, **options: Any) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open(item_path(name))
    return phone


def correcting(place: Locator) -> Locator:
    """What is used less often, unfolded."""
    place.locator(".correcting summary").first.click()
    return place


def history(page: Page) -> Locator:
    return page.locator("#history li")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_count_is_corrected_and_the_correction_undone(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    name = f"Rice {scripts}"
    say(box, name, 3)
    phone = window(box.url, java_script_enabled=scripts)
    phone.sign_in(box)
    phone.open()
    page = phone.page
    page.locator(".here").get_by_role("link", name=name).tap()
    correcting(page.locator("#counts"))
    counted = page.get_by_label("How many there are")
    if scripts:
        for _ in range(4):
            page.locator(".counting").get_by_role("button", name="One more").tap()
        page.locator(".counting").get_by_role("button", name="One less").tap()
    else:
        counted.fill("6")
    page.locator("#counts").get_by_role("button", name="Save").tap()
    expect(page.locator("#counts .count")).to_have_text("count 6")
    expect(history(page).first).to_contain_text("+3")
    expect(history(page).first).to_contain_text("owner")
    history(page).first.get_by_role("button", name="Undo").tap()
    expect(page.locator("#counts .count")).to_have_text("count 3")
    expect(history(page).first).to_contain_text("taken back")
    expect(history(page).nth(1)).to_contain_text("was taken back")
    expect(history(page).nth(1).get_by_role("button", name="Undo")).to_have_count(0)
    assert detail(box, name)["current"]["count"] == 3


def test_what_a_photograph_changed_leads_to_it(window: OpenWindow, box: Server) -> None:
    phone = on_item_page(window, box, "banana")
    history(phone.page).last.get_by_role("link", name="Photograph").tap()
    expect(phone.page.get_by_role("heading", name="What it changed")).to_be_visible()


def test_undo_that_cannot_be_says_why(window: OpenWindow, box: Server) -> None:
    say(box, "Salt", 5)
    say(box, "Salt", 0)
    phone = on_item_page(window, box, "salt")
    history(phone.page).last.get_by_role("button", name="Undo").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text("would leave -5")
    expect(phone.page.get_by_role("heading", name="Salt")).to_be_visible()
    phone.forgive("409")


def test_item_is_described_and_found_by_its_old_name(window: OpenWindow, box: Server) -> None:
    say(box, "Pasta", 1)
    phone = on_item_page(window, box, "Pasta")
    page = phone.page
    fields = {"Name": "Spaghetti", "Brand": "Barilla", "Category": "dry", "Note": "two\nlines", "Other names": "Nudeln"}
    for label, text in fields.items():
        page.get_by_label(label, exact=label == "Name").fill(text)
    page.get_by_label("at least").fill("2")
    page.locator("#about").get_by_role("button", name="Save").tap()
    expect(page.get_by_role("heading", name="Spaghetti")).to_be_visible()
    found = detail(box, "pasta")
    assert (found["canonical_name"], found["brand"], found["minimum"]) == ("Spaghetti", "Barilla", 2)
    assert (found["note"], found["package_type"]) == ("two\nlines", None)
    assert {"Nudeln"} <= set(found["aliases"])
    expect(page.locator("#counts")).to_contain_text("low its minimum is 2")
    page.get_by_label("Brand").fill("")
    page.locator("#about").get_by_role("button", name="Save").tap()
    expect(page.get_by_label("Brand")).to_have_value("")
    assert detail(box, "spaghetti")["brand"] is None
    last = box.get("/v1/audit-log?limit=1").json["items"][0]
    assert (last["act"], last["details"]) == ("item.changed", {"fields": ["brand"]})


def test_name_that_another_item_has_is_refused_with_a_sentence(window: OpenWindow, box: Server) -> None:
    say(box, "Tea", 1)
    say(box, "Coffee", 1)
    phone = on_item_page(window, box, "Tea")
    phone.page.get_by_label("Name", exact=True).fill("coffee")
    phone.page.locator("#about").get_by_role("button", name="Save").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text("merge them")
    phone.forgive("409")


def test_two_items_are_merged_and_parted_again(window: OpenWindow, box: Server) -> None:
    say(box, "Tomato", 2)
    say(box, "Tomatoes", 3)
    phone = on_item_page(window, box, "Tomatoes")
    page = phone.page
    page.get_by_text("It is the same as another item").tap()
    page.get_by_label("Name of the other item").fill("tomato")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Merge").tap()
    expect(page.get_by_role("heading", name="Tomato", exact=True)).to_be_visible()
    expect(page.locator("#counts .count")).to_have_text("count 5")
    merged = history(page).filter(has_text="merged").filter(has_text="+3")
    merged.get_by_role("button", name="Undo").tap()
    expect(page.locator("#counts .count")).to_have_text("count 2")
    assert detail(box, "Tomatoes")["current"]["count"] == 3


def test_page_says_how_long_the_rest_lasts(window: OpenWindow, box: Server) -> None:
    now_ms = wall_clock_ms()
    counts = [(40, 9, 9), (32, 8, -1), (24, 7, -1), (16, 6, -1), (8, 5, -1)]
    past = [
        {
            "date": to_rfc3339(now_ms - days_ago * DAY_MS),
            "event_type": "added" if delta > 0 else "removed",
            "delta": delta,
            "count": count,
            "confidence": 1,
        }
        for days_ago, count, delta in counts
    ]
    told = {"items": [{"name": "Flour", "place": "Shelf", "count": 5, "confidence": 1, "history": past}]}
    assert box.post("/v1/inventory/import", told).status == 200
    phone = on_item_page(window, box, "Flour")
    expect(phone.page.locator("#counts")).to_contain_text("it lasts about ")


def test_item_in_two_places_is_corrected_where_it_stands(window: OpenWindow, box: Server) -> None:
    say(box, "Jam", 2, place="Cellar")
    say(box, "Jam", 3, place="Attic")
    phone = on_item_page(window, box, "Jam")
    cellar = correcting(phone.page.locator("#counts li").filter(has_text="Cellar"))
    cellar.get_by_label("How many there are").fill("7")
    cellar.get_by_role("button", name="Save").tap()
    expect(cellar.locator(".count")).to_have_text("count 7")
    expect(phone.page.locator("#counts")).to_contain_text("10 in all")


def test_stock_marks_what_is_low(window: OpenWindow, box: Server) -> None:
    say(box, "Oil", 3)
    say(box, "Vinegar", 3)
    item = "/v1/inventory/items/Oil"
    assert box.request("PATCH", item, {"minimum": 3}, {"Authorization": f"Bearer {box.key}"}).status == 200
    phone = window(box.url)
    phone.sign_in(box)
    phone.open()
    here = phone.page.locator(".here li")
    expect(here.filter(has_text="Oil").locator(".mark")).to_have_text("low")
    expect(here.filter(has_text="Vinegar").locator(".mark")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_one_tap_uses_one_and_another_takes_that_back(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    name = f"Honey {scripts}"
    say(box, name, 3)
    phone = on_item_page(window, box, name, java_script_enabled=scripts)
    page = phone.page
    page.get_by_role("button", name="Use one").tap()
    expect(page.locator("#counts .count")).to_have_text("count 2")
    expect(page.locator(".said")).to_contain_text("used, now 2")
    page.locator(".said").get_by_role("button", name="Undo").tap()
    expect(page.locator("#counts .count")).to_have_text("count 3")
    expect(page.locator(".said")).to_have_count(0)
    page.get_by_role("button", name="Add one").tap()
    expect(page.locator(".said")).to_contain_text("came in, now 4")
    page.get_by_role("button", name="Throw away").tap()
    expect(page.locator(".said")).to_contain_text("thrown away, now 3")
    page.get_by_role("button", name="Finished").tap()
    expect(page.locator(".said")).to_contain_text("finished, now 0")
    expect(page.locator(".acts button")).to_have_text(["Add one"])
    assert detail(box, name)["current"]["count"] == 0


def test_count_that_changed_meanwhile_is_not_changed_blindly(window: OpenWindow, box: Server) -> None:
    say(box, "Butter", 3)
    phone = on_item_page(window, box, "Butter")
    act(box, "use", "Butter")
    phone.page.get_by_role("button", name="Use one").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text("there are 2 now, not 3")
    expect(phone.page.locator("#counts .count")).to_have_text("count 2")
    phone.page.get_by_role("button", name="Use one").tap()
    expect(phone.page.locator("#counts .count")).to_have_text("count 1")
    phone.forgive("409")


def test_some_are_moved_and_the_move_taken_back(window: OpenWindow, box: Server) -> None:
    say(box, "Beans", 5, place="Shed")
    phone = on_item_page(window, box, "Beans")
    page = phone.page
    shed = correcting(page.locator("#counts li").filter(has_text="Shed"))
    shed.get_by_label("How many to move").fill("2")
    shed.get_by_label("Where to").fill("Attic")
    shed.get_by_role("button", name="Move").tap()
    expect(page.locator("#counts li").filter(has_text="Attic").locator(".count")).to_have_text("count 2")
    expect(history(page).first).to_contain_text("moved here from")
    expect(history(page).nth(1)).to_contain_text("moved to")
    page.locator(".said").get_by_role("button", name="Undo").tap()
    expect(page.locator("#counts li").filter(has_text="Shed").locator(".count")).to_have_text("count 5")
    expect(page.locator("#counts li").filter(has_text="Attic").locator(".count")).to_have_text("count 0")


def test_dates_are_said_corrected_opened_and_forgotten(window: OpenWindow, box: Server) -> None:
    say(box, "Yoghurt", 4)
    phone = on_item_page(window, box, "Yoghurt")
    page = phone.page
    dates = page.locator("#lots .lot")
    page.get_by_text("Add a date").tap()
    adding = page.locator("form[action='/stock/lots']")
    adding.get_by_label("Best before").fill("2099-12-24")
    adding.get_by_label("How many end then").fill("3")
    adding.get_by_role("button", name="They are there already").tap()
    expect(dates).to_have_text([re.compile("24 Dec 2099.*left", re.DOTALL)])
    page.get_by_text("Add another date").tap()
    adding.get_by_label("Best before").fill("2020-01-02")
    adding.get_by_role("button", name="I have just put them in").tap()
    expect(page.locator("#counts .count")).to_have_text("count 5")
    expect(dates.first).to_contain_text("2 Jan 2020")
    expect(dates.first.locator(".doubt")).to_contain_text("past")
    page.get_by_role("button", name="Open one").tap()
    expect(dates.first.locator(".mark")).to_have_text("open")
    dates.last.locator("summary").tap()
    dates.last.get_by_label("How many end then").fill("2")
    dates.last.get_by_role("button", name="Save").tap()
    expect(dates.last.locator(".count")).to_have_text("2")
    dates.first.locator("summary").tap()
    dates.first.get_by_role("button", name="It is not open").tap()
    expect(dates.first.locator(".mark")).to_have_count(0)
    dates.first.locator("summary").tap()
    dates.first.get_by_role("button", name="Forget this").tap()
    expect(dates).to_have_count(1)
    assert detail(box, "Yoghurt")["current"]["count"] == 5


def test_more_dates_than_things_are_refused_with_a_sentence(window: OpenWindow, box: Server) -> None:
    say(box, "Cream", 1)
    phone = on_item_page(window, box, "Cream")
    phone.page.get_by_text("Add a date").tap()
    adding = phone.page.locator("form[action='/stock/lots']")
    adding.get_by_label("Best before").fill("2099-12-24")
    adding.get_by_label("How many end then").fill("2")
    adding.get_by_role("button", name="They are there already").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text("There is 1 there")
    phone.forgive("409")


STEEP = (
    ".",
    "..",
    "a/b",
    "a//b",
    "/",
    "//",
    "./",
    "a/",
    "a/history",
    "50 % off?",
    "#1",
    "C:\\x",
    "a+b",
    "q&a=1;",
    "%2F",
    "é\u0301",
)


def page_of(box: Server, name: str) -> Answer:
    return box.get(item_path(name))


@pytest.mark.parametrize("name", STEEP)
def test_every_name_has_a_page(window: OpenWindow, box: Server, name: str) -> None:
    say(box, name, 4)
    phone = window(box.url, java_script_enabled=False)
    phone.sign_in(box)
    phone.open()
    # Browsers tidy the addresses that they follow.
    phone.page.locator(".here a").filter(has=phone.page.get_by_text(name, exact=True)).tap()
    assert phone.page.locator("h1").text_content() == name
    correcting(phone.page.locator("#counts"))
    phone.page.get_by_label("How many there are").fill("5")
    phone.page.locator("#counts").get_by_role("button", name="Save").tap()
    expect(phone.page.locator("#counts .count")).to_have_text("count 5")
    assert phone.page.locator("h1").text_content() == name


def test_unknown_item_is_not_found(box: Server) -> None:
    assert page_of(box, "nothing of the kind").status == 404


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_are_text_and_do_not_widen_the_page(window: OpenWindow, box: Server, name: str) -> None:
    say(box, name, 3, place=name, notes=name)
    say(box, name, 1, place="Shelf")
    phone = on_item_page(window, box, name, viewport={"width": 320, "height": 640})
    page = phone.page
    expect(page.locator("h1")).to_have_text(name)
    assert page.title() == " ".join(name.split())
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    assert name in page.locator("#counts b").all_text_contents()
    assert phone.fits()
    shelf = correcting(page.locator("#counts li").filter(has_text="Shelf"))
    shelf.get_by_label("How many there are").fill("2")
    shelf.get_by_role("button", name="Save").tap()
    expect(shelf.locator(".count")).to_have_text("count 2")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_its_window_and_can_be_read_by_day_and_night(window: OpenWindow, box: Server, width: int) -> None:
    say(box, "Lentils", 2)
    say(box, "Lentils", 4)
    act(box, "add", "Lentils", amount=2, best_before="2020-12-24")
    act(box, "open", "Lentils")
    phone = on_item_page(window, box, "Lentils", viewport={"width": width, "height": 844})
    for summary in phone.page.locator("summary").all():
        summary.tap()
    expect(phone.page.get_by_role("button", name="One more").first).to_be_visible()
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        assert phone.small_targets() == []
        if scheme == "light" or width == 390:
            phone.page.screenshot(path=SCREENSHOTS / f"item-{width}-{scheme}.png", full_page=True)


def test_page_takes_eight_queries_at_most(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)
    migrate(connection)
    connection.execute(
        "INSERT INTO inventory_items (canonical_name, name_key, generic, created_at_ms) VALUES ('Tea', 'tea', 0, 0)"
    )
    reader = Counting(connection)
    assert known_of(reader, "TEA", 0).item.canonical_name == "Tea"
    connection.close()
    assert reader.queries <= 8
