"""A closer look: what was not embedded at once is embedded when somebody asks, and named by the same rules."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrybox.bell import Bell
from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import observations
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import vectors
from pantrybox.teaching.closer import Closer
from tests.teaching.home import Home, Thing, box_of

RED, GREEN = Thing(0, "red"), Thing(1, "green", score=0.6)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    living = Home(tmp_path)
    yield living
    living.end()


@pytest.fixture
def closer(home: Home, tmp_path: Path) -> Closer:
    return Closer(home.database, ImageFiles(tmp_path / "images"), home.looking, home.galleries, Bell(), Bell())


def look(home: Home, closer: Closer, capture_id: str) -> int:
    return home.do(closer.look(capture_id))


def kept(home: Home, capture_id: str) -> list[bytes | None]:
    def query(reader: observations.Reader) -> list[bytes | None]:
        seen = observations.newest_of(reader, capture_id)
        return vectors.of_observation(reader, seen.id, "colours") if seen else []

    return home.read(query)


def forget_all_but_the_first(home: Home, capture_id: str) -> None:
    """As if there had been too many to embed at once."""
    observation_id = home.boxes(capture_id)[0].id // observations.MOST_DETECTIONS
    first = kept(home, capture_id)[:1]
    home.write(lambda writer: vectors.keep(writer, observation_id, "colours", first))


def test_what_was_not_embedded_is_embedded_and_named(home: Home, closer: Closer) -> None:
    taught = home.photograph("left", Thing(1, "green"))
    taken = home.photograph("right", RED, GREEN)
    before = kept(home, taken)
    forget_all_but_the_first(home, taken)
    home.teach(taught, box_of(1), "peas")
    home.settle()
    assert home.names(taken) == [None, None]
    assert look(home, closer, taken) == 1
    assert home.names(taken) == [None, "peas"]
    assert kept(home, taken) == before
    home.settle()
    assert home.misnamed() == []
    assert home.problems() == []


def test_whoever_folds_the_stock_is_told(home: Home, tmp_path: Path) -> None:
    renamed = Bell()
    closer = Closer(home.database, ImageFiles(tmp_path / "images"), home.looking, home.galleries, renamed, Bell())
    taken = home.photograph("left", RED, GREEN)
    forget_all_but_the_first(home, taken)
    home.teach(home.photograph("right", Thing(1, "green")), box_of(1), "peas")
    home.settle()
    ring = renamed.listen()
    look(home, closer, taken)
    assert ring.is_set()


def test_second_closer_look_changes_nothing(home: Home, closer: Closer) -> None:
    taken = home.photograph("left", RED, GREEN)
    forget_all_but_the_first(home, taken)
    look(home, closer, taken)
    names, known = home.namings(), kept(home, taken)
    assert look(home, closer, taken) == 0
    assert (home.namings(), kept(home, taken)) == (names, known)


def test_photograph_without_its_image_cannot_be_looked_at(home: Home, closer: Closer) -> None:
    taken = home.photograph("left", RED)
    home.write(lambda writer: writer.execute("UPDATE captures SET image_path = NULL"))
    with pytest.raises(Conflict, match="deleted"):
        look(home, closer, taken)


def test_photograph_that_waits_and_one_that_is_none_are_refused(home: Home, closer: Closer) -> None:
    waiting = home.receive("left", [RED])
    with pytest.raises(Conflict, match="Nobody has looked"):
        look(home, closer, waiting)
    with pytest.raises(NotFound):
        look(home, closer, "nonsense")


def test_photograph_of_nothing_has_nothing_to_look_at(home: Home, closer: Closer) -> None:
    assert look(home, closer, home.photograph("left")) == 0
