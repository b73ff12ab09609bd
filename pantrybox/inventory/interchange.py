"""The stock as a file: what an export holds, and what an import may say. Pure.

JSON holds everything, one entry for each item and place. CSV holds what a spreadsheet can use, one line for each item.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

import msgspec

from pantrybox.clock import from_iso8601
from pantrybox.errors import Malformed
from pantrybox.inventory.ledger import PastLine
from pantrybox.inventory.model import MAX_COUNT, EventType
from pantrybox.names import Name, ShortText, Text

CSV_COLUMNS = ("name", "brand", "package_type", "count", "confidence", "last_seen", "manual")
MAX_BYTES = 20_000_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "'")
_MOST_ALIASES = 50
_MOST_LOTS = 1000

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
# A line of a spreadsheet sums all places up.
_Sum = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Delta = Annotated[int, msgspec.Meta(ge=-MAX_COUNT, le=MAX_COUNT)]
_Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Unset = msgspec.UnsetType
_UNSET = msgspec.UNSET


class PastEntry(msgspec.Struct, frozen=True):
    """A line of the ledger in a file."""

    date: str
    event_type: EventType
    delta: _Delta
    count: _Count
    """After it."""
    confidence: _Chance
    details: dict[str, object] | None = None


class DatedEntry(msgspec.Struct, frozen=True):
    """Some of the units of an entry, which end on one day or were opened."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]
    best_before: date | None = None
    opened: str | None = None

    @property
    def opened_at_ms(self) -> int | None:
        return None if self.opened is None else from_iso8601(self.opened)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item at one place in a file. What a file does not say of it is UNSET and stays as it is."""

    name: Name
    brand: ShortText | _Unset | None = _UNSET
    package_type: ShortText | _Unset | None = _UNSET
    category: ShortText | _Unset | None = _UNSET
    minimum: _Count | _Unset | None = _UNSET
    note: Text | _Unset | None = _UNSET
    notes: Text | _Unset | None = _UNSET
    aliases: Annotated[list[Name], msgspec.Meta(max_length=_MOST_ALIASES)] | _Unset = _UNSET
    place: Name | _Unset | None = _UNSET
    """None: known, and nowhere."""
    count: _Sum | _Unset = _UNSET
    confidence: _Chance | _Unset = _UNSET
    last_seen: str | _Unset | None = _UNSET
    manual: bool | _Unset = _UNSET
    generic: bool | _Unset = _UNSET
    lots: Annotated[list[DatedEntry], msgspec.Meta(max_length=_MOST_LOTS)] | _Unset = _UNSET
    """Those of its units of which somebody said when they end, or that they are open."""
    history: list[PastEntry] | _Unset = _UNSET

    @property
    def seen_at_ms(self) -> int | None:
        return from_iso8601(self.last_seen) if isinstance(self.last_seen, str) else None

    @property
    def past(self) -> tuple[PastLine, ...]:
        """Its history, oldest first as it is in the file."""
        return tuple(
            PastLine(
                event_type=line.event_type,
                delta=line.delta,
                count_after=line.count,
                confidence=line.confidence,
                happened_at_ms=from_iso8601(line.date),
                details=line.details,
            )
            for line in (self.history if isinstance(self.history, list) else [])
        )


class Told(msgspec.Struct, frozen=True):
    """An entry, and the line of the file on which it begins."""

    line: int
    entry: Entry


class Fault(msgspec.Struct, frozen=True):
    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


class Parsed(msgspec.Struct, frozen=True):
    told: list[Told]
    faults: list[Fault]


# Writing


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Lines that no spreadsheet takes for formulas."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([escaped(cell) for cell in row] for row in rows)
    return text.getvalue()


def escaped(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return "'" + text if text.startswith(_DANGEROUS) else text


def unescaped(cell: str) -> str:
    return cell.removeprefix("'")


# Reading


def parsed_json(body: bytes) -> Parsed:
    """Malformed when it is no JSON; entries that say what cannot be are faults."""
    try:
        # Decoded twice, entry by entry: the first fault must not hide the others.
        raw = msgspec.json.decode(body, type=_RawFile).items
    except msgspec.ValidationError as error:
        return Parsed([], [Fault(1, str(error))])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"Nothing was imported. line {_line_of(body, error)}: this is no JSON ({error}).") from error
    told: list[Told] = []
    faults: list[Fault] = []
    for line, entry in _with_lines(body, raw):
        _collect(told, faults, line, entry)
    return Parsed(told, faults)


class _RawFile(msgspec.Struct):
    items: list[msgspec.Raw]


def _line_of(body: bytes, error: Exception) -> int:
    at = re.search(r"byte (\d+)", str(error))
    return body.count(b"\n", 0, int(at.group(1)) if at else len(body)) + 1


def _with_lines(body: bytes, entries: list[msgspec.Raw]) -> Iterator[tuple[int, bytes]]:
    """Each entry with the line on which it begins: they stand in the body in this order."""
    line, at = 1, 0
    for raw in entries:
        entry = bytes(raw)
        begin = body.index(entry, at)
        line += body.count(b"\n", at, begin)
        yield line, entry
        line += entry.count(b"\n")
        at = begin + len(entry)


def _collect(told: list[Told], faults: list[Fault], line: int, raw: bytes) -> None:
    try:
        entry = msgspec.json.decode(raw, type=Entry)
        told.append(Told(line, _sound(entry)))
    except (msgspec.ValidationError, msgspec.DecodeError, Malformed, UnicodeDecodeError) as error:
        faults.append(Fault(line, _sentence(error)))


def _sentence(error: Exception) -> str:
    """What is wrong, without the pattern that says what would be right."""
    said, _, path = str(error).partition(" - at `$.")
    if "matching regex" in said:
        said = "there is a control character in it, or nothing at all"
    return f"{path.rstrip('`')}: {said}" if path else said


def parsed_csv(body: bytes) -> Parsed:
    """Malformed when it is no UTF-8; lines that say what cannot be are faults."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Malformed(f"Nothing was imported. line {line}: this is not written in UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    told: list[Told] = []
    faults: list[Fault] = []
    try:
        columns = next(reader, list[str]())
        faults += _header_faults(columns)
        line = reader.line_num + 1
        for cells in reader if not faults else ():
            if cells:
                _collect_cells(told, faults, line, columns, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(reader.line_num, f"this is no CSV ({error})"))
    return Parsed(told, faults)


def _header_faults(columns: list[str]) -> list[Fault]:
    unknown = [column for column in columns if column not in CSV_COLUMNS]
    if unknown:
        return [Fault(1, f"there is no column called {unknown[0]!r}; known are {', '.join(CSV_COLUMNS)}")]
    if len(set(columns)) < len(columns):
        return [Fault(1, "a column is named twice")]
    missing = [column for column in ("name", "count") if column not in columns]
    return [Fault(1, f"the column {missing[0]!r} is missing")] if missing else []


def _collect_cells(told: list[Told], faults: list[Fault], line: int, columns: list[str], cells: list[str]) -> None:
    if len(cells) != len(columns):
        faults.append(Fault(line, f"it has {len(cells)} cells where the first line has {len(columns)}"))
        return
    # An empty cell says nothing: a spreadsheet cannot tell it from null.
    said = {column: unescaped(cell) for column, cell in zip(columns, cells, strict=True) if cell}
    if "name" not in said or "count" not in said:
        faults.append(Fault(line, "it needs a name and a count"))
        return
    try:
        told.append(Told(line, _sound(msgspec.convert(said, Entry, strict=False))))
    except (msgspec.ValidationError, Malformed) as error:
        faults.append(Fault(line, _sentence(error)))


def _sound(entry: Entry) -> Entry:
    """What the types cannot say. Malformed when it does not hold."""
    if not entry.name.split():
        raise Malformed("a name needs at least one visible character")
    if entry.place is None and entry.count:
        raise Malformed(f"{entry.name} is nowhere, and there are {entry.count} of it")
    if entry.place is not None and entry.count is _UNSET:
        raise Malformed(f"{entry.name} has no count")
    _ = entry.seen_at_ms
    _refuse_impossible_lots(entry)
    if not 0 <= sum(line.delta for line in entry.past) <= MAX_COUNT:
        raise Malformed(f"the history of {entry.name} does not lead to a count from 0 to {MAX_COUNT}")
    return entry


def _refuse_impossible_lots(entry: Entry) -> None:
    lots = entry.lots if isinstance(entry.lots, list) else []
    if any(lot.best_before is None and lot.opened_at_ms is None for lot in lots):
        raise Malformed(f"of a lot of {entry.name} nobody says when it ends, nor that it is open")
    count = entry.count if isinstance(entry.count, int) else 0
    if sum(lot.count for lot in lots) > count:
        raise Malformed(f"the lots of {entry.name} are more than its count, {count}")
