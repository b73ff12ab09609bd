"""An added embedder: any model that turns a picture into one row of features."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.errors import Malformed
from pantrybox.vision.decoders.detector import picture_port
from pantrybox.vision.decoders.frame import tensor_of
from pantrybox.vision.manifest import Manifest
from pantrybox.vision.model import Box, Crop
from pantrybox.vision.recognition import Prior
from pantrybox.vision.session import Session

MOST_DIMS = 192
"""Of a vector that is kept: more would write too much a photograph."""
_VIEWS = 2
_LEAST_PIXELS = 2


class FeatureEmbedder:
    def __init__(self, manifest: Manifest, session: Session) -> None:
        """Malformed when the model does not take or give what its manifest says."""
        self.name = embedder_name(manifest)
        self.prior = Prior()
        self._input = manifest.input
        self._session = session
        self._picture = picture_port(session, manifest)
        self._output = _features_port(session, manifest)
        self._projection: NDArray[np.float32] | None = None

    @property
    def dims(self) -> int:
        """Of its vectors."""
        blank = np.zeros((self._input.height, self._input.width, 3), dtype=np.uint8)
        return len(self.embed(blank, [Box(0.0, 0.0, 1.0, 1.0)])[0].vector)

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], *, brief: bool = False) -> list[Crop]:
        """One crop a box, in their order. `pixels` is the upright picture, RGB, (height, width, 3).

        `brief`: without a look at the mirror image, for what is probably no thing.
        """
        picture, size = Image.fromarray(pixels), (self._input.width, self._input.height)
        return [Crop(self._vector(_crop(picture, box, size), brief=brief)) for box in boxes]

    def features(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(dims,) as the model gives it for one picture (height, width, 3) of its input's size."""
        outputs = self._session.run_all({self._picture: tensor_of(crop[None], self._input)})
        found = outputs[self._output]
        if found.size == 0 or found.size != max(found.shape, default=0):
            raise Malformed(f"The model gives {list(found.shape)}, not one row of features.")
        return found.ravel().astype(np.float32)

    def _vector(self, crop: NDArray[np.uint8], *, brief: bool) -> bytes:
        """The crop and its mirror image, each with signed roots taken, which evens out a few loud features."""
        views = np.stack([self.features(view) for view in ((crop,) if brief else (crop, crop[:, ::-1]))])
        views = np.nan_to_num(np.sign(views) * np.sqrt(np.abs(views)))
        views /= np.linalg.norm(views, axis=1, keepdims=True) + 1e-9
        whole = self._projected(views.mean(axis=0))
        return np.rint(whole * (127 / max(float(np.abs(whole).max()), 1e-9))).astype(np.int8).tobytes()

    def _projected(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """In at most MOST_DIMS dimensions; a random projection keeps angles (Johnson and Lindenstrauss, 1984)."""
        if len(features) <= MOST_DIMS:
            return features
        if self._projection is None:
            # RandomState, not a Generator: its numbers are the same in every numpy to come (NEP 19).
            drawn = np.random.RandomState(0).standard_normal((len(features), MOST_DIMS))
            self._projection = drawn.astype(np.float32)
        return features @ self._projection


def embedder_name(manifest: Manifest) -> str:
    """Under which the vectors of an added embedder are kept: another file makes others."""
    return f"{manifest.name}-{manifest.sha256[:12]}"


def _features_port(session: Session, manifest: Manifest) -> str:
    named = manifest.outputs.get("features")
    given = [port.name for port in session.gives]
    if named is None and len(given) == 1:
        return given[0]
    if named not in given:
        raise Malformed(f'The manifest must say which of {given} are the features: "outputs": {{"features": ...}}.')
    return named


def _crop(picture: Image.Image, box: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
    """What lies in the box, at least 2 x 2 pixels of it, stretched to `size` (width, height)."""
    left, right = _span(box.left, box.right, picture.width)
    top, bottom = _span(box.top, box.bottom, picture.height)
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)))


def _span(low: float, high: float, size: int) -> tuple[float, float]:
    """In pixels, inside the picture and wide enough to be looked at."""
    least = min(_LEAST_PIXELS, size)
    low = min(max(0.0, low) * size, size - least)
    return low, min(float(size), max(high * size, low + least))
