"""The shopping list, in a real browser, as with one thumb in a shop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

pytestmark = pytest.mark.browser

TIMES = "\N{MULTIPLICATION SIGN}"
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("shopping") / "data") as server:
        yield server


def on_the_list(window: OpenWindow, box: Server, **options: Any) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open("/shopping")
    return phone


def line_of(page: Page, section: str, text: str) -> Locator:
    return page.get_by_role("region", name=section).get_by_role("listitem").filter(has_text=text)


def write(page: Page, name: str, quantity: str = "") -> None:
    page.get_by_label("How many").fill(quantity)
    page.get_by_label("What", exact=True).fill(name)
    page.get_by_role("button", name="Add", exact=True).tap()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_thing_is_written_ticked_opened_again_and_removed(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    name = f"Candles {scripts}"
    phone = on_the_list(window, box, java_script_enabled=scripts)
    page = phone.page
    write(page, name, "12")
    expect(line_of(page, "To buy", name)).to_contain_text(f"12 {TIMES}")
    line_of(page, "To buy", name).get_by_role("button", name=f"Bought: {name}").tap()
    expect(line_of(page, "Bought", name)).to_contain_text("ticked")
    expect(line_of(page, "To buy", name)).to_have_count(0)
    line_of(page, "Bought", name).get_by_role("button", name=f"Not bought after all: {name}").tap()
    expect(line_of(page, "To buy", name)).to_be_visible()
    line_of(page, "To buy", name).get_by_role("button", name=f"Take off the list: {name}").tap()
    expect(page.get_by_text(name)).to_have_count(0)
    assert page.url == box.url + "/shopping"


def test_pantry_leads_to_it_and_what_runs_low_stands_there_with_its_minimum(window: OpenWindow, box: Server) -> None:
    for count in (5, 1):
        assert box.post("/v1/inventory/override", {"item_name": "Butter", "count_estimate": count}).status == 200
    change = box.request("PATCH", "/v1/inventory/items/Butter", {"minimum": 2}, {"Authorization": f"Bearer {box.key}"})
    assert change.status == 200
    phone = window(box.url)
    phone.sign_in(box)
    phone.open()
    phone.page.locator(".bar").get_by_role("link", name="Shopping list").tap()
    butter = line_of(phone.page, "To buy", "Butter")
    expect(butter).to_contain_text("1 there, minimum 2 · runs low")
    butter.get_by_role("link", name="Butter").tap()
    expect(phone.page.get_by_role("heading", name="Butter")).to_be_visible()


def test_ticking_leaves_the_list_where_the_thumb_is(window: OpenWindow, box: Server) -> None:
    for n in range(30):
        box.post("/v1/shopping-list", {"name": f"thing {n:02}"})
    phone = on_the_list(window, box)
    page = phone.page
    page.get_by_text("thing 20").scroll_into_view_if_needed()
    page.evaluate("window.__same = 1; scrollTo(0, 900)")
    page.get_by_role("button", name="Bought: thing 20").tap()
    expect(line_of(page, "Bought", "thing 20")).to_be_attached()
    assert page.evaluate("window.__same") == 1, "no reload"
    assert page.evaluate("scrollY") == 900
    page.get_by_role("button", name="Clear what is ticked").tap()
    expect(page.get_by_text("thing 20")).to_have_count(0)
    for entry in box.get("/v1/shopping-list").json["items"]:
        box.request("DELETE", f"/v1/shopping-list/{entry['id']}", headers={"Authorization": f"Bearer {box.key}"})


def test_what_went_away_meanwhile_shows_the_list_as_it_is(window: OpenWindow, box: Server) -> None:
    entry = box.post("/v1/shopping-list", {"name": "Soap"}).json
    phone = on_the_list(window, box)
    box.request("DELETE", f"/v1/shopping-list/{entry['id']}", headers={"Authorization": f"Bearer {box.key}"})
    phone.page.get_by_role("button", name="Bought: Soap").tap()
    expect(phone.page.get_by_text("Soap")).to_have_count(0)
    phone.forgive("404")


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_are_text_and_do_not_widen_the_page(window: OpenWindow, box: Server, name: str) -> None:
    box.post("/v1/shopping-list", {"name": name, "quantity": 9999, "note": name})
    phone = on_the_list(window, box, viewport={"width": 320, "height": 640})
    shown = [text.strip() for text in phone.page.locator(".item-name").all_text_contents()]
    assert name in shown
    phone.page.get_by_role("button", name=f"Bought: {name}", exact=True).tap()
    expect(phone.page.get_by_role("button", name=f"Not bought after all: {name}", exact=True)).to_be_visible()
    assert phone.page.title() == "Shopping list"
    assert phone.fits()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_its_window_and_can_be_read_by_day_and_night(window: OpenWindow, box: Server, width: int) -> None:
    for name in ("Milk", "Bread", "Salt"):
        entry = box.post("/v1/shopping-list", {"name": name, "quantity": 2}).json
    path = f"/v1/shopping-list/{entry['id']}"  # pyright: ignore[reportPossiblyUnboundVariable]
    box.request("PATCH", path, {"ticked": True}, {"Authorization": f"Bearer {box.key}"})
    phone = on_the_list(window, box, viewport={"width": width, "height": 844})
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        assert phone.small_targets() == []
        if scheme == "light" or width == 390:
            phone.page.screenshot(path=SCREENSHOTS / f"shopping-{width}-{scheme}.png", full_page=True)
