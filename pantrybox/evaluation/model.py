"""Labelled photographs, whatever form their labels were written in."""

import re
from pathlib import Path
from typing import Literal

import msgspec

from pantrybox.errors import PantryError
from pantrybox.names import folded

Form = Literal["coco", "voc", "classes"]
Part = Literal["teach", "check", "test"]
"""What its makers meant a photograph for; `check` is a validation set."""
Kind = Literal["thing", "difficult", "crowd"]
"""`difficult` need not be found; `crowd` is a region with too many things to mark one by one."""
Edges = tuple[float, float, float, float]


class Label(msgspec.Struct, frozen=True):
    """What a person marked in a photograph."""

    name: str | None
    """None: somebody marked it and did not say what it is."""
    edges: Edges | None
    """Left, top, right, bottom in pixels of the photograph's `size`; None: the whole picture."""
    kind: Kind = "thing"


class Photograph(msgspec.Struct, frozen=True):
    path: Path
    name: str
    """Of the file within the folder, with `/` between."""
    labels: tuple[Label, ...]
    size: tuple[int, int] | None = None
    """(width, height) in pixels that the labels were made for; None: nobody wrote it down."""
    part: Part | None = None


class LeftOut(msgspec.Struct, frozen=True):
    """A file, or something in it, that was not used."""

    file: str
    reason: str


class LabelledFolder(msgspec.Struct, frozen=True):
    form: Form
    photographs: tuple[Photograph, ...]
    """By name."""
    left_out: tuple[LeftOut, ...] = ()
    flaws: dict[str, int] = {}
    """What was wrong with single labels, and how often."""

    @property
    def with_boxes(self) -> bool:
        return self.form != "classes"


class NotLabelled(PantryError):
    """A folder without labels that can be read."""


def one_spelling(photographs: tuple[Photograph, ...]) -> tuple[Photograph, ...]:
    """Names that are the same to a person are the same item, in the spelling that comes first."""
    spelling: dict[str, str] = {}

    def spelt(label: Label) -> Label:
        if label.name is None:
            return label
        return msgspec.structs.replace(label, name=spelling.setdefault(folded(label.name), label.name))

    return tuple(
        msgspec.structs.replace(photograph, labels=tuple(spelt(label) for label in photograph.labels))
        for photograph in photographs
    )


PARTS: dict[str, Part] = {
    "train": "teach",
    "training": "teach",
    "trainval": "teach",
    "teach": "teach",
    "val": "check",
    "valid": "check",
    "validation": "check",
    "test": "test",
    "testing": "test",
}


def part_of(*names: str) -> Part | None:
    """What the names of a file and its folders say it is for: `annotations/instances_val2017` is `check`.

    The first name that says something counts.
    """
    for name in names:
        for word in re.findall(r"[a-z]+", name.lower()):
            if word in PARTS:
                return PARTS[word]
    return None


def parted(photographs: tuple[Photograph, ...]) -> tuple[Photograph, ...]:
    """The photographs with a part to teach from and one to test on, or all with none.

    Where there is a test set, the one for checking is left alone; where there is none, it is the test set.
    """
    parts = {photograph.part for photograph in photographs}
    tested: Part = "test" if "test" in parts else "check"
    if not {"teach", tested} <= parts:
        return tuple(msgspec.structs.replace(photograph, part=None) for photograph in photographs)
    return tuple(
        msgspec.structs.replace(photograph, part="teach" if photograph.part == "teach" else "test")
        for photograph in photographs
        if photograph.part in {"teach", tested}
    )
