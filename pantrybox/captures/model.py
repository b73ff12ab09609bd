"""A capture: one photograph of one view, taken by one camera."""

from typing import Literal

import msgspec

TriggerType = Literal["door", "light", "timer", "motion", "manual"]
Status = Literal["stored", "analyzing", "complete", "failed"]

PHONE = "_phone"
"""The device of photographs that an owner takes with a phone: an id that no camera can have."""


class Arrival(msgspec.Struct, frozen=True):
    """What came with a photograph."""

    device_id: str
    captured_at_ms: int | None = None
    """None: the camera has no clock; the time of receipt counts."""
    age_ms: int | None = None
    """How long the camera kept the photograph, by its own counter."""
    trigger_type: TriggerType | None = None
    battery_v: float | None = None
    rssi: int | None = None
    idempotency_key: str | None = None
    telemetry: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    """What was odd about it, as sentences fit to show."""


class Receipt(msgspec.Struct, frozen=True):
    capture_id: str
    is_new: bool
    """False when this is a photograph that had been stored before."""


class Capture(msgspec.Struct, frozen=True):
    seq: int
    id: str
    device_id: str
    received_at_ms: int
    captured_at_ms: int
    trigger_type: TriggerType | None
    image_path: str | None
    """File name below `images/`; None once the image is deleted."""
    size_bytes: int
    sha256: bytes
    battery_v: float | None
    rssi: int | None
    telemetry: str | None
    """A JSON object of what the camera said of itself, such as `firmware-version`."""
    notes: str | None
    """A JSON list of what was odd about the upload, as sentences."""
    status: Status
    attempts: int
    """How often a look at it was begun since one last came to its end."""
    failure: str | None
    place_id: int | None = None
    """None: what its camera looks at."""
