"""Where the next page of a list begins: opaque to who asks, checked when it comes back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, TypeVar

import msgspec
from litestar.params import QueryParameter

from pantrybox.errors import OutOfRange

T = TypeVar("T")

Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""A whole number that every column can hold."""
LIMIT = Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")]
CURSOR = Annotated[str | None, QueryParameter(max_length=2000, description="A `next_cursor`.")]


def cursor_of(position: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def position_in(position_type: type[T], text: str) -> T:
    """What `cursor_of` was made from; OutOfRange for anything else."""
    try:
        encoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(encoded, type=position_type)
    except (ValueError, msgspec.DecodeError) as error:
        raise OutOfRange("cursor: not one that a list gave. Leave it out to begin at the start.") from error
