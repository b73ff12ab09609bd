"""The list for the shop: what the ledger makes of it, what people do with it, and that nothing stands there twice."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import items, shopping
from pantrybox.inventory import shopping_queries as listed
from pantrybox.inventory.items import Description
from pantrybox.inventory.low import is_low
from pantrybox.inventory.shopping import Consequence, EntryChange, consequence
from pantrybox.inventory.shopping_queries import Entry
from tests.inventory.cupboard import DAY_MS, Cupboard


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


def entries(cupboard: Cupboard) -> list[Entry]:
    return cupboard.read(lambda reader: listed.entries(reader, cupboard.now_ms, limit=1000))


def told(cupboard: Cupboard) -> list[tuple[str, str, str | None]]:
    return [(entry.name, entry.reason, entry.ticked_by) for entry in entries(cupboard)]


def wish(cupboard: Cupboard, name: str, quantity: int | None = None, note: str | None = None) -> int:
    entry_id, _ = cupboard.write(lambda writer: shopping.wish(writer, name, quantity, note))
    return entry_id


def change(cupboard: Cupboard, entry_id: int, wanted: EntryChange) -> None:
    cupboard.write(lambda writer: shopping.change(writer, entry_id, wanted))


@pytest.mark.parametrize(
    ("event_type", "delta", "is_low_after", "follows"),
    [
        ("removed", -1, True, "add"),
        ("removed", -1, False, None),
        ("manual_override", -1, True, "add"),
        ("added", 1, False, "tick"),
        ("added", 1, True, "tick"),
        ("undone", 1, False, "withdraw"),
        ("undone", 1, True, None),
        ("undone", -1, False, "reopen"),
        ("merged", -5, True, None),
        ("merged", 5, False, None),
        ("manual_override", 0, True, None),
    ],
)
def test_what_follows_from_a_line_of_the_ledger(
    event_type: str, delta: int, is_low_after: bool, follows: Consequence | None
) -> None:
    found = consequence(event_type=event_type, delta=delta, is_low_after=is_low_after)  # pyright: ignore[reportArgumentType]
    assert found == follows


@pytest.mark.parametrize(("count", "minimum", "low"), [(1, None, True), (2, None, False), (0, 0, True), (1, 0, False)])
def test_low_is_one_unless_somebody_said_how_many_should_be_there(count: int, minimum: int | None, low: bool) -> None:
    assert is_low(count, minimum) is low


def test_what_runs_low_is_written_once_and_ticked_by_what_arrives(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 3)
    assert told(cupboard) == []
    cupboard.happen("milk", "removed", -2)
    cupboard.happen("milk", "removed", -1)
    assert told(cupboard) == [("milk", "low", None)]
    cupboard.happen("milk", "added", 4)
    assert told(cupboard) == [("milk", "low", "person")]
    assert [(entry.count, entry.minimum) for entry in entries(cupboard)] == [(4, None)]


def test_a_minimum_decides_what_low_is(cupboard: Cupboard) -> None:
    item_id = cupboard.say("rice", 9)
    cupboard.write(lambda writer: items.describe(writer, item_id, Description(minimum=5)))
    cupboard.say("rice", 6)
    assert told(cupboard) == []
    cupboard.say("rice", 5)
    assert told(cupboard) == [("rice", "low", None)]


def test_stock_at_another_place_is_stock(cupboard: Cupboard) -> None:
    cupboard.say("rice", 2, "Fridge")
    cupboard.say("rice", 2, "Cellar")
    cupboard.say("rice", 0, "Fridge")
    assert told(cupboard) == []


def test_undoing_a_removal_takes_back_what_the_box_wrote(cupboard: Cupboard) -> None:
    cupboard.say("milk", 3)
    cupboard.undo(cupboard.happen("milk", "removed", -2))
    assert told(cupboard) == []


def test_undoing_keeps_what_a_person_added_to(cupboard: Cupboard) -> None:
    cupboard.say("milk", 3)
    gone = cupboard.happen("milk", "removed", -2)
    wish(cupboard, "milk", note="the blue one")
    cupboard.undo(gone)
    assert [(entry.name, entry.note) for entry in entries(cupboard)] == [("milk", "the blue one")]


def test_what_did_not_arrive_after_all_is_wanted_again_as_it_was_written(cupboard: Cupboard) -> None:
    cupboard.say("milk", 1)
    wish(cupboard, "milk", quantity=6)
    arrived = cupboard.happen("milk", "added", 3)
    assert [entry.ticked_by for entry in entries(cupboard)] == ["person"]
    cupboard.undo(arrived)
    assert [(entry.quantity, entry.ticked_by) for entry in entries(cupboard)] == [(6, None)]


def test_a_wish_is_for_the_item_of_any_of_its_names(cupboard: Cupboard) -> None:
    item_id = cupboard.say("Milk", 5)
    cupboard.write(lambda writer: items.add_alias(writer, item_id, "Melk"))
    first = wish(cupboard, "MELK", quantity=2)
    assert wish(cupboard, "milk") == first
    assert [(entry.item_id, entry.name, entry.quantity) for entry in entries(cupboard)] == [(item_id, "Milk", 2)]


def test_a_thing_the_box_does_not_know_stands_there_once_and_is_known_when_it_arrives(cupboard: Cupboard) -> None:
    first = wish(cupboard, "Birthday candles")
    assert wish(cupboard, "birthday  CANDLES", quantity=3) == first
    cupboard.happen("birthday candles", "seen", 1)
    assert [(entry.id, entry.quantity, entry.ticked_by) for entry in entries(cupboard)] == [(first, 3, "person")]


def test_a_merge_leaves_one_entry_with_what_was_said_of_both(cupboard: Cupboard) -> None:
    cupboard.say("milk", 5)
    cupboard.say("melk", 5)
    kept = wish(cupboard, "milk", quantity=2)
    wish(cupboard, "melk", quantity=9, note="fresh")
    cupboard.merge("melk", into="milk")
    assert [(entry.id, entry.quantity, entry.note) for entry in entries(cupboard)] == [(kept, 2, "fresh")]


def test_a_merge_takes_over_a_wish_and_drops_what_the_box_wrote(cupboard: Cupboard) -> None:
    cupboard.say("milk", 5)
    cupboard.say("melk", 2)
    cupboard.say("melk", 1)
    assert told(cupboard) == [("melk", "low", None)]
    cupboard.merge("melk", into="milk")
    assert told(cupboard) == []
    cupboard.say("leche", 3)
    wish(cupboard, "leche")
    cupboard.merge("leche", into="milk")
    assert [(entry.name, entry.item_id) for entry in entries(cupboard)] == [("milk", cupboard.item("milk"))]


def test_open_ones_come_first_and_what_was_ticked_is_shown_for_a_day(cupboard: Cupboard) -> None:
    first, second, third = (wish(cupboard, name) for name in ("a", "b", "c"))
    change(cupboard, first, EntryChange(ticked=True))
    assert [entry.id for entry in entries(cupboard)] == [second, third, first]
    cupboard.now_ms += DAY_MS - 1
    assert cupboard.read(lambda reader: listed.total_entries(reader, cupboard.now_ms)) == 3
    cupboard.now_ms += 1
    assert [entry.id for entry in entries(cupboard)] == [second, third]
    assert cupboard.read(lambda reader: listed.total_entries(reader, cupboard.now_ms)) == 2


@pytest.mark.parametrize("known", ["from the first", "meanwhile", "never"])
def test_what_is_open_twice_cannot_be(cupboard: Cupboard, known: str) -> None:
    if known == "from the first":
        cupboard.say("milk", 5)
    bought = wish(cupboard, "milk")
    change(cupboard, bought, EntryChange(ticked=True))
    if known == "meanwhile":
        cupboard.say("milk", 5)
    assert wish(cupboard, "milk") != bought
    with pytest.raises(Conflict):
        change(cupboard, bought, EntryChange(ticked=False))


def test_clearing_removes_what_is_ticked_and_what_was_removed_is_gone(cupboard: Cupboard) -> None:
    bought, wanted = wish(cupboard, "a"), wish(cupboard, "b")
    change(cupboard, bought, EntryChange(ticked=True))
    assert cupboard.write(shopping.clear) == 1
    assert [entry.id for entry in entries(cupboard)] == [wanted]
    with pytest.raises(NotFound):
        change(cupboard, bought, EntryChange(ticked=False))
    assert cupboard.write(lambda writer: shopping.remove(writer, wanted)) == "b"
    with pytest.raises(NotFound):
        cupboard.read(lambda reader: listed.entry_by_id(reader, wanted))


class Household(RuleBasedStateMachine):
    """Anything in any order: an item stands open on the list at most once."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.cupboard = Cupboard(Path(self.folder.name)).__enter__()

    names = st.sampled_from(["milk", "jam", "rice"])

    @rule(name=names, count=st.integers(0, 4))
    def count(self, name: str, count: int) -> None:
        self.cupboard.now_ms += 60_000
        self.cupboard.say(name, count)

    @rule(name=names)
    def wish(self, name: str) -> None:
        wish(self.cupboard, name)

    @rule(data=st.data(), ticked=st.booleans())
    def tick(self, data: st.DataObject, ticked: bool) -> None:
        listed = entries(self.cupboard)
        if listed:
            chosen = data.draw(st.sampled_from(listed))
            try:
                change(self.cupboard, chosen.id, EntryChange(ticked=ticked))
            except Conflict:
                assert not ticked

    @rule()
    def clear(self) -> None:
        self.cupboard.write(shopping.clear)

    @invariant()
    def nothing_stands_open_twice(self) -> None:
        opened = [entry.name for entry in entries(self.cupboard) if entry.ticked_at_ms is None]
        assert len(opened) == len(set(opened))

    def teardown(self) -> None:
        self.cupboard.__exit__(None, None, None)
        self.folder.cleanup()


TestHousehold = Household.TestCase
TestHousehold.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
