"""What people say, what photographs show and what is undone, in any order: the ledger sums and the beliefs follow."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pantrybox.captures import queries as captures
from pantrybox.captures.model import Arrival
from pantrybox.clock import local_date
from pantrybox.devices import queries as devices
from pantrybox.devices.settings import Zone
from pantrybox.errors import Conflict, NotFound, OutOfRange
from pantrybox.inventory import acts, items, ledger, places, states, undoing, words, zones
from pantrybox.inventory.acts import Act, Heap
from pantrybox.inventory.check import belief_problems, ledger_problems
from pantrybox.inventory.fold import adjust, fold_in, look_again, refolded, reproject_outdated
from pantrybox.inventory.items import Item
from pantrybox.inventory.observations import Named, Naming
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.vision.model import Box, Detection, Sight

T = TypeVar("T")
NAMES = ["jam", "flour", "rice", "tin"]
names = st.sampled_from(NAMES)
counts = st.dictionaries(names, st.integers(1, 4))


LEFT_HALF = Zone("Top shelf", [(0, 0), (0.5, 0), (0.5, 1), (0, 1)])
RIGHT_HALF = Zone("Door", [(0.5, 0), (1, 0), (1, 1), (0.5, 1)])
ZONES = [LEFT_HALF, RIGHT_HALF, Zone("Top shelf", [(0, 0), (1, 0), (1, 1), (0, 1)]), Zone("left", LEFT_HALF.polygon)]


class Pantry:
    """A database with two cameras, and a clock that moves a minute with every change."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self.now_ms = 1_800_000_000_000
        self._opened = Database.open(folder / "pantrybox.db", lambda: self.now_ms)
        self.database = self._loop.run_until_complete(self._opened.__aenter__())
        for device_id in ("left", "right"):
            self.write(lambda writer, name=device_id: devices.insert(writer, name, name.title(), bytes(32)))

    def close(self) -> None:
        self._loop.run_until_complete(self._opened.__aexit__(None, None, None))
        self._loop.close()

    def write(self, change: Callable[[Writer], T]) -> T:
        self.now_ms += 60_000
        return self._loop.run_until_complete(self.database.write(change))

    def read(self, query: Callable[[Reader], T]) -> T:
        return self._loop.run_until_complete(self.database.read(query))

    def photograph(
        self, device_id: str, seen: dict[str, int], *, place: str | None = None, readable: bool = True
    ) -> str:
        """Receive and look at one; its id. With `place` it comes from the phone."""

        def take(writer: Writer) -> str:
            capture_id = f"c{writer.now_ms}"
            place_id = places.made(writer, place) if place else None
            owner = "_phone" if place else device_id
            arrival = Arrival(device_id=owner)
            captures.insert(writer, capture_id, arrival, writer.now_ms, f"{capture_id}.jpg", 1, bytes(32))
            if place_id:
                captures.put_in_place(writer, capture_id, place_id)
            capture = captures.by_id(writer, capture_id)
            assert capture is not None
            view = sight(seen, readable=readable)
            observation_id = fold_in(writer, capture=capture, sight=view, named=named(writer, view))
            captures.complete(writer, capture_id, observation_id)
            return capture_id

        return self.write(take)

    def look_again(self, capture_id: str, seen: dict[str, int]) -> None:
        def look(writer: Writer) -> None:
            capture = captures.by_id(writer, capture_id)
            assert capture is not None
            view = sight(seen)
            look_again(writer, capture=capture, sight=view, named=named(writer, view))

        self.write(look)

    def draw(self, device_id: str, *drawn: Zone) -> None:
        self.write(lambda writer: zones.follow(writer, device_id, drawn, "owner"))

    def at(self, name: str, place: str) -> int:
        """How many of something are shown at a place."""

        def shown(reader: Reader) -> int:
            place_id = places.known_place(reader, place)
            return states.stand_of(reader, items.known_item(reader, name).id, place_id).shown_count

        return self.read(shown)

    def reproject(self) -> None:
        self.now_ms += 60_000
        self._loop.run_until_complete(reproject_outdated(self.database))

    def say(self, name: str, count: int, place: str = "Cellar") -> int:
        def say(writer: Writer) -> int:
            item_id, place_id = items.item_called(writer, name), places.made(writer, place)
            return words.say_count(writer, item_id=item_id, place_id=place_id, count=count, by="owner")

        return self.write(say)

    def act(self, act: Act, name: str, amount: int, place: str, to_place: str = "Cellar") -> None:
        def do(writer: Writer) -> None:
            heap = Heap(items.item_called(writer, name), places.made(writer, place), "owner")
            match act:
                case "use" | "throw_away":
                    acts.take(writer, heap, act, amount)
                case "finish":
                    acts.finish(writer, heap)
                case "add":
                    acts.add(writer, heap, amount, None)
                case "move":
                    acts.move(writer, heap, places.made(writer, to_place), amount)
                case "open":
                    acts.open_one(writer, heap)

        self.write(do)

    def undo(self, event_id: int) -> int:
        return self.write(lambda writer: undoing.undo(writer, event_id, "owner"))

    def merge(self, merged: str, into: str) -> None:
        def merge(writer: Writer) -> None:
            words.merge(writer, items.known_item(writer, merged), items.known_item(writer, into), "owner")

        self.write(merge)

    def item(self, name: str) -> Item | None:
        return self.read(lambda reader: items.item_named(reader, name))

    def confirmed(self, name: str) -> int:
        def total(reader: Reader) -> int:
            item_id = items.known_item(reader, name).id
            standing = states.places_of(reader, item_id)
            return sum(states.stand_of(reader, item_id, place_id).confirmed_count for place_id in standing)

        return self.read(total)

    def problems(self) -> list[str]:
        return self.read(lambda reader: [*ledger_problems(reader), *belief_problems(reader)])


def sight(seen: dict[str, int], *, readable: bool = True) -> Sight:
    """Jam and flour stand on the left, everything else on the right."""
    boxes = [
        Detection(Box(0, 0, 0.4, 1) if name in {"jam", "flour"} else Box(0.6, 0, 1, 1), 0.9, name, 0.9)
        for name, count in seen.items()
        for _ in range(count)
    ]
    return Sight("model", 100, 100, 0.5, 9.0, 1.0 if readable else 0.0, boxes, 1)


def named(writer: Writer, view: Sight) -> Named:
    """Everything is what its label says."""
    return [
        (one, Naming(items.item_called(writer, one.label, generic=True), 0.9, "generic")) for one in view.detections
    ]


@contextmanager
def opened(folder: Path) -> Iterator[Pantry]:
    pantry = Pantry(folder)
    try:
        yield pantry
    finally:
        pantry.close()


@pytest.fixture
def pantry(tmp_path: Path) -> Iterator[Pantry]:
    with opened(tmp_path) as made:
        yield made


class Household(RuleBasedStateMachine):
    """Anything that can happen to a stock, in any order."""

    @initialize()
    def open(self) -> None:
        self.folder: Any = TemporaryDirectory()
        self.pantry = Pantry(Path(self.folder.name))
        self.taken: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "pantry"):
            self.pantry.close()
            self.folder.cleanup()

    @rule(device=st.sampled_from(["left", "right"]), seen=counts, readable=st.booleans())
    def camera(self, device: str, seen: dict[str, int], readable: bool) -> None:
        self.taken.append(self.pantry.photograph(device, seen, readable=readable))

    @rule(seen=counts, place=st.sampled_from(["Cellar", "Left"]))
    def phone(self, seen: dict[str, int], place: str) -> None:
        self.taken.append(self.pantry.photograph("_phone", seen, place=place))

    @rule(name=names, count=st.integers(0, 6), place=st.sampled_from(["Cellar", "Left"]))
    def word(self, name: str, count: int, place: str) -> None:
        self.pantry.say(name, count, place)

    @rule(choice=st.integers(0, 30))
    def undo(self, choice: int) -> None:
        newest = self.pantry.read(ledger.newest_event_id)
        if newest:
            with suppress(Conflict):
                self.pantry.undo(1 + choice % newest)

    @rule(
        act=st.sampled_from(get_args(Act)),
        name=names,
        amount=st.integers(1, 3),
        place=st.sampled_from(["Cellar", "Left", "Right"]),
    )
    def act(self, act: Act, name: str, amount: int, place: str) -> None:
        with suppress(Conflict, OutOfRange):
            self.pantry.act(act, name, amount, place)

    @precondition(lambda self: self.taken)
    @rule(choice=st.integers(0, 30))
    def undo_photograph(self, choice: int) -> None:
        capture_id = self.taken[choice % len(self.taken)]
        with suppress(Conflict):
            self.pantry.write(lambda writer: undoing.undo_photograph(writer, capture_id, "owner"))

    @rule()
    def undo_day(self) -> None:
        with suppress(Conflict):
            self.pantry.write(lambda writer: undoing.undo_day(writer, local_date(writer.now_ms), None, "owner"))

    @rule(merged=names, into=names)
    def merge(self, merged: str, into: str) -> None:
        one, other = self.pantry.item(merged), self.pantry.item(into)
        if one and other and one.id != other.id:
            self.pantry.merge(merged, into)

    @rule(name=names, other=st.sampled_from([*NAMES, "Tin", "soup"]))
    def rename(self, name: str, other: str) -> None:
        item = self.pantry.item(name)
        if item:
            with suppress(Conflict):
                self.pantry.write(lambda writer: items.rename(writer, item, other))

    @precondition(lambda self: self.taken)
    @rule(choice=st.integers(0, 30), seen=counts)
    def second_look(self, choice: int, seen: dict[str, int]) -> None:
        self.pantry.look_again(self.taken[choice % len(self.taken)], seen)

    @rule(device=st.sampled_from(["left", "right"]), drawn=st.lists(st.sampled_from(ZONES), max_size=4))
    def zones(self, device: str, drawn: list[Zone]) -> None:
        by_name = {zone.name: zone for zone in drawn}
        self.pantry.draw(device, *by_name.values())

    @rule()
    def reproject(self) -> None:
        self.pantry.reproject()
        assert not self.pantry.read(places.outdated)

    @invariant()
    def everything_follows(self) -> None:
        if hasattr(self, "pantry"):
            assert self.pantry.problems() == []


TestHousehold = Household.TestCase
TestHousehold.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestHousehold = pytest.mark.slow(TestHousehold)


def test_a_persons_word_counts_at_once_and_is_certain(pantry: Pantry) -> None:
    pantry.say("Marmalade", 3)
    assert pantry.confirmed("marmalade") == 3
    assert pantry.problems() == []


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_undoing_everything_newest_first_leaves_nothing(said: list[int]) -> None:
    with TemporaryDirectory() as folder, opened(Path(folder)) as pantry:
        events = [pantry.say("jam", count) for count in said]
        for event_id in reversed(events):
            pantry.undo(event_id)
        assert pantry.confirmed("jam") == 0
        assert pantry.problems() == []


def test_an_undo_is_undone_like_everything_else_and_nothing_is_undone_twice(pantry: Pantry) -> None:
    pantry.say("jam", 2)
    event_id = pantry.say("jam", 5)
    undone = pantry.undo(event_id)
    assert pantry.confirmed("jam") == 2
    pantry.undo(undone)
    assert pantry.confirmed("jam") == 5
    with pytest.raises(Conflict, match="undone already"):
        pantry.undo(event_id)


def test_an_undo_that_would_leave_less_than_nothing_says_so_and_changes_nothing(pantry: Pantry) -> None:
    first = pantry.say("jam", 3)
    pantry.say("jam", 1)
    with pytest.raises(Conflict, match="would leave -2"):
        pantry.undo(first)
    assert pantry.confirmed("jam") == 1
    with pytest.raises(NotFound):
        pantry.undo(99)


def test_two_that_are_one_are_counted_together_and_found_by_both_names(pantry: Pantry) -> None:
    pantry.say("Passata", 2)
    pantry.say("Tomato passata", 3)
    pantry.merge("Passata", "Tomato passata")
    assert pantry.confirmed("passata") == 5
    item = pantry.item("PASSATA")
    assert item
    assert item.canonical_name == "Tomato passata"
    assert pantry.read(lambda reader: items.aliases(reader, item.id)) == ["Passata"]


def test_what_a_camera_calls_by_a_merged_name_is_the_item_that_it_is_now(pantry: Pantry) -> None:
    for _ in range(2):
        pantry.photograph("left", {"tin": 1})
    pantry.say("Soup", 1, "Left")
    pantry.merge("tin", "Soup")
    for _ in range(4):
        pantry.photograph("left", {"tin": 1})
    assert pantry.confirmed("Soup") == 1
    assert pantry.problems() == []


def test_undoing_a_merge_makes_two_of_one_again(pantry: Pantry) -> None:
    pantry.say("Passata", 2)
    pantry.say("Tomato passata", 3)
    pantry.merge("Passata", "Tomato passata")
    pantry.undo(pantry.read(ledger.newest_event_id))
    assert (pantry.confirmed("Passata"), pantry.confirmed("Tomato passata")) == (2, 3)
    assert pantry.problems() == []
    pantry.merge("Passata", "Tomato passata")
    assert pantry.confirmed("passata") == 5


def test_a_renamed_item_is_found_by_its_old_name_and_keeps_its_count(pantry: Pantry) -> None:
    pantry.photograph("left", {"cup": 2})
    pantry.photograph("left", {"cup": 2})
    cup = pantry.item("cup")
    assert cup
    assert cup.generic
    pantry.write(lambda writer: items.rename(writer, cup, "Jar of honey"))
    pantry.photograph("left", {"cup": 2})
    honey = pantry.item("CUP")
    assert honey
    assert (honey.id, honey.canonical_name, honey.generic) == (cup.id, "Jar of honey", False)
    assert pantry.confirmed("jar of  HONEY") == 2


def test_a_name_that_another_item_has_is_not_given_again(pantry: Pantry) -> None:
    pantry.say("jam", 1)
    pantry.say("honey", 1)
    jam = pantry.item("jam")
    assert jam
    with pytest.raises(Conflict, match="merge"):
        pantry.write(lambda writer: items.rename(writer, jam, "Honey"))
    with pytest.raises(Conflict, match="merge"):
        pantry.write(lambda writer: items.add_alias(writer, jam.id, "HONEY"))


def test_a_persons_spelling_takes_the_place_of_the_models(pantry: Pantry) -> None:
    pantry.photograph("left", {"orange": 1})
    pantry.say("Orange", 1)
    assert pantry.item("orange") == pantry.item("Orange")
    item = pantry.item("orange")
    assert item
    assert item.canonical_name == "Orange"
    pantry.say("ORANGE", 2)
    item = pantry.item("orange")
    assert item
    assert item.canonical_name == "Orange"


def test_a_second_look_that_sees_less_is_adjusted_and_not_rewritten(pantry: Pantry) -> None:
    taken = [pantry.photograph("left", {"jam": 2, "tin": 1}) for _ in range(3)]
    before = pantry.read(ledger.newest_event_id)
    for capture_id in taken:
        pantry.look_again(capture_id, {"jam": 2})
    pantry.reproject()
    assert (pantry.confirmed("jam"), pantry.confirmed("tin")) == (2, 0)
    events = pantry.read(lambda reader: ledger.newest_events(reader, 10))
    assert [(event.event_type, event.item_name, event.delta) for event in events if event.id > before] == [
        ("adjusted", "tin", -1)
    ]
    assert pantry.problems() == []


def test_what_no_photograph_shows_any_more_is_not_missed_in_the_next_one(pantry: Pantry) -> None:
    capture_id = pantry.photograph("left", {"jam": 1})
    pantry.look_again(capture_id, {})
    pantry.reproject()
    pantry.photograph("left", {"tin": 1})
    assert pantry.problems() == []


def test_a_second_look_that_comes_while_a_place_is_folded_again_is_not_lost(pantry: Pantry) -> None:
    taken = [pantry.photograph("left", {"jam": 2, "tin": 1}) for _ in range(3)]
    left = pantry.read(lambda reader: places.known_place(reader, "Left"))
    folded = pantry.read(lambda reader: refolded(reader, left))
    for capture_id in taken:
        pantry.look_again(capture_id, {"jam": 2})
    pantry.write(lambda writer: adjust(writer, left, folded))
    assert pantry.read(places.outdated) == [left]
    pantry.reproject()
    assert pantry.confirmed("tin") == 0
    assert pantry.problems() == []


def test_a_word_that_comes_while_a_place_is_folded_again_stands(pantry: Pantry) -> None:
    pantry.photograph("left", {"jam": 2})
    left = pantry.read(lambda reader: places.known_place(reader, "Left"))
    folded = pantry.read(lambda reader: refolded(reader, left))
    pantry.say("jam", 7, "Left")
    pantry.write(lambda writer: adjust(writer, left, folded))
    assert pantry.confirmed("jam") == 7
    assert pantry.problems() == []


def test_a_photograph_of_a_part_of_a_place_takes_nothing_away(pantry: Pantry) -> None:
    pantry.say("jam", 3)
    for _ in range(5):
        pantry.photograph("_phone", {"tin": 1}, place="Cellar")
    assert (pantry.confirmed("jam"), pantry.confirmed("tin")) == (3, 1)
