"""Which units are used first, which are still there, and what a person's word and a photograph mean for them."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import dating, lots, places
from pantrybox.inventory.dating import LotChange
from pantrybox.inventory.lots import Lot
from tests.inventory.cupboard import DAY_MS, Cupboard

SPRING, SUMMER, WINTER = date(2027, 4, 1), date(2027, 7, 1), date(2027, 12, 24)


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


def a_lot(lot_id: int, count: int, best_before: date | None, opened_at_ms: int | None = None) -> Lot:
    return Lot(lot_id, 1, "jam", 1, "Shelf", 99, count, best_before, opened_at_ms, 0, "owner")


def dated(cupboard: Cupboard, name: str, count: int, best_before: date, place: str = "Elsewhere") -> None:
    item_id = cupboard.item(name)
    cupboard.write(
        lambda writer: dating.say_when(writer, item_id, places.known_place(writer, place), count, best_before, "owner")
    )


def shown(cupboard: Cupboard, name: str, place: str | None = None) -> list[tuple[int, date | None, bool]]:
    """How many, until when, and whether they are open; what ends first comes first."""
    return [(lot.count, lot.best_before, lot.is_open) for lot in cupboard.lots(name, place)]


# The rules

some_lots = st.lists(
    st.tuples(st.integers(1, 5), st.dates(SPRING, WINTER) | st.none(), st.integers(1, 9) | st.none()), max_size=6
).map(
    lambda told: [
        a_lot(number, count, day, opened if day else opened or 1) for number, (count, day, opened) in enumerate(told)
    ]
)


@given(some_lots, st.integers(0, 40))
def test_so_many_are_still_there_as_are_shown_and_no_more_than_there_were(told: list[Lot], shown: int) -> None:
    left = lots.still_there(told, shown)
    assert lots.total(left) == min(shown, lots.total(told))
    assert all(lot.count > 0 for lot in left)


@given(some_lots, st.integers(0, 30))
def test_nothing_is_used_while_something_is_left_that_is_used_before_it(told: list[Lot], used: int) -> None:
    left = {lot.id: lot.count for lot in lots.after_use(told, used)}
    taken_from_last = [left.get(lot.id, 0) < lot.count for lot in lots.in_order(told)]
    gone = [lot.id not in left for lot in lots.in_order(told)]
    for earlier, later in zip(gone, taken_from_last[1:], strict=False):
        assert earlier or not later


@given(some_lots, st.integers(0, 15), st.integers(0, 15))
def test_using_twice_is_using_the_sum(told: list[Lot], first: int, second: int) -> None:
    assert lots.after_use(lots.after_use(told, first), second) == lots.after_use(told, first + second)


@given(some_lots, st.integers(0, 15))
def test_what_changed_is_what_was_taken(told: list[Lot], used: int) -> None:
    changes = lots.taken_and_put(told, lots.after_use(told, used))
    assert -sum(changes.values()) == min(used, lots.total(told))


def test_what_is_open_goes_first_then_what_ends_first_and_what_has_no_date_last() -> None:
    told = [a_lot(1, 1, WINTER), a_lot(2, 1, SPRING), a_lot(3, 1, None, 5), a_lot(4, 1, SUMMER, 6), a_lot(5, 1, SPRING)]
    assert [lot.id for lot in lots.in_order(told)] == [4, 3, 2, 5, 1]


def test_days_that_are_left_are_counted_by_the_calendar() -> None:
    lot = a_lot(1, 1, SPRING)
    assert [lots.days_left(lot, day) for day in (date(2027, 3, 25), SPRING, date(2027, 4, 3))] == [7, 0, -2]
    assert lots.days_left(a_lot(1, 1, None, 3), SPRING) is None
    assert lots.is_to_be_used_soon(lot, date(2027, 3, 25), 7)
    assert not lots.is_to_be_used_soon(lot, date(2027, 3, 24), 7)
    assert lots.is_to_be_used_soon(lot, WINTER, 0)
    assert lots.is_to_be_used_soon(a_lot(1, 1, None, 3), SPRING, 0)


# What people do


def test_what_is_used_goes_from_what_ends_first_and_an_undo_puts_it_back(cupboard: Cupboard) -> None:
    cupboard.say("jam", 1)
    cupboard.act("add", "jam", 2, best_before=WINTER)
    cupboard.act("add", "jam", 2, best_before=SPRING)
    (line,) = cupboard.act("use", "jam", 3)
    assert shown(cupboard, "jam") == [(1, WINTER, False)]
    undone = cupboard.undo(line)
    assert shown(cupboard, "jam") == [(2, SPRING, False), (2, WINTER, False)]
    cupboard.undo(undone)
    assert shown(cupboard, "jam") == [(1, WINTER, False)]


def test_undoing_what_was_added_takes_its_date_away(cupboard: Cupboard) -> None:
    (line,) = cupboard.act("add", "jam", 2, best_before=WINTER)
    undone = cupboard.undo(line)
    assert shown(cupboard, "jam") == []
    cupboard.undo(undone)
    assert shown(cupboard, "jam") == [(2, WINTER, False)]


def test_open_one_is_that_which_ends_first_and_it_is_used_first(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=SUMMER)
    cupboard.act("add", "jam", 1, best_before=WINTER)
    assert cupboard.act("open", "jam") == []
    assert shown(cupboard, "jam") == [(1, SUMMER, False), (1, SUMMER, True), (1, WINTER, False)]
    assert cupboard.count("jam") == 3
    cupboard.act("add", "jam", 1, best_before=SPRING)
    cupboard.act("use", "jam")
    assert shown(cupboard, "jam") == [(1, SPRING, False), (1, SUMMER, False), (1, WINTER, False)]


def test_one_without_a_date_is_opened_and_no_more_than_there_are(cupboard: Cupboard) -> None:
    cupboard.say("jam", 2)
    cupboard.act("open", "jam")
    cupboard.act("open", "jam")
    assert shown(cupboard, "jam") == [(1, None, True), (1, None, True)]
    with pytest.raises(Conflict, match="open already"):
        cupboard.act("open", "jam")


def test_dates_move_along_and_come_back(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, place="Cellar", best_before=WINTER)
    cupboard.act("open", "jam", place="Cellar")
    line, _ = cupboard.act("move", "jam", place="Cellar", to_place="Kitchen")
    assert shown(cupboard, "jam", "Kitchen") == [(1, WINTER, True)]
    assert shown(cupboard, "jam", "Cellar") == [(1, WINTER, False)]
    cupboard.undo(line)
    assert shown(cupboard, "jam", "Kitchen") == []
    assert shown(cupboard, "jam", "Cellar") == [(1, WINTER, False), (1, WINTER, True)]


def test_what_is_finished_has_no_dates_left_and_what_is_bought_next_has_none_yet(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=WINTER)
    cupboard.act("finish", "jam")
    cupboard.act("add", "jam", 3)
    assert shown(cupboard, "jam") == []


def test_a_count_lets_go_of_dates_beyond_it(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=SPRING)
    cupboard.act("add", "jam", 2, best_before=WINTER)
    cupboard.say("jam", 3)
    assert shown(cupboard, "jam") == [(1, SPRING, False), (2, WINTER, False)]
    cupboard.say("jam", 5)
    assert shown(cupboard, "jam") == [(1, SPRING, False), (2, WINTER, False)]


def test_photographs_hide_dates_and_show_them_again(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=SPRING)
    cupboard.act("add", "jam", 1, best_before=WINTER)
    cupboard.happen("jam", "removed", -2)
    assert shown(cupboard, "jam") == [(1, WINTER, False)]
    cupboard.happen("jam", "added", 1)
    assert shown(cupboard, "jam") == [(1, SPRING, False), (1, WINTER, False)]


def test_a_persons_word_about_what_photographs_show_is_the_last_one(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=SPRING)
    cupboard.happen("jam", "removed", -2)
    (line,) = cupboard.act("add", "jam", 2, best_before=WINTER)
    cupboard.happen("jam", "added", 2)
    assert shown(cupboard, "jam") == [(2, WINTER, False)]
    cupboard.undo(line)
    assert shown(cupboard, "jam") == [(2, SPRING, False)]


def test_lots_of_what_was_merged_are_those_of_what_it_is_now(cupboard: Cupboard) -> None:
    cupboard.act("add", "melk", 2, best_before=SPRING)
    cupboard.act("add", "milk", 1, best_before=WINTER)
    cupboard.merge("melk", into="milk")
    cupboard.act("use", "milk")
    assert shown(cupboard, "milk") == [(1, SPRING, False), (1, WINTER, False)]
    assert {lot.item_name for lot in cupboard.lots("milk")} == {"milk"}


# What people say of what is there


def test_date_of_what_is_there_is_said_and_said_again(cupboard: Cupboard) -> None:
    cupboard.say("jam", 3)
    dated(cupboard, "jam", 3, SPRING)
    dated(cupboard, "jam", 2, SPRING)
    dated(cupboard, "jam", 1, WINTER)
    assert shown(cupboard, "jam") == [(2, SPRING, False), (1, WINTER, False)]
    with pytest.raises(Conflict, match="There are 3 there, and 3 of them have a date"):
        dated(cupboard, "jam", 1, SUMMER)
    with pytest.raises(Conflict, match="There are 3 there, and 1 of them has a date"):
        dated(cupboard, "jam", 3, SPRING)


def correct(cupboard: Cupboard, lot_id: int, **said: object) -> None:
    change = msgspec.convert(said, LotChange)
    cupboard.write(lambda writer: dating.correct(writer, lot_id, change, "owner"))


def test_lot_is_corrected_opened_closed_and_forgotten(cupboard: Cupboard) -> None:
    cupboard.say("jam", 4)
    dated(cupboard, "jam", 3, SPRING)
    (lot,) = cupboard.lots("jam")
    correct(cupboard, lot.id, count=4, best_before=SUMMER)
    assert shown(cupboard, "jam") == [(4, SUMMER, False)]
    with pytest.raises(Conflict, match="There are 4 there"):
        correct(cupboard, lot.id, count=5)
    correct(cupboard, lot.id, opened=True)
    opened = next(one for one in cupboard.lots("jam") if one.is_open)
    assert shown(cupboard, "jam") == [(3, SUMMER, False), (1, SUMMER, True)]
    correct(cupboard, opened.id, opened=False)
    assert shown(cupboard, "jam") == [(3, SUMMER, False), (1, SUMMER, False)]
    for one in cupboard.lots("jam"):
        cupboard.write(lambda writer, one=one: dating.forget(writer, one.id))
    assert shown(cupboard, "jam") == []
    assert cupboard.count("jam") == 4
    with pytest.raises(NotFound, match="no such lot"):
        correct(cupboard, lot.id, count=1)


def test_closing_what_has_no_date_says_nothing_of_it_any_more(cupboard: Cupboard) -> None:
    cupboard.say("jam", 2)
    cupboard.act("open", "jam")
    (lot,) = cupboard.lots("jam")
    correct(cupboard, lot.id, opened=False)
    assert shown(cupboard, "jam") == []


def test_undo_does_not_bring_back_what_was_said_to_be_wrong(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=SPRING)
    (line,) = cupboard.act("use", "jam")
    (lot,) = cupboard.lots("jam")
    cupboard.write(lambda writer: dating.forget(writer, lot.id))
    cupboard.undo(line)
    assert shown(cupboard, "jam") == []
    assert cupboard.count("jam") == 2


def test_what_photographs_took_to_be_gone_is_gone_once_a_person_speaks_of_the_lots(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 2, best_before=SPRING)
    (hidden,) = cupboard.lots("jam")
    cupboard.happen("jam", "removed", -1)
    dated(cupboard, "jam", 1, SPRING)
    cupboard.happen("jam", "removed", -1)
    with pytest.raises(NotFound):
        correct(cupboard, hidden.id, count=1)
    cupboard.happen("jam", "added", 2)
    assert shown(cupboard, "jam") == [(1, SPRING, False)]


doings = st.lists(
    st.tuples(
        st.sampled_from(["use", "add", "dated", "open", "finish", "say", "camera", "move", "undo"]),
        st.integers(1, 3),
        st.sampled_from([SPRING, SUMMER, WINTER]),
        st.integers(0, 30),
    ),
    max_size=14,
)


def live(cupboard: Cupboard, doings: list[tuple[str, int, date, int]]) -> None:
    lines: list[int] = []
    for act, amount, day, choice in doings:
        cupboard.now_ms += DAY_MS
        with suppress(Conflict):
            match act:
                case "use" | "finish" | "open":
                    lines += cupboard.act(act, "jam", 1 if act != "use" else amount)
                case "add":
                    lines += cupboard.act("add", "jam", amount)
                case "dated":
                    lines += cupboard.act("add", "jam", amount, best_before=day)
                case "say":
                    cupboard.say("jam", amount)
                case "camera":
                    cupboard.happen("jam", "adjusted", amount - cupboard.count("jam", "Elsewhere"))
                case "move":
                    lines += cupboard.act("move", "jam", amount, to_place="Cellar")
                case _ if lines:
                    lines.append(cupboard.undo(lines[choice % len(lines)]))
                case _:
                    pass


@pytest.mark.slow
@settings(max_examples=60)
@given(doings)
def test_whatever_happens_no_more_has_a_date_than_is_there(doings: list[tuple[str, int, date, int]]) -> None:
    with TemporaryDirectory() as folder, Cupboard(Path(folder)) as cupboard:
        cupboard.say("jam", 2)
        live(cupboard, doings)
        for place in ("Elsewhere", "Cellar"):
            if any(lot.place_name == place for lot in cupboard.lots("jam")):
                assert lots.total(cupboard.lots("jam", place)) <= cupboard.count("jam", place)
        # What `happen` writes stands on no evidence, so that only the sums can be proven.
        assert [problem for problem in cupboard.problems() if "ledger" in problem] == []
