"""Runs of second looks: each photograph once, in order, however often the box goes down between."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pantrybox.captures import queries, reprocessing
from pantrybox.captures.queue import MAX_ATTEMPTS
from pantrybox.errors import Conflict, NotFound
from pantrybox.storage.database import Writer
from tests.captures.table import NOW_MS, Row, column, fill, opened

MOMENTS = st.integers(0, 3)  # few, so that they fall on each other
ROWS = st.lists(
    st.builds(
        lambda status, received, age, has_image: Row(
            "shelf", status, NOW_MS + received, NOW_MS + max(0, received - age), has_image
        ),
        st.sampled_from(["complete", "failed"]),
        MOMENTS,
        MOMENTS,
        st.booleans(),
    ),
    max_size=10,
)
ENDS = st.none() | st.integers(NOW_MS - 1, NOW_MS + 4)


def worked_off(writer: Writer, *, seen: bool = True) -> list[str]:
    """Which captures are looked at until no run is open."""
    looked_at: list[str] = []
    while (look := reprocessing.next_look(writer)) is not None:
        if look.capture is None or not look.begun:
            reprocessing.begin_next(writer)
            continue
        looked_at.append(look.capture.id)
        reprocessing.ended(writer, look.run, look.capture, seen=seen)
    return looked_at


@given(ROWS, ENDS, ENDS)
@example([Row("shelf", captured_at_ms=NOW_MS)], NOW_MS, NOW_MS + 1)
@example([Row("shelf", captured_at_ms=NOW_MS)], NOW_MS - 1, NOW_MS)
def test_run_looks_at_every_photograph_of_its_time_once_and_its_total_says_how_many(
    rows: list[Row], from_ms: int | None, to_ms: int | None
) -> None:
    writer = opened()
    ids = fill(writer, rows)
    wanted = [
        capture_id
        for capture_id, row in zip(ids, rows, strict=True)
        if row.has_image
        and row.captured_at_ms is not None
        and (from_ms is None or row.captured_at_ms >= from_ms)
        and (to_ms is None or row.captured_at_ms < to_ms)
    ]
    chosen = reprocessing.taken_between(writer, from_ms, to_ms)
    run_id = reprocessing.ask(writer, chosen, "owner", from_ms=from_ms, to_ms=to_ms)
    assert worked_off(writer) == wanted
    run = reprocessing.run_of(writer, run_id)
    assert (run.status, run.total, run.done, run.failed) == ("done", len(wanted), len(wanted), 0)


@given(st.lists(st.sampled_from(["looked at", "restarted", "new run"]), max_size=25))
def test_restarts_leave_a_run_where_it_stood(acts: list[str]) -> None:
    writer = opened()
    ids = fill(writer, [Row("shelf") for _ in range(4)])
    runs = [reprocessing.ask(writer, reprocessing.taken_between(writer, None, None), "owner")]
    ended: list[str] = []
    interrupted = 0
    for act in acts:
        look = reprocessing.next_look(writer)
        if act == "new run":
            runs.append(reprocessing.ask(writer, reprocessing.one(writer, ids[0]), "owner"))
        elif act == "restarted" and interrupted < MAX_ATTEMPTS - 1:
            reprocessing.begin_next(writer)
            interrupted += 1
        elif look is not None and look.begun and look.capture is not None:
            ended.append(look.capture.id)
            reprocessing.ended(writer, look.run, look.capture, seen=True)
            interrupted = 0
    ended += worked_off(writer)
    assert ended == ids + ids[:1] * (len(runs) - 1)
    assert {reprocessing.run_of(writer, run_id).status for run_id in runs} == {"done"}


def test_photograph_that_takes_the_box_down_each_time_counts_as_failed_and_the_run_goes_on() -> None:
    writer = opened()
    bad, good = fill(writer, [Row("shelf"), Row("shelf")])
    run_id = reprocessing.ask(writer, reprocessing.taken_between(writer, None, None), "owner")
    for _ in range(MAX_ATTEMPTS + 1):  # each time it begins, and the process dies
        reprocessing.begin_next(writer)
    look = reprocessing.next_look(writer)
    assert look is not None
    assert look.capture is not None
    assert (look.capture.id, look.capture.attempts) == (good, 1)
    run = reprocessing.run_of(writer, run_id)
    assert (run.done, run.failed, run.status) == (0, 1, "running")
    stays = queries.by_id(writer, bad)
    assert stays is not None
    assert (stays.status, stays.attempts) == ("complete", 0)


def test_image_deleted_meanwhile_is_taken_off_the_total_at_the_end() -> None:
    writer = opened()
    ids = fill(writer, [Row("shelf") for _ in range(3)])
    run_id = reprocessing.ask(writer, reprocessing.taken_between(writer, None, None), "owner")
    writer.execute("UPDATE captures SET image_path = NULL WHERE id = :id", {"id": ids[1]})
    assert worked_off(writer) == [ids[0], ids[2]]
    assert reprocessing.run_of(writer, run_id).total == 2


def test_photograph_that_waits_for_its_first_look_belongs_to_no_run() -> None:
    writer = opened()
    fill(writer, [Row("shelf"), Row("shelf", "analyzing"), Row("shelf", "stored")])
    assert reprocessing.taken_between(writer, None, None) == reprocessing.Chosen(1, 1, 1)


def test_run_without_photographs_is_done_at_once() -> None:
    writer = opened()
    run_id = reprocessing.ask(writer, reprocessing.taken_between(writer, None, None), "owner")
    assert reprocessing.run_of(writer, run_id).status == "done"
    assert reprocessing.next_look(writer) is None


def test_cancelled_run_looks_at_nothing_more_and_the_next_run_begins() -> None:
    writer = opened()
    ids = fill(writer, [Row("shelf"), Row("shelf")])
    first = reprocessing.ask(writer, reprocessing.taken_between(writer, None, None), "owner")
    reprocessing.begin_next(writer)
    look = reprocessing.next_look(writer)
    assert look is not None
    assert look.capture is not None
    second = reprocessing.ask(writer, reprocessing.one(writer, ids[1]), "key shelf")
    assert reprocessing.cancel(writer, first).status == "cancelled"
    assert reprocessing.cancel(writer, first).status == "cancelled"
    assert not reprocessing.is_open(writer, look.run)
    reprocessing.ended(writer, look.run, look.capture, seen=True)  # its look was under way
    assert worked_off(writer) == [ids[1]]
    assert reprocessing.run_of(writer, first).done == 0
    with pytest.raises(Conflict):
        reprocessing.cancel(writer, second)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (Row("shelf", has_image=False), Conflict),
        (Row("shelf", "stored"), Conflict),
        (Row("shelf", "analyzing"), Conflict),
    ],
)
def test_what_cannot_be_looked_at_again_is_refused(row: Row, error: Any) -> None:
    writer = opened()
    (capture_id,) = fill(writer, [row])
    with pytest.raises(error):
        reprocessing.one(writer, capture_id)
    with pytest.raises(NotFound):
        reprocessing.one(writer, "nobody")


def test_a_second_look_leaves_no_attempt_behind() -> None:
    writer = opened()
    fill(writer, [Row("shelf") for _ in range(3)])
    reprocessing.ask(writer, reprocessing.taken_between(writer, None, None), "owner")
    worked_off(writer, seen=False)
    assert column(writer, "SELECT attempts AS value FROM captures") == [0, 0, 0]
