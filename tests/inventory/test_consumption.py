"""What was used: walked back through the ledger, and held against what a plain loop finds."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.inventory.consumption import until_item_is_empty, use_of
from pantrybox.inventory.forecast import Use
from tests.inventory.cupboard import Cupboard


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


def used(cupboard: Cupboard, name: str, days: int = 180) -> Use:
    item_id = cupboard.item(name)
    return cupboard.read(lambda reader: use_of(reader, item_id, cupboard.now_ms, days))


def test_what_was_removed_is_used_in_the_days_when_there_was_some(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 4, days_ago=100)
    cupboard.happen("milk", "removed", -3, days_ago=80)
    cupboard.happen("milk", "consumed", -1, days_ago=70)
    cupboard.happen("milk", "added", 2, days_ago=10)
    assert used(cupboard, "milk") == Use(gone=4, days=pytest.approx(40))


def test_what_was_there_before_the_window_counts_from_its_beginning(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 9, days_ago=400)
    cupboard.happen("milk", "removed", -2, days_ago=300)
    cupboard.happen("milk", "removed", -1, days_ago=20)
    assert used(cupboard, "milk") == Use(gone=1, days=pytest.approx(180))
    assert used(cupboard, "milk", days=10) == Use(gone=0, days=pytest.approx(10))


def test_corrections_and_what_was_undone_are_no_use(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 9, days_ago=50)
    cupboard.happen("milk", "adjusted", -2, days_ago=40)
    cupboard.say("milk", 5)
    cupboard.undo(cupboard.happen("milk", "removed", -1, days_ago=5))
    assert used(cupboard, "milk").gone == 0
    cupboard.happen("milk", "removed", -1)
    assert used(cupboard, "milk").gone == 1


def test_what_was_merged_into_an_item_is_its_use_too(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 5, days_ago=60, place="Fridge")
    cupboard.happen("milk", "removed", -1, days_ago=30, place="Fridge")
    cupboard.happen("melk", "seen", 5, days_ago=90, place="Cellar")
    cupboard.happen("melk", "removed", -2, days_ago=45, place="Cellar")
    cupboard.merge("melk", into="milk")
    assert used(cupboard, "milk") == Use(gone=3, days=pytest.approx(90))
    cellar = cupboard.item("milk")
    forecast = cupboard.read(lambda reader: until_item_is_empty(reader, cellar, 7, cupboard.now_ms))
    assert forecast is not None
    assert forecast.earliest < 7 * 90 / 3 < forecast.latest


changes = st.lists(
    st.tuples(st.sampled_from(["removed", "added", "adjusted"]), st.integers(1, 4), st.integers(1, 12)), max_size=12
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(changes, st.integers(1, 60))
def test_use_is_what_a_plain_loop_over_the_days_finds(changes: list[tuple[str, int, int]], window: int) -> None:
    with TemporaryDirectory() as folder, Cupboard(Path(folder)) as cupboard:
        count, gone, stocked, day = 3, 0, 0, 120
        cupboard.happen("milk", "seen", 3, days_ago=day)
        for event_type, units, later in changes:
            nearer = max(0, day - later)
            stocked += sum(1 for passing in range(nearer, min(day, window)) if count and passing < window)
            delta = units if event_type == "added" else -min(units, count)
            cupboard.happen("milk", event_type, delta, days_ago=nearer)
            count, day = count + delta, nearer
            gone -= delta if event_type == "removed" and day < window else 0
        stocked += min(day, window) if count else 0
        assert used(cupboard, "milk", window) == Use(gone=gone, days=pytest.approx(stocked))
