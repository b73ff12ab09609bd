"""What looking costs beside the model itself: JPEG to detections, as a ratio to the model's own run.

    .venv/bin/python -m benchmarks.looking

Each photograph of the demo (1600 x 1200) is looked at, then its tensor alone is run through the same
session, in turn, so that a change of the machine's speed meets both.
"""

import statistics
import time
from collections.abc import Callable

from pantrybox.demo.story import scenes
from pantrybox.vision.detector import DetectorEye
from pantrybox.vision.manifest import shipped
from pantrybox.vision.picodet import PicoDet
from pantrybox.vision.picture import decode

ROUNDS = 8


def main() -> None:
    manifest, model = shipped()
    detector = PicoDet(manifest, model)
    eye = DetectorEye(manifest.name, detector)
    pictures = [scene.path.read_bytes() for scene in scenes()]
    looks: list[float] = []
    runs: list[float] = []
    for jpeg in pictures * ROUNDS:
        tensor = detector.tensor(decode(jpeg, detector.input_size).pixels)
        looks.append(_seconds(lambda jpeg=jpeg: eye.look(jpeg)))
        runs.append(_seconds(lambda tensor=tensor: detector.run(tensor)))
    ratio = statistics.median(look / run for look, run in zip(looks, runs, strict=True))
    print(f"look {1000 * statistics.median(looks):.1f} ms, model alone {1000 * statistics.median(runs):.1f} ms")
    print(f"median ratio {ratio:.2f}")


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
