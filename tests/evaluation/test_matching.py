"""Average precision is COCO's: worked by hand, recounted by brute force, and held to laws."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.evaluation.labels import Truth
from pantrybox.evaluation.matching import Judged, auroc, average_precision, judged, precision, recall
from pantrybox.vision.model import Box

GRID = 8
Scene = tuple[list[tuple[Box, float]], list[Truth]]
"""What was found in a photograph, with scores, and what is there."""


def box(left: float, top: float, right: float, bottom: float) -> Box:
    return Box(left / GRID, top / GRID, right / GRID, bottom / GRID)


def thing(left: float, top: float, right: float, bottom: float) -> Truth:
    return Truth(box(left, top, right, bottom), "milk")


def together(scenes: Sequence[Scene]) -> Judged:
    return Judged.together(judged([b for b, _ in found], [s for _, s in found], truths) for found, truths in scenes)


def ap(*scenes: Scene) -> float | None:
    return average_precision(together(scenes))


HERE, THERE, NOWHERE = box(0, 0, 2, 2), box(4, 0, 6, 2), box(0, 6, 2, 8)
TRUE_HERE, TRUE_THERE = Truth(HERE, "milk"), Truth(THERE, "milk")


def test_every_thing_found_and_nothing_else_is_one() -> None:
    assert ap(([(HERE, 0.9), (THERE, 0.2)], [TRUE_HERE, TRUE_THERE])) == 1.0


def test_half_of_the_things_found_is_51_of_101_recalls() -> None:
    assert ap(([(HERE, 0.9)], [TRUE_HERE, TRUE_THERE])) == pytest.approx(51 / 101)


def test_a_false_box_first_halves_the_precision_up_to_the_first_thing() -> None:
    # Right boxes at precision 1/2 and 2/3; the higher one holds for every recall below it, too.
    found = [(NOWHERE, 0.9), (HERE, 0.8), (THERE, 0.7)]
    assert ap((found, [TRUE_HERE, TRUE_THERE])) == pytest.approx(2 / 3)


def test_a_false_box_between_counts_from_there_on() -> None:
    found = [(HERE, 0.9), (NOWHERE, 0.8), (THERE, 0.7)]
    assert ap((found, [TRUE_HERE, TRUE_THERE])) == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)


def test_a_thing_found_twice_is_found_once_and_wrong_once() -> None:
    everything = together([([(HERE, 0.9), (HERE, 0.8)], [TRUE_HERE])])
    assert everything.right.tolist() == [True, False]


def test_a_box_that_overlaps_by_half_is_right_and_by_less_is_not() -> None:
    truth = [thing(0, 0, 4, 4)]
    assert judged([box(0, 0, 4, 2)], [0.9], truth).right.tolist() == [True]
    assert judged([box(0, 0, 4, 1.9)], [0.9], truth).right.tolist() == [False]


def test_a_better_box_takes_the_thing_that_it_overlaps_most() -> None:
    # The second one would overlap the first thing as well, which is taken.
    truths = [thing(0, 0, 4, 4), thing(0, 1, 4, 5)]
    found = judged([box(0, 0, 4, 4), box(0, 0.5, 4, 4.5)], [0.9, 0.8], truths)
    assert found.right.tolist() == [True, True]


def test_what_need_not_be_found_is_neither_missed_nor_wrong() -> None:
    difficult = Truth(THERE, "milk", "difficult")
    assert ap(([(HERE, 0.5), (THERE, 0.9), (THERE, 0.8)], [TRUE_HERE, difficult])) == 1.0
    assert ap(([(HERE, 0.5)], [TRUE_HERE, difficult])) == 1.0


def test_a_crowd_swallows_the_boxes_that_lie_in_it() -> None:
    crowd = Truth(box(0, 4, 8, 8), "milk", "crowd")
    assert judged([NOWHERE], [0.9], [TRUE_HERE, crowd]).right.tolist() == []
    assert judged([NOWHERE], [0.9], [TRUE_HERE, Truth(crowd.box, "milk", "difficult")]).right.tolist() == [False]


def test_a_thing_goes_before_the_crowd_around_it() -> None:
    crowd = Truth(box(0, 0, 8, 8), "milk", "crowd")
    assert judged([HERE], [0.9], [crowd, TRUE_HERE]).right.tolist() == [True]


def test_a_photograph_without_things_can_only_add_wrong_boxes() -> None:
    assert ap(([], [])) is None
    assert ap() is None
    assert ap(([(HERE, 0.5)], [TRUE_HERE]), ([(HERE, 0.9)], [])) == pytest.approx(0.5)


def test_only_the_best_hundred_boxes_of_a_photograph_are_judged() -> None:
    found = [(NOWHERE, 0.9)] * 100 + [(HERE, 0.1)]
    assert recall(together([(found, [TRUE_HERE])])) == 0.0
    assert recall(together([(found[1:], [TRUE_HERE])])) == 1.0


def test_recall_and_precision_at_a_score() -> None:
    everything = together([([(HERE, 0.9), (NOWHERE, 0.6), (THERE, 0.3)], [TRUE_HERE, TRUE_THERE])])
    assert recall(everything, 0.5) == 0.5
    assert precision(everything, 0.5) == 0.5
    assert precision(everything, 0.95) is None
    assert recall(everything) == 1.0


corners = st.tuples(*[st.integers(0, GRID - 1)] * 2, *[st.integers(1, GRID)] * 2)
boxes = corners.map(lambda c: box(min(c[0], c[2] - 1), min(c[1], c[3] - 1), c[2], c[3]))
truths_ = st.lists(st.builds(Truth, boxes, st.just("milk"), st.sampled_from(["thing", "thing", "difficult", "crowd"])))
found_ = st.lists(st.tuples(boxes, st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.7, 0.9])), max_size=8)
scenes_ = st.lists(st.tuples(found_, truths_), max_size=4)


@given(scenes_)
def test_it_is_what_counting_by_brute_force_gives(scenes: list[Scene]) -> None:
    expected = by_brute_force(scenes)
    assert ap(*scenes) == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.lists(boxes, min_size=1, max_size=6), min_size=1, max_size=4), st.data())
def test_boxes_that_are_the_truth_are_worth_one(photographs: list[list[Box]], data: st.DataObject) -> None:
    scores = st.sampled_from([0.2, 0.4, 0.6])
    scenes = [([(b, data.draw(scores)) for b in each], [Truth(b, "milk") for b in each]) for each in photographs]
    assert ap(*scenes) == 1.0


@given(scenes_, st.integers(0, 3))
def test_a_wrong_box_below_all_others_never_raises_it(scenes: list[Scene], where: int) -> None:
    before = ap(*scenes)
    if before is None:
        return
    found, _ = scenes[where % len(scenes)]
    beside = Box(2.0, 2.0, 3.0, 3.0)  # touches nothing
    found.append((beside, 0.01))
    after = ap(*scenes)
    assert after is not None
    assert after <= before + 1e-12


@given(scenes_, st.randoms(use_true_random=False))
def test_no_order_matters(scenes: list[Scene], random) -> None:
    before = ap(*scenes)
    shuffled = [(random.sample(found, len(found)), random.sample(truths, len(truths))) for found, truths in scenes]
    random.shuffle(shuffled)
    after = ap(*shuffled)
    assert after == (None if before is None else pytest.approx(before))


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_auroc_is_the_share_of_pairs_in_the_right_order(known: list[int], strange: list[int]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(known, strange)]
    assert auroc(known, strange) == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


def by_brute_force(scenes: Sequence[Scene]) -> float | None:
    """Every threshold counted from the beginning, in exact fractions."""
    outcomes = [outcome for found, truths in scenes for outcome in _outcomes(found, truths)]
    things = sum(truth.kind == "thing" for _, truths in scenes for truth in truths)
    if not things:
        return None
    points = []
    for threshold in {score for score, _ in outcomes}:
        taken = [right for score, right in outcomes if score >= threshold]
        points.append((Fraction(sum(taken), things), Fraction(sum(taken), len(taken))))
    levels = [max((p for r, p in points if r >= Fraction(level, 100)), default=Fraction(0)) for level in range(101)]
    return float(sum(levels) / 101)


def _outcomes(found: Sequence[tuple[Box, float]], truths: Sequence[Truth]) -> list[tuple[float, bool]]:
    taken: set[int] = set()
    outcomes = []
    for one, score in sorted(found, key=lambda pair: (-pair[1], _edges(pair[0]))):
        overlaps = [
            (_overlap(one, truth.box), _edges(truth.box), number)
            for number, truth in enumerate(truths)
            if truth.kind == "thing" and number not in taken
        ]
        best, _, number = max(overlaps, default=(Fraction(0), (), 0))
        if best >= Fraction(1, 2):
            taken.add(number)
            outcomes.append((score, True))
        elif not any(
            _overlap(one, truth.box, of_the_box=truth.kind == "crowd") >= Fraction(1, 2)
            for truth in truths
            if truth.kind != "thing"
        ):
            outcomes.append((score, False))
    return outcomes


def _overlap(one: Box, other: Box, *, of_the_box: bool = False) -> Fraction:
    cells, others = _cells(one), _cells(other)
    return Fraction(len(cells & others), len(cells) if of_the_box else len(cells | others))


def _edges(one: Box) -> tuple[float, ...]:
    return one.left, one.top, one.right, one.bottom


def _cells(one: Box) -> set[tuple[int, int]]:
    left, top, right, bottom = (round(edge * GRID) for edge in (one.left, one.top, one.right, one.bottom))
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}
