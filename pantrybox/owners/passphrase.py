"""The owner's passphrase: what may be one, and what is kept of it."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Collection

from pantrybox.errors import OutOfRange

SHORTEST, LONGEST = 8, 1000
"""Characters, after normalisation."""
_N, _R, _P = 2**14, 8, 1
"""Of scrypt (RFC 7914): 16 MB and about 50 ms, four times that on a Pi 4."""
_SALT_BYTES = 16
FIRST_TRIED = frozenset(
    [
        *("password", "password1", "passw0rd", "passphrase", "pantrybox", "iloveyou"),
        *("12345678", "123456789", "1234567890", "87654321", "11111111", "00000000"),
        *("qwertyui", "qwertyuiop", "qwertzui", "qwertzuiop", "asdfghjkl"),
    ]
)
"""A longer list would only seem to be safer: ten tries are all that anybody has."""


def chosen(text: str, names: Collection[str] = ()) -> str:
    """A passphrase that somebody chose, normalised. OutOfRange when it cannot be one; `names` are the box's own."""
    passphrase = normalised(text)
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise OutOfRange(f"A passphrase has {SHORTEST} to {LONGEST} characters; four words are a good one.")
    if passphrase.strip().casefold() in FIRST_TRIED | {name.casefold() for name in names}:
        raise OutOfRange("This passphrase is among the first that anybody would try. Choose another.")
    return passphrase


def normalised(text: str) -> str:
    """The same characters in one spelling: keyboards write é as one code point or as two."""
    return unicodedata.normalize("NFC", text)


def hashed(passphrase: str) -> str:
    """`scrypt$N$r$p$salt$hash`. Takes long on purpose: call it on a thread."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(passphrase, salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(digest)}"


def matches(passphrase: str, kept: str) -> bool:
    """Whether `kept` was made of this passphrase, with whatever parameters it was made."""
    _, n, r, p, salt, digest = kept.split("$")
    tried = _scrypt(normalised(passphrase), base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(tried, base64.b64decode(digest))


def _scrypt(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    room = 2 * 128 * n * r * p  # 128 * n * r bytes is what it takes; OpenSSL refuses more than it was told
    return hashlib.scrypt(passphrase.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=room)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
