"""The owner: whether there is one, their passphrase, their browsers, and who did what."""

from typing import Any

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from pantrybox.clock import to_rfc3339
from pantrybox.errors import OutOfRange
from pantrybox.owners import audit
from pantrybox.owners.access import Access
from pantrybox.owners.door import Door
from pantrybox.owners.model import OWNER, Actor, AuditLine, Session
from pantrybox.storage.database import Database, Reader
from pantrybox.web.authority import COOKIE, held_by, is_console, needs
from pantrybox.web.captures import CURSOR, LIMIT
from pantrybox.web.errors import AnyRequest


class OwnerView(msgspec.Struct, frozen=True):
    claimed: bool
    claimed_at: str | None
    passphrase_changed_at: str | None


class SetupCodeMade(msgspec.Struct, frozen=True):
    setup_code: str
    """Claims the box, until the next one is made: `http://BOX:8000/#setup=...`."""


class NewPassphrase(msgspec.Struct, frozen=True):
    new: str
    old: str | None = None
    """The console is not asked for it."""


class LinkCodeMade(msgspec.Struct, frozen=True):
    code: str
    """Opens one session within ten minutes: `http://BOX:8000/#code=...`."""


class SessionView(msgspec.Struct, frozen=True):
    id: int
    created_at: str
    expires_at: str
    user_agent: str | None
    peer: str | None
    """The address that it signed in from."""
    current: bool
    """The one that asks."""


class SessionList(msgspec.Struct, frozen=True):
    total: int
    items: list[SessionView]
    next_cursor: str | None


class SessionsEnded(msgspec.Struct, frozen=True):
    ended: int
    message: str
    success: bool = True


class AuditLineView(msgspec.Struct, frozen=True):
    id: int
    at: str
    actor: str
    """`owner`, `console`, `key NAME` or `box`."""
    act: str
    target: str | None
    details: dict[str, Any]


class AuditLog(msgspec.Struct, frozen=True):
    total: int
    items: list[AuditLineView]
    next_cursor: str | None


@get("/v1/owner", opt=needs("read"))
async def owner_detail(door: NamedDependency[Door]) -> OwnerView:
    """Whether somebody has claimed the box, and when."""
    return _owner_view(door)


@post("/v1/owner/setup-code", opt=needs("admin"))
async def create_setup_code(door: NamedDependency[Door]) -> SetupCodeMade:
    """Make the code that claims the box; the one before is good no more."""
    return SetupCodeMade(door.new_setup_code())


@post("/v1/owner/passphrase", opt=needs("admin"), status_code=200)
async def change_passphrase(
    request: AnyRequest,
    data: JSONBody[NewPassphrase],
    door: NamedDependency[Door],
    access: NamedDependency[Access],
    actor: NamedDependency[Actor],
) -> OwnerView:
    """Set a new passphrase and end every other session. From the console this claims the box, too."""
    if is_console(request):
        await door.set_passphrase(actor, data.new)
    elif data.old is None:
        raise OutOfRange("Send the old passphrase as `old` beside the `new` one.")
    else:
        await door.change_passphrase(actor, _own_session(request, access), data.old, data.new)
    return _owner_view(door)


@post("/v1/sign-in-codes", opt=needs("admin"))
async def create_sign_in_code(door: NamedDependency[Door], actor: NamedDependency[Actor]) -> LinkCodeMade:
    """Make a one-time code that signs a browser in."""
    return LinkCodeMade(await door.new_link_code(actor))


@get("/v1/sessions", opt=needs("admin"))
async def list_sessions(
    request: AnyRequest, access: NamedDependency[Access], limit: LIMIT = 100, cursor: CURSOR = None
) -> SessionList:
    """The browsers that are signed in, the newest first."""
    own, every = _own_session(request, access), access.sessions()
    page = [session for session in every if cursor is None or session.id < cursor][:limit]
    return SessionList(
        total=len(every),
        items=[_session_view(session, own) for session in page],
        next_cursor=str(page[-1].id) if len(page) == limit else None,
    )


@delete("/v1/sessions/{session_id:int}", opt=needs("admin"), status_code=200)
async def revoke_session(
    session_id: FromPath[int], access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> SessionsEnded:
    """Sign one browser out; its open pages go at once."""
    await access.revoke_session(session_id, actor)
    return SessionsEnded(1, "The browser is signed out.")


@delete("/v1/sessions", opt=needs("admin"), status_code=200)
async def revoke_other_sessions(
    request: AnyRequest, access: NamedDependency[Access], actor: NamedDependency[Actor]
) -> SessionsEnded:
    """Sign every browser out but the one that asks."""
    ended = await access.revoke_sessions(actor, but=_own_session(request, access))
    return SessionsEnded(ended, "Every other browser is signed out.")


@get("/v1/audit-log", opt=needs("admin"))
async def audit_log(database: NamedDependency[Database], limit: LIMIT = 100, cursor: CURSOR = None) -> AuditLog:
    """Who did what, the newest first; the last ten thousand lines are kept."""

    def query(reader: Reader) -> AuditLog:
        lines = audit.newest_first(reader, cursor, limit)
        return AuditLog(
            total=audit.total(reader),
            items=[_line_view(line) for line in lines],
            next_cursor=str(lines[-1].id) if len(lines) == limit else None,
        )

    return await database.read(query)


def _owner_view(door: Door) -> OwnerView:
    ownership = door.ownership
    if ownership is None:
        return OwnerView(claimed=False, claimed_at=None, passphrase_changed_at=None)
    return OwnerView(
        claimed=True,
        claimed_at=to_rfc3339(ownership.claimed_at_ms),
        passphrase_changed_at=to_rfc3339(ownership.changed_at_ms),
    )


def _own_session(request: AnyRequest, access: Access) -> Session | None:
    """None for a program and for the console."""
    return access.session(request.cookies.get(COOKIE, "")) if held_by(request) == OWNER else None


def _session_view(session: Session, own: Session | None) -> SessionView:
    return SessionView(
        id=session.id,
        created_at=to_rfc3339(session.created_at_ms),
        expires_at=to_rfc3339(session.expires_at_ms),
        user_agent=session.user_agent,
        peer=session.peer,
        current=session == own,
    )


def _line_view(line: AuditLine) -> AuditLineView:
    return AuditLineView(
        id=line.id,
        at=to_rfc3339(line.at_ms),
        actor=line.actor,
        act=line.act,
        target=line.target,
        details=msgspec.json.decode(line.details or "{}", type=dict[str, Any]),
    )
