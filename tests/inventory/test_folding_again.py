"""All evidence about a place, read and folded again page by page, with somebody who watches how far it is."""

from collections.abc import Iterator

import pytest

from pantrybox.inventory import observations, places, shelves
from pantrybox.inventory.check import Step, belief_problems
from pantrybox.inventory.fold import refolded
from pantrybox.inventory.observations import LOOKS_A_PAGE
from pantrybox.storage.database import Reader
from pantrybox.vision.model import Glance
from tests.inventory.photographs import spot
from tests.inventory.test_late import Album, opened

# Pages of photographs are folded, twice.
pytestmark = pytest.mark.slow

PHOTOGRAPHS = LOOKS_A_PAGE + 7


@pytest.fixture
def album() -> Iterator[Album]:
    """More than a page of photographs, some of them late, with words between them and another camera's view."""
    with opened() as made:
        for hour in range(PHOTOGRAPHS - 7):
            made.receive(hour, {0: "jam", 1 + hour // 9 % 3: "jam", 5: "flour"} if hour % 10 else {0: "jam"}, at=hour)
            if hour % 17 == 5:
                made.say_at(hour, "jam", 1 + hour % 3)
        for hour in range(7):
            made.receive(hour * 9 + 0.5, {0: "jam", 2: "jam"}, at=PHOTOGRAPHS)
        for hour in range(4):
            made.receive(PHOTOGRAPHS + hour, {3: "flour"}, "right", at=PHOTOGRAPHS + hour)
        made.reproject()
        yield made


def left(reader: Reader) -> int:
    return places.known_place(reader, "Left")


def test_looks_come_in_the_order_of_their_turns_page_after_page(album: Album) -> None:
    pages = album.read(lambda reader: list(observations.looks_at(reader, left(reader))))
    looks = [look for page in pages for look in page]
    assert [len(page) for page in pages] == [LOOKS_A_PAGE, 7]
    assert looks == sorted(looks, key=lambda look: (look.turn, look.observation_id))
    assert sum(look.late for look in looks) == 7
    assert album.read(lambda reader: observations.look_count(reader, left(reader))) == len(looks)


def test_many_observations_say_together_what_each_says_alone(album: Album) -> None:
    def compare(reader: Reader) -> None:
        (first, _) = observations.looks_at(reader, left(reader))
        seen = [(look.observation_id, None) for look in first] + [(first[0].observation_id, 99), (10**6, None)]
        together = observations.things_in(reader, seen)
        assert together == [observations.things_in(reader, [one])[0] for one in seen]
        assert [len(things) for things in together[:3]] == [1, 2, 3]
        assert together[-2:] == [[], []]

    album.read(compare)


def test_glances_lie_with_the_photograph_that_showed_them_in_their_order(album: Album) -> None:
    mine = [Glance(spot(at), verdict) for at, verdict in ((7, "gone"), (6, "covered"))]
    album.write(lambda writer: observations.insert_glances(writer, 3, mine))
    album.write(lambda writer: observations.insert_glances(writer, 2, mine[:1]))
    assert album.read(lambda reader: observations.glances_in(reader, [3, 1, 2])) == [mine, [], mine[:1]]
    assert album.read(lambda reader: observations.glances_in(reader, [])) == []


def test_what_is_folded_page_by_page_is_what_came_one_by_one() -> None:
    said = {20: 3, 50: 1, LOOKS_A_PAGE - 1: 3, PHOTOGRAPHS - 3: 1}
    with opened() as album:
        for hour in range(PHOTOGRAPHS):
            album.receive(hour, {0: "jam", 1 + hour // 30: "jam"}, at=hour)
            if hour in said:
                album.say_at(hour, "jam", said[hour])
        stored = album.read(lambda reader: shelves.shelf_at(reader, left(reader)))
        assert album.read(lambda reader: refolded(reader, left(reader))).shelf == stored


def test_whoever_waits_for_the_proof_sees_all_photographs_of_all_places_pass(album: Album) -> None:
    steps = list[tuple[Step, int, int]]()

    def prove(reader: Reader) -> list[str]:
        return list(belief_problems(reader, lambda *step: steps.append(step)))

    assert album.read(prove) == []
    total = PHOTOGRAPHS + 4
    assert {(step, of) for step, _, of in steps} == {("folded", total)}
    done = [count for _, count, _ in steps]
    assert len(done) == 3
    assert done == sorted(done)
    assert done[-1] == total
