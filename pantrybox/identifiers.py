"""Names that nobody else will ever choose: capture ids and secrets."""

import hashlib
import secrets
import uuid


def uuid7(now_ms: int) -> str:
    """A UUIDv7 (RFC 9562, section 5.7): the first 48 bits are the time, so ids sort by age."""
    random_bits = secrets.randbits(74)
    value = (now_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random_bits >> 62) << 64
    value |= 0b10 << 62 | random_bits & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def new_secret(prefix: str = "") -> str:
    """256 random bits as text that fits a header, a file and a QR code."""
    return prefix + secrets.token_urlsafe(32)


def secret_sha256(secret: str) -> bytes:
    """What is stored of a secret. Plain SHA-256 is enough: 256 random bits cannot be guessed from it."""
    return hashlib.sha256(secret.encode()).digest()
