"""What the household may decide about its box, read from the environment."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from pantrybox.errors import OutOfRange


class Settings(msgspec.Struct, frozen=True):
    data: Path
    storage: Path
    """Holds `images/`; outside of the data folder when photographs live on another disk."""
    confidence_threshold: float
    """Counts that are less certain are shown as doubtful. Never drops a detection."""

    @property
    def database(self) -> Path:
        return self.data / "pantrybox.db"

    @property
    def images(self) -> Path:
        return self.storage / "images"

    @property
    def lock(self) -> Path:
        return self.data / "pantrybox.lock"

    @property
    def socket(self) -> Path:
        """Where the commands of this machine reach the running server."""
        return self.data / "pantrybox.sock"


def read_settings(data: Path, environment: Mapping[str, str]) -> Settings:
    """Settings of the box in `data`; OutOfRange names the variable that cannot be used."""
    return Settings(
        data=data,
        storage=data / environment.get("STORAGE_PATH", "storage"),
        confidence_threshold=_fraction(environment, "INVENTORY_CONFIDENCE_THRESHOLD", 0.70),
    )


def _fraction(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise OutOfRange(f"{name} is {text!r}; it must be a number from 0 to 1, for example {default}.")
    return value
