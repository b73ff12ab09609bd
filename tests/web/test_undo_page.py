"""Taking back what a photograph did, and a day, with the page's own buttons."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server
from tests.web.browser import OpenWindow, Window

pytestmark = pytest.mark.browser


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data") as server:
        yield server


def opened(window: OpenWindow, box: Server, path: str, **options: object) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open(path)
    return phone


def total(box: Server) -> int:
    return box.get("/v1/inventory/stats").json["total_quantity"]


def answer_with(page: Page, *, accept: bool) -> None:
    page.once("dialog", lambda dialog: dialog.accept() if accept else dialog.dismiss())


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_what_a_photograph_changed_is_taken_back_on_its_page(
    window: OpenWindow, box: Server, demo_photographs: list[Path], *, scripts: bool
) -> None:
    capture_id = box.upload(demo_photographs[0].read_bytes(), box.add_device()).json["capture_id"]
    box.wait_until_analysed()
    there = total(box)
    assert there
    phone = opened(window, box, f"/captures/{capture_id}", java_script_enabled=scripts)
    changed = phone.page.locator("#changed")
    lines = changed.locator("li").count()
    button = changed.get_by_role("button", name="Take all of it back")
    if scripts:
        answer_with(phone.page, accept=False)
        button.tap()
        assert total(box) == there
        answer_with(phone.page, accept=True)
    button.tap()
    expect(changed.locator("li.undone")).to_have_count(lines)
    expect(changed.locator("li").first).to_contain_text("taken back")
    expect(button).to_have_count(0)
    assert total(box) == 0


def test_photograph_that_cannot_be_undone_says_why_on_its_page(
    window: OpenWindow, box: Server, demo_photographs: list[Path]
) -> None:
    capture_id = box.upload(demo_photographs[0].read_bytes(), box.add_device()).json["capture_id"]
    box.wait_until_analysed()
    line = box.get("/v1/inventory?sort=-count").json["items"][0]
    used = {"item_name": line["canonical_name"], "act": "use", "place": line["place"]}
    assert box.post("/v1/inventory/act", used).status == 200
    phone = opened(window, box, f"/captures/{capture_id}", java_script_enabled=False)
    phone.page.get_by_role("button", name="Take all of it back").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text(f"would leave -1 of {line['canonical_name']}")
    phone.forgive("409")


def test_a_day_is_taken_back_on_the_page_of_the_box(window: OpenWindow, box: Server) -> None:
    assert box.post("/v1/inventory/override", {"item_name": "Jam", "count_estimate": 3}).status == 200
    page = opened(window, box, "/box").page
    page.get_by_text("Take back a day").tap()
    answer_with(page, accept=True)
    page.get_by_role("button", name="Take it back").tap()
    expect(page.locator("#log li").first).to_contain_text("took back the day 20")
    assert total(box) == 0


def test_day_on_which_nothing_changed_says_so(window: OpenWindow, box: Server) -> None:
    phone = opened(window, box, "/box", java_script_enabled=False)
    phone.page.get_by_text("Take back a day").tap()
    phone.page.get_by_label("The day").fill("2020-01-01")
    phone.page.get_by_role("button", name="Take it back").tap()
    expect(phone.page.get_by_role("alert")).to_contain_text("nothing changed on that day")
    phone.forgive("409")
