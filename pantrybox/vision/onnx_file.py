"""What an ONNX file asks for, read from its bytes before anything of it is loaded.

Only what onnx.proto (IR version 13 and before) says about where operators and other files are named; numbers below
are its field numbers. The bytes come from strangers: nothing is copied, and every length is checked.
"""

from collections.abc import Callable, Iterator

from pantrybox.errors import Malformed

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operators that come with the runtime. Those of any other domain would have to be loaded from a library."""
_DEEPEST = 20
"""Graphs within graphs; real models have two or three."""
_LONGEST_VARINT = 10
_NO_MODEL = "The file is no ONNX model, or only a part of one."

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Field = tuple[int, int, memoryview | None]
"""Number, value of a whole number (else 0), content of bytes or of a message (else None)."""


def refuse_unusual(data: bytes) -> None:
    """Malformed, with the reason, for what is no ONNX model or wants anything beyond its own bytes."""
    graphs = 0
    for number, content in _messages(memoryview(data)):
        if number == 7:  # noqa: PLR2004 - ModelProto.graph
            graphs += 1
            _check_graph(content, 0)
        elif number == 25:  # noqa: PLR2004 - ModelProto.functions
            _check_each(content, {7: _check_node}, 0)
    if graphs != 1:
        raise Malformed(_NO_MODEL)


_Check = Callable[[memoryview, int], None]


def _check_each(message: memoryview, checks: dict[int, _Check], depth: int) -> None:
    for number, content in _messages(message):
        if check := checks.get(number):
            check(content, depth)


def _check_graph(graph: memoryview, depth: int) -> None:
    if depth > _DEEPEST:
        raise Malformed("The model has graphs within graphs without end.")
    _check_each(graph, {1: _check_node, 5: _check_tensor, 15: _check_sparse}, depth)


def _check_node(node: memoryview, depth: int) -> None:
    operator, domain = "", ""
    for number, content in _messages(node):
        if number == 4:  # noqa: PLR2004 - NodeProto.op_type
            operator = _text(content)
        elif number == 7:  # noqa: PLR2004 - NodeProto.domain
            domain = _text(content)
        elif number == 5:  # noqa: PLR2004 - NodeProto.attribute
            _check_attribute(content, depth)
    if domain not in STANDARD_DOMAINS:
        raise Malformed(f"The model needs the operator {operator} of {domain}, which does not come with the runtime.")


def _check_attribute(attribute: memoryview, depth: int) -> None:
    checks: dict[int, _Check] = {
        5: _check_tensor,
        10: _check_tensor,
        6: _check_graph,
        11: _check_graph,
        22: _check_sparse,
        23: _check_sparse,
    }
    _check_each(attribute, checks, depth + 1)


def _check_sparse(sparse: memoryview, depth: int) -> None:
    _check_each(sparse, {1: _check_tensor, 2: _check_tensor}, depth)


def _check_tensor(tensor: memoryview, _: int) -> None:
    for number, value, _content in _fields(tensor):
        elsewhere = number == 13 or (number == 14 and value != 0)  # noqa: PLR2004 - external_data, data_location
        if elsewhere:
            raise Malformed("The model keeps its weights in another file; it must be a single one.")


def _messages(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Fields that hold bytes, text or another message; one of these numbers that holds anything else is unknown."""
    for number, _, content in _fields(message):
        if content is not None:
            yield number, content


def _fields(message: memoryview) -> Iterator[Field]:
    """Of one protobuf message; Malformed when it is none."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        value, length = 0, 0
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in {_FIXED32, _FIXED64}:
            length = 4 if kind == _FIXED32 else 8
        else:
            raise Malformed(_NO_MODEL)
        if at + length > len(message):
            raise Malformed(_NO_MODEL)
        yield number, value, message[at : at + length] if kind == _BYTES else None
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A whole number, and where the next thing begins."""
    value = 0
    for index, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return value, at + index + 1
    raise Malformed(_NO_MODEL)


def _text(content: memoryview) -> str:
    """As much of it as a sentence bears."""
    return "".join(letter for letter in str(content[:100], "utf-8", "replace") if letter.isprintable())
