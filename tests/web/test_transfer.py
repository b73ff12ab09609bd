"""The stock as a file over HTTP: what comes out, what goes in, and that neither costs more memory than it must."""

import csv
import http.client
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.server import Answer, Server

pytestmark = pytest.mark.slow

HEADER = b"name,brand,package_type,count,confidence,last_seen,manual\r\n"
NAMES = ["🫙 Gurken", "\u202e\u05d6\u05d9\u05ea", "=HYPERLINK(1)", "'tis", "+1", "-1", "@x", 'a "b", c', "<b>&amp;"]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Is only looked at."""
    with Server(tmp_path_factory.mktemp("transfer") / "data") as running:
        for number, name in enumerate(NAMES):
            say(running, name, number)
        say(running, NAMES[0], 4, "Fridge")
        yield running


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Is written to by every test."""
    with Server(tmp_path_factory.mktemp("other") / "data") as running:
        yield running


def say(box: Server, name: str, count: int, place: str = "Elsewhere") -> None:
    said = {"item_name": name, "count_estimate": count, "place": place}
    assert box.post("/v1/inventory/override", said).status == 200


def bring(box: Server, body: bytes, query: str = "") -> Answer:
    return box.request("POST", f"/v1/inventory/import{query}", body, {"Authorization": f"Bearer {box.key}"})


def taken(box: Server, query: str = "") -> Any:
    answer = box.get(f"/v1/inventory/export{query}")
    assert answer.status == 200
    return answer.json


def newest_event(box: Server) -> int:
    changes = box.get("/v1/inventory/recent-changes?limit=1").json["changes"]
    return changes[0]["event_id"] if changes else 0


# Out


def test_json_holds_one_entry_for_each_item_and_place(box: Server) -> None:
    answer = box.get("/v1/inventory/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="pantrybox-inventory-20')
    file = answer.json
    assert (file["format"], file["item_count"]) == ("json", len(NAMES) + 1)
    assert {entry["name"] for entry in file["items"]} == set(NAMES)
    assert answer.body.count(b"\n{") == file["item_count"]
    wanted = {"name", "brand", "package_type", "category", "minimum", "note", "notes", "aliases", "place", "count"}
    wanted |= {"confidence", "last_seen", "manual", "generic", "lots"}
    assert all(wanted == set(entry) for entry in file["items"])


def test_json_holds_the_history_when_asked(box: Server) -> None:
    entries = taken(box, "?include_history=true")["items"]
    for entry in entries:
        assert sum(line["delta"] for line in entry["history"]) == entry["count"]
        assert {"date", "event_type", "delta", "count", "confidence", "details"} == set(entry["history"][0])


def test_csv_has_the_columns_of_the_contract_and_no_formula(box: Server) -> None:
    answer = box.get("/v1/inventory/export?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('.csv"')
    assert answer.body.startswith(HEADER)
    rows = list(csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True))[1:]
    assert len(rows) == len(NAMES)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert {row[0].removeprefix("'") for row in rows} == set(NAMES)
    assert next(row for row in rows if row[0] == NAMES[0])[3] == "4"  # 0 here and 4 in the fridge


def test_csv_of_the_history_has_a_line_for_each_event(box: Server) -> None:
    answer = box.get("/v1/inventory/export?format=csv&include_history=true")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline=""), strict=True))
    assert len(rows) == len(NAMES) + 1
    assert rows[-1] | {"date": ""} == {
        **{"date": "", "name": NAMES[0], "place": "Fridge", "event_type": "manual_override", "delta": "4"},
        **{"count": "4", "confidence": "1.0", "capture_id": "", "said_by": "key test"},
    }


# In


def test_another_box_becomes_equal(box: Server, tmp_path: Path) -> None:
    file = box.get("/v1/inventory/export?include_history=true").body
    with Server(tmp_path / "data") as empty:
        answer = bring(empty, file)
        assert answer.json == {
            **{"imported": len(NAMES) + 1, "unchanged": 0, "created": len(NAMES), "events": len(NAMES) + 1},
            "dry_run": False,
        }
        assert taken(empty, "?include_history=true")["items"] == json.loads(file)["items"]
        assert bring(empty, file).json["unchanged"] == len(NAMES) + 1
        sheet = box.get("/v1/inventory/export?format=csv").body
        assert bring(empty, sheet, "?format=csv").json["imported"] == 0
        assert empty.get("/v1/inventory/export?format=csv").body == sheet
        assert empty.command("check").strip() == "Sound."


def test_a_dry_run_says_what_would_be_and_changes_nothing(other: Server) -> None:
    say(other, "dry milk", 1)
    before = newest_event(other)
    sheet = b"name,count\ndry milk,2\ndry jam,3\n"
    tried = bring(other, sheet, "?format=csv&dry_run=true").json
    assert tried == {"imported": 2, "unchanged": 0, "created": 1, "events": 2, "dry_run": True}
    assert newest_event(other) == before
    assert other.get("/v1/inventory/items/dry%20jam").status == 404
    assert bring(other, sheet, "?format=csv").json == tried | {"dry_run": False}


def test_new_items_go_to_the_place_that_is_named(other: Server) -> None:
    bring(other, b"name,count\nplaced,2\n", f"?format=csv&place={quote('🧊 Fridge')}")
    assert [line["place"] for line in other.get("/v1/inventory?q=placed").json["items"]] == ["🧊 Fridge"]


def test_a_wrong_line_changes_nothing(other: Server) -> None:
    say(other, "kept", 1)
    before = taken(other)["items"]
    sheet = b"name,count\n" + b"".join(b"thing %d,1\n" % number for number in range(500)) + b"kept,2\nlast,many\n"
    answer = bring(other, sheet, "?format=csv")
    assert answer.status == 422
    assert "line 503: count" in answer.json["detail"]
    assert taken(other)["items"] == before


@pytest.mark.parametrize("body", [b"", b"[", b'{"items":[\n{"name":"a","count":1},\n{"na', b"[" * 100_000, b"\xff"])
def test_what_is_no_file_is_refused(other: Server, body: bytes) -> None:
    before = taken(other)["items"]
    answer = bring(other, body)
    assert answer.status in {400, 422}
    assert "line " in answer.json["detail"]
    assert taken(other)["items"] == before


@pytest.mark.parametrize("query", ["?format=xml", "?place=%00", "?place=", "?place=" + "a" * 201, "?dry_run=perhaps"])
def test_parameters_that_cannot_be_are_refused(other: Server, query: str) -> None:
    assert bring(other, b'{"items":[]}', query).status == 422


def test_a_file_of_over_20_megabytes_is_refused_before_it_is_read(other: Server) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", other.port, timeout=20)) as connection:
        connection.putrequest("POST", "/v1/inventory/import")
        connection.putheader("Authorization", f"Bearer {other.key}")
        connection.putheader("Content-Length", "20000001")
        connection.endheaders()
        response = connection.getresponse()
        assert response.status == 413
        response.read()


def test_only_who_may_write_brings_a_file(other: Server) -> None:
    reader = other.command("key", "create", "looks", "--scope", "read").strip()
    answer = other.request("POST", "/v1/inventory/import", b'{"items":[]}', {"Authorization": f"Bearer {reader}"})
    assert answer.status == 403


def test_an_import_is_in_the_audit_log(other: Server) -> None:
    bring(other, b"name,count\naudited,2\n", "?format=csv")
    line = other.get("/v1/audit-log?limit=1").json["items"][0]
    assert (line["act"], line["actor"], line["details"]["imported"]) == ("inventory.imported", "key test", 1)


# Large ones


def fill(data: Path, events: int) -> None:
    """One item with so many lines in the ledger."""
    with sqlite3.connect(data / "pantrybox.db") as database:
        database.execute(
            """
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
            INSERT INTO inventory_events (item_id, place_id, event_type, delta, count_after, confidence,
                                          happened_at_ms, recorded_at_ms)
            SELECT 1, 1, 'adjusted', 0, 1, 1, 1700000000000 + n / 3, 1700000000000 FROM numbers
            """,
            (events,),
        )
    database.close()


def memory_kb(box: Server, field: str) -> int:
    status = Path(f"/proc/{box.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1])


@pytest.mark.slow
@pytest.mark.parametrize("query", ["?include_history=true", "?format=csv&include_history=true"])
def test_a_long_history_streams_and_a_client_that_stalls_holds_nobody_up(tmp_path: Path, query: str) -> None:
    events = 150_000
    with Server(tmp_path / "data") as box:
        say(box, "milk", 1)
        box.stop()
        fill(box.data, events)
        box.start()
        say(box, "jam", 1)
        box.get("/v1/inventory/export")
        before = memory_kb(box, "VmRSS")
        with ExitStack() as stack:
            # One more than there are readers; they stand still in the middle of it.
            first, *_ = [stack.enter_context(opened_export(box, query)) for _ in range(3)]
            for number in range(3):
                say(box, "jam", number)
                assert box.get("/v1/inventory/stats").status == 200
            size = lines = 0
            while chunk := first.read(1 << 16):
                size += len(chunk)
                lines += chunk.count(b"adjusted")
        assert size > 8_000_000
        assert events * 0.99 < lines <= events  # some words lie across two chunks
        assert memory_kb(box, "VmHWM") - before < 40_000
        assert box.get("/v1/inventory/stats").status == 200


@contextmanager
def opened_export(box: Server, query: str) -> Iterator[http.client.HTTPResponse]:
    """An export of which the first bytes have come."""
    with closing(http.client.HTTPConnection("127.0.0.1", box.port, timeout=60)) as connection:
        connection.request("GET", f"/v1/inventory/export{query}", headers={"Authorization": f"Bearer {box.key}"})
        with closing(connection.getresponse()) as response:
            assert response.read(100)
            yield response
