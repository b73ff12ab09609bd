"""Why a count is believed: each unit leads to its photograph and box, or to who said so."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pantrybox.captures import queries as captures
from pantrybox.captures.model import PHONE, Arrival
from pantrybox.devices import queries as devices
from pantrybox.inventory import items, observations, places, why_queries
from pantrybox.inventory.belief import UNSEEN, Belief, certain
from pantrybox.inventory.fold import fold_in, look_again, reproject_outdated
from pantrybox.inventory.lives import FALSE, HIDDEN, MISSED, SEEN, STATES, TAKEN, VANISHED, Shown
from pantrybox.inventory.observations import Named, Naming, SeenBox
from pantrybox.inventory.shelf import Track
from pantrybox.inventory.why import Reasons, State, Unit, found_box, in_order, is_told_of, state_of, units_told
from pantrybox.storage.database import Writer
from pantrybox.vision.model import Box, Detection, Glance, Sight, Verdict
from tests.counting import Counting
from tests.inventory.cupboard import DAY_MS, Cupboard

# The rules


ANYWHERE = Box(0, 0, 1, 1)


def track(shown: Shown = Shown.FOUND, *, box: Box | None = ANYWHERE, **states: float) -> Track:
    kinds = {"seen": SEEN, "missed": MISSED, "hidden": HIDDEN, "taken": TAKEN, "false": FALSE, "vanished": VANISHED}
    likely = [0.0] * STATES
    for kind, chance in states.items():
        likely[kinds[kind]] = chance
    return Track(1, tuple(likely), box, shown, found_in=1 if box else 0)


@pytest.mark.parametrize(
    ("followed", "state"),
    [
        (track(seen=0.9, false=0.1), "seen"),
        (track(seen=0.3, false=0.7), "false"),
        (track(Shown.UNCHANGED, missed=0.3, hidden=0.3, taken=0.4), "missed"),
        (track(Shown.COVERED, missed=0.1, hidden=0.7, taken=0.2), "hidden"),
        (track(Shown.GONE, missed=0.2, taken=0.8), "taken"),
        (track(Shown.LOST, missed=0.2, taken=0.3, vanished=0.5), "false"),
        (track(box=None, seen=1.0), "told"),
    ],
)
def test_state_follows_from_whether_there_is_a_unit_at_all(followed: Track, state: State) -> None:
    assert state_of(followed) == state


def test_what_was_most_probably_never_a_unit_is_left_out() -> None:
    assert is_told_of(track(Shown.LOST, missed=0.02, vanished=0.98))
    assert not is_told_of(track(Shown.LOST, missed=0.01, vanished=0.99))
    assert is_told_of(track(Shown.GONE, missed=0.01, taken=0.99))
    assert not is_told_of(track(false=1.0))
    assert is_told_of(msgspec.structs.replace(track(false=1.0), disowned=True))


@pytest.mark.parametrize(
    ("told", "count", "chance"),
    [(certain(3), 3, 1.0), (Belief(1, (0.2, 0.7, 0.1)), 2, 0.8), (Belief(0, (0.7, 0.2, 0.1)), 1, 0.3)],
)
def test_units_that_people_told_of_stand_together(told: Belief, count: int, chance: float) -> None:
    unit = units_told(told)
    assert unit is not None
    assert (unit.state, unit.count, unit.chance) == ("told", count, pytest.approx(chance))


def test_nobody_told_of_what_is_not_there() -> None:
    assert units_told(UNSEEN) is None
    assert units_told(certain(0)) is None
    assert units_told(Belief(0, (0.99, 0.01))) is None


def seen_box(detection_id: int, box: Box) -> SeenBox:
    return SeenBox(detection_id, box, 0.9, "jar", 0.9, None, None, 0.5, None)


def test_box_of_a_track_is_found_though_it_was_rounded() -> None:
    exact, beside = Box(0.103_049, 0.2, 0.140_051, 0.25), Box(0.108, 0.2, 0.145, 0.25)
    boxes = [seen_box(1, beside), seen_box(2, exact)]
    rounded = found_box(Box(0.103, 0.2, 0.1401, 0.25), boxes)
    assert rounded is not None
    assert rounded.id == 2
    assert found_box(Box(0.5, 0.5, 0.6, 0.6), boxes) is None
    assert found_box(exact, []) is None


def test_likeliest_come_first_and_what_was_never_photographed_stands_in_one_line() -> None:
    units = [Unit("told", 1.0), Unit("taken", 0.1, camera="shelf"), Unit("told", 1.0)]
    assert [(unit.state, unit.count) for unit in in_order(units)] == [("told", 2), ("taken", 1)]


# With a database

LEFT, RIGHT, FRONT = Box(0.1, 0.1, 0.3, 0.5), Box(0.6, 0.1, 0.8, 0.5), Box(0.05, 0.05, 0.35, 0.6)


class Shelf(Cupboard):
    """One camera, whose photographs come an hour apart."""

    now_ms: int

    def __enter__(self) -> "Shelf":
        super().__enter__()
        self.write(lambda writer: devices.insert(writer, "shelf", "Shelf", bytes(32)))
        return self

    def photograph(
        self,
        seen: Sequence[tuple[str, Box]],
        glances: Sequence[tuple[Box, Verdict]] = (),
        *,
        place: str | None = None,
        taken_at_ms: int | None = None,
    ) -> str:
        """Receive and look at one; its id. With `place` it comes from the phone."""
        self.now_ms += 3_600_000

        def take(writer: Writer) -> str:
            capture_id, device_id = f"c{writer.now_ms}", PHONE if place else "shelf"
            at_ms = writer.now_ms if taken_at_ms is None else taken_at_ms
            place_id = places.made(writer, place) if place else None
            arrival = Arrival(device_id=device_id)
            captures.insert(writer, capture_id, arrival, at_ms, f"{capture_id}.jpg", 1, bytes(32))
            if place_id is not None:
                captures.put_in_place(writer, capture_id, place_id)
            capture = captures.by_id(writer, capture_id)
            assert capture is not None
            view = sight(seen, glances)
            observation_id = fold_in(writer, capture=capture, sight=view, named=named(writer, seen))
            captures.complete(writer, capture_id, observation_id)
            return capture_id

        capture_id = self.write(take)
        self._loop.run_until_complete(reproject_outdated(self.database))
        return capture_id

    def look_again(self, capture_id: str, seen: Sequence[tuple[str, Box]]) -> None:
        def look(writer: Writer) -> None:
            capture = captures.by_id(writer, capture_id)
            assert capture is not None
            look_again(writer, capture=capture, sight=sight(seen), named=named(writer, seen))

        self.write(look)

    def why(self, name: str, place: str = "Shelf") -> Reasons:
        found = self.read(lambda reader: why_queries.reasons(reader, items.known_item(reader, name).id))
        return next(reasons for reasons in found if reasons.place_name == place)


def sight(seen: Sequence[tuple[str, Box]], glances: Sequence[tuple[Box, Verdict]] = ()) -> Sight:
    return Sight(
        model="fake",
        width=400,
        height=300,
        brightness=0.5,
        sharpness=1.0,
        scene_confidence=1.0,
        detections=[Detection(box, 0.9, name, 0.9) for name, box in seen],
        took_ms=1,
        glances=[Glance(box, verdict) for box, verdict in glances],
        still=[None] * len(seen),
    )


def named(writer: Writer, seen: Sequence[tuple[str, Box]]) -> Named:
    return [
        (Detection(box, 0.9, name, 0.9), Naming(items.item_called(writer, name), 0.9, "recogniser"))
        for name, box in seen
    ]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path) as opened:
        yield opened


def test_unit_that_is_seen_leads_to_the_photograph_the_box_and_the_score(shelf: Shelf) -> None:
    shelf.photograph([("jam", LEFT), ("jam", RIGHT)])
    newest = shelf.photograph([("jam", LEFT), ("jam", RIGHT)])
    why = shelf.why("jam")
    assert (why.shown_count, why.confirmed_count, why.word) == (2, 2, None)
    assert [unit.state for unit in why.units] == ["seen", "seen"]
    assert {unit.photograph.box for unit in why.units if unit.photograph} == {LEFT, RIGHT}
    for unit in why.units:
        assert unit.photograph is not None
        assert unit.photograph.detection is not None
        assert (unit.photograph.capture_id, unit.photograph.model, unit.photograph.has_image) == (newest, "fake", True)
        assert (unit.photograph.detection.score, unit.photograph.detection.item_name) == (0.9, "jam")
        assert (unit.looked, unit.camera) == (None, "shelf")


def test_unit_that_is_not_found_leads_to_both_photographs(shelf: Shelf) -> None:
    before = shelf.photograph([("jam", LEFT), ("rice", RIGHT)])
    after = shelf.photograph([("rice", RIGHT)], [(LEFT, "unchanged")])
    (unit,) = shelf.why("jam").units
    assert (unit.state, unit.shown) == ("missed", Shown.UNCHANGED)
    assert unit.photograph is not None
    assert unit.looked is not None
    assert (unit.photograph.capture_id, unit.looked.capture_id) == (before, after)


def test_unit_behind_something_names_what_it_is_called_now(shelf: Shelf) -> None:
    shelf.photograph([("jam", LEFT), ("rice", RIGHT)])
    shelf.photograph([("flour", FRONT), ("rice", RIGHT)], [(LEFT, "covered")])
    shelf.say("meal", 1)
    shelf.merge("flour", "meal")
    (unit,) = shelf.why("jam").units
    assert (unit.state, unit.behind) == ("hidden", "meal")


def test_unit_that_was_taken_is_told_of_until_nobody_looks_for_it(shelf: Shelf) -> None:
    shelf.photograph([("jam", LEFT), ("rice", RIGHT)])
    shelf.photograph([("rice", RIGHT)], [(LEFT, "gone")])
    (unit,) = shelf.why("jam").units
    assert (unit.state, unit.shown) == ("taken", Shown.GONE)
    assert unit.chance < 0.5
    for _ in range(100):
        shelf.photograph([("rice", RIGHT)], [(LEFT, "gone")])
        if not shelf.why("jam").units:
            break
    why = shelf.why("jam")
    assert (why.units, why.shown_count, why.confirmed_count) == ([], 0, 0)


def test_unit_that_somebody_told_of_leads_to_who_said_so(shelf: Shelf) -> None:
    shelf.say("jam", 2, "Cellar")
    shelf.now_ms += DAY_MS
    shelf.say("jam", 3, "Cellar")
    why = shelf.why("jam", "Cellar")
    assert why.word is not None
    assert (why.word.count, why.word.said_by, why.word.said_at_ms) == (3, "owner", shelf.now_ms)
    (unit,) = why.units
    assert (unit.state, unit.count, unit.chance, unit.photograph) == ("told", 3, 1.0, None)


def test_what_was_said_under_the_other_name_is_remembered(shelf: Shelf) -> None:
    shelf.say("jelly", 2, "Cellar")
    shelf.say("jam", 1, "Attic")
    shelf.merge("jelly", "jam")
    why = shelf.why("jam", "Cellar")
    assert why.word is not None
    assert (why.word.count, [unit.count for unit in why.units]) == (2, [2])


def test_count_that_leaves_no_room_for_a_box_says_so(shelf: Shelf) -> None:
    shelf.photograph([("jam", LEFT), ("jam", RIGHT)])
    shelf.say("jam", 1, "Shelf")
    why = shelf.why("jam")
    assert [(unit.state, unit.chance, unit.disowned) for unit in why.units] == [("seen", 1, False), ("false", 0, True)]


def test_what_the_phone_saw_leads_to_its_photograph(shelf: Shelf) -> None:
    shelf.photograph([("jam", LEFT)], place="Cellar")
    newest = shelf.photograph([("jam", LEFT), ("jam", RIGHT)], place="Cellar")
    shelf.photograph([("rice", LEFT)], place="Cellar")
    (unit,) = shelf.why("jam", "Cellar").units
    assert (unit.state, unit.count) == ("told", 2)
    assert unit.photograph is not None
    assert unit.photograph.detection is not None
    assert (unit.photograph.capture_id, unit.photograph.detection.item_name) == (newest, "jam")
    shelf.now_ms += 1
    shelf.say("jam", 4, "Cellar")
    (unit,) = shelf.why("jam", "Cellar").units
    assert (unit.count, unit.photograph) == (4, None)


def test_second_look_is_what_a_unit_leads_to(shelf: Shelf) -> None:
    capture_id = shelf.photograph([("jam", LEFT)])
    shelf.look_again(capture_id, [("jam", LEFT)])
    (unit,) = shelf.why("jam").units
    assert unit.photograph is not None
    assert unit.photograph.detection is not None
    newest = shelf.read(lambda reader: observations.newest_of(reader, capture_id))
    assert newest is not None
    assert unit.photograph.detection.id // observations.MOST_DETECTIONS == newest.id


def test_box_that_only_the_first_look_had_leads_to_that(shelf: Shelf) -> None:
    capture_id = shelf.photograph([("jam", LEFT)])
    shelf.look_again(capture_id, [("rice", RIGHT)])
    (unit,) = shelf.why("jam").units  # the place is to be folded again, and was not yet
    assert unit.photograph is not None
    assert unit.photograph.detection is not None
    assert (unit.photograph.capture_id, unit.photograph.detection.item_name) == (capture_id, "jam")


def test_photograph_that_came_late_is_the_one_that_a_unit_leads_to(shelf: Shelf) -> None:
    shelf.photograph([("rice", RIGHT)])
    between_ms = shelf.now_ms + 1_000_000
    shelf.photograph([("rice", RIGHT)])
    late = shelf.photograph([("rice", RIGHT), ("jam", LEFT)], taken_at_ms=between_ms)
    (unit,) = shelf.why("jam").units
    assert unit.photograph is not None
    assert (unit.photograph.capture_id, unit.photograph.captured_at_ms) == (late, between_ms)


def test_renamed_box_is_held_to_be_what_it_is_now(shelf: Shelf) -> None:
    shelf.photograph([("jam", LEFT)])

    def rename(writer: Writer) -> None:
        jelly = items.item_called(writer, "jelly")
        observations.rename_detections(writer, [(1000, Naming(jelly, 0.5, "person"))])

    shelf.write(rename)
    (unit,) = shelf.why("jam").units
    assert unit.photograph is not None
    assert unit.photograph.detection is not None
    assert (unit.photograph.detection.item_name, unit.photograph.detection.source) == ("jelly", "person")


def queries_for(folder: Path, name: str) -> int:
    """How many its reasons take, beside the one for the item."""
    with closing(sqlite3.connect(folder / "pantrybox.db", isolation_level=None)) as connection:
        reader = Counting(connection)
        why_queries.reasons(reader, items.known_item(reader, name).id)
        return reader.queries - 1


def test_reasons_take_a_handful_of_queries_however_many_units_there_are(shelf: Shelf, tmp_path: Path) -> None:
    many = [("jam", Box(0.09 * n, 0.1, 0.09 * n + 0.08, 0.3)) for n in range(10)]
    shelf.photograph([*many, ("rice", Box(0.1, 0.7, 0.2, 0.9))])
    shelf.photograph(many[:3], [(many[5][1], "covered"), (many[6][1], "unchanged"), (many[7][1], "gone")])
    shelf.say("jam", 3, "Cellar")
    shelf.photograph([("jam", LEFT)] * 2, place="Attic")
    assert len(shelf.why("jam").units) == 10
    assert queries_for(tmp_path, "jam") <= 7
    shelf.say("salt", 1)
    assert queries_for(tmp_path, "salt") <= 2
