"""What a household teaches and takes back, in any order with everything else: names follow from what stands."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import items, ledger, undoing
from pantrybox.inventory.observations import Naming
from pantrybox.storage.database import Reader
from pantrybox.teaching.teacher import Lesson
from tests.teaching.home import CAMERAS, Home, Thing, box_of

NAMES = ["milk", "jam", "bottle", "cup"]
names = st.sampled_from(NAMES)
recent = st.integers(0, 2)
"""The newest photograph and those before it: what contradicts each other meets there."""
boxes = st.integers(0, 3)
things = st.builds(
    Thing,
    slot=st.integers(0, 9),
    colour=st.sampled_from(["red", "green", "blue"]),
    word=st.sampled_from(["", "bottle", "cup"]),
    score=st.sampled_from([0.9, 0.7, 0.2, 0.0]),
)
shelves = st.lists(things, min_size=1, max_size=4, unique_by=lambda one: one.slot)


class Household(RuleBasedStateMachine):
    """Anything that can happen to names, in any order."""

    @initialize()
    def open(self) -> None:
        self.folder: Any = TemporaryDirectory()
        self.home = Home(Path(self.folder.name))
        self.taken: list[str] = []
        self.written: dict[str, list[Any]] = {}

    def teardown(self) -> None:
        if hasattr(self, "home"):
            self.home.end()
            self.folder.cleanup()

    @rule(camera=st.sampled_from(CAMERAS), shelf=shelves)
    def photograph(self, camera: str, shelf: list[Thing]) -> None:
        self.taken.append(self.home.photograph(camera, *shelf))

    @precondition(lambda self: self.taken)
    @rule(which=recent, box=boxes, name=names, positive=st.booleans())
    def teach(self, which: int, box: int, name: str, positive: bool) -> None:
        capture_id = self.taken[-1 - which % len(self.taken)]
        seen = self.home.boxes(capture_id)
        if seen:
            with suppress(NotFound):
                self.home.teach(capture_id, seen[box % len(seen)].id, name, positive=positive)

    @precondition(lambda self: self.taken)
    @rule(which=recent, box=boxes)
    def say_that_it_is_nothing(self, which: int, box: int) -> None:
        capture_id = self.taken[-1 - which % len(self.taken)]
        seen = self.home.boxes(capture_id)
        if seen:
            self.home.teach(capture_id, seen[box % len(seen)].id, None, positive=False)

    @precondition(lambda self: self.taken)
    @rule(said=st.lists(st.tuples(recent, boxes, names), min_size=2, max_size=4))
    def teach_at_once(self, said: list[tuple[int, int, str]]) -> None:
        lessons: list[Lesson] = []
        for which, box, name in said:
            capture_id = self.taken[-1 - which % len(self.taken)]
            seen = self.home.boxes(capture_id)
            if seen:
                lessons.append(Lesson(capture_id, seen[box % len(seen)].id, None, name, True))
        self.home.teach_at_once(lessons)

    @precondition(lambda self: self.taken)
    @rule(which=recent, slot=st.integers(0, 9), name=names)
    def draw(self, which: int, slot: int, name: str) -> None:
        self.home.teach(self.taken[-1 - which % len(self.taken)], box_of(slot), name)

    @rule(which=st.integers(0, 99))
    def take_back(self, which: int) -> None:
        standing = self.home.standing()
        if standing:
            self.home.take_back(standing[which % len(standing)])

    @precondition(lambda self: self.taken)
    @rule(which=recent, box=boxes, name=names)
    def change_ones_mind(self, which: int, box: int, name: str) -> None:
        """What is taught and taken back leaves everything as it was."""
        capture_id = self.taken[-1 - which % len(self.taken)]
        seen = self.home.boxes(capture_id)
        if seen:
            self.home.settle()
            before = self.home.namings()
            learned = self.home.teach(capture_id, seen[box % len(seen)].id, name)
            self.home.take_back(learned.example_ids[0])
            self.home.settle()
            assert_same(before, self.home.namings())

    @rule(merged=names, into=names)
    def merge(self, merged: str, into: str) -> None:
        one, other = self.home.item(merged), self.home.item(into)
        if one and other and one.id != other.id:
            self.home.merge(merged, into)

    @rule()
    def part(self) -> None:
        newest = self.home.read(lambda reader: ledger.newest_events(reader, 50))
        merged = [event.id for event in newest if event.event_type == "merged"]
        if merged:
            with suppress(Conflict):
                self.home.write(lambda writer: undoing.undo(writer, merged[0], "owner"))

    @rule(name=names, other=st.sampled_from([*NAMES, "Milk", "soup"]))
    def rename(self, name: str, other: str) -> None:
        item = self.home.item(name)
        if item:
            with suppress(Conflict):
                self.home.write(lambda writer: items.rename(writer, item, other))

    @precondition(lambda self: self.taken)
    @rule(which=recent)
    def second_look(self, which: int) -> None:
        self.home.look_again(self.taken[-1 - which % len(self.taken)])

    @rule()
    def restart(self) -> None:
        self.home.restart()

    @rule(steps=st.integers(1, 3))
    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.home.step()

    @rule()
    def come_to_rest(self) -> None:
        self.home.settle()
        assert self.home.misnamed() == []
        problems = self.home.problems()
        assert problems == [], problems
        self.nothing_was_rewritten()

    def nothing_was_rewritten(self) -> None:
        now = self.home.read(evidence)
        for table, rows in self.written.items():
            assert set(rows) <= set(now[table]), table
        self.written = now


class _Row(msgspec.Struct):
    row: str


def evidence(reader: Reader) -> dict[str, list[str]]:
    """Every row of what may only be added to, as text."""
    columns = {
        "inventory_events": "id, item_id, place_id, event_type, delta, count_after, happened_at_ms",
        "observations": "id, capture_id, observed_at_ms, folded, position",
        "detections": "id, item_id, score, label, label_score, confidence, source, box_left, box_right",
        "words": "id, position, kind, item_id, place_id, count",
    }
    return {
        table: [row.row for row in reader.rows(_Row, f"SELECT json_array({listed}) AS row FROM {table}")]  # noqa: S608
        for table, listed in columns.items()
    }


def assert_same(before: dict[int, Naming], after: dict[int, Naming]) -> None:
    """Of what was there before: what is not worth a write is not worth a word either."""
    for detection_id, naming in before.items():
        now = after[detection_id]
        assert (now.item_id, now.source) == (naming.item_id, naming.source), detection_id
        assert now.item_id is None or abs(now.confidence - naming.confidence) < 0.02


lessons = st.tuples(recent, boxes, st.one_of(st.none(), names), st.booleans())


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(shelves, min_size=1, max_size=3), st.lists(lessons, min_size=1, max_size=6))
def test_taking_back_every_lesson_leaves_every_name_as_it_was(
    taken: list[list[Thing]], said: list[tuple[int, int, str | None, bool]]
) -> None:
    with TemporaryDirectory() as folder:
        home = Home(Path(folder))
        photographs = [home.photograph("left", *shelf) for shelf in taken]
        before = home.namings()
        for which, box, name, positive in said:
            capture_id = photographs[which % len(photographs)]
            seen = [one.id for one in home.boxes(capture_id)]
            with suppress(NotFound):
                home.teach(
                    capture_id,
                    seen[box % len(seen)] if box and seen else box_of(7),
                    name,
                    positive=positive and name is not None,
                )
        home.take_back_everything()
        home.settle()
        assert_same(before, home.namings())
        assert home.problems() == []
        home.end()


TestHousehold = Household.TestCase
TestHousehold.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestHousehold = pytest.mark.slow(TestHousehold)
