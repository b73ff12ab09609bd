"""Where a request comes from: other sites' pages must not act here, programs need not say."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.web.origin import comes_from_itself
from tests.server import Server

HOST = "pantrybox.local:8000"
OWN = {None, "http://pantrybox.local:8000", "https://pantrybox.local:8000", "HTTP://PANTRYBOX.LOCAL:8000"}
FOREIGN = {
    "null",
    "",
    "http://evil.example",
    "http://pantrybox.local",
    "http://pantrybox.local:8001",
    "http://pantrybox.local:8000.evil.example",
    "http://evil.example/http://pantrybox.local:8000",
    "http://user@pantrybox.local:8000",
    "pantrybox.local:8000",
    "http://[",
}
SITES = {None: True, "same-origin": True, "none": True, "same-site": False, "cross-site": False, "": False, "x": False}


def told(origin: str | None, site: str | None, referer: str | None = None) -> dict[str, str]:
    named = {"host": HOST, "origin": origin, "sec-fetch-site": site, "referer": referer}
    return {name: value for name, value in named.items() if value is not None}


@pytest.mark.parametrize(("origin", "site"), list(product(sorted(OWN | FOREIGN, key=str), SITES)))
def test_both_that_a_browser_says_must_fit(origin: str | None, site: str | None) -> None:
    assert comes_from_itself(told(origin, site)) == (origin in OWN and SITES[site])


@pytest.mark.parametrize(
    ("referer", "fits"),
    [("http://pantrybox.local:8000/photographs/x", True), ("http://evil.example/", False), ("", False)],
)
def test_browser_without_an_origin_is_known_by_its_referer(referer: str, fits: bool) -> None:
    assert comes_from_itself(told(None, None, referer)) == fits
    assert comes_from_itself(told(f"http://{HOST}", None, referer))
    assert not comes_from_itself(told("null", None, referer))


@given(st.text(max_size=60))
def test_no_other_text_is_this_origin(text: str) -> None:
    assert not comes_from_itself(told(text, None)) or HOST in text.lower()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("origin") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def cookie(box: Server) -> str:
    code = box.post("/v1/sign-in-codes", {}).json["code"]
    return box.request("POST", "/sign-in", {"code": code}).headers["set-cookie"].partition(";")[0]


FROM_ELSEWHERE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Referer": "http://evil.example/page"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_another_site_cannot_act_with_the_owner_s_cookie(box: Server, cookie: str, headers: dict[str, str]) -> None:
    sent = headers | {"Cookie": cookie}
    for method, path in (
        ("POST", "/v1/sign-in-codes"),
        ("POST", "/v1/keys"),
        ("DELETE", "/v1/sessions"),
        ("PATCH", "/v1/devices/x"),
        ("POST", "/sign-out"),
    ):
        answer = box.request(method, path, {"name": "x"}, sent)
        assert (answer.status, answer.json["title"]) == (403, "Forbidden"), path
    assert box.request("GET", "/v1/devices", headers=sent).status == 200


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_another_site_can_neither_claim_nor_sign_in(box: Server, headers: dict[str, str]) -> None:
    code = box.post("/v1/sign-in-codes", {}).json["code"]
    for path, body in (
        ("/sign-in", {"code": code}),
        ("/claim", {"setup_code": box.setup_code, "passphrase": "four words are good"}),
    ):
        answer = box.request("POST", path, body, headers)
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
    assert not box.get("/v1/owner").json["claimed"]
    assert box.request("POST", "/sign-in", {"code": code}).status == 204


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_key_works_from_wherever_it_is_sent(box: Server, headers: dict[str, str]) -> None:
    sent = headers | {"Authorization": f"Bearer {box.key}"}
    assert box.request("POST", "/v1/sign-in-codes", {}, sent).status == 201


def test_own_page_and_a_program_with_a_cookie_may_act(box: Server, cookie: str) -> None:
    own = {"Origin": box.url, "Sec-Fetch-Site": "same-origin", "Referer": f"{box.url}/"}
    named = {"Host": "pantrybox.local", "Origin": "http://pantrybox.local"}
    for headers in ({}, own, named):
        assert box.request("POST", "/v1/sign-in-codes", {}, headers | {"Cookie": cookie}).status == 201


def test_forwarded_host_does_not_stand_in_for_the_host(box: Server, cookie: str) -> None:
    headers = {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example", "Cookie": cookie}
    assert box.request("POST", "/v1/sign-in-codes", {}, headers).status == 403
