"""Figures of a few photographs, worked by hand."""

import pytest

from pantrybox.evaluation import figures
from pantrybox.evaluation.labels import Truth
from pantrybox.evaluation.looking import Seen, Timing
from pantrybox.evaluation.naming import Answer, Crop, Offer
from pantrybox.evaluation.report import spread
from pantrybox.vision.model import Box, Detection

LEFT, MIDDLE, RIGHT = Box(0.0, 0.0, 0.2, 0.5), Box(0.4, 0.0, 0.6, 0.5), Box(0.8, 0.0, 1.0, 0.5)


def photograph(truths: list[Truth], detections: list[tuple[Box, float]]) -> Seen:
    found = tuple(Detection(box, score, "bottle", score) for box, score in detections)
    return Seen("a.jpg", tuple(truths), (None,) * len(truths), found, (b"",) * len(found))


def says(name: str | None, *offers: tuple[str, float]) -> Answer:
    return Answer(name, offers[0][1] if offers else 0.0, tuple(Offer(*offer) for offer in offers))


MILK, TEA, JAM = Truth(LEFT, "milk"), Truth(MIDDLE, "tea"), Truth(RIGHT, "jam")
THREE = photograph([MILK, TEA], [(LEFT, 0.9), (MIDDLE, 0.8), (RIGHT, 0.2)])


def test_a_name_that_is_only_offered_ranks_and_is_not_given() -> None:
    answers = [says("milk", ("milk", 0.9), ("tea", 0.1)), says(None, ("milk", 0.4), ("tea", 0.3)), says(None)]
    assert figures.naming_map50([(THREE, answers)], ["milk", "tea"], given_only=False) == (1.0, 2)
    assert figures.naming_map50([(THREE, answers)], ["milk", "tea"], given_only=True) == (0.5, 2)


def test_a_wrong_name_that_is_surer_than_the_right_one_costs_half() -> None:
    answers = [says("milk", ("milk", 0.6)), says("milk", ("milk", 0.9)), says(None)]
    assert figures.naming_map50([(THREE, answers)], ["milk", "tea"], given_only=True) == (0.25, 2)


def test_items_that_are_nowhere_do_not_count() -> None:
    answers = [says("milk", ("milk", 0.6)), says("tea", ("tea", 0.9)), says("jam", ("jam", 0.99))]
    assert figures.naming_map50([(THREE, answers)], ["milk", "tea", "jam"], given_only=True) == (1.0, 2)
    assert figures.naming_map50([], ["milk"], given_only=True) == (None, 0)


def test_what_was_marked_without_a_name_is_neither_right_nor_wrong() -> None:
    nameless = photograph([MILK, Truth(MIDDLE, None)], [(LEFT, 0.9), (MIDDLE, 0.8)])
    answers = [says("milk", ("milk", 0.6)), says("milk", ("milk", 0.9))]
    assert figures.naming_map50([(nameless, answers)], ["milk"], given_only=True) == (1.0, 1)
    silent = [says("milk", ("milk", 0.6)), says(None)]
    assert figures.naming_map50([(nameless, silent)], ["milk"], given_only=True) == (1.0, 1)


def test_a_miscount_is_an_item_whose_number_is_wrong() -> None:
    there = photograph([MILK, Truth(MIDDLE, "milk"), JAM, Truth(Box(0, 0.8, 0.2, 1), "honey")], THREE_FOUND)
    # Two of milk and one jam are there; one of milk, one jam and one tea are seen. Honey was never taught.
    answers = [says("milk"), says("tea"), says("jam")]
    found = figures.miscounts([(there, answers)], ["milk", "tea", "jam"], 0.45)
    assert found == figures.Miscounts(items_miscounted=2, of_items=3, difference=2 / 3, things_difference=2)


THREE_FOUND = [(LEFT, 0.9), (MIDDLE, 0.8), (RIGHT, 0.2)]


def test_a_thing_on_what_is_to_be_ignored_is_not_counted() -> None:
    there = photograph([MILK, Truth(MIDDLE, "tea", "difficult")], [(LEFT, 0.9), (MIDDLE, 0.8)])
    found = figures.miscounts([(there, [says("milk"), says("tea")])], ["milk", "tea"], 0.45)
    assert found == figures.Miscounts(items_miscounted=0, of_items=1, difference=0, things_difference=0)


def test_counts_are_means_over_photographs() -> None:
    right, nothing = says("milk"), photograph([MILK], [])
    both = [(photograph([MILK], [(LEFT, 0.9)]), [right]), (nothing, [])]
    found = figures.miscounts(both, ["milk"], 0.45)
    assert found == figures.Miscounts(items_miscounted=0.5, of_items=1, difference=0.5, things_difference=0.5)
    assert figures.miscounts([], ["milk"], 0.45) is None


def test_things_of_each_size_are_found_for_themselves() -> None:
    small, large = Box(0.0, 0.0, 0.05, 0.05), Box(0.5, 0.5, 0.9, 0.9)
    truths = [Truth(small, "pea"), Truth(large, "pumpkin")]
    found = figures.finding([photograph(truths, [(large, 0.9), (Box(0.1, 0, 0.15, 0.05), 0.8)])], 0.45)
    assert {size: (part.things, part.ap50) for size, part in found.by_size.items()} == {
        "small": (1, 0.0),
        "medium": (0, None),
        "large": (1, 1.0),
    }
    assert found.recall_counted == 0.5
    assert found.precision_counted == 0.5


def crop(name: str, answer: Answer) -> Crop:
    return Crop(name, answer)


def test_recognition_counts_the_best_and_the_three_best_offers() -> None:
    crops = [
        crop("milk", says("milk", ("milk", 0.9))),
        crop("milk", says(None, ("tea", 0.4), ("jam", 0.3), ("milk", 0.2))),
        crop("milk", says("tea", ("tea", 0.8))),
        crop("milk", says(None)),
    ]
    assert figures.top(crops, 1) == 0.25
    assert figures.top(crops, 3) == 0.5
    assert figures.given(crops) == 0.5
    assert figures.given_right(crops) == 0.5
    assert figures.refused(crops) == 0.5
    assert figures.top([], 1) is None


def test_the_gate_is_judged_by_confidence_whether_or_not_a_name_is_given() -> None:
    taught = [crop("milk", says(None, ("milk", 0.4))), crop("milk", says("tea", ("tea", 0.9)))]
    strange = [crop("honey", says(None, ("milk", 0.3))), crop("honey", says("milk", ("milk", 0.6)))]
    assert figures.gate_auroc(taught, strange) == 0.75
    torn = [crop("milk", says(None, ("milk", 0.4), ("tea", 0.35)))]
    assert figures.gate_auroc(torn, strange) == 0.5
    assert figures.gate_auroc_together(torn, strange) == 1.0


def test_times_are_medians_and_the_slow_tenth() -> None:
    timings = [Timing(float(n), 1.0, float(n), 3) for n in range(101)]
    times = figures.times(timings)
    assert times is not None
    assert (times.median, times.p90, times.detector, times.embedding, times.crops) == (50, 90, 1, 50, 3)


def test_spread_is_the_standard_deviation_between_draws() -> None:
    several = spread([0.5, None, 0.7])
    assert several is not None
    assert several.mean == pytest.approx(0.6)
    assert several.spread == pytest.approx(0.1 * 2**0.5)
    assert spread([None]) is None
    alone = spread([0.5])
    assert alone is not None
    assert alone.spread is None
