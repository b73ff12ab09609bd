"""Laws of a shelf: people's words hold as they were said, and what is kept is all that is needed to go on."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.belief import UNSEEN, Belief, certain, of_chances, stated
from pantrybox.inventory.lives import FALSE, SEEN, Shown
from pantrybox.inventory.shelf import EMPTY, Known, Said, Scene, Shelf, Track, less, merged, told
from pantrybox.inventory.view import Thing
from tests.inventory.photographs import FLOUR, ITEMS, JAM, RICE, Place, thing, things, track

weights = st.lists(st.integers(0, 100), min_size=6, max_size=6).filter(any)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Track, ...]:
    """Found ones are units or false ones, others are anything else."""
    many: list[Track] = []
    for number in range(draw(st.integers(0, 6))):
        weighed, is_found = draw(weights), draw(st.booleans())
        states = [weight * (is_found == (state in {SEEN, FALSE})) for state, weight in enumerate(weighed)]
        total = sum(states) or 1
        if not sum(states):
            states[SEEN if is_found else FALSE + 1] = 1
        shown = Shown.FOUND if is_found else draw(st.sampled_from([Shown.GONE, Shown.COVERED, Shown.LOST]))
        item_id = draw(st.sampled_from(ITEMS))
        many.append(track(item_id, number, *(weight / total for weight in states), shown=shown))
    return tuple(many)


knowns = st.builds(
    Known,
    told=st.one_of(
        st.just(UNSEEN), st.builds(certain, st.integers(0, 5)), st.builds(stated, st.integers(0, 5), st.floats(0.3, 1))
    ),
)
shelves = st.builds(
    Shelf,
    scenes=st.dictionaries(st.sampled_from(["left", "right"]), st.builds(Scene, st.just(0), tracks())),
    items=st.dictionaries(st.sampled_from(ITEMS), knowns),
)
items = st.sampled_from(ITEMS)
counts = st.integers(0, 9)


def seen(*boxes: Thing, times: int = 3) -> Place:
    place = Place()
    for _ in range(times):
        place.see(boxes)
    return place


# Words


@given(shelves, items, counts, st.one_of(st.none(), st.sampled_from(["left", "right", "new"])))
def test_what_a_person_says_is_believed_at_once_and_for_certain(
    shelf: Shelf, item_id: int, count: int, camera: str | None
) -> None:
    after = told(shelf, Said(item_id, count, camera=camera))
    assert after.belief(item_id) == certain(count)
    assert after.known(item_id).shown_count == count


@given(shelves, items, counts, st.floats(0.3, 1))
def test_what_is_said_without_certainty_is_shown_with_as_much(
    shelf: Shelf, item_id: int, count: int, confidence: float
) -> None:
    belief = told(shelf, Said(item_id, count, confidence)).belief(item_id)
    assert belief.shown_count == count
    assert belief.confidence == pytest.approx(confidence, abs=1e-5)


@given(shelves, items, counts)
def test_a_word_says_nothing_about_other_items(shelf: Shelf, item_id: int, count: int) -> None:
    after = told(shelf, Said(item_id, count))
    assert all(after.belief(other) == shelf.belief(other) for other in ITEMS if other != item_id)


@given(shelves, items, st.lists(counts, min_size=1, max_size=4))
def test_the_last_word_counts(shelf: Shelf, item_id: int, said: list[int]) -> None:
    for count in said:
        shelf = told(shelf, Said(item_id, count))
    assert shelf.belief(item_id) == certain(said[-1])


@given(shelves, items, counts)
def test_the_same_word_twice_is_the_same_word(shelf: Shelf, item_id: int, count: int) -> None:
    once = told(shelf, Said(item_id, count))
    assert told(once, Said(item_id, count)) == once


@given(shelves, items, counts)
def test_a_box_that_is_found_is_never_forgotten_for_a_word(shelf: Shelf, item_id: int, count: int) -> None:
    def found(of: Shelf) -> list[tuple[int, object]]:
        return [(one.item_id, one.box) for scene in of.scenes.values() for one in scene.tracks if one.is_found]

    assert found(told(shelf, Said(item_id, count))) == found(shelf)


@given(st.integers(0, 4), counts)
def test_the_boxes_that_a_word_has_no_room_for_are_none_and_what_is_missing_to_it_is_told_of(
    boxes: int, count: int
) -> None:
    shelf = told(seen(*things(JAM, *range(boxes))).shelf, Said(JAM, count))
    of_jam = [one for scene in shelf.scenes.values() for one in scene.tracks]
    assert [one.unit for one in of_jam].count(1.0) == min(boxes, count)
    assert sum(one.disowned for one in of_jam) == max(0, boxes - count)
    assert shelf.known(JAM).told == certain(max(0, count - boxes))


def test_the_likeliest_boxes_are_the_units_of_a_word() -> None:
    doubtful, sure = track(JAM, 0, 0.6, 0.0, 0.0, 0.0, 0.4, 0.0), track(JAM, 1)
    shelf = told(Shelf({"left": Scene(0, (doubtful, sure))}), Said(JAM, 1))
    assert [one.unit for one in shelf.scenes["left"].tracks] == [0.0, 1.0]


def test_something_that_was_put_before_a_camera_is_among_what_it_sees() -> None:
    place = seen(thing(FLOUR, 0))
    place.say(JAM, 2, camera="left")
    assert place.shelf.known(JAM).told == certain(0)
    place.see([thing(FLOUR, 0), *things(JAM, 3, 4)])
    assert place.shown == {FLOUR: 1, JAM: 2}
    assert len(place.tracks) == 3


# Two that are one


@given(st.integers(0, 5), st.integers(0, 5))
def test_units_that_were_told_of_under_two_names_are_added(ours: int, theirs: int) -> None:
    shelf = told(told(EMPTY, Said(JAM, ours)), Said(FLOUR, theirs))
    assert merged(shelf, FLOUR, JAM).belief(JAM) == certain(ours + theirs)


@given(st.integers(1, 5), st.integers(1, 5))
def test_boxes_that_were_seen_under_two_names_are_added(ours: int, theirs: int) -> None:
    place = seen(*things(JAM, *range(ours)), *things(FLOUR, *range(10, 10 + theirs)))
    place.merge(FLOUR, JAM)
    assert place.shown == {JAM: ours + theirs}


@given(st.integers(0, 5), st.integers(1, 5))
def test_what_was_told_of_under_one_name_and_seen_under_the_other_is_the_same(told_of: int, boxes: int) -> None:
    for merging in ((FLOUR, JAM), (JAM, FLOUR)):
        place = seen(*things(JAM, *range(boxes)))
        place.say(FLOUR, told_of)
        place.merge(*merging)
        assert place.shown == {merging[1]: max(told_of, boxes)}


@given(shelves, st.permutations(ITEMS))
def test_of_two_that_are_one_nothing_is_left_under_the_first_name(shelf: Shelf, order: list[int]) -> None:
    item_id, into_id, other = order
    after = merged(shelf, item_id, into_id)
    assert after.belief(item_id) == certain(0)
    assert not after.tracks_of(item_id)
    assert after.belief(other) == shelf.belief(other)
    assert sum(map(len, after.tracks_of(into_id))) == sum(
        sum(map(len, shelf.tracks_of(one))) for one in (item_id, into_id)
    )


def test_photographs_that_had_the_first_name_are_votes_for_the_second() -> None:
    place = seen(thing(JAM, 0), times=5)
    place.merge(JAM, FLOUR)
    place.see([thing(RICE, 0, still=True)])
    assert place.shown == {FLOUR: 1}


@given(st.integers(0, 9), st.integers(0, 9))
def test_of_what_people_told_of_less_is_left_when_some_were_seen(count: int, units: int) -> None:
    assert less(certain(count), units) == certain(max(0, count - units))
    assert less(UNSEEN, units) == UNSEEN


# What is believed


def test_of_an_item_that_nobody_saw_or_spoke_of_nothing_is_believed() -> None:
    assert EMPTY.belief(JAM) == UNSEEN
    assert EMPTY.beliefs() == {}
    assert EMPTY.hidden(JAM) == (0, None)


@given(shelves)
def test_all_beliefs_are_those_of_each_item(shelf: Shelf) -> None:
    beliefs = shelf.beliefs()
    assert all(belief == shelf.belief(item_id) for item_id, belief in beliefs.items())
    assert all(shelf.belief(item_id) == UNSEEN for item_id in ITEMS if item_id not in beliefs)


@given(st.lists(st.integers(0, 1000), max_size=5), st.integers(0, 5))
def test_a_count_is_that_of_the_tracks_and_of_what_people_told_of(thousandths: list[int], told_of: int) -> None:
    chances = [chance / 1000 for chance in thousandths]
    mine = tuple(track(JAM, at, one, 0.0, 0.0, 0.0, 1 - one, 0.0) for at, one in enumerate(chances))
    shelf = Shelf({"left": Scene(0, mine)}, {JAM: Known(told=certain(told_of))})
    alone, both = (_distribution(one) for one in (of_chances(chances), shelf.belief(JAM)))
    for count in alone.keys() | {count - told_of for count in both}:
        assert both.get(count + told_of, 0.0) == pytest.approx(alone.get(count, 0.0), abs=1e-5)


def _distribution(belief: Belief) -> dict[int, float]:
    return dict(enumerate(belief.p, start=belief.low))


@given(st.integers(0, 4), st.integers(0, 4))
def test_two_cameras_of_one_place_see_the_same_things(left: int, right: int) -> None:
    place = Place()
    for _ in range(3):
        place.see(things(JAM, *range(left)), camera="left")
        place.see(things(JAM, *range(10, 10 + right)), camera="right")
    assert place.shelf.belief(JAM).shown_count == max(left, right)


def test_units_that_are_there_though_no_box_shows_them_are_told_apart_and_what_stands_before_them() -> None:
    covered = msgspec.structs.replace(track(JAM, 0, 0.0, 0.1, 0.8, 0.1, 0.0, 0.0, shown=Shown.COVERED), behind=FLOUR)
    shelf = Shelf({"left": Scene(0, (covered, track(JAM, 1)))}, {JAM: Known(told=certain(2))})
    assert shelf.hidden(JAM) == (3, FLOUR)


# What is kept


@given(shelves)
def test_a_shelf_that_was_written_down_is_read_as_it_was(shelf: Shelf) -> None:
    assert msgspec.json.decode(msgspec.json.encode(shelf), type=Shelf) == shelf


def test_a_shelf_of_an_older_box_is_read() -> None:
    """Without what was not kept then."""
    old = '{"scenes":{"left":[5,[[1,[1,0,0,0,0,0],{"left":0,"top":0,"right":1,"bottom":1},0]]]},"items":{"1":[]}}'
    (only,) = msgspec.json.decode(old, type=Shelf).scenes["left"].tracks
    assert (only.item_id, only.unit, only.is_found, only.disowned) == (JAM, 1.0, True, False)
