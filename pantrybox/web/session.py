"""Signing in and out with a browser."""

from typing import Any

import msgspec
from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import RawBody

from pantrybox.errors import Malformed
from pantrybox.owners.access import SESSION_MS, Access
from pantrybox.web.authority import ANYBODY, COOKIE, needs
from pantrybox.web.errors import AnyRequest

_MAX_BODY = 4096


class SignIn(msgspec.Struct, frozen=True):
    code: str
    """The one-time code of a sign-in link."""


@post("/sign-in", opt=needs("open"), security=ANYBODY, status_code=200, request_max_body_size=_MAX_BODY)
async def sign_in(request: AnyRequest, body: RawBody, access: NamedDependency[Access]) -> Response[Any]:
    """Exchange a one-time code for a session: 204 for JSON, 303 to the page for a form."""
    is_form = not request.headers.get("content-type", "").startswith("application/json")
    code = dict(await request.form()).get("code") if is_form else _code(body)
    if not isinstance(code, str):
        raise Malformed("Send the code of the sign-in link as `code`.")
    cookie = Cookie(
        key=COOKIE,
        value=await access.open_session(code.strip()),
        max_age=SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
    )
    return Response(
        None,
        status_code=303 if is_form else 204,
        headers={"location": "/"} if is_form else {},
        cookies=[cookie],
    )


@post("/sign-out", opt=needs("read"), status_code=200)
async def sign_out(request: AnyRequest, access: NamedDependency[Access]) -> Response[None]:
    """End this browser's session."""
    secret = request.cookies.get(COOKIE)
    if secret:
        await access.close_session(secret)
    return Response(None, status_code=303, headers={"location": "/"}, cookies=[Cookie(key=COOKIE, value="", max_age=0)])


def _code(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=SignIn).code
    except msgspec.DecodeError as error:
        raise Malformed('Send JSON like {"code": "..."}.') from error
