"""Capture ids are UUIDv7: versioned as RFC 9562 says, sorted by age, never the same."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.identifiers import new_secret, uuid7

times = st.integers(0, (1 << 48) - 1)


@given(times)
def test_an_id_is_a_version_7_uuid_that_holds_its_time(now_ms: int) -> None:
    made = uuid.UUID(uuid7(now_ms))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == now_ms


@given(times, times)
def test_ids_sort_by_age(one: int, other: int) -> None:
    if one != other:
        assert (uuid7(one) < uuid7(other)) == (one < other)


def test_no_two_are_the_same() -> None:
    assert len({uuid7(5) for _ in range(1000)}) == 1000
    assert len({new_secret() for _ in range(1000)}) == 1000
