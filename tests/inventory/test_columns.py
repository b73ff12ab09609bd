"""Laws of numbers side by side: each is what it would be alone."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pantrybox.inventory.columns import corners, rounded, sums, table
from pantrybox.vision.model import Box

NUMBERS = st.floats(-1e4, 1e4, allow_subnormal=False)
HALFWAY = st.builds(lambda whole, decimals: (whole + 0.5) / 10**decimals, st.integers(0, 9999), st.integers(2, 5))


@given(st.lists(NUMBERS | HALFWAY, min_size=1), st.integers(0, 5))
@example([0.00125, 2.675, 0.285], 2)
@example([0.00125, 0.00375], 4)
def test_numbers_are_rounded_as_each_would_be(numbers: list[float], decimals: int) -> None:
    assert rounded(np.array(numbers), decimals).tolist() == [round(number, decimals) for number in numbers]


@given(st.lists(st.tuples(NUMBERS | HALFWAY, NUMBERS | HALFWAY), min_size=1))
def test_each_column_has_its_own_decimals(rows: list[tuple[float, float]]) -> None:
    expected = [[round(left, 2), round(right, 4)] for left, right in rows]
    assert rounded(np.array(rows), (2, 4)).tolist() == expected


def test_nothing_is_a_table_without_rows() -> None:
    assert table([], 6).shape == (0, 6)
    assert rounded(table([], 4), 3).shape == (0, 4)


def test_no_box_has_its_corners_at_nothing() -> None:
    assert corners([Box(0.1, 0.2, 0.3, 0.4), None]).tolist() == [[0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.0, 0.0]]


def test_what_shares_a_rank_is_added_up_and_a_rank_of_nothing_is_0() -> None:
    assert sums(np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), 4).tolist() == [2.0, 0.0, 5.0, 0.0]
