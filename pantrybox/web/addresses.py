"""Where the page of a thing is, whatever the thing is called."""

from urllib.parse import quote

ITEMS = "/items/"


def item_path(name: str) -> str:
    # Dots alone are steps for a browser, slashes alone nothing for the router, however they are written.
    # A blank more is still the same name.
    steps = not name.strip("./ ")
    return ITEMS + quote(f"{name} " if steps else name, safe="")
