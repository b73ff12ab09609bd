"""Masks: a point is inside of a polygon or it is not, however the polygon is written down."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pantrybox.devices.seeing import Polygon, inside, masked

FRACTION = st.floats(0, 1)
POINT = st.tuples(FRACTION, FRACTION)
POLYGON = st.lists(POINT, min_size=3, max_size=12).map(tuple)
SQUARE: Polygon = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
HORSESHOE: Polygon = ((0, 0), (1, 0), (1, 1), (0.7, 1), (0.7, 0.3), (0.3, 0.3), (0.3, 1), (0, 1))


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


@given(POINT, POINT, POINT)
def test_a_rectangle_holds_what_lies_between_its_sides(
    corner: tuple[float, float], other: tuple[float, float], point: tuple[float, float]
) -> None:
    (left, right), (top, bottom) = sorted((corner[0], other[0])), sorted((corner[1], other[1]))
    x, y = point
    assume(x not in {left, right})
    assume(y not in {top, bottom})
    assert inside(x, y, rectangle(left, top, right, bottom)) == (left < x < right and top < y < bottom)


@given(POINT, POLYGON, st.integers(0, 11))
def test_it_does_not_matter_with_which_corner_a_polygon_begins(
    point: tuple[float, float], polygon: Polygon, turn: int
) -> None:
    turn %= len(polygon)
    assert inside(*point, polygon[turn:] + polygon[:turn]) == inside(*point, polygon)


@given(st.floats(0.01, 0.99), st.integers(3, 64), st.floats(0, 6.3))
def test_a_round_polygon_holds_its_middle_and_nothing_far_out(radius: float, corners: int, turn: float) -> None:
    angles = [turn + 2 * math.pi * corner / corners for corner in range(corners)]
    ring = tuple((0.5 + radius / 2 * math.cos(angle), 0.5 + radius / 2 * math.sin(angle)) for angle in angles)
    assert inside(0.5, 0.5, ring)
    for angle in angles:
        far = 0.5 + 0.51 * radius * math.cos(angle), 0.5 + 0.51 * radius * math.sin(angle)
        assert not inside(*far, ring)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True), st.floats(0.01, 0.99), st.booleans())
def test_two_halves_leave_no_gap_and_do_not_overlap(x: float, y: float, cut: float, upright: bool) -> None:
    halves = (rectangle(0, 0, cut, 1), rectangle(cut, 0, 1, 1))
    if not upright:
        halves = (rectangle(0, 0, 1, cut), rectangle(0, cut, 1, 1))
    assert inside(x, y, halves[0]) != inside(x, y, halves[1])


@pytest.mark.parametrize(
    ("x", "y", "is_inside"),
    [(0.15, 0.9, True), (0.85, 0.9, True), (0.5, 0.15, True), (0.5, 0.9, False), (0.5, 0.31, False), (0.5, 0.29, True)],
)
def test_a_bay_of_a_mask_is_not_masked(x: float, y: float, is_inside: bool) -> None:
    assert inside(x, y, HORSESHOE) is is_inside


def test_a_ray_through_a_corner_counts_once() -> None:
    diamond: Polygon = ((0.5, 0.1), (0.9, 0.5), (0.5, 0.9), (0.1, 0.5))
    assert inside(0.5, 0.5, diamond)
    assert not inside(0.05, 0.5, diamond)
    assert not inside(0.05, 0.1, diamond)


@given(POINT, st.lists(POLYGON, max_size=4))
def test_a_point_is_masked_by_any_of_the_masks(point: tuple[float, float], masks: list[Polygon]) -> None:
    assert masked(*point, masks) == any(inside(*point, mask) for mask in masks)
    assert masked(0.4, 0.4, [*masks, SQUARE])


def test_nothing_is_masked_without_masks() -> None:
    assert not masked(0.5, 0.5, ())
