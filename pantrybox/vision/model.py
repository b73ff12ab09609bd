"""What an eye sees in one photograph. Boxes are fractions of the upright picture, so they survive any resize."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec


class Box(msgspec.Struct, frozen=True, gc=False):
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
    """0 to 1: how sure the detector is that something is there, whatever it is."""
    label: str
    """What the detector itself would call it."""
    label_score: float
    """0 to 1: how sure it is of that."""


class Crop(msgspec.Struct, frozen=True):
    """What the embedder makes of one box."""

    vector: bytes
    """A unit vector as signed bytes; comparable with others of the same embedder only."""
    label: str | None = None
    """What the embedder itself would call it; None when it has no good word."""
    label_score: float = 0.0
    text: str = ""
    """What is printed on it, where labels are read."""
    printed_name: str | None = None
    """The largest of that, fit to be a first name."""


class Barcode(msgspec.Struct, frozen=True):
    """A product's code as it is printed on it."""

    code: str
    """Digits, with a check digit that is right."""
    format: str
    """Such as EAN-13."""
    box: Box


Verdict = Literal["unchanged", "covered", "gone"]
"""The pixels are as they were, so the thing is still there; something stands in front of it; the place is bare, or
another thing stands in it."""


class Glance(msgspec.Struct, frozen=True, gc=False):
    """What is to be seen where an earlier photograph of this view showed a thing and this one finds none."""

    box: Box
    """Exactly the box of the earlier detection."""
    verdict: Verdict


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
    embedder: str = ""
    """Whose vectors these are."""
    crops: list[Crop | None] = []
    """Beside `detections`; None for one that was not embedded."""
    also: list[Crop] = []
    """Of the boxes that were asked for."""
    barcodes: list[Barcode] = []
    glances: list[Glance] = []
    still: list[bool | None] = []
    """Beside `detections`: whether the picture inside the box is as it was in the readable photograph before of this
    view; None where there is nothing to compare with."""
    moved: bool = False
    """The camera itself stands otherwise than in the photograph before: nothing can be compared."""


class Eye(Protocol):
    """Finds things in photographs. Blocking: call it off the event loop. Raises Malformed when a picture
    cannot be decoded.
    """

    @property
    def embedder(self) -> str:
        """Whose vectors it makes."""
        ...

    def look(self, picture: bytes, *, view: str = "", also: Sequence[Box] = (), codes: bool = False) -> Sight:
        """What is to be seen in a picture.

        `view`: the fixed camera that took it, whose last pictures may be remembered; `also`: boxes
        that are embedded whether or not something was found there; `codes`: read barcodes.
        """
        ...

    def remembers(self, view: str) -> bool:
        """Whether there is anything to compare the next photograph of this view with."""
        ...

    def recall(self, view: str, picture: bytes, boxes: Sequence[Box]) -> None:
        """Take up an earlier, readable photograph of a view with the things found in it, at little cost.

        Nothing happens when the view is remembered already: that is newer.
        """
        ...

    def embed(self, picture: bytes, boxes: Sequence[Box]) -> list[Crop]:
        """The crops of these boxes, in their order."""
        ...
