"""An eye in a process of its own: `python -m pantrybox.vision.shadowing` looks at what it is sent, and can do no more.

Messages both ways are 4 bytes of length, most significant first, and so many bytes. The first is a Setup in JSON; each
that follows is one letter and a JPEG: L to look at a photograph, E to embed a crop. Each is answered with a Seen.
"""

import os
import sys
from typing import IO

if __name__ == "__main__":
    from pantrybox.vision.confined import cut_off

    cut_off()  # before numpy, which starts threads

import msgspec

from pantrybox.errors import PantryError
from pantrybox.vision.confined import Limits, limit
from pantrybox.vision.manifest import MAX_MODEL_BYTES, Manifest
from pantrybox.vision.model import Box, Eye, Sight

LONGEST = 64_000_000
"""Bytes of one message."""
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Part(msgspec.Struct, frozen=True):
    """A model that was added."""

    manifest: Manifest
    descriptor: int
    """Of its file."""


class Setup(msgspec.Struct, frozen=True):
    limits: Limits
    detector: Part | None = None
    """None: the shipped one."""
    embedder: Part | None = None
    """None: the shipped one."""


class Seen(msgspec.Struct, frozen=True):
    """An answer; all None: it is ready."""

    sight: Sight | None = None
    vector: bytes | None = None
    refused: str | None = None
    """Why there is none, as a sentence."""


def send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(4, "big") + message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """None when the other side has gone, or talks nonsense."""
    length = int.from_bytes(head, "big") if len(head := pipe.read(4)) == 4 else LONGEST + 1  # noqa: PLR2004
    if length > LONGEST:
        return None
    message = pipe.read(length)
    return message if len(message) == length else None


def main() -> None:
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    setup = msgspec.json.decode(receive(asked) or b"", type=Setup)
    try:
        eye = _opened(setup)
    except Exception as error:
        send(told, msgspec.msgpack.encode(Seen(refused=_reason(error))))
        return
    send(told, msgspec.msgpack.encode(Seen()))
    while message := receive(asked):
        send(told, msgspec.msgpack.encode(answer(eye, message)))


def answer(eye: Eye, message: bytes) -> Seen:
    picture = message[1:]
    try:
        if message[:1] == b"L":
            return Seen(sight=eye.look(picture))
        return Seen(vector=eye.embed(picture, [_WHOLE])[0].vector)
    except Exception as error:
        return Seen(refused=_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, PantryError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The model needs more memory than this box gives it."
    return f"The model failed ({type(error).__name__})."


def _opened(setup: Setup) -> Eye:
    from pantrybox.vision.embedder import open_embedder  # noqa: PLC0415 - the limits are for the model, not for these
    from pantrybox.vision.eye import OnnxEye  # noqa: PLC0415
    from pantrybox.vision.loading import load_detector, load_embedder, load_shipped_detector  # noqa: PLC0415

    limit(setup.limits)
    found, known = setup.detector, setup.embedder
    detector = load_detector(found.manifest, _read(found)) if found else load_shipped_detector()
    embedder = load_embedder(known.manifest, _read(known)) if known else open_embedder()
    return OnnxEye(found.manifest.name if found else "shipped", detector, embedder)


def _read(part: Part) -> bytes:
    with os.fdopen(part.descriptor, "rb") as file:
        return file.read(MAX_MODEL_BYTES)


if __name__ == "__main__":
    main()
