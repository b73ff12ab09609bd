"""Second looks over HTTP: asked for, worked off with progress, cancelled, and going on after a kill."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.clock import to_rfc3339
from pantrybox.errors import OutOfRange
from pantrybox.web.reprocessing import Span, Wish, span_of
from tests.conftest import make_jpeg
from tests.server import Answer, Server

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000
MOMENTS = st.integers(0, 250_000_000_000_000)
UNDECODABLE = make_jpeg(shade=3).replace(b"\xff\xc0", b"\xff\xc3", 1)


# What is wished


@given(MOMENTS)
def test_a_day_is_24_hours_of_utc(moment_ms: int) -> None:
    span = span_of(Wish(date=to_rfc3339(moment_ms)[:10]))
    assert span.from_ms is not None
    assert span.to_ms is not None
    assert span.from_ms <= moment_ms < span.to_ms == span.from_ms + DAY_MS


@given(MOMENTS, MOMENTS)
def test_a_span_goes_from_a_moment_up_to_another(one: int, other: int) -> None:
    wish = Wish(from_=to_rfc3339(one), to=to_rfc3339(other))
    if one < other:
        assert span_of(wish) == Span(one, other)
    else:
        with pytest.raises(OutOfRange):
            span_of(wish)


def test_a_day_at_the_end_of_a_span_belongs_to_it() -> None:
    assert span_of(Wish(from_="2026-11-20", to="2026-11-20")) == span_of(Wish(date="2026-11-20"))


def test_a_span_may_be_open() -> None:
    assert span_of(Wish(to=to_rfc3339(5))) == Span(None, 5)
    assert span_of(Wish(from_=to_rfc3339(5))) == Span(5, None)
    assert span_of(Wish(all=True)) == Span()


# A box that does it


class Pantry:
    """A box with three photographs, one of them undecodable."""

    def __init__(self, box: Server, view: bytes) -> None:
        self.box = box
        self.token = box.add_device()
        self.seen = self.send(view)
        self.failed = self.send(UNDECODABLE)
        self.plain = self.send(make_jpeg(shade=5))
        box.wait_until_analysed()

    def send(self, jpeg: bytes) -> str:
        answer = self.box.upload(jpeg, self.token)
        assert answer.status == 201, answer
        return answer.json["capture_id"]

    def ask(self, body: object) -> Answer:
        return self.box.post("/v1/reprocess", body)

    def ended(self, run_id: int, seconds: float = 30) -> Any:
        return self.box.wait_until(f"/v1/reprocess/{run_id}", lambda run: run["ended_at"] is not None, seconds)

    def capture(self, capture_id: str) -> Any:
        return self.box.get(f"/v1/captures/{capture_id}").json


@pytest.fixture(scope="module")
def pantry(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Pantry]:
    with Server(tmp_path_factory.mktemp("reprocess") / "data") as running:
        yield Pantry(running, demo_photographs[0].read_bytes())


def sql(data: Path, statement: str, *parameters: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "pantrybox.db", timeout=10)) as connection, connection:
        return connection.execute(statement, parameters).fetchall()


def looks(data: Path, capture_id: str) -> int:
    """How often this capture was looked at with success."""
    return sql(data, "SELECT count(*) FROM observations WHERE capture_id = ?", capture_id)[0][0]


def test_one_photograph_is_looked_at_again_and_says_the_same(pantry: Pantry) -> None:
    before, stock = pantry.capture(pantry.seen), pantry.box.get("/v1/inventory").json
    looked = looks(pantry.box.data, pantry.seen)
    answer = pantry.box.post(f"/v1/captures/{pantry.seen}/reprocess", None)
    assert (answer.status, answer.json["status"], answer.json["total"]) == (200, "queued", 1)
    run = pantry.ended(answer.json["run_id"])
    assert (run["status"], run["total"], run["done"], run["failed"]) == ("done", 1, 1, 0)
    assert run["asked_by"] == "key test"
    assert looks(pantry.box.data, pantry.seen) == looked + 1
    after = pantry.capture(pantry.seen)
    assert after["observation"]["observed_at"] > before["observation"]["observed_at"]
    boxes = [[box["box"] for box in capture["detections"]] for capture in (before, after)]
    assert boxes[0] == boxes[1]
    assert pantry.box.get("/v1/inventory").json["items"] == stock["items"]
    assert pantry.box.command("check") == "Sound.\n"


def test_everything_is_looked_at_again_and_what_fails_keeps_what_it_had(pantry: Pantry) -> None:
    before = pantry.capture(pantry.failed)
    answer = pantry.ask({"all": True})
    assert answer.status == 201
    assert answer.json["total"] == pantry.box.get("/v1/captures").json["total"]
    run = pantry.ended(answer.json["run_id"])
    assert (run["status"], run["failed"]) == ("done", 1)
    assert run["done"] + run["failed"] == run["total"] == answer.json["total"]
    assert pantry.capture(pantry.failed) == before


def test_photograph_that_failed_for_a_reason_that_is_gone_becomes_complete(pantry: Pantry) -> None:
    # As if the detector that was there then had fallen over: the picture itself is sound.
    capture_id = pantry.send(make_jpeg(comment=uuid.uuid4().hex.encode()))
    pantry.box.wait_until_analysed()
    sql(
        pantry.box.data,
        "UPDATE captures SET status = 'failed', failure = 'x', observation_id = NULL WHERE id = ?",
        capture_id,
    )
    pantry.ended(pantry.box.post(f"/v1/captures/{capture_id}/reprocess", None).json["run_id"])
    capture = pantry.capture(capture_id)
    assert (capture["status"], capture["failure"]) == ("complete", None)
    assert pantry.box.get("/v1/captures?status=failed").json["total"] == 1


def test_a_day_without_photographs_is_done_at_once(pantry: Pantry) -> None:
    answer = pantry.ask({"date": "2001-01-01"})
    assert (answer.status, answer.json["total"], answer.json["status"]) == (201, 0, "done")


def test_runs_are_listed_newest_first_page_by_page(pantry: Pantry) -> None:
    newest = [pantry.ask({"date": "2001-01-01"}).json["run_id"] for _ in range(3)][::-1]
    first = pantry.box.get("/v1/reprocess?limit=2").json
    second = pantry.box.get(f"/v1/reprocess?limit=2&cursor={first['next_cursor']}").json
    assert [run["run_id"] for run in first["items"] + second["items"]][:3] == newest
    assert first["total"] >= 3
    fields = {"run_id", "status", "total", "done", "failed", "asked_by", "asked_at", "ended_at"}
    assert all(set(run) >= fields for run in first["items"])


def test_what_cannot_be_looked_at_again_is_refused(pantry: Pantry) -> None:
    gone = pantry.send(make_jpeg(comment=uuid.uuid4().hex.encode()))
    pantry.box.wait_until_analysed()
    sql(pantry.box.data, "UPDATE captures SET image_path = NULL WHERE id = ?", gone)
    assert pantry.box.post(f"/v1/captures/{gone}/reprocess", None).status == 409
    assert pantry.box.post("/v1/captures/nobody/reprocess", None).status == 404


def test_who_asked_and_who_cancelled_is_in_the_audit_log(pantry: Pantry) -> None:
    run_id = pantry.box.post(f"/v1/captures/{pantry.plain}/reprocess", None).json["run_id"]
    pantry.box.post(f"/v1/reprocess/{run_id}/cancel", None)
    acts = sql(pantry.box.data, "SELECT actor, act FROM audit_log WHERE target = ? ORDER BY id", str(run_id))
    assert acts[0] == ("key test", "run.asked")
    assert set(acts[1:]) <= {("key test", "run.cancelled")}  # it may have been done before


@pytest.mark.parametrize("run_id", ["0", "999999", "99999999999999999999999", "-1", "x"])
def test_unknown_run_is_not_found(pantry: Pantry, run_id: str) -> None:
    assert pantry.box.get(f"/v1/reprocess/{run_id}").status == 404
    assert pantry.box.post(f"/v1/reprocess/{run_id}/cancel", None).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"all": False}, 422),
        ({"all": True, "date": "2026-11-20"}, 422),
        ({"from": "2026-11-20", "to": "2026-11-19"}, 422),
        ({"date": 20261120}, 422),
        ({"all": "yes"}, 422),
        ({"date": "20-11-2026"}, 400),
        ({"date": "2026-11-20T00:00:00"}, 400),
        ({"from": "soon"}, 400),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(pantry: Pantry, body: object, status: int) -> None:
    assert pantry.ask(body).status == status


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-5e36", "cursor=0", "cursor=x"])
def test_numbers_have_bounds(pantry: Pantry, query: str) -> None:
    assert pantry.box.get(f"/v1/reprocess?{query}").status == 422
    assert pantry.box.get(f"/v1/captures?{query}").status == 422


def test_who_may_only_read_sees_runs_and_asks_for_none(pantry: Pantry) -> None:
    key = pantry.box.command("key", "create", "reader", "--scope", "read").strip()
    headers = {"Authorization": f"Bearer {key}"}
    assert pantry.box.request("GET", "/v1/reprocess", headers=headers).status == 200
    for path in ("/v1/reprocess", f"/v1/captures/{pantry.seen}/reprocess", "/v1/reprocess/1/cancel"):
        assert pantry.box.request("POST", path, {"all": True}, headers).status == 403


# Long runs


@pytest.fixture
def long_run(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A box that has looked at thirty photographs and is asked to look at all of them again."""
    box = Server(tmp_path / "data")
    token, _ = box.add_device(), box.key
    with box:
        for number in range(30):
            assert box.upload(make_jpeg(comment=b"%d" % number), token).status == 201
        box.wait_until_analysed()
        answer = box.post("/v1/reprocess", {"all": True})
        assert (answer.status, answer.json["total"]) == (201, 30)
        yield box, f"/v1/reprocess/{answer.json['run_id']}"


@pytest.mark.slow
def test_run_that_a_kill_interrupts_goes_on_where_it_stood_and_ends(long_run: tuple[Server, str]) -> None:
    box, path = long_run
    for done in (3, 10, 20):
        stood = box.wait_until(path, lambda run, done=done: run["done"] >= done)
        box.kill()
        box.start()
        assert box.get(path).json["done"] >= stood["done"]
    run = box.wait_until(path, lambda run: run["ended_at"] is not None, 60)
    assert (run["status"], run["done"], run["failed"]) == ("done", 30, 0)
    assert set(sql(box.data, "SELECT count(*) FROM observations GROUP BY capture_id")) == {(2,)}
    assert box.command("check") == "Sound.\n"


@pytest.mark.slow
def test_cancelled_run_stops_and_stays_so(long_run: tuple[Server, str]) -> None:
    box, path = long_run
    box.wait_until(path, lambda run: run["done"] >= 2)
    cancelled = box.post(f"{path}/cancel", None)
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert box.post(f"{path}/cancel", None).json == cancelled.json
    one = box.post(f"/v1/captures/{box.get('/v1/captures').json['items'][0]['id']}/reprocess", None).json
    box.wait_until(f"/v1/reprocess/{one['run_id']}", lambda run: run["status"] == "done")
    assert box.get(path).json == cancelled.json
    assert cancelled.json["done"] < 30
    assert box.post(f"/v1/reprocess/{one['run_id']}/cancel", None).status == 409


@pytest.mark.slow
def test_new_photograph_comes_before_what_is_left_of_a_run(long_run: tuple[Server, str]) -> None:
    box, path = long_run
    box.wait_until(path, lambda run: run["done"] >= 2)
    token = box.post("/v1/devices", {"name": "new", "device_id": "new"}).json["device_token"]
    capture_id = box.upload(make_jpeg(shade=200), token, "new").json["capture_id"]
    box.wait_until(f"/v1/captures/{capture_id}", lambda capture: capture["status"] == "complete")
    assert box.get(path).json["status"] == "running"
    box.wait_until(path, lambda run: run["status"] == "done", 60)
