"""Laws of which box is which track: each is used once, order does not matter, and a thing that stays is the same."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.lives import FINDING, Shown
from pantrybox.inventory.matching import Matched, is_part, matched, overlapping
from pantrybox.inventory.shelf import Track
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Box, Glance, Verdict
from tests.inventory.photographs import FLOUR, ITEMS, JAM, RICE, SPOTS, glance, spot, thing, track, view

NO_UNIT = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
UNSEEN = (0.0, 0.1, 0.4, 0.5, 0.0, 0.0)
VERDICTS: list[Verdict] = ["unchanged", "covered", "gone"]
spots = st.integers(0, SPOTS - 1)
names = st.sampled_from([*ITEMS, None])


@st.composite
def known_tracks(draw: st.DrawFn) -> list[Track]:
    """At spots of their own, some found in the photograph before."""
    at = draw(st.lists(spots, unique=True, max_size=8))
    return [draw(st.sampled_from([_found, _not_found]))(draw(st.sampled_from(ITEMS)), one) for one in at]


def _found(item_id: int, at: int) -> Track:
    return track(item_id, at)


def _not_found(item_id: int, at: int) -> Track:
    return track(item_id, at, *UNSEEN, shown=Shown.COVERED)


@st.composite
def views(draw: st.DrawFn) -> View:
    """Things at spots of their own, none as sure as another, and glances at other spots."""
    at = draw(st.lists(spots, unique=True, max_size=12))
    bare = draw(st.integers(0, len(at)))
    seen = [
        Thing(
            spot(one),
            draw(names),
            0.5 + rank / 100,
            certain=draw(st.booleans()),
            still=draw(st.sampled_from([True, False, None])),
        )
        for rank, one in enumerate(at[bare:])
    ]
    glances = [glance(one, draw(st.sampled_from(VERDICTS))) for one in at[:bare]]
    return view(seen, glances, moved=draw(st.booleans()))


def boxes() -> st.SearchStrategy[Box]:
    edges = st.floats(0, 1, allow_subnormal=False)
    return st.builds(
        lambda left, top, right, bottom: Box(min(left, right), min(top, bottom), max(left, right), max(top, bottom)),
        edges, edges, edges, edges,
    )  # fmt: skip


jumbled_tracks = st.lists(
    st.builds(
        lambda item_id, box, states: Track(item_id, states, box, Shown.FOUND, ((item_id, 1.0),)),
        st.sampled_from(ITEMS),
        st.one_of(st.none(), boxes()),
        st.sampled_from([(1.0, 0.0, 0.0, 0.0, 0.0, 0.0), NO_UNIT, UNSEEN]),
    ),
    max_size=8,
)
jumbled_views = st.builds(
    view,
    st.lists(st.builds(Thing, st.one_of(st.none(), boxes()), names, st.floats(0, 1), st.booleans()), max_size=10),
    st.lists(st.builds(Glance, boxes(), st.sampled_from(VERDICTS)), max_size=5),
    moved=st.booleans(),
)


def used(found: Matched) -> list[int]:
    return [id(one) for one in [*found.things, *found.new] if one is not None]


@given(jumbled_tracks, jumbled_views)
def test_a_thing_is_one_track_or_new_and_never_both(tracks: list[Track], shown: View) -> None:
    found = matched(tracks, shown)
    assert len(used(found)) == len(set(used(found))) <= len(shown.things)
    assert len(found.shown) == len(found.things) == len(found.behind) == len(tracks)


@given(jumbled_tracks, jumbled_views)
def test_what_is_shown_of_a_track_and_whether_a_thing_was_found_agree(tracks: list[Track], shown: View) -> None:
    found = matched(tracks, shown)
    for kind, one in zip(found.shown, found.things, strict=True):
        assert (kind in FINDING) == (one is not None)
    assert all(found.things[rank] is None for rank in found.refused)


@given(jumbled_tracks, jumbled_views)
def test_a_named_thing_is_never_left_out_unless_it_is_a_part_of_another(tracks: list[Track], shown: View) -> None:
    found = matched(tracks, shown)
    wholes = [*shown.things, *(one for one in found.things if one)]
    for one in shown.things:
        if one.item_id is not None and not any(one.confidence == other.confidence for other in _all(found)):
            assert any(other.item_id == one.item_id and _parts(one, other) for other in wholes)


def _all(found: Matched) -> list[Thing]:
    return [one for one in [*found.things, *found.new] if one is not None]


def _parts(one: Thing, other: Thing) -> bool:
    if one.box is None or other.box is None:
        return False
    return is_part(one.box, other.box) or is_part(other.box, one.box)


@given(jumbled_tracks, jumbled_views)
def test_nothing_unnamed_is_new(tracks: list[Track], shown: View) -> None:
    assert all(one.item_id is not None for one in matched(tracks, shown).new)


@given(known_tracks(), views(), st.randoms())
def test_the_order_of_the_boxes_does_not_matter(tracks: list[Track], shown: View, chance: st.DataObject) -> None:
    shuffled = list(shown.things)
    chance.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    one, other = matched(tracks, shown), matched(tracks, view(shuffled, shown.glances, moved=shown.moved))
    assert (one.shown, one.things, one.behind) == (other.shown, other.things, other.behind)
    assert (one.refused, one.exact) == (other.refused, other.exact)
    assert one.new == other.new


@given(known_tracks(), st.sampled_from([True, False, None]))
def test_what_stays_where_it_was_is_the_same_thing(tracks: list[Track], still: bool | None) -> None:
    seen = [Thing(one.box, one.item_id, still=still) for one in tracks]
    found = matched(tracks, view(seen))
    assert found.things == seen
    assert not found.new


@given(known_tracks(), st.data())
def test_a_name_that_flickers_while_the_picture_is_still_is_another_name_of_the_same_thing(
    tracks: list[Track], data: st.DataObject
) -> None:
    tracks = [one for one in tracks if one.is_found]
    seen = [Thing(one.box, data.draw(names), still=True) for one in tracks]
    found = matched(tracks, view(seen))
    assert found.things == seen
    assert not found.new


def test_another_name_where_the_picture_changed_is_another_thing() -> None:
    found = matched([track(JAM, 0)], view([thing(FLOUR, 0, still=False)]))
    assert found.things == [None]
    assert found.new == [thing(FLOUR, 0, still=False)]


@given(st.lists(spots, unique=True, min_size=2, max_size=2), st.sampled_from([False, None]))
def test_a_thing_at_another_place_was_moved_and_nothing_is_new(at: list[int], still: bool | None) -> None:
    before, after = at
    found = matched([track(JAM, before)], view([thing(JAM, after, still=still)]))
    assert (found.shown, found.new) == ([Shown.MOVED], [])
    assert found.things == [thing(JAM, after, still=still)]


def test_a_thing_at_another_place_where_the_picture_is_as_it_was_did_not_come_there() -> None:
    found = matched([track(JAM, 0)], view([thing(JAM, 1, still=True)]))
    assert (found.shown, found.new) == ([Shown.LOST], [thing(JAM, 1, still=True)])


def test_a_thing_that_is_still_where_it_was_was_not_moved() -> None:
    found = matched([track(JAM, 0)], view([thing(JAM, 1)], [glance(0, "unchanged")]))
    assert (found.shown, found.new) == ([Shown.UNCHANGED], [thing(JAM, 1)])


def test_the_surest_thing_is_the_one_that_was_moved() -> None:
    sure, doubtful = thing(JAM, 5, confidence=0.9), thing(JAM, 6, confidence=0.3)
    found = matched([track(JAM, 0)], view([doubtful, sure]))
    assert (found.things, found.new) == ([sure], [doubtful])


def test_a_track_that_is_a_unit_is_found_elsewhere_before_one_that_is_none() -> None:
    found = matched([track(JAM, 0, *NO_UNIT), track(JAM, 1)], view([thing(JAM, 5)]))
    assert found.things == [None, thing(JAM, 5)]


def test_a_track_that_is_hardly_anything_any_more_was_not_moved() -> None:
    over = track(JAM, 0, 0.0, 0.0, 0.01, 0.98, 0.0, 0.01, shown=Shown.GONE)
    assert matched([over], view([thing(JAM, 5)])).new == [thing(JAM, 5)]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_an_unnamed_box_takes_nothing_away_from_what_the_pixels_say(verdict: Verdict) -> None:
    expected = {"unchanged": Shown.UNCHANGED, "covered": Shown.COVERED, "gone": Shown.GONE}
    found = matched([track(JAM, 0)], view([thing(None, 0)], [glance(0, verdict)]))
    assert (found.shown, found.new, found.refused) == ([expected[verdict]], [], set())


@pytest.mark.parametrize("name", [FLOUR, None])
def test_what_is_as_it_was_in_the_photograph_before_is_not_what_that_one_did_not_show(name: int | None) -> None:
    gone = track(JAM, 0, *UNSEEN, shown=Shown.STILL_GONE)
    found = matched([gone], view([thing(name, 0, still=True)]))
    assert found.things == [None]
    assert found.new == ([thing(FLOUR, 0, still=True)] if name else [])


@pytest.mark.parametrize(
    ("surely", "before", "shown"),
    [
        (0.9, Shown.FOUND, Shown.UNNAMED),
        (0.9, Shown.UNNAMED, Shown.STILL_UNNAMED),
        (0.9, Shown.STILL_UNNAMED, Shown.STILL_UNNAMED),
        (0.6, Shown.FOUND, Shown.STILL_UNNAMED),
    ],
)
def test_an_unnamed_box_that_is_still_is_what_it_was_and_tells_something_of_a_sure_name(
    surely: float, before: Shown, shown: Shown
) -> None:
    known = msgspec.structs.replace(track(JAM, 0, shown=before), named=surely)
    found = matched([known], view([thing(None, 0, still=True)]))
    assert (found.shown, found.new) == ([shown], [])


WHOLE, NECK, LABEL = Box(0.2, 0.1, 0.4, 0.9), Box(0.25, 0.1, 0.35, 0.3), Box(0.21, 0.4, 0.39, 0.7)


def in_box(item_id: int, box: Box, confidence: float = 0.9) -> Thing:
    return Thing(box, item_id, confidence)


def track_in(box: Box, item_id: int = JAM) -> Track:
    return msgspec.structs.replace(track(item_id, 0), box=box)


def test_the_parts_of_a_thing_are_the_thing_and_its_place_is_that_of_the_whole() -> None:
    found = matched([track_in(WHOLE)], view([in_box(JAM, LABEL), in_box(JAM, NECK, 0.8)]))
    assert (found.things, found.new, found.refused) == ([in_box(JAM, WHOLE)], [], set())


def test_the_whole_is_each_of_its_parts_and_one_track_of_it_is_left() -> None:
    found = matched([track_in(LABEL), track_in(NECK)], view([in_box(JAM, WHOLE)]))
    assert (found.things, found.new, found.refused) == ([in_box(JAM, WHOLE), None], [], {1})


def test_a_part_that_is_another_item_is_another_thing() -> None:
    found = matched([track_in(WHOLE)], view([in_box(JAM, WHOLE), in_box(FLOUR, NECK)]))
    assert (found.things, found.new) == ([in_box(JAM, WHOLE)], [in_box(FLOUR, NECK)])


def test_a_thing_behind_another_of_its_kind_is_no_part_of_it() -> None:
    behind, before = Box(0.22, 0.1, 0.38, 0.6), Box(0.2, 0.2, 0.4, 0.9)
    found = matched([track_in(behind)], view([in_box(JAM, before), in_box(JAM, behind)]))
    assert (found.things, found.new) == ([in_box(JAM, behind)], [in_box(JAM, before)])


def test_a_box_that_is_no_thing_refuses_the_track_at_its_place_and_no_other() -> None:
    found = matched([track(JAM, 0), track(JAM, 1)], view([thing(None, 0, certain=True), thing(JAM, 1)]))
    assert found.refused == {0}
    assert found.things == [None, thing(JAM, 1)]
    assert not found.new


def test_what_was_refused_is_not_found_elsewhere() -> None:
    found = matched([track(JAM, 0)], view([thing(None, 0, certain=True), thing(JAM, 1)]))
    assert (found.refused, found.new) == ({0}, [thing(JAM, 1)])


@given(known_tracks(), st.data())
def test_after_the_camera_moved_each_item_finds_as_many_tracks_as_it_has_boxes(
    tracks: list[Track], data: st.DataObject
) -> None:
    at = data.draw(st.lists(spots, unique=True, max_size=8))
    seen = [Thing(spot(one), data.draw(st.sampled_from(ITEMS)), 0.5 + one / 100) for one in at]
    found = matched(tracks, view(seen, moved=True))
    for item_id in ITEMS:
        mine, boxes_of_it = (sum(one.item_id == item_id for one in all_of_them) for all_of_them in (tracks, seen))
        names_of_found = [
            one.item_id for one, again in zip(tracks, found.things, strict=True) if again and one.item_id == item_id
        ]
        assert len(names_of_found) == min(mine, boxes_of_it)
        assert sum(one.item_id == item_id for one in found.new) == max(0, boxes_of_it - mine)
    assert not found.exact
    assert set(found.shown) <= {Shown.FOUND, Shown.LOST}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_after_the_camera_moved_a_place_in_the_view_is_another_place(verdict: Verdict) -> None:
    other_name = view([thing(FLOUR, 0, still=True)], [glance(1, verdict)], moved=True)
    found = matched([track(JAM, 0), track(RICE, 1)], other_name)
    assert (found.shown, found.new) == ([Shown.LOST, Shown.LOST], [thing(FLOUR, 0, still=True)])


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_box_counts_for_more_than_what_was_to_be_seen_without_it(verdict: Verdict) -> None:
    assert matched([track(JAM, 0)], view([thing(JAM, 0)], [glance(0, verdict)])).shown == [Shown.FOUND]


def test_what_stands_before_a_covered_thing_is_named() -> None:
    before = Thing(Box(0.0, 0.0, 0.2, 0.2), FLOUR)
    found = matched([track(JAM, 0)], view([before, thing(RICE, 4)], [glance(0, "covered")]))
    assert (found.shown, found.behind) == ([Shown.COVERED], [FLOUR])


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        (Shown.FOUND, "covered", Shown.COVERED),
        (Shown.COVERED, "covered", Shown.STILL_COVERED),
        (Shown.STILL_COVERED, "covered", Shown.STILL_COVERED),
        (Shown.STILL_COVERED, "gone", Shown.BARED),
        (Shown.BARED, "gone", Shown.STILL_GONE),
        (Shown.FOUND, "gone", Shown.GONE),
        (Shown.GONE, "gone", Shown.STILL_GONE),
        (Shown.GONE, "covered", Shown.COVERED),
        (Shown.STILL_GONE, "unchanged", Shown.UNCHANGED),
    ],
)
def test_a_verdict_is_read_beside_the_one_before(before: Shown, verdict: Verdict, after: Shown) -> None:
    assert matched([track(JAM, 0, *UNSEEN, shown=before)], view([], [glance(0, verdict)])).shown == [after]


@pytest.mark.parametrize(
    ("still", "shown"), [(None, Shown.FOUND), (True, Shown.STILL), (False, Shown.NEW)]
)  # fmt: skip
def test_a_box_at_a_place_where_none_was_tells_whether_the_picture_there_changed(
    still: bool | None, shown: Shown
) -> None:
    lost = track(JAM, 0, *UNSEEN, shown=Shown.COVERED)
    assert matched([lost], view([thing(JAM, 0, still=still)])).shown == [shown]


@given(st.lists(st.none() | boxes(), max_size=4), st.lists(st.none() | boxes(), max_size=4), st.floats(0.01, 0.99))
def test_boxes_overlap_as_much_as_two_boxes_say(some: list[Box | None], others: list[Box | None], least: float) -> None:
    pairs = {
        (rank, at): one.iou(other)
        for rank, one in enumerate(some)
        for at, other in enumerate(others)
        if one is not None and other is not None and abs(one.iou(other) - least) > 1e-9
    }
    enough = {pair: pytest.approx(iou, abs=1e-9) for pair, iou in pairs.items() if iou > least}
    found = {(rank, at): iou for rank, at, iou in overlapping(some, others, least)}
    assert {pair: iou for pair, iou in found.items() if abs(iou - least) > 1e-9} == enough
    assert list(found) == sorted(found)
