"""The folder of models that were added: NAME.onnx and, beside it, NAME.json. One is there whole or not at all."""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec

from pantrybox.errors import CardFull, Conflict, Malformed, NotFound, OutOfRange, PantryError
from pantrybox.names import ShortText
from pantrybox.storage.image_files import fsync_folder
from pantrybox.vision import manifest as manifests
from pantrybox.vision.manifest import MAX_MODEL_BYTES, Kind, Manifest, ModelInput, ModelName
from pantrybox.vision.trial import Facts, try_out

_PARTIAL = ".partial-"
_CHUNK = 1 << 20
_RESERVE_BYTES = 64 << 20
_LARGEST_MANIFEST = 2_000_000
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Wanted(msgspec.Struct, frozen=True):
    """What a person says about a model that is to be added; a manifest without what its file itself says."""

    name: ModelName
    kind: Kind
    input: ModelInput
    labels: Annotated[tuple[ShortText, ...], msgspec.Meta(max_length=10_000)] = ()
    licence: ShortText = ""
    outputs: dict[str, str] = {}
    counted: Annotated[float, msgspec.Meta(ge=0.05, le=0.99)] | None = None
    sha256: str | None = None
    """None: whatever the file is."""


Trial = Callable[[Path, Manifest], Facts]


def usual_input(kind: Kind, width: int, height: int) -> ModelInput:
    """How pictures are made ready for models of a kind, as they are published."""
    if kind == "yolox":
        return ModelInput(width, height, *_PLAIN, white=255, channels="bgr", fit="corner")
    if kind == "yolov8":
        return ModelInput(width, height, *_PLAIN, fit="middle")
    if kind == "detr":
        return ModelInput(width, height, *_PLAIN)
    return ModelInput(width, height, *_IMAGENET)


def wanted_of(fields: object) -> Wanted:
    """OutOfRange, naming the field, for what cannot be the description of a model."""
    try:
        return msgspec.convert(fields, Wanted)
    except msgspec.ValidationError as error:
        raise OutOfRange(f"The manifest cannot be used: {error}.") from error


def wanted_in(path: Path) -> Wanted:
    """From a manifest in JSON."""
    try:
        with path.open("rb") as file:
            return wanted_of(msgspec.json.decode(file.read(_LARGEST_MANIFEST)))
    except OSError as error:
        raise NotFound(f"The manifest {path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise Malformed(f"The manifest {path} is no JSON: {error}.") from error


class Workshop:
    def __init__(self, folder: Path, trial: Trial = try_out) -> None:
        self._folder = folder
        self._trial = trial

    def manifests(self) -> Iterator[Manifest]:
        """Of every model, the shipped ones first; one that cannot be read is passed over."""
        yield from manifests.shipped_manifests()
        for name in self._added():
            try:
                yield self._manifest(name)
            except PantryError:
                continue

    def manifest_of(self, name: str) -> Manifest:
        """NotFound when there is no such model."""
        for known in manifests.shipped_manifests():
            if known.name == name:
                return known
        if name not in self._added():
            raise NotFound(f"There is no model called {name}.")
        return self._manifest(name)

    def is_shipped(self, name: str) -> bool:
        return any(known.name == name for known in manifests.shipped_manifests())

    def opened(self, name: str) -> tuple[Manifest, bytes]:
        """PantryError when the file is not the one that its manifest describes."""
        if self.is_shipped(name):
            manifest, path = manifests.shipped(name)
            return manifest, path.read_bytes()
        manifest = self.manifest_of(name)
        return manifest, manifests.model_bytes(self._folder, manifest)

    def located(self, name: str) -> tuple[Manifest, Path]:
        """Of a model that was added: where its file is, which is the one that its manifest describes."""
        manifest, _ = self.opened(name)
        return manifest, self._folder / manifest.file

    def prove(self, name: str) -> Facts | None:
        """Try a model again, as it lies there; PantryError when it is not fit. None for a shipped one."""
        manifest, _ = self.opened(name)
        return None if self.is_shipped(name) else self._trial(self._folder / manifest.file, manifest)

    def add(self, source: Path, wanted: Wanted) -> Manifest:
        """Try a model, and keep it when it is fit. Blocking, for seconds. Of one that is refused nothing stays.

        Malformed, with the reason, for a model that is not fit; Conflict when the name is taken.
        """
        with self._alone(), _card_errors():
            self._remove_leftovers()
            if wanted.name in self._added() or self.is_shipped(wanted.name):
                raise Conflict(f"There is a model called {wanted.name} already. Choose another name.")
            partial = self._folder / f"{_PARTIAL}{wanted.name}.onnx"
            try:
                manifest = _described(wanted, *self._copied(source, partial))
                facts = self._trial(partial, manifest)
                manifest = msgspec.structs.replace(manifest, took_ms=facts.took_ms, memory_mb=facts.memory_mb)
                self._keep(partial, manifest)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            return manifest

    def _added(self) -> list[str]:
        try:
            return sorted(path.stem for path in self._folder.glob("*.json") if not path.name.startswith("."))
        except OSError:
            return []

    def _manifest(self, name: str) -> Manifest:
        manifest = manifests.read_manifest(self._folder / f"{name}.json")
        if manifest.name != name or manifest.file != f"{name}.onnx":
            raise PantryError(f"The model's manifest {name}.json speaks of another model.")
        return manifest

    @contextmanager
    def _alone(self) -> Generator[None]:
        """One model is added at a time; the kernel lets go of the lock however the process ends."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give_to_owner_of(self._folder.parent, self._folder)
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Conflict("Another model is being added. Try again in a minute.") from error
        finally:
            os.close(descriptor)

    def _remove_leftovers(self) -> None:
        """What a cut left: files that are not named as models are, and models without their manifests."""
        known = set(self._added())
        for path in self._folder.iterdir():
            if path.name.startswith(_PARTIAL) or (path.suffix == ".onnx" and path.stem not in known):
                path.unlink()

    def _copied(self, source: Path, target: Path) -> tuple[str, int]:
        """SHA-256 and size of a file, which now lies at `target`, on the medium."""
        hashed, size = hashlib.sha256(), 0
        with _regular(source) as file, target.open("xb") as copy:
            _refuse_if_full(self._folder, os.fstat(file.fileno()).st_size)
            target.chmod(0o600)
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > MAX_MODEL_BYTES:
                    raise Malformed(f"The model is larger than {MAX_MODEL_BYTES // 1_000_000} MB.")
                hashed.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        if size == 0:
            raise Malformed(f"{source} is empty.")
        return hashed.hexdigest(), size

    def _keep(self, partial: Path, manifest: Manifest) -> None:
        """The manifest comes last: a model is there when its manifest is."""
        described = self._folder / f"{_PARTIAL}{manifest.name}.json"
        try:
            with described.open("xb") as file:
                described.chmod(0o600)
                file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            for path in (partial, described):
                _give_to_owner_of(self._folder, path)
            partial.rename(self._folder / manifest.file)
            fsync_folder(self._folder)
            described.rename(self._folder / f"{manifest.name}.json")
            fsync_folder(self._folder)
        except BaseException:
            described.unlink(missing_ok=True)
            if manifest.name not in self._added():
                (self._folder / manifest.file).unlink(missing_ok=True)
            raise


def _described(wanted: Wanted, sha256: str, size_bytes: int) -> Manifest:
    if wanted.sha256 is not None and wanted.sha256 != sha256:
        raise Malformed("The model file is damaged: it is not the one that its manifest describes.")
    if wanted.kind != "features" and not wanted.labels:
        raise OutOfRange("labels: a detector's manifest says what its classes are called.")
    return Manifest(
        name=wanted.name,
        kind=wanted.kind,
        file=f"{wanted.name}.onnx",
        sha256=sha256,
        size_bytes=size_bytes,
        input=wanted.input,
        labels=wanted.labels,
        licence=wanted.licence,
        outputs=wanted.outputs,
        counted=wanted.counted,
    )


@contextmanager
def _regular(source: Path) -> Generator[BinaryIO]:
    """A file that has an end: nothing that waits for somebody, and no device."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotFound(f"{source} cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Malformed(f"{source} is no file.")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _refuse_if_full(folder: Path, size_bytes: int) -> None:
    """The database must be able to write afterwards, too."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize - min(size_bytes, MAX_MODEL_BYTES) < _RESERVE_BYTES:
        raise CardFull("The card is full: there is no room for the model.")


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """What an administrator adds must be readable for the user that the box runs as."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def _card_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise CardFull("The card is full: there is no room for the model.") from error
        raise PantryError(f"The model cannot be kept: {error.strerror}.") from error
