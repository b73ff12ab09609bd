"""The page of what is to be used soon, in a real browser."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pantrybox.clock import local_date, wall_clock_ms
from tests.server import Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data") as server:
        yield server


def put_in(box: Server, name: str, days: int, place: str = "Shelf") -> None:
    best_before = (local_date(wall_clock_ms()) + timedelta(days=days)).isoformat()
    added = {"item_name": name, "act": "add", "amount": 2, "best_before": best_before, "place": place}
    assert box.post("/v1/inventory/act", added).status == 200


def on_page(window: OpenWindow, box: Server, **options: object) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open("/soon")
    return phone


def test_nothing_is_to_be_used_soon_in_a_new_box(window: OpenWindow, box: Server) -> None:
    expect(on_page(window, box).page.locator(".empty")).to_contain_text("Nothing ends within a week")


def test_what_ends_first_comes_first_and_leads_to_its_dates(window: OpenWindow, box: Server) -> None:
    for name, days in (("Jam", 7), ("Milk", -1), ("Rice", 8), ("Eggs", 0)):
        put_in(box, name, days)
    page = on_page(window, box, java_script_enabled=False).page
    expect(page.locator("li b")).to_have_text(["Milk", "Eggs", "Jam"])
    expect(page.locator("li .note").first).to_contain_text("1 day past")
    page.get_by_text("Eggs").tap()
    expect(page.get_by_role("heading", name="Eggs")).to_be_visible()
    page.get_by_role("link", name="to be used soon").tap()
    expect(page.get_by_role("heading", name="Use soon")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_its_window_and_can_be_read_by_day_and_night(window: OpenWindow, box: Server, width: int) -> None:
    for number, name in enumerate(ODD_NAMES.values()):
        put_in(box, name, number - 2, place=name)
    phone = on_page(window, box, viewport={"width": width, "height": 844})
    assert phone.page.locator("li b").all_text_contents() == list(ODD_NAMES.values())
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        assert phone.small_targets() == []
        if width == 390:
            phone.page.screenshot(path=SCREENSHOTS / f"soon-{scheme}.png", full_page=True)
