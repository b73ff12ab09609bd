"""Laws of reconciling: the ledger sums to the confirmed count, and a view that shows nothing removes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.belief import UNSEEN
from pantrybox.inventory.model import NOTHING, Change, Stand, View
from pantrybox.inventory.reconcile import adjusted, reconcile

JAM, FLOUR, RICE = 1, 2, 3
views = st.builds(
    View,
    seen=st.dictionaries(st.sampled_from([JAM, FLOUR, RICE]), st.integers(1, 6)),
    readable=st.booleans(),
    whole=st.booleans(),
)


def folded(*seen: View) -> tuple[dict[int, Stand], list[Change]]:
    stock: dict[int, Stand] = {}
    ledger: list[Change] = []
    for view in seen:
        stock, changes = reconcile(stock, view)
        ledger += changes
    return stock, ledger


def saw(readable: bool = True, **counts: int) -> View:
    names = {"jam": JAM, "flour": FLOUR, "rice": RICE}
    return View(seen={names[name]: count for name, count in counts.items()}, readable=readable)


@given(st.lists(views, max_size=15))
def test_the_ledger_sums_to_the_confirmed_count(seen: list[View]) -> None:
    stock, ledger = folded(*seen)
    for item_id, stand in stock.items():
        lines = [change for change in ledger if change.item_id == item_id]
        assert sum(change.delta for change in lines) == stand.confirmed_count
        assert len(lines) == stand.event_count


@given(st.lists(views, max_size=15))
def test_no_count_is_ever_negative_and_no_line_says_nothing(seen: list[View]) -> None:
    stock, ledger = folded(*seen)
    assert all(stand.confirmed_count >= 0 for stand in stock.values())
    assert all(change.delta != 0 and change.count_after >= 0 for change in ledger)


@given(st.lists(views, max_size=8), st.dictionaries(st.sampled_from([JAM, FLOUR, RICE]), st.integers(1, 6)))
def test_an_unreadable_view_changes_nothing_whatever_it_shows(seen: list[View], shown: dict[int, int]) -> None:
    stock, _ = folded(*seen)
    assert reconcile(stock, View(seen=shown, readable=False)) == (stock, [])


@given(st.lists(views, max_size=10), st.lists(views, max_size=10))
def test_folding_in_two_parts_is_folding_at_once(first: list[View], second: list[View]) -> None:
    halfway, lines = folded(*first)
    stock = halfway
    for view in second:
        stock, changes = reconcile(stock, view)
        lines = lines + changes
    assert (stock, lines) == folded(*first, *second)


@given(st.lists(views, max_size=8), st.dictionaries(st.sampled_from([JAM, FLOUR, RICE]), st.integers(1, 6)))
def test_a_glimpse_takes_nothing_away(seen: list[View], shown: dict[int, int]) -> None:
    stock, _ = folded(*seen)
    after, changes = reconcile(stock, View(seen=shown, readable=True, whole=False))
    assert all(after[item].shown_count >= stand.shown_count for item, stand in stock.items())
    assert all(change.delta > 0 or change.count_after >= stock[change.item_id].shown_count for change in changes)


@given(st.lists(views, max_size=8), st.lists(views, max_size=8))
def test_adjusting_to_other_evidence_leaves_the_ledger_in_step(seen: list[View], truly_seen: list[View]) -> None:
    stock, ledger = folded(*seen)
    beliefs = {item: stand.belief for item, stand in folded(*truly_seen)[0].items()}
    after, lines = adjusted(stock, beliefs)
    for item, stand in after.items():
        ledger_sum = sum(change.delta for change in [*ledger, *lines] if change.item_id == item)
        assert ledger_sum == stand.confirmed_count
        assert stand.belief == beliefs.get(item, UNSEEN)
        assert stand.event_count == stock.get(item, NOTHING).event_count + sum(line.item_id == item for line in lines)


def test_the_first_line_of_an_item_says_seen_and_later_ones_say_what_happened() -> None:
    _, ledger = folded(saw(jam=1), saw(jam=1), saw(jam=2), saw(jam=2), saw(), saw(), saw())
    assert [(change.event_type, change.delta) for change in ledger] == [("seen", 1), ("added", 1), ("removed", -2)]


def test_a_hand_before_the_lens_does_not_empty_the_pantry() -> None:
    full = saw(jam=2, flour=1, rice=3)
    stock, ledger = folded(full, full, full, saw(), full)
    assert {item: stand.shown_count for item, stand in stock.items()} == {JAM: 2, FLOUR: 1, RICE: 3}
    assert not [change for change in ledger if change.delta < 0]


def test_a_shelf_that_stays_empty_is_believed_in_the_end() -> None:
    full = saw(jam=2, flour=1, rice=3)
    stock, _ = folded(full, full, full, *[saw()] * 8)
    assert all(stand.shown_count == 0 for stand in stock.values())
