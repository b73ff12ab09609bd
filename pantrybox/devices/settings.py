"""How a camera is set up: its battery, what of its view counts, and the zones drawn in it."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from pantrybox.devices.battery import BatteryKind
from pantrybox.devices.seeing import Polygon, Seeing
from pantrybox.errors import OutOfRange

_Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Corners = Annotated[list[tuple[_Fraction, _Fraction]], msgspec.Meta(min_length=3, max_length=64)]
"""A polygon as `[[x, y], ...]`, fractions of the upright picture from its upper left corner."""
ZoneName = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$(?!\n)",
    ),
]
Score = Annotated[float, msgspec.Meta(ge=0.05, le=0.99)]


class Zone(msgspec.Struct, frozen=True):
    """A part of the view that is a place of its own."""

    name: ZoneName
    polygon: Corners


class Thresholds(msgspec.Struct, frozen=True):
    counted: float | None = None
    """The score from which a detection counts; None: the detector's own."""


class ThresholdsChange(msgspec.Struct, frozen=True):
    counted: Score | UnsetType | None = UNSET
    """The score from which a detection counts; null: the detector's own."""


class DeviceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """As stored with the device."""

    battery_kind: BatteryKind | None = None
    """None: guessed from the voltage."""
    masks: tuple[Polygon, ...] = ()
    zones: tuple[Zone, ...] = ()
    thresholds: Thresholds = Thresholds()
    revision: int = 0
    """How often the camera was renamed or set up anew: an open page looks again when it grows."""

    @property
    def seeing(self) -> Seeing:
        return Seeing(self.masks, self.thresholds.counted)


class SettingsChange(msgspec.Struct, frozen=True):
    """What is not named stays; null takes it back."""

    battery_kind: BatteryKind | UnsetType | None = UNSET
    masks: Annotated[list[Corners], msgspec.Meta(max_length=32)] | UnsetType | None = UNSET
    """Parts of the view in which nothing is seen."""
    zones: Annotated[list[Zone], msgspec.Meta(max_length=32)] | UnsetType | None = UNSET
    """Parts of the view that are places of their own; their names differ."""
    thresholds: ThresholdsChange | UnsetType | None = UNSET


def changed(settings: DeviceSettings, change: SettingsChange) -> DeviceSettings:
    """The settings that follow. OutOfRange for two zones of one name."""
    if change.battery_kind is not UNSET:
        settings = msgspec.structs.replace(settings, battery_kind=change.battery_kind)
    if change.masks is not UNSET:
        settings = msgspec.structs.replace(settings, masks=tuple(tuple(mask) for mask in change.masks or ()))
    if change.zones is not UNSET:
        settings = msgspec.structs.replace(settings, zones=_of_different_names(tuple(change.zones or ())))
    if change.thresholds is None:
        settings = msgspec.structs.replace(settings, thresholds=Thresholds())
    elif change.thresholds is not UNSET and change.thresholds.counted is not UNSET:
        settings = msgspec.structs.replace(settings, thresholds=Thresholds(change.thresholds.counted))
    return settings


def _of_different_names(zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    names = {" ".join(zone.name.casefold().split()) for zone in zones}
    if len(names) < len(zones):
        raise OutOfRange("zones: every zone of a camera has a name of its own.")
    return zones
