"""Where a request comes from: a page of another site must not act with the owner's cookie.

Browsers say so themselves, with every request that is not a GET or HEAD: `Origin` always (Chromium
and Safari for ever, Firefox since 2019), and `Sec-Fetch-Site` where the address is https or loopback.
Older ones say `Referer`. Whoever says none of the three is no browser and holds no stranger's cookie;
`SameSite=Strict` keeps it from other sites besides.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from pantrybox.errors import Forbidden

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ITSELF = frozenset({"same-origin", "none"})
"""`none`: the person, not a page."""


def refuse_other_sites(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Forbidden when a browser says that this request was made by another site's page."""
    scope: Any = connection.scope  # of a request: there are no websockets
    if scope["method"] not in _SAFE and not comes_from_itself(connection.headers):
        raise Forbidden("This was asked by a page of another site.")


def comes_from_itself(headers: Mapping[str, str]) -> bool:
    """Whether what a browser says of where it stands fits the Host that it asks."""
    if headers.get("sec-fetch-site", "same-origin") not in _ITSELF:
        return False
    told = headers.get("origin", headers.get("referer"))
    return told is None or _host_of(told) == headers.get("host", "").lower()


def _host_of(address: str) -> str | None:
    """None for `null`, which is what a page without an origin calls itself."""
    try:
        return urlsplit(address).netloc.lower() or None
    except ValueError:
        return None
