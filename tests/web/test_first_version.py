"""A client of the first version goes on working, but for the key that it now sends: names and numbers are the same."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server

# The box looks at photographs here: seconds each.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Server]:
    """With one camera, three photographs, and a thing that a person counted."""
    with Server(tmp_path_factory.mktemp("first") / "data") as running:
        token = running.post("/v1/devices", {"name": "Pantry camera", "device_id": "cam-1"}).json["device_token"]
        for path in demo_photographs[:3]:
            answer = running.upload(path.read_bytes(), token, "cam-1", X_Battery_V="7.9", X_Rssi="-61")
            assert answer.status == 201
        running.wait_until_analysed()
        running.post("/v1/inventory/override", {"item_name": "Milk", "count_estimate": 2, "notes": "in the door"})
        yield running


def has(answer: dict[str, Any], *names: str) -> bool:
    missing = [name for name in names if name not in answer]
    assert missing == [], f"{missing} not in {sorted(answer)}"
    return True


def test_upload_of_a_form_is_answered_as_ever(box: Server, demo_photographs: list[Path]) -> None:
    token = box.post("/v1/devices", {"name": "Form"}).json
    boundary = "form"
    fields = {"device_id": token["id"], "token": token["device_token"], "timestamp": "2026-01-05T10:00:00Z"}
    fields |= {"trigger_type": "door", "battery_v": "7.4", "rssi": "-70"}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'.encode())
    parts.append(b"Content-Type: image/jpeg\r\n\r\n" + demo_photographs[0].read_bytes() + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    sent = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = box.request("POST", "/v1/ingest", b"".join(parts), sent)
    assert answer.status == 201
    assert has(answer.json, "status", "capture_id", "message", "orders", "firmware", "server_time")
    assert answer.json["status"] == "stored"


def test_photographs(box: Server) -> None:
    listed = box.get("/v1/captures?device_id=cam-1&status=complete&limit=2").json
    assert has(listed, "total", "items", "next_cursor")
    older = box.get(f"/v1/captures?device_id=cam-1&before={listed['next_cursor']}").json
    assert len(listed["items"]) + len(older["items"]) == listed["total"] == 3
    detail = box.get(f"/v1/captures/{listed['items'][0]['id']}").json
    assert has(detail, "observation", "detections")
    assert has(detail["detections"][0], "id", "box", "score", "item_name", "confidence", "suggestions", "source")
    assert len(detail["detections"][0]["box"]) == 4
    for picture in ("image", "thumbnail"):
        answer = box.get(f"/v1/captures/{detail['id']}/{picture}")
        assert (answer.status, answer.headers["content-type"], answer.body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert box.request("POST", f"/v1/captures/{detail['id']}/reprocess", b"", authority(box)).status == 200


def test_teaching(box: Server) -> None:
    capture = box.get("/v1/captures?device_id=cam-1&limit=1").json["items"][0]["id"]
    best = box.get(f"/v1/captures/{capture}").json["detections"][0]
    lesson = {"capture_id": capture, "detection_id": best["id"], "item_name": "Oat drink", "positive": True}
    taught = box.post("/v1/examples", lesson)
    assert taught.status == 201
    assert has(taught.json, "example_id", "item_id", "also_changed")
    named = next(one for one in box.get(f"/v1/captures/{capture}").json["detections"] if one["id"] == best["id"])
    assert (named["item_name"], named["source"]) == ("Oat drink", "person")
    assert has(named["suggestions"][0], "item_name", "confidence")
    path = f"/v1/examples/{taught.json['example_id']}"
    assert box.request("DELETE", path, headers=authority(box)).status == 200


def authority(box: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {box.key}"}


def test_cameras(box: Server) -> None:
    listed = box.get("/v1/devices?skip=0&limit=100").json
    assert has(listed, "total", "skip", "limit", "items")
    row = next(row for row in listed["items"] if row["id"] == "cam-1")
    assert has(row, "id", "name", "status", "battery_v", "battery_pct", "rssi", "last_seen_at", "capture_count")
    assert (row["status"], row["battery_v"], row["battery_pct"], row["rssi"]) == ("active", 7.9, 79, -61)
    detail = box.get("/v1/devices/cam-1").json
    assert has(detail, "total_captures", "failed_captures", "created_at", "settings")
    assert (detail["total_captures"], detail["failed_captures"]) == (3, 0)


def test_health_of_a_camera(box: Server) -> None:
    health = box.get("/v1/devices/cam-1/health").json
    assert has(health, "device_id", "is_healthy", "status", "battery_v", "battery_pct", "rssi", "last_seen_at")
    assert has(health, "captures_7d", "success_rate_7d", "captures_24h", "success_rate_24h")
    assert (health["is_healthy"], health["captures_7d"], health["success_rate_7d"]) == (True, 3, 100)


def test_photographs_of_a_camera(box: Server) -> None:
    history = box.get("/v1/devices/cam-1/captures?days=7&status=complete").json
    assert has(history, "device_id", "total", "days", "status_filter", "captures")
    assert (history["device_id"], history["total"], history["days"], history["status_filter"]) == (
        *("cam-1", 3, 7),
        "complete",
    )
    assert has(history["captures"][0], "id", "trigger_type", "captured_at", "status", "battery_v", "rssi")


def test_camera_is_made_and_removed(box: Server) -> None:
    made = box.post("/v1/devices", {"name": "Cellar"})
    assert made.status == 201
    assert has(made.json, "device_token")
    assert made.json["status"] == "inactive"
    assert box.post("/v1/devices", {"name": "Again", "device_id": made.json["id"]}).status == 409
    removed = box.request("DELETE", f"/v1/devices/{made.json['id']}", headers=authority(box))
    assert (removed.status, removed.json["success"]) == (200, True)
    assert has(removed.json, "message")


def test_inventory(box: Server) -> None:
    inventory = box.get("/v1/inventory").json
    assert has(inventory, "items", "updated_at", "total")
    line = next(line for line in inventory["items"] if line["canonical_name"] == "Milk")
    assert has(line, "item_id", "brand", "package_type", "category", "count_estimate", "confidence", "last_seen_at")
    assert (line["count_estimate"], line["confidence"], line["is_manual"], line["notes"]) == (
        *(2, 1.0, True),
        "in the door",
    )


def test_stats(box: Server) -> None:
    stats = box.get("/v1/inventory/stats").json
    assert has(stats, "total_items", "items_in_stock", "items_out_of_stock", "total_quantity", "avg_confidence")
    assert sum(stats["confidence_breakdown"].values()) == stats["total_items"]
    assert set(stats["confidence_breakdown"]) == {"high", "medium", "low"}
    assert stats["items_in_stock"] + stats["items_out_of_stock"] == stats["total_items"]


def test_history_of_an_item(box: Server) -> None:
    history = box.get("/v1/inventory/items/milk/history?days=30").json
    assert has(history, "item", "current", "history", "total_events")
    assert set(history["item"]) >= {"canonical_name", "brand", "package_type"}
    assert set(history["current"]) >= {"count", "confidence", "last_seen_at", "is_manual"}
    line = history["history"][0]
    assert has(line, "date", "count", "event_type", "delta", "details")
    assert (line["count"], line["event_type"], line["delta"]) == (2, "manual_override", 2)


def test_low_stock(box: Server) -> None:
    low = box.get("/v1/inventory/low-stock?threshold=2&min_confidence=0.5").json
    assert has(low, "threshold", "item_count", "items")
    milk = next(item for item in low["items"] if item["name"] == "Milk")
    assert has(milk, "name", "brand", "count", "confidence", "last_seen_at")
    assert low["item_count"] >= 1


def test_stale_items(box: Server) -> None:
    stale = box.get("/v1/inventory/stale-items?days_threshold=7").json
    assert (stale["threshold_days"], stale["item_count"], stale["items"]) == (7, 0, [])


def test_recent_changes(box: Server) -> None:
    recent = box.get("/v1/inventory/recent-changes?hours=24&event_type=manual_override").json
    assert has(recent, "hours", "event_type_filter", "event_count", "changes")
    assert (recent["hours"], recent["event_type_filter"], recent["event_count"]) == (24, "manual_override", 1)
    assert has(recent["changes"][0], "timestamp", "item_name", "event_type", "delta", "capture_id")


def test_export(box: Server) -> None:
    exported = box.get("/v1/inventory/export?format=json&include_history=true").json
    assert has(exported, "format", "exported_at", "item_count", "items")
    assert exported["item_count"] == len(exported["items"])
    table = list(csv.reader(io.StringIO(box.get("/v1/inventory/export?format=csv").body.decode())))
    assert table[0] == ["name", "brand", "package_type", "count", "confidence", "last_seen", "manual"]
    assert "Milk" in {row[0] for row in table}


def test_storage(box: Server) -> None:
    stats = box.get("/v1/admin/storage/stats").json
    assert has(stats, "status", "storage")
    assert has(stats["storage"], "total_size_mb", "file_count", "oldest_file", "newest_file")
    assert stats["storage"]["file_count"] >= 3
    for path in ("cleanup?days=30", "cleanup-failed?days=7"):
        answer = box.post(f"/v1/admin/storage/{path}", {})
        assert (answer.status, answer.json["status"] != "") == (200, True)
        assert has(answer.json["result"], "success", "deleted_count", "freed_mb", "errors", "cutoff_date")
        assert (answer.json["result"]["deleted_count"], answer.json["result"]["errors"]) == (0, [])
    quota = box.post("/v1/admin/storage/check-quota?max_mb=5000", {}).json
    assert has(quota["result"], "over_quota", "current_size_mb", "limit_mb", "cleanup_needed")
    assert quota["result"]["over_quota"] is False
    orphans = box.post("/v1/admin/storage/cleanup-orphans", {}).json
    assert has(orphans, "status", "deleted_count")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/captures?limit=0",
        "/v1/captures?limit=1001",
        "/v1/captures?limit=-5e36",
        "/v1/captures?status=nonsense",
        "/v1/devices?skip=-1",
        "/v1/devices/cam-1/captures?days=0",
        "/v1/devices/cam-1/captures?days=91",
        "/v1/inventory?limit=nan",
        "/v1/inventory/low-stock?threshold=-1",
        "/v1/inventory/low-stock?min_confidence=1.5",
        "/v1/inventory/stale-items?days_threshold=0",
        "/v1/inventory/stale-items?days_threshold=3651",
        "/v1/inventory/recent-changes?hours=8761",
        "/v1/inventory/recent-changes?event_type=eaten",
        "/v1/inventory/export?format=xml",
    ],
)
def test_parameter_out_of_range_is_422(box: Server, path: str) -> None:
    answer = box.get(path)
    assert answer.status == 422, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"]


@pytest.mark.parametrize(
    "path", ["cleanup?days=0", "cleanup?days=3651", "cleanup-failed?days=0", "check-quota?max_mb=0"]
)
def test_clean_up_out_of_range_is_422(box: Server, path: str) -> None:
    assert box.post(f"/v1/admin/storage/{path}", {}).status == 422


@pytest.mark.parametrize(
    "path",
    [
        "/v1/captures/0190b8f0-0000-7000-8000-000000000000",
        "/v1/captures/x/image",
        "/v1/captures/x/thumbnail",
        "/v1/devices/nobody",
        "/v1/devices/nobody/health",
        "/v1/devices/nobody/captures",
        "/v1/inventory/items/unheard-of/history",
        "/v1/nothing",
    ],
)
def test_what_is_not_there_is_404(box: Server, path: str) -> None:
    assert box.get(path).status == 404
