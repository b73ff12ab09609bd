"""Who asks, and what they may: every route needs an `admin` unless it says otherwise."""

from typing import Any, Literal

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from pantrybox.errors import Forbidden, Unauthorised
from pantrybox.owners.access import Access
from pantrybox.owners.model import Scope, includes

COOKIE = "pantrybox_session"

Needed = Scope | Literal["open", "device"]
"""`open`: nobody is asked who they are. `device`: the handler asks for a camera's token."""


ANYBODY: list[dict[str, list[str]]] = [{}]
"""The `security` of an open route, for the API's own description."""
A_CAMERA: list[dict[str, list[str]]] = [{"device": []}]


def needs(needed: Needed) -> dict[str, Needed]:
    """The `opt` of a route: `@get("/v1/captures", opt=needs("read"))`."""
    return {"authority": needed}


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Runs before every handler, before any of the body is read."""
    needed: Needed = handler.opt.get("authority", "admin")
    if needed in {"open", "device"}:
        return
    held = held_scope(connection)
    if held is None:
        raise Unauthorised("Sign in, or send an API key: `Authorization: Bearer pbk_...`.")
    if not includes(held, needed):  # pyright: ignore[reportArgumentType]
        raise Forbidden(f"This key may only {held}; this needs a key with the scope {needed}.")


def held_scope(connection: ASGIConnection[Any, Any, Any, Any]) -> Scope | None:
    """What the sender of a request may do; None for a stranger."""
    if is_console(connection):
        return "admin"
    access: Access = connection.app.state.access
    key = bearer(connection)
    if key is not None:
        return access.scope_of_key(key)
    secret = connection.cookies.get(COOKIE)
    return access.scope_of_session(secret) if secret else None


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def is_console(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Came over the Unix socket in the data folder (mode 0600): whoever can open it owns the box."""
    server = connection.scope["server"]
    # The server writes this, not the sender: an address without a port is a path.
    return server is not None and server[1] is None
