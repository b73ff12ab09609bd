"""Teach once, and everything heeds it; take it back, and nothing does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrybox.devices import queries as devices
from pantrybox.devices.settings import DeviceSettings
from pantrybox.errors import Conflict, NotFound, OutOfRange
from pantrybox.inventory import ledger
from pantrybox.storage.database import Writer
from pantrybox.teaching import examples, products, renaming
from pantrybox.teaching.teacher import Lesson
from pantrybox.vision.model import Box
from tests.teaching.home import PHONE, Home, Thing, box_of

MILK = Thing(0, "red")
JAM = Thing(1, "green")
CODE = "4006381333931"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    opened = Home(tmp_path)
    yield opened
    opened.end()


def test_what_was_taught_once_is_named_in_the_next_photograph(home: Home) -> None:
    first = home.photograph("left", MILK, JAM)
    assert home.names(first) == [None, None]
    home.teach(first, home.box_at(first, 0).id, "Milk")
    assert home.names(first) == ["Milk", None]
    second = home.photograph("left", JAM, Thing(6, "red"))
    assert home.names(second) == [None, "Milk"]
    box = home.box_at(second, 6)
    assert box.source == "recogniser"
    assert box.confidence > 0.9


def test_what_was_seen_before_is_named_too_and_the_stock_follows(home: Home) -> None:
    taken = [home.photograph("left", MILK, JAM) for _ in range(4)]
    learned = home.teach(taken[-1], home.box_at(taken[-1], 0).id, "Milk")
    assert learned.also_changed == 3
    assert [home.names(one) for one in taken] == [["Milk", None]] * 4
    home.settle()
    assert home.count("Milk") == 1
    events = home.read(lambda reader: ledger.newest_events(reader, 10))
    assert [(event.event_type, event.item_name, event.delta) for event in events] == [("adjusted", "Milk", 1)]


def test_what_it_is_not_is_obeyed_in_the_next_photograph(home: Home) -> None:
    first = home.photograph("left", MILK)
    home.teach(first, home.box_at(first, 0).id, "Milk")
    second = home.photograph("left", Thing(2, "red"))
    home.teach(second, home.box_at(second, 2).id, "Milk", positive=False)
    third = home.photograph("left", Thing(2, "red"))
    assert (home.names(second), home.names(third)) == ([None], [None])


def test_a_models_own_word_can_be_denied_before_anything_was_taught(home: Home) -> None:
    first = home.photograph("left", Thing(0, "red", "bottle"))
    assert home.names(first) == ["bottle"]
    home.teach(first, home.box_at(first, 0).id, "bottle", positive=False)
    second = home.photograph("left", Thing(0, "red", "bottle"))
    assert (home.names(first), home.names(second)) == ([None], [None])


def test_what_is_no_thing_at_all_is_left_out_from_then_on(home: Home) -> None:
    first = home.photograph("left", Thing(0, "red", "bottle"))
    home.teach(first, home.box_at(first, 0).id, None, positive=False)
    assert home.names(home.photograph("left", Thing(3, "red", "bottle"))) == [None]


def test_once_a_thing_was_taught_no_model_gives_its_name(home: Home) -> None:
    taken = home.photograph("left", Thing(0, "red", "bottle"), Thing(1, "blue", "bottle"))
    assert home.names(taken) == ["bottle", "bottle"]
    learned = home.teach(taken, home.box_at(taken, 0).id, "Bottle")
    assert (home.names(taken), learned.also_changed) == (["Bottle", None], 1)
    home.take_back(learned.example_ids[0])
    assert home.names(taken) == ["Bottle", "Bottle"]
    assert {box.source for box in home.boxes(taken)} == {"generic"}


def test_taking_back_gives_a_models_word_to_what_came_while_the_example_stood(home: Home) -> None:
    first = home.photograph("left", MILK)
    learned = home.teach(first, home.box_at(first, 0).id, "Milk")
    second = home.photograph("left", Thing(0, "red", "bottle"))
    assert home.names(second) == ["Milk"]
    home.take_back(learned.example_ids[0])
    assert home.names(second) == ["bottle"]


def test_a_missed_thing_is_drawn_and_then_found_by_likeness_in_that_view(home: Home) -> None:
    hidden = Thing(5, "blue", score=0)
    first = home.photograph("left", MILK, hidden)
    assert len(home.boxes(first)) == 1
    home.teach(first, box_of(5), "Tea")
    assert home.names(first) == [None, "Tea"]
    assert home.names(home.photograph("left", JAM, hidden)) == [None, "Tea"]
    assert home.names(home.photograph("left", JAM)) == [None]
    assert home.names(home.photograph("right", JAM, hidden)) == [None]


def test_a_box_drawn_around_what_was_found_means_that(home: Home) -> None:
    first = home.photograph("left", MILK)
    home.teach(first, Box(0.015, 0.02, 0.2, 0.4), "Milk")
    assert home.names(first) == ["Milk"]
    standing = home.read(lambda reader: examples.of_capture(reader, first))
    assert [(one.detection_id, one.drawn) for one in standing] == [(home.box_at(first, 0).id, False)]


def test_a_second_look_keeps_what_people_said_of_a_photograph(home: Home) -> None:
    first = home.photograph("left", MILK, Thing(5, "blue", score=0))
    home.teach(first, home.box_at(first, 0).id, "Milk")
    home.teach(first, box_of(5), "Tea")
    home.look_again(first)
    assert home.names(first) == ["Milk", "Tea"]
    assert {box.source for box in home.boxes(first)} == {"person"}


def test_a_box_of_an_earlier_look_can_still_be_named(home: Home) -> None:
    first = home.photograph("left", MILK)
    before = home.box_at(first, 0).id
    home.look_again(first)
    home.teach(first, before, "Milk")
    assert home.names(first) == ["Milk"]


def test_a_correction_takes_the_place_of_what_was_said_and_its_undo_puts_that_back(home: Home) -> None:
    first = home.photograph("left", MILK)
    box = home.box_at(first, 0).id
    home.teach(first, box, "Cream")
    corrected = home.teach(first, box, "Milk")
    assert home.names(first) == ["Milk"]
    assert len(home.standing()) == 1
    home.take_back(corrected.example_ids[0])
    assert home.names(first) == ["Cream"]
    home.take_back_everything()
    assert home.names(first) == [None]


def test_taking_back_every_lesson_leaves_every_name_as_it_was(home: Home) -> None:
    shelf = [Thing(0, "red", "bottle"), Thing(1, "red"), Thing(2, "green", "cup"), Thing(3, "blue", score=0.2)]
    taken = [home.photograph("left", *shelf) for _ in range(2)]
    before = home.namings()
    home.teach(taken[0], home.box_at(taken[0], 0).id, "Milk")
    home.teach(taken[0], home.box_at(taken[0], 0).id, "Cup")
    home.teach(taken[1], home.box_at(taken[1], 1).id, "Milk", positive=False)
    home.teach(taken[1], home.box_at(taken[1], 2).id, None, positive=False)
    home.teach(taken[0], box_of(7), "Tea")
    home.settle()
    assert home.namings() != before
    home.take_back_everything()
    home.settle()
    after = home.namings()
    assert {one: (after[one].item_id, after[one].source) for one in before} == {
        one: (naming.item_id, naming.source) for one, naming in before.items()
    }
    assert home.problems() == []


def test_a_lesson_is_heeded_though_the_box_goes_down_before_anything_was_renamed(home: Home) -> None:
    taken = [home.photograph("left", MILK) for _ in range(3)]
    lesson = Lesson(taken[0], home.box_at(taken[0], 0).id, None, "Milk", True)
    home.write_down([lesson])
    assert [home.names(one) for one in taken] == [[None]] * 3
    home.restart()
    assert home.progress().running
    home.settle()
    assert [home.names(one) for one in taken] == [["Milk"]] * 3
    assert not home.progress().running


def test_a_pass_that_was_cut_off_goes_on_where_it_was(home: Home) -> None:
    taken = [home.photograph("left", MILK) for _ in range(renaming.PAGE + 2)]
    home.write_down([Lesson(taken[0], home.box_at(taken[0], 0).id, None, "Milk", True)])
    while home.progress().done == 0:
        home.step()
    assert (home.names(taken[-1]), home.names(taken[0])) == (["Milk"], [None])
    home.restart()
    assert home.progress().done == renaming.PAGE
    home.settle()
    assert home.names(taken[0]) == ["Milk"]


def test_a_lesson_that_fails_leaves_no_trace_in_what_is_recognised(home: Home) -> None:
    taken = home.photograph("left", MILK)
    box = home.box_at(taken, 0).id
    with pytest.raises(RuntimeError, match="card"):
        home.write_down([Lesson(taken, box, None, "Milk", True)], failing=True)
    assert home.names(home.photograph("left", MILK)) == [None]
    home.teach(taken, box, "Jam")
    assert home.names(home.photograph("left", MILK)) == ["Jam"]


def test_a_mask_that_is_drawn_later_says_nothing_about_earlier_photographs(home: Home) -> None:
    first = home.photograph("left", MILK, JAM)
    everything = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

    def mask(writer: Writer) -> None:
        devices.set_settings(writer, "left", DeviceSettings(masks=(everything,)))

    home.write(mask)
    home.teach(first, home.box_at(first, 0).id, "Milk")
    assert home.names(first) == ["Milk", None]
    second = home.photograph("left", MILK)
    assert [box.source for box in home.boxes(second)] == ["masked"]


def test_a_code_in_the_box_of_a_named_thing_names_the_next_one(home: Home) -> None:
    first = home.photograph(PHONE, Thing(0, "red", code=CODE))
    learned = home.teach(first, home.box_at(first, 0).id, "Milk")
    second = home.photograph(PHONE, Thing(2, "blue", code=CODE))
    assert [(box.item_name, box.source) for box in home.boxes(second)] == [("Milk", "barcode")]
    home.take_back(learned.example_ids[0])
    assert home.read(products.total) == 0
    home.settle()
    assert home.names(second) == [None]


def test_a_correction_teaches_the_code_too(home: Home) -> None:
    first = home.photograph(PHONE, Thing(0, "red", code=CODE))
    box = home.box_at(first, 0).id
    home.teach(first, box, "Milk")
    home.teach(first, box, "Cream")
    product = home.read(lambda reader: products.by_code(reader, CODE))
    assert product is not None
    assert product.item_name == "Cream"


def test_many_crops_get_one_name_or_none_does(home: Home) -> None:
    first, second = home.photograph("left", MILK), home.photograph("left", JAM)
    good = [Lesson(one, home.boxes(one)[0].id, None, "Things", True) for one in (first, second)]
    with pytest.raises(NotFound):
        home.teach_all([*good, Lesson(first, 12345678, None, "Things", True)])
    assert home.standing() == []
    learned = home.teach_all(good)
    assert len(learned.example_ids) == 2
    assert (home.names(first), home.names(second)) == (["Things"], ["Things"])


def test_what_cannot_be_taught_says_why(home: Home) -> None:
    waiting = home.receive("left", [MILK])
    with pytest.raises(Conflict, match="looked at"):
        home.teach(waiting, box_of(0), "Milk")
    seen = home.photograph("left", MILK)
    box = home.box_at(seen, 0).id
    with pytest.raises(NotFound, match="item"):
        home.teach(seen, box, "Nobody knows this", positive=False)
    with pytest.raises(OutOfRange, match="either"):
        home.teach_all([Lesson(seen, None, None, "Milk", True)])
    with pytest.raises(OutOfRange, match="either"):
        home.teach_all([Lesson(seen, box, box_of(0), "Milk", True)])
    with pytest.raises(OutOfRange, match="left"):
        home.teach(seen, Box(0.5, 0.1, 0.4, 0.2), "Milk")
    with pytest.raises(NotFound, match="detection"):
        home.teach(home.photograph("left", JAM), box, "Milk")
    with pytest.raises(NotFound):
        home.take_back(99)
    home.write(lambda writer: writer.execute("UPDATE captures SET image_path = NULL"))
    with pytest.raises(Conflict, match="deleted"):
        home.teach(seen, box, "Milk")
