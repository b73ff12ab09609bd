"""Claiming, signing in, sessions, keys and the audit log, as clients meet them."""

import http.client
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode

import pytest

from tests.server import Answer, Server

pytestmark = pytest.mark.slow

FORM = "application/x-www-form-urlencoded"
PASSPHRASE = "four words are good"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


class Claimed(Server):
    """A box with an owner."""

    def start(self) -> None:
        super().start()
        if not self.get("/v1/owner").json["claimed"]:
            assert claim(self).status == 204


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Claimed]:
    with Claimed(tmp_path_factory.mktemp("owner") / "data") as running:
        yield running


def claim(box: Server, code: str | None = None, passphrase: str = PASSPHRASE, peer: str = "127.0.0.1") -> Answer:
    return box.request("POST", "/claim", {"setup_code": code or box.setup_code, "passphrase": passphrase}, peer=peer)


def sign_in(box: Server, passphrase: str = PASSPHRASE, peer: str = "127.0.0.1", **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return box.request("POST", "/sign-in", {"passphrase": passphrase}, sent, peer)


def sent_form(box: Server, path: str, accept: str = "*/*", peer: str = "127.0.0.1", **fields: str) -> Answer:
    headers = {"Content-Type": FORM, "Accept": accept}
    return box.request("POST", path, urlencode(fields).encode(), headers, peer)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def signed_in(box: Server, **headers: str) -> str:
    return cookie_of(sign_in(box, **headers))


def with_cookie(box: Server, cookie: str, method: str, path: str, body: object = None) -> Answer:
    return box.request(method, path, body, {"Cookie": cookie})


def acts(box: Server) -> list[str]:
    return [line["act"] for line in box.get("/v1/audit-log?limit=1000").json["items"]]


# Claiming


def test_new_box_shows_how_to_claim_it_and_its_console_says_with_what(server: Server) -> None:
    page = server.request("GET", "/").body.decode()
    assert 'action="/claim"' in page
    code = server.setup_code
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", code)
    assert f"http://127.0.0.1:{server.port}/#setup={code}" in server.log
    end = time.monotonic() + 10
    while "▀▀▀▀▀" not in server.log:  # the QR code's last line
        assert time.monotonic() < end
    assert code not in page


def test_claim_signs_in_and_happens_once(server: Server) -> None:
    assert sign_in(server).status == 409
    assert claim(server, "AAAA-AAAA").status == 401
    assert claim(server, passphrase="short").status == 422
    assert claim(server, passphrase="pantrybox").status == 422
    claimed = claim(server)
    assert (claimed.status, claimed.body) == (204, b"")
    assert with_cookie(server, cookie_of(claimed), "GET", "/v1/devices").status == 200
    assert claim(server).status == 409
    assert b'action="/sign-in"' in server.request("GET", "/").body
    assert b'action="/claim"' not in server.request("GET", "/").body
    server.stop()
    server.start()
    assert claim(server, "AAAA-AAAA").status == 409
    assert sign_in(server).status == 204
    assert server.log.count("setup code is") == 1


def test_claim_with_a_form_leads_to_the_page_and_back_to_it_when_something_is_wrong(server: Server) -> None:
    code = server.setup_code
    fields = {"setup_code": code.lower(), "passphrase": PASSPHRASE, "passphrase_again": PASSPHRASE}
    for wrong, status, sentence in (
        ({"passphrase_again": "another"}, 422, "not the same"),
        ({"passphrase": "short", "passphrase_again": "short"}, 422, "8 to 1000 characters"),
        ({"setup_code": "AAAA-AAAA"}, 401, "not the setup code"),
    ):
        answer = sent_form(server, "/claim", HTML, **(fields | wrong))
        assert answer.status == status
        assert 'action="/claim"' in answer.body.decode()
        assert sentence in answer.body.decode()
        assert PASSPHRASE not in answer.body.decode()
    claimed = sent_form(server, "/claim", HTML, **fields)
    assert (claimed.status, claimed.headers["location"]) == (303, "/")
    late = sent_form(server, "/claim", HTML, **fields)
    assert late.status == 409
    assert 'action="/sign-in"' in late.body.decode()


def test_of_two_who_claim_at_once_one_wins(server: Server) -> None:
    code, start = server.setup_code, Barrier(2)

    def race(n: int) -> int:
        start.wait(10)
        return claim(server, code, f"{PASSPHRASE} {n}", peer=f"127.0.0.{n + 2}").status

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(race, range(2))) == [204, 409]


def test_setup_code_cannot_be_guessed_and_the_console_still_claims(server: Server) -> None:
    code = server.setup_code
    assert [claim(server, "AAAA-AAAA").status for _ in range(15)] == [401] * 10 + [429] * 5
    refused = claim(server, code)
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert claim(server, code, peer="127.0.0.9").status == 204


@pytest.mark.parametrize("body", [b"", b"{}", b'{"setup_code": "x"}', b'{"setup_code": 1, "passphrase": 2}', b"[]"])
def test_claim_without_both_is_malformed(box: Server, body: bytes) -> None:
    for kind in ("application/json", FORM, "text/plain"):
        assert box.request("POST", "/claim", body, {"Content-Type": kind}).status == 400


# Signing in


def test_passphrase_signs_in_with_json_and_with_a_form(box: Server) -> None:
    answer = sign_in(box)
    assert (answer.status, answer.body) == (204, b"")
    form = sent_form(box, "/sign-in", passphrase=PASSPHRASE)
    assert (form.status, form.headers["location"]) == (303, "/")
    assert cookie_of(form) != cookie_of(answer)
    for cookie in (cookie_of(form), cookie_of(answer)):
        assert with_cookie(box, cookie, "GET", "/v1/devices").status == 200


def test_whole_link_in_the_form_is_as_good_as_its_code(box: Server) -> None:
    code = box.post("/v1/sign-in-codes", {}).json["code"]
    assert sent_form(box, "/sign-in", code=f" {box.url}/#code={code}\r\n").status == 303


def test_wrong_passphrase_is_answered_with_a_sentence_and_no_cookie(box: Server) -> None:
    answer = sign_in(box, "wrong", "127.0.1.1")
    assert (answer.status, answer.json["detail"]) == (401, "This is not the passphrase.")
    assert "set-cookie" not in answer.headers
    page = sent_form(box, "/sign-in", HTML, "127.0.1.1", passphrase="wrong")
    assert page.status == 401
    assert "This is not the passphrase." in page.body.decode()


def test_passphrase_may_hold_anything(server: Server) -> None:
    odd = "🥫\0 ﷽ <b>'\"\\ =1+1 é" + "x" * 970
    assert claim(server, passphrase=odd).status == 204
    assert sign_in(server, odd).status == 204
    assert sign_in(server, odd.replace("é", "e\N{COMBINING ACUTE ACCENT}")).status == 204
    assert sent_form(server, "/sign-in", passphrase=odd).status == 303
    assert sign_in(server, odd[:-1]).status == 401


@pytest.mark.slow
def test_thousand_wrong_tries_lock_their_address_and_nobody_else(server: Server) -> None:
    assert claim(server).status == 204
    cookie = signed_in(server)
    forged = [{"X_Forwarded_For": f"10.0.0.{n % 250}", "X_Real_IP": f"10.0.1.{n % 250}"} for n in range(1000)]
    answers = [sign_in(server, f"wrong {n}", **forged[n]) for n in range(1000)]
    assert [answer.status for answer in answers] == [401] * 10 + [429] * 990
    assert all(1 <= int(answer.headers["retry-after"]) <= 30 for answer in answers[10:])
    assert sign_in(server).status == 429
    assert sent_form(server, "/sign-in", HTML, passphrase=PASSPHRASE).status == 429
    # Who is in stays in, from the locked address too.
    assert with_cookie(server, cookie, "GET", "/v1/devices").status == 200
    assert server.get("/v1/devices").status == 200
    link = server.command("owner", "link", "--url", server.url).strip()
    assert server.request("POST", "/sign-in", {"code": link.partition("#code=")[2]}).status == 204
    # Everybody else gets in, a second later.
    started = time.monotonic()
    assert sign_in(server, peer="127.0.0.9").status == 204
    assert time.monotonic() - started >= 1
    assert acts(server).count("lock.begun") == 1
    lock = next(line for line in server.get("/v1/audit-log").json["items"] if line["act"] == "lock.begun")
    assert (lock["actor"], lock["target"]) == ("box", "127.0.0.1")


# Sessions


def test_sessions_are_listed_with_what_their_owner_knows_them_by(box: Server) -> None:
    own = signed_in(box, User_Agent="Kitchen phone")
    other = signed_in(box, User_Agent="<b>x\x85y</b>" + "z" * 1000, peer="127.0.0.7")
    listed = with_cookie(box, own, "GET", "/v1/sessions").json
    newest, second = listed["items"][:2]
    assert (second["user_agent"], second["peer"], second["current"]) == ("Kitchen phone", "127.0.0.1", True)
    assert (newest["user_agent"][:6], newest["peer"], newest["current"]) == ("<b>xy<", "127.0.0.7", False)
    assert len(newest["user_agent"]) == 300
    assert newest["expires_at"] > newest["created_at"]
    assert own.partition("=")[2] not in str(listed)
    assert other.partition("=")[2] not in str(listed)
    assert not any(session["current"] for session in box.get("/v1/sessions").json["items"])


def test_list_of_sessions_comes_in_pages(box: Server) -> None:
    for _ in range(3):
        signed_in(box)
    every = [session["id"] for session in box.get("/v1/sessions").json["items"]]
    paged, path = [], "/v1/sessions?limit=2"
    while path:
        page = box.get(path).json
        paged += [session["id"] for session in page["items"]]
        path = page["next_cursor"] and f"/v1/sessions?limit=2&cursor={page['next_cursor']}"
    assert paged == every


def test_revoked_session_ends_at_its_next_request_on_an_open_connection(box: Server) -> None:
    cookie = signed_in(box)
    with closing(http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)) as connection:

        def status() -> int:
            connection.request("GET", "/v1/sessions", headers={"Cookie": cookie})
            response = connection.getresponse()
            response.read()
            return response.status

        assert status() == 200
        sessions = with_cookie(box, cookie, "GET", "/v1/sessions").json["items"]
        own = next(session["id"] for session in sessions if session["current"])
        assert (
            box.request("DELETE", f"/v1/sessions/{own}", headers={"Authorization": f"Bearer {box.key}"}).status == 200
        )
        assert status() == 401


def test_open_page_ends_with_its_session_and_others_stay(box: Server) -> None:
    gone, stays = signed_in(box), signed_in(box)
    with opened(box, gone) as (_, ended), opened(box, stays) as (_, lasting):
        assert with_cookie(box, stays, "POST", "/sign-out").status == 303
        assert read_to_the_end(lasting)
        assert with_cookie(box, gone, "GET", "/v1/devices").status == 200
        assert box.request("DELETE", "/v1/sessions", headers={"Authorization": f"Bearer {box.key}"}).status == 200
        assert read_to_the_end(ended)


def test_open_stream_of_a_program_ends_with_its_key(box: Server) -> None:
    made = box.post("/v1/keys", {"name": "watcher"}).json
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    with closing(connection):
        connection.request("GET", "/live", headers={"Authorization": f"Bearer {made['key']}"})
        response = connection.getresponse()
        assert response.readline()
        revoked = box.request("DELETE", f"/v1/keys/{made['id']}", headers={"Authorization": f"Bearer {box.key}"})
        assert revoked.status == 200
        assert read_to_the_end(response)


class opened:  # noqa: N801 - reads as what it does
    """An open page's stream, which has begun."""

    def __init__(self, box: Server, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
        self._connection.request("GET", "/live", headers={"Cookie": cookie})

    def __enter__(self) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        response = self._connection.getresponse()
        assert response.status == 200
        assert response.readline()
        return self._connection, response

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def read_to_the_end(response: http.client.HTTPResponse) -> bool:
    """TimeoutError when it has none within ten seconds, which is less than the stream's own comments come apart."""
    response.read()
    return True


def test_every_session_but_the_own_one_is_ended(box: Server) -> None:
    others, own = [signed_in(box) for _ in range(3)], signed_in(box)
    answer = with_cookie(box, own, "DELETE", "/v1/sessions").json
    assert answer["success"]
    assert answer["ended"] >= 3
    assert with_cookie(box, own, "GET", "/v1/devices").status == 200
    assert {with_cookie(box, other, "GET", "/v1/devices").status for other in others} == {401}


@pytest.mark.parametrize("unknown", ["0", "999999", "-1", "9" * 30, "x"])
@pytest.mark.parametrize("what", ["sessions", "keys"])
def test_what_is_not_there_cannot_be_revoked(box: Server, what: str, unknown: str) -> None:
    answer = box.request("DELETE", f"/v1/{what}/{unknown}", headers={"Authorization": f"Bearer {box.key}"})
    assert answer.status == 404


def test_new_passphrase_needs_the_old_one_and_ends_the_other_sessions(server: Server) -> None:
    assert server.post("/v1/owner/passphrase", {"old": "x", "new": "something else"}).status == 409
    claim(server)
    own, other = signed_in(server), signed_in(server)
    for body, status in (
        ({"new": "something else"}, 422),
        ({"old": "wrong", "new": "something else"}, 403),
        ({"old": PASSPHRASE, "new": "short"}, 422),
        ({"old": PASSPHRASE, "new": "something else"}, 200),
    ):
        assert with_cookie(server, own, "POST", "/v1/owner/passphrase", body).status == status
    assert with_cookie(server, own, "GET", "/v1/devices").status == 200
    assert with_cookie(server, other, "GET", "/v1/devices").status == 401
    assert sign_in(server).status == 401
    assert sign_in(server, "something else").status == 204


# Keys


def test_keys_are_listed_without_their_secrets_and_end_at_once(box: Server) -> None:
    made = box.post("/v1/keys", {"name": "🥫 program", "scope": "write"}).json
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert box.request("GET", "/v1/devices", headers=headers).status == 200
    listed = box.get("/v1/keys?limit=1000").json
    shown = next(key for key in listed["items"] if key["id"] == made["id"])
    assert shown == {
        "id": made["id"],
        "name": "🥫 program",
        "scope": "write",
        "created_at": made["created_at"],
        "revoked_at": None,
    }
    assert made["key"] not in str(listed)
    admin = {"Authorization": f"Bearer {box.key}"}
    assert box.request("DELETE", f"/v1/keys/{made['id']}", headers=admin).json["success"]
    assert box.request("GET", "/v1/devices", headers=headers).status == 401
    assert box.request("DELETE", f"/v1/keys/{made['id']}", headers=admin).status == 404
    items = box.get("/v1/keys?limit=1000").json["items"]
    assert next(key["revoked_at"] for key in items if key["id"] == made["id"])


@pytest.mark.parametrize("name", ["", " ", "\0", "a\nb", "x" * 201])
def test_name_of_a_key_is_a_line_of_text(box: Server, name: str) -> None:
    assert box.post("/v1/keys", {"name": name}).status == 422


# The audit log


def test_audit_log_tells_who_did_what(server: Server) -> None:
    claim(server)
    cookie = signed_in(server, User_Agent="Kitchen phone")
    made = with_cookie(server, cookie, "POST", "/v1/keys", {"name": "program", "scope": "admin"}).json
    with_cookie(server, cookie, "DELETE", f"/v1/keys/{made['id']}")
    with_cookie(server, cookie, "POST", "/sign-out")
    server.command("owner", "link")
    log = server.get("/v1/audit-log").json
    told = [(line["actor"], line["act"]) for line in log["items"]]
    assert told == [
        ("console", "key.made"),  # the test's own
        ("console", "link.made"),
        ("owner", "session.closed"),
        ("owner", "key.revoked"),
        ("owner", "key.made"),
        ("owner", "session.opened"),
        ("owner", "session.opened"),
        ("owner", "owner.claimed"),
    ]
    opened_line = log["items"][5]
    assert opened_line["details"] == {"by": "passphrase", "peer": "127.0.0.1", "user_agent": "Kitchen phone"}
    assert log["items"][4]["details"] == {"name": "program", "scope": "admin"}
    assert (log["total"], log["next_cursor"]) == (8, None)
    assert [line["id"] for line in server.get("/v1/audit-log?limit=3&cursor=6").json["items"]] == [5, 4, 3]


# Secrets


def test_neither_passphrase_nor_setup_code_is_written_anywhere_but_on_the_console(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        code = server.setup_code
        announced = server.log
        plain = code.replace("-", "")
        claim(server, "AAAA-AAAA", PASSPHRASE)
        assert claim(server, code).status == 204
        sign_in(server, PASSPHRASE)
        sign_in(server, "wrong but secret")
        sent_form(server, "/sign-in", passphrase=PASSPHRASE)
        cookie = signed_in(server)
        with_cookie(server, cookie, "POST", "/v1/owner/passphrase", {"old": PASSPHRASE, "new": "another secret one"})
        with_cookie(server, cookie, "POST", "/v1/owner/passphrase", {"old": "wrong but secret", "new": "x"})
        server.request("GET", f"/v1/captures?device_id={PASSPHRASE.replace(' ', '+')}&limit=x")
        box_s_files = [path for path in server.data.rglob("*") if path.is_file()]
        assert any(path.name == "pantrybox.db-wal" for path in box_s_files)
        secrets = [PASSPHRASE, "another secret one", "wrong but secret", code, plain, cookie.partition("=")[2]]
        kept = b"".join(path.read_bytes() for path in box_s_files)
        assert [secret for secret in secrets if secret.encode() in kept] == []
        assert b"scrypt$16384$8$1$" in kept  # so that this is where it would be
    assert [secret for secret in secrets if secret in server.log.removeprefix(announced)] == []
