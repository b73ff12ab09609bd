"""Claiming the box, signing in and out with a browser."""

from typing import Any

import msgspec
from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import RawBody

from pantrybox.errors import Malformed, OutOfRange
from pantrybox.owners.access import SESSION_MS, Access
from pantrybox.owners.door import Door
from pantrybox.web.authority import ANYBODY, COOKIE, needs, visitor
from pantrybox.web.errors import AnyRequest

_MAX_BODY = 16 * 1024
"""Room for a passphrase of 1000 characters, each of them escaped."""


@post("/claim", opt=needs("open"), security=ANYBODY, status_code=200, request_max_body_size=_MAX_BODY)
async def claim(request: AnyRequest, body: RawBody, door: NamedDependency[Door]) -> Response[Any]:
    """Become the owner with `setup_code` and a new `passphrase`: 204 for JSON, 303 to the page for a form."""
    fields = await _fields(request, body)
    setup_code, passphrase = fields.get("setup_code"), fields.get("passphrase")
    if setup_code is None or passphrase is None:
        raise Malformed("Send the code that the box shows as `setup_code` and a new `passphrase`.")
    if fields.get("passphrase_again", passphrase) != passphrase:
        raise OutOfRange("The two passphrases are not the same.")
    return _signed_in(request, await door.claim(visitor(request), setup_code, passphrase))


@post("/sign-in", opt=needs("open"), security=ANYBODY, status_code=200, request_max_body_size=_MAX_BODY)
async def sign_in(request: AnyRequest, body: RawBody, door: NamedDependency[Door]) -> Response[Any]:
    """Open a session with the `passphrase` or a link's `code`: 204 for JSON, 303 to the page for a form."""
    fields = await _fields(request, body)
    if "code" in fields:
        secret = await door.follow_link(visitor(request), fields["code"])
    elif "passphrase" in fields:
        secret = await door.sign_in(visitor(request), fields["passphrase"])
    else:
        raise Malformed("Send the `passphrase`, or the code of a sign-in link as `code`.")
    return _signed_in(request, secret)


@post("/sign-out", opt=needs("read"), status_code=200)
async def sign_out(request: AnyRequest, access: NamedDependency[Access]) -> Response[None]:
    """End this browser's session."""
    secret = request.cookies.get(COOKIE)
    if secret:
        await access.close_session(secret)
    return Response(None, status_code=303, headers={"location": "/"}, cookies=[Cookie(key=COOKIE, value="", max_age=0)])


def _signed_in(request: AnyRequest, secret: str) -> Response[Any]:
    cookie = Cookie(
        key=COOKIE,
        value=secret,
        max_age=SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=request.scope["scheme"] == "https",
    )
    headers = {"cache-control": "no-store"}
    if _is_json(request):
        return Response(None, status_code=204, headers=headers, cookies=[cookie])
    return Response(None, status_code=303, headers=headers | {"location": "/"}, cookies=[cookie])


async def _fields(request: AnyRequest, body: bytes) -> dict[str, str]:
    """The texts in a JSON object or in a form."""
    fields = _object(body) if _is_json(request) else dict(await request.form())
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Malformed('Send a JSON object, such as {"passphrase": "..."}.') from error


def _is_json(request: AnyRequest) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")
