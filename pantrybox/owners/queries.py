"""SQL of the tables owners, sessions and api_keys."""

from pantrybox.owners.model import Key, Ownership, Scope, Session, Visitor
from pantrybox.storage.database import Reader, Writer


def ownership(reader: Reader) -> Ownership | None:
    """None while nobody has claimed the box."""
    return reader.row_or_none(Ownership, "SELECT passphrase_hash, claimed_at_ms, changed_at_ms FROM owners")


def insert_owner(writer: Writer, passphrase_hash: str) -> Ownership:
    writer.insert(
        """
        INSERT INTO owners (id, passphrase_hash, claimed_at_ms, changed_at_ms)
        VALUES (1, :passphrase_hash, :now_ms, :now_ms)
        """,
        {"passphrase_hash": passphrase_hash, "now_ms": writer.now_ms},
    )
    return Ownership(passphrase_hash, writer.now_ms, writer.now_ms)


def set_passphrase(writer: Writer, passphrase_hash: str) -> None:
    writer.execute(
        "UPDATE owners SET passphrase_hash = :passphrase_hash, changed_at_ms = :now_ms",
        {"passphrase_hash": passphrase_hash, "now_ms": writer.now_ms},
    )


def insert_session(writer: Writer, visitor: Visitor, secret_sha256: bytes, expires_at_ms: int) -> Session:
    session_id = writer.insert(
        """
        INSERT INTO sessions (secret_sha256, created_at_ms, expires_at_ms, user_agent, peer)
        VALUES (:secret_sha256, :now_ms, :expires_at_ms, :user_agent, :peer)
        """,
        {
            "secret_sha256": secret_sha256,
            "now_ms": writer.now_ms,
            "expires_at_ms": expires_at_ms,
            "user_agent": visitor.user_agent,
            "peer": visitor.peer,
        },
    )
    return Session(session_id, secret_sha256, writer.now_ms, expires_at_ms, visitor.user_agent, visitor.peer)


def delete_session(writer: Writer, session_id: int) -> None:
    writer.execute("DELETE FROM sessions WHERE id = :session_id", {"session_id": session_id})


def delete_expired_sessions(writer: Writer) -> None:
    writer.execute("DELETE FROM sessions WHERE expires_at_ms <= :now_ms", {"now_ms": writer.now_ms})


def sessions(reader: Reader) -> list[Session]:
    return reader.rows(
        Session, "SELECT id, secret_sha256, created_at_ms, expires_at_ms, user_agent, peer FROM sessions ORDER BY id"
    )


def insert_key(writer: Writer, name: str, scope: Scope, secret_sha256: bytes) -> Key:
    key_id = writer.insert(
        """
        INSERT INTO api_keys (name, scope, secret_sha256, created_at_ms)
        VALUES (:name, :scope, :secret_sha256, :now_ms)
        """,
        {"name": name, "scope": scope, "secret_sha256": secret_sha256, "now_ms": writer.now_ms},
    )
    return Key(key_id, name, scope, secret_sha256, writer.now_ms, None)


def revoke_key(writer: Writer, key_id: int) -> None:
    writer.execute(
        "UPDATE api_keys SET revoked_at_ms = :now_ms WHERE id = :key_id AND revoked_at_ms IS NULL",
        {"key_id": key_id, "now_ms": writer.now_ms},
    )


def valid_keys(reader: Reader) -> list[Key]:
    """Those that have not been revoked."""
    return reader.rows(
        Key,
        """
        SELECT id, name, scope, secret_sha256, created_at_ms, revoked_at_ms
        FROM api_keys
        WHERE revoked_at_ms IS NULL
        """,
    )


def keys(reader: Reader, after_id: int, limit: int) -> list[Key]:
    """Revoked ones too, in the order in which they were made."""
    return reader.rows(
        Key,
        """
        SELECT id, name, scope, secret_sha256, created_at_ms, revoked_at_ms
        FROM api_keys
        WHERE id > :after_id
        ORDER BY id
        LIMIT :limit
        """,
        {"after_id": after_id, "limit": limit},
    )


def key_count(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM api_keys")
