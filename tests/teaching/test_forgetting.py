"""What becomes of what was taught on a photograph whose image goes, and of the vectors of those that are gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrybox.captures import queries as captures
from pantrybox.captures.keeper import Keeper
from pantrybox.teaching import examples, vectors
from pantrybox.teaching.forgetting import forget_vectors
from tests.captures.store import synchronised_time
from tests.teaching.home import Home, Thing

MILK = Thing(0, "red")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    opened = Home(tmp_path)
    yield opened
    opened.end()


def keep_to(home: Home, megabytes: int) -> None:
    async def clean_up() -> None:
        keeper = Keeper(home.database, home.images, synchronised_time().clock(), retention_days=30, max_mb=megabytes)
        run = await keeper.to_quota(megabytes)
        assert run.errors == []
        await keeper.close()

    home.do(clean_up())


def with_image(home: Home, taken: list[str]) -> list[bool]:
    rows = [home.read(lambda reader, one=one: captures.by_id(reader, one)) for one in taken]
    return [row is not None and row.image_path is not None for row in rows]


def with_vectors(home: Home, taken: list[str]) -> list[bool]:
    seen = [home.observation(one).id for one in taken]
    return [bool(home.read(lambda reader, one=one: vectors.of_observation(reader, one, "colours"))) for one in seen]


def test_photographs_that_something_was_taught_on_go_after_others_and_before_the_newest(home: Home) -> None:
    taken = [home.photograph("left", MILK) for _ in range(4)]
    learned = home.teach(taken[0], home.box_at(taken[0], 0).id, "Milk")
    keep_to(home, 3)
    assert with_image(home, taken) == [True, False, True, True]
    keep_to(home, 2)
    assert with_image(home, taken) == [True, False, False, True]
    keep_to(home, 1)
    assert with_image(home, taken) == [False, False, False, True]
    assert home.read(lambda reader: examples.picture_of(reader, learned.example_ids[0]))


def test_what_was_taken_back_spares_nothing(home: Home) -> None:
    taken = [home.photograph("left", MILK) for _ in range(3)]
    home.take_back(home.teach(taken[0], home.box_at(taken[0], 0).id, "Milk").example_ids[0])
    keep_to(home, 2)
    assert with_image(home, taken) == [False, True, True]


def test_the_crop_teaches_on_when_its_photograph_is_gone(home: Home) -> None:
    taken = [home.photograph("left", MILK) for _ in range(2)]
    home.teach(taken[0], home.box_at(taken[0], 0).id, "Milk")
    keep_to(home, 1)
    home.do(forget_vectors(home.database))
    home.restart()
    assert home.names(home.photograph("left", Thing(3, "red"))) == ["Milk"]


def test_vectors_of_deleted_images_are_forgotten_and_names_stay(home: Home) -> None:
    taken = [home.photograph("left", MILK) for _ in range(3)]
    learned = home.teach(taken[0], home.box_at(taken[0], 0).id, "Milk")
    home.settle()
    keep_to(home, 1)
    assert home.do(forget_vectors(home.database)) == 1
    assert with_vectors(home, taken) == [True, False, True]
    assert [home.names(one) for one in taken] == [["Milk"]] * 3
    home.take_back(learned.example_ids[0])
    assert home.names(taken[0]) == [None]
    assert home.do(forget_vectors(home.database)) == 1
    assert home.do(forget_vectors(home.database)) == 0
    assert home.problems() == []


def test_vectors_of_a_look_that_another_one_replaced_are_forgotten(home: Home) -> None:
    taken = home.photograph("left", MILK)
    before = home.observation(taken).id
    home.look_again(taken)
    assert home.do(forget_vectors(home.database)) == 1
    assert home.read(lambda reader: vectors.of_observation(reader, before, "colours")) == []
    assert with_vectors(home, [taken]) == [True]
