"""Files: what goes out comes back, formulas stay text, and what is wrong is named by its line."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pantrybox.errors import Malformed, OutOfRange
from pantrybox.inventory import export, items, ledger, listing, takeover
from pantrybox.inventory.check import belief_problems, ledger_problems
from pantrybox.inventory.interchange import (
    CSV_COLUMNS,
    Entry,
    PastEntry,
    csv_text,
    escaped,
    parsed_csv,
    parsed_json,
    unescaped,
)
from pantrybox.inventory.takeover import Outcome
from tests.inventory.cupboard import Cupboard

pytestmark = pytest.mark.slow

ODD = [
    "🥛",
    "\u202e\u05d6\u05d9\u05ea\u05d9\u05dd\u202c",
    "=1+1",
    "'tis",
    "''",
    "-x",
    "+x",
    "@x",
    'a "b", c',
    "<b>",
    "\u2028",
]
lines_of_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
names = (lines_of_text | st.sampled_from(ODD)).filter(lambda name: bool(name.split()))
maybe = st.none() | lines_of_text
places = st.sampled_from(["Elsewhere", "Fridge", "=Cellar"])
sure = st.floats(0.05, 1).map(lambda chance: round(chance, 6))
moments = st.integers(0, 2**41).map(export.to_rfc3339)
pasts = st.lists(st.tuples(st.sampled_from(["seen", "added", "adjusted"]), st.integers(0, 5), moments), max_size=4)


def lots_of(count: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some of so many units, with a day, or open, or both."""
    days = st.dates(date(2020, 1, 1)).map(date.isoformat)
    opened = {"best_before": st.none() | days, "opened": moments}
    lot = st.fixed_dictionaries(opened) | st.fixed_dictionaries({"best_before": days, "opened": st.none()})
    return st.lists(lot.map(lambda said: {"count": 1, **said}), max_size=min(3, count))


@st.composite
def stocks(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries of a file: items with what people say of them, each at some places."""
    found: list[dict[str, Any]] = []
    for name in draw(st.lists(names, max_size=5, unique_by=items.name_key)):
        said = {field: draw(maybe) for field in ("brand", "package_type", "category", "note")}
        said |= {"minimum": draw(st.none() | st.integers(0, 9999)), "generic": draw(st.booleans())}
        for place in draw(st.lists(places, min_size=1, max_size=3, unique=True)):
            past = draw(pasts)
            total = sum(delta for _, delta, _ in past)
            count = total if past else draw(st.integers(0, 9999))
            found.append(
                {
                    **said,
                    "name": name,
                    "notes": draw(maybe),
                    "aliases": [],
                    "place": place,
                    "count": count,
                    "lots": draw(lots_of(count)),
                    "confidence": draw(sure),
                    "last_seen": draw(st.none() | moments),
                    "manual": draw(st.booleans()),
                    "history": [
                        {
                            "date": at,
                            "event_type": kind,
                            "delta": delta,
                            "count": delta,
                            "confidence": 0.5,
                            "details": None,
                        }
                        for kind, delta, at in sorted(past, key=lambda line: line[2])
                    ],
                }
            )
    return found


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


def brought(cupboard: Cupboard, body: bytes, kind: str = "json", place: str | None = None) -> Outcome:
    parsed = parsed_json(body) if kind == "json" else parsed_csv(body)
    takeover.refuse(parsed.faults)
    return cupboard.write(lambda writer: takeover.take_over(writer, parsed.told, place=place, by="owner"))


def taken(cupboard: Cupboard, *, history: bool = True) -> bytes:
    """What an export holds."""
    snapshot = cupboard.read(export.snapshot)
    entries = [with_history(cupboard, line, snapshot) if history else line.entry for line in snapshot.lines]
    return msgspec.json.encode({"items": entries})


def with_history(cupboard: Cupboard, line: export.Exported, snapshot: export.Snapshot) -> Entry:
    past: list[PastEntry] = []
    after: tuple[int, int] | None = (-1, 0)
    while line.place_id is not None and after is not None:
        page, after = cupboard.read(
            lambda reader, at=after: export.history_page(reader, line, snapshot.newest_event_id, at)
        )
        past += page
    return msgspec.structs.replace(line.entry, history=past)


def taken_csv(cupboard: Cupboard) -> bytes:
    rows = cupboard.read(export.csv_lines)
    return csv_text([CSV_COLUMNS, *map(msgspec.structs.astuple, rows)]).encode()


def assert_sound(cupboard: Cupboard) -> None:
    assert cupboard.read(lambda reader: [*ledger_problems(reader), *belief_problems(reader)]) == []


# Cells


@settings(deadline=None)
@given(st.text())
@example("'=x")
@example("''")
def test_a_cell_comes_back_as_it_was_and_never_begins_as_a_formula(text: str) -> None:
    cell = escaped(text)
    assert unescaped(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in {text, "'" + text}


@settings(deadline=None)
@given(st.lists(st.lists(st.text(), min_size=2, max_size=3), max_size=5))
def test_lines_come_back_through_any_reader_of_csv(rows: list[list[str]]) -> None:
    back = csv.reader(io.StringIO(csv_text(rows), newline=""), strict=True)
    assert [[unescaped(cell) for cell in row] for row in back] == rows


# There and back


@settings(max_examples=12, deadline=None)
@given(stocks())
def test_what_was_exported_comes_back_equal_into_an_empty_box(stock: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        with Cupboard(Path(first)) as cupboard:
            brought(cupboard, msgspec.json.encode({"items": stock}))
            there = taken(cupboard)
            assert_sound(cupboard)
        with Cupboard(Path(second)) as cupboard:
            outcome = brought(cupboard, there)
            assert (outcome.imported, outcome.unchanged) == (len(stock), 0)
            assert taken(cupboard) == there
            assert_sound(cupboard)
            newest = cupboard.read(ledger.newest_event_id)
            assert brought(cupboard, there) == Outcome(0, len(stock), 0, 0)
            assert cupboard.read(ledger.newest_event_id) == newest


@settings(max_examples=12, deadline=None)
@given(stocks())
def test_a_spreadsheet_that_nobody_changed_changes_nothing(stock: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder, Cupboard(Path(folder)) as cupboard:
        brought(cupboard, msgspec.json.encode({"items": stock}))
        before = taken(cupboard)
        outcome = brought(cupboard, taken_csv(cupboard), "csv")
        assert (outcome.imported, outcome.events) == (0, 0)
        assert taken(cupboard) == before


@settings(max_examples=12, deadline=None)
@given(
    stocks().map(
        lambda stock: [entry | {"place": "Elsewhere", "last_seen": "2026-01-02T03:04:05.678Z"} for entry in stock]
    )
)
def test_a_spreadsheet_comes_back_equal_into_an_empty_box(stock: list[dict[str, Any]]) -> None:
    once = list({items.name_key(entry["name"]): entry for entry in stock}.values())
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        with Cupboard(Path(first)) as cupboard:
            brought(cupboard, msgspec.json.encode({"items": once}))
            there = taken_csv(cupboard)
        with Cupboard(Path(second)) as cupboard:
            brought(cupboard, there, "csv")
            assert taken_csv(cupboard) == there
            assert_sound(cupboard)


def test_a_box_with_merges_undos_and_aliases_comes_back_with_its_history(cupboard: Cupboard, tmp_path: Path) -> None:
    cupboard.say("Milk", 3, "Fridge")
    cupboard.say("Melk", 2, "Fridge")
    cupboard.say("Milk", 2, "Fridge")
    cupboard.undo(3)
    cupboard.merge("Melk", into="Milk")
    cupboard.write(lambda writer: items.add_alias(writer, items.known_item(writer, "milk").id, "Leche"))
    cupboard.write(lambda writer: items.item_called(writer, "Never counted"))
    there = taken(cupboard)
    (tmp_path / "other").mkdir()
    with Cupboard(tmp_path / "other") as other:
        brought(other, there)
        assert taken(other) == there
        assert other.item("leche") == other.item("melk") == other.item("MILK")
        assert_sound(other)


def test_what_a_file_does_not_say_of_dates_stays_as_it_is(cupboard: Cupboard) -> None:
    brought(cupboard, b'{"items":[{"name":"Milk","count":2,"lots":[{"count":1,"best_before":"2026-12-24"}]}]}')
    before = taken(cupboard)
    outcome = brought(cupboard, b'{"items":[{"name":"Milk","count":2}]}')
    assert (outcome.imported, taken(cupboard)) == (0, before)
    assert brought(cupboard, b'{"items":[{"name":"Milk","count":2,"lots":[]}]}').imported == 1
    assert b'"lots":[]' in taken(cupboard)
    brought(
        cupboard,
        b'{"items":[{"name":"milk","place":" elsewhere ","count":2,"lots":[{"count":2,"best_before":"2026-12-25"}]}]}',
    )
    assert b'"best_before":"2026-12-25"' in taken(cupboard)


# What an import says


def test_what_is_known_already_stays_as_it_is(cupboard: Cupboard) -> None:
    cupboard.say("Milk", 3, "Fridge")
    before = taken(cupboard)
    assert brought(cupboard, b'{"items":[{"name":"MILK","place":"fridge","count":3}]}') == Outcome(0, 1, 0, 0)
    assert brought(cupboard, b"name,count\nmilk,3\n", "csv") == Outcome(0, 1, 0, 0)
    assert taken(cupboard) == before


def test_a_count_in_a_spreadsheet_is_a_persons_word_at_the_place_of_the_item(cupboard: Cupboard) -> None:
    cupboard.say("Milk", 3, "Fridge")
    assert brought(cupboard, b"name,count,brand\nmilk,5,Moo\nJam,2,\n", "csv", "Cellar") == Outcome(2, 0, 1, 2)
    lines = cupboard.read(lambda reader: listing.lines(reader, limit=10))
    told = [(line.canonical_name, line.place_name, line.shown_count, line.is_manual, line.brand) for line in lines]
    assert told == [("Jam", "Cellar", 2, True, None), ("Milk", "Fridge", 5, True, "Moo")]
    assert {line.last_seen_at_ms for line in lines} == {cupboard.now_ms}
    assert_sound(cupboard)


def test_an_empty_cell_says_nothing(cupboard: Cupboard) -> None:
    brought(cupboard, b"name,count,brand\nmilk,5,Moo\n", "csv")
    assert brought(cupboard, b"name,count,brand\nmilk,5,\n", "csv").imported == 0


def test_history_of_what_is_known_is_not_taken_over_again(cupboard: Cupboard) -> None:
    cupboard.say("Milk", 3)
    cupboard.say("Milk", 2)
    file = taken(cupboard)
    cupboard.say("Milk", 9)
    assert brought(cupboard, file).events == 1
    assert_sound(cupboard)


def test_a_sum_cannot_be_set_where_an_item_stands_in_several_places(cupboard: Cupboard) -> None:
    cupboard.say("Milk", 3, "Fridge")
    cupboard.say("Milk", 2, "Cellar")
    assert brought(cupboard, b"name,count\nmilk,5\n", "csv") == Outcome(0, 1, 0, 0)
    with pytest.raises(OutOfRange, match=r"line 3: milk stands in several places \(Fridge: 3, Cellar: 2\)"):
        brought(cupboard, b"name,count\njam,1\nmilk,6\n", "csv")
    assert brought(cupboard, b'{"items":[{"name":"milk","place":"Cellar","count":6}]}').events == 1


FAULTS = {
    "a count that is none": (b"name,count\na,1\nb,x\n", "line 3: count"),
    "a count below zero": (b"name,count\na,-1\n", "line 2: count"),
    "a count above 9999": (b"name,count\na,10000\n", "line 2: count"),
    "a count that is a fraction": (b"name,count\na,1.5\n", "line 2: count"),
    "a confidence above one": (b"name,count,confidence\na,1,1.1\n", "line 2: confidence"),
    "a confidence that is no number": (b"name,count,confidence\na,1,nan\n", "line 2: confidence"),
    "a time that is none": (b"name,count,last_seen\na,1,yesterday\n", "line 2: Invalid timestamp"),
    "a name of two lines": (b'name,count\n"a\nb",1\n', "line 2: name"),
    "a name with a line end after it": (b'name,count\n"a\n",1\n', "line 2: name"),
    "a line after one of two lines": (b'name,count,brand\n"a",1,"x"\nb,1,"x\ny"\nc,1,z\nd,-1,z\n', "line 3: brand"),
    "a name of 201 characters": (b"name,count\n" + b"a" * 201 + b",1\n", "line 2: name"),
    "a name with NUL": (b"name,count\na\0,1\n", "line 2: name"),
    "no name": (b"name,count\n,1\n", "line 2: it needs a name"),
    "blanks for a name": ("name,count\n\u2003,1\n".encode(), "line 2: a name needs"),
    "too few cells": (b"name,count\na,1\nb\n", "line 3: it has 1 cells"),
    "too many cells": (b"name,count\na,1,2\n", "line 2: it has 3 cells"),
    "an open quote": (b'name,count\na,1\n"b,2\nc,3\n', "this is no CSV"),
    "an unknown column": (b"name,count,price\na,1,2\n", "line 1: there is no column called 'price'"),
    "a column twice": (b"name,count,count\na,1,2\n", "line 1: a column is named twice"),
    "no column count": (b"name\na\n", "line 1: the column 'count' is missing"),
    "an empty file": (b"", "line 1: the column 'name' is missing"),
    "an item twice": (b"name,count\nmilk,1\nMILK,2\n", "line 3: MILK stands in line 2 already"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_line_is_named_and_changes_nothing(cupboard: Cupboard, fault: str) -> None:
    cupboard.say("Milk", 3)
    before = taken(cupboard)
    body, said = FAULTS[fault]
    with pytest.raises(OutOfRange) as refused:
        brought(cupboard, body, "csv")
    assert said in str(refused.value)
    assert taken(cupboard) == before


ENTRY_FAULTS = {
    "no name": ('{"count":1}', "name"),
    "another kind": ('{"name":1,"count":1}', "name"),
    "nothing": ("null", "Expected"),
    "no count": ('{"name":"a"}', "a has no count"),
    "nowhere and counted": ('{"name":"a","place":null,"count":2}', "a is nowhere"),
    "a huge number": ('{"name":"a","count":1e400}', "count"),
    "history below nothing": (
        '{"name":"a","count":0,"history":[{"date":"2026-01-01","event_type":"removed","delta":-1,"count":0,'
        '"confidence":1}]}',
        "does not lead to a count",
    ),
    "history without a time": (
        '{"name":"a","count":0,"history":[{"date":"?","event_type":"seen","delta":1,"count":1,"confidence":1}]}',
        "Invalid timestamp",
    ),
    "an alias of another in the file": ('{"name":"a","count":1,"aliases":["First"]}', "another item than a"),
    "an alias of another in the box": ('{"name":"a","count":1,"aliases":["milk"]}', "another item than a"),
    "lots beyond the count": (
        '{"name":"a","count":1,"lots":[{"count":2,"best_before":"2026-12-24"}]}',
        "the lots of a are more than its count, 1",
    ),
    "a lot that nobody says anything of": ('{"name":"a","count":1,"lots":[{"count":1}]}', "nobody says when it ends"),
    "a day that is none": ('{"name":"a","count":1,"lots":[{"count":1,"best_before":"2026-02-30"}]}', "lots"),
    "the same place twice": ('{"name":"FIRST","place":" fridge ","count":1}', "stands in line 2 already"),
}


@pytest.mark.parametrize("fault", ENTRY_FAULTS)
def test_a_wrong_entry_is_named_by_its_line_and_changes_nothing(cupboard: Cupboard, fault: str) -> None:
    cupboard.say("Milk", 3)
    before = taken(cupboard)
    entry, said = ENTRY_FAULTS[fault]
    body = '{"items":[\n{"name":"first","place":"Fridge",\n "count":1},\n\n' + entry + "]}"
    with pytest.raises(OutOfRange) as refused:
        brought(cupboard, body.encode())
    assert "line 5: " in str(refused.value)
    assert said in str(refused.value)
    assert taken(cupboard) == before


def test_every_fault_up_to_twenty_is_named(cupboard: Cupboard) -> None:
    with pytest.raises(OutOfRange) as refused:
        brought(cupboard, b"name,count\n" + b"a,x\n" * 30, "csv")
    named = str(refused.value)
    assert "line 2:" in named
    assert "line 21:" in named
    assert "line 22:" not in named
    assert "and 10 more" in named


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b'{"items":[\n{"name":"a","count":1},\n{"name"', "line 3"),
        (b'{"items":[\n{"name":"a",}]}', "line 2"),
        (b"", "line 1"),
        (b"[" * 100_000, "line 1"),
        (b'{"items":[\n{"name":"\xff","count":1}]}', "line 2"),
    ],
)
def test_a_file_that_was_cut_says_where(body: bytes, line: str) -> None:
    with pytest.raises((Malformed, OutOfRange)) as refused:
        takeover.refuse(parsed_json(body).faults)
    assert line in str(refused.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_break_the_reading(body: bytes) -> None:
    for parsed in (parsed_json, parsed_csv):
        with suppress(Malformed):
            assert all(fault.line >= 1 for fault in parsed(body).faults)
