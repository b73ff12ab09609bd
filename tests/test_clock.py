"""Times are UTC milliseconds inside and RFC 3339 outside, without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.clock import from_iso8601, to_rfc3339
from pantrybox.errors import Malformed


@given(st.integers(0, 253_402_300_799_999))
def test_there_and_back_is_the_same_millisecond(at_ms: int) -> None:
    assert from_iso8601(to_rfc3339(at_ms)) == at_ms


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_texts_sort_as_times_do(one: int, other: int) -> None:
    assert (to_rfc3339(one) < to_rfc3339(other)) == (one < other)


def test_a_time_without_an_offset_is_utc() -> None:
    assert from_iso8601("2026-01-02T03:04:05") == from_iso8601("2026-01-02T05:04:05+02:00")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1735776245", "0001-01-01T00:00:00+23:59x", "\x00"])
def test_nonsense_is_refused_in_the_words_of_the_contract(text: str) -> None:
    with pytest.raises(Malformed, match=r"^Invalid timestamp format$"):
        from_iso8601(text)
