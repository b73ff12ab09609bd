"""A browser for the tests that need one, and the windows that they open in it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser import OpenWindow, Window, chromium

# A machine that runs the whole suite at once is not always quick.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[OpenWindow]:
    """Opens windows; at the end none of them may have had anything to complain about."""
    with ExitStack() as stack:
        opened: list[Window] = []

        def open_window(url: str, **options: Any) -> Window:
            opened.append(stack.enter_context(Window(browser, url, **options)))
            return opened[-1]

        yield open_window
        assert [complaint for each in opened for complaint in each.complaints] == []
