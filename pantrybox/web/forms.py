"""What the page's forms send: texts, taken as what the API's own requests say they are."""

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Response

from pantrybox.errors import Malformed, OutOfRange

T = TypeVar("T")

_MAX_FIELDS = 150


def filled_in(body: bytes, form: type[T], several: Sequence[str] = ()) -> T:
    """A field that is left empty is null, one that `form` does not know is ignored. OutOfRange names the wrong one.

    `several`: fields that may be there any number of times, which are lists in `form`.
    """
    try:
        # Browsers end lines as the network does.
        sent = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise Malformed("This is not what a form of the page sends.") from error
    texts = {name: text.replace("\r\n", "\n") or None for name, text in sent}
    lists = {field: [text for name, text in sent if name == field] for field in several}
    return checked(texts | lists, form)


def checked(fields: dict[str, Any], form: type[T]) -> T:
    """OutOfRange names the field that is wrong."""
    try:
        return msgspec.convert(fields, form, strict=False)
    except msgspec.ValidationError as error:
        raise OutOfRange(_sentence(str(error))) from error


def _sentence(fault: str) -> str:
    what, _, field = fault.partition(" - at `$.")
    what = what if "regex" not in what else "Expected one line with something to read in it"
    name = field.partition("`")[0].partition("[")[0].replace("_", " ").capitalize()
    return f"{name}: {what.replace('`', '')}." if name else f"{what.replace('`', '')}."


def see_other(location: str) -> Response[None]:
    """After a form the browser gets a page that can be loaded again."""
    return Response(None, status_code=303, headers={"location": location, "cache-control": "no-store"})
