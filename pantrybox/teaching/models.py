"""Which models are in force, as people promoted them. `model_roles` is only appended to."""

import msgspec

from pantrybox.errors import Conflict
from pantrybox.owners import audit
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.manifest import SHIPPED_DETECTOR, SHIPPED_EMBEDDER, Role

SHIPPED: dict[Role, str] = {"detector": SHIPPED_DETECTOR, "embedder": SHIPPED_EMBEDDER}


class Promotion(msgspec.Struct, frozen=True):
    id: int
    role: Role
    model: str
    previous: str
    promoted_by: str
    promoted_at_ms: int


class InForce(msgspec.Struct, frozen=True):
    """The names of the models that people want."""

    detector: str = SHIPPED_DETECTOR
    embedder: str = SHIPPED_EMBEDDER


def in_force(reader: Reader) -> InForce:
    """What was promoted last. An embedder takes over once everything taught was looked at with it: see `eyes`."""
    return InForce(detector=_newest(reader, "detector"), embedder=_newest(reader, "embedder"))


def _newest(reader: Reader, role: Role) -> str:
    promotion = last_promotion(reader, role)
    return promotion.model if promotion else SHIPPED[role]


def last_promotion(reader: Reader, role: Role | None) -> Promotion | None:
    """Of any role when None; None when nothing was ever promoted."""
    return reader.row_or_none(
        Promotion,
        """
        SELECT *
        FROM model_roles
        WHERE :role IS NULL OR role = :role
        ORDER BY id DESC
        LIMIT 1
        """,
        {"role": role},
    )


def embedders_in_turn(reader: Reader) -> list[str]:
    """Every embedder that was in force once, the one that is wanted first, the shipped one last."""
    rows = reader.rows(Promotion, "SELECT * FROM model_roles WHERE role = 'embedder' ORDER BY id DESC")
    return list(dict.fromkeys([*(row.model for row in rows), SHIPPED["embedder"]]))


def promote(writer: Writer, role: Role, model: str, by: str) -> Promotion:
    """Conflict when it is in force already."""
    before = _newest(writer, role)
    if before == model:
        raise Conflict(f"{model} is the {role} in force already.")
    return _appended(writer, role, model, before, by)


def rollback(writer: Writer, promotion: Promotion, by: str) -> Promotion:
    """Put back what was in force before this promotion; Conflict when another came after it."""
    newest = last_promotion(writer, promotion.role)
    if newest is None or newest.id != promotion.id:
        raise Conflict("Another model was promoted meanwhile. Look again before you go back.")
    return _appended(writer, promotion.role, promotion.previous, promotion.model, by)


def _appended(writer: Writer, role: Role, model: str, previous: str, by: str) -> Promotion:
    promotion_id = writer.insert(
        """
        INSERT INTO model_roles (role, model, previous, promoted_by, promoted_at_ms)
        VALUES (:role, :model, :previous, :by, :now_ms)
        """,
        {"role": role, "model": model, "previous": previous, "by": by, "now_ms": writer.now_ms},
    )
    audit.record(writer, by, "model.promoted", model, role=role, previous=previous)
    return Promotion(promotion_id, role, model, previous, by, writer.now_ms)
