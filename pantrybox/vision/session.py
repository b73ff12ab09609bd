# pyright: basic
# onnxruntime ships without types; this wrapper is where they begin.
"""One ONNX model, loaded and ready to run on the CPU: the only place that imports onnxruntime."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pantrybox.errors import PantryError

# Some builds keep a device id and a telemetry database below HOME. Nothing leaves this box; only
# the variable stops it, and only before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort


class Port(NamedTuple):
    """An input or an output of a model."""

    name: str
    type: str
    """Such as `tensor(float)`."""
    shape: tuple[int | None, ...]
    """None: as long as it happens to be."""


class Session:
    def __init__(self, model: bytes | Path, threads: int, limit_seconds: float | None = None) -> None:
        """PantryError when the runtime refuses it. A run that takes longer than the limit is broken off.

        Of a file, 36 MB less are held for the shipped embedder: of bytes the runtime keeps a copy.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would cost three times the CPU of an inference, at no gain in time.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._limit_seconds = limit_seconds
        try:
            source = str(model) if isinstance(model, Path) else model
            self._session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has a dozen kinds, and no parent for them
            raise PantryError(f"The model cannot be loaded: {_reason(error)}.") from error
        self.takes = tuple(_port(found) for found in self._session.get_inputs())
        self.gives = tuple(_port(found) for found in self._session.get_outputs())

    def run(self, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's first output. Lets go of the GIL while it computes."""
        return np.asarray(self._run(None, inputs)[0], dtype=np.float32)

    def outputs(self, names: Sequence[str], **inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs of these names, in this order. Lets go of the GIL while it computes."""
        return [np.asarray(found, dtype=np.float32) for found in self._run(list(names), inputs)]

    def run_all(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Every output by its name, as the model gives it; PantryError when it fails or takes too long."""
        try:
            found = self._run(None, inputs)
        except Exception as error:
            raise PantryError(f"The model failed on a picture: {_reason(error)}.") from error
        return {port.name: np.asarray(value) for port, value in zip(self.gives, found, strict=True)}

    def _run(self, names: list[str] | None, inputs: Mapping[str, NDArray[Any]]) -> Sequence[Any]:
        if self._limit_seconds is None:
            return self._session.run(names, dict(inputs))
        options = ort.RunOptions()
        # The runtime looks at this before each node, those of a loop among them.
        watch = threading.Timer(self._limit_seconds, setattr, (options, "terminate", True))
        watch.daemon = True
        watch.start()
        try:
            return self._session.run(names, dict(inputs), options)
        finally:
            watch.cancel()


def _port(found: Any) -> Port:
    return Port(found.name, found.type, tuple(side if isinstance(side, int) else None for side in found.shape))


_LONGEST_REASON = 300


def _reason(error: Exception) -> str:
    """The runtime's own words, one line of them, without the numbers before."""
    words = str(error).rpartition("] : ")[2].split(" : ", 2)[-1] or type(error).__name__
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(printable.split())[:_LONGEST_REASON].rstrip(".")
