"""Pixels to boxes and names: the only place that knows onnxruntime and Pillow."""

import os

# One photograph at a time on one thread: numpy's own threads would wait for one another on busy cores (ten times as
# long, measured), and each holds memory. It heeds the variable only before its first import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
