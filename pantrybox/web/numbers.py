"""Numbers that the API takes: counts, amounts and ids, with their bounds."""

from typing import Annotated

import msgspec

from pantrybox.errors import OutOfRange
from pantrybox.inventory.model import MAX_COUNT

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]


def in_range(number: int) -> int:
    """An id from a path. OutOfRange for what no row can have."""
    if not 0 < number < 2**63:
        raise OutOfRange("An id is a whole number from 1.")
    return number
