"""Photographs that waited in a camera take their turn by the time at which they were taken, and so do words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Arrival, TriggerType
from pantrybox.inventory import items, ledger, observations, places, shelves
from pantrybox.inventory.belief import Belief
from pantrybox.inventory.fold import fold_in
from pantrybox.inventory.observations import Naming
from pantrybox.inventory.shelf import Shelf
from pantrybox.inventory.view import Thing
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Detection, Sight
from tests.inventory.photographs import spot, timeless
from tests.inventory.test_words import NAMES, Pantry, named

HOUR_MS = 3_600_000
Shown = dict[int, str]
"""What a photograph shows, by the spot at which it is."""


class Album(Pantry):
    """A pantry whose photographs say when they were taken."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # Whatever comes first, each item has the same number.
        self.write(lambda writer: [items.item_called(writer, name, generic=True) for name in NAMES])
        self.began_ms = self.now_ms

    def receive(
        self, hour: float, shown: Shown, device_id: str = "left", *, at: float | None = None, by: TriggerType = "door"
    ) -> str:
        """A photograph taken at an hour, that comes now, or at a later hour."""
        if at is not None:
            self.wait_until(at)

        def take(writer: Writer) -> str:
            capture_id = f"{device_id}-{writer.now_ms}"
            arrival = Arrival(device_id=device_id, trigger_type=by)
            taken_ms = self.began_ms + int(hour * HOUR_MS)
            captures.insert(writer, capture_id, arrival, taken_ms, f"{capture_id}.jpg", 1, bytes(32))
            capture = captures.by_id(writer, capture_id)
            assert capture is not None
            view = _sight(shown)
            observation_id = fold_in(writer, capture=capture, sight=view, named=named(writer, view))
            captures.complete(writer, capture_id, observation_id)
            return capture_id

        return self.write(take)

    def wait_until(self, hour: float) -> None:
        """The next change comes a minute later."""
        self.now_ms = max(self.now_ms, self.began_ms + int(hour * HOUR_MS))

    def say_at(self, hour: float, name: str, count: int) -> None:
        self.wait_until(hour)
        self.say(name, count, "Left")

    def shelf(self) -> Shelf:
        """What is believed once everything took its turn."""
        self.reproject()
        assert self.problems() == []
        return timeless(self.read(lambda reader: shelves.shelf_at(reader, self._left(reader))))

    def beliefs(self) -> dict[int, Belief]:
        return self.shelf().beliefs()

    def _left(self, reader: Reader) -> int:
        return places.known_place(reader, "Left")


def _sight(shown: Shown) -> Sight:
    boxes = [Detection(spot(at), 0.9, name, 0.9) for at, name in sorted(shown.items())]
    return Sight("model", 100, 100, 0.5, 9.0, 1.0, boxes, 1)


@contextmanager
def opened() -> Iterator[Album]:
    with TemporaryDirectory() as folder:
        album = Album(Path(folder))
        try:
            yield album
        finally:
            album.close()


@pytest.fixture
def album() -> Iterator[Album]:
    with opened() as made:
        yield made


shown = st.dictionaries(st.integers(0, 4), st.sampled_from(NAMES), max_size=4)
taken = st.lists(shown, min_size=1, max_size=7)
LAST = 100.0
"""An hour after everything was taken."""


def in_order(shown_then: list[Shown], *, word: tuple[float, str, int] | None = None) -> Shelf:
    """Each photograph as it was taken, an hour after the other."""
    with opened() as album:
        for hour, one in enumerate(shown_then):
            if word is not None and hour - 1 < word[0] < hour:
                album.say_at(*word)
            album.receive(hour, one, at=hour)
        if word is not None and word[0] > len(shown_then) - 1:
            album.say_at(*word)
        return album.shelf()


@pytest.mark.slow
@settings(max_examples=25)
@given(taken, st.randoms())
def test_photographs_of_one_camera_that_come_in_any_order_are_folded_as_they_were_taken(
    shown_then: list[Shown], chance: st.DataObject
) -> None:
    order = list(enumerate(shown_then))
    chance.shuffle(order)  # pyright: ignore[reportAttributeAccessIssue]
    with opened() as album:
        album.wait_until(LAST)
        for hour, one in order:
            album.receive(hour, one)
        assert album.shelf() == in_order(shown_then)


@pytest.mark.slow
@settings(max_examples=15)
@given(taken, st.randoms(), st.integers(0, 7))
def test_it_does_not_matter_when_the_place_is_folded_again(
    shown_then: list[Shown], chance: st.DataObject, pause: int
) -> None:
    order = list(enumerate(shown_then))
    chance.shuffle(order)  # pyright: ignore[reportAttributeAccessIssue]
    with opened() as album:
        album.wait_until(LAST)
        for number, (hour, one) in enumerate(order):
            if number == pause:
                album.reproject()
            album.receive(hour, one)
        assert album.shelf() == in_order(shown_then)


@pytest.mark.slow
@settings(max_examples=15)
@given(taken, st.lists(shown, max_size=3), st.randoms())
def test_another_camera_that_sends_meanwhile_says_nothing_about_this_one(
    shown_then: list[Shown], elsewhere: list[Shown], chance: st.DataObject
) -> None:
    order = [
        *((hour, one, "left") for hour, one in enumerate(shown_then)),
        *((50.0, one, "right") for one in elsewhere),
    ]
    chance.shuffle(order)  # pyright: ignore[reportAttributeAccessIssue]
    with opened() as album:
        album.wait_until(LAST)
        for hour, one, device_id in order:
            album.receive(hour, one, device_id)
        assert album.shelf() == in_order(shown_then)


@st.composite
def spoken_between(draw: st.DrawFn) -> tuple[list[Shown], int, list[int]]:
    """Photographs, how many of them were taken before a word, and which of those wait in the camera longest."""
    shown_then = draw(st.lists(shown, min_size=2, max_size=6))
    before = draw(st.integers(1, len(shown_then)))
    return shown_then, before, draw(st.permutations(range(before)))


@pytest.mark.slow
@settings(max_examples=20)
@given(spoken_between(), st.sampled_from(NAMES), st.integers(0, 4), st.randoms(), st.integers(0, 6))
def test_a_word_stays_between_the_photographs_between_which_it_was_said(
    spoken: tuple[list[Shown], int, list[int]], name: str, count: int, chance: st.DataObject, waiting: int
) -> None:
    shown_then, before, order = spoken
    # The newest one before the word was there when it was said; others may come after it.
    held = [hour for hour in order[:waiting] if hour != before - 1]
    late = [*held, *range(before, len(shown_then))]
    chance.shuffle(late)  # pyright: ignore[reportAttributeAccessIssue]
    said_at = before - 0.5
    with opened() as album:
        for hour in (hour for hour in range(before) if hour not in held):
            album.receive(hour, shown_then[hour], at=before - 0.9)
        album.say_at(said_at, name, count)
        album.wait_until(LAST)
        for hour in late:
            album.receive(hour, shown_then[hour])
        assert album.shelf() == in_order(shown_then, word=(said_at, name, count))


def test_what_was_taken_before_a_word_and_comes_after_it_was_known_to_who_said_it(album: Album) -> None:
    """The last one before the word waits in the camera, and a later one comes first."""
    album.receive(0, {0: "jam"}, at=0)
    album.say_at(2, "jam", 3)
    album.receive(3, {0: "jam"}, at=3)
    album.receive(1, {0: "jam", 1: "jam", 2: "jam", 3: "jam"}, at=4)
    assert album.beliefs()[1] == in_order_of_hours(
        [(0, {0: "jam"}), (1, {0: "jam", 1: "jam", 2: "jam", 3: "jam"}), (3, {0: "jam"})], (2, "jam", 3)
    )


def test_a_photograph_from_after_a_word_is_folded_behind_it_though_another_camera_had_sent_more(album: Album) -> None:
    album.receive(0, TWO, at=0)
    album.receive(1, {0: "tin"}, "right", at=1)
    album.say_at(2, "jam", 2)
    album.receive(5, FOUR, at=5)
    album.receive(3, FOUR, at=6)
    assert album.beliefs()[1] == in_order_of_hours([(0, TWO), (3, FOUR), (5, FOUR)], (2, "jam", 2))


def test_a_photograph_from_after_a_word_is_folded_behind_it_though_a_late_one_came_before_the_word(
    album: Album,
) -> None:
    album.receive(1, TWO, at=1)
    album.receive(0, TWO, at=1.5)
    album.say_at(2, "jam", 2)
    album.receive(5, FOUR, at=5)
    album.receive(3, FOUR, at=6)
    assert album.beliefs()[1] == in_order_of_hours([(0, TWO), (1, TWO), (3, FOUR), (5, FOUR)], (2, "jam", 2))


def test_a_photograph_from_before_a_word_is_folded_before_it_though_it_is_the_newest(album: Album) -> None:
    album.receive(0, TWO, at=0)
    album.say_at(2, "jam", 3)
    album.receive(1, FOUR, at=3)
    assert album.beliefs()[1] == in_order_of_hours([(0, TWO), (1, FOUR)], (2, "jam", 3))


TWO: Shown = {0: "jam", 1: "jam"}
FOUR: Shown = {**TWO, 2: "jam", 3: "jam"}


def in_order_of_hours(story: list[tuple[float, Shown]], word: tuple[float, str, int]) -> Belief:
    """What is believed of jam when everything comes as soon as it was taken or said."""
    with opened() as album:
        for hour, one in sorted([*story, (word[0], None)], key=lambda told: told[0]):
            if one is None:
                album.say_at(*word)
            else:
                album.receive(hour, one, at=hour)
        return album.beliefs()[1]


def test_a_late_photograph_that_shows_what_was_taken_since_takes_nothing_away_and_adds_nothing(album: Album) -> None:
    for hour in (0, 1, 2, 4, 5):
        album.receive(hour, {0: "jam", 1: "tin"} if hour < 3 else {1: "tin"}, at=hour)
    for hour in (6, 7, 8, 9, 10, 11):
        album.receive(hour, {1: "tin"}, at=hour)
    before = album.confirmed("jam"), album.confirmed("tin")
    album.receive(2.5, {0: "jam", 1: "tin"}, at=12)
    album.shelf()
    assert (album.confirmed("jam"), album.confirmed("tin")) == before


AHEAD = [30.0, 10_000.0]


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_photograph_dated_in_the_future_does_not_stop_later_ones_from_counting(album: Album, ahead: float) -> None:
    album.receive(0, {0: "jam"}, at=0)
    album.receive(ahead, {0: "jam"}, at=1)
    for hour in range(2, 12):
        album.receive(hour, {0: "jam", 1: "tin"}, at=hour)
    album.shelf()
    assert album.confirmed("tin") == 1
    assert album.confirmed("jam") == 1


def test_a_clock_that_was_ahead_makes_nothing_late_that_is_not(album: Album) -> None:
    album.receive(10_000, {0: "jam"}, at=0)
    album.receive(1, {0: "jam"}, at=1)
    assert album.read(places.outdated) == []
    album.receive(0.5, {0: "jam"}, at=2)
    assert album.read(places.outdated) != []
    album.shelf()


def test_two_photographs_of_one_moment_are_folded_as_they_came(album: Album) -> None:
    album.receive(1, {0: "jam"}, at=2)
    album.receive(1, {0: "jam", 1: "tin"}, at=3)
    assert album.read(places.outdated) == []
    album.shelf()


def test_a_change_that_began_in_a_late_photograph_is_dated_to_it(album: Album) -> None:
    for hour in (0, 1, 2, 6, 3, 4, 5):
        album.receive(hour, {0: "jam", 1: "tin"} if hour < 3 else {0: "jam"}, at=None if hour in {3, 4, 5} else hour)
    album.shelf()
    with opened() as other:
        for hour in range(7):
            other.receive(hour, {0: "jam", 1: "tin"} if hour < 3 else {0: "jam"}, at=hour)
        assert _removed_at_ms(album) == _removed_at_ms(other)


def _removed_at_ms(album: Album) -> int:
    """When it is told that something went, once that is sure."""
    for hour in range(7, 40):
        album.receive(hour, {0: "jam"}, at=hour)
    events = album.read(lambda reader: ledger.newest_events(reader, 9))
    return next(event.happened_at_ms for event in events if event.event_type == "removed")


# Folded again


def test_a_box_of_which_nobody_can_say_any_more_what_it_is_is_a_stranger_and_not_what_somebody_said(
    album: Album,
) -> None:
    def rename(writer: Writer) -> tuple[Thing, ...]:
        observation_id = _fold_a_persons_name(writer)
        (box,) = observations.detections_of(writer, observation_id)
        observations.rename_detections(writer, [(box.id, Naming())])
        return observations.things_in(writer, [(observation_id, None)])[0]

    (stranger,) = album.write(rename)
    assert stranger.item_id is None
    assert not stranger.certain


def _fold_a_persons_name(writer: Writer) -> int:
    captures.insert(writer, "x", Arrival(device_id="left"), writer.now_ms, "x.jpg", 1, bytes(32))
    capture, view = captures.by_id(writer, "x"), _sight({0: "jam"})
    assert capture is not None
    jam = items.item_called(writer, "jam")
    return fold_in(writer, capture=capture, sight=view, named=[(view.detections[0], Naming(jam, 1.0, "person"))])


def test_when_what_was_told_of_was_what_is_seen_the_ledger_ends_at_what_is_believed(album: Album) -> None:
    for hour in range(3):
        album.receive(hour, {0: "jam", 1: "jam", 2: "jam"}, at=hour)
    album.say("jam", 3, "Left")
    album.say("conserve", 2, "Left")
    album.merge("conserve", "jam")
    for hour in range(5, 15):
        album.receive(hour, {0: "jam", 1: "jam", 2: "jam"}, at=hour)
    assert album.at("jam", "Left") == 3
    assert album.confirmed("jam") == 3
