"""Any detector that is a file with a manifest: a picture in, detections out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pantrybox.errors import Malformed
from pantrybox.vision.decoders import detr, paddle, yolov8, yolox
from pantrybox.vision.decoders.found import Found, Outputs, detections
from pantrybox.vision.decoders.frame import Frame, framed, tensor_of
from pantrybox.vision.manifest import Manifest
from pantrybox.vision.model import Detection
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.session import Port, Session


class _Reading(NamedTuple):
    decode: Callable[[Outputs, tuple[int, int], int], Found]
    """Outputs, (width, height) of the input, number of labels."""
    one_each: bool
    """Whether the model itself names no box twice."""


_READINGS = {
    "picodet": _Reading(paddle.decode, one_each=True),
    "yolox": _Reading(yolox.decode, one_each=False),
    "yolov8": _Reading(yolov8.decode, one_each=False),
    "detr": _Reading(detr.decode, one_each=True),
}
_DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
_PICTURE_AXES = 4


class OnnxDetector:
    def __init__(self, manifest: Manifest, session: Session) -> None:
        """Malformed when the model does not take what its manifest says."""
        self._manifest = manifest
        self._reading = _READINGS[manifest.kind]
        self._session = session
        self.input_size = (manifest.input.width, manifest.input.height)
        self._picture = picture_port(session, manifest)
        self._told = {port.name: self._what_is_told(port) for port in session.takes if port.name != self._picture}

    def detect(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """Every box that the model offers in an upright RGB picture (height, width, 3) of any size, best first."""
        found, frame = self.find(pixels)
        if self._manifest.counted is not None:
            found = found._replace(scores=on_our_scale(found.scores, self._manifest.counted))
        return detections(found, frame, self._manifest.labels, one_each=self._reading.one_each)

    def find(self, pixels: NDArray[np.uint8]) -> tuple[Found, Frame]:
        """All that the model says, as it says it; Malformed when that is not what its kind and labels say."""
        fitted, frame = framed(pixels, self._manifest.input)
        outputs = self._session.run_all({self._picture: tensor_of(fitted[None], self._manifest.input), **self._told})
        return self._reading.decode(outputs, self.input_size, len(self._manifest.labels)), frame

    def _what_is_told(self, port: Port) -> NDArray[Any]:
        """Other inputs tell the model which pixels its boxes are to be in: those of its own input."""
        width, height = self.input_size
        told = {"orig_target_sizes": (width, height), "im_shape": (height, width), "scale_factor": (1, 1)}
        if port.name not in told or port.type not in _DTYPES:
            raise Malformed(f"The model also wants {port.name} ({port.type}), which nobody knows here.")
        return np.array([told[port.name]], dtype=_DTYPES[port.type])


def on_our_scale(scores: NDArray[Any], counted: float) -> NDArray[Any]:
    """Scores of a detector from whose `counted` on a box is a thing, bent so that COUNTED_SCORE means that.

    Two straight lines through (0, 0), (counted, COUNTED_SCORE) and (1, 1): the order of boxes stays.
    """
    below = scores * (COUNTED_SCORE / counted)
    above = 1 - (1 - scores) * ((1 - COUNTED_SCORE) / (1 - counted))
    return np.where(scores < counted, below, above)


def picture_port(session: Session, manifest: Manifest) -> str:
    """The name of the input that takes pictures; Malformed when none takes those that the manifest speaks of."""
    pictures = [port for port in session.takes if len(port.shape) == _PICTURE_AXES and port.type == "tensor(float)"]
    if len(pictures) != 1:
        raise Malformed(f"The model takes {len(pictures)} pictures as floats, not one.")
    wanted = (1, 3, manifest.input.height, manifest.input.width)
    (port,) = pictures
    if any(has not in {None, wants} for has, wants in zip(port.shape, wanted, strict=True)):
        shape = [side or "any" for side in port.shape]
        raise Malformed(f"The model takes pictures {shape}, not {list(wanted)} as its manifest says.")
    return port.name
