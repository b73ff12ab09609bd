"""Who asks, and what they may: every route needs an `admin` unless it says otherwise."""

from typing import Any, Literal

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from pantrybox.errors import Forbidden, Unauthorised
from pantrybox.owners.access import Access
from pantrybox.owners.model import OWNER, Actor, Scope, Visitor, includes
from pantrybox.web.origin import refuse_other_sites

COOKIE = "pantrybox_session"
CONSOLE = Actor("console", "admin")
_MAX_USER_AGENT = 300

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
    if needed == "device":
        return
    if needed == "open":
        # Nobody's page may sign a browser in here, either, or claim the box with it.
        refuse_other_sites(connection)
        return
    held = held_by(connection)
    if held is None:
        raise Unauthorised("Sign in, or send an API key: `Authorization: Bearer pbk_...`.")
    if not includes(held.scope, needed):  # pyright: ignore[reportArgumentType]
        raise Forbidden(f"This key may only {held.scope}; this needs a key with the scope {needed}.")
    if held == OWNER:  # the only authority that a browser adds by itself
        refuse_other_sites(connection)


def held_by(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Who sent a request and what they may do; None for a stranger."""
    if is_console(connection):
        return CONSOLE
    access: Access = connection.app.state.access
    key = bearer(connection)
    if key is not None:
        return access.actor_of_key(key)
    secret = connection.cookies.get(COOKIE)
    return access.actor_of_session(secret) if secret else None


def the_actor(request: Request[Any, Any, Any]) -> Actor:
    """For handlers with a parameter `actor: NamedDependency[Actor]`: who the guard let in."""
    held = held_by(request)
    if held is None:
        raise Unauthorised("Sign in, or send an API key: `Authorization: Bearer pbk_...`.")
    return held


def visitor(connection: ASGIConnection[Any, Any, Any, Any]) -> Visitor:
    """The browser at the other end, for its session's owner to know it again."""
    client = connection.scope["client"]
    peer = None if is_console(connection) or client is None else client[0]
    agent = connection.headers.get("user-agent", "")
    printable = "".join(letter for letter in agent if letter.isprintable())
    return Visitor(peer, printable[:_MAX_USER_AGENT] or None)


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def is_console(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Came over the Unix socket in the data folder (mode 0600): whoever can open it owns the box."""
    server = connection.scope["server"]
    # The server writes this, not the sender: an address without a port is a path.
    return server is not None and server[1] is None
