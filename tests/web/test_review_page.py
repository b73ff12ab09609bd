"""The page of what nobody knows, in a real browser: a card a likeness, and one tap names what is on it."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import Server
from tests.web.browser import OpenWindow, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """A box that has seen two photographs of one shelf, about which nobody has said anything."""
    with Server(tmp_path_factory.mktemp("review") / "data") as running:
        token = running.add_device()
        for _ in range(2):
            assert running.upload(demo_photographs[0].read_bytes() + uuid.uuid4().bytes, token).status == 201
        running.wait_until_analysed()
        yield running


@pytest.fixture(autouse=True)
def nothing_stays_taught(box: Server) -> Iterator[None]:
    yield
    standing = box.get("/v1/examples").json["items"]
    body = "&".join(f"example={taught['example_id']}" for taught in standing)
    headers = {"Authorization": f"Bearer {box.key}", "Content-Type": "application/x-www-form-urlencoded"}
    box.request("POST", "/review/take-back", body.encode(), headers)
    box.wait_until("/v1/examples/progress", lambda progress: not progress["running"])


def groups(box: Server) -> list[dict[str, Any]]:
    return box.get("/v1/review").json["groups"]


def examples(box: Server, name: str) -> list[dict[str, Any]]:
    return box.get(f"/v1/examples?item={quote(name)}").json["items"]


def on_review(window: OpenWindow, box: Server, **options: Any) -> Window:
    phone = window(box.url, **options)
    phone.sign_in(box)
    phone.open("/review")
    return phone


def card(page: Page, group: dict[str, Any]) -> Locator:
    return page.locator(f"#group-{group['group_id']}")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_one_answer_names_a_card_and_undo_brings_it_back(window: OpenWindow, box: Server, *, scripts: bool) -> None:
    name = f"Answer {scripts}"
    first = groups(box)[0]
    page = on_review(window, box, java_script_enabled=scripts).page
    page.evaluate("window.__same = 1")
    named = card(page, first)
    named.get_by_label("What it is").fill(name)
    named.get_by_role("button", name="Name it").tap()
    expect(page.locator("#told")).to_contain_text(f"{name}.")
    expect(named).to_have_count(0)
    assert {one["detection_id"] for one in examples(box, name)} == {one["detection_id"] for one in first["crops"]}
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#told")).to_contain_text("Taken back.")
    expect(named).to_be_visible()
    assert examples(box, name) == []
    assert page.evaluate("window.__same") == (1 if scripts else None)


def test_enter_in_the_field_gives_the_name_that_was_typed_and_no_suggestion(window: OpenWindow, box: Server) -> None:
    first = next(group for group in groups(box) if group["suggestions"])
    page = on_review(window, box).page
    field = card(page, first).get_by_label("What it is")
    field.fill("Typed")
    field.press("Enter")
    expect(page.locator("#told")).to_contain_text("Typed.")
    assert len(examples(box, "Typed")) == len(first["crops"])


def test_suggestion_names_a_card_in_one_tap(window: OpenWindow, box: Server) -> None:
    first = next(group for group in groups(box) if group["suggestions"])
    name = first["suggestions"][-1]["item_name"]
    page = on_review(window, box).page
    card(page, first).get_by_role("button", name=name).tap()
    expect(page.locator("#told")).to_contain_text(f"{name}.")
    expect(card(page, first)).to_have_count(0)
    assert len(examples(box, name)) == len(first["crops"])


def test_crop_that_is_unticked_is_not_taught(window: OpenWindow, box: Server) -> None:
    first = max(groups(box), key=lambda group: len(group["crops"]))
    assert len(first["crops"]) > 1
    page = on_review(window, box).page
    left_out = first["crops"][0]["detection_id"]
    card(page, first).locator(f'input[value$=" {left_out}"]').uncheck()
    card(page, first).get_by_label("What it is").fill("The rest")
    card(page, first).get_by_role("button", name="Name it").tap()
    expect(page.locator("#told")).to_contain_text("The rest.")
    taught = {one["detection_id"] for one in examples(box, "The rest")}
    assert taught == {one["detection_id"] for one in first["crops"][1:]}


def test_card_of_which_nothing_is_ticked_is_not_taught_and_says_so(window: OpenWindow, box: Server) -> None:
    first = groups(box)[0]
    phone = on_review(window, box)
    for tick in card(phone.page, first).get_by_role("checkbox").all():
        tick.uncheck()
    card(phone.page, first).get_by_label("What it is").fill("Nothing")
    card(phone.page, first).get_by_role("button", name="Name it").tap()
    expect(phone.page.get_by_role("alert")).to_have_text("Choose something first.")
    expect(card(phone.page, first).get_by_label("What it is")).to_have_value("Nothing")
    phone.forgive("422")
    phone.forgive("Response Status Error")


def test_card_without_things_goes_away(window: OpenWindow, box: Server) -> None:
    first = groups(box)[0]
    page = on_review(window, box).page
    card(page, first).get_by_role("button", name="Not thing").or_(
        card(page, first).get_by_role("button", name="Not a thing")
    ).tap()
    expect(card(page, first)).to_have_count(0)
    taught = box.get("/v1/examples").json["items"]
    assert {(one["item_name"], one["positive"]) for one in taught} == {(None, False)}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_card_that_is_skipped_stays_away_until_it_is_asked_for(
    window: OpenWindow, box: Server, *, scripts: bool
) -> None:
    first, second, *_ = groups(box)
    page = on_review(window, box, java_script_enabled=scripts).page
    card(page, first).get_by_role("link", name="Skip").tap()
    expect(card(page, first)).to_have_count(0)
    card(page, second).get_by_label("What it is").fill("After a skip")
    card(page, second).get_by_role("button", name="Name it").tap()
    expect(page.locator("#told")).to_contain_text("After a skip.")
    expect(card(page, first)).to_have_count(0)
    page.get_by_role("link", name="Show the 1 that you skipped").tap()
    expect(card(page, first)).to_be_visible()
    assert [taught["item_name"] for taught in box.get("/v1/examples").json["items"]] == ["After a skip"] * len(
        second["crops"]
    )


def test_reading_goes_on_at_the_next_card(window: OpenWindow, box: Server) -> None:
    first, second, *_ = groups(box)
    page = on_review(window, box).page
    card(page, first).get_by_role("link", name="Skip").tap()
    expect(card(page, second).get_by_role("heading")).to_be_focused()


def test_card_leads_to_its_photograph(window: OpenWindow, box: Server) -> None:
    first = groups(box)[0]
    page = on_review(window, box).page
    card(page, first).get_by_role("link", name="Its photograph").tap()
    expect(page.get_by_role("heading", name="What was seen")).to_be_visible()
    assert page.url.endswith(first["crops"][0]["capture_id"])


def test_ten_taps_name_a_shelf(window: OpenWindow, box: Server) -> None:
    page = on_review(window, box).page
    before = len(groups(box))
    for tap in range(10):
        cards = page.locator(".group")
        if cards.count() == 0:
            break
        cards.first.get_by_label("What it is").fill(f"Thing {tap}")
        cards.first.get_by_role("button", name="Name it").tap()
        expect(page.locator("#told")).to_contain_text(f"Thing {tap}.")
    assert len(groups(box)) <= max(2, before - 8), "hardly anything is left: what was named unsurely may come once more"
    items = {item["canonical_name"] for item in box.get("/v1/inventory").json["items"] if item["count_estimate"]}
    assert sum(name.startswith("Thing ") for name in items) >= min(before, 5)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review", 200),
        ("/review?skipped=", 200),
        ("/review?skipped=1,2,3", 200),
        ("/review?skipped=x", 422),
        ("/review?skipped=1,", 422),
        ("/review?skipped=-5e36", 422),
        ("/review?skipped=" + ",".join(["1"] * 101), 422),
        ("/review?changed=-1", 422),
    ],
)
def test_addresses_are_answered(box: Server, path: str, status: int) -> None:
    assert box.get(path).status == status


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_its_window_can_be_read_by_day_and_night_and_worked_with_a_thumb(
    window: OpenWindow, box: Server, width: int
) -> None:
    phone = on_review(window, box, viewport={"width": width, "height": 844})
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        assert phone.small_targets() == []
        assert phone.unnamed_controls() == []
        if scheme == "light" or width == 390:
            phone.page.screenshot(path=SCREENSHOTS / f"review-{width}-{scheme}.png", full_page=True)
