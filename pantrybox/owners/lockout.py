"""Wrong tries: how many anybody has, and how long they wait after that. Monotonic time: no clock step unlocks."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

import msgspec

from pantrybox.errors import TooManyTries

FREE_TRIES = 10
FIRST_LOCK_SECONDS, LONGEST_LOCK_SECONDS = 30.0, 3600.0
DELAY_SECONDS = 1.0
"""Before each answer, once so many wrong tries came from anywhere as one address has."""
FORGET_SECONDS = 24 * 3600.0
"""After so long without a wrong try an address is like any other."""
DELAYED_FOR_SECONDS = 3600.0
"""After so long without a wrong try from anywhere nobody waits any more."""
MOST_ADDRESSES = 10_000


class Admission(msgspec.Struct, frozen=True):
    """One try is allowed."""

    delay_s: float
    """To wait before it."""
    locks: bool
    """When it is wrong, it was the last for a while."""


class _Tries(msgspec.Struct):
    wrong: int = 0
    last_at: float = 0.0
    locked_until: float = 0.0


class Lockout:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._peers: OrderedDict[str, _Tries] = OrderedDict()
        self._everywhere = _Tries()

    def admit(self, peer: str) -> Admission:
        """Allow one try; TooManyTries while the address is locked.

        It counts as wrong from here on, so that tries sent at once are no way around the
        count; was_right() takes it back.
        """
        now = self._monotonic()
        network = neighbourhood(peer)
        tries = self._tries_of(network, now)
        if now < tries.locked_until:
            raise _too_many(ceil(tries.locked_until - now))
        delay_s = self._delay_s(now)
        for counted in (tries, self._everywhere):
            counted.wrong += 1
            counted.last_at = now
        tries.locked_until = now + lock_seconds(tries.wrong)
        self._remember(network, tries)
        return Admission(delay_s, locks=now < tries.locked_until)

    def was_right(self, peer: str) -> None:
        """The address is as good as new. Others wait on: whoever guesses is not the one who knew."""
        self._peers.pop(neighbourhood(peer), None)
        self._everywhere.wrong = max(0, self._everywhere.wrong - 1)

    def _tries_of(self, network: str, now: float) -> _Tries:
        tries = self._peers.get(network)
        return tries if tries is not None and now - tries.last_at < FORGET_SECONDS else _Tries()

    def _delay_s(self, now: float) -> float:
        if now - self._everywhere.last_at >= DELAYED_FOR_SECONDS:
            self._everywhere.wrong = 0
        return DELAY_SECONDS if self._everywhere.wrong >= FREE_TRIES else 0.0

    def _remember(self, network: str, tries: _Tries) -> None:
        self._peers[network] = tries
        self._peers.move_to_end(network)
        if len(self._peers) > MOST_ADDRESSES:
            self._peers.popitem(last=False)


def lock_seconds(wrong: int) -> float:
    """How long an address is locked after its so-manieth wrong try: 30 s after the tenth, then twice as long each."""
    if wrong < FREE_TRIES:
        return 0.0
    doublings = min(wrong - FREE_TRIES, 20)
    return min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS * 2**doublings)


def neighbourhood(peer: str) -> str:
    """Whose tries are counted together: one IPv4 address; one IPv6 /64, in which a machine takes what it likes."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))


def _too_many(seconds: int) -> TooManyTries:
    wait = f"{seconds} seconds" if seconds < 2 * 60 else f"{ceil(seconds / 60)} minutes"
    return TooManyTries(f"Too many wrong tries from this address. Try again in {wait}.", seconds)
