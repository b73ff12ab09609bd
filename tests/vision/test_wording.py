"""Laws of words and names: case, accents and a reader's slips do not matter, what is shared says nothing."""

import time

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.vision.wording import LONGEST_TEXT, MOST_EVIDENCE, edit_distance, evidence, folded_words, likeness

words = st.text("abcdeklmorstuv", min_size=4, max_size=9)
names = st.lists(words, min_size=1, max_size=4).map(" ".join)

JUICES = ["God Morgon Apple Juice", "God Morgon Orange Juice", "God Morgon Red Grapefruit Juice"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_of_any_two_texts_is_between_nought_and_one(text: str, name: str) -> None:
    assert 0 <= likeness(text, name) <= 1


@given(names, st.text(max_size=60))
def test_a_name_that_is_printed_is_read_whatever_stands_around_it(name: str, around: str) -> None:
    assert likeness(f"{around} {name.upper()} {around}", name) == 1


@given(names)
def test_a_name_is_not_read_where_nothing_is_printed(name: str) -> None:
    assert likeness("", name) == likeness("12 %", name) == 0


@given(words, st.data())
def test_one_slip_of_the_reader_leaves_most_of_a_word(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    slip = word[:place] + "x" + word[place + 1 :]
    assert likeness(slip, word) >= 0.74


def test_letters_that_readers_take_for_each_other_are_the_same() -> None:
    assert likeness("0ATLY", "Oatly") == 1
    assert likeness("M1LD Crème", "mild creme") == 1
    assert likeness("ÄPPLE", "Apple") == 1


def test_a_part_of_a_name_is_a_part() -> None:
    assert 0.3 < likeness("0ATLY Havredryck", "Oatly oat drink") < 0.5
    assert 0.5 < likeness("pefruit", "Grapefruit") < 1
    assert likeness("HAVREDRYCK", "havre") == 1
    assert likeness("a la carte", "Carlsberg") == 0


def test_short_words_must_be_there_as_they_are() -> None:
    assert likeness("OATLY", "oat") == 0
    assert likeness("the oat drink", "oat") == 1


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_edit_distance_is_a_distance(one: str, other: str, third: str) -> None:
    assert edit_distance(one, other) == edit_distance(other, one)
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)
    assert edit_distance(one, other) <= max(len(one), len(other))


offers = st.lists(names | st.text(max_size=20), max_size=12)


@given(st.text(max_size=80), offers, offers)
def test_evidence_is_bounded_and_one_for_each_name(text: str, offered: list[str], taught: list[str]) -> None:
    weighed = evidence(text, offered, taught)
    assert len(weighed) == len(offered)
    assert all(-MOST_EVIDENCE <= one <= MOST_EVIDENCE for one in weighed)


@given(st.lists(names, min_size=1, max_size=8))
def test_the_order_of_the_names_does_not_matter(offered: list[str]) -> None:
    text = offered[0]
    for one, other in zip(evidence(text, offered), reversed(evidence(text, offered[::-1])), strict=True):
        assert abs(one - other) < 1e-9


@given(st.lists(names, min_size=1, max_size=8))
def test_text_in_which_nobodys_words_occur_says_nothing(offered: list[str]) -> None:
    assert all(abs(one) < 1e-9 for one in evidence("24 95 KR %", offered))


@given(words, st.lists(words, min_size=2, max_size=6, unique=True))
def test_what_all_names_share_says_nothing(shared: str, rest: list[str]) -> None:
    offered = [f"{shared} 9{index}" for index in range(len(rest))]
    assert all(abs(one) < 1e-9 for one in evidence(shared, offered))


def test_the_word_that_tells_look_alikes_apart_weighs_much() -> None:
    apple, orange, grapefruit = evidence("GOD MORGON äpple juice 1L", JUICES)
    assert apple == MOST_EVIDENCE
    assert orange < -0.5
    assert grapefruit < -0.5


def test_the_longer_of_two_nested_names_needs_its_own_word() -> None:
    nested = ["Red Grapefruit Juice", "Orange Red Grapefruit Juice"]
    short, long = evidence("red grapefruit", nested)
    assert short > 0 > long
    short, long = evidence("orange red grapefruit", nested)
    assert long > 1.5
    assert short < -1.5


def test_a_lone_item_is_weighed_against_a_stranger() -> None:
    assert evidence("BARILLA", ["Barilla Spaghetti"])[0] > 1.5
    assert evidence("", ["Barilla Spaghetti"]) == [0]
    assert evidence("BARILLA", []) == []


def test_what_was_read_on_taught_pictures_bridges_languages() -> None:
    drinks = ["Apple juice", "Orange juice"]
    label = "BRAVO APELSIN JUICE"
    assert evidence(label, drinks) == [0, 0]
    apple, orange = evidence(label, drinks, ["BRAVO äpple juice", "apelsin BRAVO juice"])
    assert orange > 0.5
    assert apple < -0.5
    assert evidence(label, drinks, ["", ""]) == evidence(label, drinks, [])


def test_markup_and_any_script_are_words_or_nothing() -> None:
    assert folded_words("<b>Ärtor</b> &amp; =SUM(A1)") == ["b", "artor", "b", "amp", "sum", "al"]
    assert likeness("ミルク", "ミルク") == 1
    assert likeness("חלב", "חלב") == 1


def test_ten_thousand_letters_against_five_hundred_names_take_no_time() -> None:
    offered = [f"brand{index} flavour{index % 7} juice" for index in range(500)]
    text = " ".join(f"brend{index}" for index in range(1_500))
    assert len(text) > 5 * LONGEST_TEXT / 2
    started = time.thread_time()
    evidence(text, offered)
    assert time.thread_time() - started < 3
