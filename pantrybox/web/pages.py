"""Templates to HTML responses, with the headers that keep a page safe."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from litestar import Response

from pantrybox.clock import to_rfc3339
from pantrybox.inventory.low import low_items
from pantrybox.version import VERSION
from pantrybox.web import told
from pantrybox.web.addresses import item_path

# Everything comes from the box itself, and nothing inline runs.
SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not no-referrer: with that, a browser says `Origin: null` when it sends a form.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def page(template: str, *, status_code: int = 200, **values: object) -> Response[str]:
    html = rendered(template, **values)
    return Response(html, status_code=status_code, media_type="text/html", headers=SECURITY)


def rendered(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)


def door(*, claimed: bool, status_code: int = 200, problem: str = "") -> Response[Any]:
    """What a stranger gets: the way in, or the way to make the box theirs. `problem` says why it did not open."""
    return page("sign_in.html" if claimed else "claim.html", status_code=status_code, problem=problem)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pantrybox.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared: dict[str, Any] = {"version": VERSION, "static": _static, "told": told, "low_items": low_items}
    environment.globals.update(shared)
    environment.filters.update(rfc3339=to_rfc3339, clock_time=_clock_time, percent=told.percent, item_path=item_path)
    return environment


@cache
def _static(path: str) -> str:
    """The address of a static file; it changes with the content, so that the file may be cached for ever."""
    data = (files("pantrybox.web") / "static" / path).read_bytes()
    return f"/static/{path}?v={hashlib.sha256(data).hexdigest()[:12]}"


def _clock_time(at_ms: int) -> str:
    """For a reader without JavaScript; with it the page says how long ago."""
    return to_rfc3339(at_ms)[:16].replace("T", " ") + " UTC"
