"""What a look costs beside the models themselves: one run of the detector and four of the embedder for each thing.

    .venv/bin/python -m benchmarks.looking

Each photograph of the demo (1600 x 1200, some 15 things) is looked at as one of a camera that was never seen before,
then the networks alone are run as often as its things call for, in turn, so that a change of the machine's speed meets
both. Limits: 1.3 times the networks' own time, and one second on two cores. `again` is the same camera's next
photograph, in which most things stand where they stood.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pantrybox.demo.story import scenes
from pantrybox.vision.embedder import VIEWS
from pantrybox.vision.manifest import SHIPPED_DETECTOR, SHIPPED_EMBEDDER, shipped
from pantrybox.vision.session import Session
from pantrybox.vision.shipped import open_eye

VISIBLE = 0.3
"""The part of a thing that makes it one to be found."""


class Look(NamedTuple):
    things: int
    first: float
    again: float
    alone: float
    """Seconds, all three."""


def main() -> None:
    looks = list(_looks())
    ratio = statistics.median(look.first / look.alone for look in looks)
    print(f"{len(looks)} photographs of {statistics.median(look.things for look in looks):.0f} things")
    for name, seconds in (
        ("look", [look.first for look in looks]),
        ("networks alone, one thread", [look.alone for look in looks]),
        ("look, next photograph of a camera", [look.again for look in looks]),
    ):
        print(f"{name}: median {1000 * statistics.median(seconds):.0f} ms, most {1000 * max(seconds):.0f} ms")
    print(f"median ratio {ratio:.2f}")


def _looks() -> Iterator[Look]:
    eye, alone = open_eye(), _networks()
    story = list(scenes())
    truth = json.loads((story[0].path.parent / "truth.json").read_text())["photographs"]
    for scene, told in zip(story, truth, strict=True):
        if not told["readable"]:
            continue
        things = sum(thing["visible"] > VISIBLE for thing in told["things"])
        jpeg = scene.path.read_bytes()
        again = _seconds(lambda jpeg=jpeg: eye.look(jpeg, view="shelf"))
        yield Look(things, _seconds(lambda jpeg=jpeg: eye.look(jpeg)), again, alone(things))


def _networks() -> Callable[[int], float]:
    """The time that the networks alone take for so many things."""
    detector, embedder = _session(SHIPPED_DETECTOR), _session(SHIPPED_EMBEDDER)

    def run(things: int) -> float:
        return _seconds(detector) + _seconds(lambda: [embedder() for _ in range(VIEWS * things)])

    return run


def _session(name: str) -> Callable[[], Any]:
    manifest, path = shipped(name)
    session = Session(Path(path), 1)
    blank = np.zeros((1, 3, manifest.input.height, manifest.input.width), dtype=np.float32)
    inputs = {session.takes[0].name: blank}
    return lambda: session.run_all(inputs)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
