"""Zones: parts of a view that are places of their own. The law of their stock is in test_words.Household."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrybox.inventory import places
from tests.inventory.test_words import LEFT_HALF, RIGHT_HALF, Pantry, opened

BOTH = {"jam": 2, "rice": 1}
"""Jam stands in the left half of the view, rice in the right one."""


@pytest.fixture
def pantry(tmp_path: Path) -> Iterator[Pantry]:
    with opened(tmp_path) as made:
        for _ in range(3):
            made.photograph("left", BOTH)
        yield made


def test_what_stands_in_a_zone_counts_there_and_nowhere_else(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF)
    for _ in range(4):
        pantry.photograph("left", BOTH | {"flour": 1})
    assert (pantry.at("jam", "Top shelf"), pantry.at("jam", "Left")) == (2, 0)
    assert (pantry.at("flour", "Top shelf"), pantry.at("rice", "Left")) == (1, 1)
    assert pantry.problems() == []


def test_a_zone_that_is_drawn_takes_along_what_stands_in_it_at_once(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF, RIGHT_HALF)
    assert (pantry.at("jam", "Top shelf"), pantry.at("rice", "Door")) == (2, 1)
    assert pantry.confirmed("jam") == 2
    assert pantry.problems() == []


def test_a_zone_that_is_drawn_no_more_gives_its_stock_back(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF)
    pantry.draw("left")
    assert (pantry.at("jam", "Top shelf"), pantry.at("jam", "Left")) == (0, 2)
    for _ in range(3):
        pantry.photograph("left", BOTH)
    assert pantry.confirmed("jam") == 2
    assert pantry.problems() == []


def test_an_empty_zone_becomes_empty_though_the_rest_of_the_view_stays(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF)
    for _ in range(8):
        pantry.photograph("left", {"rice": 1})
    assert (pantry.at("jam", "Top shelf"), pantry.at("rice", "Left")) == (0, 1)
    assert pantry.problems() == []


def test_one_shelf_that_two_cameras_see_counts_once(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF)
    pantry.draw("right", LEFT_HALF)
    for _ in range(3):
        pantry.photograph("left", BOTH)
        pantry.photograph("right", {"jam": 2})
    assert pantry.at("jam", "Top shelf") == 2
    assert pantry.confirmed("jam") == 2
    assert pantry.problems() == []


def test_a_second_look_at_an_old_photograph_heeds_the_zones_of_its_time(pantry: Pantry) -> None:
    old = pantry.photograph("left", BOTH)
    pantry.draw("left", LEFT_HALF)
    new = pantry.photograph("left", BOTH)
    pantry.look_again(old, {"jam": 5, "rice": 1})
    pantry.look_again(new, {"jam": 3, "rice": 1})
    pantry.reproject()
    assert pantry.problems() == []
    for _ in range(4):
        pantry.photograph("left", {"jam": 3, "rice": 1})
    assert pantry.at("jam", "Top shelf") == 3


def test_a_zone_called_like_a_view_gets_the_cameras_name_behind_it(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF.__class__("LEFT", LEFT_HALF.polygon))
    names = {place.name for place in pantry.read(places.places)}
    assert "LEFT (Left)" in names
    assert pantry.at("jam", "LEFT (Left)") == 2


def test_the_phone_shows_a_place_and_no_zones(pantry: Pantry) -> None:
    pantry.draw("left", LEFT_HALF)
    pantry.photograph("_phone", {"jam": 4}, place="Cellar")
    pantry.photograph("_phone", {"jam": 4}, place="Cellar")
    assert pantry.at("jam", "Cellar") == 4
    assert pantry.at("jam", "Top shelf") == 2
