"""Prove a data folder: every row has its whole file, every file its row, every count its proof."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Literal

from pantrybox.captures import queries as captures
from pantrybox.inventory import ledger, places, shelves, states
from pantrybox.inventory.belief import UNSEEN, Belief
from pantrybox.inventory.fold import refolded
from pantrybox.inventory.observations import look_count
from pantrybox.inventory.shelf import Shelf
from pantrybox.storage.database import Reader
from pantrybox.storage.image_files import ImageFiles

Step = Literal["read", "folded"]
"""What becomes of each photograph: first its image is read, then what was seen in it is folded once more."""
Progress = Callable[[Step, int, int], None]
"""Called now and then with how many photographs a step is through with and how many there are."""


_A_FEW = 100


def problems(reader: Reader, images: ImageFiles, names: set[str], progress: Progress) -> list[str]:
    """Everything that is not as docs/design/storage.md says, as sentences; empty when all is sound.

    `names` are the files that were there *before* the snapshot that `reader` shows was taken:
    an upload between the two then has its row, and is no orphan.
    """
    return [
        *_image_problems(reader, images, progress),
        *_orphans(reader, names),
        *_counter_problems(reader),
        *ledger_problems(reader),
        *belief_problems(reader, progress),
    ]


def _image_problems(reader: Reader, images: ImageFiles, progress: Progress) -> Iterator[str]:
    stored = captures.stored_images(reader)
    for done, image in enumerate(stored, start=1):
        try:
            data = images.path(image.image_path).read_bytes()
        except OSError as error:
            yield f"capture {image.id}: its image {image.image_path} cannot be read ({error.strerror})"
        else:
            if len(data) != image.size_bytes:
                yield f"capture {image.id}: its image has {len(data)} of {image.size_bytes} bytes"
            elif hashlib.sha256(data).digest() != image.sha256:
                yield f"capture {image.id}: its image is not the one that was received"
        if done % _A_FEW == 0 or done == len(stored):
            progress("read", done, len(stored))


def _orphans(reader: Reader, names: set[str]) -> Iterator[str]:
    for name in sorted(captures.without_row(reader, names)):
        yield f"images/{name}: no capture claims this file"


def _counter_problems(reader: Reader) -> Iterator[str]:
    for device_id in captures.miscounted(reader):
        yield f"device {device_id}: its counters of photographs are not what its photographs add up to"


def ledger_problems(reader: Reader) -> Iterator[str]:
    """Where a confirmed count is not what the ledger sums to."""
    for gap in ledger.ledger_gaps(reader):
        yield (
            f"{gap.item_name} in {gap.place_name}: the confirmed count is {gap.confirmed_count} "
            f"and the ledger sums to {gap.ledger_sum}"
        )


def belief_problems(reader: Reader, progress: Progress | None = None) -> Iterator[str]:
    """Where a stored belief is not what the evidence folds to; places that wait to be folded again aside."""
    waiting = places.outdated(reader)
    judged = {place: look_count(reader, place.id) for place in places.places(reader) if place.id not in waiting}
    before, total = 0, sum(judged.values())
    for place, count in judged.items():
        if _stored(reader, place.id) != _following(reader, place.id, _counted(progress, before, total)):
            yield f"{place.name}: what is believed does not follow from what was seen and said"
        before += count


def _counted(progress: Progress | None, before: int, total: int) -> Callable[[int], None] | None:
    """Of one place, among the photographs of all of them."""
    return progress and (lambda done: progress("folded", before + done, total))


def _stored(reader: Reader, place_id: int) -> tuple[Shelf, dict[int, Belief]]:
    stock = states.stock_at(reader, place_id)
    beliefs = {item_id: stand.belief for item_id, stand in stock.items() if stand.belief != UNSEEN}
    return shelves.shelf_at(reader, place_id), beliefs


def _following(
    reader: Reader, place_id: int, progress: Callable[[int], None] | None
) -> tuple[Shelf, dict[int, Belief]]:
    shelf = refolded(reader, place_id, progress).shelf
    return shelf, {item_id: belief for item_id, belief in shelf.beliefs().items() if belief != UNSEEN}
