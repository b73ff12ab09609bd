"""Groups of one likeness: laws that hold for any crops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.teaching.likeness import LEARNED, PLAIN, Spot, alike, most_telling, scale_of, standing
from pantrybox.vision.model import Box
from pantrybox.vision.recognition import Prior, directions

HERE, BESIDE, ELSEWHERE = Box(0.1, 0.1, 0.3, 0.5), Box(0.12, 0.1, 0.32, 0.5), Box(0.6, 0.1, 0.8, 0.5)


def vector(*numbers: int) -> bytes:
    return np.array(numbers, dtype=np.int8).tobytes()


JAM, RICE = vector(100, 0, 0), vector(0, 100, 0)
JAM_IN_THE_EVENING = vector(55, 0, 84)
"""Cosine 0.55 to JAM: too little to be called alike, enough for a thing that stood there."""

kinds = st.sampled_from([JAM, RICE, JAM_IN_THE_EVENING, vector(80, 60, 0), vector(-60, 10, 80)])
vectors = st.lists(st.one_of(kinds, st.lists(st.integers(-99, 99), min_size=3, max_size=3).map(lambda v: vector(*v))))
boxes = st.sampled_from([HERE, BESIDE, ELSEWHERE])
views = st.sampled_from(["left", "right", None])


@st.composite
def shelves(draw: st.DrawFn) -> list[Spot]:
    """What was seen in one photograph after the other."""
    looks = draw(st.lists(st.tuples(views, st.lists(st.tuples(kinds, boxes), max_size=3)), max_size=8))
    return [Spot(one, box, view, look) for look, (view, seen) in enumerate(looks) for one, box in seen]


@given(vectors)
def test_every_crop_is_in_exactly_one_group(crops: list[bytes]) -> None:
    groups = alike(crops, range(len(crops)), LEARNED)
    assert sorted(rank for group in groups for rank in group) == list(range(len(crops)))
    assert all(group == sorted(group) for group in groups)


@given(vectors, vectors)
def test_later_crops_never_regroup_earlier_ones(earlier: list[bytes], later: list[bytes]) -> None:
    before = alike(earlier, range(len(earlier)), LEARNED)
    after = alike([*earlier, *later], range(len(earlier) + len(later)), LEARNED)
    assert [[rank for rank in group if rank < len(earlier)] for group in after[: len(before)]] == before


@given(vectors, st.data())
def test_group_that_is_taken_away_leaves_all_others_as_they_are(crops: list[bytes], data: st.DataObject) -> None:
    groups = alike(crops, range(len(crops)), LEARNED)
    gone = data.draw(st.sampled_from(groups)) if groups else []
    left = [rank for rank in range(len(crops)) if rank not in gone]
    again = alike([crops[rank] for rank in left], left, LEARNED)
    assert [[left[rank] for rank in group] for group in again] == [group for group in groups if group != gone]


@given(shelves())
def test_things_of_other_views_and_of_hands_are_never_one(spots: list[Spot]) -> None:
    for rank, thing in enumerate(standing(spots, LEARNED)):
        assert thing <= rank
        if thing != rank:
            assert spots[thing].view == spots[rank].view is not None


@given(shelves())
def test_thing_is_seen_once_in_a_photograph(spots: list[Spot]) -> None:
    seen = [(thing, spots[rank].look) for rank, thing in enumerate(standing(spots, LEARNED))]
    assert len(set(seen)) == len(seen)


@given(shelves(), shelves())
def test_later_photographs_never_change_what_was_one_thing(earlier: list[Spot], later: list[Spot]) -> None:
    after = [Spot(one.vector, one.box, one.view, one.look + 100) for one in later]
    assert standing([*earlier, *after], LEARNED)[: len(earlier)] == standing(earlier, LEARNED)


def test_what_stands_before_a_fixed_camera_is_one_thing_in_another_light_too() -> None:
    morning, evening = Spot(JAM, HERE, "left", 1), Spot(JAM_IN_THE_EVENING, BESIDE, "left", 2)
    assert standing([morning, evening], LEARNED) == [0, 0]
    assert alike([JAM, JAM_IN_THE_EVENING], [0, 0], LEARNED) == [[0, 1]]
    assert alike([JAM, JAM_IN_THE_EVENING], [0, 1], LEARNED) == [[0], [1]]


def test_another_thing_in_the_same_place_and_the_same_thing_in_another_are_not_one_thing() -> None:
    assert standing([Spot(JAM, HERE, "left", 1), Spot(RICE, HERE, "left", 2)], LEARNED) == [0, 1]
    assert standing([Spot(JAM, HERE, "left", 1), Spot(JAM, ELSEWHERE, "left", 2)], LEARNED) == [0, 1]


def test_thing_that_was_out_of_sight_is_known_again_where_it_stood() -> None:
    seen = [Spot(JAM, HERE, "left", 1), Spot(RICE, HERE, "left", 2), Spot(JAM, HERE, "left", 3)]
    assert standing(seen, LEARNED) == [0, 1, 0]


def test_large_group_is_not_more_alike_for_being_large() -> None:
    faintly_like_jam = vector(40, 0, 92)
    assert alike([JAM] * 9 + [faintly_like_jam], range(10), LEARNED) == [list(range(9)), [9]]


def test_most_telling_crops_differ_most() -> None:
    crops = [JAM, JAM, vector(99, 5, 0), JAM_IN_THE_EVENING, vector(99, 9, 0)]
    chosen = most_telling(crops, 3)
    assert chosen[1] == 3
    assert most_telling(crops, 1)[0] != 3
    assert sorted(most_telling(crops, 9)) == [0, 1, 2, 3, 4]
    assert most_telling([], 3) == []


@given(vectors, st.integers(1, 9))
def test_most_telling_crops_are_crops_of_the_group(crops: list[bytes], most: int) -> None:
    chosen = most_telling(crops, most)
    assert len(set(chosen)) == len(chosen) == min(most, len(crops))


def test_vectors_of_which_nothing_was_learned_must_be_closer_to_be_alike() -> None:
    assert scale_of(Prior(cohort=JAM)) == LEARNED
    assert scale_of(Prior()) == PLAIN
    cosine = float((directions([JAM]) @ directions([vector(80, 60, 0)]).T)[0, 0])
    assert LEARNED.like < cosine < PLAIN.like
    assert len(alike([JAM, vector(80, 60, 0)], [0, 1], LEARNED)) == 1
    assert len(alike([JAM, vector(80, 60, 0)], [0, 1], PLAIN)) == 2
