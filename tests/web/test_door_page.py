"""The way in, in a real browser on a phone: making a new box one's own, and signing in to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.server import Server
from tests.web.browser import LOCAL_NAME, OpenWindow, Window

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
PASSPHRASE = "four words are good"


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A box with an owner. Only to look at."""
    with Server(tmp_path_factory.mktemp("door") / "data") as box:
        body = {"setup_code": box.setup_code, "passphrase": PASSPHRASE}
        assert box.request("POST", "/claim", body).status == 204
        yield box


@pytest.fixture(scope="module")
def unclaimed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A new box. Only to look at."""
    with Server(tmp_path_factory.mktemp("new") / "data") as box:
        yield box


def pantry_is_open(phone: Window) -> None:
    expect(phone.page.get_by_role("heading", name="Pantry", exact=True)).to_be_visible()


@pytest.mark.parametrize("java_script_enabled", [True, False])
@pytest.mark.parametrize("name", ["127.0.0.1", LOCAL_NAME])
def test_new_box_is_claimed_and_opens_again_with_the_passphrase(
    server: Server, window: OpenWindow, name: str, *, java_script_enabled: bool
) -> None:
    phone = window(f"http://{name}:{server.port}", java_script_enabled=java_script_enabled)
    phone.open()
    phone.page.get_by_label("Setup code").fill(server.setup_code.lower())
    phone.page.get_by_label("New passphrase").fill(PASSPHRASE)
    phone.page.get_by_label("The same again").fill(PASSPHRASE)
    phone.page.get_by_role("button", name="Make it mine").tap()
    pantry_is_open(phone)
    phone.page.get_by_role("button", name="Sign out").tap()
    phone.page.get_by_label("Passphrase").fill(PASSPHRASE)
    phone.page.get_by_role("button", name="Sign in").tap()
    pantry_is_open(phone)
    expect(phone.page).to_have_url(phone.url + "/")
    phone.forgive("[object Event]")  # signing out ends the open page's stream, and htmx says so


def test_address_of_the_qr_code_fills_the_setup_code_in_and_leaves_none_behind(
    unclaimed: Server, window: OpenWindow
) -> None:
    phone = window(unclaimed.url)
    phone.open("/#setup=" + unclaimed.setup_code)
    expect(phone.page.get_by_label("Setup code")).to_have_value(unclaimed.setup_code)
    expect(phone.page.get_by_label("New passphrase")).to_be_focused()
    expect(phone.page).to_have_url(unclaimed.url + "/")


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_what_was_wrong_is_said_on_the_page(
    unclaimed: Server, claimed: Server, window: OpenWindow, *, java_script_enabled: bool
) -> None:
    phone = window(unclaimed.url, java_script_enabled=java_script_enabled)
    phone.open()
    phone.page.get_by_label("Setup code").fill("AAAA-AAAA")
    phone.page.get_by_label("New passphrase").fill(PASSPHRASE)
    phone.page.get_by_label("The same again").fill(PASSPHRASE)
    phone.page.get_by_role("button", name="Make it mine").tap()
    expect(phone.page.get_by_role("alert")).to_have_text("This is not the setup code that the box shows.")
    other = window(claimed.url, java_script_enabled=java_script_enabled)
    other.open()
    other.page.get_by_label("Passphrase").fill("wrong")
    other.page.get_by_role("button", name="Sign in").tap()
    expect(other.page.get_by_role("alert")).to_have_text("This is not the passphrase.")
    if java_script_enabled:
        expect(other.page).to_have_url(claimed.url + "/")
    for each in (phone, other):
        each.forgive("401")


@pytest.mark.parametrize("name", ["claim", "sign-in", "sign-in-link", "claim-refused"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_door_fits_its_window_and_can_be_read_by_day_and_night(
    unclaimed: Server, claimed: Server, window: OpenWindow, name: str, width: int
) -> None:
    box = unclaimed if name.startswith("claim") else claimed
    phone = window(box.url, viewport={"width": width, "height": 844}, device_scale_factor=2 if width < 500 else 1)
    phone.open()
    if name == "sign-in-link":
        phone.page.get_by_text("Sign in with a link").tap()
    if name == "claim-refused":
        phone.page.get_by_label("Setup code").fill("AAAA")
        phone.page.get_by_label("New passphrase").fill(PASSPHRASE)
        phone.page.get_by_label("The same again").fill("something else")
        phone.page.get_by_role("button", name="Make it mine").tap()
        expect(phone.page.get_by_role("alert")).to_have_text("The two passphrases are not the same.")
        phone.forgive("422")
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert phone.fits()
        assert phone.pale_texts() == []
        phone.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
