"""The scorecard: every word of a person counts once, for what it says of the eye, and too little is said to be so."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory import items, places, states, undoing, words
from pantrybox.storage.database import Reader, Writer
from pantrybox.teaching.corrections import Report, report
from pantrybox.teaching.scorecard import (
    BURST_MS,
    LEAST,
    Camera,
    Counted,
    Figures,
    Judgement,
    Kind,
    Scorecard,
    merged,
    outcomes,
    scored,
    teach_next,
)
from tests.teaching.home import CAMERAS, Home, Thing, box_of

MILK, CREAM = 1, 2
BEFORE, NOW = 10, 20

ids = st.sampled_from([MILK, CREAM, 3])
judgements = st.builds(
    Judgement,
    item_id=st.none() | ids,
    positive=st.booleans(),
    was_item_id=st.none() | ids,
    was_source=st.sampled_from(["recogniser", "generic", "barcode", None]),
    device_id=st.sampled_from(["left", "right"]),
    judged_at_ms=st.just(NOW),
).filter(lambda one: one.item_id is not None or not one.positive)
counts = st.builds(
    Counted,
    item_id=ids,
    place_id=st.integers(1, 2),
    device_id=st.just("left"),
    said=st.integers(0, 9),
    shown=st.integers(0, 9),
    said_at_ms=st.integers(0, 5 * BURST_MS),
)
figures = st.builds(Figures, *(st.integers(0, 20) for _ in range(5)))


def judged(
    said: int | None, was: int | None, *, positive: bool = True, source: str = "recogniser", known: bool = True
) -> list[tuple[int, str]]:
    judgement = Judgement(said, positive, was, source if was else None, "left", NOW)  # pyright: ignore[reportArgumentType]
    return list(outcomes(judgement, dict.fromkeys((MILK, CREAM), BEFORE) if known else {MILK: NOW, CREAM: NOW}))


def test_name_that_a_person_gives_too_is_right() -> None:
    assert judged(MILK, MILK) == [(MILK, "right")]


def test_another_name_is_a_false_one_of_the_old_item_and_a_miss_of_the_new_one() -> None:
    assert judged(CREAM, MILK) == [(MILK, "false"), (CREAM, "missed")]


def test_thing_that_did_not_count_is_missed() -> None:
    assert judged(MILK, None) == [(MILK, "missed")]


def test_what_the_eye_was_never_shown_is_not_missed() -> None:
    assert judged(MILK, None, known=False) == []
    assert judged(CREAM, MILK, known=False) == [(MILK, "false")]


def test_word_of_a_model_is_not_false_until_somebody_says_so() -> None:
    assert judged(CREAM, MILK, source="generic") == [(CREAM, "missed")]
    assert judged(MILK, MILK, positive=False, source="generic") == [(MILK, "false")]


def test_denied_name_is_false_and_one_that_was_never_given_is_not() -> None:
    assert judged(MILK, MILK, positive=False) == [(MILK, "false")]
    assert judged(MILK, CREAM, positive=False) == []
    assert judged(MILK, None, positive=False) == []
    assert judged(None, MILK, positive=False) == [(MILK, "false")]
    assert judged(None, None, positive=False) == []


@given(st.lists(judgements), st.lists(counts))
def test_items_and_cameras_add_up_to_the_same_whole(said: list[Judgement], numbers: list[Counted]) -> None:
    card = scored(said, numbers, {MILK: BEFORE})
    assert sum(card.items.values(), Figures()) == sum(card.cameras.values(), Figures()) == card.total
    assert card.total.counts == len(merged(numbers))
    assert card.total.right <= len(said)


@given(figures)
def test_share_is_said_only_when_enough_was_judged(one: Figures) -> None:
    assert (one.precision is None) == (one.right + one.false < LEAST)
    assert (one.recall is None) == (one.right + one.missed < LEAST)
    assert (one.count_error is None) == (one.counts < LEAST)
    assert all(share is None or 0 <= share <= 1 for share in (one.precision, one.recall))


@given(st.lists(counts))
def test_burst_of_taps_is_one_word(numbers: list[Counted]) -> None:
    found = merged(numbers)
    for one, other in pairwise(found):
        if (one.item_id, one.place_id) == (other.item_id, other.place_id):
            assert other.said_at_ms - one.said_at_ms > BURST_MS
    assert len({(one.item_id, one.place_id) for one in found}) == len({(one.item_id, one.place_id) for one in numbers})


def test_three_taps_from_two_to_five_are_an_error_of_three() -> None:
    taps = [Counted(MILK, 1, "left", 3 + tap, 2 + tap, tap * 1000) for tap in range(3)]
    later = Counted(MILK, 1, "left", 4, 5, 3000 + BURST_MS)
    assert merged([*reversed(taps), later]) == [Counted(MILK, 1, "left", 5, 2, 0), later]
    assert scored([], taps, {}).items[MILK] == Figures(counts=1, off=3)


def advice(kind: Kind, about: Figures) -> str | None:
    found = teach_next([kind], [], Scorecard(about, {kind.id: about}, {}))
    return found[0].reason if found else None


def test_what_to_teach_next_has_a_reason() -> None:
    milk = Kind(MILK, "milk", generic=False, examples=5, in_stock=True)
    assert advice(milk, Figures(right=9)) is None
    assert advice(milk, Figures(right=3, false=3, missed=1)) == (
        "3 of 6 things called this were something else: name those, or say “not this”."
    )
    assert advice(milk, Figures(right=3, missed=2)) == (
        "Not known 2 of 5 times: show it from other sides and in other light."
    )
    assert advice(milk, Figures(right=99, missed=2)) is None


def test_what_stands_there_and_was_hardly_shown_is_to_be_taught() -> None:
    def shown(examples: int, *, generic: bool = False, in_stock: bool = True) -> str | None:
        return advice(Kind(MILK, "milk", generic=generic, examples=examples, in_stock=in_stock), Figures())

    assert shown(0, generic=True) == "Only a model's guess so far: say what it is."
    assert shown(1) == "Shown only once: 2 more examples would make it surer."
    assert shown(2) == "Shown only twice: 1 more example would make it surer."
    assert shown(3) is None
    assert shown(1, in_stock=False) is None
    assert shown(0) is None  # somebody counts it by hand


def test_worst_comes_first_and_cameras_are_among_it() -> None:
    kinds = [Kind(n, f"item {n}", generic=False, examples=1, in_stock=True) for n in range(20)]
    card = Scorecard(
        Figures(), {3: Figures(right=1, false=5), 4: Figures(right=1, missed=9)}, {"left": Figures(false=5, missed=9)}
    )
    found = teach_next(kinds, [Camera("left", "Left"), Camera("right", "Right")], card)
    assert [(one.kind, one.id) for one in found[:3]] == [("item", 4), ("camera", "left"), ("item", 3)]
    assert len(found) == 10
    assert [one.kind for one in teach_next(kinds, [Camera("left", "Left", gone=True)], card)[:2]] == ["item", "item"]
    blind = Scorecard(Figures(), {}, {"left": Figures(counts=LEAST, off=10)})
    (about,) = teach_next([], [Camera("left", "Left")], blind)
    assert about.reason == "Counts in its view were off by 2.0 on average: can it see everything?"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    living = Home(tmp_path)
    yield living
    living.end()


def card(home: Home, days: int = 30) -> Report:
    return home.read(lambda reader: report(reader, home.now_ms, days))


def of_item(home: Home, name: str) -> Figures | None:
    known = card(home)
    (item_id,) = [item_id for item_id, called in known.item_names.items() if called == name]
    return known.scorecard.items.get(item_id)


RED, GREEN = Thing(0, "red"), Thing(1, "green")


def test_lessons_tell_what_the_eye_held_a_thing_to_be_before(home: Home) -> None:
    first = home.photograph("left", RED)
    home.teach(first, box_of(0), "jam")
    assert card(home).scorecard.total == Figures()  # it had never been shown
    second = home.photograph("left", RED)
    assert home.names(second) == ["jam"]
    home.teach(second, home.box_at(second, 0).id, "jam")
    third = home.photograph("right", RED)
    home.teach(third, home.box_at(third, 0).id, "ketchup")
    assert of_item(home, "jam") == Figures(right=1, false=1)
    assert of_item(home, "ketchup") is None
    assert card(home).scorecard.cameras == {"left": Figures(right=1), "right": Figures(false=1)}


def test_changing_ones_mind_counts_what_the_eye_had_said(home: Home) -> None:
    home.teach(home.photograph("left", RED), box_of(0), "jam")
    taken = home.photograph("left", RED)
    home.teach(taken, home.box_at(taken, 0).id, "ketchup")
    home.teach(taken, home.box_at(taken, 0).id, "jam")
    assert of_item(home, "jam") == Figures(right=1)


def test_lesson_that_is_taken_back_says_nothing(home: Home) -> None:
    home.teach(home.photograph("left", RED), box_of(0), "jam")
    taken = home.photograph("left", RED)
    denied = home.teach(taken, home.box_at(taken, 0).id, "jam", positive=False)
    assert of_item(home, "jam") == Figures(false=1)
    home.take_back(denied.example_ids[0])
    assert of_item(home, "jam") is None


def test_drawn_thing_was_missed_when_it_was_known(home: Home) -> None:
    home.teach(home.photograph("left", RED), box_of(0), "jam")
    taken = home.photograph("left", Thing(5, "red", score=0))
    home.teach(taken, box_of(5), "jam")
    assert of_item(home, "jam") == Figures(missed=1)


def test_old_words_are_left_out(home: Home) -> None:
    home.teach(home.photograph("left", RED), box_of(0), "jam")
    taken = home.photograph("left", RED)
    home.teach(taken, home.box_at(taken, 0).id, "jam")
    home.now_ms += 2 * 86_400_000
    assert card(home, days=1).scorecard.total == Figures()
    assert card(home, days=3).scorecard.total == Figures(right=1)


def say(home: Home, name: str, count: int, place: str) -> int:
    def change(writer: Writer) -> int:
        item_id, place_id = items.item_called(writer, name), places.made(writer, place)
        return words.say_count(writer, item_id=item_id, place_id=place_id, count=count, by="owner")

    return home.write(change)


def _stand(reader: Reader, name: str, place: str) -> tuple[int, int]:
    stand = states.stand_of(reader, items.known_item(reader, name).id, places.known_place(reader, place))
    return stand.shown_count, stand.confirmed_count


def test_counts_are_judged_where_a_camera_looks_by_what_the_page_showed(home: Home) -> None:
    home.teach(home.photograph("left", RED), box_of(0), "jam")
    home.settle()
    home.photograph("left", RED, Thing(2, "red"))
    shown, confirmed = home.read(lambda reader: _stand(reader, "jam", "Left"))
    assert (shown, confirmed) == (2, 1)
    say(home, "jam", 5, "Left")
    say(home, "jam", 7, "Cellar")
    known = card(home)
    assert known.scorecard.total == known.scorecard.cameras["left"]
    assert (known.scorecard.total.counts, known.scorecard.total.off) == (1, 5 - shown)


def test_count_that_is_taken_back_says_nothing(home: Home) -> None:
    home.photograph("left", RED)
    event_id = say(home, "jam", 5, "Left")
    assert card(home).scorecard.total.counts == 1
    home.write(lambda writer: undoing.undo(writer, event_id, "owner"))
    assert card(home).scorecard.total.counts == 0


def test_count_that_was_imported_says_nothing(home: Home) -> None:
    home.photograph("left", RED)

    def take_over(writer: Writer) -> None:
        item_id, place_id = items.item_called(writer, "jam"), places.made(writer, "Left")
        told = words.Told(count=5, confidence=1.0, is_manual=True, seen_at_ms=None)
        words.take_over(writer, item_id=item_id, place_id=place_id, told=told, by="owner")

    home.write(take_over)
    assert card(home).scorecard.total.counts == 0


def test_merged_items_are_judged_as_one(home: Home) -> None:
    home.teach(home.photograph("left", RED), box_of(0), "jam")
    taken = home.photograph("left", RED)
    home.teach(taken, home.box_at(taken, 0).id, "preserve")
    home.merge("preserve", into="jam")
    assert of_item(home, "jam") == Figures(right=1)


def test_new_box_has_an_empty_scorecard(home: Home) -> None:
    known = card(home)
    assert (known.scorecard.total, known.teach_next) == (Figures(), [])
    assert set(CAMERAS) <= set(known.camera_names)
