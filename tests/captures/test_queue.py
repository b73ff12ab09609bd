"""The queue: one photograph at a time is looked at, the oldest, and each beginning is counted before it."""

from hypothesis import given
from hypothesis import strategies as st

from pantrybox.captures import queries, queue
from pantrybox.storage.database import Writer
from tests.captures.table import Row, column, fill, opened

ACTS = st.lists(st.sampled_from(["arrives", "ends", "fails", "restarts"]), max_size=25)


def waiting(writer: Writer) -> list[str]:
    """Statuses of those that wait, oldest first."""
    return column(
        writer,
        "SELECT status AS value FROM captures WHERE observation_id IS NULL AND failure IS NULL ORDER BY seq",
    )


def arrive(writer: Writer, number: int) -> None:
    fill(writer, [Row(f"camera{number}", "stored")])
    queue.claim_next(writer)


@given(ACTS)
def test_whatever_happens_exactly_the_oldest_waiting_one_is_claimed(acts: list[str]) -> None:
    writer = opened()
    for number, act in enumerate(acts):
        capture = queries.oldest_waiting(writer)
        if act == "arrives":
            arrive(writer, number)
        elif act == "restarts":
            queue.take_up(writer)
        elif capture is not None:
            queries.fail(writer, capture.id, f"it {act}")
            queue.claim_next(writer)
        statuses = waiting(writer)
        assert statuses == ["analyzing"] * bool(statuses) + ["stored"] * (len(statuses) - 1)


def test_first_photograph_is_claimed_as_it_arrives_and_the_next_one_waits() -> None:
    writer = opened()
    arrive(writer, 1)
    arrive(writer, 2)
    assert waiting(writer) == ["analyzing", "stored"]
    assert column(writer, "SELECT attempts AS value FROM captures ORDER BY seq") == [1, 0]


def test_third_interruption_gives_a_photograph_up_and_claims_the_next_one() -> None:
    writer = opened()
    arrive(writer, 1)
    arrive(writer, 2)
    for _ in range(queue.MAX_ATTEMPTS - 1):
        queue.take_up(writer)
        assert waiting(writer) == ["analyzing", "stored"]
    queue.take_up(writer)
    assert waiting(writer) == ["analyzing"]
    assert column(writer, "SELECT failure AS value FROM captures ORDER BY seq") == [queue.INTERRUPTED, None]


def test_claiming_twice_counts_one_attempt() -> None:
    writer = opened()
    arrive(writer, 1)
    queue.claim_next(writer)
    assert column(writer, "SELECT attempts AS value FROM captures") == [1]
