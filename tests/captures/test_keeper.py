"""Clean-ups with real rows and real files: what goes, what stays, and what is written down about it."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pantrybox.captures import job_runs
from pantrybox.captures.job_runs import Asker
from pantrybox.captures.keeper import MEGABYTE
from pantrybox.captures.retention import BATCH
from pantrybox.clock import DAY_MS
from pantrybox.storage.database import Reader, Writer
from tests.captures.box_time import HOUR_MS, BoxTime
from tests.captures.store import Store, with_store

pytestmark = pytest.mark.slow


def later(store: Store, days: float) -> None:
    store.time.true_ms += round(days * DAY_MS)
    store.time.synchronise()


async def until_some_went(store: Store) -> None:
    while not await store.value("SELECT coalesce(sum(deleted_count), 0) FROM job_runs"):  # noqa: ASYNC110 - rows ring no bell
        await asyncio.sleep(0)


def runs(reader: Reader) -> list[job_runs.JobRun]:
    return job_runs.newest_first(reader, None, 100)


def test_photographs_go_by_age_and_what_is_known_of_them_stays(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        await store.add()
        later(store, 20)
        young = await store.add(size=7)
        later(store, 11)
        run = await store.keeper.by_age(30)
        assert (run.outcome, run.deleted_count, run.freed_bytes, run.errors) == ("done", 1, 10, [])
        assert store.names == await store.claimed() == {young}
        assert await store.totals() == (1, 7)
        assert await store.value("SELECT count(*) FROM captures") == 2

    with_store(tmp_path, story)


def test_more_than_a_batch_goes_in_several(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        for _ in range(2 * BATCH + 3):
            await store.add()
        later(store, 2)
        run = await store.keeper.by_age(1)
        assert run.deleted_count == 2 * BATCH + 3
        assert (await store.totals(), store.names) == ((0, 0), set())
        assert await store.database.read(runs) == [run]

    with_store(tmp_path, story)


@pytest.mark.parametrize("step_days", [730, -730, -20_000])
def test_clock_that_was_set_deletes_nothing_and_says_why(tmp_path: Path, step_days: int) -> None:
    async def story(store: Store) -> None:
        name = await store.add()
        store.time.error_ms = step_days * DAY_MS
        for run in (await store.keeper.by_age(30), await store.keeper.failed(7)):
            assert run.outcome == "refused"
            assert run.errors[0].startswith("Nothing is deleted by age while the clock cannot be trusted. The clock ")
        assert (await store.keeper.to_quota(5000)).deleted_count == 0
        assert (await store.keeper.sweep()).deleted_count == 0
        assert store.names == {name}

    with_store(tmp_path, story)


def test_clock_that_steps_during_a_clean_up_ends_it(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        for _ in range(BATCH + 1):
            await store.add()
        later(store, 31)
        task = asyncio.ensure_future(store.keeper.by_age(30))
        await until_some_went(store)
        store.time.error_ms = 2 * DAY_MS
        run = await task
        assert run.outcome in {"refused", "done"}
        assert run.deleted_count in {BATCH, BATCH + 1}

    with_store(tmp_path, story)


def test_failed_ones_go_earlier(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        await store.add("a", status="failed")
        await store.add("b", status="failed")
        complete = await store.add("a")
        later(store, 8)
        fresh = await store.add("b", status="failed")
        assert (await store.keeper.failed()).deleted_count == 2
        assert store.names == {complete, fresh}

    with_store(tmp_path, story)


def test_over_its_quota_the_oldest_go_whatever_their_clock_said(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        oldest = await store.add(size=MEGABYTE)
        store.time.error_ms = -20_000 * DAY_MS
        told_1970 = [await store.add(size=MEGABYTE) for _ in range(2)]
        store.time.error_ms = 0
        run = await store.keeper.to_quota(2)
        assert (run.deleted_count, run.details["previous_bytes"]) == (1, 3 * MEGABYTE)
        assert oldest not in store.names
        assert store.names == set(told_1970)

    with_store(tmp_path, story)


def test_quota_takes_newest_of_each_camera_and_what_waits_last(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        waiting = await store.add("a", size=MEGABYTE, status="stored")
        lone = await store.add("b", size=MEGABYTE)
        middle = await store.add("a", size=MEGABYTE)
        newest = await store.add("a", size=MEGABYTE)
        left = []
        for max_mb in (4, 3, 2, 1):
            await store.keeper.to_quota(max_mb)
            left.append(store.names)
        assert left == [{waiting, lone, middle, newest}, {waiting, lone, newest}, {lone, newest}, {newest}]
        assert await store.value("SELECT failure FROM captures WHERE seq = 1") == (
            "The image was deleted before anybody looked at it."
        )

    with_store(tmp_path, story)


def test_unmounted_folder_costs_no_row(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        names = {await store.add(size=MEGABYTE) for _ in range(5)}
        later(store, 40)
        for path in store.folder.iterdir():
            path.unlink()
        kept = [await store.keeper.by_age(30), await store.keeper.to_quota(1), await store.keeper.sweep()]
        store.folder.rmdir()
        kept += [await store.keeper.by_age(30), await store.keeper.to_quota(1), await store.keeper.sweep()]
        assert {run.outcome for run in kept} == {"refused"}
        assert all("disk mounted?" in run.errors[0] for run in kept)
        assert await store.claimed() == names
        store.folder.mkdir()

    with_store(tmp_path, story)


def test_sweep_removes_what_nobody_claims_and_notes_what_is_gone(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        kept = [await store.add() for _ in range(10)]
        for name in ("shelf_old.jpg", ".partial-shelf_old.jpg"):
            store.put(name, size=3, age_ms=HOUR_MS + 1)
        for name in ("shelf_new.jpg", ".partial-shelf_new.jpg"):
            store.put(name, age_ms=HOUR_MS - 60_000)
        store.put("notes.txt", age_ms=9 * HOUR_MS)
        (store.folder / kept[3]).unlink()
        run = await store.keeper.sweep()
        assert (run.outcome, run.deleted_count, run.freed_bytes, run.details) == ("done", 2, 6, {"missing": 1})
        assert store.names == {*kept, "shelf_new.jpg", ".partial-shelf_new.jpg", "notes.txt"} - {kept[3]}
        assert await store.totals() == (9, 90)
        assert await store.claimed() == set(kept) - {kept[3]}
        assert await store.value("SELECT notes FROM captures WHERE image_path IS NULL") == (
            '["The file of this photograph was gone from the card."]'
        )

    with_store(tmp_path, story)


@pytest.mark.parametrize(("gone", "outcome"), [(2, "done"), (3, "refused")])
def test_sweep_believes_that_a_fifth_is_gone_and_not_more(tmp_path: Path, gone: int, outcome: str) -> None:
    async def story(store: Store) -> None:
        kept = [await store.add() for _ in range(10)]
        store.put("shelf_old.jpg", age_ms=2 * HOUR_MS)
        for name in kept[:gone]:
            (store.folder / name).unlink()
        run = await store.keeper.sweep()
        assert run.outcome == outcome
        assert ("shelf_old.jpg" in store.names) == (outcome == "refused")
        assert len(await store.claimed()) == (10 if outcome == "refused" else 8)

    with_store(tmp_path, story)


@pytest.mark.parametrize(("unknown", "outcome"), [(64, "done"), (65, "refused")])
def test_sweep_does_not_believe_that_most_files_are_nobodys(tmp_path: Path, unknown: int, outcome: str) -> None:
    async def story(store: Store) -> None:
        await store.add()
        for number in range(unknown):
            store.put(f"shelf_{number}.jpg", age_ms=2 * HOUR_MS)
        run = await store.keeper.sweep()
        assert run.outcome == outcome
        assert len(store.names) == (unknown + 1 if outcome == "refused" else 1)

    with_store(tmp_path, story)


def test_files_whose_deletion_was_cut_off_go_however_many_there_are(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        for _ in range(100):
            await store.add()
        names = store.names
        later(store, 31)
        await store.keeper.by_age(30)
        for name in names:
            store.put(name, age_ms=2 * HOUR_MS)  # as if the power had failed before they were unlinked
        assert (await store.keeper.sweep()).deleted_count == 100

    with_store(tmp_path, story)


def test_what_changes_nothing_is_not_written_and_what_is_refused_is_written_once(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        await store.add()
        for run in (store.keeper.by_age(30), store.keeper.failed(), store.keeper.to_quota(5), store.keeper.sweep()):
            assert (await run).outcome == "done"
        assert (await store.keeper.make_room()).outcome == "done"
        assert await store.database.read(runs) == []
        assert set(store.keeper.last) == {"retention", "failed", "quota", "sweep", "room"}
        store.time.error_ms = -2 * HOUR_MS
        for _ in range(3):
            await store.keeper.by_age(30)
        assert [run.outcome for run in await store.database.read(runs)] == ["refused"]

    with_store(tmp_path, story)


def test_what_a_person_asks_for_is_written_with_what_else_is_to_be(tmp_path: Path) -> None:
    def alongside(writer: Writer) -> None:
        writer.execute("INSERT INTO audit_log (at_ms, actor, act) VALUES (1, 'owner', 'storage.cleaned')")

    async def story(store: Store) -> None:
        await store.keeper.by_age(30, Asker("owner", alongside))
        (run,) = await store.database.read(runs)
        assert (run.asked_by, run.outcome, run.deleted_count) == ("owner", "done", 0)
        assert await store.value("SELECT count(*) FROM audit_log") == 1

    with_store(tmp_path, story)


def test_run_that_was_cut_off_gets_an_end(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        await store.database.write(
            lambda writer: job_runs.save(writer, job_runs.JobRun("retention", "schedule", 1, deleted_count=200))
        )
        assert await store.database.read(job_runs.open_count) == 1
        await store.database.write(job_runs.end_cut_off)
        (run,) = await store.database.read(runs)
        assert (run.outcome, run.errors, run.deleted_count) == ("failed", [job_runs.CUT_OFF], 200)
        assert await store.database.read(job_runs.open_count) == 0

    with_store(tmp_path, story)


def test_keeper_that_is_closed_ends_after_the_batch_it_is_at(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        for _ in range(3 * BATCH):
            await store.add()
        later(store, 31)
        asked = asyncio.ensure_future(store.keeper.by_age(30))
        await until_some_went(store)
        asked.cancel()  # as the schedule is when the box goes down
        await store.keeper.close()
        count, _ = await store.totals()
        assert count % BATCH == 0
        assert 0 < count < 3 * BATCH
        assert store.names == await store.claimed()

    with_store(tmp_path, story)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.sampled_from(["a", "b"]), st.integers(1, 3 * MEGABYTE // 2)),
            st.tuples(st.just("age"), st.just(""), st.integers(1, 40)),
            st.tuples(st.just("wait"), st.just(""), st.integers(1, 20)),
            st.tuples(st.just("quota"), st.just(""), st.integers(1, 4)),
            st.tuples(st.just("failed"), st.just(""), st.integers(1, 20)),
            st.tuples(st.just("lose"), st.just(""), st.integers(0, 9)),
            st.tuples(st.just("sweep"), st.just(""), st.just(0)),
        ),
        max_size=20,
    )
)
def test_counters_rows_and_files_agree_whatever_is_done(actions: list[tuple[str, str, int]]) -> None:
    async def story(store: Store) -> None:
        lost: set[str] = set()
        for action, device_id, amount in actions:
            match action:
                case "add":
                    await store.add(device_id, amount, "failed" if amount % 3 == 0 else "complete")
                case "wait":
                    later(store, amount)
                case "age":
                    await store.keeper.by_age(amount)
                case "failed":
                    await store.keeper.failed(amount)
                case "quota":
                    await store.keeper.to_quota(amount)
                case "lose":
                    for name in sorted(store.names)[amount : amount + 1]:
                        (store.folder / name).unlink()
                        lost.add(name)
                case _:
                    await store.keeper.sweep()
            claimed = await store.claimed()
            assert store.names == claimed - lost
            sizes = await store.value("SELECT coalesce(sum(size_bytes), 0) FROM captures WHERE image_path IS NOT NULL")
            assert await store.totals() == (len(claimed), sizes)

    folder = Path(tempfile.mkdtemp())
    try:
        with_store(folder, story)
    finally:
        shutil.rmtree(folder)


def test_box_without_a_time_server_does_not_delete_what_is_only_said_to_be_old(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        name = await store.add()
        store.time.reboot(0, 40 * DAY_MS)  # a clock that stood somewhere else
        restarted = store.time.clock()
        restarted.resume(store.clock.running_ms(), None)
        store.keeper._clock = restarted  # pyright: ignore[reportPrivateUsage]
        assert (await store.keeper.by_age(30)).outcome == "done"
        assert store.names == {name}

    with_store(tmp_path, story, BoxTime())
