"""Setup codes and the codes of links: what people may type, and how often each opens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.owners.codes import LINK_SECONDS, LinkCodes, SetupCode, code_in


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_setup_code_is_two_groups_of_letters_that_nobody_misreads() -> None:
    code = SetupCode()
    made = {code.new() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", one) for one in made)


@pytest.mark.parametrize("typed", ["{}", " {} ", "http://192.168.1.5:8000/#setup={}"])
def test_setup_code_may_be_typed_as_people_do(typed: str) -> None:
    code = SetupCode()
    made = code.new()
    for spelled in (made, made.lower(), made.replace("-", ""), made.replace("-", " ")):
        assert code.is_right(typed.format(spelled))


@given(st.text(max_size=20))
def test_nothing_else_is_the_setup_code(typed: str) -> None:
    code = SetupCode()
    made = code.new()
    assert not code.is_right(typed)
    assert not code.is_right(made[:-1])
    assert not code.is_right(made + "A")


@given(st.text(max_size=20))
def test_before_a_setup_code_is_made_none_is_right(typed: str) -> None:
    assert not SetupCode().is_right(typed)


def test_new_setup_code_ends_the_one_before() -> None:
    code = SetupCode()
    first, second = code.new(), code.new()
    assert not code.is_right(first)
    assert code.is_right(second)


def test_link_opens_once_within_ten_minutes() -> None:
    clock = Clock()
    links = LinkCodes(clock)
    one, other, late = links.new(), links.new(), links.new()
    assert [links.use(one), links.use(one)] == [True, False]
    clock.seconds = LINK_SECONDS
    assert links.use(other)
    clock.seconds += 1
    assert not links.use(late)


def test_links_that_nobody_uses_are_forgotten() -> None:
    links = LinkCodes(Clock())
    made = [links.new() for _ in range(150)]
    assert [links.use(code) for code in made].count(True) == 100
    assert not links.use(made[0])


@pytest.mark.parametrize("text", ["abc", " abc\n", "http://box/#code=abc", "http://box:8000/x#code=abc ", "#code=abc"])
def test_pasted_link_is_as_good_as_its_code(text: str) -> None:
    assert code_in(text) == "abc"
