"""A report as people read it. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pantrybox.evaluation.report import Counting, Finding, Gate, LeftOut, Naming, Recognising, Report, Spread, Times

_FORMS = {"coco": "COCO", "voc": "VOC", "classes": "class folders"}
_SHOWN = 10
_LABEL = 46
_COLUMN = 14

L = TypeVar("L", Naming, Recognising, Gate, Counting)


def table(report: Report) -> str:
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield (
        f"{shown(report.folder)} ({_FORMS[report.form]}): {report.photographs} photographs read, "
        f"{report.things} things, {report.names} names; {report.tested:.0f} tested on"
    )
    yield f"Detector {report.detector}, embedder {report.embedder}; {report.draws} draws from seed {report.seed}"
    if report.finding is not None:
        yield from _finding(report.finding)
    yield from _naming(report.naming)
    yield from _recognition(report.recognition)
    yield from _unknown(report.unknown)
    yield from _counting(report.counting)
    if report.time_ms is not None:
        yield from _times(report.time_ms)
    yield from _flaws(report)


def _finding(finding: Finding) -> Iterator[str]:
    yield from ("", "Finding things, whatever they are called")
    yield _row("AP50", [_rate(finding.ap50)])
    for size, part in finding.by_size.items():
        yield _row(f"  {size} ones", [_rate(part.ap50), f"{part.things} things"])
    yield _row("recall, 100 boxes a photograph", [_rate(finding.recall_at_100)])
    yield _row(f"recall from the counted score of {finding.counted_score:g} on", [_rate(finding.recall_counted)])
    yield _row("precision there", [_rate(finding.precision_counted)])


def _naming(lines: Sequence[Naming]) -> Iterator[str]:
    yield from _heading("Finding and naming", lines)
    yield from _rows("mAP50, every suggestion", lines, lambda line: line.naming_map50)
    yield from _rows("mAP50, the given name alone", lines, lambda line: line.naming_map50_named)


def _recognition(lines: Sequence[Recognising]) -> Iterator[str]:
    yield from _heading("Recognising things in boxes that a person drew", lines)
    yield from _rows("top-1", lines, lambda line: line.top1)
    yield from _rows("top-3", lines, lambda line: line.top3)
    yield from _rows("given a name", lines, lambda line: line.given)
    yield from _rows("  of those, right", lines, lambda line: line.given_right)


def _unknown(lines: Sequence[Gate]) -> Iterator[str]:
    yield from _heading(f"Telling the unknown, {lines[0].untaught if lines else 0} names untaught", lines)
    yield from _rows("AUROC, by the best suggestion", lines, lambda line: line.auroc)
    yield from _rows("AUROC, by all suggestions together", lines, lambda line: line.auroc_together)
    yield from _rows("untaught things given no name", lines, lambda line: line.refused)
    yield from _rows("taught things given no name", lines, lambda line: line.refused_taught)


def _counting(lines: Sequence[Counting]) -> Iterator[str]:
    yield from _heading("Counting in a single photograph", lines)
    yield from _rows("items miscounted a photograph", lines, lambda line: line.items_miscounted)
    yield from _rows("  of so many", lines, lambda line: line.of_items)
    yield from _rows("mean |seen - there| an item", lines, lambda line: line.difference)
    yield from _rows("mean |seen - there| of all things together", lines, lambda line: line.things_difference)


def _times(times: Times) -> Iterator[str]:
    yield from ("", f"Time of a look at a photograph, ms ({times.photographs} looks)")
    yield _row("median", [f"{times.median:.0f}"])
    yield _row("9 of 10 within", [f"{times.p90:.0f}"])
    yield _row("detector, median", [f"{times.detector:.0f}"])
    yield _row("embedding, median", [f"{times.embedding:.0f}", f"{times.crops:.1f} crops"])


def _flaws(report: Report) -> Iterator[str]:
    flaws = {what: count for what, count in report.flaws.items() if count}
    if flaws:
        yield from ("", "Labels: " + ", ".join(f"{count} {what}" for what, count in flaws.items()))
    yield from _files("could not be used", report.broken)
    yield from _files("left out", report.left_out)


def _files(what: str, files: Sequence[LeftOut]) -> Iterator[str]:
    if files:
        yield from ("", f"{len(files)} {what}")
        yield from (f"  {shown(one.file)}: {shown(one.reason)}" for one in files[:_SHOWN])
    if len(files) > _SHOWN:
        yield f"  and {len(files) - _SHOWN} more"


def _heading(what: str, lines: Sequence[L]) -> Iterator[str]:
    if lines:
        yield ""
        yield _row(what, [f"{line.examples} taught" for line in lines])


def _rows(what: str, lines: Sequence[L], figure: Callable[[L], Spread | None]) -> Iterator[str]:
    if lines:
        yield _row(what, [_spread(figure(line)) for line in lines])


def _row(what: str, values: Sequence[str]) -> str:
    return f"  {what:<{_LABEL}}" + "".join(f"{value:>{_COLUMN}}" for value in values)


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _spread(value: Spread | None) -> str:
    if value is None or value.spread is None:
        return _rate(value and value.mean)
    return f"{value.mean:.3f} ±{value.spread:.3f}"


def shown(text: str) -> str:
    """A file's name may hold what a terminal obeys."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
