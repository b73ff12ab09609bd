"""The page of one photograph, in a real browser: tap a thing, say what it is, and the next photograph knows it."""

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from pantrybox.storage.migrate import migrate
from pantrybox.web.photograph_page import shown_of
from tests.counting import Counting
from tests.server import Answer, Server
from tests.web.browser import ODD_NAMES, OpenWindow, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
CODE = "4006381333931"

Edges = Sequence[float]
"""left, top, right, bottom as fractions of the picture."""


class Kitchen(NamedTuple):
    """A box with one camera before a shelf on which nothing moves."""

    box: Server
    token: str
    view: bytes

    def photograph(self) -> str:
        """A new photograph, looked at; its id."""
        answer = self.box.upload(self.view + uuid.uuid4().bytes, self.token)
        assert answer.status == 201, answer.body
        self.box.wait_until_analysed()
        return answer.json["capture_id"]

    def things(self, capture_id: str) -> list[dict[str, Any]]:
        return self.box.get(f"/v1/captures/{capture_id}").json["detections"]

    def teach(self, capture_id: str, thing: dict[str, Any], name: str) -> int:
        """The id of the example."""
        said = {"capture_id": capture_id, "detection_id": thing["id"], "item_name": name}
        answer = self.box.post("/v1/examples", said)
        assert answer.status == 201, answer.body
        return answer.json["example_id"]

    def examples(self, name: str) -> list[dict[str, Any]]:
        return self.box.get(f"/v1/examples?item={quote(name)}").json["items"]


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Kitchen]:
    with Server(tmp_path_factory.mktemp("kitchen") / "data") as running:
        yield Kitchen(running, running.add_device(), demo_photographs[0].read_bytes())


@pytest.fixture(autouse=True)
def nothing_stays_taught(kitchen: Kitchen) -> Iterator[None]:
    """What one test teaches is no suggestion in the next."""
    settled(kitchen)
    yield
    standing = kitchen.box.get("/v1/examples").json["items"]
    form(kitchen, "/review/take-back", "&".join(f"example={taught['example_id']}" for taught in standing))


@pytest.fixture(scope="module")
def seen(kitchen: Kitchen) -> str:
    """A photograph about which nobody says anything. Only to look at."""
    capture_id = kitchen.photograph()
    settled(kitchen)
    return capture_id


def on_page(window: OpenWindow, kitchen: Kitchen, path: str, **options: Any) -> Window:
    phone = window(kitchen.box.url, **options)
    phone.sign_in(kitchen.box)
    phone.open(path)
    return phone


def on_photograph(window: OpenWindow, kitchen: Kitchen, capture_id: str, **options: Any) -> Window:
    return on_page(window, kitchen, f"/captures/{capture_id}", **options)


def surest(things: list[dict[str, Any]]) -> dict[str, Any]:
    return max(things, key=lambda thing: thing["score"])


def at(things: list[dict[str, Any]], box: Edges) -> dict[str, Any]:
    """What lies where something else lay in another photograph of the same view."""
    return max(things, key=lambda thing: iou(thing["box"], box))


def iou(a: Edges, b: Edges) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (area(a) + area(b) - shared)


def area(box: Edges) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def box_button(page: Page, thing: dict[str, Any]) -> Locator:
    return page.locator(f'button[data-for="thing-{thing["id"]}"]')


def sheet(page: Page) -> Locator:
    return page.locator("#sheet[open]")


def name_field(page: Page) -> Locator:
    return page.locator("#thing").get_by_role("combobox")


def tap_box(page: Page, thing: dict[str, Any]) -> None:
    """By its button, wherever the finger would land."""
    box_button(page, thing).dispatch_event("click")
    expect(sheet(page).get_by_role("heading")).to_be_visible()


def name_it(page: Page, name: str) -> None:
    name_field(page).fill(name)
    sheet(page).get_by_role("button", name="Name it").tap()
    expect(page.locator("#told")).to_contain_text(name)


def settled(kitchen: Kitchen) -> None:
    """All photographs heed all that was taught."""
    kitchen.box.wait_until("/v1/examples/progress", lambda progress: not progress["running"])


# The journey


def test_thing_is_named_by_tapping_and_the_next_photograph_names_it_by_itself(
    window: OpenWindow, kitchen: Kitchen
) -> None:
    first = kitchen.photograph()
    thing = surest(kitchen.things(first))
    page = on_photograph(window, kitchen, first).page
    page.evaluate("window.__same = 1")
    tap_box(page, thing)
    name_it(page, "Stone jar")
    expect(sheet(page)).to_have_count(0)
    expect(box_button(page, thing)).to_have_attribute("aria-label", "Stone jar, 100 %")
    expect(page.locator(f"#thing-{thing['id']}")).to_contain_text("Somebody said so.")
    assert page.evaluate("window.__same") == 1, "no reload"
    later = at(kitchen.things(kitchen.photograph()), thing["box"])
    assert (later["item_name"], later["source"]) == ("Stone jar", "recogniser")


def test_not_this_is_said_once_and_obeyed(window: OpenWindow, kitchen: Kitchen) -> None:
    first = kitchen.photograph()
    things = kitchen.things(first)
    thing = things[1]
    kitchen.teach(first, thing, "Wrong name")
    second = kitchen.photograph()
    again = at(kitchen.things(second), thing["box"])
    assert again["item_name"] == "Wrong name"
    page = on_photograph(window, kitchen, second).page
    tap_box(page, again)
    sheet(page).get_by_role("button", name="Not this").tap()
    expect(page.locator("#told")).to_contain_text("Not Wrong name.", ignore_case=True)
    expect(page.locator(f"#thing-{again['id']}")).not_to_contain_text("Wrong name")
    third = at(kitchen.things(kitchen.photograph()), thing["box"])
    assert third["item_name"] != "Wrong name"


def test_what_was_said_is_undone_in_one_tap(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    thing = kitchen.things(capture)[2]
    page = on_photograph(window, kitchen, capture).page
    tap_box(page, thing)
    name_it(page, "Mistake")
    expect(box_button(page, thing)).to_have_attribute("aria-label", "Mistake, 100 %")
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#told")).to_contain_text("Taken back.")
    expect(page.locator(f"#thing-{thing['id']}")).not_to_contain_text("Mistake")
    assert kitchen.examples("Mistake") == []


def test_thing_that_is_none_counts_no_more(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    thing = kitchen.things(capture)[3]
    page = on_photograph(window, kitchen, capture).page
    tap_box(page, thing)
    sheet(page).get_by_role("button", name="Not a thing").tap()
    expect(page.locator("#told")).to_contain_text("Not a thing.")
    expect(box_button(page, thing)).to_be_hidden()
    now = at(kitchen.things(capture), thing["box"])
    assert (now["item_name"], now["source"]) == (None, "person")


def test_other_crops_that_a_lesson_changes_are_counted_for_the_one_who_taught(
    window: OpenWindow, kitchen: Kitchen
) -> None:
    first, second = kitchen.photograph(), kitchen.photograph()
    thing = kitchen.things(second)[4]
    page = on_photograph(window, kitchen, second).page
    tap_box(page, thing)
    name_it(page, "Everywhere")
    expect(page.locator("#told")).to_contain_text("Also changed ")
    assert at(kitchen.things(first), thing["box"])["item_name"] == "Everywhere"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_everything_but_drawing_works_without_scripts(window: OpenWindow, kitchen: Kitchen, *, scripts: bool) -> None:
    name = f"Plain {scripts}"
    capture = kitchen.photograph()
    thing = kitchen.things(capture)[5]
    page = on_photograph(window, kitchen, capture, java_script_enabled=scripts).page
    row = page.locator(f"#thing-{thing['id']}")
    row.tap()
    name_field(page).fill(name)
    page.locator("#thing").get_by_role("button", name="Name it").tap()
    expect(page.locator("#told")).to_contain_text(name)
    expect(row).to_contain_text(name)
    row.tap()
    expect(page.locator("#thing")).to_contain_text(f"owner said: {name}")
    page.get_by_role("button", name="Take it back").tap()
    expect(page.locator("#told")).to_contain_text("Taken back.")
    expect(row).not_to_contain_text(name)


def test_suggestion_is_taken_in_one_tap(window: OpenWindow, kitchen: Kitchen) -> None:
    first = kitchen.photograph()
    thing = kitchen.things(first)[6]
    kitchen.teach(first, thing, "Favourite")
    settled(kitchen)
    page = on_photograph(window, kitchen, first).page
    other = next(
        one
        for one in kitchen.things(first)
        if one["item_name"] != "Favourite" and "Favourite" in [may["item_name"] for may in one["suggestions"]]
    )
    tap_box(page, other)
    sheet(page).get_by_role("button", name="Favourite").tap()
    expect(page.locator("#told")).to_contain_text("Favourite.")
    now = next(one for one in kitchen.things(first) if one["id"] == other["id"])
    assert (now["item_name"], now["source"]) == ("Favourite", "person")


def test_lesson_that_cannot_be_taught_says_why_where_it_was_given(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    thing = kitchen.things(capture)[0]
    phone = on_photograph(window, kitchen, capture)
    tap_box(phone.page, thing)
    for field in phone.page.locator("#thing [name=crop]").all():
        field.evaluate("field => (field.value = 'nothing 1')")
    name_field(phone.page).fill("Anything")
    sheet(phone.page).get_by_role("button", name="Name it").tap()
    expect(sheet(phone.page).get_by_role("alert")).to_have_text("There is no such photograph.")
    expect(name_field(phone.page)).to_have_value("Anything")
    phone.forgive("404")
    phone.forgive("Response Status Error")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("item_name=x", 422),
        ("crop=a+1", 422),
        ("crop=a&item_name=x", 400),
        ("crop=a+99999999999999999999&item_name=x", 400),
        ("crop={}+1&item_name=x", 404),
        ("item_name=x&left=0&top=0&right=1", 422),
        ("item_name=x&left=0&top=0&right=5e36&bottom=1", 422),
        ("item_name=x&left=0&top=0&right=nan&bottom=1", 422),
        ("item_name=x&left=1&top=0&right=0&bottom=1", 422),
        ("crop={}+1&item_name=%00", 422),
        ("crop={}+1&item_name=" + "x" * 201, 422),
        ("crop={}+1&verdict=maybe", 422),
        ("&".join(["crop=a+1"] * 101) + "&item_name=x", 422),
        ("&".join(["crop=a+1"] * 1001), 400),
    ],
)
def test_form_that_no_page_sends_is_refused_and_teaches_nothing(
    kitchen: Kitchen, seen: str, body: str, status: int
) -> None:
    before = kitchen.box.get("/v1/examples").json["total"]
    answer = form(kitchen, f"/captures/{seen}/teach", body.format(seen))
    assert answer.status == status, answer.body
    assert kitchen.box.get("/v1/examples").json["total"] == before


@pytest.mark.parametrize(
    "body", ["", "example=", "example=x", "example=0", "example=99999999999999999999", "example=-1"]
)
def test_nothing_is_taken_back_that_was_never_taught(kitchen: Kitchen, seen: str, body: str) -> None:
    assert form(kitchen, f"/captures/{seen}/take-back", body).status in {404, 422}


def form(kitchen: Kitchen, path: str, body: str) -> Answer:
    headers = {"Authorization": f"Bearer {kitchen.box.key}", "Content-Type": "application/x-www-form-urlencoded"}
    return kitchen.box.request("POST", path, body.encode(), headers)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/captures/{}", 200),
        ("/photographs/{}", 200),
        ("/captures/nothing", 404),
        ("/captures/{}?taught=999999999", 200),
        ("/captures/{}?taught=x", 422),
        ("/captures/{}?taught=" + "9" * 30, 422),
        ("/captures/{}?changed=-5e36", 422),
        ("/captures/{}/things/1", 404),
        ("/captures/{}/things/99999999999999999999", 404),
        ("/captures/nothing/things/1", 404),
        ("/captures/{}/drawn?left=0&top=0&right=0.5&bottom=0.5", 200),
        ("/captures/{}/drawn?left=0&top=0&right=5e36&bottom=0.5", 422),
        ("/captures/{}/drawn?left=0&top=0&right=nan&bottom=0.5", 422),
        ("/captures/{}/drawn?left=0", 422),
        ("/captures/nothing/drawn?left=0&top=0&right=0.5&bottom=0.5", 404),
    ],
)
def test_addresses_are_answered(kitchen: Kitchen, seen: str, path: str, status: int) -> None:
    assert kitchen.box.get(path.format(seen)).status == status


# Boxes


def test_every_box_is_a_button_with_a_name_and_stands_in_the_list(
    window: OpenWindow, kitchen: Kitchen, seen: str
) -> None:
    page = on_photograph(window, kitchen, seen).page
    page.get_by_label("All boxes").check()
    things = kitchen.things(seen)
    assert page.locator("tap-boxes button").count() == page.locator("a[data-box]").count() == len(things)
    for number, thing in enumerate(things, start=1):
        said = box_button(page, thing).get_attribute("aria-label") or ""
        assert said.startswith(thing["item_name"] or ("unknown thing ", "faint thing ")), said
        assert thing["item_name"] is not None or said.endswith(f" {number}")


def test_boxes_that_do_not_count_are_shown_when_they_are_asked_for(
    window: OpenWindow, kitchen: Kitchen, seen: str
) -> None:
    for scripts in (True, False):
        page = on_photograph(window, kitchen, seen, java_script_enabled=scripts).page
        expect(page.locator("rect.faint").first).to_be_hidden()
        expect(page.locator(".things .faint").first).to_be_hidden()
        page.get_by_label("All boxes").check()
        expect(page.locator("rect.faint").first).to_be_visible()
        expect(page.locator(".things .faint").first).to_be_visible()


def test_smallest_box_under_the_finger_is_meant(window: OpenWindow, kitchen: Kitchen, seen: str) -> None:
    page = on_photograph(window, kitchen, seen).page
    page.get_by_label("All boxes").check()
    picture = page.locator("tap-boxes").bounding_box()
    assert picture is not None
    things = kitchen.things(seen)
    several = 0
    for thing in things:
        x, y = (thing["box"][0] + thing["box"][2]) / 2, (thing["box"][1] + thing["box"][3]) / 2
        if any(
            abs(x - one["box"][side]) < 0.01 or abs(y - one["box"][side + 1]) < 0.01
            for one in things
            for side in (0, 2)
        ):
            continue  # a browser rounds where a finger is
        under = [one for one in things if one["box"][0] <= x <= one["box"][2] and one["box"][1] <= y <= one["box"][3]]
        several += len(under) > 1
        page.touchscreen.tap(picture["x"] + x * picture["width"], picture["y"] + y * picture["height"])
        meant = min(under, key=lambda one: area(one["box"]))
        expect(page.locator(".chosen-box")).to_have_attribute("data-for", f"thing-{meant['id']}")
        sheet(page).get_by_role("button", name="Close").tap()
    assert several


def test_sheet_is_left_with_escape_and_reading_goes_on_at_the_box(
    window: OpenWindow, kitchen: Kitchen, seen: str
) -> None:
    page = on_photograph(window, kitchen, seen).page
    thing = kitchen.things(seen)[0]
    box_button(page, thing).focus()
    page.keyboard.press("Enter")
    expect(sheet(page).get_by_role("heading")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet(page)).to_have_count(0)
    expect(box_button(page, thing)).to_be_focused()


def test_several_boxes_get_one_name(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    one, other = kitchen.things(capture)[:2]
    page = on_photograph(window, kitchen, capture).page
    page.get_by_role("button", name="Choose several").tap()
    for thing in (one, other):
        box_button(page, thing).dispatch_event("click")
        expect(box_button(page, thing)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#chosen")).to_have_text("2 chosen")
    page.get_by_label("What they are").fill("Twins")
    page.get_by_role("button", name="Name them").tap()
    expect(page.locator("#told")).to_contain_text("2 things: Twins.")
    assert len(kitchen.examples("Twins")) == 2
    expect(page.locator("select-several.on")).to_have_count(0)
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#told")).to_contain_text("Taken back.")
    assert kitchen.examples("Twins") == []


def test_several_boxes_get_one_name_without_scripts(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    page = on_photograph(window, kitchen, capture, java_script_enabled=False).page
    for thing in kitchen.things(capture)[:2]:
        page.locator(f'input[value$=" {thing["id"]}"]').check()
    page.get_by_label("What they are").fill("Plain twins")
    page.get_by_role("button", name="Name them").tap()
    expect(page.locator("#told")).to_contain_text("2 things: Plain twins.")
    assert len(kitchen.examples("Plain twins")) == 2


def test_long_press_begins_choosing(window: OpenWindow, kitchen: Kitchen, seen: str) -> None:
    page = on_photograph(window, kitchen, seen).page
    thing = surest(kitchen.things(seen))
    expect(box_button(page, thing)).to_be_visible()
    place = box_button(page, thing).bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    expect(page.locator("#chosen")).to_have_text("1 chosen")
    page.mouse.up()
    expect(page.locator("#chosen")).to_have_text("1 chosen")
    expect(sheet(page)).to_have_count(0)


def empty_spot(things: list[dict[str, Any]]) -> tuple[float, float, float, float]:
    """A part of the picture in which the eye found nothing."""
    spots = [(x / 20, y / 20, x / 20 + 0.12, y / 20 + 0.1) for x in range(1, 17) for y in range(1, 17)]
    return min(spots, key=lambda spot: max(iou(spot, thing["box"]) for thing in things))


def test_missed_thing_is_drawn_with_a_finger_and_looked_for_from_then_on(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    left, top, right, bottom = spot = empty_spot(kitchen.things(capture))
    page = on_photograph(window, kitchen, capture).page
    page.get_by_role("button", name="Draw a missed box").tap()
    picture = page.locator("draw-box").bounding_box()
    assert picture is not None
    page.mouse.move(picture["x"] + left * picture["width"], picture["y"] + top * picture["height"])
    page.mouse.down()
    page.mouse.move(picture["x"] + right * picture["width"], picture["y"] + bottom * picture["height"], steps=4)
    page.mouse.up()
    name_it(page, "Spice rack")
    (taught,) = kitchen.examples("Spice rack")
    assert taught["drawn"]
    assert iou(taught["box"], spot) > 0.9
    expect(page.locator(f"#thing-{taught['detection_id']}")).to_contain_text("Spice rack")
    expect(page.locator("draw-box")).to_be_hidden()
    again = at(kitchen.things(kitchen.photograph()), spot)
    assert again["item_name"] == "Spice rack"


def test_missed_thing_is_drawn_with_the_keyboard(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    page = on_photograph(window, kitchen, capture).page
    page.get_by_role("button", name="Draw a missed box").focus()
    page.keyboard.press("Enter")
    expect(page.locator("button.drawn")).to_be_focused()
    for key, times in (("ArrowUp", 60), ("ArrowLeft", 60), ("Shift+ArrowLeft", 4), ("Shift+ArrowDown", 2)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    name_it(page, "Corner")
    (taught,) = kitchen.examples("Corner")
    assert taught["box"] == pytest.approx([0, 0, 0.12, 0.24], abs=1e-6) or not taught["drawn"]


def test_drawing_is_left_with_escape(window: OpenWindow, kitchen: Kitchen, seen: str) -> None:
    page = on_photograph(window, kitchen, seen).page
    switch = page.get_by_role("button", name="Draw a missed box")
    switch.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("draw-box")).to_be_hidden()
    expect(switch).to_be_focused()
    expect(switch).to_have_attribute("aria-pressed", "false")


def test_slip_of_the_finger_draws_nothing(window: OpenWindow, kitchen: Kitchen, seen: str) -> None:
    page = on_photograph(window, kitchen, seen).page
    page.get_by_role("button", name="Draw a missed box").tap()
    page.locator("draw-box").tap()
    expect(page.locator("button.drawn")).to_be_hidden()
    expect(sheet(page)).to_have_count(0)


# Open pages follow, and lead here


def test_open_page_shows_what_is_taught_elsewhere(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    thing = kitchen.things(capture)[0]
    page = on_photograph(window, kitchen, capture).page
    expect(page.locator("live-state")).to_have_text("Live")
    page.get_by_label("All boxes").check()
    picture = page.locator(".view img").element_handle()
    example = kitchen.teach(capture, thing, "From afar")
    expect(box_button(page, thing)).to_have_attribute("aria-label", "From afar, 100 %")
    headers = {"Authorization": f"Bearer {kitchen.box.key}"}
    assert kitchen.box.request("DELETE", f"/v1/examples/{example}", headers=headers).status == 200
    expect(page.locator(f"#thing-{thing['id']}")).not_to_contain_text("From afar")
    expect(page.get_by_label("All boxes")).to_be_checked()
    assert picture.evaluate("picture => picture.isConnected"), "the picture stays where it is"


def test_open_page_shows_what_is_taught_about_another_photograph(window: OpenWindow, kitchen: Kitchen) -> None:
    first, second = kitchen.photograph(), kitchen.photograph()
    thing = kitchen.things(first)[1]
    page = on_photograph(window, kitchen, first).page
    expect(page.locator("live-state")).to_have_text("Live")
    kitchen.teach(second, at(kitchen.things(second), thing["box"]), "Seen twice")
    expect(page.locator(f"#thing-{thing['id']}")).to_contain_text("Seen twice")


def test_name_that_is_being_typed_survives_what_comes_in_meanwhile(window: OpenWindow, kitchen: Kitchen) -> None:
    capture = kitchen.photograph()
    one, other = kitchen.things(capture)[:2]
    page = on_photograph(window, kitchen, capture).page
    expect(page.locator("live-state")).to_have_text("Live")
    tap_box(page, one)
    name_field(page).fill("Half a na")
    kitchen.teach(capture, other, "Meanwhile")
    expect(page.locator(f"#thing-{other['id']}")).to_contain_text("Meanwhile")
    expect(name_field(page)).to_have_value("Half a na")
    expect(name_field(page)).to_be_focused()


def test_photograph_page_is_reached_from_the_pantry(window: OpenWindow, kitchen: Kitchen, seen: str) -> None:
    page = on_page(window, kitchen, "/").page
    page.locator("#latest-photograph").tap()
    expect(page.get_by_role("heading", name="What was seen")).to_be_visible()
    assert "/captures/" in page.url


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_photograph_taken_with_the_phone_leads_to_its_page_which_fills_itself(
    window: OpenWindow, kitchen: Kitchen, tmp_path: Path, *, scripts: bool
) -> None:
    taken = tmp_path / "taken.jpg"
    taken.write_bytes(kitchen.view + uuid.uuid4().bytes)
    page = on_page(window, kitchen, "/", java_script_enabled=scripts).page
    page.get_by_label("What it shows").select_option("Shelf")
    page.get_by_label("Take a photograph").set_input_files(taken)
    if not scripts:
        page.get_by_role("button", name="Send it").tap()
    page.wait_for_url("**/captures/*")
    capture_id = page.url.rpartition("/")[2]
    expect(page.get_by_role("heading", name="Shelf")).to_be_visible()
    if not scripts:
        kitchen.box.wait_until_analysed()
        page.reload()
    expect(page.locator("rect.named, rect.unknown").first).to_be_visible(timeout=30_000)
    assert kitchen.box.get(f"/v1/captures/{capture_id}").json["place"] == "Shelf"


def test_file_that_is_no_photograph_is_answered_with_a_sentence(
    window: OpenWindow, kitchen: Kitchen, tmp_path: Path
) -> None:
    (tmp_path / "letter.jpg").write_text("Dear all")
    phone = on_page(window, kitchen, "/captures/new")
    phone.page.get_by_label("Take a photograph").set_input_files(tmp_path / "letter.jpg")
    expect(phone.page.get_by_role("alert")).not_to_be_empty()
    expect(phone.page.get_by_label("Take a photograph")).to_be_attached()
    phone.forgive("415")


def test_barcode_is_shown_and_gets_a_name(
    window: OpenWindow, kitchen: Kitchen, demo_photographs: list[Path], tmp_path: Path
) -> None:
    taken = tmp_path / "code.jpg"
    with_barcode(demo_photographs[0]).save(taken, "JPEG", quality=92)
    page = on_page(window, kitchen, "/").page
    page.get_by_label("Take a photograph").set_input_files(taken)
    page.wait_for_url("**/captures/*")
    kitchen.box.wait_until_analysed()
    question = page.get_by_label(f"What is {CODE}?")
    question.fill("Tomato passata")
    page.locator("#codes").get_by_role("button", name="Name it").tap()
    expect(page.locator("#codes")).to_contain_text(f"Tomato passata {CODE}")
    assert kitchen.box.get(f"/v1/products/{CODE}").json["item_name"] == "Tomato passata"


def with_barcode(photograph: Path) -> Image.Image:
    with Image.open(photograph) as image:
        scene = image.convert("RGB")
    bars = zxingcpp.create_barcode(CODE, zxingcpp.BarcodeFormat.EAN13).to_image(scale=4)
    label = Image.fromarray(np.array(bars))
    scene.paste(255, (40, 40, 100 + label.width, 100 + label.height))
    scene.paste(label.convert("RGB"), (70, 70))
    return scene


# How it looks


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_are_text_and_do_not_widen_the_page(window: OpenWindow, kitchen: Kitchen, name: str) -> None:
    capture = kitchen.photograph()
    thing = kitchen.things(capture)[0]
    phone = on_photograph(window, kitchen, capture, viewport={"width": 320, "height": 640})
    page = phone.page
    tap_box(page, thing)
    name_field(page).fill(name)
    sheet(page).get_by_role("button", name="Name it").tap()
    expect(box_button(page, thing)).to_have_attribute("aria-label", f"{name}, 100 %")
    assert page.locator(f"#thing-{thing['id']} b").text_content() == name
    assert page.title() == "Shelf"
    assert phone.fits()
    tap_box(page, thing)
    assert phone.fits()
    phone.open(f"/captures/{capture}/things/{thing['id']}")
    expect(page.locator("h1")).to_have_text(name)
    assert phone.fits()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_its_window_can_be_read_by_day_and_night_and_worked_with_a_thumb(
    window: OpenWindow, kitchen: Kitchen, seen: str, width: int
) -> None:
    phone = on_photograph(window, kitchen, seen, viewport={"width": width, "height": 844})
    page = phone.page
    expect(page.locator("tap-boxes button").first).to_be_attached()
    for part in ("photograph", "sheet", "several"):
        if part == "sheet":
            tap_box(page, kitchen.things(seen)[0])
        elif part == "several":
            page.keyboard.press("Escape")
            page.get_by_label("All boxes").check()
            page.get_by_role("button", name="Choose several").tap()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert phone.fits()
            assert phone.pale_texts() == []
            assert phone.small_targets() == []
            assert phone.unnamed_controls() == []
            if scheme == "light" or width == 390:
                page.screenshot(path=SCREENSHOTS / f"teaching-{part}-{width}-{scheme}.png", full_page=part != "sheet")


def test_page_takes_twelve_queries_at_most(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pantrybox.db", isolation_level=None)
    migrate(connection)
    connection.execute(
        """
        INSERT INTO captures (id, device_id, received_at_ms, captured_at_ms, image_path, size_bytes, sha256, status)
        VALUES ('one', '_phone', 0, 0, 'one.jpg', 1, zeroblob(32), 'stored')
        """
    )
    reader = Counting(connection)
    shown = shown_of(reader, "one")
    assert (shown.title, shown.things) == ("Phone", [])
    connection.close()
    assert reader.queries <= 12
