"""Which taught item a crop shows, or that it is unknown. Pure: examples and vectors in, probabilities out.

The model is a two-covariance one (probabilistic linear discriminant analysis; Ioffe, "Probabilistic Linear
Discriminant Analysis", 2006): what an item looks like is drawn from N(0, B), a crop of it from N(item, W). The
embedder's vectors come scaled so that W = I and B is diagonal; W is then corrected by how the household's own examples
vary. docs/design/recognition.md has the derivation, the measurements and what did not help.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.model import Box

GIVEN = 0.5
"""From this confidence on a crop is given an item's name; below it is unknown and only suggested."""
_SUGGESTIONS = 3
NEAR = 0.85
"""Cosine from which a negative example speaks about a crop. Measured on photographs of groceries: a box a tenth off has
more than 0.9, nineteen of twenty pairs of photographs of one item less than 0.84."""
_SAME = 1e-4
_OWN_WEIGHT = 300
"""So many of the household's own deviations weigh as much as what was known before."""
_CROWD = 10
_GRAIN = 256
"""Vectors are whole multiples of its inverse, so that sums of their products are exact in any order: taking an example
away gives the very numbers that were there before it came."""

FEW_ITEMS = 5
"""While fewer are known, most of what stands on a shelf is something else: the gate was fitted where half of all
crops show something taught."""
_PLACE_MOST = 1.0
"""Log-odds that standing where the item was taught can add: it decides near ties and nothing else."""
_PLACE_REACH = 0.15
"""Of the picture's side, between two centres: from about here on the place says little."""
_PLACE_SIZES = 0.7
"""Of the logarithm of width and height: twice as wide is another place."""

Floats = NDArray[np.float64]


class Example(msgspec.Struct, frozen=True):
    """A taught crop."""

    id: int
    """A later one is right where two contradict each other on the same crop."""
    item_id: int | None
    """None: it shows no thing at all."""
    positive: bool
    """Whether it shows that item, or is known not to."""
    vector: bytes
    device_id: str
    box: Box


class Suggestion(msgspec.Struct, frozen=True):
    item_id: int
    confidence: float


class Recognition(msgspec.Struct, frozen=True):
    item_id: int | None
    """None: unknown."""
    confidence: float
    """0 to 1: how probable it is that the crop shows the best suggestion, whether or not that is sure enough."""
    suggestions: tuple[Suggestion, ...]
    """At most three, best first, also when unknown; an item that the crop is known not to be is not among them."""
    barred: frozenset[int | None] = frozenset()
    """What negative examples say the crop is not; None among them: it is no thing at all."""


class Gate(NamedTuple):
    """Log-odds that a crop shows something taught (logistic regression)."""

    likeness: float = 30.0
    """Times its cosine with the best item's mean,"""
    crowd: float = 0.0
    """times its mean cosine with the ten nearest of the cohort (what looks like everything resembles nothing),"""
    examples: float = 0.0
    """times the natural logarithm of how many examples the best item has,"""
    offset: float = -22.0
    """and this."""


class Prior(msgspec.Struct, frozen=True):
    """What is known about an embedder's vectors before anything was taught; by default nothing."""

    between: tuple[float, ...] = ()
    """Variance of the items' means in each dimension, where the variance within an item is 1; empty: as much."""
    cohort: bytes = b""
    """Vectors of all kinds of things, one after another."""
    temperature: float = 4.0
    """Of the log-likelihoods: their dimensions are not as independent as the model says."""
    gate: Gate = Gate()


class _Statistics(NamedTuple):
    """Sums over the positive examples: all that the model needs, and exact."""

    counts: dict[int, int]
    sums: dict[int, Floats]
    squares: Floats
    """(dims, dims): sum of each vector times itself."""


class Gallery:
    """Everything taught, ready to be compared with. Never changes: adding and taking away make another."""

    def __init__(self, examples: dict[int, Example], prior: Prior, statistics: _Statistics | None = None) -> None:
        self._examples = examples
        self._prior = prior
        self._positive = {e.id: e for e in examples.values() if _shows_an_item(e)}
        self._negative = [e for e in examples.values() if not _shows_an_item(e)]
        self._statistics = statistics if statistics is not None else _gathered(self._positive.values(), prior)
        self._model = _Model(self._statistics, prior)
        self._against = directions([e.vector for e in self._negative])

    @classmethod
    def of(cls, examples: Iterable[Example], prior: Prior) -> Self:
        """`prior` is that of the embedder whose vectors these are."""
        return cls({example.id: example for example in examples}, prior)

    def __len__(self) -> int:
        return len(self._examples)

    @property
    def items(self) -> frozenset[int]:
        """The items that have a positive example."""
        return frozenset(self._statistics.counts)

    def plus(self, examples: Iterable[Example]) -> Self:
        new = {example.id: example for example in examples}
        return self._with(self._examples | new, gone=[self._examples[i] for i in new.keys() & self._examples.keys()])

    def minus(self, example_ids: Iterable[int]) -> Self:
        ids = frozenset(example_ids)
        kept = {key: example for key, example in self._examples.items() if key not in ids}
        return self._with(kept, gone=[self._examples[i] for i in ids & self._examples.keys()])

    def _with(self, examples: dict[int, Example], gone: Sequence[Example]) -> Self:
        came = [e for key, e in examples.items() if self._examples.get(key) is not e]
        statistics = _moved(self._statistics, filter(_shows_an_item, came), filter(_shows_an_item, gone), self._prior)
        return type(self)(examples, self._prior, statistics)

    def recognise(self, vectors: Sequence[bytes], boxes: Sequence[Box], device_id: str) -> list[Recognition]:
        """One answer a vector, in their order. `boxes` and `device_id` say where the crops stood."""
        if not vectors:
            return []
        barred = self._barred(directions(vectors))
        if not self._statistics.counts:
            return [Recognition(None, 0.0, (), one) for one in barred]
        elsewhere = self._places.evidence(boxes, device_id) + self._model.without(barred)
        known, which = self._model.judged(scaled(vectors, self._prior), elsewhere)
        return [self._answer(*one) for one in zip(known, *_best(which), barred, strict=True)]

    def gate_inputs(self, vectors: Sequence[bytes]) -> Floats:
        """(n, 3): what the gate weighs, to learn its weights from."""
        crops = scaled(vectors, self._prior)
        nothing = np.zeros((len(crops), len(self._model.items)), dtype=np.float32)
        return self._model.weighed(crops, nothing)[0]

    def _answer(
        self, known: float, best: list[int], chances: list[float], barred: frozenset[int | None]
    ) -> Recognition:
        """`known`: the probability that it is something taught; `chances`: if so, that of each of the `best` items."""
        offered = tuple(
            Suggestion(self._model.items[row], known * chance)
            for row, chance in zip(best, chances, strict=True)
            if chance > 0
        )
        if None in barred or not offered:
            return Recognition(None, 0.0, (), barred)
        top = offered[0]
        return Recognition(top.item_id if top.confidence >= GIVEN else None, top.confidence, offered, barred)

    @cached_property
    def _places(self) -> "_Places":
        return _Places(self._positive.values(), self._model.row)

    # What a crop is known not to be

    def _barred(self, crops: NDArray[np.float32]) -> list[frozenset[int | None]]:
        if not self._negative:
            nothing: frozenset[int | None] = frozenset()
            return [nothing] * len(crops)
        return [self._barred_for(*one) for one in zip(crops, crops @ self._against.T, strict=True)]

    def _barred_for(self, crop: NDArray[np.float32], likeness: NDArray[np.float32]) -> frozenset[int | None]:
        near = [self._negative[i] for i in np.flatnonzero(likeness >= NEAR)]
        if not near:
            return frozenset()
        closeness = self._shown.vectors @ crop if self._positive else np.zeros(0, np.float32)
        barred = zip(near, likeness[likeness >= NEAR].tolist(), strict=True)
        return frozenset(e.item_id for e, close in barred if not self._shown.contradict(e, close, closeness))

    @cached_property
    def _shown(self) -> "_Shown":
        return _Shown(list(self._positive.values()))


def _best(which: NDArray[np.float32]) -> tuple[list[list[int]], list[list[float]]]:
    """The likeliest rows of (crops, items) log-odds, best first, and their probabilities among all items.

    A probability of 0 is given to what cannot be.
    """
    highest = np.maximum(which.max(axis=1, keepdims=True), -1e30)  # finite, even if none of them can be
    left = np.exp(which - highest)
    total, crops = left.sum(axis=1), np.arange(len(left))
    rows: list[NDArray[np.intp]] = []
    chances: list[NDArray[np.float32]] = []
    for _ in range(min(_SUGGESTIONS, left.shape[1])):
        rows.append(left.argmax(axis=1))
        chances.append(left[crops, rows[-1]] / np.maximum(total, 1e-30))
        left[crops, rows[-1]] = 0.0
    return np.stack(rows, axis=1).tolist(), np.stack(chances, axis=1).tolist()


class _Shown:
    """The positive examples one by one, to be weighed against negative ones."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.vectors = directions([e.vector for e in examples])
        self._ids = np.array([e.id for e in examples])
        self._items = np.array([e.item_id for e in examples])

    def contradict(self, negative: Example, likeness: float, closeness: NDArray[np.float32]) -> bool:
        """Whether one is closer to the crop than the negative example is (`likeness`); or as close, and later."""
        about = np.ones(len(closeness), bool) if negative.item_id is None else self._items == negative.item_id
        closer = closeness > likeness + _SAME
        later = (closeness >= likeness - _SAME) & (self._ids > negative.id)
        return bool((about & (closer | later)).any())


def _shows_an_item(example: Example) -> bool:
    return example.positive and example.item_id is not None


# The statistics


def directions(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    """Stored vectors as (n, dims) unit vectors."""
    if not vectors:
        return np.zeros((0, 0), dtype=np.float32)
    rows = np.frombuffer(b"".join(vectors), dtype=np.int8).reshape(len(vectors), -1).astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def scaled(vectors: Sequence[bytes], prior: Prior) -> Floats:
    """Stored vectors at the length that the model expects of a crop: the root of the summed variances."""
    rows = directions(vectors).astype(np.float64)
    return np.rint(rows * (_GRAIN * np.sqrt(np.sum(1 + _between(prior, rows.shape[1]))))) / _GRAIN


def _between(prior: Prior, dims: int) -> Floats:
    return np.array(prior.between) if prior.between else np.ones(dims)


def _gathered(examples: Iterable[Example], prior: Prior) -> _Statistics:
    return _moved(_Statistics({}, {}, np.zeros((0, 0))), examples, (), prior)


def _moved(was: _Statistics, came: Iterable[Example], gone: Iterable[Example], prior: Prior) -> _Statistics:
    """The statistics with some examples more and some less."""
    counts, sums, squares = dict(was.counts), dict(was.sums), was.squares
    for examples, sign in ((list(gone), -1), (list(came), 1)):
        if not examples:
            continue
        vectors = scaled([e.vector for e in examples], prior)
        squares = (squares if squares.size else 0.0) + sign * (vectors.T @ vectors)
        for item_id, vector in zip((e.item_id or 0 for e in examples), vectors, strict=True):
            counts[item_id] = counts.get(item_id, 0) + sign
            sums[item_id] = sums[item_id] + sign * vector if item_id in sums else vector
    for item_id in [item_id for item_id, count in counts.items() if not count]:
        del counts[item_id], sums[item_id]
    return _Statistics(counts, sums, squares)


# The model


class _Model:
    """The items as Gaussians, and how crops are compared with them."""

    def __init__(self, statistics: _Statistics, prior: Prior) -> None:
        self.items = sorted(statistics.counts)
        self.row = {item_id: row for row, item_id in enumerate(self.items)}
        self._prior = prior
        if not self.items:
            return
        self._counts = np.array([statistics.counts[item_id] for item_id in self.items], dtype=np.float64)
        sums = np.stack([statistics.sums[item_id] for item_id in self.items])
        self._whitening = _whitening(sums, self._counts, statistics.squares)
        self._set_items(sums / self._counts[:, None] @ self._whitening)
        cohort = np.frombuffer(prior.cohort, dtype=np.int8).reshape(-1, sums.shape[1]).astype(np.float64)
        self._cohort = _directions(cohort @ self._whitening)

    def _set_items(self, means: Floats) -> None:
        """What a further crop of each item is expected to be: N(n B / (n B + 1) mean, 1 + B / (n B + 1))."""
        between = _between(self._prior, means.shape[1])
        certainty = self._counts[:, None] * between / (self._counts[:, None] * between + 1)
        # The counts differ between items, but few of them do: one row of variances for each count that occurs.
        self._sizes, self._size = np.unique(self._counts, return_inverse=True)
        variances = 1 + between / (self._sizes[:, None] * between + 1)
        self._precision = (1 / variances).astype(np.float32)
        expected = certainty * means
        weighted = expected / variances[self._size]
        self._weighted = weighted.astype(np.float32)
        constant = (expected * weighted).sum(axis=1) + np.log(variances).sum(axis=1)[self._size]
        self._constant = (-0.5 * constant).astype(np.float32)
        self._means = _directions(means)

    def without(self, barred: Sequence[frozenset[int | None]]) -> NDArray[np.float32]:
        """(crops, items) log-odds: minus infinity for what a crop cannot be."""
        odds = np.zeros((len(barred), len(self.items)), dtype=np.float32)
        for crop, items in enumerate(barred):
            odds[crop, [self.row[item_id] for item_id in items if item_id in self.row]] = -np.inf
        return odds

    def judged(self, crops: Floats, elsewhere: NDArray[np.float32]) -> tuple[list[float], NDArray[np.float32]]:
        """For (n, dims) crops: the probability that each is something taught, and (n, items) log-odds of which.

        `elsewhere` is what is known of that from elsewhere, as log-odds.
        """
        inputs, which = self.weighed(crops, elsewhere)
        odds = inputs @ np.array(self._prior.gate[:3]) + self._prior.gate.offset
        odds += np.log(min(len(self.items), FEW_ITEMS) / FEW_ITEMS)
        return (1 / (1 + np.exp(-odds))).tolist(), which

    def weighed(self, crops: Floats, elsewhere: NDArray[np.float32]) -> tuple[Floats, NDArray[np.float32]]:
        """What the gate weighs, (n, 3), and the log-odds of which item it is, (n, items)."""
        whitened = (crops @ self._whitening).astype(np.float32)
        which = whitened @ self._weighted.T
        which += (-0.5 * (whitened**2 @ self._precision.T))[:, self._size]
        which += self._constant
        which *= np.float32(1 / self._prior.temperature)
        which += elsewhere
        best = which.argmax(axis=1)
        likeness, crowd = self._likeness(_directions(whitened), best)
        return np.stack([likeness, crowd, np.log(self._counts[best])], axis=1), which

    def _likeness(self, crops: NDArray[np.float32], best: NDArray[np.intp]) -> tuple[Floats, Floats]:
        likeness = np.einsum("nd,nd->n", crops, self._means[best])
        if not len(self._cohort):
            return likeness, np.zeros(len(crops))
        nearest = np.partition(crops @ self._cohort.T, -_CROWD, axis=1)[:, -_CROWD:]
        return likeness, nearest.mean(axis=1)


def _directions(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _whitening(sums: Floats, counts: Floats, squares: Floats) -> Floats:
    """(dims, dims): after it the examples of an item vary alike in all directions.

    The covariance within items is a mean of what was known (I) and of the household's own, which is brought to the
    same size first: only its shape is taken over. It weighs as much as it has degrees of freedom.
    """
    dims, freedom = sums.shape[1], counts.sum() - len(counts)
    scatter = squares - sums.T @ (sums / counts[:, None])
    size = np.trace(scatter) / dims
    if freedom <= 0 or size <= 0:
        return np.eye(dims)
    own = scatter * (freedom / size)
    covariance = (own + _OWN_WEIGHT * np.eye(dims)) / (freedom + _OWN_WEIGHT)
    root = np.asarray(
        np.linalg.cholesky(covariance),  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        dtype=np.float64,
    )
    return np.asarray(np.linalg.inv(root), dtype=np.float64).T


# Where things stand


class _Places:
    """Where in each view the items were taught: a fixed camera sees things again where they stood."""

    def __init__(self, examples: Iterable[Example], row: dict[int, int]) -> None:
        self._items = len(row)
        taught: dict[str, list[tuple[int, Box]]] = {}
        for example in examples:
            taught.setdefault(example.device_id, []).append((row[example.item_id or 0], example.box))
        self._views = {device: _View.of(spots) for device, spots in taught.items()}

    def evidence(self, boxes: Sequence[Box], device_id: str) -> NDArray[np.float32]:
        """(boxes, items) log-odds, 0 to _PLACE_MOST: how near each item was taught in this view, at which size."""
        found = np.zeros((len(boxes), self._items), dtype=np.float32)
        view = self._views.get(device_id)
        if view is not None:
            found[:, view.rows] = _PLACE_MOST * np.exp(-0.5 * view.nearest(_spots(boxes)))
        return found


class _View(NamedTuple):
    """What was taught from one camera, item by item."""

    rows: NDArray[np.intp]
    """The items, ascending,"""
    starts: NDArray[np.intp]
    """where the places of each begin,"""
    spots: NDArray[np.float32]
    """and the places of all."""

    @classmethod
    def of(cls, taught: Iterable[tuple[int, Box]]) -> Self:
        ordered = sorted(taught, key=lambda one: one[0])
        rows, starts = np.unique([row for row, _ in ordered], return_index=True)
        return cls(rows, starts, _spots([box for _, box in ordered]))

    def nearest(self, spots: NDArray[np.float32]) -> NDArray[np.float32]:
        """(spots, items): the squared distance of the nearest place of each item."""
        apart = (spots**2).sum(axis=1)[:, None] + (self.spots**2).sum(axis=1) - 2 * (spots @ self.spots.T)
        return np.maximum(np.minimum.reduceat(apart, self.starts, axis=1), 0)


def _spots(boxes: Sequence[Box]) -> NDArray[np.float32]:
    """(n, 4): centre, and logarithm of width and height, each in units of how far apart still is alike."""
    edges = np.array([msgspec.structs.astuple(box) for box in boxes], dtype=np.float32)
    centre = (edges[:, :2] + edges[:, 2:]) / 2 / _PLACE_REACH
    size = np.log(np.maximum(edges[:, 2:] - edges[:, :2], 1e-3)) / _PLACE_SIZES
    return np.hstack([centre, size]).astype(np.float32)
