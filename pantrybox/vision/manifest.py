"""A model is a file with a manifest beside it that says what goes in, what comes out and whose it is."""

import hashlib
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import msgspec

from pantrybox.errors import PantryError

SHIPPED_DETECTOR = "picodet416"


class ModelInput(msgspec.Struct, frozen=True):
    width: int
    height: int
    mean: tuple[float, float, float]
    """Of RGB, on the scale 0 to 1; taken off before dividing by `std`."""
    std: tuple[float, float, float]


class Manifest(msgspec.Struct, frozen=True):
    name: str
    kind: Literal["picodet"]
    """How the outputs are to be read."""
    file: str
    sha256: str
    size_bytes: int
    input: ModelInput
    labels: tuple[str, ...]
    licence: str


def read_manifest(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise PantryError(f"The model's manifest {path.name} cannot be read: {error}") from error


def model_bytes(folder: Path, manifest: Manifest) -> bytes:
    """The model file, if it is the one that its manifest describes; else a PantryError that says so."""
    path = folder / manifest.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PantryError(f"The model file {path.name} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise PantryError(f"The model file {path.name} is damaged: it is not the one its manifest describes.")
    return data


def shipped(name: str = SHIPPED_DETECTOR) -> tuple[Manifest, bytes]:
    """A model that comes with PantryBox."""
    with as_file(files("pantrybox.vision") / "models") as folder:
        manifest = read_manifest(folder / f"{name}.json")
        return manifest, model_bytes(folder, manifest)
