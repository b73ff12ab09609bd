"""Reading the stock: pages, search, sums over places, and what the ledger tells of one item."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.inventory import history, items, listing, places
from pantrybox.inventory.items import Description
from pantrybox.inventory.listing import Position, Sort, Total
from tests.inventory.cupboard import DAY_MS, Cupboard

SORTS: list[Sort] = ["name", "count", "confidence", "last_seen", "updated"]
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda name: bool(name.split())
)
totals = st.builds(
    Total,
    item_id=st.integers(1, 10**6),
    name=names,
    brand=st.none(),
    minimum=st.none() | st.integers(0, 9),
    count=st.integers(0, 9),
    confidence=st.floats(0, 1),
    last_seen_at_ms=st.none() | st.integers(0, 100),
)


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


def listed(cupboard: Cupboard, sort: Sort = "name", **more: Any) -> list[tuple[str, str, int]]:
    lines = cupboard.read(lambda reader: listing.lines(reader, sort=sort, limit=1000, **more))
    return [(line.canonical_name, line.place_name, line.shown_count) for line in lines]


def matching(cupboard: Cupboard, wanted: str) -> set[str]:
    found = cupboard.read(lambda reader: listing.items_matching(reader, wanted))
    lines = cupboard.read(lambda reader: listing.lines(reader, item_ids=found, limit=1000))
    return {line.canonical_name for line in lines}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(names, st.sampled_from(["Shelf", "Fridge"]), st.integers(0, 3)), min_size=1, max_size=12),
    st.sampled_from(SORTS),
    st.booleans(),
    st.integers(1, 4),
)
def test_pages_hold_every_line_once_and_in_order(
    said: list[tuple[str, str, int]], sort: Sort, descending: bool, limit: int
) -> None:
    with TemporaryDirectory() as folder, Cupboard(Path(folder)) as cupboard:
        for name, place, count in said:
            cupboard.now_ms += 1000
            cupboard.say(name, count, place)
        found: list[listing.Line] = []
        after: Position | None = None
        while True:
            page = cupboard.read(
                lambda reader, after=after: listing.lines(
                    reader, sort=sort, descending=descending, limit=limit, after=after
                )
            )
            found += page
            if not page:
                break
            last = page[-1]
            after = Position(last.sorted_by, last.item_id, last.place_id)
        whole = cupboard.read(lambda reader: listing.lines(reader, sort=sort, descending=descending, limit=1000))
        assert found == whole
        keys: list[Any] = [(line.sorted_by, line.item_id, line.place_id) for line in found]
        assert keys == sorted(set(keys), reverse=descending)
        assert cupboard.read(listing.total_lines) == len(found)


def test_search_looks_into_names_aliases_brand_category_and_note_whatever_the_case(cupboard: Cupboard) -> None:
    fields: dict[str, dict[str, Any]] = {
        "Öl": {"brand": "MÜLLER"},
        "Reis": {"category": "Straße"},
        "100% juice": {"note": "for the Kinder"},
        "100 percent": {},
    }
    for name, said in fields.items():
        item_id = cupboard.say(name, 1)
        cupboard.write(lambda writer, i=item_id, s=said: items.describe(writer, i, Description(**s)))
    cupboard.write(lambda writer: items.add_alias(writer, items.known_item(writer, "reis").id, "Oryza"))
    cupboard.say("Arroz", 2)
    cupboard.merge("Arroz", into="Reis")
    assert matching(cupboard, "öL") == {"Öl"}
    assert matching(cupboard, "müll") == {"Öl"}
    assert matching(cupboard, "STRASSE") == {"Reis"}
    assert matching(cupboard, "ORYZA") == {"Reis"}
    assert matching(cupboard, "arr") == {"Reis"}
    assert matching(cupboard, "KINDER") == {"100% juice"}
    assert matching(cupboard, "100%") == {"100% juice"}
    assert matching(cupboard, "_") == set()
    assert matching(cupboard, "zzz") == set()


def test_what_was_merged_is_not_listed_and_its_stock_is(cupboard: Cupboard) -> None:
    cupboard.say("Milk", 3, "Fridge")
    cupboard.say("Melk", 2, "Fridge")
    cupboard.merge("Melk", into="Milk")
    assert listed(cupboard) == [("Milk", "Fridge", 5)]
    assert cupboard.read(listing.total_lines) == 1
    assert [(total.name, total.count) for total in cupboard.read(listing.totals)] == [("Milk", 5)]


def test_list_can_be_narrowed_to_a_place(cupboard: Cupboard) -> None:
    cupboard.say("Milk", 3, "Fridge")
    cupboard.say("Milk", 1, "Cellar")
    cellar = cupboard.read(lambda reader: places.known_place(reader, "CELLAR"))
    assert listed(cupboard, place_id=cellar) == [("Milk", "Cellar", 1)]
    assert cupboard.read(lambda reader: listing.total_lines(reader, place_id=cellar)) == 1


def test_low_is_judged_by_all_places_together_and_the_own_minimum(cupboard: Cupboard) -> None:
    def low(name: str) -> bool:
        item_id = cupboard.item(name)
        return cupboard.read(lambda reader: listing.lines_of(reader, item_id))[0].is_low

    item_id = cupboard.say("Milk", 1, "Fridge")
    assert low("Milk")
    cupboard.say("Milk", 1, "Cellar")
    assert not low("Milk")
    cupboard.write(lambda writer: items.describe(writer, item_id, Description(minimum=2)))
    assert low("Milk")
    cupboard.write(lambda writer: items.describe(writer, item_id, Description(minimum=0)))
    cupboard.say("Milk", 0, "Cellar")
    assert not low("Milk")


@settings(deadline=None)
@given(st.lists(totals, max_size=20))
def test_stats_count_every_item_once(found: list[Total]) -> None:
    stats = listing.stats(found)
    assert stats.total_items == len(found) == stats.items_in_stock + stats.items_out_of_stock
    assert stats.total_items == stats.high + stats.medium + stats.low
    assert stats.total_quantity == sum(item.count for item in found)
    assert 0 <= stats.avg_confidence <= 1


@pytest.mark.parametrize(
    ("confidence", "where"), [(0.8, "high"), (0.799999, "medium"), (0.5, "medium"), (0.499999, "low")]
)
def test_borders_of_confidence(confidence: float, where: str) -> None:
    stats = listing.stats([Total(1, "milk", None, None, 1, confidence, None)])
    assert msgspec.structs.asdict(stats)[where] == 1


@settings(deadline=None)
@given(st.lists(totals, max_size=20, unique_by=lambda item: item.item_id), st.integers(0, 9), st.floats(0, 1))
def test_low_stock_is_what_is_at_the_threshold_or_the_minimum(found: list[Total], threshold: int, sure: float) -> None:
    low = [item for _, item in listing.low_stock(found, threshold, sure)]
    assert [item.count for item in low] == sorted(item.count for item in low)
    for item in found:
        is_low = item.count <= threshold or (item.minimum is not None and item.count <= item.minimum)
        assert (item in low) == (is_low and item.confidence >= sure)


@settings(deadline=None)
@given(st.lists(totals, max_size=20, unique_by=lambda item: item.item_id), st.integers(0, 100))
def test_stale_is_what_should_be_there_and_was_not_seen(found: list[Total], before_ms: int) -> None:
    stale = [item for _, item in listing.stale(found, before_ms)]
    for item in found:
        assert (item in stale) == (item.count > 0 and (item.last_seen_at_ms or 0) <= before_ms)


def test_confidence_of_a_sum_is_that_all_its_parts_are_right() -> None:
    assert listing.confidence_of_sum([0.5, 0.5, 1.0]) == 0.25
    assert listing.confidence_of_sum([]) == 0.5


def test_history_follows_a_merge_and_says_what_was_undone(cupboard: Cupboard) -> None:
    cupboard.happen("Melk", "seen", 2, days_ago=9)
    wrong = cupboard.happen("Melk", "removed", -1, days_ago=8)
    cupboard.now_ms += 1000
    cupboard.undo(wrong)
    cupboard.happen("Milk", "seen", 1, days_ago=7)
    cupboard.now_ms += 1000
    cupboard.merge("Melk", into="Milk")
    item_id = cupboard.item("melk")
    events = cupboard.read(
        lambda reader: history.of_item(reader, item_id, since_ms=cupboard.now_ms - 30 * DAY_MS, limit=100)
    )
    told = [(event.event_type, event.delta, event.undone) for event in events]
    assert told[2:] == [("undone", 1, False), ("seen", 1, False), ("removed", -1, True), ("seen", 2, False)]
    assert sorted(told[:2]) == [("merged", -2, False), ("merged", 2, False)]
    assert {event.item_name for event in events} == {"Milk"}
    assert sum(event.delta for event in events) == 3
    assert [event.said_by for event in events] == ["owner", "owner", "owner", None, None, None]


def test_pages_of_history_hold_every_event_once(cupboard: Cupboard) -> None:
    for days_ago in (5, 5, 4, 3, 3, 3, 1):
        cupboard.happen("Milk", "added", 1, days_ago=days_ago)
        cupboard.happen("Melk", "added", 1, days_ago=days_ago)
    cupboard.merge("Melk", into="Milk")
    item_id = cupboard.item("Milk")
    since_ms = cupboard.now_ms - 4 * DAY_MS
    found: list[int] = []
    before: tuple[int, int] | None = None
    while True:
        page = cupboard.read(
            lambda reader, before=before: history.of_item(reader, item_id, since_ms=since_ms, limit=4, before=before)
        )
        found += [event.id for event in page]
        if not page:
            break
        before = (page[-1].happened_at_ms, page[-1].id)
    assert len(found) == len(set(found)) == 12
    assert cupboard.read(lambda reader: history.total_of_item(reader, item_id, since_ms=since_ms)) == 12


def test_changes_can_be_narrowed_to_a_kind_and_a_time(cupboard: Cupboard) -> None:
    cupboard.happen("Milk", "seen", 3, days_ago=2)
    cupboard.happen("Milk", "removed", -1, days_ago=0.5)
    cupboard.happen("Jam", "seen", 1)

    def told(days: float, **more: Any) -> list[tuple[str, str]]:
        since_ms = cupboard.now_ms - round(days * DAY_MS)
        found = cupboard.read(
            lambda reader: history.newest_first(reader, since_ms=since_ms, limit=10, **{"event_type": None, **more})
        )
        total = cupboard.read(
            lambda reader: history.total_since(reader, since_ms=since_ms, **{"event_type": None, **more})
        )
        assert total == len(found)
        return [(event.item_name, event.event_type) for event in found]

    assert told(1) == [("Jam", "seen"), ("Milk", "removed")]
    assert told(3, event_type="seen") == [("Jam", "seen"), ("Milk", "seen")]
