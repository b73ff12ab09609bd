"""The box is taught what a draw says, and no more."""

import pytest

from pantrybox.evaluation.draws import Draw
from pantrybox.evaluation.labels import WHOLE, Truth
from pantrybox.evaluation.looking import Seen
from pantrybox.evaluation.naming import Taught, answers
from pantrybox.vision.recognition import Prior

BLUE, RED, GREEN = bytes((129, 129, 127)), bytes((127, 129, 129)), bytes((129, 127, 129))


def crop(name: str, item: str, vector: bytes) -> Seen:
    return Seen(name, (Truth(WHOLE, item),), (vector,))


SEEN = {
    seen.name: seen
    for seen in (
        crop("a", "milk", BLUE),
        crop("b", "milk", RED),
        crop("c", "tea", GREEN),
        crop("asked", "milk", RED),
    )
}
DRAW = Draw({"milk": (("a", 0), ("b", 0)), "tea": (("c", 0),)}, ("asked",))


def confidence(taught: Taught, name: str) -> float:
    (said,) = answers(taught, [SEEN["asked"]])
    return next((offer.confidence for offer in said.answer.offers if offer.name == name), 0.0)


def test_a_smaller_number_of_examples_is_the_first_of_the_draw() -> None:
    once, twice = (Taught(DRAW, count, SEEN, Prior()) for count in (1, 2))
    assert confidence(once, "milk") < confidence(twice, "milk")


def test_what_is_left_untaught_is_never_offered() -> None:
    taught = Taught(DRAW, 2, SEEN, Prior(), but=frozenset({"milk"}))
    assert taught.names == ("tea",)
    assert confidence(taught, "milk") == 0.0


def test_several_crops_at_once_are_answered_as_each_alone() -> None:
    taught = Taught(DRAW, 2, SEEN, Prior())
    together = taught.asked(SEEN["asked"], [BLUE, RED, GREEN], [WHOLE] * 3)
    for vector, one in zip((BLUE, RED, GREEN), together, strict=True):
        (alone,) = taught.asked(SEEN["asked"], [vector], [WHOLE])
        assert (alone.name, [offer.name for offer in alone.offers]) == (one.name, [offer.name for offer in one.offers])
        assert alone.confidence == pytest.approx(one.confidence)
