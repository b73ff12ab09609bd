"""Several draws to one line of the report. Pure."""

from collections.abc import Sequence
from statistics import fmean

from pantrybox.evaluation.report import Counting, Gate, Naming, Recognising, spread
from pantrybox.evaluation.trial import Result


def naming(line: Sequence[Result]) -> Naming:
    return Naming(
        examples=line[0].examples,
        naming_map50=spread([result.map50 for result in line]),
        naming_map50_named=spread([result.map50_named for result in line]),
        items=fmean([result.named_items for result in line]),
    )


def recognising(line: Sequence[Result]) -> Recognising:
    return Recognising(
        examples=line[0].examples,
        top1=spread([result.top1 for result in line]),
        top3=spread([result.top3 for result in line]),
        given=spread([result.given for result in line]),
        given_right=spread([result.given_right for result in line]),
        crops=fmean([result.crops for result in line]),
        items=fmean([result.items for result in line]),
    )


def gate(line: Sequence[Result]) -> Gate:
    return Gate(
        examples=line[0].examples,
        untaught=line[0].untaught,
        auroc=spread([result.auroc for result in line]),
        auroc_together=spread([result.auroc_together for result in line]),
        refused=spread([result.refused for result in line]),
        refused_taught=spread([result.refused_taught for result in line]),
    )


def counting(line: Sequence[Result]) -> Counting:
    counts = [result.miscounts for result in line]
    return Counting(
        examples=line[0].examples,
        items_miscounted=spread([one and one.items_miscounted for one in counts]),
        of_items=spread([one and one.of_items for one in counts]),
        difference=spread([one and one.difference for one in counts]),
        things_difference=spread([one and one.things_difference for one in counts]),
    )
