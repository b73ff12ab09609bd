"""The demo's photographs in their order, and what truly happened in each."""

from importlib.resources import files
from pathlib import Path

import msgspec

FOLDER = Path(str(files("pantrybox.demo") / "photographs"))


class Scene(msgspec.Struct, frozen=True):
    file: str
    story: str
    """What happened before this photograph, as a sentence."""
    trigger: str
    readable: bool
    """False when it is blurred, dark or blocked."""
    counts: dict[str, int]
    """What is truly there, hidden things too."""

    @property
    def path(self) -> Path:
        return FOLDER / self.file


class _Truth(msgspec.Struct):
    photographs: list[Scene]


def scenes() -> list[Scene]:
    return msgspec.json.decode((FOLDER / "truth.json").read_bytes(), type=_Truth).photographs
