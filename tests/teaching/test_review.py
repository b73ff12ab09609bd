"""The review queue: everything unknown is asked about once, and an answer is the end of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.observations import Source
from pantrybox.teaching import review
from pantrybox.teaching.doubtful import Crop, gain
from pantrybox.teaching.likeness import PLAIN
from pantrybox.teaching.naming import SURE
from pantrybox.teaching.review import Group, Offer, Queue, groups
from pantrybox.teaching.teacher import Lesson
from tests.teaching.home import COLOURS, PHONE, Home, Thing, box_of, colour_vector

RED, GREEN, BLUE = (Thing(slot, colour) for slot, colour in enumerate(("red", "green", "blue")))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    living = Home(tmp_path)
    yield living
    living.end()


def asked(home: Home, limit: int = 100, crops: int = 100) -> list[Offer]:
    return home.read(lambda reader: review.queue(reader, home.galleries, limit=limit, crops=crops)).offers


def answer(home: Home, crops: Sequence[Crop], name: str | None) -> None:
    """A name, or that it is no thing."""
    home.teach_all([Lesson(one.capture_id, one.detection_id, None, name, name is not None) for one in crops])


def test_thing_that_many_photographs_show_is_one_group(home: Home) -> None:
    taken = [home.photograph("left", RED, GREEN) for _ in range(12)]
    both = asked(home)
    assert [offer.size for offer in both] == [12, 12]
    assert [{crop.capture_id for crop in offer.crops} for offer in both] == [set(taken), set(taken)]


def test_things_that_look_alike_are_one_group_wherever_they_stand(home: Home) -> None:
    home.photograph("left", RED, Thing(2, "red"))
    home.photograph("right", Thing(5, "red"))
    home.photograph(PHONE, Thing(7, "red"), GREEN)
    assert sorted(offer.size for offer in asked(home)) == [1, 4]
    assert {crop.place for offer in asked(home) for crop in offer.crops} >= {"Left", "Right"}


def test_naming_a_group_removes_it_and_nothing_else(home: Home) -> None:
    for _ in range(3):
        home.photograph("left", RED, GREEN, BLUE)
    first, *others = asked(home)
    answer(home, first.crops, "jam")
    assert asked(home) == others
    home.settle()
    assert [offer.group_id for offer in asked(home)] == [offer.group_id for offer in others]


def test_what_is_no_thing_is_not_asked_about_again(home: Home) -> None:
    home.photograph("left", RED, GREEN)
    first, second = asked(home)
    answer(home, first.crops, None)
    assert [offer.group_id for offer in asked(home)] == [second.group_id]


def test_one_answer_speaks_for_all_photographs_of_a_thing_that_stood_still(home: Home) -> None:
    home.teach(home.photograph("right", BLUE), box_of(2), "jam")
    for _ in range(5):
        home.photograph("left", RED)
    (offer,) = asked(home, crops=1)
    assert (len(offer.crops), offer.size) == (1, 5)
    home.teach(offer.crops[0].capture_id, offer.crops[0].detection_id, "jam", positive=False)
    assert asked(home) == []  # it is unknown still, and was asked about
    newer = home.photograph("left", RED)
    (again,) = asked(home)
    assert [crop.capture_id for crop in again.crops] == [newer]


def test_answer_about_one_place_does_not_speak_for_another(home: Home) -> None:
    home.teach(home.photograph("right", BLUE), box_of(2), "jam")
    here, there = home.photograph("left", RED), home.photograph("left", Thing(4, "red"))
    home.teach(here, home.box_at(here, 0).id, "jam", positive=False)
    (left,) = asked(home)
    assert [crop.capture_id for crop in left.crops] == [there]


def test_lesson_that_is_taken_back_brings_the_question_back(home: Home) -> None:
    home.photograph("left", RED)
    (offer,) = asked(home)
    answer(home, offer.crops, "jam")
    assert asked(home) == []
    home.take_back_everything()
    home.settle()
    assert asked(home) == [offer]


def test_group_keeps_its_name_while_photographs_come(home: Home) -> None:
    home.photograph("left", RED)
    (first,) = asked(home)
    home.photograph("left", RED, GREEN)
    assert first.group_id in {offer.group_id for offer in asked(home) if offer.size == 2}


def test_guess_of_a_model_is_asked_about_and_offered(home: Home) -> None:
    home.photograph("left", Thing(0, "red", word="bottle"), GREEN)
    by_name = {offer.crops[0].item_name: offer for offer in asked(home)}
    assert set(by_name) == {"bottle", None}
    assert [one.item_name for one in by_name["bottle"].suggestions] == ["bottle"]
    assert by_name[None].suggestions == []
    assert asked(home)[0] == by_name[None]  # a thing without any name comes first


def test_what_is_known_is_not_asked_about(home: Home) -> None:
    taught = home.photograph("left", RED)
    home.teach(taught, box_of(0), "jam")
    home.photograph("right", RED)
    home.settle()
    doubted = [crop for offer in asked(home) for crop in offer.crops]
    assert all(crop.confidence < SURE for crop in doubted)
    assert taught not in {crop.capture_id for crop in doubted}


def test_faint_candidate_is_asked_about_when_it_is_strong_and_comes_last(home: Home) -> None:
    faint, strong = Thing(1, "green", score=0.1), Thing(2, "blue", score=0.3)
    home.photograph("left", RED, faint, strong)
    offers = asked(home)
    assert [offer.crops[0].box for offer in offers] == [box_of(0), box_of(2)]


def test_photograph_whose_image_was_deleted_is_not_asked_about(home: Home) -> None:
    gone, kept = home.photograph("left", RED), home.photograph("left", RED)
    home.write(lambda writer: writer.execute("UPDATE captures SET image_path = NULL WHERE id = :id", {"id": gone}))
    (offer,) = asked(home)
    assert [crop.capture_id for crop in offer.crops] == [kept]


def test_second_look_takes_the_place_of_the_first(home: Home) -> None:
    capture_id = home.photograph("left", RED)
    (before,) = asked(home)
    home.look_again(capture_id)
    (after,) = asked(home)
    assert after.size == 1
    assert after.group_id != before.group_id


def test_pages_show_every_group_once(home: Home) -> None:
    home.photograph("left", *(Thing(slot, colour) for slot, colour in enumerate(COLOURS)))
    home.photograph("left", RED, GREEN)
    whole = asked(home)
    assert [offer.size for offer in whole] == [2, 2, 1, 1, 1]
    paged: list[Offer] = []
    page = Queue(0, [], None)
    while not paged or page.last is not None:
        after = page.last
        page = home.read(
            lambda reader, after=after: review.queue(reader, home.galleries, limit=2, crops=9, after=after)
        )
        assert (page.total, len(page.offers) <= 2) == (5, True)
        paged += page.offers
    assert paged == whole


def test_group_is_found_by_its_id_until_it_is_answered(home: Home) -> None:
    home.photograph("left", RED, GREEN)
    first, _ = asked(home)
    group = home.read(lambda reader: review.group_of(reader, home.galleries, first.group_id))
    assert group is not None
    assert group.crops == first.crops
    answer(home, first.crops, "jam")
    assert home.read(lambda reader: review.group_of(reader, home.galleries, first.group_id)) is None


sources = st.sampled_from([None, "generic", "recogniser", "person", "barcode", "masked", "repeat"])


@st.composite
def crops(draw: st.DrawFn) -> list[Crop]:
    """What was seen in a few photographs, some of it answered."""
    found: list[Crop] = []
    for look in range(1, draw(st.integers(1, 6))):
        device_id = draw(st.sampled_from(["left", "right", PHONE]))
        slots = sorted(draw(st.sets(st.integers(0, 4))))
        found += [_crop(draw, look, slot, device_id) for slot in slots]
    return found


def _crop(draw: st.DrawFn, look: int, slot: int, device_id: str) -> Crop:
    return Crop(
        detection_id=1000 * look + slot,
        capture_id=f"capture {look}",
        device_id=device_id,
        place=None,
        captured_at_ms=look,
        seen_at_ms=look,
        box=box_of(slot),
        score=0.9,
        label="",
        label_score=0.0,
        item_name=None,
        confidence=0.0,
        vector=colour_vector(draw(st.sampled_from(COLOURS)), slot),
        gain=draw(st.sampled_from([0.25, 0.5, 1.0])),
        answered_at_ms=draw(st.sampled_from([None, None, None, 2, 9])),
    )


@given(crops())
def test_every_crop_that_nobody_spoke_of_waits_in_exactly_one_group(seen: list[Crop]) -> None:
    found = [crop for group in groups(seen, PLAIN) for crop in group.crops]
    assert len({crop.detection_id for crop in found}) == len(found)
    assert all(crop.answered_at_ms is None for crop in found)
    for crop in seen:
        if crop.answered_at_ms is None and crop not in found:
            assert any(_speaks_for(other, crop) for other in seen)


def _speaks_for(answered: Crop, crop: Crop) -> bool:
    """The same thing where a fixed camera saw it, answered after the other photograph was seen."""
    same = (answered.view, answered.box, answered.vector) == (crop.view, crop.box, crop.vector)
    return same and crop.view is not None and (answered.answered_at_ms or 0) >= crop.seen_at_ms


@given(crops())
def test_answering_all_of_a_group_removes_it_and_leaves_the_others(seen: list[Crop]) -> None:
    before = groups(seen, PLAIN)
    if before:
        now = 1 + max(crop.seen_at_ms for crop in seen)
        said = {crop.detection_id for crop in before[0].crops}
        after = [
            msgspec.structs.replace(crop, answered_at_ms=now) if crop.detection_id in said else crop for crop in seen
        ]
        assert groups(after, PLAIN) == before[1:]


@given(crops())
def test_what_changes_most_comes_first(seen: list[Crop]) -> None:
    found = groups(seen, PLAIN)
    assert found == sorted(found, key=lambda group: (-group.gain, group.id))
    assert all(_is_sound(group) for group in found)


def _is_sound(group: Group) -> bool:
    ids = [crop.detection_id for crop in group.crops]
    return ids == sorted(ids) and group.id == ids[0] and group.gain == sum(crop.gain for crop in group.crops)


@given(sources, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_gain_is_between_nothing_and_one(
    source: Source | None, score: float, confidence: float, counted: float
) -> None:
    assert 0 <= gain(source, score, confidence, counted) <= 1


@given(st.sampled_from(["person", "barcode", "masked", "repeat"]), st.floats(0, 1), st.floats(0, 1))
def test_nothing_is_gained_where_a_person_or_a_code_spoke_or_nothing_counts(
    source: Source, score: float, confidence: float
) -> None:
    assert gain(source, score, confidence, 0.4) == 0


def test_the_less_is_known_the_more_is_gained() -> None:
    unknown, guessed = gain(None, 0.9, 0.0, 0.4), gain("generic", 0.9, 0.9, 0.4)
    unsure, sure = gain("recogniser", 0.9, 0.6, 0.4), gain("recogniser", 0.9, SURE, 0.4)
    faint, noise = gain(None, 0.3, 0.0, 0.4), gain(None, 0.1, 0.0, 0.4)
    assert unknown > faint > noise == 0
    assert unknown > guessed >= unsure > sure == 0
    assert gain(None, 0.1, 0.6, 0.4) > 0  # faint, and something taught all the same
