"""Who may look: sessions of browsers, keys of programs, and one-time codes that open a session."""

import time
from collections.abc import Callable

from pantrybox.clock import Clock
from pantrybox.errors import Unauthorised
from pantrybox.identifiers import new_secret, secret_sha256
from pantrybox.owners import queries
from pantrybox.owners.model import Scope
from pantrybox.storage.database import Database

SESSION_MS = 90 * 24 * 3600 * 1000
CODE_SECONDS = 600
KEY_PREFIX = "pbk_"


class Access:
    """Secrets are looked up by their SHA-256, so the time a look-up takes says nothing about a secret."""

    def __init__(self, database: Database, now: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now = now
        self._monotonic = monotonic
        self._sessions: dict[bytes, int] = {}
        self._keys: dict[bytes, Scope] = {}
        self._codes: dict[bytes, float] = {}

    async def load(self) -> None:
        """Read what is stored. One process has the folder open, so nobody else can change it."""
        sessions = await self._database.read(queries.sessions)
        keys = await self._database.read(queries.keys)
        self._sessions = {session.secret_sha256: session.expires_at_ms for session in sessions}
        self._keys = {key.secret_sha256: key.scope for key in keys}

    def scope_of_key(self, key: str) -> Scope | None:
        return self._keys.get(secret_sha256(key))

    def scope_of_session(self, secret: str) -> Scope | None:
        """An owner may do everything; None when the session is unknown or over."""
        expires_at_ms = self._sessions.get(secret_sha256(secret), 0)
        return "admin" if self._now() < expires_at_ms else None

    def new_code(self) -> str:
        """A code that opens one session within ten minutes. Kept in memory only: a restart forgets it."""
        code = new_secret()
        # Monotonic: a clock that is set on the first start must not end it early or keep it alive.
        self._codes[secret_sha256(code)] = self._monotonic() + CODE_SECONDS
        return code

    async def open_session(self, code: str) -> str:
        """Exchange a code for the secret of a new session. Unauthorised when it is used, old or wrong."""
        digest = secret_sha256(code)
        good_until = self._codes.pop(digest, None)
        if good_until is None or self._monotonic() > good_until:
            raise Unauthorised("This link was used already or is older than ten minutes. Ask the box for a new one.")
        secret = new_secret()
        expires_at_ms = self._now() + SESSION_MS
        await self._database.write(lambda writer: queries.insert_session(writer, secret_sha256(secret), expires_at_ms))
        self._sessions[secret_sha256(secret)] = expires_at_ms
        return secret

    async def close_session(self, secret: str) -> None:
        digest = secret_sha256(secret)
        self._sessions.pop(digest, None)
        await self._database.write(lambda writer: queries.delete_session(writer, digest))

    async def new_key(self, name: str, scope: Scope) -> str:
        """The new key, which is shown this once and never again."""
        key = new_secret(KEY_PREFIX)
        await self._database.write(lambda writer: queries.insert_key(writer, name, scope, secret_sha256(key)))
        self._keys[secret_sha256(key)] = scope
        return key
