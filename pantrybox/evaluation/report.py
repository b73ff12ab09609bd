"""What an evaluation found out, as it is printed and as programs read it. Rates are 0 to 1."""

import statistics
from collections.abc import Sequence

import msgspec

from pantrybox.evaluation.model import Form, LeftOut


class Spread(msgspec.Struct, frozen=True):
    """One figure over several draws."""

    mean: float
    spread: float | None
    """Standard deviation between draws (n - 1); None for a single one."""
    draws: tuple[float, ...]


def spread(values: Sequence[float | None]) -> Spread | None:
    """None when no draw gave a figure."""
    known = tuple(value for value in values if value is not None)
    if not known:
        return None
    return Spread(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None, known)


class Size(msgspec.Struct, frozen=True):
    things: int
    ap50: float | None


class Finding(msgspec.Struct, frozen=True):
    """Whether things are found at all, whatever they are called."""

    things: int
    ap50: float | None
    by_size: dict[str, Size]
    recall_at_100: float | None
    """With the best 100 boxes a photograph."""
    counted_score: float
    """From this score on the box counts a thing; the next two are measured there."""
    recall_counted: float | None
    precision_counted: float | None


class Naming(msgspec.Struct, frozen=True):
    """Whether things are found and given the right name. AP50 of each taught item, and the mean of these."""

    examples: int
    naming_map50: Spread | None
    """Every suggestion of every box is ranked by its confidence, given or not: how well names are ranked."""
    naming_map50_named: Spread | None
    """The given name alone: what the stock is counted from."""
    items: float
    """Taught and present in the photographs tested on; mean over draws."""


class Recognising(msgspec.Struct, frozen=True):
    """Whether a thing in a box that a person drew is called by its name."""

    examples: int
    top1: Spread | None
    """The best suggestion is right, whether or not it is sure enough to be given."""
    top3: Spread | None
    given: Spread | None
    """The part that is given a name at all."""
    given_right: Spread | None
    """Of those, the part that is right."""
    crops: float
    items: float


class Gate(msgspec.Struct, frozen=True):
    """Whether the box knows what it does not know: some items are left untaught and asked for with the others."""

    examples: int
    untaught: int
    auroc: Spread | None
    """The chance that a taught thing gets a higher confidence, in its best suggestion, than an untaught one."""
    auroc_together: Spread | None
    """The same by the confidence in all suggestions together."""
    refused: Spread | None
    """The part of the untaught things that is given no name."""
    refused_taught: Spread | None
    """The part of the taught things that is given none."""


class Counting(msgspec.Struct, frozen=True):
    """What a single photograph says about the stock, before the belief smooths it."""

    examples: int
    items_miscounted: Spread | None
    """Items a photograph whose number is wrong."""
    of_items: Spread | None
    """Of so many items a photograph: those that are there or are seen there."""
    difference: Spread | None
    """Mean of |seen - there| over these."""
    things_difference: Spread | None
    """Mean a photograph of |things counted, whatever they are called - things there|."""


class Times(msgspec.Struct, frozen=True):
    """One look at one photograph on this machine, in milliseconds, from the file's bytes on."""

    photographs: int
    median: float
    p90: float
    detector: float
    """Median."""
    embedding: float
    """Median, of all crops of a photograph together."""
    crops: float
    """Mean."""


class Report(msgspec.Struct, frozen=True):
    folder: str
    form: Form
    detector: str
    embedder: str
    seed: int
    draws: int
    photographs: int
    """Read; `broken` and `left_out` come on top."""
    tested: float
    """Photographs that the naming and recognition are tried on; mean over draws."""
    things: int
    names: int
    flaws: dict[str, int]
    """What was wrong with labels, and how often."""
    broken: tuple[LeftOut, ...]
    """Pictures that could not be used."""
    left_out: tuple[LeftOut, ...]
    """Other files that could not."""
    finding: Finding | None
    naming: tuple[Naming, ...]
    recognition: tuple[Recognising, ...]
    unknown: tuple[Gate, ...]
    counting: tuple[Counting, ...]
    time_ms: Times | None
