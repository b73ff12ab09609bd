"""Ranges and conditions: what is sent of a file, for whatever a header says."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.web.byte_ranges import asked_bytes, has_it, may_go_on

SIZES = st.integers(1, 10**12)
NUMBERS = st.integers(0, 10**30)


@given(st.text() | st.from_regex(r"bytes=[0-9,\- ]*"), SIZES)
def test_whatever_a_header_says_only_bytes_of_the_file_are_sent(header: str, size: int) -> None:
    asked = asked_bytes(header, size)
    assert asked is None or (0 <= asked.start <= asked.stop <= size and asked.step == 1)


@given(NUMBERS, NUMBERS, SIZES)
def test_first_to_last_is_what_lies_between_them(first: int, last: int, size: int) -> None:
    asked = asked_bytes(f"bytes={first}-{last}", size)
    if last < first:
        assert not asked  # no range, or one that lies outside
    else:
        assert asked is not None
        assert (len(asked) == 0) == (first >= size)
        assert not asked or (asked.start, asked.stop) == (first, min(last + 1, size))


@given(NUMBERS, SIZES)
def test_open_end_goes_to_the_end(first: int, size: int) -> None:
    assert asked_bytes(f"bytes={first}-", size) == range(min(first, size), size)


@given(NUMBERS, SIZES)
def test_suffix_is_the_last_bytes_and_never_more_than_there_are(length: int, size: int) -> None:
    asked = asked_bytes(f"bytes=-{length}", size)
    assert asked is not None
    assert len(asked) == min(length, size)
    assert not asked or asked.stop == size


@given(st.binary(min_size=1, max_size=40), st.data())
def test_two_halves_make_the_whole(content: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(content) - 1))
    first, second = asked_bytes(f"bytes=0-{cut}", len(content)), asked_bytes(f"bytes={cut + 1}-", len(content))
    assert first is not None
    assert second is not None
    assert content[first.start : first.stop] + content[second.start : second.stop] == content


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=5-2"),
        *("bytes=--1", "bytes=+1-2", "bytes=1 -2", "bytes=\u0661-\u0662"),
    ],
)
def test_what_is_no_single_range_gives_the_whole(header: str | None) -> None:
    assert asked_bytes(header, 100) is None


class Condition(NamedTuple):
    header: str | None
    holds: bool


@pytest.mark.parametrize(
    "condition",
    [
        Condition(None, False),
        Condition("", False),
        Condition('"abc"', True),
        Condition('W/"abc"', True),
        Condition("*", True),
        Condition('"x", W/"y","abc"', True),
        Condition('"abcd"', False),
        Condition("abc", False),
        Condition('"x", *', False),
    ],
)
def test_if_none_match_compares_weakly_and_takes_lists(condition: Condition) -> None:
    assert has_it(condition.header, '"abc"') is condition.holds


@pytest.mark.parametrize(
    "condition",
    [
        Condition(None, True),
        Condition('"abc"', True),
        Condition('W/"abc"', False),
        Condition('"other"', False),
        Condition("Sun, 22 Nov 2026 00:00:00 GMT", False),
    ],
)
def test_if_range_must_name_this_very_version(condition: Condition) -> None:
    assert may_go_on(condition.header, '"abc"') is condition.holds
