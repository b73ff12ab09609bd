"""The data folder: made when missing, and held by one process at a time."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pantrybox.errors import Conflict, PantryError
from pantrybox.settings import Settings
from pantrybox.storage.image_files import fsync_folder


class FolderInUse(Conflict):
    """Another process has the data folder open."""


@contextmanager
def held(settings: Settings) -> Generator[None]:
    """Hold the data folder; FolderInUse when another process has it open."""
    try:
        _make_durably(settings.data)
        _make_durably(settings.images)
        descriptor = os.open(settings.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PantryError(f"{settings.data} cannot be used as a data folder: {error.strerror}.") from error
    try:
        _lock(descriptor, settings)
        yield
    finally:
        os.close(descriptor)


def _make_durably(folder: Path) -> None:
    """Make a folder and those above it; a power cut must not take the name of a folder with what was put into it."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)  # another process may be making it, too
        fsync_folder(path.parent)


def _lock(descriptor: int, settings: Settings) -> None:
    try:
        # flock, not a pid in a file: the kernel lets go of it however the process ends.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise FolderInUse(f"{settings.data} is in use by another PantryBox process.") from error
