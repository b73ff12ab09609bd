"""What a person does with the stock: the count, the ledger, the shopping list and the forecast follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrybox.errors import Conflict, OutOfRange
from pantrybox.inventory import history, ledger, states
from pantrybox.inventory import shopping_queries as listed
from pantrybox.inventory.belief import stated
from pantrybox.inventory.consumption import use_of
from pantrybox.inventory.history import PastEvent
from pantrybox.inventory.model import Stand
from pantrybox.storage.database import Writer
from tests.inventory.cupboard import Cupboard


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    with Cupboard(tmp_path) as opened:
        yield opened


def happened(cupboard: Cupboard, name: str) -> list[PastEvent]:
    """Newest first."""
    item_id = cupboard.item(name)
    return cupboard.read(lambda reader: history.of_item(reader, item_id, since_ms=0, limit=99))


def told(cupboard: Cupboard, name: str) -> list[tuple[str, int, int]]:
    """Oldest first: what happened, by how much, and how many there were then."""
    return [(event.event_type, event.delta, event.count_after) for event in reversed(happened(cupboard, name))]


def believe(cupboard: Cupboard, name: str, count: int, confirmed: int) -> None:
    """As photographs do of which the last ones are not sure enough for the ledger."""
    item_id = cupboard.item(name)

    def believe(writer: Writer) -> None:
        (place_id,) = states.places_of(writer, item_id)
        before = states.stand_of(writer, item_id, place_id)
        assert before.confirmed_count == confirmed
        stand = Stand(stated(count, 0.7), confirmed, before.event_count)
        states.set_stand(writer, item_id, place_id, stand, seen_at_ms=None)

    cupboard.write(believe)


def test_using_and_adding_change_the_count_by_as_much_and_say_so(cupboard: Cupboard) -> None:
    cupboard.say("jam", 3)
    cupboard.act("use", "jam")
    cupboard.act("add", "jam", 4)
    cupboard.act("throw_away", "jam", 2)
    cupboard.act("finish", "jam")
    assert told(cupboard, "jam") == [
        ("manual_override", 3, 3),
        ("consumed", -1, 2),
        ("added", 4, 6),
        ("consumed", -2, 4),
        ("consumed", -4, 0),
    ]
    assert cupboard.problems() == []


def test_act_starts_from_what_is_shown_and_the_ledger_catches_up_first(cupboard: Cupboard) -> None:
    cupboard.say("jam", 2)
    believe(cupboard, "jam", 5, confirmed=2)
    cupboard.act("use", "jam")
    assert told(cupboard, "jam")[1:] == [("adjusted", 3, 5), ("consumed", -1, 4)]
    believe(cupboard, "jam", 3, confirmed=4)
    cupboard.act("add", "jam")
    assert told(cupboard, "jam")[3:] == [("adjusted", -1, 3), ("added", 1, 4)]
    assert cupboard.problems() == []


def test_nobody_takes_more_than_there_is(cupboard: Cupboard) -> None:
    cupboard.say("jam", 1)
    for act in ("use", "throw_away"):
        with pytest.raises(Conflict, match="There is only 1 there"):
            cupboard.act(act, "jam", 2)
    cupboard.say("jam", 0)
    for act in ("use", "throw_away", "finish", "open"):
        with pytest.raises(Conflict, match="There is none there"):
            cupboard.act(act, "jam")
    assert cupboard.count("jam") == 0
    assert len(happened(cupboard, "jam")) == 2


def test_no_place_holds_more_than_can_be_counted(cupboard: Cupboard) -> None:
    cupboard.say("rice", 9998)
    cupboard.act("add", "rice")
    with pytest.raises(Conflict, match="at most 9999"):
        cupboard.act("add", "rice")
    cupboard.say("rice", 1, "Cellar")
    with pytest.raises(Conflict, match="at most 9999"):
        cupboard.act("move", "rice", place="Cellar", to_place="Elsewhere")
    assert (cupboard.count("rice", "Elsewhere"), cupboard.count("rice", "Cellar")) == (9999, 1)


def test_move_takes_here_and_puts_there_and_the_house_has_as_much_as_before(cupboard: Cupboard) -> None:
    cupboard.say("jam", 3, "Cellar")
    lines = cupboard.act("move", "jam", 2, place="Cellar", to_place="Kitchen")
    assert (cupboard.count("jam", "Cellar"), cupboard.count("jam", "Kitchen")) == (1, 2)
    assert len(lines) == 2
    with pytest.raises(OutOfRange, match="already"):
        cupboard.act("move", "jam", place="Cellar", to_place="cellar")
    with pytest.raises(Conflict, match="only 1"):
        cupboard.act("move", "jam", 2, place="Cellar", to_place="Kitchen")
    assert cupboard.problems() == []


@pytest.mark.parametrize("half", [0, 1])
def test_undoing_either_half_of_a_move_takes_back_both_and_brings_both_again(cupboard: Cupboard, half: int) -> None:
    cupboard.say("jam", 3, "Cellar")
    lines = cupboard.act("move", "jam", 2, place="Cellar", to_place="Kitchen")
    undone = cupboard.undo(lines[half])
    assert (cupboard.count("jam", "Cellar"), cupboard.count("jam", "Kitchen")) == (3, 0)
    with pytest.raises(Conflict, match="undone already"):
        cupboard.undo(lines[1 - half])
    cupboard.undo(undone)
    assert (cupboard.count("jam", "Cellar"), cupboard.count("jam", "Kitchen")) == (1, 2)
    assert cupboard.problems() == []


def test_move_whose_other_half_is_used_up_stays_at_both_places(cupboard: Cupboard) -> None:
    cupboard.say("jam", 3, "Cellar")
    lines = cupboard.act("move", "jam", 2, place="Cellar", to_place="Kitchen")
    cupboard.act("use", "jam", place="Kitchen")
    with pytest.raises(Conflict, match=r"would leave -1 of jam \(Kitchen\)"):
        cupboard.undo(lines[0])
    assert (cupboard.count("jam", "Cellar"), cupboard.count("jam", "Kitchen")) == (1, 1)


def test_moving_buys_nothing_and_wants_nothing(cupboard: Cupboard) -> None:
    cupboard.say("jam", 1, "Cellar")
    cupboard.write(lambda writer: writer.execute("DELETE FROM shopping_list"))
    lines = cupboard.act("move", "jam", place="Cellar", to_place="Kitchen")
    cupboard.undo(lines[0])
    assert cupboard.read(lambda reader: listed.entries(reader, cupboard.now_ms, limit=9)) == []


def test_what_was_used_and_finished_is_use_and_what_was_thrown_away_is_not(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 9, days_ago=30)
    cupboard.act("use", "milk", 2)
    cupboard.act("throw_away", "milk", 3)
    cupboard.act("finish", "milk")
    item_id = cupboard.item("milk")
    assert cupboard.read(lambda reader: use_of(reader, item_id, cupboard.now_ms)).gone == 6


def test_what_a_person_did_is_a_persons_count(cupboard: Cupboard) -> None:
    cupboard.happen("milk", "seen", 3)
    (line,) = cupboard.act("use", "milk")
    event = cupboard.read(lambda reader: ledger.event_by_id(reader, line))
    assert event is not None
    assert event.capture_id is None
    assert happened(cupboard, "milk")[0].said_by == "owner"
