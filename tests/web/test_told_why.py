"""Why a count is believed is told in plain words."""

from datetime import UTC, date, datetime
from typing import get_args

import pytest

from pantrybox.inventory.belief import UNSEEN, Belief, certain
from pantrybox.inventory.lives import Shown
from pantrybox.inventory.why import Photograph, State, Unit, Word
from pantrybox.web import told, told_why
from pantrybox.web.told_why import Listener

TODAY = date(2026, 5, 15)
"""A Friday."""
OWNER = Listener("owner", TODAY)


def noon(month: int, day: int, year: int = 2026) -> int:
    return round(1000 * datetime(year, month, day, 12, tzinfo=UTC).timestamp())


def found(month: int, day: int, year: int = 2026) -> Photograph:
    return Photograph("c", noon(month, day, year), has_image=True, model="fake", box=None, detection=None)


SAID = Word(3, "owner", noon(5, 3))


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (Unit("seen", 0.94, shown=Shown.FOUND), "Seen in this photograph, 94 % sure"),
        (Unit("seen", 0.9999, shown=Shown.STILL), "Seen in this photograph, 99 % sure"),
        (Unit("seen", 0.8, shown=Shown.MOVED), "Seen in another place of this photograph, 80 % sure"),
        (
            Unit("missed", 0.9, shown=Shown.UNCHANGED),
            "Not found in the last photograph; the picture there has not changed",
        ),
        (Unit("missed", 0.6, shown=Shown.COVERED), "Not found in the last photograph; something may stand before it"),
        (Unit("missed", 0.6, shown=Shown.LOST), "Not found in the last photograph, but probably still there"),
        (
            Unit("hidden", 0.8, shown=Shown.COVERED, behind="flour", photograph=found(5, 12)),
            "Behind the flour since Tuesday",
        ),
        (Unit("hidden", 0.8, shown=Shown.COVERED, photograph=found(5, 14)), "Out of sight since yesterday"),
        (Unit("hidden", 0.8, shown=Shown.LOST), "Out of sight"),
        (Unit("taken", 0.2, shown=Shown.GONE), "Probably taken: its place is empty"),
        (Unit("taken", 0.01, shown=Shown.STILL_GONE), "Taken: its place is empty"),
        (Unit("taken", 0.2, shown=Shown.COVERED), "Probably taken: something else stands where it was"),
        (Unit("taken", 0.2, shown=Shown.LOST), "Probably taken: it is not found any more"),
        (Unit("false", 0.3, shown=Shown.NEW), "Probably something else that looks like it"),
        (Unit("false", 0.1, shown=Shown.LOST), "Probably never there: it is not found any more"),
        (Unit("false", 0.0, disowned=True), "Not counted: somebody's count left no room for it"),
        (Unit("told", 1.0), "You said so on 3 May"),
        (Unit("told", 1.0, photograph=found(5, 15)), "In a photograph from the phone, today"),
    ],
)
def test_every_unit_has_a_sentence(unit: Unit, said: str) -> None:
    assert told_why.unit(unit, SAID, OWNER) == said


@pytest.mark.parametrize("shown", list(Shown))
@pytest.mark.parametrize("state", get_args(State))
def test_no_state_is_without_words(state: State, shown: Shown) -> None:
    assert told_why.unit(Unit(state, 0.5, shown=shown), None, OWNER)[0].isupper()


def test_word_stands_beside_what_is_out_of_sight_since_it_was_said() -> None:
    hidden = Unit("hidden", 1.0, shown=Shown.COVERED, behind="flour", photograph=found(5, 2))
    assert told_why.unit(hidden, SAID, OWNER) == "You said so on 3 May; behind the flour since 2 May"
    later = Unit("hidden", 1.0, shown=Shown.COVERED, behind="flour", photograph=found(5, 11))
    assert told_why.unit(later, SAID, OWNER) == "Behind the flour since Monday"


def test_who_said_it_is_named_to_everybody_else() -> None:
    assert told_why.unit(Unit("told", 1.0), SAID, Listener("key Home", TODAY)) == "owner said so on 3 May"
    assert told_why.unit(Unit("told", 1.0), None, OWNER) == "Somebody said so"


def test_name_in_a_sentence_stands_as_the_listener_wants_it() -> None:
    listener = Listener("owner", TODAY, told.isolated)
    unit = Unit("hidden", 0.8, shown=Shown.COVERED, behind="flour")
    assert told_why.unit(unit, None, listener) == "Behind the \u2068flour\u2069"
    assert told_why.said(Word(0, "key Home", noon(5, 15)), listener) == (
        "\u2068key Home\u2069 said today that there was none"
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (Word(3, "owner", noon(5, 15)), "You said today that there were 3"),
        (Word(1, "owner", noon(5, 14)), "You said yesterday that there was 1"),
        (Word(0, "owner", noon(5, 13)), "You said on Wednesday that there was none"),
        (Word(2, "owner", noon(5, 1)), "You said on 1 May that there were 2"),
        (Word(2, "owner", noon(12, 24, 2025)), "You said on 24 Dec 2025 that there were 2"),
        (Word(2, "owner", noon(6, 1)), "You said on 1 Jun that there were 2"),
    ],
)
def test_what_was_said_of_a_place_is_told_with_its_day(word: Word, said: str) -> None:
    assert told_why.said(word, OWNER) == said


def test_chances_name_the_likeliest_counts() -> None:
    belief = Belief(1, (0.004, 0.048, 0.9, 0.03, 0.018))
    assert told_why.chances(belief) == "3 with 90 %, 2 with 5 %, 4 with 3 %"
    assert told_why.chances(certain(3)) == told_why.chances(UNSEEN) == ""


def test_rates_are_told_in_a_hundred() -> None:
    assert told_why.rates(0.1, 0.004) == (
        "Of 100 photographs the eye misses it in plain view in 10, "
        "and begins to take something else for it in fewer than 1"
    )
