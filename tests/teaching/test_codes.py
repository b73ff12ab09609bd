"""What a code is: said once, and every photograph that shows it is named by it."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from pantrybox.bell import Bell
from pantrybox.errors import NotFound, OutOfRange
from pantrybox.owners import audit
from pantrybox.storage.database import Writer
from pantrybox.teaching import products, renaming
from pantrybox.teaching.codes import Codes, known_number
from pantrybox.teaching.products import Product
from tests.teaching.home import PHONE, Home, Thing, box_of

CODE, OTHER = "7310865004703", "4006381333931"
MILK = Thing(0, "red", code=CODE)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    living = Home(tmp_path)
    yield living
    living.end()


@pytest.fixture
def codes(home: Home) -> Codes:
    return Codes(home.database, home.galleries, Bell(), Bell())


def done(home: Home, work: Coroutine[None, None, Any]) -> Any:
    return home.do(work)


def sources(home: Home, capture_id: str) -> list[str | None]:
    return [box.source for box in home.boxes(capture_id)]


def test_photographs_that_show_the_code_are_named_at_once_and_those_that_come(home: Home, codes: Codes) -> None:
    before = home.photograph(PHONE, MILK, Thing(1, "green"))
    assert home.names(before) == [None, None]
    learned = done(home, codes.learn(CODE, "milk", "owner"))
    assert (learned.product.item_name, learned.also_changed) == ("milk", 1)
    assert home.names(before) == ["milk", None]
    assert "barcode" in sources(home, before)
    assert home.names(home.photograph(PHONE, MILK)) == ["milk"]
    home.settle()
    assert home.problems() == []


def test_code_that_is_learned_again_is_the_last_thing_that_was_said(home: Home, codes: Codes) -> None:
    taken = home.photograph(PHONE, MILK)
    done(home, codes.learn(CODE, "milk", "owner"))
    assert done(home, codes.learn(CODE, "cream", "key till")).also_changed == 1
    assert home.names(taken) == ["cream"]
    known = home.read(lambda reader: products.by_code(reader, CODE))
    assert known is not None
    assert (known.item_name, known.learned_by) == ("cream", "key till")


def test_forgotten_code_means_nothing_any_more(home: Home, codes: Codes) -> None:
    taken = home.photograph(PHONE, MILK)
    done(home, codes.learn(CODE, "milk", "owner"))
    assert done(home, codes.forget(CODE, "owner")) == 1
    assert home.names(taken) == [None]
    with pytest.raises(NotFound):
        done(home, codes.forget(CODE, "owner"))


def test_person_is_believed_before_a_code(home: Home, codes: Codes) -> None:
    taken = home.photograph(PHONE, MILK)
    home.teach(taken, box_of(0), "oat drink")
    done(home, codes.learn(CODE, "milk", "owner"))
    assert home.names(taken) == ["oat drink"]


def test_pass_over_all_photographs_follows_what_codes_are(home: Home, codes: Codes) -> None:
    """Also where nothing was renamed at once, as after a cut between the two."""
    taken = home.photograph(PHONE, MILK)
    home.settle()
    item = home.teach(home.photograph("left", Thing(3, "blue")), box_of(3), "milk").item_ids[0]
    home.settle()
    assert home.names(taken) == [None]
    home.write(lambda writer: products.learn(writer, CODE, item or 0, "owner"))
    assert home.read(lambda reader: renaming.progress(reader, home.galleries)).running
    home.settle()
    assert home.names(taken) == ["milk"]
    assert not home.read(lambda reader: renaming.progress(reader, home.galleries)).running


def test_state_changes_with_whatever_is_said(home: Home) -> None:
    item_ids = [
        home.teach(home.photograph("left", Thing(slot, "blue")), box_of(slot), name).item_ids[0] or 0
        for slot, name in enumerate(("milk", "cream"))
    ]
    states = [home.read(products.state)]
    for code, item_id in ((CODE, item_ids[0]), (CODE, item_ids[1]), (OTHER, item_ids[0])):
        home.write(lambda writer, code=code, item_id=item_id: products.learn(writer, code, item_id, "owner"))
        states.append(home.read(products.state))
    home.write(lambda writer: products.forget(writer, OTHER))
    states.append(home.read(products.state))
    assert len(set(states[:4])) == 4
    assert states[4] not in states[:2] + states[3:4]


def test_state_changes_though_the_clock_does_not(home: Home) -> None:
    taught = home.photograph("left", Thing(0, "red"), Thing(1, "blue"))
    milk, cream = (
        home.teach(taught, box_of(slot), name).item_ids[0] or 0 for slot, name in ((0, "milk"), (1, "cream"))
    )

    def learn(writer: Writer) -> set[str]:
        states: set[str] = set()
        for item_id in (milk, cream):
            products.learn(writer, CODE, item_id, "owner")
            states.add(products.state(writer))
        return states

    assert len(home.write(learn)) == 2


def test_every_word_is_in_the_audit_log(home: Home, codes: Codes) -> None:
    done(home, codes.learn(CODE, "milk", "owner"))
    done(home, codes.forget(CODE, "key till"))
    lines = home.read(lambda reader: audit.newest_first(reader, None, 10))
    said = [(line.actor, line.act, line.target) for line in lines]
    assert said == [("key till", "product.forgotten", CODE), ("owner", "product.learned", CODE)]


@pytest.mark.parametrize(("printed", "kept"), [("73513537", "0000073513537"), ("012345678905", "0012345678905")])
def test_short_code_is_filled_up(printed: str, kept: str) -> None:
    assert known_number(printed) == kept


@pytest.mark.parametrize("nonsense", ["", "7310865004704", "731086500470", "abc", "0000000000000", CODE + "0"])
def test_number_whose_check_digit_is_wrong_stands_on_no_product(home: Home, codes: Codes, nonsense: str) -> None:
    with pytest.raises(OutOfRange, match="digits"):
        done(home, codes.learn(nonsense, "milk", "owner"))
    assert home.read(products.total) == 0


def test_new_photograph_and_lesson_at_the_same_time_lose_nothing(home: Home, codes: Codes) -> None:
    taken = home.photograph(PHONE, MILK, Thing(1, "green", code=OTHER))

    async def both() -> None:
        await asyncio.gather(codes.learn(CODE, "milk", "owner"), codes.learn(OTHER, "cream", "owner"))

    done(home, both())
    home.settle()
    assert home.names(taken) == ["milk", "cream"]
    assert home.misnamed() == []


def test_learned_product_names_the_item_as_it_is_called(home: Home, codes: Codes) -> None:
    learned: Product = done(home, codes.learn("73513537", "🥛 Milk", "owner")).product
    assert (learned.code, learned.item_name) == ("0000073513537", "🥛 Milk")
