"""API keys: what programs show."""

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from pantrybox.clock import rfc3339_or_none, to_rfc3339
from pantrybox.names import Name
from pantrybox.owners import queries
from pantrybox.owners.access import Access
from pantrybox.owners.model import Actor, Key, Scope
from pantrybox.storage.database import Database, Reader
from pantrybox.web.authority import needs
from pantrybox.web.captures import CURSOR, LIMIT


class NewKey(msgspec.Struct, frozen=True):
    name: Name
    scope: Scope = "read"


class KeyView(msgspec.Struct, frozen=True):
    id: int
    name: str
    scope: Scope
    created_at: str
    revoked_at: str | None


class KeyMade(KeyView, frozen=True):
    key: str
    """Shown here and never again."""


class KeyList(msgspec.Struct, frozen=True):
    total: int
    items: list[KeyView]
    next_cursor: str | None


class KeyRevoked(msgspec.Struct, frozen=True):
    message: str
    success: bool = True


@post("/v1/keys", opt=needs("admin"))
async def create_key(data: JSONBody[NewKey], access: NamedDependency[Access], actor: NamedDependency[Actor]) -> KeyMade:
    """Make an API key for a program. It is in this answer and nowhere else."""
    key, secret = await access.new_key(data.name, data.scope, actor)
    return KeyMade(**msgspec.structs.asdict(_view(key)), key=secret)


@get("/v1/keys", opt=needs("admin"))
async def list_keys(database: NamedDependency[Database], limit: LIMIT = 100, cursor: CURSOR = None) -> KeyList:
    """Every key that was ever made, the oldest first; never the key itself."""

    def query(reader: Reader) -> KeyList:
        keys = queries.keys(reader, cursor or 0, limit)
        return KeyList(
            total=queries.key_count(reader),
            items=[_view(key) for key in keys],
            next_cursor=str(keys[-1].id) if len(keys) == limit else None,
        )

    return await database.read(query)


@delete("/v1/keys/{key_id:int}", opt=needs("admin"), status_code=200)
async def revoke_key(
    key_id: FromPath[int], access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> KeyRevoked:
    """Shut a program out; its next request is refused."""
    await access.revoke_key(key_id, actor)
    return KeyRevoked("The key opens nothing any more.")


def _view(key: Key) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        scope=key.scope,
        created_at=to_rfc3339(key.created_at_ms),
        revoked_at=rfc3339_or_none(key.revoked_at_ms),
    )
