"""SQL of the sessions and api_keys tables."""

import msgspec

from pantrybox.owners.model import Scope
from pantrybox.storage.database import Reader, Writer


class Session(msgspec.Struct, frozen=True):
    secret_sha256: bytes
    expires_at_ms: int


class Key(msgspec.Struct, frozen=True):
    secret_sha256: bytes
    scope: Scope


def insert_session(writer: Writer, secret_sha256: bytes, expires_at_ms: int) -> None:
    writer.insert(
        """
        INSERT INTO sessions (secret_sha256, created_at_ms, expires_at_ms)
        VALUES (:secret_sha256, :now_ms, :expires_at_ms)
        """,
        {"secret_sha256": secret_sha256, "now_ms": writer.now_ms, "expires_at_ms": expires_at_ms},
    )


def delete_session(writer: Writer, secret_sha256: bytes) -> None:
    writer.execute("DELETE FROM sessions WHERE secret_sha256 = :secret_sha256", {"secret_sha256": secret_sha256})


def sessions(reader: Reader) -> list[Session]:
    return reader.rows(Session, "SELECT secret_sha256, expires_at_ms FROM sessions")


def insert_key(writer: Writer, name: str, scope: Scope, secret_sha256: bytes) -> int:
    return writer.insert(
        """
        INSERT INTO api_keys (name, scope, secret_sha256, created_at_ms)
        VALUES (:name, :scope, :secret_sha256, :now_ms)
        """,
        {"name": name, "scope": scope, "secret_sha256": secret_sha256, "now_ms": writer.now_ms},
    )


def keys(reader: Reader) -> list[Key]:
    """Those that have not been revoked."""
    return reader.rows(Key, "SELECT secret_sha256, scope FROM api_keys WHERE revoked_at_ms IS NULL")
