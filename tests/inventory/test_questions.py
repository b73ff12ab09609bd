"""What is worth a question: laws of the choice, and what the cameras and the answers of the last day say."""

import sqlite3
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.clock import DAY_MS, HOUR_MS
from pantrybox.inventory import questions
from pantrybox.inventory import questions_queries as stored
from pantrybox.inventory.model import StockLine
from pantrybox.inventory.questions import Answered, Watch, question, worth
from tests.captures.table import NOW_MS, Row, fill, opened

LINE = StockLine(
    canonical_name="jam",
    brand=None,
    package_type=None,
    category=None,
    generic=False,
    minimum=None,
    note=None,
    item_id=1,
    place_id=1,
    place_name="Shelf",
    shown_count=1,
    confirmed_count=1,
    confidence=0.5,
    last_seen_at_ms=NOW_MS - 3 * DAY_MS,
    is_manual=False,
    notes=None,
    updated_at_ms=NOW_MS - HOUR_MS,
    hidden_count=0,
    behind=None,
)
WATCHES = {place_id: Watch(place_id, NOW_MS - HOUR_MS, f"photo-{place_id}") for place_id in range(1, 4)}


def line(**more: Any) -> StockLine:
    return msgspec.structs.replace(LINE, **more)


def asked_of(*lines: StockLine, answers: tuple[Answered, ...] = (), now_ms: int = NOW_MS) -> StockLine | None:
    found = question(lines, WATCHES, answers, now_ms)
    return found.line if found else None


counts = st.integers(0, 6)
confidences = st.floats(0, 1).map(lambda p: round(p, 6))
ages = st.integers(0, 2 * DAY_MS)
lines = st.lists(
    st.builds(
        line,
        item_id=st.integers(1, 5),
        place_id=st.integers(1, 5),
        shown_count=counts,
        confirmed_count=counts,
        hidden_count=counts,
        confidence=confidences,
        generic=st.booleans(),
        is_manual=st.booleans(),
        minimum=st.none() | counts,
        updated_at_ms=ages.map(lambda age: NOW_MS - age),
        last_seen_at_ms=st.none() | ages.map(lambda age: NOW_MS - age),
    ),
    max_size=8,
    unique_by=lambda one: (one.item_id, one.place_id),
)
answers = st.lists(
    st.builds(Answered, st.integers(1, 5), st.integers(1, 5), ages.map(lambda age: NOW_MS - age)), max_size=4
)


@given(lines, answers)
def test_question_is_about_a_doubt_at_a_place_that_a_camera_watches(
    stock: list[StockLine], said: list[Answered]
) -> None:
    found = question(stock, WATCHES, said, NOW_MS)
    if found is not None:
        assert found.line in stock
        assert found.line.confidence < questions.SURE
        assert found.line.place_id in WATCHES
        assert found.capture_id == f"photo-{found.line.place_id}"
        assert found.still_count >= 1


@given(lines, answers, st.integers(0, DAY_MS), st.randoms(use_true_random=False))
def test_nobody_is_asked_more_than_three_times_a_day_nor_twice_an_hour_nor_the_same_before_the_next_day(
    stock: list[StockLine], said: list[Answered], patience_ms: int, chance: Any
) -> None:
    """A day of somebody who opens the page whenever it pleases them and answers everything."""
    now_ms, given_answers = NOW_MS, list(said)
    for _ in range(60):
        found = question(stock, WATCHES, given_answers, now_ms)
        if found is not None:
            lately = [one for one in given_answers if now_ms - one.answered_at_ms < DAY_MS]
            assert len(lately) < questions.MOST_A_DAY
            assert all(now_ms - one.answered_at_ms >= HOUR_MS for one in lately)
            about = (found.line.item_id, found.line.place_id)
            times = [one.answered_at_ms for one in given_answers if (one.item_id, one.place_id) == about]
            assert all(now_ms - at_ms >= questions.AGAIN_MS for at_ms in times)
            given_answers.append(Answered(*about, now_ms))
        now_ms += chance.randint(0, 1 + patience_ms // 8)


@given(lines, answers, st.randoms(use_true_random=False))
def test_order_of_the_lines_changes_nothing(stock: list[StockLine], said: list[Answered], chance: Any) -> None:
    shuffled = chance.sample(stock, len(stock))
    assert question(shuffled, WATCHES, said[::-1], NOW_MS) == question(stock, WATCHES, said, NOW_MS)


@given(lines, confidences, confidences)
def test_larger_doubt_is_asked_before_a_smaller_one_that_is_like_it(
    stock: list[StockLine], one: float, other: float
) -> None:
    twins = [line(item_id=8, confidence=one), line(item_id=9, confidence=other)]
    found = asked_of(*stock, *twins)
    if found in twins:
        assert found.confidence == min(one, other)


@given(lines)
def test_what_is_asked_is_worth_most_and_enough(stock: list[StockLine]) -> None:
    def value(one: StockLine) -> float:
        return worth(one, sum(same.shown_count for same in stock if same.item_id == one.item_id))

    # In the company of the other places of its item, but without other items.
    rivals = [asked_of(*(one for one in stock if one.item_id == item_id)) for item_id in range(1, 6)]
    best = max((value(rival) for rival in rivals if rival is not None), default=None)
    found = asked_of(*stock)
    assert (None if found is None else value(found)) == best
    assert best is None or best >= questions.LEAST_WORTH


def test_no_doubt_no_question() -> None:
    assert asked_of() is None
    assert asked_of(line(confidence=1.0), line(item_id=2, confidence=questions.SURE)) is None


def test_what_runs_low_is_asked_before_what_there_is_plenty_of() -> None:
    milk, flour = line(item_id=1, shown_count=2, confirmed_count=2), line(item_id=2, shown_count=6, confirmed_count=6)
    assert asked_of(flour, milk) == milk
    assert asked_of(milk, msgspec.structs.replace(flour, minimum=6, confidence=0.4)).item_id == 2  # pyright: ignore


def test_more_units_at_stake_are_worth_more_up_to_three() -> None:
    worths = [worth(line(shown_count=20, confirmed_count=20 - n), 20) for n in (0, 1, 2, 3, 9)]
    assert worths == pytest.approx([0.5, 0.5, 1.0, 1.5, 1.5])
    assert worth(line(shown_count=20, confirmed_count=20, hidden_count=2), 20) == pytest.approx(1.0)


def test_name_that_only_the_model_gave_is_worth_half() -> None:
    assert worth(line(generic=True), 9) == worth(line(), 9) / 2


@pytest.mark.parametrize(
    "left_out",
    [
        {"place_id": 9},  # no camera looks there
        {"shown_count": 0, "confirmed_count": 0},  # nobody misses what was never there
        {"updated_at_ms": NOW_MS - 1000},  # still being looked at
        {"is_manual": True, "last_seen_at_ms": NOW_MS - HOUR_MS},  # somebody has just counted it
        {"shown_count": 9, "confirmed_count": 9, "confidence": 0.85},  # not worth it
    ],
)
def test_nothing_is_asked_about_it(left_out: dict[str, Any]) -> None:
    assert asked_of(line()) is not None
    assert asked_of(line(**left_out)) is None


def test_zero_that_the_ledger_does_not_know_of_is_asked_about() -> None:
    found = question([line(shown_count=0, confirmed_count=2)], WATCHES, [], NOW_MS)
    assert found is not None
    assert found.still_count == 2


def test_clock_that_is_set_back_does_not_silence_the_box() -> None:
    ahead = (Answered(2, 2, NOW_MS + 400 * DAY_MS),) * 3
    assert asked_of(line(), answers=ahead) is not None
    assert asked_of(line(), answers=(Answered(2, 2, NOW_MS + 60_000),)) is None


@pytest.mark.parametrize(("days", "missed"), [(0.5, False), (1.5, True)])
def test_camera_has_missed_a_thing_when_it_looked_for_more_than_a_day(days: float, missed: bool) -> None:
    watch = Watch(1, NOW_MS, None)
    assert watch.missed(line(last_seen_at_ms=NOW_MS - round(days * DAY_MS))) is missed
    assert not watch.missed(line(last_seen_at_ms=None))


# What is read from the database


@pytest.fixture
def writer() -> Any:
    writer = opened()
    writer.insert("INSERT INTO inventory_items (id, canonical_name, name_key, generic, created_at_ms)"
                  " VALUES (1, 'jam', 'jam', 0, 0)", {})  # fmt: skip
    return writer


def place(writer: Any, name: str, device_id: str | None) -> int:
    return writer.insert("INSERT INTO places (name, device_id) VALUES (:name, :id)", {"name": name, "id": device_id})


def watched(writer: Any) -> dict[int, Watch]:
    return stored.circumstances(writer, NOW_MS).by_place


def darken(writer: Any, capture_id: str) -> None:
    writer.execute("DROP TRIGGER IF EXISTS observations_are_never_changed")
    writer.execute("UPDATE observations SET scene_confidence = 0.1 WHERE capture_id = :id", {"id": capture_id})


def test_place_is_watched_by_the_newest_photograph_in_which_one_can_see(writer: Any) -> None:
    old, seen, dark, failed, _ = fill(
        writer,
        [
            Row("shelf", received_at_ms=NOW_MS - 5000),
            Row("shelf", received_at_ms=NOW_MS - 4000),
            Row("shelf", received_at_ms=NOW_MS - 3000),
            Row("shelf", "failed", received_at_ms=NOW_MS - 2000),
            Row("shelf", "stored", received_at_ms=NOW_MS - 1000),
        ],
    )
    shelf, _elsewhere = place(writer, "Shelf", "shelf"), place(writer, "Elsewhere", None)
    darken(writer, dark)
    assert watched(writer) == {shelf: Watch(shelf, NOW_MS - 4000, seen)}
    writer.execute("UPDATE captures SET image_path = NULL WHERE id = :id", {"id": seen})
    assert watched(writer) == {shelf: Watch(shelf, NOW_MS - 4000, None)}
    darken(writer, old)
    darken(writer, seen)
    assert watched(writer) == {}
    assert failed


def test_zone_is_watched_by_every_camera_in_whose_view_it_is_drawn(writer: Any) -> None:
    _, newest = fill(writer, [Row("left", received_at_ms=NOW_MS - 5000), Row("right", received_at_ms=NOW_MS - 1000)])
    zone = place(writer, "Top shelf", None)
    for device_id in ("left", "right"):
        writer.insert(
            """
            INSERT INTO zones (place_id, device_id, polygon, from_observation_id)
            VALUES (:zone, :device_id, '[]', 0)
            """,
            {"zone": zone, "device_id": device_id},
        )
    assert watched(writer) == {zone: Watch(zone, NOW_MS - 1000, newest)}
    writer.execute("UPDATE zones SET until_observation_id = 9")
    assert watched(writer) == {}


def test_camera_that_was_removed_watches_nothing(writer: Any) -> None:
    fill(writer, [Row("shelf")])
    place(writer, "Shelf", "shelf")
    writer.execute("UPDATE devices SET deleted_at_ms = 1")
    assert watched(writer) == {}


def test_answers_of_the_last_day_are_remembered(writer: Any) -> None:
    shelf = place(writer, "Shelf", None)
    stored.record(writer, line(place_id=shelf), "gone", 0, "owner")
    stored.record(writer, line(place_id=shelf), "later", None, "owner")
    known = stored.circumstances(writer, NOW_MS + 1000).answers
    assert known == [Answered(1, shelf, NOW_MS)] * 2
    assert stored.circumstances(writer, NOW_MS + DAY_MS + 1).answers == []
    with pytest.raises(sqlite3.IntegrityError):
        stored.record(writer, line(place_id=shelf), "later", 3, "owner")
