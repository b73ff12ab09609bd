"""What people teach with the page's forms, and how the page answers."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar.params import QueryParameter

from pantrybox.errors import Malformed, OutOfRange
from pantrybox.names import Name
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Reader
from pantrybox.teaching import examples
from pantrybox.teaching.teacher import Lesson, Teacher
from pantrybox.vision.model import Box
from pantrybox.web.examples import MOST_CROPS, DetectionId, Fraction
from pantrybox.web.forms import filled_in

TAUGHT = Annotated[str | None, QueryParameter(pattern=rf"^\d{{1,18}}(,\d{{1,18}}){{0,{MOST_CROPS - 1}}}$")]
"""Examples that were just taught or taken back, for a page to tell."""
CHANGED = Annotated[int, QueryParameter(ge=0, le=10**9)]


class _Said(msgspec.Struct, frozen=True):
    """What a form says about boxes."""

    crop: Annotated[list[str], msgspec.Meta(max_length=MOST_CROPS)] = []
    """A photograph and a detection in it, with a blank between them; of none: the box that follows."""
    item_name: Name | None = None
    called: Name | None = None
    """One of several names that were offered; a form that offers some has a field for another name as well."""
    verdict: Literal["it_is", "it_is_not", "no_thing"] = "it_is"
    left: Fraction | None = None
    top: Fraction | None = None
    right: Fraction | None = None
    bottom: Fraction | None = None


class _TakenBack(msgspec.Struct, frozen=True):
    example: Annotated[list[DetectionId], msgspec.Meta(min_length=1, max_length=MOST_CROPS)] = []


class Told(msgspec.Struct, frozen=True):
    """What was just taught or taken back."""

    example_ids: list[int]
    item_name: str | None
    positive: bool
    taken_back: bool
    changed: int
    """So many other crops count as something else since."""


async def teach(body: bytes, teacher: Teacher, actor: Actor, capture_id: str = "") -> str:
    """What the next page is to be asked, for it to tell. `capture_id`: of the photograph that a box was drawn in."""
    said = filled_in(body, _Said, several=["crop"])
    learned = await teacher.teach(_lessons(said, capture_id), actor.name)
    return _query(learned.example_ids, learned.also_changed)


async def take_back(body: bytes, teacher: Teacher, actor: Actor) -> str:
    """What the next page is to be asked, for it to tell."""
    example_ids = filled_in(body, _TakenBack, several=["example"]).example
    return _query(example_ids, await teacher.take_back_all(example_ids, actor.name))


def _query(example_ids: Sequence[int], changed: int) -> str:
    return f"taught={','.join(str(one) for one in example_ids)}&changed={changed}"


def _lessons(said: _Said, capture_id: str) -> list[Lesson]:
    item_name = None if said.verdict == "no_thing" else said.called or said.item_name
    if item_name is None and said.verdict != "no_thing":
        raise OutOfRange("Say what it is.")
    positive = said.verdict == "it_is"
    if said.crop:
        found = [_crop(text) for text in said.crop]
        return [Lesson(capture, detection, None, item_name, positive) for capture, detection in found]
    return [Lesson(capture_id, None, _drawn(said), item_name, positive)]


def _crop(text: str) -> tuple[str, int]:
    capture_id, _, detection_id = text.partition(" ")
    if not detection_id.isascii() or not detection_id.isdigit() or len(detection_id) > 18:  # noqa: PLR2004 - of 64 bits
        raise Malformed("This is not what a form of the page sends.")
    return capture_id, int(detection_id)


def _drawn(said: _Said) -> Box:
    if said.left is None or said.top is None or said.right is None or said.bottom is None:
        raise OutOfRange("Choose something first.")
    return Box(said.left, said.top, said.right, said.bottom)


def told(reader: Reader, taught: str | None, changed: int) -> Told | None:
    """None when nothing was."""
    ids = [int(one) for one in taught.split(",")] if taught else []
    known = [one for example_id in ids if (one := examples.by_id(reader, example_id))]
    if not known:
        return None
    first = known[0]
    back = first.taken_back_at_ms is not None
    return Told([one.id for one in known], first.item_name, first.positive, back, changed)
