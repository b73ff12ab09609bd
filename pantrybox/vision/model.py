"""What an eye sees in one photograph. Boxes are fractions of the upright picture, so they survive any resize."""

from typing import Protocol

import msgspec


class Box(msgspec.Struct, frozen=True):
    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def intersection(self, other: "Box") -> float:
        """The area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: "Box") -> float:
        """Intersection over union: 0 apart, 1 the same box; 0 for two boxes without area."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


class Detection(msgspec.Struct, frozen=True):
    box: Box
    score: float
    """0 to 1: how sure the detector is that something is there."""
    label: str


class Sight(msgspec.Struct, frozen=True):
    """What was seen in one photograph, best detection first."""

    model: str
    width: int
    """Of the upright picture, in pixels."""
    height: int
    brightness: float
    """Mean luma, 0 black to 1 white."""
    sharpness: float
    """See vision.visibility."""
    scene_confidence: float
    """See vision.visibility: below READABLE, absence from this photograph means nothing."""
    detections: list[Detection]
    took_ms: int


class Eye(Protocol):
    """Finds things in photographs. Blocking: call it off the event loop."""

    def look(self, picture: bytes) -> Sight:
        """Raises Malformed when the picture cannot be decoded."""
        ...
