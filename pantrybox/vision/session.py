# pyright: basic
# onnxruntime ships without types; this wrapper is where they begin.
"""One ONNX model, loaded and ready to run on the CPU: the only place that imports onnxruntime."""

import os

import numpy as np
from numpy.typing import NDArray

# Some builds keep a device id and a telemetry database below HOME. Nothing leaves this box; only
# the variable stops it, and only before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort


class Session:
    def __init__(self, model: bytes, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would cost three times the CPU of an inference, at no gain in time.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(self, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's first output. Lets go of the GIL while it computes."""
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float32)
