#!/usr/bin/env python3
"""Learns what the recogniser knows before a household teaches it: how crops of one thing vary, and when to say unknown.

Reads photographs of 81 kinds of groceries (folders train/ and test/, lists train.txt and test.txt), looks at each once
with the shipped network, keeps the features, and writes pplcnetv2-head.npz and its log. No test photograph is used to
learn or to choose anything; --judge looks at them, for the record.
"""

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pantrybox.vision.embedder import Embedder, Head, projected, quantised, read_head
from pantrybox.vision.manifest import SHIPPED_EMBEDDER, shipped
from pantrybox.vision.model import Box
from pantrybox.vision.recognition import Example, Gallery, Gate, Prior

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "pantrybox" / "vision" / "models"
WHOLE = Box(0.0, 0.0, 1.0, 1.0)

# Chosen on folds of classes and of photographs of train: docs/design/recognition.md.
COMPONENTS = 300  # principal ones, before anything is learned
DIMS = 256
SHRINK_WITHIN = 0.2
SHRINK_BETWEEN = 0.2
COHORT = 400
TEMPERATURE = 9.0
GATE_WORLDS = 10
CHUNK = 60  # photographs whose features are kept together
TEACHING_PART = 0.6  # of the photographs, where a draw says which teach
ROUGH_EVERY = 4  # photographs of which a rough and a poor box are looked at too

Rows = NDArray[np.float32]
EXAMPLES = """examples:
  python scripts/train_head.py                    learn the head anew, into the package (about ten minutes on one core)
  python scripts/train_head.py --check            learn it and compare with the one in the package, change nothing
  python scripts/train_head.py --judge            measure the one in the package on the test photographs
"""


class Photographs(NamedTuple):
    """Features of whole photographs, and of boxes that fit badly on some of them."""

    whole: Rows
    kinds: NDArray[np.intp]
    rough: Rows  # a box that cuts something off and takes something else in
    rough_kinds: NDArray[np.intp]
    poor: Rows  # beside each rough one: a box around a small part


def main(arguments: Sequence[str]) -> int:
    asked = parse(arguments)
    log = Log()
    if asked.judge:
        judge(looked_at(asked, "train", log), looked_at(asked, "test", log), committed(), log)
        return 0
    train = looked_at(asked, "train", log)
    folds(train, asked.seed, log)
    data = learned(train, asked.seed, log)
    if asked.check:
        return compare(data, train, log)
    publish(data, asked.seed, log)
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/grocery_store", metavar="DIR")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / "build/head", metavar="DIR", help="where features are kept"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="write nothing; compare with the head in the package")
    parser.add_argument("--judge", action="store_true", help="measure the head in the package on test photographs")
    return parser.parse_args(arguments)


class Log:
    """What is printed, kept to be written beside the result."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)


# Looking


def looked_at(asked: argparse.Namespace, split: str, log: Log) -> Photographs:
    """Features of a split; those kept by an earlier run are not made again."""
    rows = [line.split(", ") for line in (asked.data / f"{split}.txt").read_text().splitlines()]
    asked.cache.mkdir(parents=True, exist_ok=True)
    chunks = [chunk(asked, split, start, rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    features = np.concatenate([c["whole"] for c in chunks])
    kinds = np.array([int(row[1]) for row in rows])
    some = kinds[::ROUGH_EVERY]
    log.say(f"{split}: {len(rows)} photographs of {len(set(kinds.tolist()))} classes")
    rough, poor = (np.concatenate([c[name] for c in chunks]) for name in ("rough", "poor"))
    return Photographs(features, kinds, rough, some, poor)


def chunk(asked: argparse.Namespace, split: str, start: int, rows: Sequence[Sequence[str]]) -> dict[str, Rows]:
    kept = asked.cache / f"{split}-{start:05d}.npz"
    if not kept.exists():
        print(f"{split}: looking at photograph {start} and after", file=sys.stderr, flush=True)
        found = looked(asked.data, start, rows)
        partial = kept.with_suffix(".partial.npz")
        np.savez(partial, **{name: np.stack(values) for name, values in found.items()})
        partial.replace(kept)
    with np.load(kept) as held:
        return {name: held[name] for name in held.files}


def looked(data: Path, start: int, rows: Sequence[Sequence[str]]) -> dict[str, list[Rows]]:
    found: dict[str, list[Rows]] = {"whole": [], "rough": [], "poor": []}
    for number, row in enumerate(rows, start=start):
        with Image.open(data / row[0]) as image:
            pixels = np.asarray(image.convert("RGB"))
        random = np.random.default_rng(number)
        boxes = [WHOLE]
        if number % ROUGH_EVERY == 0:
            boxes += [part(random, 0.55, 0.9), part(random, 0.15, 0.45)]
        for name, features in zip(found, network().features(pixels, boxes), strict=False):
            found[name].append(features)
    return found


def part(random: np.random.Generator, least: float, most: float) -> Box:
    """A box somewhere in the picture, whose sides are so long a part of it."""
    width, height = random.uniform(least, most, 2)
    left, top = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
    return Box(left, top, left + width, top + height)


_networks: list[Embedder] = []


def network() -> Embedder:
    if not _networks:
        features = 1024 + 720
        blank = Head("none", np.zeros(features, np.float32), np.zeros((features, 1), np.float32))
        _networks.append(Embedder(*shipped(SHIPPED_EMBEDDER), blank, Prior()))
    return _networks[0]


# Learning


class Learned(NamedTuple):
    head: Head
    between: NDArray[np.float64]

    def prior(self, cohort: NDArray[np.int8], gate: Gate) -> Prior:
        return Prior(tuple(self.between.tolist()), cohort.tobytes(), TEMPERATURE, gate)

    def vectors(self, features: Rows) -> NDArray[np.int8]:
        return quantised(projected(features, self.head))


def learn(features: Rows, kinds: NDArray[np.intp]) -> Learned:
    """The projection after which crops of one class vary by 1 in every direction and classes by `between`."""
    mean = features.mean(axis=0)
    components = largest(np.cov((features - mean).T), COMPONENTS)[1]
    rows = (features - mean) @ components
    classes, index, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    means = np.stack([rows[index == i].mean(axis=0) for i in range(len(classes))])
    away = rows - means[index]
    within = shrunk(away.T @ away / (len(rows) - len(classes)), SHRINK_WITHIN)
    values, axes = np.linalg.eigh(within)
    whitening = axes / np.sqrt(values)
    # The means of few photographs differ by chance too: that part is taken off.
    spread = np.cov((means @ whitening).T) - np.eye(COMPONENTS) * (1 / counts).mean()
    between, axes = largest(shrunk(spread, SHRINK_BETWEEN), DIMS)
    # Rounded as it is kept, so that what is measured here is what ships.
    projection = (components @ whitening @ axes).astype(np.float16).astype(np.float32)
    return Learned(Head("learned", mean.astype(np.float32), projection), np.maximum(between, 1e-3))


def shrunk(covariance: NDArray[Any], part: float) -> NDArray[Any]:
    """Towards the same variance in all directions."""
    size = max(np.trace(covariance) / len(covariance), 1e-6)
    return (1 - part) * covariance + part * size * np.eye(len(covariance))


def largest(covariance: NDArray[Any], count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    values, axes = np.linalg.eigh(covariance)
    return values[::-1][:count], axes[:, ::-1][:, :count]


def cohort_of(head: Learned, features: Rows, random: np.random.Generator) -> NDArray[np.int8]:
    return head.vectors(features[random.choice(len(features), COHORT, replace=False)])


def learned(train: Photographs, seed: int, log: Log) -> bytes:
    """The file that ships: the head from all classes, the gate from worlds whose classes no head had seen."""
    gate = gate_from(train, worlds(seed), log)
    head = learn(train.whole, train.kinds)
    random = np.random.default_rng(seed)
    held = io.BytesIO()
    np.savez(
        held,
        mean=head.head.mean,
        projection=head.head.projection.astype(np.float16),
        between=head.between.astype(np.float32),
        cohort=cohort_of(head, train.whole, random),
        temperature=np.float32(TEMPERATURE),
        gate=np.array(gate, dtype=np.float32),
    )
    return held.getvalue()


# The gate: households that know some of the classes that a head never saw


class World(NamedTuple):
    seed: int
    seen: NDArray[np.intp]
    """Classes that the head may learn from."""
    strange: NDArray[np.intp]
    """Classes that it never sees: some are taught, some are not."""


SETUPS = ((1, 10), (1, 14), (2, 10), (3, 8), (3, 14), (5, 10), (5, 14), (7, 12))
"""Examples an item, and items."""


def worlds(seed: int) -> list[World]:
    made = []
    for number in range(GATE_WORLDS):
        order = np.random.default_rng([seed, number]).permutation(81)
        made.append(World(number, order[:41], order[41:]))
    return made


def gate_from(train: Photographs, chosen: Sequence[World], log: Log) -> Gate:
    inputs, taught = gate_inputs(train, chosen)
    weights = logistic(inputs, taught)
    gate = Gate(*weights.tolist())
    log.say(f"gate, from {len(taught)} crops: " + ", ".join(f"{n} {w:.3f}" for n, w in gate._asdict().items()))
    return gate


def gate_inputs(train: Photographs, chosen: Sequence[World]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(n, 3) what the gate weighs, and (n,) whether the crop's class had been taught."""
    found = [one for world in chosen for one in asked_in(train, world)]
    return np.concatenate([i for i, _ in found]), np.concatenate([t for _, t in found])


def asked_in(train: Photographs, world: World) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    seen = np.isin(train.kinds, world.seen)
    head = learn(train.whole[seen], train.kinds[seen])
    random = np.random.default_rng([world.seed, 1])
    prior = head.prior(cohort_of(head, train.whole[seen], random), Gate())
    unlike = unlike_halves(train)
    for number, (examples, items) in enumerate(SETUPS):
        known = random.permutation(world.strange)[: min(items, len(world.strange) // 2 + 4)]
        teach = unlike if number % 2 else random.random(len(train.kinds)) < TEACHING_PART
        gallery = taught_gallery(head, prior, train, draw(train.kinds, teach, known, examples, random))
        for crops, taught in crops_to_ask(train, world, teach, known):
            yield gallery.gate_inputs([row.tobytes() for row in head.vectors(crops)]), taught.astype(float)


def crops_to_ask(
    train: Photographs, world: World, teach: NDArray[Any], known: NDArray[Any]
) -> Iterator[tuple[Rows, NDArray[Any]]]:
    """Photographs that taught nothing, rough boxes (still the thing), poor ones (a thing no more)."""
    rest = ~teach & np.isin(train.kinds, world.strange)
    yield train.whole[rest], np.isin(train.kinds[rest], known)
    rest = np.isin(train.rough_kinds, world.strange)
    yield train.rough[rest], np.isin(train.rough_kinds[rest], known)
    yield train.poor[rest], np.zeros(rest.sum(), dtype=bool)


def logistic(inputs: NDArray[Any], taught: NDArray[Any]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method; taught and untaught weigh the same. The offset comes last."""
    rows = np.hstack([inputs, np.ones((len(inputs), 1))])
    weight = np.where(taught > 0, 0.5 / taught.mean(), 0.5 / (1 - taught.mean()))
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (weight * (taught - chance)) - 1e-3 * found
        bend = (rows * (weight * chance * (1 - chance))[:, None]).T @ rows + 1e-3 * np.eye(len(found))
        found = found + np.linalg.solve(bend, slope)
    return found


# Teaching and measuring


def unlike_halves(train: Photographs) -> NDArray[np.bool_]:
    """Which photographs teach, so that those that judge look different: the two sides of each class's main axis.

    The order of the photographs would not do: those of one shelf stand on both sides, and the test photographs
    are from other shelves.
    """
    teach = np.zeros(len(train.kinds), dtype=bool)
    for kind in np.unique(train.kinds):
        rows = np.flatnonzero(train.kinds == kind)
        away = train.whole[rows] - train.whole[rows].mean(axis=0)
        along = away @ np.linalg.svd(away, full_matrices=False)[2][0]
        teach[rows] = (along < np.median(along)) == bool(kind % 2)
    return teach


def draw(
    kinds: NDArray[Any], teach: NDArray[Any], known: NDArray[Any], examples: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """Rows of so many photographs of each class, or all that teach."""
    offered = [np.flatnonzero(teach & (kinds == kind)) for kind in np.sort(known)]
    return np.concatenate([random.choice(rows, min(examples, len(rows)), replace=False) for rows in offered])


def taught_gallery(head: Learned, prior: Prior, photographs: Photographs, rows: NDArray[np.intp]) -> Gallery:
    vectors = head.vectors(photographs.whole[rows])
    return Gallery.of(
        (
            Example(
                int(row), int(photographs.kinds[row]), positive=True, vector=vector.tobytes(), device_id="", box=WHOLE
            )
            for row, vector in zip(rows, vectors, strict=True)
        ),
        prior,
    )


class Figures(NamedTuple):
    top1: float
    top3: float
    auroc: float
    """Of the confidence, between crops of taught classes and of others; NaN without others."""
    ece: float
    """Expected calibration error of the best suggestion's confidence, ten bins."""


def measured(gallery: Gallery, head: Learned, features: Rows, kinds: NDArray[Any]) -> Figures:
    vectors = [row.tobytes() for row in head.vectors(features)]
    answers = gallery.recognise(vectors, [WHOLE] * len(vectors), "elsewhere")
    taught = np.isin(kinds, list(gallery.items))
    offered = [[s.item_id for s in answer.suggestions] for answer in answers]
    first = np.array([o[:1] == [k] for o, k in zip(offered, kinds, strict=True)])
    among = np.array([k in o for o, k in zip(offered, kinds, strict=True)])
    confidence = np.array([answer.confidence for answer in answers])
    return Figures(
        float(first[taught].mean()),
        float(among[taught].mean()),
        auroc(confidence[taught], confidence[~taught]),
        calibration_error(confidence, first),
    )


def auroc(known: NDArray[Any], unknown: NDArray[Any]) -> float:
    """The chance that a known one scores higher than an unknown one (ties count half)."""
    if not len(known) or not len(unknown):
        return float("nan")
    order = np.sort(unknown)
    below, upto = np.searchsorted(order, known, "left"), np.searchsorted(order, known, "right")
    return float((below + upto).mean() / 2 / len(unknown))


def calibration_error(confidence: NDArray[Any], right: NDArray[Any]) -> float:
    bins = np.minimum((confidence * 10).astype(int), 9)
    return sum(
        (bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean()) for b in np.unique(bins)
    )


def folds(train: Photographs, seed: int, log: Log) -> None:
    """How it does on classes that nothing was learned from: neither the head nor the gate."""
    log.say("Classes never seen, all of train's; unlike halves teach and judge:")
    unlike = unlike_halves(train)
    for examples in (1, 3, 5):
        closed, gated = [], []
        for world in worlds(seed + 1)[:5]:
            head, prior = strict(train, world)
            random = np.random.default_rng([world.seed, examples])
            for known, found in ((world.strange, closed), (world.strange[:20], gated)):
                gallery = taught_gallery(head, prior, train, draw(train.kinds, unlike, known, examples, random))
                rest = ~unlike & np.isin(train.kinds, world.strange)
                found.append(measured(gallery, head, train.whole[rest], train.kinds[rest]))
        tell(log, f"  {examples} examples, 40 taught", closed)
        tell(log, f"  {examples} examples, 20 of 40 taught", gated)


def strict(train: Photographs, world: World) -> tuple[Learned, Prior]:
    """From the world's seen classes only: even its gate comes from a part of them that an inner head never saw."""
    seen = np.isin(train.kinds, world.seen)
    head = learn(train.whole[seen], train.kinds[seen])
    turns = [np.roll(world.seen, 10 * turn) for turn in range(4)]
    inner = [World(100 + turn, order[:25], order[25:]) for turn, order in enumerate(turns)]
    gate = Gate(*logistic(*gate_inputs(train, inner)).tolist())
    return head, head.prior(cohort_of(head, train.whole[seen], np.random.default_rng(0)), gate)


def tell(log: Log, what: str, figures: Sequence[Figures]) -> None:
    table = np.array(figures)
    words = [f"{name} {table[:, i].mean():.3f} +-{table[:, i].std():.3f}" for i, name in enumerate(Figures._fields)]
    log.say(f"{what}: " + ", ".join(words[: 4 if not np.isnan(table[:, 2]).any() else 2]))


def committed() -> bytes:
    return (MODELS / f"{SHIPPED_EMBEDDER}-head.npz").read_bytes()


def judge(train: Photographs, test: Photographs, data: bytes, log: Log) -> None:
    """On test photographs, taught from train: what ships, and heads that never saw the classes they are asked for."""
    head, prior = opened(data)
    for examples in (1, 3, 5):
        for untaught in (0, 20):
            draws = [judged(train, test, head, prior, examples, untaught, seed) for seed in range(5)]
            tell(log, f"shipped, {examples} examples, {81 - untaught} of 81 taught", draws)
    for examples in (1, 3, 5):
        for untaught in (0, 20):
            draws = [unseen(train, test, examples, untaught, world) for world in worlds(1)[:5]]
            tell(log, f"classes unseen by head and gate, {examples} examples, {81 - untaught} of 81 taught", draws)


def opened(data: bytes) -> tuple[Learned, Prior]:
    head, prior = read_head(SHIPPED_EMBEDDER, data)
    return Learned(head, np.array(prior.between)), prior


def judged(
    train: Photographs, test: Photographs, head: Learned, prior: Prior, examples: int, untaught: int, seed: int
) -> Figures:
    random = np.random.default_rng(seed)
    known = random.permutation(81)[untaught:]
    everything = np.ones(len(train.kinds), dtype=bool)
    gallery = taught_gallery(head, prior, train, draw(train.kinds, everything, known, examples, random))
    return measured(gallery, head, test.whole, test.kinds)


def unseen(train: Photographs, test: Photographs, examples: int, untaught: int, world: World) -> Figures:
    """All the seen classes are taught too, and stand in the way; only the strange ones are asked for."""
    head, prior = strict(train, world)
    random = np.random.default_rng(world.seed)
    known = np.concatenate([world.seen, world.strange[untaught:]])
    everything = np.ones(len(train.kinds), dtype=bool)
    gallery = taught_gallery(head, prior, train, draw(train.kinds, everything, known, examples, random))
    rest = np.isin(test.kinds, world.strange)
    return measured(gallery, head, test.whole[rest], test.kinds[rest])


# Publishing


def publish(data: bytes, seed: int, log: Log) -> None:
    file = MODELS / f"{SHIPPED_EMBEDDER}-head.npz"
    file.write_bytes(data)
    manifest = MODELS / f"{SHIPPED_EMBEDDER}.json"
    told = json.loads(manifest.read_text())
    told["head"] = {
        "file": file.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "made_with": f"scripts/train_head.py --seed {seed}",
    }
    manifest.write_text(as_manifest(told))
    log.say(f"wrote {file.name}, {len(data)} bytes, SHA-256 {told['head']['sha256']}")
    (ROOT / "docs/training").mkdir(exist_ok=True)
    (ROOT / "docs/training/head.log").write_text("\n".join(log.lines) + "\n")


def as_manifest(told: dict[str, Any]) -> str:
    """Indented, but the three numbers of a channel on one line."""
    text = json.dumps(told, indent=2, ensure_ascii=False)
    for name in ("mean", "std"):
        spread = json.dumps(told["input"][name], indent=2).replace("\n", "\n    ")
        text = text.replace(spread, json.dumps(told["input"][name]))
    return text + "\n"


ALIKE = 0.999


def compare(data: bytes, train: Photographs, log: Log) -> int:
    """Whether the two heads call the same crops alike: another machine's arithmetic may turn an axis round."""
    (ours, _), (theirs, _) = opened(data), opened(committed())
    some = train.whole[::20]
    cosines = [unit(h.vectors(some).astype(np.float64)) for h in (ours, theirs)]
    likeness = float(np.corrcoef(*((c @ c.T).ravel() for c in cosines))[0, 1])
    log.say(f"same bytes: {data == committed()}; correlation of all cosines: {likeness:.6f}")
    return 0 if likeness >= ALIKE else 1


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
