"""Crops of a photograph to vectors that lie close when the things are the same: docs/design/recognition.md."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pantrybox.errors import PantryError
from pantrybox.vision.manifest import SHIPPED_EMBEDDER, Manifest, shipped
from pantrybox.vision.model import Box, Crop
from pantrybox.vision.recognition import Gate, Prior
from pantrybox.vision.session import Session
from pantrybox.vision.yielding import give_way

_SIDE = 224
_TIGHT = 0.75
"""The tighter view shows this part of each side of the box, around its middle."""
VIEWS = 4
_LEAST_PIXELS = 2.0
_COLOUR_WEIGHT = 0.3
_EVERY = 4
"""One pixel of so many, across and down, is counted for the colours."""
_SHADES, _HUES = 5, 12

WORDS = {
    "Granny Smith": ("apple", 0.85),
    "banana": ("banana", 0.5),
    "bell pepper": ("bell pepper", 0.5),
    "head cabbage": ("cabbage", 0.7),
    "orange": ("orange", 0.7),
    "pineapple, ananas": ("pineapple", 0.6),
}
"""What the network's own classes are called, and from which probability on they are right nine times in ten.
Measured on 2,640 photographs of groceries; of the other classes that occurred in them none was."""


class Head(NamedTuple):
    """What was learned on top of the network's features."""

    name: str
    mean: NDArray[np.float32]
    """(features,)"""
    projection: NDArray[np.float32]
    """(features, dims)"""


class Embedder:
    def __init__(self, manifest: Manifest, model: bytes | Path, head: Head, prior: Prior, threads: int = 2) -> None:
        self.name = head.name
        """Changes whenever vectors become incomparable."""
        self.dims = head.projection.shape[1]
        self.prior = prior
        """What is known about its vectors before anything was taught: see `recognition.Gallery.of`."""
        self._head = head
        self._words = [WORDS.get(label) for label in manifest.labels]
        self._outputs = (manifest.outputs["label_scores"], manifest.outputs["features"])
        std = np.array(manifest.input.std, dtype=np.float32)
        self._scale = (1 / (255 * std)).reshape(3, 1, 1)
        self._offset = (-np.array(manifest.input.mean, dtype=np.float32) / std).reshape(3, 1, 1)
        self._session = Session(model, 1)
        self._side_by_side = ThreadPoolExecutor(threads, thread_name_prefix="embedder", initializer=give_way)

    def embed(self, pixels: NDArray[np.uint8], boxes: Sequence[Box], *, brief: bool = False) -> list[Crop]:
        """One crop a box, in their order. `pixels` is the upright picture, RGB, (height, width, 3).

        `brief`: from one view of each instead of four, for what is probably no thing.
        """
        picture, count = Image.fromarray(pixels), 1 if brief else VIEWS
        return [crop for box in boxes for crop in self._crops(*self._looked_at(picture, [box], count))]

    def features(self, pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.float32]:
        """What the head is learned on: (boxes, features)."""
        return self._looked_at(Image.fromarray(pixels), boxes)[1]

    def _looked_at(
        self, picture: Image.Image, boxes: Sequence[Box], count: int = VIEWS
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The probability of each of the network's classes, and the features."""
        views = np.stack([view for box in boxes for view in islice(_views(picture, box), count)])
        # One view a run: as fast a view as four or eight, and 40 to 200 MB less. Two runs side by side take half the
        # time, at no more CPU; two threads in one run would take two thirds, and a third more.
        runs = self._side_by_side.map(self._seen, views)
        scores, pooled = (np.concatenate(parts) for parts in zip(*runs, strict=True))
        shapes = _unit(_unit(np.sqrt(np.maximum(pooled.reshape(len(boxes), count, -1), 0))).mean(axis=1))
        colours = _unit(np.stack([colours_of(view) for view in views]).reshape(len(boxes), count, -1).mean(axis=1))
        features = np.hstack([shapes, _COLOUR_WEIGHT * colours]).astype(np.float32)
        return scores.reshape(len(boxes), count, -1).mean(axis=1), features

    def _seen(self, view: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        return self._session.outputs(self._outputs, x=self._tensor(view[None]))

    def _tensor(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, height, width, 3) bytes to the (n, 3, height, width) floats that the model was trained on."""
        planes = np.ascontiguousarray(views.transpose(0, 3, 1, 2)).astype(np.float32)
        planes *= self._scale
        planes += self._offset
        return planes

    def _crops(self, scores: NDArray[np.float32], features: NDArray[np.float32]) -> list[Crop]:
        vectors = quantised(projected(features, self._head))
        return [Crop(vector.tobytes(), *self._word(row)) for vector, row in zip(vectors, scores, strict=True)]

    def _word(self, scores: NDArray[np.float32]) -> tuple[str | None, float]:
        best = int(scores.argmax())
        word, score = self._words[best], float(scores[best])
        return (word[0], score) if word is not None and score >= word[1] else (None, 0.0)


def open_embedder() -> Embedder:
    """The embedder that ships with the box."""
    manifest, model = shipped(SHIPPED_EMBEDDER)
    head, prior = read_head(manifest.name, _head_bytes(manifest.name))
    return Embedder(manifest, model, head, prior)


class _HeadFile(msgspec.Struct, frozen=True):
    file: str
    sha256: str


class _WithHead(msgspec.Struct, frozen=True):
    """The part of the shipped embedder's manifest that only it has."""

    head: _HeadFile


def _head_bytes(name: str) -> bytes:
    folder = files("pantrybox.vision") / "models"
    head = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=_WithHead).head
    data = (folder / head.file).read_bytes()
    if hashlib.sha256(data).hexdigest() != head.sha256:
        raise PantryError(f"The file {head.file} is damaged: it is not the one that {name}.json describes.")
    return data


def read_head(model: str, data: bytes) -> tuple[Head, Prior]:
    """What scripts/train_head.py wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        name = f"{model}-{hashlib.sha256(data).hexdigest()[:12]}"
        head = Head(name, held["mean"].astype(np.float32), held["projection"].astype(np.float32))
        prior = Prior(
            between=tuple(held["between"].tolist()),
            cohort=held["cohort"].tobytes(),
            temperature=float(held["temperature"]),
            gate=Gate(*held["gate"].tolist()),
        )
    return head, prior


def projected(features: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    return ((features - head.mean) @ head.projection).astype(np.float32)


def quantised(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """(n, dims) floats to signed bytes: each row scaled so that its largest number becomes 127."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors * (127 / np.maximum(largest, 1e-9))).astype(np.int8)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-9)


def colours_of(view: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square roots of how common each colour is in an RGB view: (720,).

    Colours are told apart by brightness (5 steps), red against green and blue against yellow (12 steps each). Roots,
    so that their products compare histograms as Hellinger's distance does. The network has learned to overlook
    colour, and a yoghurt's flavour is often nothing else.
    """
    red, green, blue = np.moveaxis(view[::_EVERY, ::_EVERY].astype(np.float32) / 255, -1, 0)
    shade = np.clip((red + green + blue) * (_SHADES / 3), 0, _SHADES - 1).astype(np.intp)
    warmth = _step((red - green) / 2)
    tint = _step((2 * blue - red - green) / 4)
    counts = np.bincount(((shade * _HUES + warmth) * _HUES + tint).ravel(), minlength=_SHADES * _HUES * _HUES)
    return np.sqrt(counts / counts.sum(), dtype=np.float32)


def _step(opponent: NDArray[np.float32]) -> NDArray[np.intp]:
    """-0.5 to 0.5 in steps that are finest where nature's colours are: the outer ones lie beyond +-0.21."""
    return np.clip((opponent * 2.4 + 0.5) * _HUES, 0, _HUES - 1).astype(np.intp)


def _views(picture: Image.Image, box: Box) -> Iterator[NDArray[np.uint8]]:
    """The whole crop and its middle, each also mirrored, stretched to the network's square."""
    edges = _edges(picture.size, box)
    for frame in (edges, _middle(edges)):
        view = np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, box=frame))
        yield view
        yield view[:, ::-1]


def _edges(size: tuple[int, int], box: Box) -> tuple[float, float, float, float]:
    """The box in pixels: inside the picture, and wide enough to be looked at."""
    left, right = _span(box.left, box.right, size[0])
    top, bottom = _span(box.top, box.bottom, size[1])
    return left, top, right, bottom


def _span(low: float, high: float, size: int) -> tuple[float, float]:
    low, high = sorted((min(1.0, max(0.0, low)) * size, min(1.0, max(0.0, high)) * size))
    least = min(_LEAST_PIXELS, size)
    if high - low >= least:
        return low, high
    low = min(max(0.0, (low + high - least) / 2), size - least)
    return low, low + least


def _middle(edges: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = edges
    cut_across, cut_down = (right - left) * (1 - _TIGHT) / 2, (bottom - top) * (1 - _TIGHT) / 2
    return left + cut_across, top + cut_down, right - cut_across, bottom - cut_down
