"""What may be a passphrase, and what is kept of one."""

import base64
import hashlib
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pantrybox.errors import OutOfRange
from pantrybox.owners.passphrase import FIRST_TRIED, chosen, hashed, matches, normalised

pytestmark = pytest.mark.slow

ANY = st.text(max_size=40)


@settings(max_examples=15, deadline=None)
@given(ANY, ANY)
def test_only_the_passphrase_itself_matches(one: str, other: str) -> None:
    kept = hashed(normalised(one))
    assert matches(one, kept)
    assert matches(other, kept) == (normalised(one) == normalised(other))


def test_same_passphrase_is_kept_differently_each_time() -> None:
    assert hashed("correct horse") != hashed("correct horse")


def test_parameters_are_kept_so_that_they_can_grow() -> None:
    name, n, r, p, salt, digest = hashed("correct horse").split("$")
    assert (name, n, r, p) == ("scrypt", "16384", "8", "1")
    assert len(salt) == 24  # 16 bytes
    assert len(digest) == 88  # 64 bytes
    made = hashlib.scrypt(b"correct horse", salt=base64.b64decode(salt), n=1024, r=8, p=1)
    assert matches("correct horse", f"scrypt$1024$8$1${salt}${base64.b64encode(made).decode()}")


def test_accents_match_however_a_keyboard_writes_them() -> None:
    composed, decomposed = "café crème", unicodedata.normalize("NFD", "café crème")
    assert composed != decomposed
    assert matches(decomposed, hashed(chosen(composed)))
    assert matches(composed, hashed(chosen(decomposed)))


@given(st.text(min_size=8, max_size=200))
def test_anything_of_eight_characters_may_be_chosen(text: str) -> None:
    assume(len(normalised(text)) >= 8)
    assume(text.strip().casefold() not in FIRST_TRIED)
    assert chosen(text) == normalised(text)


@pytest.mark.parametrize("length", [0, 1, 7, 1001, 5000])
@pytest.mark.parametrize("letter", ["x", "🥫"])
def test_too_short_and_too_long_ones_are_refused(length: int, letter: str) -> None:
    with pytest.raises(OutOfRange, match="8 to 1000 characters"):
        chosen(letter * length)


@pytest.mark.parametrize("length", [8, 1000])
@pytest.mark.parametrize("letter", ["x", "🥫", " ", "\0"])
def test_shortest_and_longest_ones_are_good(length: int, letter: str) -> None:
    assert len(chosen(letter * length)) == length


def test_length_is_counted_after_normalisation() -> None:
    with pytest.raises(OutOfRange):
        chosen("e\N{COMBINING ACUTE ACCENT}" * 7)


@pytest.mark.parametrize(
    "text", ["password", "PassWord", " password ", "12345678", "passphrase", "pantrybox", "Kitchen-Pi"]
)
def test_what_anybody_would_try_first_is_refused(text: str) -> None:
    with pytest.raises(OutOfRange, match="first that anybody would try"):
        chosen(text, names={"kitchen-pi"})
