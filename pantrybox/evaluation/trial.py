"""One draw with one number of examples: taught, and tried on the photographs that gave none."""

from collections.abc import Mapping
from functools import partial

import msgspec

from pantrybox.evaluation import figures
from pantrybox.evaluation.draws import Draw
from pantrybox.evaluation.figures import Miscounts
from pantrybox.evaluation.looking import Seen
from pantrybox.evaluation.naming import Crop, Taught, answers
from pantrybox.vision.recognition import Prior


class Result(msgspec.Struct, frozen=True):
    """One draw with one number of examples."""

    examples: int
    crops: int
    items: int
    top1: float | None
    top3: float | None
    given: float | None
    given_right: float | None
    untaught: int
    auroc: float | None
    auroc_together: float | None
    refused: float | None
    refused_taught: float | None
    named_items: int = 0
    map50: float | None = None
    map50_named: float | None = None
    miscounts: Miscounts | None = None


class Trial:
    """A box that was taught so many examples of a draw, before the photographs that gave none."""

    def __init__(self, draw: Draw, count: int, seen: Mapping[str, Seen], prior: Prior, *, one_camera: bool) -> None:
        """`seen`: by name, all photographs that could be read."""
        self._draw = draw
        self._count = count
        self._photographs = [seen[name] for name in draw.test if name in seen]
        self._teach = partial(Taught, draw, count, seen, prior, one_camera=one_camera)

    def recognition(self, left_out: frozenset[str]) -> Result:
        crops = [crop for crop in answers(self._teach(), self._photographs) if crop.name in self._draw.examples]
        known, strange = self._parted(left_out)
        return Result(
            examples=self._count,
            crops=len(crops),
            items=len({crop.name for crop in crops}),
            top1=figures.top(crops, 1),
            top3=figures.top(crops, 3),
            given=figures.given(crops),
            given_right=figures.given_right(crops),
            untaught=len(left_out),
            auroc=figures.gate_auroc(known, strange),
            auroc_together=figures.gate_auroc_together(known, strange),
            refused=figures.refused(strange),
            refused_taught=figures.refused(known),
        )

    def _parted(self, left_out: frozenset[str]) -> tuple[list[Crop], list[Crop]]:
        """Things that were taught, and things that were not, to a box that was not taught all."""
        if not left_out:
            return [], []
        taught = self._teach(but=left_out)
        crops = answers(taught, self._photographs)
        return [c for c in crops if c.name in taught.names], [c for c in crops if c.name not in taught.names]

    def with_naming(self, result: Result, counted_score: float) -> Result:
        taught = self._teach()
        named = [(photograph, taught.found(photograph, counted_score)) for photograph in self._photographs]
        map50, items = figures.naming_map50(named, taught.names, given_only=False)
        return msgspec.structs.replace(
            result,
            named_items=items,
            map50=map50,
            map50_named=figures.naming_map50(named, taught.names, given_only=True)[0],
            miscounts=figures.miscounts(named, taught.names, counted_score),
        )
