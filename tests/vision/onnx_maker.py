"""Small ONNX models made byte by byte, so that tests need neither a training framework nor files nobody can read.

The numbers are the field numbers of onnx.proto.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pantrybox.vision.manifest import Kind, Manifest, ModelInput

_TYPES = {"float32": 1, "int32": 6, "int64": 7, "bool": 9}
FLOAT, INT64 = 1, 7


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def content(field: int, value: bytes | str) -> bytes:
    encoded = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(encoded)) + encoded


def tensor(name: str, values: NDArray[Any]) -> bytes:
    dims = b"".join(number(1, side) for side in values.shape)
    return dims + number(2, _TYPES[str(values.dtype)]) + content(8, name) + content(9, values.tobytes())


def attribute(name: str, value: Any) -> bytes:
    out = content(1, name)
    if isinstance(value, float):
        return out + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return out + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return out + content(4, value) + number(20, 3)
    if isinstance(value, np.ndarray):
        return out + content(5, tensor("", value)) + number(20, 4)
    if isinstance(value, bytes):  # a graph
        return out + content(6, value) + number(20, 5)
    return out + b"".join(number(8, each) for each in value) + number(20, 7)


def node(operator: str, takes: Sequence[str], gives: Sequence[str], domain: str = "", **attributes: Any) -> bytes:
    out = b"".join(content(1, name) for name in takes) + b"".join(content(2, name) for name in gives)
    out += content(4, operator) + (content(7, domain) if domain else b"")
    return out + b"".join(content(5, attribute(name, value)) for name, value in attributes.items())


def port(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    sides = b"".join(content(1, content(2, s) if isinstance(s, str) else number(1, s)) for s in shape)
    return content(1, name) + content(2, content(1, number(1, kind) + content(2, sides)))


def graph(
    nodes: Sequence[bytes], takes: Sequence[bytes], gives: Sequence[bytes], constants: dict[str, NDArray[Any]]
) -> bytes:
    out = b"".join(content(1, each) for each in nodes) + content(2, "g")
    out += b"".join(content(5, tensor(name, values)) for name, values in constants.items())
    return out + b"".join(content(11, each) for each in takes) + b"".join(content(12, each) for each in gives)


def model(graph_: bytes, domains: Sequence[str] = ()) -> bytes:
    out = number(1, 8) + content(7, graph_) + content(8, content(1, "") + number(2, 13))
    return out + b"".join(content(8, content(1, domain) + number(2, 1)) for domain in domains)


def picture(side: int = 64) -> bytes:
    return port("images", FLOAT, (1, 3, side, side))


def answering(side: int = 64, told: Sequence[bytes] = (), **outputs: NDArray[Any]) -> bytes:
    """A model that gives these tensors whatever it is shown."""
    nodes = [node("Identity", [f"{name}_"], [name]) for name in outputs]
    gives = [port(name, _TYPES[str(values.dtype)], values.shape) for name, values in outputs.items()]
    constants = {f"{name}_": values for name, values in outputs.items()}
    return model(graph(nodes, [picture(side), *told], gives, constants))


def features(side: int = 32, dims: int = 16) -> bytes:
    """An embedder: random weights over the mean colours of 4 x 4 parts of the picture."""
    cell = side // 4
    weights = np.random.RandomState(1).standard_normal((48, dims)).astype(np.float32)
    nodes = [
        node("AveragePool", ["images"], ["pooled"], kernel_shape=[cell, cell], strides=[cell, cell]),
        node("Flatten", ["pooled"], ["flat"]),
        node("MatMul", ["flat", "weights"], ["features"]),
        node("Softmax", ["features"], ["chances"]),
    ]
    gives = [port("chances", FLOAT, (1, dims)), port("features", FLOAT, (1, dims))]
    return model(graph(nodes, [picture(side)], gives, {"weights": weights}))


def colours(kind: Kind, side: int = 64) -> bytes:
    """A detector of red (class 0) and blue (class 1) in one of the YOLOs' forms: each cell of 8 x 8 is a box or not.

    It wants colours from 0 to 1, and looks for red in the first channel.
    """
    columns = side // 8
    cells = columns * columns
    pattern = np.array([[1, -0.5, -0.5], [-0.5, -0.5, 1]], dtype=np.float32)
    weights = np.repeat(np.repeat(20 * pattern[..., None, None] / 64, 8, axis=2), 8, axis=3)
    nodes = [
        node("Conv", ["images", "weights", "bias"], ["raw"], kernel_shape=[8, 8], strides=[8, 8]),
        node("Sigmoid", ["raw"], ["sure"]),
        node("Reshape", ["sure", "shape"], ["scores"]),
    ]
    constants: dict[str, NDArray[Any]] = {
        "weights": weights,
        "bias": np.full(2, -10, dtype=np.float32),
        "shape": np.array([1, 2, cells], dtype=np.int64),
    }
    if kind == "yolov8":
        across, down = np.meshgrid(np.arange(columns), np.arange(columns))
        middles = 8 * np.stack([across.ravel(), down.ravel()]).astype(np.float32) + 4
        constants["boxes"] = np.concatenate([middles, np.full((2, cells), 8, dtype=np.float32)])[None]
        nodes.append(node("Concat", ["boxes", "scores"], ["output0"], axis=1))
        return model(graph(nodes, [picture(side)], [port("output0", FLOAT, (1, 6, cells))], constants))
    # YOLOX: two coarser grids follow, in which nothing is.
    coarser = (side // 16) ** 2 + (side // 32) ** 2
    own = np.array([0.5, 0.5, 0, 0, 1], dtype=np.float32)
    constants |= {
        "boxes": np.tile(own[:, None], (1, cells))[None],
        "nothing": np.zeros((1, 7, coarser), dtype=np.float32),
    }
    nodes += [
        node("Concat", ["boxes", "scores"], ["fine"], axis=1),
        node("Concat", ["fine", "nothing"], ["all"], axis=2),
        node("Transpose", ["all"], ["output"], perm=[0, 2, 1]),
    ]
    return model(graph(nodes, [picture(side)], [port("output", FLOAT, (1, cells + coarser, 7))], constants))


def endless(turns: int = 2**62) -> bytes:
    """A loop that never comes to its end, though each of its turns is nothing."""
    body = graph(
        [node("Identity", ["on"], ["on_out"]), node("Add", ["sum", "sum"], ["sum_out"])],
        [port("i", INT64, ()), port("on", 9, ()), port("sum", FLOAT, (1,))],
        [port("on_out", 9, ()), port("sum_out", FLOAT, (1,))],
        {},
    )
    nodes = [
        node("ReduceMean", ["images"], ["start_"], axes=[1, 2, 3], keepdims=0),
        node("Loop", ["turns", "true", "start_"], ["end"], body=body),
        node("Reshape", ["end", "shape"], ["output0"]),
    ]
    constants: dict[str, NDArray[Any]] = {
        "turns": np.array(turns, dtype=np.int64),
        "true": np.array(True),
        "shape": np.array([1, 1, 1], dtype=np.int64),
    }
    return model(graph(nodes, [picture()], [port("output0", FLOAT, (1, 1, 1))], constants))


def swelling() -> bytes:
    """A few bytes that become 400 GB."""
    nodes = [
        node("ReduceMean", ["images"], ["one"], axes=[1, 2, 3], keepdims=0),
        node("Expand", ["one", "shape"], ["output0"]),
    ]
    constants = {"shape": np.array([1000, 10_000, 10_000], dtype=np.int64)}
    return model(graph(nodes, [picture()], [port("output0", FLOAT, ("a", "b", "c"))], constants))


def manifest_of(
    data: bytes, kind: Kind, labels: Sequence[str] = ("red", "blue"), side: int = 64, **changed: Any
) -> Manifest:
    """Of a model that takes colours from 0 to 1."""
    import hashlib  # noqa: PLC0415

    wanted = {"width": side, "height": side, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    outputs = changed.pop("outputs", {})
    name = changed.pop("name", "candidate")
    return Manifest(
        name=name,
        kind=kind,
        file=f"{name}.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        input=ModelInput(**(wanted | changed)),
        labels=tuple(labels),
        licence="MIT",
        outputs=outputs,
    )
