"""How alike is alike: what the thresholds of the review queue do with things that the embedder never saw.

    .venv/bin/python -m benchmarks.likeness --data ../shared/data/grocery_store

The photographs are those that the embedder's head was learned on (train only). In each of five worlds it is learned
anew on 41 of the 81 classes; eight photographs of each of the other 40 are put into the queue in random order. Printed
for each threshold, as means over the worlds: purity (the part of the crops that are of their group's commonest class),
groups a class, and the part of the crops that are not alone. Features are made once and kept: ten minutes on one core.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.teaching.likeness import LEARNED, PLAIN, Scale, alike
from pantrybox.vision.embedder import quantised
from pantrybox.vision.recognition import directions
from scripts import train_head

WORLDS = 5
CROPS = 8
"""Of each class."""
TRIED = {
    "learned": (LEARNED, (0.40, 0.44, 0.48, 0.50, 0.52, 0.54, 0.56, 0.60)),
    "plain": (PLAIN, (0.80, 0.84, 0.86, 0.88, 0.90, 0.92)),
}


class Result(NamedTuple):
    purity: float
    groups_a_class: float
    together: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=train_head.ROOT.parent / "shared/data/grocery_store")
    parser.add_argument("--cache", type=Path, default=train_head.ROOT / "build/head")
    asked = parser.parse_args()
    train = train_head.looked_at(asked, "train", train_head.Log())
    for name, (scale, thresholds) in TRIED.items():
        queues = [queue_of(train, world, learned=name == "learned") for world in train_head.worlds(0)[:WORLDS]]
        print(f"\n{name:8} purity  groups a class  together")
        for threshold in thresholds:
            tried = msgspec.structs.replace(scale, like=threshold)
            mean = Result(*np.mean([judged(*queue, tried) for queue in queues], axis=0))
            print(f"   {threshold:.2f}    {mean.purity:.3f}  {mean.groups_a_class:14.2f}  {mean.together:8.2f}")
        print_pairs(queues)


def queue_of(
    train: train_head.Photographs, world: train_head.World, *, learned: bool
) -> tuple[list[bytes], NDArray[np.intp]]:
    """Vectors of strange things in random order, and their classes."""
    random = np.random.default_rng(world.seed)
    chosen = [random.choice(np.flatnonzero(train.kinds == kind), CROPS, replace=False) for kind in world.strange]
    ranks = random.permutation(np.concatenate(chosen))
    seen = np.isin(train.kinds, world.seen)
    head = train_head.learn(train.whole[seen], train.kinds[seen])
    rows = head.vectors(train.whole[ranks]) if learned else quantised(train.whole[ranks])
    return [row.tobytes() for row in rows], train.kinds[ranks]


def judged(vectors: Sequence[bytes], kinds: NDArray[np.intp], scale: Scale) -> Result:
    groups = [kinds[group] for group in alike(vectors, range(len(vectors)), scale)]
    return Result(
        purity=sum(int(np.bincount(group).max()) for group in groups) / len(kinds),
        groups_a_class=len(groups) / len(np.unique(kinds)),
        together=sum(len(group) for group in groups if len(group) > 1) / len(kinds),
    )


def print_pairs(queues: Sequence[tuple[list[bytes], NDArray[np.intp]]]) -> None:
    """Where the cosines lie: what tells `like_in_place`."""
    same: list[NDArray[np.float32]] = []
    other: list[NDArray[np.float32]] = []
    for vectors, kinds in queues:
        crops = directions(vectors)
        cosines, alike_kinds = crops @ crops.T, kinds[:, None] == kinds[None, :]
        same.append(cosines[alike_kinds & ~np.eye(len(kinds), dtype=bool)])
        other.append(cosines[~alike_kinds])
    for name, part in (("one class", same), ("two classes", other)):
        low, middle, high = np.quantile(np.concatenate(part), (0.05, 0.5, 0.95))
        print(f"   cosines of {name}: 5 % below {low:.2f}, half below {middle:.2f}, 95 % below {high:.2f}")


if __name__ == "__main__":
    main()
