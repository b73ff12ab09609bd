"""An eye in a process of its own, from this side: what it is asked, and what it answers."""

from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec

from pantrybox.errors import PantryError
from pantrybox.vision.confined import Limits, confined
from pantrybox.vision.manifest import Manifest
from pantrybox.vision.model import Sight
from pantrybox.vision.shadowing import Part, Seen, Setup, receive, send
from pantrybox.vision.trial import LIMITS

_CPU_SECONDS = 4 * 3600
_COPIES = 5
"""The runtime holds a model's weights so often, at worst, while it loads it."""

Located = tuple[Manifest, Path]
"""A model that was added, and where its file is."""


class EyeApart:
    """Blocking calls, each from one thread at a time."""

    def __init__(self, detector: Located | None, embedder: Located | None) -> None:
        """None: the shipped one. PantryError when the eye does not open."""
        self._stack = ExitStack()
        try:
            parts = [self._part(found) for found in (detector, embedder)]
            kept = tuple(part.descriptor for part in parts if part is not None)
            self._process = self._stack.enter_context(confined("pantrybox.vision.shadowing", keep=kept))
            weight = sum(part.manifest.size_bytes for part in parts if part is not None)
            limits = Limits(LIMITS.memory_bytes + _COPIES * weight, _CPU_SECONDS)
            self._open(Setup(limits, *parts))
        except BaseException:
            self._stack.close()
            raise

    def close(self) -> None:
        self._stack.close()

    def look(self, picture: bytes) -> Sight | None:
        """None when the picture cannot be looked at; PantryError when the process has come to its end."""
        return self._ask(b"L" + picture).sight

    def embed(self, picture: bytes) -> bytes | None:
        """The vector of the whole picture; None and PantryError as above."""
        return self._ask(b"E" + picture).vector

    def _open(self, setup: Setup) -> None:
        opened = self._ask(msgspec.json.encode(setup))
        if opened.refused is not None:
            raise PantryError(opened.refused)

    def _ask(self, message: bytes) -> Seen:
        try:
            send(_pipe(self._process.stdin), message)
            answer = receive(_pipe(self._process.stdout))
        except (OSError, ValueError):
            answer = None
        if answer is None:
            raise PantryError("The model brought the process down in which it was tried.")
        return msgspec.msgpack.decode(answer, type=Seen)

    def _part(self, found: Located | None) -> Part | None:
        if found is None:
            return None
        manifest, path = found
        return Part(manifest, self._stack.enter_context(path.open("rb")).fileno())


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process has no pipes")
    return pipe
