"""A model is a file with a manifest beside it that says what goes in, what comes out and whose it is."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from pantrybox.errors import PantryError
from pantrybox.names import ShortText

SHIPPED_DETECTOR = "picodet416"
SHIPPED_EMBEDDER = "pplcnetv2"
MAX_MODEL_BYTES = 200_000_000

Kind = Literal["picodet", "yolox", "yolov8", "detr", "features"]
"""How the outputs are to be read: see docs/design/models.md. `features` is an embedder, the others are detectors."""
Role = Literal["detector", "embedder"]
ModelName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]
_FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$(?!\n)")]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
_Side = Annotated[int, msgspec.Meta(ge=32, le=2048)]
_Mean = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]
_Std = Annotated[float, msgspec.Meta(ge=0.001, le=1000)]
_Labels = Annotated[tuple[ShortText, ...], msgspec.Meta(max_length=10_000)]
Fit = Literal["stretch", "corner", "middle"]
"""How a picture of another shape is made to fit: stretched, or whole with grey beside it: in the top left corner, or
in the middle."""


class ModelInput(msgspec.Struct, frozen=True):
    width: _Side
    height: _Side
    mean: tuple[_Mean, _Mean, _Mean]
    """Taken off each channel, in the model's own order, before dividing by `std`."""
    std: tuple[_Std, _Std, _Std]
    white: Literal[1, 255] = 1
    """What the brightest pixel is, before `mean` is taken off."""
    channels: Literal["rgb", "bgr"] = "rgb"
    fit: Fit = "stretch"


class Manifest(msgspec.Struct, frozen=True):
    name: ModelName
    kind: Kind
    file: _FileName
    sha256: _Sha256
    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_MODEL_BYTES)]
    input: ModelInput
    labels: _Labels
    """What the detector calls its classes, in their order."""
    licence: ShortText
    outputs: dict[str, str] = {}
    """Which of several tensors is what, where the kind does not say it: `features`, `label_scores`."""
    counted: Annotated[float, msgspec.Meta(ge=0.05, le=0.99)] | None = None
    """The score from which a box of this detector is believed to be a thing; None: as of the shipped one."""
    took_ms: int | None = None
    """For one picture when it was added, on one thread of this machine; None: it was not tried here."""
    memory_mb: int | None = None
    """What the process that tried it held at most."""

    @property
    def role(self) -> Role:
        return "embedder" if self.kind == "features" else "detector"


def read_manifest(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise PantryError(f"The model's manifest {path.name} cannot be read: {error}") from error


def model_bytes(folder: Path, manifest: Manifest) -> bytes:
    """The model file, if it is the one that its manifest describes; else a PantryError that says so."""
    path = folder / manifest.file
    try:
        with path.open("rb") as file:
            data = file.read(manifest.size_bytes + 1)
    except OSError as error:
        raise PantryError(f"The model file {path.name} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise PantryError(f"The model file {path.name} is damaged: it is not the one its manifest describes.")
    return data


def shipped_manifests() -> list[Manifest]:
    """Of all models that come with PantryBox."""
    folder = Path(str(files("pantrybox.vision") / "models"))
    return [read_manifest(path) for path in sorted(folder.glob("*.json"))]


def shipped(name: str = SHIPPED_DETECTOR) -> tuple[Manifest, Path]:
    """A model that comes with PantryBox, and where its file is, which is the one that its manifest describes."""
    folder = Path(str(files("pantrybox.vision") / "models"))
    manifest = read_manifest(folder / f"{name}.json")
    model_bytes(folder, manifest)
    return manifest, folder / manifest.file
