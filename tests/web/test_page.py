"""The page in a real browser, on a phone: what a household sees, and that it comes by itself."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from pantrybox.clock import to_rfc3339, wall_clock_ms
from tests.server import Server, free_port
from tests.web.browser import LOCAL_NAME, ODD_NAMES, OpenWindow, new_code

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "pantrybox/demo/photographs"
TRUTH: dict[str, Any] = {scene["file"]: scene for scene in json.loads((DEMO / "truth.json").read_text())["photographs"]}
SCREENSHOTS = ROOT / "screenshots"
MINUS = "\N{MINUS SIGN}"


class Shelf(NamedTuple):
    server: Server
    photographs: dict[str, str]
    """The capture's id of each file of the demo."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A box that has seen the whole demo. Only to look at."""
    with Server(tmp_path_factory.mktemp("shelf") / "data") as server:
        token = add_device(server, "Pantry shelf")
        last = max(scene["seconds_after_start"] for scene in TRUTH.values())
        start_ms = wall_clock_ms() - 1000 * (last + 150)
        photographs = {
            name: upload(server, token, name, x_captured_at=to_rfc3339(start_ms + 1000 * scene["seconds_after_start"]))
            for name, scene in TRUTH.items()
        }
        server.wait_until_analysed()
        yield Shelf(server, photographs)


@pytest.fixture(scope="module")
def empty_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nothing but a box. Only to look at."""
    with Server(tmp_path_factory.mktemp("empty") / "data") as server:
        yield server


def add_device(server: Server, name: str, device_id: str = "shelf") -> str:
    """The token of a new camera of that name."""
    return server.post("/v1/devices", {"name": name, "device_id": device_id}).json["device_token"]


def upload(server: Server, token: str, file: str, device_id: str = "shelf", **headers: str) -> str:
    """The id of the capture."""
    answer = server.upload((DEMO / file).read_bytes(), token, device_id, **headers)
    assert answer.status == 201, answer.body
    return answer.json["capture_id"]


def count_of(page: Page, name: str) -> Locator:
    return page.locator(".here li").filter(has_text=re.compile(name, re.IGNORECASE)).locator("live-count")


def state_of(page: Page) -> Locator:
    return page.locator("live-state")


class Demo(NamedTuple):
    url: str
    link: str
    data: Path


@contextmanager
def demo(data: Path) -> Iterator[Demo]:
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "pantrybox", "demo", "--interval", "1", "--data", str(data)]
    command += ["--port", url.rpartition(":")[2]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            link = next(line.removeprefix("Open ").strip() for line in process.stdout if line.startswith("Open "))
            yield Demo(url, link, data)
        finally:
            os.kill(process.pid, signal.SIGINT)
            process.wait(20)


@pytest.mark.slow
def test_demo_link_opens_signed_in_and_counts_change_by_themselves(window: OpenWindow, tmp_path: Path) -> None:
    with demo(tmp_path / "data") as running:
        phone = window(running.url)
        page = phone.page
        page.goto(running.link)
        expect(page.get_by_role("heading", name="Pantry", exact=True)).to_be_visible()
        assert page.url == running.url + "/"
        page.evaluate("window.__same = 1")
        seen = []
        for count in (3, 5, 4):
            # The demo takes a photograph a second; a busy machine looks at one in three.
            expect(count_of(page, "orange")).to_have_text(str(count), timeout=60_000)
            seen.append(page.locator(".view img").get_attribute("src"))
            assert page.locator(".view rect").count() >= 10
        assert len(set(seen)) == 3, "the picture changes with the counts"
        assert page.evaluate("window.__same") == 1, "no reload"
        page.close()  # or the demo would wait for it on its way down


def test_link_is_good_once_and_then_says_so(window: OpenWindow, empty_box: Server) -> None:
    link = empty_box.command("owner", "link", "--url", empty_box.url).strip()
    first, second = window(empty_box.url), window(empty_box.url)
    first.page.goto(link)
    expect(first.page.get_by_role("heading", name="Pantry", exact=True)).to_be_visible()
    second.page.goto(link)
    expect(second.page.get_by_role("alert")).to_contain_text("used already")
    expect(second.page.get_by_text("Sign in with a link")).to_be_visible()
    assert "code" not in second.page.url
    second.forgive("401")


def test_link_pasted_over_an_open_page_signs_in_or_leaves_no_code_behind(window: OpenWindow, empty_box: Server) -> None:
    # Only the fragment changes then, and the browser loads nothing.
    phone = window(empty_box.url)
    phone.open()
    expect(phone.page.get_by_text("Sign in with a link")).to_be_visible()
    for _ in ("as a stranger", "when signed in already"):
        phone.page.goto(empty_box.url + "/#code=" + new_code(empty_box))
        expect(phone.page.get_by_role("heading", name="Pantry", exact=True)).to_be_visible()
        expect(phone.page).to_have_url(empty_box.url + "/")


def test_wrong_code_is_answered_with_a_sentence_and_a_pasted_link_is_as_good_as_its_code(
    window: OpenWindow, empty_box: Server
) -> None:
    phone = window(empty_box.url)
    phone.open()
    phone.enter_code("not-a-code")
    expect(phone.page.get_by_role("alert")).to_contain_text("Ask the box for a new one.")
    phone.forgive("401")
    phone.enter_code(f" {empty_box.url}/#code={new_code(empty_box)}\n")
    expect(phone.page.get_by_role("heading", name="Pantry", exact=True)).to_be_visible()


def test_page_is_readable_without_javascript(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url, java_script_enabled=False)
    phone.sign_in(shelf.server)
    with phone.page.expect_response("**/image") as picture:
        phone.open()
    assert picture.value.status == 200
    text = phone.page.locator("body").inner_text()
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    for item in shelf.server.get("/v1/inventory").json["items"]:
        name, count = item["canonical_name"], item["count_estimate"]
        seen = rf"(.*% sure · {when}|.*last seen {when}\n.*% sure)"
        line = rf"^{name}\n{seen}\n(perhaps )?count\n{count}$"
        assert re.search(line, text, re.MULTILINE | re.IGNORECASE) or not count
    assert re.search(rf"^[+{MINUS}]\d\n\w+\nnow \d, \d+ % sure\n{when}$", text, re.MULTILINE)
    assert f"Pantry shelf\nactive, {len(TRUTH)} photographs" in text
    assert phone.page.locator(".view rect").count() >= 10
    assert phone.fits()


def test_one_can_sign_in_and_out_without_javascript(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url, java_script_enabled=False)
    phone.open()
    phone.enter_code(new_code(shelf.server))
    expect(phone.page.get_by_role("heading", name="In the pantry")).to_be_visible()
    phone.page.get_by_role("button", name="Sign out").tap()
    expect(phone.page.get_by_text("Sign in with a link")).to_be_visible()


def test_what_lies_in_the_latest_photograph_was_seen_when_it_was_taken(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url, java_script_enabled=False)
    phone.sign_in(shelf.server)
    phone.open()
    taken = phone.page.locator(".caption time").get_attribute("datetime")
    in_picture = set(phone.page.locator(".view text").all_text_contents())
    seen = {
        line.locator("b").text_content(): line.locator("time").get_attribute("datetime")
        for line in phone.page.locator(".here .list > li").all()
    }
    assert {name: seen[name] for name in in_picture} == dict.fromkeys(in_picture, taken)


def test_wrong_code_without_javascript_is_answered_with_the_page_and_a_sentence(
    window: OpenWindow, shelf: Shelf
) -> None:
    phone = window(shelf.server.url, java_script_enabled=False)
    phone.open()
    phone.enter_code("not-a-code")
    expect(phone.page.get_by_text("Sign in with a link")).to_be_visible()
    expect(phone.page.get_by_role("alert")).to_contain_text("Ask the box for a new one.")
    phone.forgive("401")


def test_empty_box_says_what_to_do(window: OpenWindow, empty_box: Server) -> None:
    phone = window(empty_box.url)
    phone.sign_in(empty_box)
    phone.open()
    expect(phone.page.get_by_text("No camera yet.")).to_be_visible()
    expect(phone.page.get_by_text('pantrybox device add "Kitchen shelf"')).to_be_visible()
    expect(state_of(phone.page)).to_have_text("Live")


@pytest.mark.slow
def test_first_photograph_appears_by_itself_on_the_box_s_own_name_over_plain_http(
    server: Server, window: OpenWindow
) -> None:
    token = add_device(server, "Shelf")
    phone = window(f"http://{LOCAL_NAME}:{server.port}")
    phone.page.goto(server.command("owner", "link", "--url", phone.url).strip())
    expect(phone.page.get_by_text("No photograph yet.")).to_be_visible()
    expect(state_of(phone.page)).to_have_text("Live")
    upload(server, token, "01.jpg")
    expect(count_of(phone.page, "orange")).to_have_text(str(TRUTH["01.jpg"]["counts"]["orange"]))
    expect(phone.page.locator(".view rect")).to_have_count(len(TRUTH["01.jpg"]["things"]))


def test_boxes_lie_over_the_things(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url)
    phone.sign_in(shelf.server)
    phone.open(f"/photographs/{shelf.photographs['01.jpg']}")
    boxes = phone.page.evaluate("""() => {
      const picture = document.querySelector(".view img").getBoundingClientRect();
      const names = [...document.querySelectorAll(".view text")].map((text) => text.textContent);
      return [...document.querySelectorAll(".view rect")].map((rect, i) => {
        const box = rect.getBoundingClientRect();
        return [names[i], [
          (box.left - picture.left) / picture.width, (box.top - picture.top) / picture.height,
          (box.right - picture.left) / picture.width, (box.bottom - picture.top) / picture.height]];
      });
    }""")
    for thing in TRUTH["01.jpg"]["things"]:
        best = max(boxes, key=lambda named: iou(named[1], thing["box"]))
        assert iou(best[1], thing["box"]) > 0.5, thing
        assert best[0] == thing["name"]


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_names_on_the_picture_do_not_cover_each_other(window: OpenWindow, shelf: Shelf, width: int) -> None:
    phone = window(shelf.server.url, viewport={"width": width, "height": 800})
    phone.sign_in(shelf.server)
    phone.open(f"/photographs/{shelf.photographs['03.jpg']}")
    expect(phone.page.locator("labelled-picture:defined")).to_be_visible()
    shown = phone.page.evaluate("""() => [...document.querySelectorAll(".view text")]
      .filter((text) => getComputedStyle(text).visibility === "visible")
      .map((text) => { const box = text.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; })
    """)
    assert len(shown) >= 8
    assert [(a, b) for n, a in enumerate(shown) for b in shown[:n] if iou(a, b) > 0] == []


def test_change_leads_to_its_photograph_and_back(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url)
    phone.sign_in(shelf.server)
    phone.open()
    page = phone.page
    change = page.locator(".changes").get_by_role("link").last  # not the photograph that the page shows anyway
    said = change.locator(".delta").inner_text(), change.locator("b").inner_text()
    change.tap()
    expect(page.get_by_role("heading", name="What it changed")).to_be_visible()
    assert page.url.rpartition("/")[2] in shelf.photographs.values()
    expect(page.locator(".view rect").first).to_be_visible()
    changed = page.locator("section").filter(has_text="What it changed").get_by_role("listitem")
    assert said in [(row.locator(".delta").inner_text(), row.locator("b").inner_text()) for row in changed.all()]
    page.get_by_role("link", name="Back to the pantry").tap()
    expect(page.get_by_role("heading", name="Recent changes")).to_be_visible()
    expect(state_of(page)).to_have_text("Live")


@pytest.mark.slow
def test_page_reconnects_when_the_box_restarts_and_shows_what_it_missed(server: Server, window: OpenWindow) -> None:
    token = add_device(server, "Shelf")
    upload(server, token, "01.jpg")
    server.wait_until_analysed()
    phone = window(server.url)
    phone.sign_in(server)
    phone.open()
    expect(state_of(phone.page)).to_have_text("Live")
    expect(count_of(phone.page, "orange")).to_have_text(str(TRUTH["01.jpg"]["counts"]["orange"]))
    phone.page.evaluate("window.__same = 1")
    server.stop()
    expect(state_of(phone.page)).to_have_text("Reconnecting…")
    port, server.port = server.port, free_port()  # an address that the page does not know
    with server:
        upload(server, token, "03.jpg")
        server.wait_until_analysed()
    server.port = port
    server.start()
    expect(state_of(phone.page)).to_have_text("Live", timeout=15_000)
    expect(count_of(phone.page, "orange")).to_have_text(str(TRUTH["03.jpg"]["counts"]["orange"]))
    assert phone.page.evaluate("window.__same") == 1, "no reload"
    phone.forgive("/live")  # while there was nobody
    phone.forgive("[object Event]")  # so htmx says it
    assert "Traceback" not in server.log, "an open page is no reason to stop with an error"


@pytest.mark.slow
def test_live_page_stays_as_the_reader_left_it(server: Server, window: OpenWindow) -> None:
    """The list of what is gone stays open, and a new picture comes whole and without a jump."""
    token = add_device(server, "Shelf")
    *before, coming = ("01.jpg", *without("banana", 3))
    for file in before:
        upload(server, token, file)
    server.wait_until_analysed()
    phone = window(server.url)
    phone.sign_in(server)
    phone.open()
    page, picture = phone.page, phone.page.locator(".view img")
    expect(state_of(page)).to_have_text("Live")
    page.locator("summary").tap()
    expect(page.locator(".gone")).to_be_visible()
    shown = picture.get_attribute("src") or ""
    place = page.locator(".here").bounding_box()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(lambda url: url.endswith("/image") and shown not in url, hold)
    page.locator("details").evaluate("details => (details.dataset.replaced = 'no')")
    with page.expect_request("**/image"):
        upload(server, token, coming)
    expect(page.locator("details[data-replaced]")).to_have_count(0)
    expect(page.locator("live-count.changed").first).to_be_attached()
    expect(page.locator(".gone")).to_be_visible()
    expect(picture).to_have_attribute("src", shown)
    assert page.locator(".here").bounding_box() == place
    held[0].continue_()
    expect(picture).not_to_have_attribute("src", shown)
    assert picture.evaluate("picture => picture.complete && picture.naturalWidth") == 1600
    assert page.locator(".here").bounding_box() == place


def test_nothing_moves_when_the_first_picture_arrives(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url)
    phone.sign_in(shelf.server)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    phone.page.route("**/image", hold)
    with phone.page.expect_request("**/image"):
        phone.page.goto(phone.url, wait_until="domcontentloaded")
    place = phone.page.locator(".here").bounding_box()
    held[0].continue_()
    phone.page.wait_for_load_state()
    assert phone.page.locator(".view img").evaluate("picture => picture.naturalWidth") == 1600
    assert phone.page.locator(".here").bounding_box() == place


def without(item: str, number: int) -> list[str]:
    """The first readable photographs after this item was gone."""
    return [name for name, scene in TRUTH.items() if scene["readable"] and item not in scene["counts"]][:number]


def test_page_looks_again_when_the_phone_wakes(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url)
    phone.sign_in(shelf.server)
    phone.open()
    expect(state_of(phone.page)).to_have_text("Live")
    with (
        phone.page.expect_response("**/fragments/stock") as stock,
        phone.page.expect_response("**/fragments/photographs") as photographs,
    ):
        phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert (stock.value.status, photographs.value.status) == (200, 200)


def test_page_shows_the_way_in_once_its_session_is_over(window: OpenWindow, shelf: Shelf) -> None:
    phone = window(shelf.server.url)
    phone.sign_in(shelf.server)
    phone.open()
    expect(state_of(phone.page)).to_have_text("Live")
    assert phone.context.request.post(shelf.server.url + "/sign-out", max_redirects=0).status == 303
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(phone.page.get_by_text("Sign in with a link")).to_be_visible()
    phone.forgive("401")
    phone.forgive("[object Event]")  # its stream ended, too


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_are_text_and_do_not_widen_the_page(window: OpenWindow, odd_box: Shelf, name: str) -> None:
    phone = window(odd_box.server.url, viewport={"width": 320, "height": 640})
    phone.sign_in(odd_box.server)
    phone.open()
    page = phone.page
    assert name in page.locator(".cameras b").all_text_contents()
    assert name in page.locator(".here b").all_text_contents()
    assert page.title() == "Pantry"
    assert phone.fits()
    phone.open(f"/photographs/{odd_box.photographs[name]}")
    expect(page.locator("h1")).to_have_text(name)
    assert page.title() == " ".join(name.split())
    assert name in (page.locator(".view img").get_attribute("alt") or "")
    assert name in page.locator(".item b").all_text_contents()
    assert page.locator(".bar").bounding_box()["height"] < 100  # pyright: ignore[reportOptionalSubscript]
    assert phone.fits()


@pytest.fixture(scope="module")
def odd_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A box whose cameras and items have odd names. Only to look at."""
    server = Server(tmp_path_factory.mktemp("odd") / "data")
    names = list(ODD_NAMES.values())
    made = server.command("device", "add", names[0], "--id", "odd-0", "--json")
    tokens = [json.loads(made)["device_token"]]
    with sqlite3.connect(server.data / "pantrybox.db") as database:
        # What the model calls by the key, a person named before.
        database.executemany(
            "INSERT INTO inventory_items (canonical_name, name_key, generic, created_at_ms) VALUES (?, ?, 0, 0)",
            zip(names, ("apple", "orange", "cup", "bottle"), strict=True),
        )
    database.close()
    with server:
        tokens += [add_device(server, name, f"odd-{n}") for n, name in enumerate(names[1:], start=1)]
        captures = [upload(server, token, "01.jpg", device_id=f"odd-{n}") for n, token in enumerate(tokens)]
        server.wait_until_analysed()
        yield Shelf(server, dict(zip(names, captures, strict=True)))


@pytest.mark.parametrize(
    ("name", "width"),
    [(name, 390) for name in ("sign-in", "empty", "pantry", "photograph")]
    + [("pantry", 320), ("pantry", 1280), ("photograph", 1280)],
)
def test_every_page_fits_its_window_and_can_be_read_by_day_and_night(
    window: OpenWindow, shelf: Shelf, empty_box: Server, name: str, width: int
) -> None:
    server = empty_box if name == "empty" else shelf.server
    phone = window(server.url, viewport={"width": width, "height": 844}, device_scale_factor=2 if width < 500 else 1)
    if name != "sign-in":
        phone.sign_in(server)
    phone.open(f"/photographs/{shelf.photographs['14.jpg']}" if name == "photograph" else "/")
    if name in {"empty", "pantry"}:
        expect(state_of(phone.page)).to_have_text("Live")
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        if scheme == "light" or width == 390:
            phone.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
