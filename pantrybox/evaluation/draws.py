"""Which labelled things are taught, and on which photographs the result is tried: drawn by chance. Pure."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
import numpy as np

T = TypeVar("T")

Offers = Mapping[str, Sequence[tuple[int, str]]]
"""By the photograph's name: the labelled things in it that can be taught, as (index, name)."""


class Pools(msgspec.Struct, frozen=True):
    """Photographs by name. Those in both serve one purpose a draw: whatever gave an example is not tested on."""

    teach: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def shared(self) -> bool:
        return bool(set(self.teach) & set(self.test))


class Draw(msgspec.Struct, frozen=True):
    examples: dict[str, tuple[tuple[str, int], ...]]
    """By the thing's name, in the order in which they are taught: (photograph, index of the thing in it)."""
    test: tuple[str, ...]
    """Photographs that gave no example."""

    @property
    def taught_from(self) -> frozenset[str]:
        return frozenset(photograph for examples in self.examples.values() for photograph, _ in examples)


def drawn(offers: Offers, pools: Pools, most: int, seed: int, number: int) -> Draw:
    """Draw `number`: up to `most` examples of each name, so that the first n of them are the draw for n.

    Photographs are taken by chance, and of each all the things that are still wanted. From photographs
    that could be tested on as well at most half are taken.
    """
    chance = np.random.default_rng([seed, number])
    order = shuffled(pools.teach, chance)
    room = len(order) // 2 if pools.shared else len(order)
    examples: dict[str, list[tuple[str, int]]] = {}
    gave: set[str] = set()
    for photograph in order:
        if len(gave) == room:
            break
        for index, name in shuffled(offers.get(photograph, ()), chance):
            if len(taken := examples.setdefault(name, [])) < most:
                taken.append((photograph, index))
                gave.add(photograph)
    test = tuple(name for name in pools.test if name not in gave)
    return Draw({name: tuple(taken) for name, taken in sorted(examples.items())}, test)


def shuffled(things: Sequence[T], chance: np.random.Generator) -> list[T]:
    return [things[index] for index in chance.permutation(len(things)).tolist()]


def halves(by_class: Mapping[str, Sequence[str]], seed: int) -> Pools:
    """Photographs of one thing each, half of every class's (rather more) to teach from and half to test on."""
    chance = np.random.default_rng(seed)
    teach: list[str] = []
    test: list[str] = []
    for _, photographs in sorted(by_class.items()):
        order = shuffled(photographs, chance)
        middle = (len(order) + 1) // 2
        teach += order[:middle]
        test += order[middle:]
    return Pools(tuple(sorted(teach)), tuple(sorted(test)))


def untaught(names: Sequence[str], wanted: int | None, seed: int, number: int) -> frozenset[str]:
    """Names that are left untaught in draw `number`: a quarter of them at most 20, or `wanted` and at most half."""
    most = min(20, len(names) // 4) if wanted is None else min(wanted, len(names) // 2)
    chance = np.random.default_rng([seed, number, 1])
    return frozenset(shuffled(names, chance)[:most])
