"""Laws of the boxes: each thing once, furniture and people never, order does not matter beyond the score."""

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.vision.model import Box, Detection
from pantrybox.vision.proposals import (
    CANDIDATE_SCORE,
    FURNITURE,
    PEOPLE,
    SAME_THING_IOU,
    candidates,
    covered_by_people,
)

edges = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
boxes = st.builds(lambda x, y: Box(x[0], y[0], x[1], y[1]), edges, edges)
labels = st.sampled_from(["orange", "cup", "person", "dining table", "refrigerator"])
found = st.lists(st.builds(Detection, boxes, st.floats(0, 1), labels), max_size=30).map(
    lambda detections: sorted(detections, key=lambda detection: -detection.score)
)


@given(found)
def test_no_two_kept_boxes_are_the_same_thing(detections: list[Detection]) -> None:
    kept = candidates(detections)
    for index, one in enumerate(kept):
        assert all(one.box.iou(other.box) <= SAME_THING_IOU + 1e-9 for other in kept[index + 1 :])


@given(found)
def test_what_is_dropped_is_furniture_a_person_noise_or_hidden_by_a_better_box(detections: list[Detection]) -> None:
    kept = candidates(detections)
    assert all(d.label not in FURNITURE | PEOPLE and d.score >= CANDIDATE_SCORE for d in kept)
    for dropped in detections:
        fair = dropped.label not in FURNITURE | PEOPLE and dropped.score >= CANDIDATE_SCORE
        if fair and dropped not in kept and 0 < dropped.box.area <= 0.95:
            assert any(d.box.iou(dropped.box) > SAME_THING_IOU - 1e-9 and d.score >= dropped.score for d in kept)


@given(found)
def test_keeping_again_keeps_the_same(detections: list[Detection]) -> None:
    kept = candidates(detections)
    assert candidates(kept) == kept


@given(boxes, boxes)
def test_iou_is_symmetric_and_between_nought_and_one(one: Box, other: Box) -> None:
    assert 0 <= one.iou(other) <= 1 + 1e-9
    assert one.iou(other) == other.iou(one)


def test_one_thing_under_two_names_is_kept_under_the_better_one() -> None:
    box = Box(0.1, 0.1, 0.3, 0.3)
    both = [Detection(box, 0.8, "orange"), Detection(Box(0.11, 0.1, 0.3, 0.3), 0.6, "apple")]
    assert [d.label for d in candidates(both)] == ["orange"]


def test_a_hand_before_the_lens_covers_what_it_covers() -> None:
    hand = Detection(Box(0.0, 0.0, 0.5, 1.0), 0.9, "person")
    assert covered_by_people([hand]) == 0.5
    assert covered_by_people([Detection(hand.box, 0.2, "person")]) == 0
