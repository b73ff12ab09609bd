"""The other side of a trial: `python -m pantrybox.vision.proving`, which tries one model and says what it found.

It reads a Task as JSON, computes, and writes a Report. Whatever the model does, it does to this process alone.
"""

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    from pantrybox.vision.confined import cut_off

    cut_off()  # before numpy, which starts threads

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.errors import Malformed, PantryError
from pantrybox.vision.confined import limit
from pantrybox.vision.manifest import MAX_MODEL_BYTES, Manifest
from pantrybox.vision.trial import Facts, Report, Task

if TYPE_CHECKING:
    from pantrybox.vision.decoders.found import Found
    from pantrybox.vision.decoders.frame import Frame
    from pantrybox.vision.session import Session

_SIZE = (480, 640, 3)
"""Of the pictures: another shape than most inputs."""
_LEAST_DIMS, _MOST_DIMS = 8, 8192
_FAR = (-1.0, 2.0)
"""Boxes reach a little beyond the picture; not a whole picture's width."""
_NEARLY = 1e-3


def main() -> None:
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(report_on(task)))


def report_on(task: Task) -> Report:
    try:
        from pantrybox.vision.onnx_file import refuse_unusual  # noqa: PLC0415
        from pantrybox.vision.session import Session  # noqa: PLC0415 - the limits are for the model, not for the import

        limit(task.limits)
        data = _read(task.descriptor, task.manifest)
        refuse_unusual(data)
        session = Session(data, 1, limit_seconds=task.look_seconds)
        return Report(facts=prove(task.manifest, session))
    except PantryError as error:
        return Report(refused=str(error))
    except MemoryError:
        return Report(refused="The model needs more memory than this box gives it.")
    except Exception as error:
        return Report(refused=f"The model is not fit for this box ({type(error).__name__}).")


def _read(descriptor: int, manifest: Manifest) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MAX_MODEL_BYTES + 1)
    if len(data) != manifest.size_bytes or hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise Malformed("The model file is not the one that its manifest describes.")
    return data


def prove(manifest: Manifest, session: "Session") -> Facts:
    """Malformed for a model that does not do with two pictures what its manifest says."""
    grey = np.full(_SIZE, 128, dtype=np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, _SIZE, dtype=np.uint8)
    if manifest.role == "detector":
        return _prove_detector(manifest, session, [grey, noise])
    return _prove_embedder(manifest, session, [grey, noise])


def _prove_detector(manifest: Manifest, session: "Session", pictures: list[NDArray[np.uint8]]) -> Facts:
    from pantrybox.vision.decoders.detector import OnnxDetector  # noqa: PLC0415 - with the runtime

    detector = OnnxDetector(manifest, session)
    times: list[float] = []
    for picture in pictures:
        started = time.perf_counter()
        found, frame = detector.find(picture)
        times.append(time.perf_counter() - started)
        refuse_nonsense(found, frame, len(manifest.labels))
        detector.detect(picture)
    return Facts(took_ms=round(1000 * min(times)), memory_mb=_most_memory_mb())


def refuse_nonsense(found: "Found", frame: "Frame", classes: int) -> None:
    """Malformed for numbers that are none, scores that are no probabilities, boxes that lie elsewhere."""
    if not (np.isfinite(found.scores).all() and np.isfinite(found.boxes).all()):
        raise Malformed("The model gives numbers that are none (NaN or infinity).")
    if ((found.scores < -_NEARLY) | (found.scores > 1 + _NEARLY)).any():
        raise Malformed("The model gives scores that are not between 0 and 1.")
    from pantrybox.vision.decoders.found import NOISE  # noqa: PLC0415 - with the runtime

    meant = found.scores >= NOISE
    boxes = frame.fractions(found.boxes[meant])
    if ((boxes < _FAR[0]) | (boxes > _FAR[1])).any():
        raise Malformed("The model gives boxes that lie far outside of the picture: is the input's size right?")
    kinds = found.kinds[meant]
    if ((kinds < 0) | (kinds >= classes)).any():
        raise Malformed(f"The model has more classes than the {classes} labels of its manifest.")


def _prove_embedder(manifest: Manifest, session: "Session", pictures: list[NDArray[np.uint8]]) -> Facts:
    from pantrybox.vision.features import FeatureEmbedder  # noqa: PLC0415 - with the runtime
    from pantrybox.vision.picture import stretched  # noqa: PLC0415 - the same

    embedder = FeatureEmbedder(manifest, session)
    times: list[float] = []
    rows: list[NDArray[np.float32]] = []
    for picture in pictures:
        started = time.perf_counter()
        rows.append(embedder.features(stretched(picture, (manifest.input.width, manifest.input.height))))
        times.append(time.perf_counter() - started)
    refuse_useless(rows)
    return Facts(took_ms=round(1000 * min(times)), memory_mb=_most_memory_mb(), dims=len(rows[0]))


def refuse_useless(rows: list[NDArray[np.float32]]) -> None:
    """Malformed for features by which nothing can be known again."""
    if not all(np.isfinite(row).all() for row in rows):
        raise Malformed("The model gives numbers that are none (NaN or infinity).")
    if not _LEAST_DIMS <= len(rows[0]) <= _MOST_DIMS or any(len(row) != len(rows[0]) for row in rows):
        raise Malformed(f"The model gives {len(rows[0])} features; {_LEAST_DIMS} to {_MOST_DIMS} can be used.")
    if np.allclose(rows[0], rows[1]):
        raise Malformed("The model gives the same features for every picture.")


def _most_memory_mb() -> int:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) // 1000


if __name__ == "__main__":
    main()
