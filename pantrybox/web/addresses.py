"""Where a thing is found, whatever it is called: its page, and what the API is asked about it."""

from typing import Literal
from urllib.parse import quote, unquote

ITEMS = "/items/"
API_ITEMS = "/v1/inventory/items/"

About = Literal["item", "history", "why"]
"""What is asked for: the item itself, what happened to it, or why its counts are believed."""
HISTORY: About = "history"
WHY: About = "why"


def item_path(name: str) -> str:
    # Dots alone are steps for a browser, slashes alone nothing for the router, however they are written.
    # A blank more is still the same name.
    steps = not name.strip("./ ")
    return ITEMS + quote(f"{name} " if steps else name, safe="")


def asked_for(raw_path: str) -> tuple[str, About]:
    """The name in the path of a request as it was sent, and what about it is asked for.

    Before decoding, because `a%2Fhistory` is a name and `a/history` the history of another.
    """
    rest = raw_path.removeprefix(API_ITEMS)
    for about in (HISTORY, WHY):
        if rest.endswith(f"/{about}"):
            return unquote(rest.removesuffix(f"/{about}")), about
    return unquote(rest), "item"
