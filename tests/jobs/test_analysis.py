"""The analyst: one transaction a photograph, new ones first, and nothing lost whatever the eye does."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pantrybox.bell import Bell
from pantrybox.captures import reprocessing
from pantrybox.captures.intake import Intake
from pantrybox.captures.model import Arrival
from pantrybox.clock import BoxClock, wall_clock_ms
from pantrybox.errors import Malformed
from pantrybox.jobs.analysis import Analyst
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching.gallery import Galleries, Known
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Box, Crop, Detection, Eye, Sight
from pantrybox.vision.recognition import Prior
from tests.conftest import make_jpeg

T = TypeVar("T")

SIGHT = Sight("eye", 4, 3, 0.5, 0.5, 1.0, [Detection(Box(0.1, 0.1, 0.2, 0.2), 0.9, "can", 0.9)], 1, crops=[None])


class CountedDatabase(Database):
    """Counts who asks for a transaction."""

    writes = 0

    async def write(self, change: Callable[[Writer], T], first: Callable[[], None] | None = None) -> T:
        self.writes += 1
        return await super().write(change, first)


class FakeEye(Eye):
    """Sees a can in everything; `on_look` may do something else first."""

    def __init__(self, on_look: Callable[[bytes], None] = lambda _: None) -> None:
        self.looked_at: list[bytes] = []
        self._on_look = on_look

    @property
    def embedder(self) -> str:
        return "none"

    def embed(self, picture: bytes, boxes: Sequence[Box]) -> list[Crop]:
        return [Crop(bytes([1])) for _ in boxes]

    def remembers(self, view: str) -> bool:
        return True

    def recall(self, view: str, picture: bytes, boxes: Sequence[Box]) -> None:
        """It remembers everything."""

    def look(self, picture: bytes, *, view: str = "", also: Sequence[Box] = (), codes: bool = False) -> Sight:
        self.looked_at.append(picture)
        self._on_look(picture)
        return SIGHT


class ForgetfulEye(FakeEye):
    """Notes as whose view it looked at each photograph, and which ones it was given to take up again."""

    def __init__(self) -> None:
        super().__init__()
        self.views: list[str] = []
        self.recalled: list[tuple[str, bytes, list[Box]]] = []

    def remembers(self, view: str) -> bool:
        return view in self.views or any(view == known for known, _, _ in self.recalled)

    def recall(self, view: str, picture: bytes, boxes: Sequence[Box]) -> None:
        self.recalled.append((view, picture, list(boxes)))

    def look(self, picture: bytes, *, view: str = "", also: Sequence[Box] = (), codes: bool = False) -> Sight:
        self.views.append(view)
        return super().look(picture, view=view, also=also, codes=codes)


class Rig:
    """Intake and analyst on one database, without a server around them."""

    def __init__(self, folder: Path, database: CountedDatabase, eye: Eye, *, analysing: bool) -> None:
        images = ImageFiles(folder)
        bell = Bell()
        self.database = database
        self.intake = Intake(database, images, bell, Bell(), BoxClock(), analysing=analysing)
        self.looking = Looking(lambda: eye)
        galleries = Galleries(lambda: Known("none", Prior()))
        self.analyst = Analyst(database, images, self.looking, galleries, bell, Bell(), self.intake.quiet)

    async def send(self, number: int, *, age_ms: int | None = None) -> str:
        async def chunks() -> AsyncIterator[bytes]:
            yield photograph(number)

        return (await self.intake.receive(Arrival(device_id="shelf", age_ms=age_ms), chunks())).capture_id

    async def work_off(self) -> None:
        while await self.analyst.analyse_next() or await self.analyst.look_again_next():
            pass

    async def look_again_at_all(self) -> int:
        chosen = await self.database.read(lambda reader: reprocessing.taken_between(reader, None, None))
        return await self.database.write(lambda writer: reprocessing.ask(writer, chosen, "owner"))

    def close(self) -> None:
        self.looking.close()
        self.intake.close()


@asynccontextmanager
async def rig(data: Path, eye: Eye, *, analysing: bool = True) -> AsyncGenerator[Rig]:
    folder = data / "images"
    folder.mkdir(exist_ok=True)
    async with CountedDatabase.open(data / "pantrybox.db", wall_clock_ms) as database:
        assert isinstance(database, CountedDatabase)
        await database.write(add_shelf)
        running = Rig(folder, database, eye, analysing=analysing)
        try:
            yield running
        finally:
            running.close()


def add_shelf(writer: Writer) -> None:
    writer.execute(
        """
        INSERT OR IGNORE INTO devices (id, name, token_sha256, created_at_ms)
        VALUES ('shelf', 'Shelf', zeroblob(32), 0)
        """
    )


def photograph(number: int) -> bytes:
    return make_jpeg(comment=b"%d" % number)


def rows(data: Path, statement: str, *parameters: str | int) -> list[tuple[Any, ...]]:
    """Through a connection of its own: what is committed."""
    with closing(sqlite3.connect(data / "pantrybox.db", timeout=10)) as connection, connection:
        return connection.execute(statement, parameters).fetchall()


def test_a_photograph_costs_one_transaction_when_it_comes_and_one_when_it_is_looked_at(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path, FakeEye()) as running:
            for number in range(4):
                await running.send(number)
            await running.work_off()
            assert running.database.writes == 1 + 4 + 4
            await running.work_off()
            assert running.database.writes == 1 + 4 + 4
            assert rows(tmp_path, "SELECT DISTINCT status FROM captures") == [("complete",)]

    asyncio.run(main())


def test_attempt_is_on_the_medium_before_the_picture_is_decoded(tmp_path: Path) -> None:
    seen: list[list[tuple[Any, ...]]] = []
    eye = FakeEye(lambda _: seen.append(rows(tmp_path, "SELECT status, attempts FROM captures ORDER BY seq")))

    async def main() -> None:
        async with rig(tmp_path, eye) as running:
            await running.send(1)
            await running.send(2)
            await running.work_off()

    asyncio.run(main())
    assert seen == [[("analyzing", 1), ("stored", 0)], [("complete", 0), ("analyzing", 1)]]


def test_box_that_looks_at_nothing_leaves_photographs_stored_for_the_one_that_does(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path, FakeEye(), analysing=False) as running:
            await running.send(1)
            assert rows(tmp_path, "SELECT status, attempts FROM captures") == [("stored", 0)]
        async with rig(tmp_path, FakeEye()) as running:
            await running.analyst.take_up()
            assert rows(tmp_path, "SELECT status, attempts FROM captures") == [("analyzing", 1)]
            await running.work_off()

    asyncio.run(main())
    assert rows(tmp_path, "SELECT status FROM captures") == [("complete",)]


def test_start_with_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path, FakeEye()) as running:
            before = running.database.writes
            await running.analyst.take_up()
            assert running.database.writes == before

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Malformed("It is torn."), "It is torn."), (ZeroDivisionError("x"), "failed (ZeroDivisionError)")],
)
def test_picture_that_the_eye_cannot_bear_fails_with_a_sentence_and_the_next_one_is_looked_at(
    tmp_path: Path, error: Exception, reason: str
) -> None:
    def stumble(picture: bytes) -> None:
        if picture == photograph(1):
            raise error

    async def main() -> None:
        async with rig(tmp_path, FakeEye(stumble)) as running:
            await running.send(1)
            await running.send(2)
            await running.work_off()

    asyncio.run(main())
    (bad, good) = rows(tmp_path, "SELECT status, failure FROM captures ORDER BY seq")
    assert bad[0] == "failed"
    assert reason in bad[1]
    assert good == ("complete", None)


def test_second_look_costs_one_transaction_and_new_photographs_come_first(tmp_path: Path) -> None:
    eye = FakeEye()

    async def main() -> None:
        async with rig(tmp_path, eye) as running:
            for number in range(3):
                await running.send(number)
            await running.work_off()
            await running.look_again_at_all()
            await running.analyst.look_again_next()  # counts the first attempt
            before = running.database.writes
            await running.analyst.look_again_next()
            assert running.database.writes == before + 1
            await running.send(9)
            await running.work_off()
            assert running.database.writes == before + 1 + 1 + 1 + 2

    asyncio.run(main())
    assert eye.looked_at == [photograph(number) for number in (0, 1, 2, 0, 9, 1, 2)]
    assert rows(tmp_path, "SELECT total, done, failed, ended_at_ms > 0 FROM reprocess_runs") == [(3, 3, 0, 1)]


def test_after_a_restart_the_photograph_before_is_taken_up_again_once(tmp_path: Path) -> None:
    async def sent(eye: Eye, *numbers: int) -> None:
        async with rig(tmp_path, eye) as running:
            for number in numbers:
                await running.send(number)
                await running.work_off()

    first, second = ForgetfulEye(), ForgetfulEye()
    asyncio.run(sent(first, 1, 2))
    assert first.recalled == []
    asyncio.run(sent(second, 3, 4))
    assert second.recalled == [("shelf", photograph(2), [SIGHT.detections[0].box])]


def test_a_second_look_and_a_late_photograph_are_compared_with_none(tmp_path: Path) -> None:
    eye = ForgetfulEye()

    async def main() -> None:
        async with rig(tmp_path, eye) as running:
            await running.send(1)
            await running.work_off()
            await running.send(2, age_ms=3_600_000)
            await running.work_off()
            await running.look_again_at_all()
            await running.work_off()

    asyncio.run(main())
    assert eye.views == ["shelf", "", "", ""]


def test_second_look_that_fails_leaves_what_was_first_seen(tmp_path: Path) -> None:
    def stumble(_: bytes) -> None:
        if len(eye.looked_at) > 1:
            raise Malformed("It is torn by now.")

    eye = FakeEye(stumble)

    async def main() -> None:
        async with rig(tmp_path, eye) as running:
            await running.send(1)
            await running.work_off()
            await running.look_again_at_all()
            await running.work_off()

    asyncio.run(main())
    assert rows(tmp_path, "SELECT status, failure, observation_id FROM captures") == [("complete", None, 1)]
    assert rows(tmp_path, "SELECT done, failed FROM reprocess_runs") == [(0, 1)]


def test_look_that_is_under_way_when_its_run_is_cancelled_changes_nothing(tmp_path: Path) -> None:
    def cancel(_: bytes) -> None:
        rows(tmp_path, "UPDATE reprocess_runs SET cancelled = 1, ended_at_ms = 1")

    eye = FakeEye(cancel)

    async def main() -> None:
        async with rig(tmp_path, eye) as running:
            await running.send(1)
            await running.work_off()
            await running.look_again_at_all()
            await running.work_off()

    asyncio.run(main())
    assert len(eye.looked_at) == 2
    assert rows(tmp_path, "SELECT count(*) FROM observations") == [(1,)]
    assert rows(tmp_path, "SELECT done, failed FROM reprocess_runs") == [(0, 0)]
    assert rows(tmp_path, "SELECT attempts FROM captures") == [(0,)]


def test_photograph_that_failed_once_and_is_seen_now_is_complete_and_counted(tmp_path: Path) -> None:
    def stumble(_: bytes) -> None:
        if len(eye.looked_at) == 1:
            raise Malformed("It is too dark for this eye.")

    eye = FakeEye(stumble)

    async def main() -> None:
        async with rig(tmp_path, eye) as running:
            await running.send(1)
            await running.work_off()
            assert rows(tmp_path, "SELECT status FROM captures") == [("failed",)]
            await running.look_again_at_all()
            await running.work_off()

    asyncio.run(main())
    assert rows(tmp_path, "SELECT status, failure FROM captures") == [("complete", None)]
    assert rows(tmp_path, "SELECT canonical_name FROM inventory_items") == [("can",)]
