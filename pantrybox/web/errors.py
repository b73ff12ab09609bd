"""Which HTTP status each failure becomes (the only such table), said as RFC 9457 problem details."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from pantrybox import errors
from pantrybox.web import pages

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

STATUS: dict[type[errors.PantryError], int] = {
    errors.Malformed: 400,
    errors.Unauthorised: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.LengthRequired: 411,
    errors.TooLarge: 413,
    errors.NotAJpeg: 415,
    errors.OutOfRange: 422,
    errors.TooManyTries: 429,
    errors.Overloaded: 503,
    errors.CardFull: 507,
}
_COME_AGAIN_SECONDS = "5"
_DOOR = {"/claim", "/sign-in"}
"""Where a stranger's forms go."""


class Problem(msgspec.Struct, frozen=True):
    title: str
    status: int
    detail: str
    """A sentence fit to show."""
    type: str = "about:blank"


def status_of(error: errors.PantryError) -> int:
    kind = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
    return STATUS[kind] if kind else 500


def explain(request: AnyRequest, error: errors.PantryError) -> Response[Any]:
    status = status_of(error)
    if _is_a_person(request) and (status == HTTPStatus.UNAUTHORIZED or request.url.path in _DOOR):
        # A browser gets the way in, not a problem document; after a form, with what was wrong in it.
        claimed = request.app.state.door.ownership is not None
        problem = str(error) if request.method == "POST" else ""
        response = pages.door(claimed=claimed, status_code=status, problem=problem)
    else:
        response = _problem(status, str(error))
        if isinstance(error, errors.Unauthorised):
            response.headers["www-authenticate"] = "Bearer"
    if isinstance(error, errors.CutShort):
        # What follows on this connection may be the rest of the photograph.
        response.headers["connection"] = "close"
    if isinstance(error, errors.Overloaded):
        response.headers["retry-after"] = _COME_AGAIN_SECONDS
    if isinstance(error, errors.TooManyTries):
        response.headers["retry-after"] = str(error.seconds)
    return response


def explain_validation(_: AnyRequest, error: ValidationException) -> Response[Any]:
    """A parameter or field that is out of range, of the wrong kind or missing."""
    faults = error.extra if isinstance(error.extra, list) else []
    sentences = [f"{fault.get('key', 'body')}: {fault.get('message', '')}" for fault in faults]
    return _problem(422, "; ".join(sentences) or error.detail)


def explain_http(_: AnyRequest, error: HTTPException) -> Response[Any]:
    """What Litestar refuses by itself: unknown paths, wrong methods, bodies that are not JSON."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _problem(error.status_code, "Something went wrong. The journal says what.")
    response = _problem(error.status_code, error.detail)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def explain_depth(_: AnyRequest, __: RecursionError) -> Response[Any]:
    """JSON that opens brackets without end."""
    return _problem(400, "This JSON is nested too deeply.")


def explain_bug(request: AnyRequest, error: Exception) -> Response[Any]:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _problem(500, "Something went wrong. The journal says what.")


def _problem(status: int, detail: str) -> Response[Problem]:
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(problem, status_code=status, media_type="application/problem+json")


def _is_a_person(request: AnyRequest) -> bool:
    return MediaType.HTML in request.headers.get("accept", "")
