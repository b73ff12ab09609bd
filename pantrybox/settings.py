"""What the household may decide about its box: from the environment, and from a file of the same names."""

import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec

from pantrybox import env_file
from pantrybox.errors import OutOfRange

ENV_FILE = "pantrybox.env"
"""Read from the data folder when it is there and no other file is named."""
_ELSEWHERE = {
    "PANTRYBOX_DATA": "the data folder",
    "PANTRYBOX_ENV_FILE": "the file with the settings",
    "PANTRYBOX_TOKEN": "a camera's token",
}
"""Variables of the environment that say something else than a setting."""
_NEARLY = 0.9
"""How like a setting's name another name is that must be a slip of the fingers (difflib's ratio)."""


class Settings(msgspec.Struct, frozen=True):
    data: Path
    storage: Path
    """Holds `images/`; outside of the data folder when photographs live on another disk."""
    confidence_threshold: float
    """Counts that are less certain are shown as doubtful. Never drops a detection."""
    hosts: tuple[str, ...] = ()
    """What the box is called beside its own names, such as behind a proxy."""
    image_retention_days: int = 30
    max_storage_mb: int = 5000
    clock: Literal["auto", "trusted"] = "auto"
    labels: Literal["auto", "off"] = "auto"

    @property
    def database(self) -> Path:
        return self.data / "pantrybox.db"

    @property
    def images(self) -> Path:
        return self.storage / "images"

    @property
    def models(self) -> Path:
        """Those that were added; the shipped ones are part of the package."""
        return self.data / "models"

    @property
    def lock(self) -> Path:
        return self.data / "pantrybox.lock"

    @property
    def socket(self) -> Path:
        """Where the commands of this machine reach the running server."""
        return self.data / "pantrybox.sock"


class Setting(msgspec.Struct, frozen=True):
    """One thing that can be decided."""

    name: str
    """Of the variable."""
    field: str
    """Of Settings."""
    default: str
    bounds: str
    """What it can be, to complete the sentence "it must be ..."."""
    meaning: str
    parse: Callable[[str], Any]
    """Raises ValueError for what it cannot be."""


class Choice(msgspec.Struct, frozen=True):
    """What was decided, and where."""

    setting: Setting
    text: str
    source: str
    """`environment`, `default` or the path of a file."""


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return parse


def _fraction(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or not 0.0 <= value <= 1.0:
        raise ValueError(text)
    return value


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError(text)
    return text


def _hosts(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not all(re.fullmatch(r"[A-Za-z0-9.:_\[\]-]{1,253}", name) for name in names):
        raise ValueError(text)
    return names


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return parse


SETTINGS = (
    Setting(
        "STORAGE_PATH",
        "storage",
        "storage",
        "a folder",
        "Where the photographs lie, in `images/`; a relative path is below the data folder.",
        _path,
    ),
    Setting(
        "IMAGE_RETENTION_DAYS",
        "image_retention_days",
        "30",
        "a whole number from 1 to 3650",
        "Photographs are deleted this many days after they were received; what was seen in them is kept.",
        _whole(1, 3650),
    ),
    Setting(
        "MAX_STORAGE_MB",
        "max_storage_mb",
        "5000",
        "a whole number from 1 to 1000000000",
        "When all photographs together are larger, the oldest are deleted; 1 MB is 1024 x 1024 bytes.",
        _whole(1, 1_000_000_000),
    ),
    Setting(
        "INVENTORY_CONFIDENCE_THRESHOLD",
        "confidence_threshold",
        "0.70",
        "a number from 0 to 1",
        "Counts that are less certain are shown as doubtful.",
        _fraction,
    ),
    Setting(
        "PANTRYBOX_HOSTS",
        "hosts",
        "",
        "host names or addresses with commas between them",
        "Names under which the box answers beside those of this machine.",
        _hosts,
    ),
    Setting(
        "PANTRYBOX_CLOCK",
        "clock",
        "auto",
        "`auto` or `trusted`",
        "`auto`: the time is certain while systemd-timesyncd keeps it. "
        "`trusted`: it always is, as with a clock module and chrony.",
        _one_of("auto", "trusted"),
    ),
    Setting(
        "PANTRYBOX_LABELS",
        "labels",
        "auto",
        "`auto` or `off`",
        "`auto`: print on labels is read where the extra for it is installed, which takes 430 MB of memory. "
        "`off`: it never is.",
        _one_of("auto", "off"),
    ),
)


def read_settings(data: Path, environment: Mapping[str, str], named: Path | None = None) -> Settings:
    """Settings of the box in `data`; a PantryError names the variable or the line that cannot be used."""
    fields = {choice.setting.field: _parsed(choice) for choice in choices(data, environment, named)}
    return Settings(data=data, **(fields | {"storage": data / fields["storage"]}))


def choices(data: Path, environment: Mapping[str, str], named: Path | None = None) -> list[Choice]:
    """What was decided about each setting; the environment comes before the file.

    `named` is the file to read instead of the one in the data folder.
    """
    path = _file(data, environment, named)
    from_file = env_file.read(path) if path else {}
    _refuse_unknown(environment, from_file, str(path))
    return [_choice(setting, environment, from_file, str(path)) for setting in SETTINGS]


def _file(data: Path, environment: Mapping[str, str], named: Path | None) -> Path | None:
    if named is not None:
        return named
    if environment.get("PANTRYBOX_ENV_FILE"):
        return Path(environment["PANTRYBOX_ENV_FILE"]).expanduser().absolute()
    return data / ENV_FILE if (data / ENV_FILE).exists() else None


def _choice(setting: Setting, environment: Mapping[str, str], from_file: Mapping[str, str], path: str) -> Choice:
    if setting.name in environment:
        return Choice(setting, environment[setting.name], "environment")
    if setting.name in from_file:
        return Choice(setting, from_file[setting.name], path)
    return Choice(setting, setting.default, "default")


def _parsed(choice: Choice) -> Any:
    setting = choice.setting
    try:
        return setting.parse(choice.text)
    except ValueError as error:
        where = "" if choice.source == "environment" else f" in {choice.source}"
        example = f", for example {setting.default}" if setting.default else ""
        raise OutOfRange(f"{setting.name}{where} is {choice.text!r}; it must be {setting.bounds}{example}.") from error


def _refuse_unknown(environment: Mapping[str, str], from_file: Mapping[str, str], path: str) -> None:
    names = [setting.name for setting in SETTINGS]
    for name in from_file:
        if name in _ELSEWHERE:
            raise OutOfRange(f"{name} ({_ELSEWHERE[name]}) is read from the environment only, not from {path}.")
        if name not in names:
            raise OutOfRange(f"{name} in {path} is no setting of PantryBox.{_nearest(name, names)}")
    for name in environment:
        if name not in names and name not in _ELSEWHERE and _is_meant_for_us(name, names):
            raise OutOfRange(f"The environment variable {name} is no setting of PantryBox.{_nearest(name, names)}")


def _is_meant_for_us(name: str, names: list[str]) -> bool:
    return name.upper().startswith("PANTRYBOX_") or bool(get_close_matches(name.upper(), names, 1, _NEARLY))


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name.upper(), names, 1)
    return f" Do you mean {near[0]}?" if near else " `pantrybox config` lists them."
