"""Codes that open once: the setup code of a new box, and those of sign-in links. Kept in memory only, as hashes."""

import hmac
import secrets
from collections.abc import Callable

from pantrybox.identifiers import new_secret, secret_sha256

LINK_SECONDS = 600
_MOST_LINKS = 100
"""Open at a time; the oldest are forgotten."""
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Nothing that is read for something else: no 0 and O, no 1 and I. 32 characters, 5 bits each."""
_GROUP, _GROUPS = 4, 2
"""40 bits: with ten tries and then one an hour nobody guesses it."""


class SetupCode:
    """Proof of standing before the box: it is shown on its console and nowhere else."""

    def __init__(self) -> None:
        self._sha256 = b""

    def new(self) -> str:
        """Such as `K7QF-M2XD`; the one before is good no more."""
        groups = ["".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)]
        self._sha256 = secret_sha256("".join(groups))
        return "-".join(groups)

    def is_right(self, typed: str) -> bool:
        """As people type it: small letters, blanks and a dash more or less do not matter; or its whole address."""
        code = typed.rpartition("#setup=")[2].upper()
        plain = "".join(letter for letter in code if letter in _ALPHABET)
        return hmac.compare_digest(secret_sha256(plain), self._sha256)


class LinkCodes:
    """256 random bits each: they need no lock-out, and open from an address that is locked."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        # Monotonic: a clock that is set on the first start must not end one early or keep it alive.
        self._monotonic = monotonic
        self._good_until: dict[bytes, float] = {}

    def new(self) -> str:
        """Opens one session within ten minutes. A restart forgets it."""
        now = self._monotonic()
        good = [(code, until) for code, until in self._good_until.items() if now <= until]
        self._good_until = dict(good[1 - _MOST_LINKS :])
        code = new_secret()
        self._good_until[secret_sha256(code)] = now + LINK_SECONDS
        return code

    def use(self, code: str) -> bool:
        """True once for a code that is good."""
        good_until = self._good_until.pop(secret_sha256(code), None)
        return good_until is not None and self._monotonic() <= good_until


def code_in(text: str) -> str:
    """The code of a link that somebody pasted whole, else what was typed."""
    return text.rpartition("#code=")[2].strip()
