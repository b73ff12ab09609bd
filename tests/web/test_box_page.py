"""The page about the box itself, in a real browser: what it keeps, what it did, who may come in."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from pantrybox.storage.migrate import migrate
from pantrybox.web.box_page import what_is_kept
from tests.counting import Counting
from tests.server import Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
PASSPHRASE = "four words are good"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """A box that was claimed, with more photographs than it may keep."""
    with Server(tmp_path_factory.mktemp("box") / "data", environment={"MAX_STORAGE_MB": "1"}) as server:
        claimed = server.request("POST", "/claim", {"setup_code": server.setup_code, "passphrase": PASSPHRASE})
        assert claimed.status == 204
        token = server.add_device()
        for photograph in demo_photographs[:10]:
            assert server.upload(photograph.read_bytes(), token).status == 201
        server.wait_until_analysed()
        yield server


def on_box_page(window: OpenWindow, box: Server, **options: Any) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open("/box")
    return phone


def line_of(page: Page, section: str, text: str) -> Locator:
    return page.locator(f"#{section} li").filter(has_text=text)


def make_key(page: Page, name: str) -> str:
    """The key, as the page shows it."""
    page.get_by_text("Make a key").tap()
    page.get_by_label("What it is for").fill(name)
    page.get_by_label("What it may do").select_option("read")
    page.get_by_role("button", name="Make it").tap()
    return page.locator("#keys code").inner_text()


def status_with(box: Server, key: str) -> int:
    return box.request("GET", "/v1/inventory", headers={"Authorization": f"Bearer {key}"}).status


def test_pantry_leads_to_it_and_back(window: OpenWindow, box: Server) -> None:
    phone = window(box.url)
    phone.sign_in(box)
    phone.open()
    phone.page.get_by_role("link", name="This box").tap()
    expect(phone.page.get_by_role("heading", name="This box")).to_be_visible()
    phone.page.get_by_role("link", name="Back to the pantry").tap()
    expect(phone.page.get_by_role("heading", name="Pantry", exact=True)).to_be_visible()


def test_key_is_shown_once_opens_and_is_revoked(window: OpenWindow, box: Server) -> None:
    phone = on_box_page(window, box)
    page = phone.page
    key = make_key(page, "Kitchen clock")
    assert key.startswith("pbk_")
    assert status_with(box, key) == 200
    page.get_by_role("button", name="Copy").tap()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    phone.open("/box")
    assert key not in page.content()
    revoke = line_of(page, "keys", "Kitchen clock").get_by_role("button", name="Revoke")
    page.once("dialog", lambda dialog: dialog.dismiss())
    revoke.tap()
    assert status_with(box, key) == 200, "who is asked can say no"
    page.once("dialog", lambda dialog: dialog.accept())
    revoke.tap()
    expect(line_of(page, "keys", "Kitchen clock")).to_have_count(0)
    assert status_with(box, key) == 401
    expect(page.locator("#log li").first).to_contain_text("owner revoked the key Kitchen clock")


def test_keys_and_clean_ups_need_no_javascript(window: OpenWindow, box: Server) -> None:
    phone = on_box_page(window, box, java_script_enabled=False)
    page = phone.page
    key = make_key(page, "No script")
    assert status_with(box, key) == 200
    line_of(page, "keys", "No script").get_by_role("button", name="Revoke").tap()
    expect(line_of(page, "keys", "No script")).to_have_count(0)
    assert status_with(box, key) == 401
    page.get_by_role("button", name="Run now: Stray files").tap()
    expect(line_of(page, "runs", "Stray files").first).to_contain_text("nothing to delete · asked by owner")
    assert page.url.endswith("/box#jobs")


def test_other_browser_is_signed_out(window: OpenWindow, box: Server) -> None:
    phone = on_box_page(window, box, user_agent="Mozilla/5.0 (Android 15; Mobile; rv:140.0) Firefox/140.0")
    lost = on_box_page(window, box, user_agent="Mozilla/5.0 (iPhone) Version/18.5 Safari/604.1")
    phone.open("/box")
    expect(line_of(phone.page, "browsers", "this one")).to_contain_text("Firefox on Android")
    line_of(phone.page, "browsers", "Safari on iPhone").get_by_role("button", name="Sign out").tap()
    expect(line_of(phone.page, "browsers", "Safari on iPhone")).to_have_count(0)
    lost.open("/box")
    expect(lost.page.get_by_role("button", name="Sign in")).to_be_visible()
    lost.forgive("401")


def test_every_other_browser_is_signed_out_at_once(window: OpenWindow, box: Server) -> None:
    others = [on_box_page(window, box) for _ in range(2)]
    phone = on_box_page(window, box)
    phone.page.once("dialog", lambda dialog: dialog.accept())
    phone.page.get_by_role("button", name="Sign out everywhere else").tap()
    expect(phone.page.locator("#browsers li")).to_have_count(1)
    for other in others:
        other.open("/box")
        expect(other.page.get_by_role("button", name="Sign in")).to_be_visible()
        other.forgive("401")


def test_clean_up_that_is_asked_for_is_seen_with_what_it_freed(window: OpenWindow, box: Server) -> None:
    phone = on_box_page(window, box)
    page = phone.page
    expect(page.locator("#storage")).to_contain_text("of 1 MB in 10 photographs")
    page.get_by_role("button", name="Run now: Photographs beyond the limit").tap()
    run = line_of(page, "runs", "Photographs beyond the limit").first
    expect(run).to_contain_text("freed · asked by owner")
    expect(page.locator("#storage")).not_to_contain_text("in 10 photographs")
    kept = box.get("/v1/admin/storage/stats").json["storage"]["file_count"]
    expect(page.locator("#storage")).to_contain_text(f"in {kept} photographs")


def test_what_goes_wrong_with_a_passphrase_is_said_and_a_new_one_signs_in(window: OpenWindow, box: Server) -> None:
    phone = on_box_page(window, box)
    page = phone.page

    def change(old: str, new: str, again: str) -> None:
        page.get_by_text("Change the passphrase").tap()
        for label, text in (("Old passphrase", old), ("New passphrase", new), ("The same again", again)):
            page.get_by_label(label).fill(text)
        page.get_by_role("button", name="Change it").tap()

    change("wrong wrong wrong", "a better passphrase", "a better passphrase")
    expect(page.get_by_role("alert")).to_have_text("The old passphrase is not right.")
    change(PASSPHRASE, "a better passphrase", "another passphrase")
    expect(page.get_by_role("alert")).to_have_text("The two new passphrases are not the same.")
    change(PASSPHRASE, "a better passphrase", "a better passphrase")
    expect(page.locator("#log li").filter(has_text="changed the passphrase").first).to_be_visible()
    expect(page.locator(".problem")).to_be_hidden()
    assert box.request("POST", "/sign-in", {"passphrase": "a better passphrase"}).status == 204
    for status in ("403", "422"):
        phone.forgive(status)


@pytest.mark.parametrize("form", [{"job": "everything"}, {}, {"job": "sweep\0"}])
def test_form_that_no_page_made_is_answered_with_a_sentence(
    window: OpenWindow, box: Server, form: dict[str, Any]
) -> None:
    phone = on_box_page(window, box)
    answer = phone.context.request.post(box.url + "/box/clean-up", form=form)
    assert answer.status == 422
    assert "text/html" in answer.headers["content-type"]


def test_form_of_another_site_does_nothing(window: OpenWindow, box: Server) -> None:
    phone = on_box_page(window, box)
    answer = phone.context.request.post(
        box.url + "/box/clean-up", form={"job": "sweep"}, headers={"Origin": "http://elsewhere.example"}
    )
    assert answer.status == 403


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_are_text_and_do_not_widen_the_page(window: OpenWindow, box: Server, name: str) -> None:
    phone = on_box_page(window, box, viewport={"width": 320, "height": 640})
    make_key(phone.page, name)
    assert name in phone.page.locator("#keys b").all_text_contents()
    assert phone.page.title() == "This box"
    assert phone.fits()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_its_window_and_can_be_read_by_day_and_night(window: OpenWindow, box: Server, width: int) -> None:
    phone = on_box_page(window, box, viewport={"width": width, "height": 844})
    for summary in phone.page.locator("summary").all():
        summary.tap()
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        assert phone.small_targets() == []
        if scheme == "light" or width == 390:
            phone.page.screenshot(path=SCREENSHOTS / f"box-{width}-{scheme}.png", full_page=True)


def test_page_takes_four_queries(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)
    migrate(connection)
    reader = Counting(connection)
    what_is_kept(reader)
    connection.close()
    assert reader.queries == 4
