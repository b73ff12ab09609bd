"""The storage of a real box: figures, clean-ups on demand, cuts in the middle of one, and full cards."""

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_jpeg
from tests.server import Server

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    box = Server(tmp_path_factory.mktemp("storage") / "data", environment={"PANTRYBOX_CLOCK": "trusted"})
    with box:
        box.token = box.add_device()  # pyright: ignore[reportAttributeAccessIssue]
        yield box


def fill(data: Path, count: int, size: int = 100, age_days: int = 40, device_id: str = "shelf") -> list[str]:
    """So many old photographs, put straight into a data folder whose box is down or idle."""
    old_ms = time.time_ns() // 1_000_000 - age_days * DAY_MS
    ids = [str(uuid.uuid4()) for _ in range(count)]
    names = [f"{device_id}_{capture_id}.jpg" for capture_id in ids]
    for name in names:
        path = data / "storage/images" / name
        path.write_bytes(bytes(size))
        os.utime(path, (old_ms / 1000, old_ms / 1000))
    with closing(sqlite3.connect(data / "pantrybox.db", timeout=20)) as connection, connection:
        connection.executemany(
            """
            INSERT INTO captures (id, device_id, received_at_ms, captured_at_ms, image_path, size_bytes, sha256,
                                  status, failure, clock_synced)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'failed', 'Made by a test.', 1)
            """,
            [
                (id_, device_id, old_ms + number, old_ms, name, size, uuid.uuid4().bytes * 2)
                for number, (id_, name) in enumerate(zip(ids, names, strict=True))
            ],
        )
        connection.execute(
            """
            UPDATE devices
            SET image_count = image_count + ?, image_bytes = image_bytes + ?, capture_count = capture_count + ?
            WHERE id = ?
            """,
            (count, count * size, count, device_id),
        )
    return names


def files(data: Path) -> set[str]:
    return {path.name for path in (data / "storage/images").iterdir()}


def stats(box: Server) -> dict[str, Any]:
    answer = box.get("/v1/admin/storage/stats").json
    assert answer["status"] == "ok"
    return answer["storage"]


def test_upload_is_counted_with_its_size_and_time(box: Server) -> None:
    before = stats(box)
    jpeg = make_jpeg(comment=os.urandom(60_000))
    assert box.upload(jpeg, box.token).status == 201  # pyright: ignore[reportAttributeAccessIssue]
    after = stats(box)
    assert after["file_count"] == before["file_count"] + 1
    assert after["total_size_mb"] == pytest.approx(before["total_size_mb"] + len(jpeg) / 1024 / 1024, abs=0.011)
    assert after["newest_file"] > (before["newest_file"] or "")
    row = box_row(box.data, "SELECT running_ms > 0, clock_synced FROM captures ORDER BY seq DESC LIMIT 1")
    assert row == (1, 1)


def box_row(data: Path, sql: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(f"{(data / 'pantrybox.db').as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchone()


def test_clean_up_by_age_tells_what_it_did_and_who_asked(box: Server) -> None:
    names = fill(box.data, 5, size=300_000)
    kept = files(box.data) - set(names)
    result = box.post("/v1/admin/storage/cleanup?days=30", None)
    assert result.status == 200
    assert result.json["status"] == "ok"
    shown = result.json["result"]
    assert shown.pop("cutoff_date").endswith("Z")
    assert shown == {"success": True, "deleted_count": 5, "freed_mb": 1.43, "errors": []}
    assert files(box.data) == kept
    run = box.get("/v1/admin/jobs?limit=1").json["items"][0]
    assert (run["job"], run["asked_by"], run["outcome"], run["deleted_count"]) == ("retention", "key test", "done", 5)
    audited = box_row(box.data, "SELECT actor, act, target, details FROM audit_log ORDER BY id DESC LIMIT 1")
    assert audited == ("key test", "storage.cleaned", "retention", '{"days":30}')


def test_clean_up_of_failed_ones_uses_its_own_days(box: Server) -> None:
    fill(box.data, 3, age_days=10)
    assert box.post("/v1/admin/storage/cleanup-failed?days=20", None).json["result"]["deleted_count"] == 0
    assert box.post("/v1/admin/storage/cleanup-failed", None).json["result"]["deleted_count"] == 3


def test_quota_under_and_over_its_limit(box: Server) -> None:
    answer = box.post("/v1/admin/storage/check-quota?max_mb=5000", None)
    shown = answer.json["result"]
    assert answer.status == 200
    assert set(shown) == {"over_quota", "current_size_mb", "limit_mb", "cleanup_needed"}
    assert (shown["over_quota"], shown["limit_mb"], shown["cleanup_needed"]) == (False, 5000, False)
    fill(box.data, 4, size=500_000)
    shown = box.post("/v1/admin/storage/check-quota?max_mb=1", None).json["result"]
    assert (shown["over_quota"], shown["cleanup_needed"], shown["limit_mb"]) == (True, True, 1)
    assert shown["current_size_mb"] <= 1 < shown["previous_size_mb"]
    assert shown["cleanup_result"]["success"]
    assert shown["freed_mb"] == pytest.approx(shown["previous_size_mb"] - shown["current_size_mb"], abs=0.011)
    size = sum((box.data / "storage/images" / name).stat().st_size for name in files(box.data))
    assert shown["current_size_mb"] == pytest.approx(size / 1024 / 1024, abs=0.01)


def test_orphans_go_on_demand(box: Server) -> None:
    orphan = box.data / "storage/images/shelf_orphan.jpg"
    orphan.write_bytes(b"x")
    assert box.post("/v1/admin/storage/cleanup-orphans", None).json == {"deleted_count": 0, "status": "ok"}
    os.utime(orphan, (time.time() - 7200, time.time() - 7200))  # noqa: TID251 - a file of two hours ago
    assert box.post("/v1/admin/storage/cleanup-orphans", None).json == {"deleted_count": 1, "status": "ok"}
    assert not orphan.exists()


@pytest.mark.parametrize(
    ("path", "name", "bounds"),
    [
        ("cleanup", "days", ("0", "3651", "-5e36", "x", "1.5")),
        ("cleanup-failed", "days", ("0", "3651", "-5e36", "x")),
        ("check-quota", "max_mb", ("0", "-1", "-5e36", "1e999", "x")),
    ],
)
def test_number_out_of_range_is_422(box: Server, path: str, name: str, bounds: tuple[str, ...]) -> None:
    for value in bounds:
        assert box.post(f"/v1/admin/storage/{path}?{name}={value}", None).status == 422, value


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-5e36", "cursor=0", "cursor=x"])
def test_list_of_runs_has_bounds(box: Server, query: str) -> None:
    assert box.get(f"/v1/admin/jobs?{query}").status == 422


def test_runs_are_listed_in_pages_with_what_comes_next(box: Server) -> None:
    for days in (3001, 3002, 3003):
        box.post(f"/v1/admin/storage/cleanup?days={days}", None)
    seen: list[int] = []
    cursor = ""
    while True:
        page = box.get(f"/v1/admin/jobs?limit=2{cursor}").json
        seen += [run["id"] for run in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == page["total"]
    box.wait_until("/v1/admin/jobs", lambda answer: len(answer["next"]) == 4)
    assert {entry["job"] for entry in page["next"]} <= {"retention", "failed", "quota", "sweep"}


def test_only_an_admin_may(box: Server) -> None:
    key = box.command("key", "create", "reader", "--scope", "write").strip()
    headers = {"Authorization": f"Bearer {key}"}
    for method, path in [
        ("GET", "storage/stats"),
        ("GET", "jobs"),
        ("POST", "storage/cleanup"),
        ("POST", "storage/cleanup-failed"),
        ("POST", "storage/check-quota"),
        ("POST", "storage/cleanup-orphans"),
    ]:
        assert box.request(method, f"/v1/admin/{path}", headers=headers).status == 403
        assert box.request(method, f"/v1/admin/{path}").status == 401


def test_unplugged_disk_is_no_clean_up(box: Server) -> None:
    names = fill(box.data, 6)
    images = box.data / "storage/images"
    images.rename(images.with_name("unplugged"))
    try:
        for path in ("cleanup", "cleanup-orphans"):
            answer = box.post(f"/v1/admin/storage/{path}", None)
            assert answer.status == 409
            assert "Is its disk mounted?" in answer.json["detail"]
        images.mkdir()
        for path in ("cleanup", "cleanup-orphans"):
            answer = box.post(f"/v1/admin/storage/{path}", None)
            assert answer.status == 409
            assert "Is their disk mounted?" in answer.json["detail"]
        images.rmdir()
    finally:
        images.with_name("unplugged").rename(images)
    assert files(box.data) >= set(names)
    assert box.post("/v1/admin/storage/cleanup", None).json["result"]["success"]
    assert not files(box.data) & set(names)


@pytest.mark.slow
def test_box_without_a_synchronised_clock_keeps_what_is_only_said_to_be_old(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"PANTRYBOX_CLOCK": "auto"}) as box:
        token = box.add_device()
        assert box.upload(make_jpeg(), token).status == 201
        fill(box.data, 3, age_days=400)
        with closing(sqlite3.connect(box.data / "pantrybox.db", timeout=20)) as connection, connection:
            connection.execute("UPDATE captures SET running_ms = (SELECT max(running_ms) FROM captures)")
        assert box.post("/v1/admin/storage/cleanup", None).json["result"]["deleted_count"] == 0


@pytest.mark.slow
def test_newest_photograph_from_the_future_makes_a_clean_up_a_conflict(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box:
        box.add_device()
        box.stop()
        fill(box.data, 1, age_days=-400)
        box.start()
        answer = box.post("/v1/admin/storage/cleanup", None)
        assert answer.status == 409
        assert answer.json["detail"].startswith("Nothing is deleted by age while the clock cannot be trusted. The ")


@pytest.mark.slow
@pytest.mark.parametrize("after_files", [1, 150, 1200])
def test_box_that_is_killed_in_the_middle_of_a_clean_up_is_sound_after_the_next_start(
    tmp_path: Path, after_files: int
) -> None:
    box = Server(tmp_path / "data", environment={"PANTRYBOX_CLOCK": "trusted"})
    with box:
        box.add_device()
        _ = box.key
        box.stop()
        fill(box.data, 3000)
        box.start()
        asking = threading.Thread(target=ask_and_be_cut_off, args=(box,))
        asking.start()
        end = time.monotonic() + 30
        while len(files(box.data)) > 3000 - after_files:
            assert time.monotonic() < end
        box.kill()
        asking.join()
        assert 0 < len(files(box.data)) < 3000
        box.start()
        problems = [line for line in box.get("/v1/check").body.splitlines() if b"no capture claims" in line]
        assert problems == []
        claimed = box_row(
            box.data, "SELECT count(*), coalesce(sum(size_bytes), 0) FROM captures WHERE image_path <> ''"
        )
        counted = box_row(box.data, "SELECT sum(image_count), sum(image_bytes) FROM devices")
        assert (len(files(box.data)), counted) == (claimed[0], claimed)
        run = box.get("/v1/admin/jobs").json["items"][0]
        assert (run["job"], run["outcome"]) == ("retention", "failed")
        assert run["errors"] == ["PantryBox was interrupted while this ran."]


def ask_and_be_cut_off(box: Server) -> None:
    try:
        box.post("/v1/admin/storage/cleanup", None)
    except OSError:
        return


@pytest.mark.slow
def test_page_keeps_answering_while_5000_photographs_go(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"PANTRYBOX_CLOCK": "trusted"}) as box:
        box.add_device()
        assert box.get("/").status == 200
        fill(box.data, 5000)
        asking = threading.Thread(target=box.post, args=("/v1/admin/storage/cleanup", None))
        waits: list[float] = []
        asking.start()
        while asking.is_alive():
            began = time.monotonic()
            assert box.get("/").status == 200
            waits.append(time.monotonic() - began)
        asking.join()
        assert stats(box)["file_count"] == 0
        assert len(waits) >= 3
        assert max(waits) < 1
