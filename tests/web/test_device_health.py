"""/v1/devices/{id}/health and /captures: figures of a week and of a day, by receipt, and what they say of a camera."""

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from pantrybox.clock import wall_clock_ms
from tests.conftest import make_jpeg
from tests.server import Server

pytestmark = pytest.mark.slow

HOUR = 3_600_000
DAY = 24 * HOUR
FIELDS = {"device_id", "is_healthy", "status", "battery_v", "battery_pct", "rssi", "last_seen_at", "captures_7d"}
FIELDS |= {"success_rate_7d", "captures_24h", "success_rate_24h"}
MORE = {"battery_kind", "battery_kind_guessed", "battery_trend_pct_per_day", "battery_days_left", "wake_ms"}
MORE |= {"queue_depth", "firmware_version", "board", "free_heap", "boot_reason", "reasons"}
ENTRY = {"id", "trigger_type", "captured_at", "status", "battery_v", "rssi"}


class Box(Server):
    def remember(self, device_id: str, photographs: list[dict[str, Any]], **columns: Any) -> None:
        """A camera with a past, written into the stopped box's database; each photograph is `ago_ms` old."""
        now_ms = wall_clock_ms()
        with closing(sqlite3.connect(self.data / "pantrybox.db")) as database, database:
            device: dict[str, Any] = {"capture_count": len(photographs)} | columns
            if "silent_ms" in device:
                device["last_seen_at_ms"] = now_ms - device.pop("silent_ms")
            settings = ", ".join(f"{name} = :{name}" for name in device)
            database.execute(
                "INSERT INTO devices (id, name, token_sha256, created_at_ms) VALUES (?, ?, randomblob(32), 0)",
                [device_id, device_id],
            )
            database.execute(f"UPDATE devices SET {settings} WHERE id = :id", device | {"id": device_id})  # noqa: S608
            for photograph in photographs:
                at_ms = now_ms - photograph["ago_ms"]
                database.execute(
                    """
                    INSERT INTO captures (id, device_id, received_at_ms, captured_at_ms, size_bytes, sha256, status,
                                          failure, battery_v, telemetry)
                    VALUES (:id, :device_id, :at_ms, :at_ms, 1, zeroblob(32), :status, :failure, :volts, :telemetry)
                    """,
                    {
                        "id": str(uuid.uuid4()),
                        "device_id": device_id,
                        "at_ms": at_ms,
                        "status": photograph.get("status", "complete"),
                        "failure": "It broke." if photograph.get("status") == "failed" else None,
                        "volts": photograph.get("volts"),
                        "telemetry": json.dumps(photograph["said"]) if "said" in photograph else None,
                    },
                )


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """With cameras that have a past. Only to look at, but for cameras of a test's own."""
    with Box(tmp_path_factory.mktemp("health") / "data") as running:
        assert running.key
        running.stop()
        week = [{"ago_ms": hour * HOUR + 60_000, "volts": 3.6 + 0.001 * hour} for hour in range(9 * 24)]
        running.remember("emptying", week, battery_v=3.6, silent_ms=60_000)
        failing = [{"ago_ms": HOUR, "status": status} for status in ["complete"] * 8 + ["failed"]]
        failing += [{"ago_ms": 2 * DAY}] * 91 + [{"ago_ms": 8 * DAY, "status": "failed"}] * 50
        running.remember("failing", failing, silent_ms=60_000)
        awake = [{"ago_ms": 60_000, "said": {"wake-ms": said}} for said in ("100", "200", "9000", "soon")]
        running.remember("awake", [*awake, {"ago_ms": 2 * DAY, "said": {"wake-ms": "1"}}], silent_ms=60_000)
        for name, silent_ms in (("lively", HOUR - 60_000), ("idle", HOUR + 60_000), ("dead", 8 * DAY)):
            running.remember(name, [], silent_ms=silent_ms)
        running.remember("slow", [], silent_ms=9 * HOUR, orders='{"sleep_s": 14400}', orders_version=1)
        running.start()
        yield running


def health(box: Server, device_id: str) -> dict[str, Any]:
    answer = box.get(f"/v1/devices/{device_id}/health")
    assert answer.status == 200, answer.body
    return answer.json


def history(box: Server, device_id: str, query: str = "") -> dict[str, Any]:
    answer = box.get(f"/v1/devices/{device_id}/captures{query}")
    assert answer.status == 200, answer.body
    return answer.json


# Health


def test_camera_that_was_never_seen_is_not_well_and_says_why(box: Box) -> None:
    made = box.post("/v1/devices", {"name": "New"}).json
    shown = health(box, made["id"])
    assert set(shown) == FIELDS | MORE
    assert (shown["device_id"], shown["is_healthy"], shown["status"]) == (made["id"], False, "inactive")
    assert shown["reasons"] == ["It has never sent a photograph."]
    assert (shown["captures_7d"], shown["captures_24h"]) == (0, 0)
    assert {shown[name] for name in FIELDS | MORE if "rate" in name or "battery_" in name} == {None, False}


def test_camera_that_just_sent_is_well_and_shows_what_it_said(box: Box) -> None:
    made = box.post("/v1/devices", {"name": "Live", "device_id": "live"}).json
    said = {"X_Firmware_Version": "1.4.0", "X_Board": "xiao", "X_Boot_Reason": "timer", "X_Queue_Depth": "3"}
    said |= {"X_Free_Heap": "151552", "X_Wake_Ms": "2150", "X_Battery_V": "3.9", "X_Rssi": "-61"}
    answer = box.upload(make_jpeg(), made["device_token"], "live", **said)
    assert answer.status == 201
    shown = health(box, "live")
    assert (shown["is_healthy"], shown["reasons"], shown["status"]) == (True, [], "active")
    assert (shown["battery_v"], shown["battery_pct"], shown["rssi"]) == (3.9, 75, -61)
    assert (shown["battery_kind"], shown["battery_kind_guessed"]) == ("lipo_1s", True)
    assert (shown["queue_depth"], shown["free_heap"], shown["wake_ms"]) == (3, 151_552, 2150)
    assert (shown["firmware_version"], shown["board"], shown["boot_reason"]) == ("1.4.0", "xiao", "timer")
    assert (shown["captures_7d"], shown["captures_24h"]) == (1, 1)
    assert shown["last_seen_at"] == box.get("/v1/devices/live").json["last_seen_at"]


def test_nonsense_of_a_camera_breaks_nothing(box: Box) -> None:
    made = box.post("/v1/devices", {"name": "Mad", "device_id": "mad"}).json
    said = {"X_Queue_Depth": "-1", "X_Free_Heap": "9" * 90, "X_Wake_Ms": "NaN", "X_Battery_V": "inf", "X_Rssi": "x"}
    assert box.upload(make_jpeg(), made["device_token"], "mad", **said).status == 201
    shown = health(box, "mad")
    assert {shown[name] for name in ("queue_depth", "free_heap", "wake_ms", "battery_v", "rssi")} == {None}


def test_photograph_that_says_less_leaves_what_was_said_before(box: Box) -> None:
    made = box.post("/v1/devices", {"name": "Terse", "device_id": "terse"}).json
    for headers in ({"X_Board": "xiao", "X_Battery_V": "4.0"}, {}):
        jpeg = make_jpeg(comment=uuid.uuid4().hex.encode())
        assert box.upload(jpeg, made["device_token"], "terse", **headers).status == 201
    shown = health(box, "terse")
    assert (shown["board"], shown["battery_v"]) == ("xiao", 4.0)


def test_windows_are_counted_and_rated_apart(box: Box) -> None:
    shown = health(box, "failing")
    assert (shown["captures_24h"], shown["success_rate_24h"]) == (9, 89)
    assert (shown["captures_7d"], shown["success_rate_7d"]) == (100, 99)
    assert shown["is_healthy"] is False
    assert shown["reasons"] == ["Only 89 % of its photographs of the last day could be looked at."]
    assert box.get("/v1/devices/failing").json["failed_captures"] == 51
    assert box.get("/v1/devices/failing").json["total_captures"] == 150


def test_battery_that_empties_says_for_how_long_it_lasts(box: Box) -> None:
    shown = health(box, "emptying")
    # A millivolt an hour of the 1.2 V of one cell: two percent a day, and half of it is left.
    assert shown["battery_trend_pct_per_day"] == pytest.approx(-2, abs=0.05)
    assert shown["battery_days_left"] == pytest.approx(25, abs=1)
    assert shown["battery_pct"] == 50


def test_wake_time_is_the_median_of_the_last_day(box: Box) -> None:
    assert health(box, "awake")["wake_ms"] == 200


@pytest.mark.parametrize(
    ("device_id", "status", "well"),
    [("lively", "active", True), ("idle", "idle", False), ("dead", "offline", False), ("slow", "idle", True)],
)
def test_silence_is_judged_by_the_orders_of_the_camera(box: Box, device_id: str, status: str, well: bool) -> None:
    shown = health(box, device_id)
    assert (shown["status"], shown["is_healthy"]) == (status, well)
    assert bool(shown["reasons"]) is not well


# What it sent


def test_history_shows_the_window_newest_first(box: Box) -> None:
    whole = history(box, "emptying", "?limit=1000")
    assert set(whole) == {"device_id", "total", "days", "status_filter", "captures", "next_cursor"}
    assert (whole["device_id"], whole["days"], whole["status_filter"]) == ("emptying", 7, None)
    assert whole["total"] == len(whole["captures"]) == 7 * 24
    assert all(set(entry) == ENTRY for entry in whole["captures"])
    times = [entry["captured_at"] for entry in whole["captures"]]
    assert times == sorted(times, reverse=True)
    assert history(box, "emptying", "?days=1")["total"] == 24
    assert history(box, "emptying", "?days=90")["total"] == 9 * 24


def test_history_by_status(box: Box) -> None:
    failed = history(box, "failing", "?days=90&status=failed")
    assert (failed["total"], failed["status_filter"], len(failed["captures"])) == (51, "failed", 51)
    assert {entry["status"] for entry in failed["captures"]} == {"failed"}
    assert history(box, "failing", "?status=stored")["captures"] == []


@pytest.mark.parametrize("status", ["", "&status=complete"])
def test_pages_of_the_history_hold_everything_once(box: Box, status: str) -> None:
    path = f"?days=90&limit=40{status}"
    whole = history(box, "failing", f"?days=90&limit=1000{status}")
    seen, cursor = [], ""
    while True:
        page = history(box, "failing", path + cursor)
        assert page["total"] == whole["total"]
        seen += page["captures"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == whole["captures"]


@pytest.mark.parametrize(
    "query",
    ["days=0", "days=91", "days=-5e36", "days=x", "limit=0", "limit=1001", "cursor=x", "cursor=-1", "status=lost"],
)
def test_history_out_of_range_is_refused(box: Box, query: str) -> None:
    assert box.get(f"/v1/devices/failing/captures?{query}").status == 422


def test_unknown_camera_has_no_health_and_no_history(box: Box) -> None:
    assert box.get("/v1/devices/nobody/health").status == 404
    assert box.get("/v1/devices/nobody/captures").status == 404
