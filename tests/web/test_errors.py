"""Refusals: one shape (RFC 9457), the right status, and never a 5xx for what somebody sent."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from http import HTTPStatus
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import make_jpeg
from tests.server import Answer, Server

pytestmark = pytest.mark.slow

NUMBERS = [
    ("/v1/captures", "limit"),
    ("/v1/captures", "before"),
    ("/v1/devices", "limit"),
    ("/v1/devices", "skip"),
]


class Box(Server):
    """With one camera."""

    @cached_property
    def token(self) -> str:
        return self.post("/v1/devices", {"name": "Shelf", "device_id": "shelf"}).json["device_token"]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("errors") / "data") as running:
        assert running.token
        yield running


def asked(box: Box, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """With the admin's key."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return box.request(method, path, body, {"Authorization": f"Bearer {box.key}"} | sent)


def assert_problem(answer: Answer, status: int) -> None:
    """RFC 9457, with a sentence for a person."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(answer.json)
    assert answer.json["status"] == status
    assert answer.json["type"] == "about:blank"
    assert answer.json["title"] == HTTPStatus(status).phrase
    assert answer.json["detail"]
    assert "Traceback" not in answer.json["detail"]


# The shape


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (400, "POST", "/v1/devices", b'{"name": '),
        (400, "POST", "/v1/devices", b"\xff\xfe"),
        (404, "GET", "/v1/nothing", None),
        (404, "GET", "/v1/captures/01a20515-19e4-7a52-89bd-bce450fcc21a", None),
        (404, "GET", "/v1/captures/01a20515-19e4-7a52-89bd-bce450fcc21a/image", None),
        (404, "GET", "/v1/devices/nobody", None),
        (404, "GET", "/fragments/nothing", None),
        (404, "GET", "/photographs/nothing", None),
        (405, "DELETE", "/v1/devices", None),
        (405, "GET", "/v1/ingest", None),
        (405, "POST", "/v1/inventory/stats", b"{}"),
        (409, "POST", "/v1/devices", b'{"name": "Shelf", "device_id": "shelf"}'),
        (413, "POST", "/v1/devices", b'{"name": "' + b"x" * 1_100_000 + b'"}'),
        (422, "POST", "/v1/devices", b"{}"),
        (422, "POST", "/v1/devices", b"[]"),
        (422, "POST", "/v1/devices", b'{"name": "Shelf", "device_id": "../x"}'),
        (422, "POST", "/v1/keys", b'{"name": "x", "scope": "everything"}'),
        (422, "PATCH", "/v1/devices/shelf", b'{"orders": {"sleep_s": 0}}'),
        (422, "GET", "/v1/captures?status=unknown", None),
    ],
)
def test_refusal_is_a_problem_document(box: Box, status: int, method: str, path: str, body: bytes | None) -> None:
    assert_problem(asked(box, method, path, body, Content_Type="application/json"), status)


def test_refusal_for_want_of_authority_is_a_problem_document(box: Box) -> None:
    read_key = box.post("/v1/keys", {"name": "reader", "scope": "read"}).json["key"]
    assert_problem(box.request("GET", "/v1/devices"), 401)
    assert_problem(box.request("POST", "/sign-in", {"code": "wrong"}), 401)
    assert_problem(asked(box, "POST", "/v1/devices", {"name": "x"}, Authorization=f"Bearer {read_key}"), 403)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"", {}),
        (400, make_jpeg()[:-2], {}),
        (400, make_jpeg(), {"X_Captured_At": "nonsense"}),
        (401, make_jpeg(), {"X_Device_Id": "nobody"}),
        (415, b"text", {}),
        (415, make_jpeg(), {"Content_Type": "image/png"}),
    ],
)
def test_refused_photograph_is_a_problem_document(box: Box, status: int, body: bytes, headers: dict[str, str]) -> None:
    usual = {"X_Device_Id": "shelf", "Content_Type": "image/jpeg", "Authorization": f"Bearer {box.token}"}
    assert_problem(asked(box, "POST", "/v1/ingest", body, **(usual | headers)), status)


def test_wrong_method_names_the_right_ones(box: Box) -> None:
    answer = asked(box, "DELETE", "/v1/devices")
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["allow"].split(",")}


def test_what_is_out_of_range_is_named(box: Box) -> None:
    assert "limit" in box.get("/v1/captures?limit=0").json["detail"]
    assert "name" in box.post("/v1/devices", {"name": ""}).json["detail"]


# Numbers


@pytest.mark.parametrize(("path", "name"), NUMBERS)
@pytest.mark.parametrize("value", ["-1", "-5e36", "abc", "1.5", "nan", "inf", "", "0x10", "%00", "1,2", "9" * 5000])
def test_number_that_cannot_be_is_refused(box: Box, path: str, name: str, value: str) -> None:
    assert_problem(box.get(f"{path}?{name}={value}"), 422)


@pytest.mark.parametrize(("path", "name"), NUMBERS)
@pytest.mark.parametrize("value", [2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**20, 10**40, -(2**63), -(2**64)])
def test_number_beyond_all_bounds_makes_nothing_fail(box: Box, path: str, name: str, value: int) -> None:
    answer = box.get(f"{path}?{name}={value}")
    assert answer.status in {200, 422}, answer.body


@pytest.mark.parametrize("path", ["/v1/captures", "/v1/devices"])
def test_limit_is_from_1_to_1000(box: Box, path: str) -> None:
    assert [box.get(f"{path}?limit={limit}").status for limit in (0, 1, 1000, 1001)] == [422, 200, 200, 422]


@settings(max_examples=60, deadline=None, database=None)
@given(
    parameter=st.sampled_from([*NUMBERS, ("/v1/captures", "status"), ("/v1/captures", "device_id")]),
    value=st.one_of(st.text(max_size=30), st.integers().map(str), st.floats().map(str)),
)
def test_no_query_makes_the_box_fail(box: Box, parameter: tuple[str, str], value: str) -> None:
    path, name = parameter
    answer = box.get(f"{path}?{name}={quote(value, errors='replace')}")
    assert answer.status in {200, 422}, answer.body


# Bodies


@pytest.mark.parametrize("name", ["\0", "\0name", "na\0me", "\r\n", "\u202e", "\ufeff", "<script>", "' OR 1=1 --"])
@pytest.mark.parametrize("path", ["/v1/devices", "/v1/keys"])
def test_no_name_makes_the_box_fail(box: Box, path: str, name: str) -> None:
    answer = box.post(path, {"name": name})
    assert answer.status in {201, 422}, answer.body


@pytest.mark.parametrize("name", ["\0", "\0name", "na\0me"])
def test_no_new_name_makes_the_box_fail(box: Box, name: str) -> None:
    answer = asked(box, "PATCH", "/v1/devices/shelf", {"name": name})
    assert answer.status in {200, 422}, answer.body


@pytest.mark.parametrize("path", ["/v1/devices", "/v1/keys", "/v1/sign-in-codes"])
def test_json_nested_without_end_is_malformed(box: Box, path: str) -> None:
    answer = asked(box, "POST", path, b'{"name": "x", "more": ' + b"[" * 100_000, Content_Type="application/json")
    assert answer.status in {201, 400}, answer.body


def test_stranger_cannot_fill_the_journal_by_signing_in_with_nonsense(box: Box) -> None:
    before = box.log
    for body in (
        b'{"code": ' + b"[" * 4000,
        b'{"code": "x", "more": ' + b"[" * 4000,
        b"[" * 4000,
        b'{"code": "\\ud800"}',
    ):
        answer = box.request("POST", "/sign-in", body, {"Content-Type": "application/json"})
        assert answer.status in {400, 401}, answer.body
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        answer = box.request("POST", "/sign-in", b"--x\r\n\r\n%ff=\xff&code", {"Content-Type": content_type})
        assert answer.status in {400, 401, 422}, answer.body
    assert box.log == before


def test_body_that_is_too_large_to_sign_in_is_refused(box: Box) -> None:
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        body = urlencode({"code": "x" * 20_000}).encode()
        assert_problem(box.request("POST", "/sign-in", body, {"Content-Type": content_type}), 413)


# Bugs


def test_bug_is_told_to_the_journal_and_not_to_the_network(server: Server) -> None:
    """A row that the program cannot read stands for a bug."""
    token = server.post("/v1/devices", {"name": "Shelf", "device_id": "shelf"}).json["device_token"]
    capture = server.upload(make_jpeg(), token).json["capture_id"]
    server.wait_until_analysed()
    server.stop()
    with closing(sqlite3.connect(server.data / "pantrybox.db")) as database, database:
        database.execute("UPDATE captures SET notes = '5'")
    server.start()
    answer = server.get(f"/v1/captures/{capture}")
    assert_problem(answer, 500)
    assert answer.json["detail"] == "Something went wrong. The journal says what."
    assert "Traceback" in server.log
