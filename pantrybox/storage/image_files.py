"""JPEG files on disk, one per capture: whole or not there at all, whenever the power fails."""

import asyncio
import errno
import hashlib
import mmap
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from pantrybox.errors import CardFull, NotFound, Overloaded

PARTIAL = ".partial-"
HELD_IN_MEMORY = 512 * 1024
"""Bytes of one upload kept in memory; what is longer goes to the card as it arrives."""


class ImageFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, name: str) -> "PartialImage":
        return PartialImage(self._folder, name)

    def settle(self) -> None:
        """Make every name kept or removed so far survive a power cut."""
        with _card_errors():
            fsync_folder(self._folder)

    def path(self, name: str) -> Path:
        return self._folder / name

    async def loaded(self, name: str) -> bytes:
        """load(), off the event loop."""
        return await asyncio.to_thread(self.load, name)

    def load(self, name: str) -> bytes:
        """The whole file; NotFound when it is gone."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("The image of this photograph is no longer on the card.") from error

    def remove(self, name: str) -> None:
        """Unlink; the name is gone for good after settle()."""
        self.path(name).unlink(missing_ok=True)

    def names(self) -> set[str]:
        """Every photograph in the folder, without uploads that are under way."""
        with os.scandir(self._folder) as entries:
            return {entry.name for entry in entries if not entry.name.startswith(PARTIAL)}

    def remove_partial(self) -> int:
        """Remove what interrupted uploads left. Only while nobody uploads."""
        leftovers = list(self._folder.glob(PARTIAL + "*"))
        for leftover in leftovers:
            leftover.unlink()
        return len(leftovers)


class PartialImage:
    """A photograph on its way in. Blocking calls: run them off the event loop."""

    def __init__(self, folder: Path, name: str) -> None:
        self._target = folder / name
        self._partial = folder / (PARTIAL + name)
        self._buffer = bytearray()
        self._descriptor: int | None = None
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def add(self, chunk: bytes) -> None:
        self._buffer += chunk
        self.size_bytes += len(chunk)

    @property
    def must_spill(self) -> bool:
        """Whether enough has gathered that spill() should be called."""
        return len(self._buffer) >= HELD_IN_MEMORY

    def spill(self) -> None:
        """Move what was gathered from memory to the card."""
        with _card_errors():
            if self._descriptor is None:
                self._descriptor = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._hash.update(self._buffer)
            _write_all(self._descriptor, self._buffer)
            self._buffer = bytearray()

    @contextmanager
    def content(self) -> Generator[bytearray | mmap.mmap]:
        """All that was added so far, to look at before it is kept."""
        if self._descriptor is None:
            yield self._buffer
            return
        self.spill()
        with mmap.mmap(self._descriptor, 0, prot=mmap.PROT_READ) as mapped:
            yield mapped

    def keep(self) -> bytes:
        """Put the whole file in place and return its SHA-256. Durable once the folder is settled too."""
        self.spill()
        descriptor = self._descriptor
        if descriptor is None:
            raise ValueError("spill() opened no file")
        with _card_errors():
            os.fsync(descriptor)
            # Renamed only when its bytes are on the medium: a whole name never holds half a picture.
            self._partial.rename(self._target)
        os.close(descriptor)
        self._descriptor = None
        return self._hash.digest()

    def discard(self) -> None:
        """Leave nothing behind, whether it was kept already or not."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        for path in (self._partial, self._target):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def fsync_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _card_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise CardFull(
                "The card is full. Old photographs must be deleted before new ones can be stored."
            ) from error
        raise Overloaded("The card did not store this. Please send it again in a few seconds.") from error
