"""JPEG files on disk, one per capture: whole or not there at all, whenever the power fails."""

import asyncio
import errno
import hashlib
import mmap
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pantrybox.errors import CardFull, NotFound, Overloaded

PARTIAL = ".partial-"
HELD_IN_MEMORY = 512 * 1024
"""Bytes of one upload kept in memory; what is longer goes to the card as it arrives."""


_RESERVE_BYTES = 64 * 1024 * 1024
_RESERVE_PART = 20
_FULL = "The card is full. Old photographs must be deleted before new ones can be stored."


_NAME = attrgetter("name")


class Space(NamedTuple):
    """On the file system of the images."""

    free_bytes: int
    reserve_bytes: int
    """No photograph takes this: the database must be able to write, most of all to delete photographs."""


class File(NamedTuple):
    at_ms: int
    """When it was last written to, by the wall clock."""
    size_bytes: int


class ImageFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._device: int | None = None

    def begin(self, name: str) -> "PartialImage":
        """CardFull when there is no room for photographs; the database has some yet."""
        self.refuse_if_full()
        return PartialImage(self._folder, name, self.refuse_if_full)

    def space(self) -> Space:
        found = os.statvfs(self._folder)
        total_bytes = found.f_blocks * found.f_frsize
        return Space(found.f_bavail * found.f_frsize, min(_RESERVE_BYTES, total_bytes // _RESERVE_PART))

    def refuse_if_full(self) -> None:
        with _card_errors():
            space = self.space()
        if space.free_bytes < space.reserve_bytes:
            raise CardFull(_FULL)

    def is_in_place(self) -> bool:
        """Whether the folder is there, on the file system on which it was first found."""
        try:
            device = self._folder.stat().st_dev
        except OSError:
            return False
        self._device = self._device or device
        return device == self._device

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

    def opened(self, name: str) -> BinaryIO:
        """The file, to be read and closed; NotFound when it is gone. Deleted meanwhile, it can still be read."""
        try:
            return self.path(name).open("rb")
        except FileNotFoundError as error:
            raise NotFound("The image of this photograph is no longer on the card.") from error

    def remove(self, name: str) -> None:
        """Unlink; the name is gone for good after settle()."""
        self.path(name).unlink(missing_ok=True)

    def remove_all(self, names: Iterable[str]) -> None:
        """Unlink these and make that last; those that are gone already are passed over."""
        with self._opened_folder() as descriptor:
            for name in names:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=descriptor)
            os.fsync(descriptor)

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of these that are not there."""
        return [name for name in names if self.touched(name) is None]

    def touched(self, name: str) -> File | None:
        """None when there is no such file."""
        try:
            found = self.path(name).lstat()
        except FileNotFoundError:
            return None
        return File(found.st_mtime_ns // 1_000_000, found.st_size)

    def listed(self) -> Iterator[str]:
        """The name of every file, uploads under way among them, as the folder is read."""
        with os.scandir(self._folder) as entries:
            yield from map(_NAME, entries)

    @contextmanager
    def _opened_folder(self) -> Generator[int]:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

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

    def __init__(self, folder: Path, name: str, refuse_if_full: Callable[[], None]) -> None:
        self._refuse_if_full = refuse_if_full
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
        """Move what was gathered from memory to the card; CardFull when it has no room for photographs."""
        self._refuse_if_full()
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
            raise CardFull(_FULL) from error
        raise Overloaded("The card did not store this. Please send it again in a few seconds.") from error
