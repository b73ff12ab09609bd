"""Laws of the boxes: each thing once, furniture and people never, order does not matter beyond the score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.vision.model import Box, Detection
from pantrybox.vision.proposals import (
    CANDIDATE_SCORE,
    FURNITURE,
    PEOPLE,
    SAME_THING_IOU,
    apart,
    candidates,
    covered_by_people,
    overlaps,
)

edges = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
boxes = st.builds(lambda x, y: Box(x[0], y[0], x[1], y[1]), edges, edges)
labels = st.sampled_from(["orange", "cup", "person", "dining table", "refrigerator"])
found = st.lists(st.builds(Detection, boxes, st.floats(0, 1), labels, st.floats(0, 1)), max_size=30).map(
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
    both = [Detection(box, 0.8, "orange", 0.8), Detection(Box(0.11, 0.1, 0.3, 0.3), 0.6, "apple", 0.9)]
    assert [d.label for d in candidates(both)] == ["orange"]


def test_a_hand_before_the_lens_covers_what_it_covers() -> None:
    hand = Detection(Box(0.0, 0.0, 0.5, 1.0), 0.0, "person", 0.9)
    assert covered_by_people([hand]) == 0.5
    assert covered_by_people([Detection(hand.box, 0.9, "person", 0.2)]) == 0


@given(st.lists(boxes, max_size=30), st.floats(0.1, 0.9))
def test_boxes_kept_apart_are_as_many_as_were_asked_for_and_the_best_ones(found: list[Box], iou: float) -> None:
    edges = np.array([[box.left, box.top, box.right, box.bottom] for box in found]).reshape(-1, 4)
    every = apart(edges, iou)
    assert list(apart(edges, iou, most=3)) == list(every[:3])
    assert not found or every[0] == 0
    alike = overlaps(edges[every], edges[every])
    assert (alike[~np.eye(len(every), dtype=bool)] <= iou).all()


@given(boxes, boxes)
def test_overlaps_of_many_are_those_of_each_pair(one: Box, other: Box) -> None:
    edges = np.array([[box.left, box.top, box.right, box.bottom] for box in (one, other)])
    assert overlaps(edges[:1], edges[1:])[0, 0] == pytest.approx(one.iou(other), abs=1e-9)
