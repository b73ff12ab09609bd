"""Claiming and signing in: who is let in, who waits, and what is written about it."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pantrybox.errors import Conflict, Forbidden, NotFound, OutOfRange, PantryError, TooManyTries, Unauthorised
from pantrybox.owners import audit, queries
from pantrybox.owners.access import SESSION_MS, Access
from pantrybox.owners.door import Door
from pantrybox.owners.model import OWNER, Actor, AuditLine, Visitor
from pantrybox.storage.database import Database

pytestmark = pytest.mark.slow

PASSPHRASE = "four words are good"
CONSOLE = Actor("console", "admin")
PHONE = Visitor("192.168.1.20", "Phone")
GUESSER = Visitor("192.168.1.66", None)


class House:
    """A box with its clocks in the test's hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now_ms = 1_800_000_000_000
        self.seconds = 0.0
        self.slept: list[float] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """Happens while somebody is made to wait."""
        self.access = Access(database, lambda: self.now_ms)
        self.door = Door(database, self.access, {"kitchen-pi"}, monotonic=lambda: self.seconds, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.meanwhile is not None:
            await self.meanwhile()

    async def claim(self) -> str:
        return await self.door.claim(PHONE, self.door.new_setup_code(), PASSPHRASE)

    async def wrong_tries(self, number: int, visitor: Visitor = GUESSER) -> list[type[PantryError]]:
        """What so many wrong passphrases were answered with."""
        answers = [await outcome(self.door.sign_in(visitor, f"wrong {n}")) for n in range(number)]
        return [type(answer) for answer in answers if isinstance(answer, PantryError)]

    async def log(self) -> list[AuditLine]:
        return await self.database.read(lambda reader: audit.newest_first(reader, None, 1000))

    async def acts(self) -> list[str]:
        """The oldest first."""
        return [line.act for line in reversed(await self.log())]


async def outcome(asked: Awaitable[object]) -> object:
    """What comes of it, be it a refusal."""
    try:
        return await asked
    except PantryError as error:
        return error


def told(path: Path, story: Callable[[House], Awaitable[None]]) -> None:
    async def tell() -> None:
        now = itertools.count(1_800_000_000_000)
        async with Database.open(path / "pantrybox.db", lambda: next(now)) as database:
            house = House(database)
            try:
                await story(house)
            finally:
                house.door.close()

    asyncio.run(tell())


def test_setup_code_makes_an_owner_who_is_signed_in(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert house.door.ownership is None
        secret = await house.claim()
        assert house.access.actor_of_session(secret) == OWNER
        assert house.door.ownership is not None
        assert await house.acts() == ["owner.claimed", "session.opened"]
        assert house.access.actor_of_session(await house.door.sign_in(PHONE, PASSPHRASE)) == OWNER

    told(tmp_path, story)


def test_box_is_claimed_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        code = house.door.new_setup_code()
        await house.door.claim(PHONE, code, PASSPHRASE)
        with pytest.raises(Conflict):
            await house.door.claim(PHONE, code, PASSPHRASE)
        with pytest.raises(Conflict):
            house.door.new_setup_code()

    told(tmp_path, story)


def test_of_eight_who_claim_at_once_one_wins_and_the_others_hear_of_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        code = house.door.new_setup_code()
        claims = [house.door.claim(Visitor(f"10.0.0.{n}", None), code, f"{PASSPHRASE} {n}") for n in range(8)]
        outcomes = await asyncio.gather(*(outcome(claim) for claim in claims))
        assert sorted(type(one).__name__ for one in outcomes) == ["Conflict"] * 7 + ["str"]
        winner = next(n for n, one in enumerate(outcomes) if isinstance(one, str))
        assert await house.door.sign_in(PHONE, f"{PASSPHRASE} {winner}")
        assert len(house.access.sessions()) == 2

    told(tmp_path, story)


def test_refused_passphrase_leaves_the_setup_code_as_it_was(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        code = house.door.new_setup_code()
        for bad in ("short", "password", "Kitchen-Pi"):
            with pytest.raises(OutOfRange):
                await house.door.claim(PHONE, code, bad)
        assert await house.door.claim(PHONE, code, PASSPHRASE)

    told(tmp_path, story)


def test_setup_code_cannot_be_guessed_either(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        code = house.door.new_setup_code()
        answers = [await outcome(house.door.claim(GUESSER, "AAAA-AAAA", PASSPHRASE)) for _ in range(30)]
        assert [type(answer) for answer in answers] == [Unauthorised] * 10 + [TooManyTries] * 20
        assert isinstance(await outcome(house.door.claim(GUESSER, code, PASSPHRASE)), TooManyTries)
        assert await house.door.claim(PHONE, code, PASSPHRASE)

    told(tmp_path, story)


def test_nobody_signs_in_to_a_box_that_nobody_claimed(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert await house.wrong_tries(30) == [Conflict] * 30
        assert await house.door.follow_link(PHONE, await house.door.new_link_code(CONSOLE))

    told(tmp_path, story)


def test_thousand_wrong_passphrases_are_ten_tries_and_one_line_in_the_log(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.claim()
        assert await house.wrong_tries(1000) == [Unauthorised] * 10 + [TooManyTries] * 990
        assert isinstance(await outcome(house.door.sign_in(GUESSER, PASSPHRASE)), TooManyTries)
        assert (await house.acts())[2:] == ["lock.begun"]
        assert (await house.log())[0].target == GUESSER.peer
        house.seconds += 30
        assert await house.door.sign_in(GUESSER, PASSPHRASE)

    told(tmp_path, story)


def test_hundred_wrong_passphrases_sent_at_once_are_ten_tries(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.claim()
        answers = await asyncio.gather(*(outcome(house.door.sign_in(GUESSER, "wrong")) for _ in range(100)))
        assert sorted(type(answer).__name__ for answer in answers) == ["TooManyTries"] * 90 + ["Unauthorised"] * 10

    told(tmp_path, story)


def test_everybody_waits_a_second_once_somebody_guesses_and_still_gets_in(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.claim()
        await house.wrong_tries(10)
        assert house.slept == []
        assert await house.door.sign_in(PHONE, PASSPHRASE)
        assert house.slept == [1.0]

    told(tmp_path, story)


def test_good_link_opens_from_a_locked_address_and_a_wrong_one_counts(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        code = await house.door.new_link_code(CONSOLE)
        answers = [type(await outcome(house.door.follow_link(GUESSER, f"wrong {n}"))) for n in range(12)]
        assert answers == [Unauthorised] * 10 + [TooManyTries] * 2
        assert await house.door.follow_link(GUESSER, f"http://pantrybox.local/#code={code}")
        assert isinstance(await outcome(house.door.follow_link(PHONE, code)), Unauthorised)

    told(tmp_path, story)


def test_console_is_never_locked(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.claim()
        nobody = Visitor(None, None)
        assert await house.wrong_tries(30, nobody) == [Unauthorised] * 30
        assert await house.door.sign_in(nobody, PASSPHRASE)

    told(tmp_path, story)


def test_new_passphrase_ends_every_other_session(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        own = await house.claim()
        other = await house.door.sign_in(PHONE, PASSPHRASE)
        await house.door.change_passphrase(OWNER, house.access.session(own), PASSPHRASE, "something else")
        assert house.access.actor_of_session(own) == OWNER
        assert house.access.actor_of_session(other) is None
        assert isinstance(await outcome(house.door.sign_in(PHONE, PASSPHRASE)), Unauthorised)
        assert await house.door.sign_in(PHONE, "something else")
        assert (await house.acts())[3:5] == ["passphrase.changed", "session.revoked"]

    told(tmp_path, story)


def test_nobody_slips_in_with_the_old_passphrase_while_it_is_changed(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        own = house.access.session(await house.claim())
        await house.wrong_tries(10)

        async def change() -> None:
            house.meanwhile = None
            await house.door.change_passphrase(OWNER, own, PASSPHRASE, "something else")

        house.meanwhile = change
        assert isinstance(await outcome(house.door.sign_in(PHONE, PASSPHRASE)), Unauthorised)
        assert house.access.sessions() == [own]
        assert await house.door.sign_in(PHONE, "something else")

    told(tmp_path, story)


def test_session_that_is_being_opened_while_all_are_ended_does_not_survive(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        code = await house.door.new_link_code(CONSOLE)
        opening = asyncio.ensure_future(outcome(house.door.follow_link(PHONE, code)))
        await asyncio.sleep(0)  # it has begun to write
        await house.access.revoke_sessions(CONSOLE)
        assert isinstance(await opening, Unauthorised)
        assert house.access.sessions() == []
        assert await house.database.read(queries.sessions) == []

    told(tmp_path, story)


def test_old_passphrase_cannot_be_guessed_and_strangers_cannot_lock_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        own = house.access.session(await house.claim())
        await house.wrong_tries(20)
        answers = [await outcome(house.door.change_passphrase(OWNER, own, "wrong", "something")) for _ in range(12)]
        assert [type(answer) for answer in answers] == [Forbidden] * 10 + [TooManyTries] * 2
        house.seconds += 3600
        await house.door.change_passphrase(OWNER, own, PASSPHRASE, "something else")

    told(tmp_path, story)


def test_console_sets_a_passphrase_and_claims_without_being_asked(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.door.set_passphrase(CONSOLE, PASSPHRASE)
        secret = await house.door.sign_in(PHONE, PASSPHRASE)
        await house.door.set_passphrase(CONSOLE, "something else")
        assert house.access.actor_of_session(secret) is None
        assert await house.door.sign_in(PHONE, "something else")
        assert [line.actor for line in reversed(await house.log())][:2] == ["console", "owner"]

    told(tmp_path, story)


def test_owner_is_known_after_a_restart(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        secret = await house.claim()
        again = House(house.database)
        await again.access.load()
        await again.door.load()
        assert again.access.actor_of_session(secret) == OWNER
        assert await again.door.sign_in(PHONE, PASSPHRASE)
        again.door.close()

    told(tmp_path, story)


def test_session_is_over_in_time_and_removed_when_the_next_one_is_opened(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        secret = await house.claim()
        house.now_ms += SESSION_MS
        assert house.access.actor_of_session(secret) is None
        assert house.access.sessions() == []
        # Rows go by the database's own clock.
        await house.database.write(lambda writer: writer.execute("UPDATE sessions SET expires_at_ms = 1"))
        await house.door.sign_in(PHONE, PASSPHRASE)
        assert len(await house.database.read(queries.sessions)) == 1

    told(tmp_path, story)


def test_revoked_session_and_key_open_nothing_and_ring_for_open_pages(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        secret = await house.claim()
        key, shown = await house.access.new_key("program", "write", OWNER)
        assert house.access.actor_of_key(shown) == Actor("key program", "write")
        rings = [house.access.revoked.listen()]
        await house.access.revoke_key(key.id, OWNER)
        rings.append(house.access.revoked.listen())
        await house.access.revoke_session(house.access.sessions()[0].id, OWNER)
        assert all(ring.is_set() for ring in rings)
        assert house.access.actor_of_key(shown) is None
        assert house.access.actor_of_session(secret) is None
        again = Access(house.database, lambda: house.now_ms)
        await again.load()
        assert again.actor_of_key(shown) is None
        assert again.actor_of_session(secret) is None

    told(tmp_path, story)


@pytest.mark.parametrize("unknown", [0, -1, 2, 2**63, 10**40])
def test_what_is_not_there_cannot_be_revoked(tmp_path: Path, unknown: int) -> None:
    async def story(house: House) -> None:
        await house.claim()
        await house.access.new_key("program", "write", OWNER)
        for revoke in (house.access.revoke_key, house.access.revoke_session):
            with pytest.raises(NotFound):
                await revoke(unknown, OWNER)

    told(tmp_path, story)


def test_audit_log_keeps_its_newest_ten_thousand_lines(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        def fill(writer: audit.Writer) -> None:
            for n in range(audit.KEPT + 50):
                audit.record(writer, "box", "test.written", str(n))

        await house.database.write(fill)
        assert await house.database.read(audit.total) == audit.KEPT
        lines = await house.database.read(lambda reader: audit.newest_first(reader, None, 20_000))
        assert [lines[0].target, lines[-1].target] == [str(audit.KEPT + 49), "50"]

    told(tmp_path, story)
