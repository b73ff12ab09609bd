"""The audit log: who did what, when. No secret is ever written into it."""

import msgspec

from pantrybox.owners.model import AuditLine
from pantrybox.storage.database import Reader, Writer

KEPT = 10_000
"""Lines; the oldest go."""


def record(writer: Writer, actor: str, act: str, target: str | None = None, **details: object) -> None:
    """Append one line, in the transaction of the act itself: both happen or neither.

    `act` is a noun and what became of it (`device.registered`), `target` what it was done to.
    """
    newest = writer.insert(
        """
        INSERT INTO audit_log (at_ms, actor, act, target, details)
        VALUES (:now_ms, :actor, :act, :target, :details)
        """,
        {
            "now_ms": writer.now_ms,
            "actor": actor,
            "act": act,
            "target": target,
            "details": msgspec.json.encode(details).decode() if details else None,
        },
    )
    writer.execute("DELETE FROM audit_log WHERE id <= :last", {"last": newest - KEPT})


def newest_first(reader: Reader, before_id: int | None, limit: int) -> list[AuditLine]:
    return reader.rows(
        AuditLine,
        """
        SELECT id, at_ms, actor, act, target, details
        FROM audit_log
        WHERE id < coalesce(:before_id, 9223372036854775807)
        ORDER BY id DESC
        LIMIT :limit
        """,
        {"before_id": before_id, "limit": limit},
    )


def total(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM audit_log")
