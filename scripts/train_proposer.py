"""Trains the head that tells things from the rest, on composed scenes and hand-labelled photographs.

Nothing of it runs on the appliance. About an hour on two cores, most of it composing; every 50 scenes are kept in the
working folder, so that a run that was broken off goes on there. Afterwards convert_models.py puts the head on.

    python -m venv /tmp/train && /tmp/train/bin/pip install torch numpy onnx onnxruntime opencv-python-headless pillow
    /tmp/train/bin/python scripts/train_proposer.py ../shared/data/grocery_store --work /tmp/proposer \\
        --detector /tmp/picodet416.onnx
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import finding_head as head
import numpy as np
import onnx
import onnxruntime
import torch
from compose_scenes import SIDE, Scene, Sources, scene, sources, things
from PIL import Image

HERE = Path(__file__).resolve().parent
LABELS = HERE.parent / "benchmarks" / "finding_labels.json"
SEEDS = (*range(900), *range(10_000, 10_900))
STOCK_SEED, STOCK_SIZE, CHUNK = 100, 900, 50
HIDDEN, PASSES, RATE, DECAY, DROPOUT, BATCH = 32, 2, 2e-3, 1e-2, 0.2, 2048
HARDEST, ANY, EACH = 160, 60, 8
"""Places learned from, of a scene: the network's own best, any, and those that fit each thing best."""
PHOTOGRAPH_WEIGHT = 2.0
CALIBRATION = (2.735, 1.4732)
"""Slope and shift of log-odds, fitted on four folds of the hand-labelled photographs (docs/design/finding.md)."""
MEAN, STD = np.array((0.485, 0.456, 0.406), np.float32), np.array((0.229, 0.224, 0.225), np.float32)

Array = np.ndarray[Any, Any]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="the folder of GroceryStoreDataset")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="where scenes are kept")
    parser.add_argument("--detector", type=Path, required=True, help="picodet416.onnx as the converter writes it")
    parser.add_argument("--scenes", type=int, default=len(SEEDS), help="fewer, to try it out")
    parser.add_argument("--to", type=Path, default=HERE / "finding_head.npz")
    asked = parser.parse_args(arguments)
    asked.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    torch.manual_seed(0)
    photographs = json.loads(LABELS.read_text())["photographs"]
    eye = Eye(asked.detector)
    learned = list(of_scenes(eye, asked, {one["photograph"] for one in photographs}))
    learned += of_photographs(eye, asked.dataset, photographs)
    np.savez(asked.to, **trained(learned))
    print(f"Wrote {asked.to} from {len(learned)} pictures and {sum(len(y) for _, y, _ in learned)} boxes.")
    return 0


class Eye:
    """The published network, cut, with everything that the head sees as an output."""

    def __init__(self, detector: Path) -> None:
        model = onnx.load(str(detector))
        head.cut(onnx, model)
        start = head.add_inputs(head.Builder(onnx, model.graph))
        self._outputs = [start.seen, start.boxes]
        for name in self._outputs:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options)

    def __call__(self, pixels: Array) -> tuple[Array, Array]:
        """What is seen of each place, and its box in fractions."""
        tensor = ((pixels.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)[None]
        seen, boxes = self._session.run(self._outputs, {"image": np.ascontiguousarray(tensor)})
        return seen, boxes / SIDE


Learned = tuple[Array, Array, Array]
"""What was seen, how right the box is (0 to 1), and how much it counts."""


def of_scenes(eye: Eye, asked: argparse.Namespace, never: set[str]) -> Iterator[Learned]:
    source: Sources | None = None
    stock: list[Array] = []
    seeds = SEEDS[: asked.scenes]
    for first in range(0, len(seeds), CHUNK):
        kept = asked.work / f"scenes-{seeds[first]}.npz"
        if not kept.exists():
            if source is None:
                source = sources(asked.dataset, False, never)
                stock = things(STOCK_SEED, source, STOCK_SIZE)
            keep(kept, [learned_of(eye, scene(seed, stock, source), seed) for seed in seeds[first : first + CHUNK]])
        print(f"{min(first + CHUNK, len(seeds))} of {len(seeds)} scenes", file=sys.stderr, flush=True)
        with np.load(kept) as parts:
            yield (parts["seen"].astype(np.float32), parts["right"], np.ones(len(parts["right"]), np.float32))


def keep(path: Path, learned: list[tuple[Array, Array]]) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished,
        seen=np.concatenate([seen for seen, _ in learned]).astype(np.float16),
        right=np.concatenate([right for _, right in learned]),
    )
    unfinished.replace(path)


def of_photographs(eye: Eye, dataset: Path, photographs: list[dict[str, Any]]) -> list[Learned]:
    learned = []
    for number, one in enumerate(photographs):
        picture = Image.open(dataset / one["photograph"]).convert("RGB")
        shrinks = min(picture.size) >= SIDE
        pixels = np.asarray(
            picture.resize((SIDE, SIDE), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
        )
        labelled = Scene(pixels, edges(one["boxes"]), edges(one["unsure"]))
        for mirror in (False, True):
            seen, right = learned_of(eye, mirrored(labelled) if mirror else labelled, number, mirror=False)
            learned.append((seen, right, np.full(len(right), PHOTOGRAPH_WEIGHT, np.float32)))
    return learned


def edges(boxes: list[list[float]]) -> Array:
    return np.array(boxes, np.float32).reshape(-1, 4)


def mirrored(one: Scene) -> Scene:
    def turned(boxes: Array) -> Array:
        return boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [1, 0, 1, 0]

    return Scene(np.ascontiguousarray(one.pixels[:, ::-1]), turned(one.boxes), turned(one.unsure))


def learned_of(eye: Eye, one: Scene, seed: int, *, mirror: bool = True) -> tuple[Array, Array]:
    """A scene is mirrored half of the time."""
    rng = np.random.default_rng(seed)
    one = mirrored(one) if mirror and rng.random() < 0.5 else one  # noqa: PLR2004
    seen, boxes = eye(one.pixels)
    boxes = boxes.clip(0, 1)
    fits = overlaps(boxes, one.boxes)
    best = fits.max(axis=1, initial=0)
    chosen = [np.argsort(-seen[:, 0])[:HARDEST], rng.integers(0, len(seen), ANY)]
    chosen += [np.argsort(-fits[:, thing])[:EACH] for thing in range(len(one.boxes))]
    places = np.unique(np.concatenate(chosen))
    places = places[~in_doubt(boxes, best, one.unsure)[places]]
    return seen[places], ((best[places] - 0.4) / 0.4).clip(0, 1).astype(np.float32)


def in_doubt(boxes: Array, best: Array, unsure: Array) -> Array:
    """Boxes of no thing that lie for the most part in a region where nothing is asked for."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    shared = common(boxes, unsure) / np.maximum(areas, 1e-9)[:, None]
    near = np.maximum(shared.max(axis=1, initial=0), 1.5 * overlaps(boxes, unsure).max(axis=1, initial=0))
    return (near > 0.5) & (best < 0.5)  # noqa: PLR2004


def common(some: Array, others: Array) -> Array:
    low = np.maximum(some[:, None, :2], others[None, :, :2])
    high = np.minimum(some[:, None, 2:], others[None, :, 2:])
    return (high - low).clip(0).prod(axis=2)


def overlaps(some: Array, others: Array) -> Array:
    """Intersection over union of each with each."""
    shared = common(some, others)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (some, others)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-12)


class Layers(torch.nn.Module):
    """Beside them the network's own log-odds, which come first in what is seen, so that it starts as the network."""

    def __init__(self, mean: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.mean, self.spread = mean, spread
        self.layers = torch.nn.Sequential(
            torch.nn.Dropout(DROPOUT),
            torch.nn.Linear(len(mean), HIDDEN),
            torch.nn.Hardswish(),
            torch.nn.Dropout(DROPOUT),
            torch.nn.Linear(HIDDEN, HIDDEN // 2),
            torch.nn.Hardswish(),
            torch.nn.Linear(HIDDEN // 2, 1),
        )
        torch.nn.init.zeros_(self.layers[-1].weight)
        torch.nn.init.zeros_(self.layers[-1].bias)
        self.skip = torch.nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        even = ((seen - self.mean) / self.spread).clamp(-5, 5)
        return self.layers(even)[:, 0] + self.skip[0] * seen[:, 0] + self.skip[1]


def trained(learned: list[Learned]) -> dict[str, Array]:
    seen, right, weight = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*learned, strict=True))
    net = Layers(seen.mean(0), seen.std(0) + 0.05)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    steps = max(1, PASSES * len(seen) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps + 2)
    for step in range(steps):
        some = torch.randint(len(seen), (min(BATCH, len(seen)),))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(seen[some]), right[some], weight=weight[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.4f}", file=sys.stderr, flush=True)
    return numbers_of(net)


def numbers_of(net: Layers) -> dict[str, Array]:
    found = {"mean": net.mean, "spread": net.spread, "skip": net.skip}
    for number, place in enumerate((1, 4, 6), 1):
        found |= {f"weight{number}": net.layers[place].weight.T, f"bias{number}": net.layers[place].bias}
    numbers = {name: np.ascontiguousarray(tensor.detach().numpy()) for name, tensor in found.items()}
    return numbers | {"calibration": np.array(CALIBRATION, np.float32)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
