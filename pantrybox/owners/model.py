"""Who asks, and what they are allowed to do."""

from typing import Literal

import msgspec

Scope = Literal["read", "write", "admin"]

_WIDTH: dict[Scope, int] = {"read": 1, "write": 2, "admin": 3}


class Actor(msgspec.Struct, frozen=True):
    """Somebody who showed authority."""

    name: str
    """As the audit log and the ledger name them: `owner`, `console` or `key NAME`."""
    scope: Scope


OWNER = Actor("owner", "admin")
BOX = "box"
"""Who the audit log names when the box did something by itself."""


class Visitor(msgspec.Struct, frozen=True):
    """A browser before the door, by what its owner would know it again."""

    peer: str | None
    """The address it comes from; None for the console, from which nobody is shut out."""
    user_agent: str | None


class Session(msgspec.Struct, frozen=True):
    """A browser that is signed in."""

    id: int
    secret_sha256: bytes
    created_at_ms: int
    expires_at_ms: int
    user_agent: str | None
    peer: str | None


class Key(msgspec.Struct, frozen=True):
    """What a program shows; the secret itself is not kept."""

    id: int
    name: str
    scope: Scope
    secret_sha256: bytes
    created_at_ms: int
    revoked_at_ms: int | None

    @property
    def actor(self) -> Actor:
        return Actor(f"key {self.name}", self.scope)


class Ownership(msgspec.Struct, frozen=True):
    """That the box was claimed, and with what its owner signs in."""

    passphrase_hash: str
    claimed_at_ms: int
    changed_at_ms: int


class AuditLine(msgspec.Struct, frozen=True):
    id: int
    at_ms: int
    actor: str
    act: str
    target: str | None
    details: str | None
    """A JSON object."""


def includes(held: Scope, needed: Scope) -> bool:
    """A wider scope includes the narrower."""
    return _WIDTH[held] >= _WIDTH[needed]
