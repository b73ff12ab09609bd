"""Puts our own head on PicoDet: the graph is cut before its suppression and says of each place if a thing is there.

Run by convert_models.py inside its throw-away environment, and by train_proposer.py; docs/design/finding.md says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

SIDE, CLASSES, CHANNELS, BINS = 416, 80, 96, 8
STRIDES = (8, 16, 32, 64)
CLASS_SCORES, DISTANCES = "Concat.9", "Concat.11"
"""[1, classes, places] and [1, places, 4]: from a place's centre to the four edges, in strides."""
ALIGNMENT = ("sigmoid_1.tmp_0", "sigmoid_4.tmp_0", "sigmoid_7.tmp_0", "sigmoid_10.tmp_0")
EDGES = ("softmax_0.tmp_0", "softmax_1.tmp_0", "softmax_2.tmp_0", "softmax_3.tmp_0")
TOWER_ENDS = ("hardswish_101.tmp_0", "hardswish_107.tmp_0", "hardswish_113.tmp_0", "hardswish_119.tmp_0")
TOWERS = ("hardswish_100.tmp_0", "hardswish_106.tmp_0", "hardswish_112.tmp_0", "hardswish_118.tmp_0")
NOT_STOCK = (0, 13, 56, 57, 59, 60, 61, 68, 69, 71, 72)
"""Person, bench, chair, couch, bed, dining table, toilet, microwave, oven, sink, refrigerator."""
NEAR_NOUGHT = 1e-4


def places() -> tuple[Any, Any]:
    """Centres (n, 2) in pixels and strides (n, 1) of all places where the network looks, in its order."""
    centres, strides = [], []
    for stride in STRIDES:
        count = -(-SIDE // stride)
        down, across = np.mgrid[0:count, 0:count]
        centres.append(np.stack([across.ravel() + 0.5, down.ravel() + 0.5], axis=1) * stride)
        strides.append(np.full((count * count, 1), stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def put_head(source: str, head: str, target: str) -> None:
    """`head` is the file that train_proposer.py wrote."""
    onnx = import_module("onnx")
    model = onnx.load(source)
    cut(onnx, model)
    with np.load(head) as numbers:
        add_head(onnx, model, numbers)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def cut(onnx: Any, model: Any) -> None:
    """Leave out what comes after the scores and distances of all places, and the input that only that needed."""
    graph = model.graph
    last = next(number for number, node in enumerate(graph.node) if DISTANCES in node.output)
    needed = {name for node in graph.node[: last + 1] for name in node.input}
    nodes = [
        node
        for number, node in enumerate(graph.node)
        if (number <= last and node.op_type != "Constant") or (node.op_type == "Constant" and node.output[0] in needed)
    ]
    nodes.sort(key=lambda node: node.op_type != "Constant")
    initial = [value for value in graph.initializer if value.name in needed]
    for field, kept in ((graph.node, nodes), (graph.initializer, initial)):
        del field[:]
        field.extend(kept)
    for field in (graph.input, graph.output, graph.value_info):
        del field[:]
    graph.input.append(onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, SIDE, SIDE]))


class Builder:
    """Adds nodes to a graph; each method returns the name of the new tensor."""

    def __init__(self, onnx: Any, graph: Any) -> None:
        self._onnx, self._graph, self._count = onnx, graph, 0

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        name = self._name("constant")
        self._graph.initializer.append(self._onnx.numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def add(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        name = name or self._name(kind.lower())
        self._graph.node.append(self._onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def join(self, tensors: Sequence[str], axis: int, name: str | None = None) -> str:
        return self.add("Concat", *tensors, axis=axis, name=name)

    def columns(self, tensor: str, first: int, end: int) -> str:
        return self.add("Slice", tensor, self.numbers(first), self.numbers(end), self.numbers(1))

    def highest(self, tensor: str, axis: int = 1, *, keepdims: bool = True) -> str:
        return self.add("ReduceMax", tensor, axes=[axis], keepdims=int(keepdims))

    def three_highest(self, tensor: str) -> str:
        name = self._name("top")
        node = self._onnx.helper.make_node(
            "TopK", [tensor, self.numbers(3)], [name, f"{name}.where"], name=name, axis=1
        )
        self._graph.node.append(node)
        return name

    def log_odds(self, tensor: str) -> str:
        above = self.add("Add", tensor, self.constant(NEAR_NOUGHT))
        return self.add("Log", self.add("Div", above, self.add("Sub", self.constant(1 + NEAR_NOUGHT), tensor)))

    def rows_of(self, maps: Sequence[str], channels: int) -> str:
        """Maps [1, channels, height, width] of all levels as one row a place."""
        flat = [self.add("Reshape", one, self.numbers(channels, -1)) for one in maps]
        return self.join([self.add("Transpose", one, perm=[1, 0]) for one in flat], 0)

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"thing.{kind}.{self._count}"


class Tensors(NamedTuple):
    """Names of what the head starts from."""

    labels: str
    """[places, classes]: the network's own scores."""
    boxes: str
    """[places, 4]: left, top, right, bottom in pixels of the input."""
    plain: str
    """[places, 1]: the best score of a name that may be stock."""
    odds: str
    """The same as log-odds; first of what is seen."""
    seen: str
    """[places, 300]"""


def add_head(onnx: Any, model: Any, numbers: Mapping[str, Any]) -> None:
    """Outputs `rows` [places, 6]: class, score, box in pixels; and `label_scores` [places, classes]."""
    build = Builder(onnx, model.graph)
    start = add_inputs(build)
    score = judged(build, start, numbers)
    kind = build.add("Cast", build.add("ArgMax", start.labels, axis=1, keepdims=1), to=onnx.TensorProto.FLOAT)
    build.join([kind, score, start.boxes], 1, name="rows")
    count = len(places()[0])
    for name, width in (("rows", 6), ("label_scores", CLASSES)):
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [count, width]))


def add_inputs(build: Builder) -> Tensors:
    """What the head starts from: all that the network says of each place."""
    centres, strides = places()
    flat = build.add("Reshape", CLASS_SCORES, build.numbers(CLASSES, -1))
    labels = build.add("Transpose", flat, perm=[1, 0], name="label_scores")
    reach = build.add("Mul", build.add("Reshape", DISTANCES, build.numbers(-1, 4)), build.constant(strides))
    low = build.add("Sub", build.constant(centres), build.columns(reach, 0, 2))
    high = build.add("Add", build.constant(centres), build.columns(reach, 2, 4))
    boxes = build.join([low, high], 1)
    stock = np.ones((1, CLASSES), np.float32)
    stock[:, list(NOT_STOCK)] = 0
    plain = build.highest(build.add("Mul", labels, build.constant(stock)))
    odds = build.log_odds(plain)
    seen = what_it_sees(build, labels, odds, boxes, np.log2(strides / STRIDES[0]))
    return Tensors(labels, boxes, plain, odds, seen)


def what_it_sees(build: Builder, labels: str, odds: str, boxes: str, level: Any) -> str:
    """[places, 300]: what the network thinks of a place, how sure it is of each edge, and the box's shape."""
    aligned = build.join([build.add("Reshape", one, build.numbers(-1, 1)) for one in ALIGNMENT], 0)
    edges = build.add("Reshape", build.join(EDGES, 0), build.numbers(-1, 4, BINS))
    surprise = build.add("Mul", edges, build.add("Log", build.add("Add", edges, build.constant(1e-6))))
    top = build.three_highest(labels)
    summed = build.add("ReduceSum", labels, build.numbers(1), keepdims=1)
    return build.join(
        [
            odds,
            build.log_odds(aligned),
            build.log_odds(build.highest(labels)),
            build.log_odds(build.add("Min", summed, build.constant(0.99))),
            build.log_odds(top),
            *shape_of(build, boxes),
            build.constant(level[:, :1]),
            *at_the_rim(build, boxes),
            build.constant((level == np.arange(len(STRIDES))).astype(np.float32)),
            build.add("Neg", build.add("ReduceSum", surprise, build.numbers(2), keepdims=0)),
            build.highest(edges, 2, keepdims=False),
            build.add("Sqrt", labels),
            build.rows_of(TOWER_ENDS, CHANNELS),
            build.rows_of(TOWERS, CHANNELS),
        ],
        1,
    )


def shape_of(build: Builder, boxes: str) -> list[str]:
    """Logarithms of width and height as parts of the picture, of size and of proportion."""
    size = build.add("Sub", build.columns(boxes, 2, 4), build.columns(boxes, 0, 2))
    size = build.add("Max", build.add("Mul", size, build.constant(1 / SIDE)), build.constant(1e-3))
    logs = build.add("Log", size)
    wide, high = build.columns(logs, 0, 1), build.columns(logs, 1, 2)
    mean = build.add("Mul", build.add("Add", wide, high), build.constant(0.5))
    return [wide, high, mean, build.add("Sub", wide, high)]


def at_the_rim(build: Builder, boxes: str) -> list[str]:
    """Whether the box is cut off by the left, top, right, bottom rim of the picture."""
    low = build.add("Less", build.columns(boxes, 0, 2), build.constant(0.01 * SIDE))
    high = build.add("Greater", build.columns(boxes, 2, 4), build.constant(0.99 * SIDE))
    return [build.add("Cast", one, to=1) for one in (low, high)]


def judged(build: Builder, start: Tensors, numbers: Mapping[str, Any]) -> str:
    """[places, 1]: two hidden layers' opinion and the network's own, in equal parts, as a probability."""
    layer = build.add(
        "Mul", build.add("Sub", start.seen, build.constant(numbers["mean"])), build.constant(1 / numbers["spread"])
    )
    layer = build.add("Clip", layer, build.constant(-5.0), build.constant(5.0))
    for number in (1, 2):
        layer = build.add("MatMul", layer, build.constant(numbers[f"weight{number}"]))
        layer = build.add("HardSwish", build.add("Add", layer, build.constant(numbers[f"bias{number}"])))
    layer = build.add(
        "Add", build.add("MatMul", layer, build.constant(numbers["weight3"])), build.constant(numbers["bias3"])
    )
    skip = build.add(
        "Add", build.add("Mul", start.odds, build.constant(numbers["skip"][0])), build.constant(numbers["skip"][1])
    )
    ours = build.add("Sigmoid", build.add("Add", layer, skip))
    both = build.log_odds(build.add("Sqrt", build.add("Mul", ours, start.plain)))
    slope, shift = numbers["calibration"]
    return build.add("Sigmoid", build.add("Add", build.add("Mul", both, build.constant(slope)), build.constant(shift)))
