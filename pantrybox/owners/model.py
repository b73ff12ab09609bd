"""What somebody who may look is allowed to do."""

from typing import Literal

Scope = Literal["read", "write", "admin"]

_WIDTH: dict[Scope, int] = {"read": 1, "write": 2, "admin": 3}


def includes(held: Scope, needed: Scope) -> bool:
    """A wider scope includes the narrower."""
    return _WIDTH[held] >= _WIDTH[needed]
