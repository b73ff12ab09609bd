"""What reading costs does not grow with the ledger: the benchmark's calls, counted in steps of SQLite's machine."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import scale
from benchmarks.years import write_years
from pantrybox.captures import queries as captures
from pantrybox.captures import retention_queries
from pantrybox.captures.model import Status
from pantrybox.devices import queries as devices
from pantrybox.devices.orders import Orders
from pantrybox.devices.settings import DeviceSettings, Zone
from pantrybox.inventory import check, glance, observations
from pantrybox.inventory.observations import Naming
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Box, Detection, Sight
from pantrybox.web import pantry
from tests.captures.table import NOW_MS, Row, column, fill, opened

T = TypeVar("T")

CALLS = scale.calls(NOW_MS)


class Household:
    """Stands where the handlers expect a Database."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self.newest_capture, self.oldest_capture = (
            self._connection.execute(f"SELECT id, {end}(seq) FROM captures").fetchone()[0]  # noqa: S608
            for end in ("max", "min")
        )

    async def read(self, query: Callable[[Reader], T]) -> T:
        return query(self.reader)

    @property
    def reader(self) -> Reader:
        return Reader(self._connection)

    def steps(self, name: str) -> int:
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        self._connection.set_progress_handler(count, 1)
        asyncio.run(cast("Any", CALLS[name](cast("scale.TimedDatabase", self))))
        self._connection.set_progress_handler(None, 0)
        return taken

    def statements(self, query: Callable[[Reader], object]) -> int:
        said: list[str] = []
        self._connection.set_trace_callback(said.append)
        query(self.reader)
        self._connection.set_trace_callback(None)
        return len(said)

    def change(self, sql: str) -> None:
        self._connection.execute(sql)

    def close(self) -> None:
        self._connection.close()


class Sizes(NamedTuple):
    small: Household
    large: Household


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sizes]:
    """Two ledgers, one four times as long as the other; their last months are the same."""
    folder = tmp_path_factory.mktemp("years")
    write_years(folder / "small.db", 5_000, NOW_MS, items=50, recent=500)
    write_years(folder / "large.db", 20_000, NOW_MS, items=50, recent=500)
    both = Sizes(Household(folder / "small.db"), Household(folder / "large.db"))
    yield both
    for household in both:
        household.close()


@pytest.mark.parametrize("name", CALLS)
def test_what_a_call_costs_does_not_grow_with_the_ledger(sizes: Sizes, name: str) -> None:
    small, large = (household.steps(name) for household in sizes)
    assert 0 < large <= 1.05 * small


def test_page_of_a_box_without_images_looks_for_none_among_all_that_it_ever_received(sizes: Sizes) -> None:
    for household in sizes:
        household.change("SAVEPOINT emptied")
        household.change("UPDATE captures SET image_path = NULL")
        household.change("UPDATE devices SET image_count = 0")
    small, large = (household.steps("page") for household in sizes)
    for household in sizes:
        household.change("ROLLBACK TO emptied")
        household.change("RELEASE emptied")
    assert large <= 1.05 * small


def test_page_takes_four_statements_and_its_photographs_one(sizes: Sizes) -> None:
    assert sizes.large.statements(lambda reader: pantry.whole(reader, NOW_MS)) == 4
    assert sizes.large.statements(lambda reader: pantry.photographs(reader, NOW_MS)) == 1
    assert sizes.large.statements(glance.newest) == 1


def test_ledger_of_the_benchmark_is_sound(sizes: Sizes) -> None:
    for household in sizes:
        assert list(check.ledger_problems(household.reader)) == []
        assert captures.miscounted(household.reader) == []


def test_page_lists_the_cameras_as_the_api_does() -> None:
    writer = opened()
    fill(writer, [Row("shelf"), Row("gone"), Row("fridge")])
    devices.saw(writer, "shelf", battery_v=3.9, rssi=-60, new_captures=2, telemetry={"queue-depth": "3"})
    devices.set_orders(writer, "shelf", Orders(sleep_s=60, flash=True, quiet_hours="22:00-06:30"))
    zone = Zone('Top "shelf" 🥫', [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5)])
    devices.set_settings(writer, "shelf", DeviceSettings(battery_kind="18650", zones=(zone,), revision=2))
    devices.delete(writer, "gone")
    assert glance.glance(writer).cameras == devices.page(writer, 0, 100)
    assert [camera.id for camera in glance.glance(writer).cameras] == ["fridge", "shelf"]


def test_page_shows_the_newest_photograph_in_which_something_was_seen() -> None:
    writer = opened()
    _, wanted, *_ = fill(writer, [Row("shelf"), Row("shelf"), Row("shelf", "failed"), Row("shelf", "stored")])
    item = writer.insert(
        """
        INSERT INTO inventory_items (canonical_name, name_key, generic, created_at_ms)
        VALUES ('<b>"Milk"</b> 🥛', 'milk', 0, 0)
        """,
        {},
    )
    seen = observations.newest_of(writer, wanted)
    assert seen is not None
    boxes = [Detection(Box(0.1, 0.2, 0.3, 0.4), score, "thing", score) for score in (0.5, 0.9, 0.7)]
    observations.insert_detections(
        writer, seen.id, [(boxes[0], Naming(item)), (boxes[1], Naming(item)), (boxes[2], Naming())]
    )
    latest = glance.glance(writer).photograph
    assert latest == glance.photograph(writer, wanted)
    assert latest is not None
    assert (latest.capture.id, latest.device_name, latest.observation, latest.waiting) == (wanted, "shelf", seen, 1)
    # A candidate that nobody has named is not shown.
    assert latest.boxes == [box for box in observations.detections_of(writer, seen.id) if box.item_name is not None]
    assert [(box.score, box.item_name) for box in latest.boxes] == [
        (0.9, '<b>"Milk"</b> 🥛'),
        (0.5, '<b>"Milk"</b> 🥛'),
    ]


def test_photograph_that_waits_has_nothing_seen_and_an_unknown_one_is_none() -> None:
    writer = opened()
    (waiting,) = fill(writer, [Row("shelf", "stored")])
    found = glance.photograph(writer, waiting)
    assert found is not None
    assert (found.observation, found.boxes, found.capture.status) == (None, [], "stored")
    assert glance.glance(writer).photograph is None
    assert glance.photograph(writer, "nonsense") is None


def test_page_of_a_new_box_is_empty() -> None:
    empty = glance.glance(opened())
    assert empty == glance.Glance(glance.Newest(0, 0, 0, 0, 0), None, [])


ends = st.sampled_from(["failed", "complete", "put back", "released"])
statuses: st.SearchStrategy[Status] = st.sampled_from(["stored", "analyzing", "complete", "failed"])


@given(st.lists(statuses, min_size=1, max_size=5), st.lists(st.tuples(st.integers(0, 4), ends), max_size=12))
def test_failed_photographs_are_counted_whatever_becomes_of_them(
    begun: list[Status], changes: list[tuple[int, str]]
) -> None:
    writer = opened()
    ids = fill(writer, [Row(f"camera-{number % 2}", status) for number, status in enumerate(begun)])
    for number, end in changes:
        _bring_to(writer, ids[number % len(ids)], end)
    (failed,) = column(writer, "SELECT count(*) AS value FROM captures WHERE status = 'failed'")
    assert captures.total(writer, status="failed", device_id=None) == failed
    assert glance.newest(writer).failed == failed
    assert captures.miscounted(writer) == []


def _bring_to(writer: Writer, capture_id: str, end: str) -> None:
    if end == "failed":
        captures.fail(writer, capture_id, "no reason")
    elif end == "complete":
        captures.complete(writer, capture_id, _seen_in(writer, capture_id))
    elif end == "put back":
        captures.put_back(writer)
    else:
        capture = captures.by_id(writer, capture_id)
        assert capture is not None
        retention_queries.release(writer, retention_queries.with_image(writer, [capture.seq]))


def _seen_in(writer: Writer, capture_id: str) -> int:
    sight = Sight("eye", 100, 100, 0.5, 0.5, 1.0, [], 1)
    return observations.insert(writer, capture_id, sight, folded=True)
