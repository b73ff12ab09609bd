"""The data folder: made when missing, and held by one process at a time."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from pantrybox.errors import Conflict, PantryError
from pantrybox.settings import Settings


@contextmanager
def held(settings: Settings) -> Generator[None]:
    """Hold the data folder; Conflict when another process has it open."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.images.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(settings.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PantryError(f"{settings.data} cannot be used as a data folder: {error.strerror}.") from error
    try:
        _lock(descriptor, settings)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, settings: Settings) -> None:
    try:
        # flock, not a pid in a file: the kernel lets go of it however the process ends.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Conflict(f"{settings.data} is in use by another PantryBox process.") from error
