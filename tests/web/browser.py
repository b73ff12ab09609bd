"""A phone for a test: Debian's chromium, and whatever went wrong in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Request, sync_playwright

from tests.server import Server

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "en-GB",
}
LOCAL_NAME = "pantrybox.local"
ODD_NAMES = {
    "markup": '<img src=x onerror="document.title=\'taken\'"> & <b>"bold"</b> {{ 7 * 7 }}',
    "emoji": "🥫 \N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} 🍝",
    "right to left": "مربى المشمش \N{RIGHT-TO-LEFT OVERRIDE}abc",
    "200 characters": "x" * 200,
}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {LOCAL_NAME} 127.0.0.1",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own; without it the test is skipped, and with CI=true it fails."""
    path = shutil.which("chromium")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("chromium is not installed; ./scripts/test installs it")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


def new_code(server: Server) -> str:
    """What a sign-in link carries."""
    return server.post("/v1/sign-in-codes", {}).json["code"]


class Window:
    """One browser window on one box, a phone's unless told otherwise."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.context = browser.new_context(**(PHONE | options))
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        """What the console said, scripts that failed, and requests to anybody but the box."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"failed: {error}"))
        self.page.on("request", self._asked)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def sign_in(self, server: Server) -> None:
        """As a link does, but without its page."""
        assert self.context.request.post(self.url + "/sign-in", data={"code": new_code(server)}).status == 204

    def enter_code(self, text: str) -> None:
        """Of a sign-in link, into the door's form."""
        self.page.get_by_text("Sign in with a link").tap()
        self.page.get_by_label("Link or its code").fill(text)
        self.page.get_by_role("button", name="Open").tap()

    def open(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def forgive(self, words: str) -> None:
        """What a test brought about on purpose."""
        self.complaints = [complaint for complaint in self.complaints if words not in complaint]

    def fits(self) -> bool:
        """Nothing is wider than the window: the page cannot be pushed sideways."""
        width = self.page.viewport_size["width"]  # pyright: ignore[reportOptionalSubscript]
        return self.page.evaluate("document.scrollingElement.scrollWidth") <= width

    def small_targets(self) -> list[str]:
        """What is to be touched and smaller than a finger: 44 pixels either way; links inside of a sentence aside."""
        return self.page.evaluate(_SMALL_TARGETS)

    def unnamed_controls(self) -> list[str]:
        """What can be operated and has no name that a screen reader could say."""
        return self.page.evaluate(_UNNAMED_CONTROLS)

    def pale_texts(self) -> list[str]:
        """Texts with less contrast than WCAG 2.2 asks for (4.5 to 1), those on photographs aside."""
        return self.page.evaluate(_PALE_TEXTS)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url)[:2] != urlsplit(self.url)[:2]:
            self.complaints.append(f"asked elsewhere: {request.url}")


OpenWindow = Callable[..., Window]
"""What the fixture `window` gives."""


_PALE_TEXTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => numbers(color).slice(0, 3)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((numbers(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("svg, .hidden, script") || !element.checkVisibility()) continue;
    const [low, high] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) pale.push(`${text}: ${contrast.toFixed(1)}`);
  }
  return pale;
}"""

_UNNAMED_CONTROLS = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input")]
  .filter((element) => element.checkVisibility() && !element.matches("[type=hidden], [aria-hidden=true]"))
  .filter((element) => !(element.ariaLabel || element.labels?.[0]?.textContent || element.textContent).trim())
  .map((element) => element.outerHTML.slice(0, 120))"""

_SMALL_TARGETS = """() => [...document.querySelectorAll("a:not(p a), button, summary, select, textarea, input")]
  .filter((element) => element.checkVisibility() && !element.matches(".hidden, .hidden *, [type=hidden]"))
  .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
  .filter(([_, box]) => box.width < 44 || box.height < 44)
  .map(([html, box]) => `${html}: ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`)"""
