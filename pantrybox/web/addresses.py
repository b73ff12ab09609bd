"""Where the page of a thing is, whatever the thing is called."""

from urllib.parse import quote

ITEMS = "/items/"


def item_path(name: str) -> str:
    # Browsers take `.` and `..` for steps, however they are written; a blank more is still the same name.
    steps = name.strip() in {".", ".."}
    return ITEMS + quote(f"{name} " if steps else name, safe="")
