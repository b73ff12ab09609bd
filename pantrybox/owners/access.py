"""Who may look: sessions of browsers and keys of programs."""

from collections.abc import Callable

from pantrybox.bell import Bell
from pantrybox.clock import Clock
from pantrybox.errors import NotFound, Unauthorised
from pantrybox.identifiers import new_secret, secret_sha256
from pantrybox.owners import audit, queries
from pantrybox.owners.model import OWNER, Actor, Key, Scope, Session, Visitor
from pantrybox.storage.database import Database, Writer

SESSION_MS = 90 * 24 * 3600 * 1000
KEY_PREFIX = "pbk_"


class Access:
    """All that is valid is in memory: what is revoked is refused on the next request, whatever the card does.

    Secrets are looked up by their SHA-256, so the time a look-up takes says nothing about a secret.
    """

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now
        self._sessions: dict[bytes, Session] = {}
        self._keys: dict[bytes, Key] = {}
        self._era = 0
        """Counts how often all sessions were ended: one that was being opened meanwhile does not slip through."""
        self.revoked = Bell()
        """Rings when somebody may look no more; who keeps a page open has to be asked again."""

    async def load(self) -> None:
        """Read what is stored. One process has the folder open, so nobody else can change it."""
        sessions = await self._database.read(queries.sessions)
        keys = await self._database.read(queries.valid_keys)
        self._sessions = {session.secret_sha256: session for session in sessions}
        self._keys = {key.secret_sha256: key for key in keys}

    def actor_of_key(self, key: str) -> Actor | None:
        found = self._keys.get(secret_sha256(key))
        return found.actor if found else None

    def actor_of_session(self, secret: str) -> Actor | None:
        """An owner may do everything; None when the session is unknown or over."""
        return OWNER if self.session(secret) else None

    def session(self, secret: str) -> Session | None:
        """None when it is unknown or over."""
        session = self._sessions.get(secret_sha256(secret))
        return session if session is not None and self._now() < session.expires_at_ms else None

    def sessions(self) -> list[Session]:
        """Those that are not over, the newest first."""
        now_ms = self._now()
        valid = [session for session in self._sessions.values() if now_ms < session.expires_at_ms]
        return sorted(valid, key=lambda session: session.id, reverse=True)

    async def open_session(self, visitor: Visitor, by: str, first: Callable[[Writer], object] | None = None) -> str:
        """The secret of a new session. `first` is written in the same transaction, or there is no session."""
        secret, era = new_secret(), self._era
        expires_at_ms = self._now() + SESSION_MS

        def change(writer: Writer) -> Session:
            if first is not None:
                first(writer)
            queries.delete_expired_sessions(writer)
            session = queries.insert_session(writer, visitor, secret_sha256(secret), expires_at_ms)
            _record_opened(writer, session, by)
            return session

        session = await self._database.write(change)
        if era != self._era:
            await self._end([session], OWNER, "session.revoked")
            raise Unauthorised("Every browser was signed out at this moment. Sign in again.")
        self._sessions = {valid.secret_sha256: valid for valid in self.sessions()}
        self._sessions[session.secret_sha256] = session
        return secret

    async def close_session(self, secret: str) -> None:
        """Sign out. Nothing happens when the session is over already."""
        session = self.session(secret)
        if session is not None:
            await self._end([session], OWNER, "session.closed")

    async def revoke_session(self, session_id: int, actor: Actor) -> None:
        """NotFound when there is no such session any more."""
        found = [session for session in self._sessions.values() if session.id == session_id]
        if not found:
            raise NotFound("There is no such session.")
        await self._end(found, actor, "session.revoked")

    async def revoke_sessions(
        self, actor: Actor, but: Session | None = None, first: Callable[[Writer], object] | None = None
    ) -> int:
        """End every session but one, and say how many; `first` is written in the same transaction."""
        self._era += 1
        others = [session for session in self._sessions.values() if but is None or session.id != but.id]
        await self._end(others, actor, "session.revoked", first)
        return len(others)

    async def new_key(self, name: str, scope: Scope, actor: Actor) -> tuple[Key, str]:
        """The new key, and its secret, which is shown this once and never again."""
        secret = new_secret(KEY_PREFIX)

        def change(writer: Writer) -> Key:
            key = queries.insert_key(writer, name, scope, secret_sha256(secret))
            audit.record(writer, actor.name, "key.made", str(key.id), name=name, scope=scope)
            return key

        key = await self._database.write(change)
        self._keys[key.secret_sha256] = key
        return key, secret

    async def revoke_key(self, key_id: int, actor: Actor) -> None:
        """NotFound when there is no such key, or it was revoked before."""
        key = next((key for key in self._keys.values() if key.id == key_id), None)
        if key is None:
            raise NotFound("There is no such key, or it was revoked before.")

        def change(writer: Writer) -> None:
            queries.revoke_key(writer, key_id)
            audit.record(writer, actor.name, "key.revoked", str(key_id), name=key.name)

        del self._keys[key.secret_sha256]
        self.revoked.ring()
        await self._database.write(change)

    async def _end(
        self, sessions: list[Session], actor: Actor, act: str, first: Callable[[Writer], object] | None = None
    ) -> None:
        def change(writer: Writer) -> None:
            if first is not None:
                first(writer)
            for session in sessions:
                queries.delete_session(writer, session.id)
                audit.record(writer, actor.name, act, str(session.id))

        for session in sessions:
            self._sessions.pop(session.secret_sha256, None)
        self.revoked.ring()
        await self._database.write(change)


def _record_opened(writer: Writer, session: Session, by: str) -> None:
    audit.record(
        writer,
        OWNER.name,
        "session.opened",
        str(session.id),
        by=by,
        peer=session.peer,
        user_agent=session.user_agent,
    )
