"""Which name a detection bears: laws of the rules, whatever is known about it."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.inventory.observations import Naming
from pantrybox.teaching import vectors
from pantrybox.teaching.examples import Taught
from pantrybox.teaching.naming import SAME_BOX_IOU, SURE, Evidence, Rules, evidence_about, named
from pantrybox.vision.model import Box, Detection
from pantrybox.vision.recognition import Recognition, Suggestion

MILK, JAM, TIN, BOTTLE = 1, 2, 3, 4
WORDS = {"bottle": BOTTLE, "tin": TIN}
items = st.sampled_from([MILK, JAM, TIN, BOTTLE])
scores = st.floats(0, 1)
parts = st.floats(0, 1)
BOX = Box(0.1, 0.1, 0.3, 0.5)


def make_box(left: float, top: float, width: float, height: float) -> Box:
    return Box(left * 0.5, top * 0.5, left * 0.5 + 0.05 + width * 0.4, top * 0.5 + 0.05 + height * 0.4)


placed = st.builds(make_box, parts, parts, parts, parts)


@st.composite
def recognitions(draw: st.DrawFn) -> Recognition:
    barred = draw(st.frozensets(st.one_of(st.none(), items), max_size=2))
    item_id = draw(st.one_of(st.none(), items.filter(lambda one: one not in barred)))
    confidence = draw(scores)
    offered = (Suggestion(item_id, confidence),) if item_id is not None else ()
    return Recognition(item_id, confidence, offered, barred)


detections = st.builds(Detection, placed, scores, st.sampled_from(["bottle", "tin", "person", ""]), scores)
evidence = st.builds(
    Evidence,
    detections,
    st.one_of(st.none(), recognitions()),
    said=st.one_of(st.none(), items),
    denied=st.frozensets(st.one_of(st.none(), items), max_size=2),
    code_item_id=st.one_of(st.none(), items),
    masked=st.booleans(),
)
rules = st.builds(Rules, scores)


def resolving(taught: frozenset[int]) -> Callable[[str], int | None]:
    """As the box does: a word of something that was taught is nobody's."""
    return lambda word: None if WORDS.get(word) in taught else WORDS.get(word)


def name_of(one: Evidence, how: Rules | None = None, taught: frozenset[int] = frozenset()) -> Naming:
    return named([one], how or Rules(0.45), resolving(taught))[0]


@given(evidence, rules)
def test_what_lies_in_a_mask_is_nothing_whoever_says_otherwise(one: Evidence, how: Rules) -> None:
    naming = name_of(one, how)
    assert (naming.source == "masked") == one.masked
    assert not one.masked or naming.item_id is None


@given(evidence, rules)
def test_a_persons_word_stands_before_every_other(one: Evidence, how: Rules) -> None:
    if not one.masked and one.said is not None:
        assert name_of(one, how) == Naming(one.said, 1.0, "person")


@given(evidence, rules)
def test_what_a_person_says_it_is_not_is_never_given(one: Evidence, how: Rules) -> None:
    naming = name_of(one, how)
    if one.said is None:
        assert naming.item_id is None or naming.item_id not in one.denied
    if one.said is None and None in one.denied:
        assert naming.item_id is None


@given(evidence, rules)
def test_a_code_stands_before_what_examples_say(one: Evidence, how: Rules) -> None:
    quiet = not one.masked and one.said is None and None not in one.denied
    if quiet and one.code_item_id is not None and one.code_item_id not in one.denied:
        assert (name_of(one, how).item_id, name_of(one, how).source) == (one.code_item_id, "barcode")


@given(evidence, rules, st.frozensets(items))
def test_a_models_own_word_is_never_given_once_the_thing_was_taught_or_denied(
    one: Evidence, how: Rules, taught: frozenset[int]
) -> None:
    naming = name_of(one, how, taught)
    if naming.source == "generic":
        assert naming.item_id not in taught
        assert one.recognition is None or not {naming.item_id, None} & one.recognition.barred


@given(evidence, rules)
def test_what_is_faint_counts_only_when_it_is_known_surely(one: Evidence, how: Rules) -> None:
    naming = name_of(one, how)
    if naming.item_id is not None and one.detection.score < how.counted:
        assert naming.source in {"person", "barcode"} or naming.confidence >= SURE


@given(st.lists(evidence, max_size=8), rules)
def test_every_detection_gets_one_naming_with_a_probability(several: list[Evidence], how: Rules) -> None:
    namings = named(several, how, resolving(frozenset()))
    assert len(namings) == len(several)
    assert all(0 <= one.confidence <= 1 for one in namings)


@given(st.lists(evidence, max_size=8), rules)
def test_a_repeat_overlaps_what_counts_and_what_a_person_named_is_none(several: list[Evidence], how: Rules) -> None:
    namings = named(several, how, resolving(frozenset()))
    counted = [one.detection.box for one, naming in zip(several, namings, strict=True) if naming.item_id is not None]
    for one, naming in zip(several, namings, strict=True):
        if naming.source == "repeat":
            assert any(one.detection.box.intersection(box) > 0 for box in counted)
        if one.said is not None and not one.masked:
            assert naming.item_id == one.said


def seen(score: float, box: Box = BOX, item_id: int | None = None, said: int | None = None) -> Evidence:
    known = Recognition(item_id, 0.95, (), frozenset()) if item_id is not None else None
    return Evidence(Detection(box, score, "", 0.0), known, said=said)


def test_one_thing_in_two_boxes_counts_once_and_the_surer_box_counts() -> None:
    nudged = Box(0.12, 0.1, 0.32, 0.5)
    apart = Box(0.6, 0.1, 0.8, 0.5)
    namings = named([seen(0.9, item_id=MILK), seen(0.8, nudged, MILK), seen(0.7, apart, MILK)], Rules(), WORDS.get)
    assert [one.item_id for one in namings] == [MILK, None, MILK]
    assert namings[1].source == "repeat"


def test_a_box_within_the_box_of_the_same_thing_is_a_repeat() -> None:
    namings = named([seen(0.9, item_id=MILK), seen(0.8, Box(0.15, 0.2, 0.2, 0.3), MILK)], Rules(), WORDS.get)
    assert namings[1].source == "repeat"


def test_the_box_that_a_person_named_counts_though_the_detector_is_surer_of_another() -> None:
    nudged = Box(0.12, 0.1, 0.32, 0.5)
    namings = named([seen(0.9, item_id=MILK), seen(0.3, nudged, said=MILK)], Rules(), WORDS.get)
    assert [(one.item_id, one.source) for one in namings] == [(None, "repeat"), (MILK, "person")]


def lesson(example_id: int, box: Box, item_id: int | None, *, positive: bool = True) -> Taught:
    return Taught(example_id, item_id, None, positive, "c", 1, False, box, "owner", 0, None, Naming())


def about(boxes: list[Box], *taught: Taught) -> list[Evidence]:
    return evidence_about([Detection(box, 0.9, "", 0) for box in boxes], [None] * len(boxes), taught, [])


def test_a_lesson_is_about_the_one_box_that_overlaps_it_most() -> None:
    nudged = Box(0.12, 0.1, 0.32, 0.5)
    assert [one.said for one in about([nudged, BOX], lesson(1, BOX, MILK))] == [None, MILK]
    assert [one.said for one in about([Box(0.6, 0.6, 0.9, 0.9)], lesson(1, BOX, MILK))] == [None]


def test_a_denial_is_about_every_box_of_that_thing() -> None:
    nudged = Box(0.12, 0.1, 0.32, 0.5)
    found = about([nudged, BOX], lesson(1, BOX, MILK, positive=False), lesson(2, BOX, None, positive=False))
    assert [one.denied for one in found] == [{MILK, None}, {MILK, None}]


@given(st.lists(placed, max_size=6), st.lists(placed, max_size=4))
def test_no_lesson_names_two_boxes_and_no_box_bears_two_lessons(boxes: list[Box], drawn: list[Box]) -> None:
    found = about(boxes, *(lesson(number, box, number) for number, box in enumerate(drawn, start=1)))
    said = [one.said for one in found if one.said is not None]
    assert len(set(said)) == len(said)
    for one in found:
        assert one.said is None or one.detection.box.iou(drawn[one.said - 1]) >= SAME_BOX_IOU


def test_a_code_belongs_to_the_box_that_its_middle_lies_in() -> None:
    inside, outside = Box(0.15, 0.2, 0.25, 0.22), Box(0.5, 0.2, 0.6, 0.22)
    codes = [(outside, JAM), (inside, MILK)]
    assert evidence_about([Detection(BOX, 0.9, "", 0)], [None], [], codes)[0].code_item_id == MILK


kept = st.integers(1, 12).flatmap(
    lambda length: st.lists(
        st.one_of(st.none(), st.binary(min_size=length, max_size=length).filter(any)), min_size=1, max_size=30
    ).filter(any)
)


@given(kept)
def test_vectors_come_back_as_they_were_packed_up_to_the_last_one(given: list[bytes | None]) -> None:
    last = max(rank for rank, vector in enumerate(given) if vector)
    assert vectors.unpacked(vectors.packed(given)) == given[: last + 1]


def test_half_a_bottle_beside_the_bottle_is_not_another_one() -> None:
    known = Recognition(BOTTLE, 0.95, (Suggestion(BOTTLE, 0.95),))
    whole = Evidence(Detection(Box(0.08, 0.1, 0.15, 0.4), 0.9, "bottle", 0.9), known)
    half = Evidence(Detection(Box(0.03, 0.1, 0.11, 0.4), 0.3, "", 0.0), known)
    apart = Evidence(Detection(Box(0.3, 0.1, 0.37, 0.4), 0.3, "", 0.0), known)
    namings = named([whole, half, apart], Rules(0.6), resolving(frozenset({BOTTLE})))
    assert [naming.source for naming in namings] == ["recogniser", "repeat", "recogniser"]
