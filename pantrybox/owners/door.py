"""The way in: claiming the box, signing in, and how often anybody may be wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pantrybox.errors import Conflict, Forbidden, Unauthorised
from pantrybox.owners import audit, passphrase, queries
from pantrybox.owners.access import Access
from pantrybox.owners.codes import LinkCodes, SetupCode, code_in
from pantrybox.owners.lockout import Lockout, neighbourhood
from pantrybox.owners.model import BOX, Actor, Ownership, Session, Visitor
from pantrybox.storage.database import Database, Writer

T = TypeVar("T")

_CLAIMED = "This box has been claimed. Sign in with its passphrase."
_UNCLAIMED = "Nobody has claimed this box yet. Claim it with the setup code on its console."


class Door:
    """Tries are counted before anything is computed; `names` are the box's own, and no passphrases."""

    def __init__(
        self,
        database: Database,
        access: Access,
        names: Collection[str] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._access = access
        self._names = names
        self._sleep = sleep
        self._lockout = Lockout(monotonic)
        self._setup_code = SetupCode()
        self._links = LinkCodes(monotonic)
        self._ownership: Ownership | None = None
        # One at a time: each takes 16 MB.
        self._scrypt = ThreadPoolExecutor(1, "scrypt")

    async def load(self) -> None:
        self._ownership = await self._database.read(queries.ownership)

    def close(self) -> None:
        self._scrypt.shutdown(cancel_futures=True)

    @property
    def ownership(self) -> Ownership | None:
        """None while nobody has claimed the box."""
        return self._ownership

    def new_setup_code(self) -> str:
        """What claims the box. Conflict when it has been claimed."""
        if self._ownership is not None:
            raise Conflict(_CLAIMED)
        return self._setup_code.new()

    async def new_link_code(self, actor: Actor) -> str:
        """What signs a browser in, once, within ten minutes."""
        await self._database.write(lambda writer: audit.record(writer, actor.name, "link.made"))
        return self._links.new()

    async def claim(self, visitor: Visitor, setup_code: str, new_passphrase: str) -> str:
        """Make whoever knows the setup code the owner, and return the secret of their session."""
        if self._ownership is not None:
            raise Conflict(_CLAIMED)
        await self._attempt(
            visitor.peer,
            lambda: self._setup_code.is_right(setup_code),
            "This is not the setup code that the box shows.",
        )
        kept = await self._hashed(new_passphrase)
        secret = await self._access.open_session(visitor, "setup code", lambda writer: self._own(writer, kept))
        await self.load()
        return secret

    async def sign_in(self, visitor: Visitor, typed: str) -> str:
        """Exchange the passphrase for the secret of a session."""
        ownership = self._ownership
        if ownership is None:
            raise Conflict(_UNCLAIMED)
        await self._attempt(
            visitor.peer,
            lambda: passphrase.matches(typed, ownership.passphrase_hash),
            "This is not the passphrase.",
        )

        def still_right(writer: Writer) -> None:
            if queries.ownership(writer) != ownership:  # it was changed while this was computed
                raise Unauthorised("The passphrase has just been changed. Sign in with the new one.")

        return await self._access.open_session(visitor, "passphrase", still_right)

    async def follow_link(self, visitor: Visitor, text: str) -> str:
        """Exchange the code of a sign-in link, or the whole link, for the secret of a session.

        A good code opens from a locked address too: its owner has just been at the console.
        """
        if not self._links.use(code_in(text)):
            await self._attempt(
                visitor.peer,
                lambda: False,
                "This link was used already or is older than ten minutes. Ask the box for a new one.",
            )
        return await self._access.open_session(visitor, "link")

    async def change_passphrase(self, actor: Actor, session: Session | None, old: str, new: str) -> None:
        """The owner's own change, which ends every other session. Forbidden when `old` is wrong."""
        ownership = self._ownership
        if ownership is None:
            raise Conflict(_UNCLAIMED)
        try:
            # By name, not by address: strangers must not be able to lock this.
            await self._attempt(
                actor.name,
                lambda: passphrase.matches(old, ownership.passphrase_hash),
                "The old passphrase is not right.",
            )
        except Unauthorised as error:
            raise Forbidden(str(error)) from error
        await self._replace_passphrase(actor, session, new)

    async def set_passphrase(self, actor: Actor, new: str) -> None:
        """From the console, which is not asked for the old one; claims the box when nobody has."""
        if self._ownership is not None:
            await self._replace_passphrase(actor, None, new)
            return
        kept = await self._hashed(new)
        await self._database.write(lambda writer: self._own(writer, kept, actor.name))
        await self.load()

    async def _replace_passphrase(self, actor: Actor, session: Session | None, new: str) -> None:
        kept = await self._hashed(new)

        def change(writer: Writer) -> None:
            queries.set_passphrase(writer, kept)
            audit.record(writer, actor.name, "passphrase.changed")

        await self._access.revoke_sessions(actor, but=session, first=change)
        await self.load()

    def _own(self, writer: Writer, kept: str, actor: str = "owner") -> None:
        if queries.ownership(writer) is not None:  # somebody was quicker
            raise Conflict(_CLAIMED)
        queries.insert_owner(writer, kept)
        audit.record(writer, actor, "owner.claimed")

    async def _attempt(self, peer: str | None, is_right: Callable[[], bool], refusal: str) -> None:
        """Unauthorised when wrong, TooManyTries when it is not even tried."""
        if peer is None:  # the console
            if not await self._computed(is_right):
                raise Unauthorised(refusal)
            return
        admission = self._lockout.admit(peer)
        if admission.delay_s:
            await self._sleep(admission.delay_s)
        if await self._computed(is_right):
            self._lockout.was_right(peer)
            return
        if admission.locks:
            await self._database.write(lambda writer: audit.record(writer, BOX, "lock.begun", neighbourhood(peer)))
        raise Unauthorised(refusal)

    async def _hashed(self, text: str) -> str:
        new = passphrase.chosen(text, self._names)
        return await self._computed(lambda: passphrase.hashed(new))

    async def _computed(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._scrypt, function)
