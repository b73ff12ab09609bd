"""Taking back a photograph, and a day: what was there before is there again, and what came later stays."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.clock import local_date, local_day_ms
from pantrybox.errors import Conflict
from pantrybox.inventory import ledger, places, undoing
from pantrybox.inventory.acts import Act
from tests.inventory.cupboard import DAY_MS, Cupboard
from tests.inventory.test_words import Pantry, opened


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


@pytest.fixture
def pantry(tmp_path: Path) -> Iterator[Pantry]:
    with opened(tmp_path) as made:
        yield made


def undo_day(cupboard: Cupboard, days_ago: int = 0, *place_names: str) -> list[int]:
    day = local_date(cupboard.now_ms) - timedelta(days=days_ago)
    return cupboard.write(
        lambda writer: undoing.undo_day(
            writer, day, [places.known_place(writer, name) for name in place_names] or None, "owner"
        )
    )


def undo_photograph(pantry: Pantry, capture_id: str) -> list[int]:
    return pantry.write(lambda writer: undoing.undo_photograph(writer, capture_id, "owner"))


# A photograph


def test_all_that_a_photograph_did_is_taken_back_once(pantry: Pantry) -> None:
    capture_id = pantry.photograph("left", {"jam": 2, "tin": 1})
    assert (pantry.confirmed("jam"), pantry.confirmed("tin")) == (2, 1)
    assert len(undo_photograph(pantry, capture_id)) == 2
    assert (pantry.confirmed("jam"), pantry.confirmed("tin")) == (0, 0)
    with pytest.raises(Conflict, match="nothing to undo"):
        undo_photograph(pantry, capture_id)
    assert pantry.problems() == []


def test_lines_of_a_photograph_are_marked_as_undone(pantry: Pantry) -> None:
    capture_id = pantry.photograph("left", {"jam": 2})
    undo_photograph(pantry, capture_id)
    events = pantry.read(lambda reader: ledger.events_of_capture(reader, capture_id))
    assert [(event.event_type, event.undone) for event in events] == [("seen", True)]


def test_what_was_undone_before_is_left_alone_and_what_was_brought_again_is_not(pantry: Pantry) -> None:
    capture_id = pantry.photograph("left", {"jam": 2, "tin": 1})
    jam, tin = pantry.read(lambda reader: ledger.events_of_capture(reader, capture_id))
    pantry.undo(pantry.undo(jam.id))
    pantry.undo(tin.id)
    assert len(undo_photograph(pantry, capture_id)) == 1
    assert (pantry.confirmed("jam"), pantry.confirmed("tin")) == (0, 0)
    assert pantry.problems() == []


def test_photograph_that_cannot_be_undone_whole_is_not_undone_at_all(pantry: Pantry) -> None:
    capture_id = pantry.photograph("left", {"jam": 2, "tin": 1})
    pantry.say("jam", 1, "Left")
    with pytest.raises(Conflict, match=r"would leave -1 of jam \(Left\)"):
        undo_photograph(pantry, capture_id)
    assert (pantry.confirmed("jam"), pantry.confirmed("tin")) == (1, 1)


def test_photograph_that_changed_nothing_has_nothing_to_undo(pantry: Pantry) -> None:
    capture_id = pantry.photograph("left", {})
    with pytest.raises(Conflict, match="changed nothing"):
        undo_photograph(pantry, capture_id)


# A day


def test_a_day_is_taken_back_and_what_came_later_stays(cupboard: Cupboard) -> None:
    cupboard.say("jam", 5)
    cupboard.now_ms += DAY_MS
    cupboard.act("use", "jam", 2)
    cupboard.act("add", "rice", 3)
    cupboard.now_ms += DAY_MS
    cupboard.act("use", "jam")
    assert len(undo_day(cupboard, 1)) == 2
    assert (cupboard.count("jam"), cupboard.count("rice")) == (4, 0)
    with pytest.raises(Conflict, match="nothing to undo"):
        undo_day(cupboard, 1)
    assert cupboard.problems() == []


def test_day_without_any_change_has_nothing_to_undo(cupboard: Cupboard) -> None:
    cupboard.say("jam", 5)
    for days_ago in (1, -1):
        with pytest.raises(Conflict, match="nothing changed on that day"):
            undo_day(cupboard, days_ago)


def test_undoing_a_day_can_be_undone_like_any_other_day(cupboard: Cupboard) -> None:
    cupboard.say("jam", 5)
    cupboard.now_ms += DAY_MS
    undo_day(cupboard, 1)
    assert cupboard.count("jam") == 0
    undo_day(cupboard)
    assert cupboard.count("jam") == 5


def test_nothing_is_taken_back_when_one_thing_cannot_be(cupboard: Cupboard) -> None:
    cupboard.act("add", "jam", 3)
    cupboard.act("add", "rice", 2)
    cupboard.now_ms += DAY_MS
    cupboard.act("use", "jam")
    with pytest.raises(Conflict, match=r"would leave -1 of jam \(Elsewhere\)"):
        undo_day(cupboard, 1)
    assert (cupboard.count("jam"), cupboard.count("rice")) == (2, 2)


def test_order_of_undoing_leaves_less_than_nothing_only_when_the_whole_does(cupboard: Cupboard) -> None:
    cupboard.say("jam", 2)
    cupboard.now_ms += DAY_MS
    cupboard.act("use", "jam", 2)
    cupboard.act("add", "jam", 3)
    cupboard.now_ms += DAY_MS
    cupboard.act("use", "jam", 2)
    undo_day(cupboard, 1)
    assert cupboard.count("jam") == 0


def test_only_what_happened_at_the_places_that_are_named_is_taken_back_and_moves_whole(cupboard: Cupboard) -> None:
    cupboard.say("jam", 3, "Cellar")
    cupboard.say("rice", 2, "Attic")
    cupboard.now_ms += DAY_MS
    cupboard.act("move", "jam", 2, place="Cellar", to_place="Kitchen")
    cupboard.act("use", "rice", place="Attic")
    undo_day(cupboard, 0, "Kitchen")
    assert (cupboard.count("jam", "Cellar"), cupboard.count("jam", "Kitchen"), cupboard.count("rice")) == (3, 0, 1)


def test_merge_of_that_day_is_parted_and_what_was_used_before_it_comes_back(cupboard: Cupboard) -> None:
    cupboard.say("milk", 4)
    cupboard.say("melk", 2)
    cupboard.now_ms += DAY_MS
    cupboard.act("use", "melk")
    cupboard.merge("melk", into="milk")
    cupboard.act("use", "milk", 3)
    undo_day(cupboard)
    assert (cupboard.count("milk"), cupboard.count("melk")) == (4, 2)
    assert cupboard.problems() == []


def test_line_that_was_undone_on_a_later_day_is_left_alone(cupboard: Cupboard) -> None:
    cupboard.act("add", "rice", 2)
    cupboard.say("jam", 3)
    (line,) = cupboard.act("use", "jam")
    cupboard.now_ms += DAY_MS
    cupboard.undo(line)
    undo_day(cupboard, 1)
    assert (cupboard.count("jam"), cupboard.count("rice")) == (0, 0)
    assert cupboard.problems() == []


def test_day_of_the_house_begins_at_its_midnight(cupboard: Cupboard) -> None:
    today = local_date(cupboard.now_ms)
    since_ms, until_ms = local_day_ms(today)
    assert since_ms <= cupboard.now_ms < until_ms
    assert local_date(since_ms) == local_date(until_ms - 1) == today
    assert local_date(until_ms) == today + timedelta(days=1)


steps = st.lists(
    st.tuples(st.sampled_from(["use", "add", "throw_away", "finish", "undo"]), st.integers(1, 4), st.integers(0, 20)),
    max_size=10,
)
Steps = list[tuple[Literal[Act, "undo"], int, int]]


def live(cupboard: Cupboard, steps: Steps) -> list[int]:
    """Do what can be done of that; undo what these steps wrote. The ids of what was written."""
    lines: list[int] = []
    for act, amount, choice in steps:
        with suppress(Conflict):
            if act != "undo":
                lines += cupboard.act(act, "jam", 1 if act == "finish" else amount)
            elif lines:
                lines.append(cupboard.undo(lines[choice % len(lines)]))
    return lines


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(0, 6), steps)
def test_after_undoing_a_day_the_stock_is_what_it_was_in_the_morning(before: int, day: Steps) -> None:
    with TemporaryDirectory() as folder, Cupboard(Path(folder)) as cupboard:
        cupboard.say("jam", before)
        cupboard.now_ms += DAY_MS
        live(cupboard, day)
        with suppress(Conflict):
            undo_day(cupboard)
        assert cupboard.count("jam") == before
        with pytest.raises(Conflict, match="nothing to undo"):
            undo_day(cupboard)
        assert cupboard.problems() == []


@pytest.mark.slow
@settings(max_examples=40)
@given(steps, steps)
def test_undoing_yesterday_leaves_what_today_did_or_says_that_it_cannot(yesterday: Steps, today: Steps) -> None:
    with TemporaryDirectory() as folder, Cupboard(Path(folder)) as cupboard:
        cupboard.say("jam", 0)
        cupboard.now_ms += DAY_MS
        live(cupboard, yesterday)
        evening = cupboard.count("jam")
        cupboard.now_ms += DAY_MS
        live(cupboard, today)
        night = cupboard.count("jam")
        refused = ""
        try:
            undo_day(cupboard, 1)
        except Conflict as refusal:
            refused = str(refusal)
        assert cupboard.count("jam") == (night if refused else night - evening)
        assert not refused or (evening == 0 if "nothing to undo" in refused else night < evening)
        assert cupboard.problems() == []
