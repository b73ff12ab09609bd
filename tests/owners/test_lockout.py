"""How often anybody may be wrong, on a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.errors import TooManyTries
from pantrybox.owners.lockout import (
    DELAY_SECONDS,
    DELAYED_FOR_SECONDS,
    FORGET_SECONDS,
    FREE_TRIES,
    LONGEST_LOCK_SECONDS,
    MOST_ADDRESSES,
    Lockout,
    lock_seconds,
    neighbourhood,
)

PEER, OTHER = "192.168.1.20", "192.168.1.21"


class Clock:
    """Monotonic time that goes on only when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Guesser:
    """Tries something wrong, again and again."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lockout = Lockout(self.clock)

    def is_admitted(self, peer: str = PEER) -> bool:
        try:
            self.lockout.admit(peer)
        except TooManyTries:
            return False
        return True

    def seconds_locked(self, peer: str = PEER) -> int:
        """As a refusal says; 0 when the address is not locked. Costs a try."""
        try:
            self.lockout.admit(peer)
        except TooManyTries as error:
            return error.seconds
        return 0


@pytest.fixture
def guesser() -> Guesser:
    return Guesser()


def test_ten_tries_are_allowed_of_a_thousand(guesser: Guesser) -> None:
    assert [guesser.is_admitted() for _ in range(1000)] == [True] * 10 + [False] * 990


def test_tenth_wrong_try_is_the_one_that_locks(guesser: Guesser) -> None:
    assert [guesser.lockout.admit(PEER).locks for _ in range(FREE_TRIES)] == [False] * 9 + [True]


def test_another_address_is_not_locked(guesser: Guesser) -> None:
    for _ in range(20):
        guesser.is_admitted()
    assert guesser.is_admitted(OTHER)


def test_lock_ends_and_the_next_one_lasts_twice_as_long(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES):
        guesser.is_admitted()
    locks = []
    for _ in range(10):
        locks.append(guesser.seconds_locked())
        guesser.clock.seconds += locks[-1] - 0.001
        assert not guesser.is_admitted()
        guesser.clock.seconds += 0.001
        assert guesser.is_admitted()
    assert locks == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_right_try_gives_ten_new_ones(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES):
        guesser.is_admitted()
    guesser.lockout.was_right(PEER)
    assert [guesser.is_admitted() for _ in range(12)] == [True] * 10 + [False] * 2


def test_after_a_day_of_silence_nothing_is_held_against_anybody(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES):
        guesser.is_admitted()
    guesser.clock.seconds += FORGET_SECONDS
    assert [guesser.is_admitted() for _ in range(12)] == [True] * 10 + [False] * 2


def test_everybody_waits_after_ten_wrong_tries_from_anywhere(guesser: Guesser) -> None:
    delays = [guesser.lockout.admit(f"10.0.0.{n}").delay_s for n in range(12)]
    assert delays == [0] * 10 + [DELAY_SECONDS] * 2
    guesser.clock.seconds += DELAYED_FOR_SECONDS - 1
    assert guesser.lockout.admit(PEER).delay_s == DELAY_SECONDS
    guesser.clock.seconds += DELAYED_FOR_SECONDS
    assert guesser.lockout.admit(PEER).delay_s == 0


def test_right_tries_make_nobody_wait(guesser: Guesser) -> None:
    for _ in range(30):
        assert guesser.lockout.admit(PEER).delay_s == 0
        guesser.lockout.was_right(PEER)


def test_memory_is_bounded_and_the_oldest_are_forgotten(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES):
        guesser.is_admitted("first")
        guesser.is_admitted("second")
    guesser.clock.seconds += 30
    guesser.is_admitted("second")
    for n in range(MOST_ADDRESSES - 1):
        guesser.is_admitted(str(n))
    assert len(guesser.lockout._peers) == MOST_ADDRESSES
    assert not guesser.is_admitted("second")
    assert guesser.is_admitted("first")


@given(st.lists(st.tuples(st.sampled_from([PEER, OTHER]), st.floats(0, 4000), st.booleans()), max_size=80))
def test_no_order_of_tries_gets_more_than_the_ration(tries: list[tuple[str, float, bool]]) -> None:
    """Between two right tries an address is allowed ten wrong ones, and then one a lock."""
    guesser = Guesser()
    wrong = {PEER: 0, OTHER: 0}
    free_at = {PEER: 0.0, OTHER: 0.0}
    last_at = {PEER: 0.0, OTHER: 0.0}
    for peer, pause, right in tries:
        guesser.clock.seconds += pause
        now = guesser.clock.seconds
        if wrong[peer] and now - last_at[peer] >= FORGET_SECONDS:
            wrong[peer] = 0
        admitted = guesser.is_admitted(peer)
        assert admitted == (now >= free_at[peer])
        if not admitted:
            continue
        if right:
            guesser.lockout.was_right(peer)
            wrong[peer], free_at[peer] = 0, 0.0
            continue
        wrong[peer] += 1
        last_at[peer] = now
        free_at[peer] = now + (0 if wrong[peer] < 10 else min(3600, 30 * 2 ** (wrong[peer] - 10)))


@given(st.integers(0, 10**6))
def test_locks_only_grow_and_stay_below_an_hour(wrong: int) -> None:
    assert lock_seconds(wrong) <= lock_seconds(wrong + 1) <= LONGEST_LOCK_SECONDS


@pytest.mark.parametrize(
    ("peer", "counted_as"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("::ffff:192.168.1.20", "192.168.1.20"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::6", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("owner", "owner"),
        ("", ""),
    ],
)
def test_who_is_counted_together(peer: str, counted_as: str) -> None:
    assert neighbourhood(peer) == counted_as


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_no_address_of_one_network_is_a_new_start(address: object, host: int) -> None:
    network = int(address) >> 64 << 64  # pyright: ignore
    if network == 0:  # where ::ffff:0:0/96 lies
        return
    one, other = type(address)(network), type(address)(network | host)  # pyright: ignore
    assert neighbourhood(str(one)) == neighbourhood(str(other))
