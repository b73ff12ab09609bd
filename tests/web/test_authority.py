"""Who may see and do what: strangers, browsers, keys, cameras and the console."""

import hashlib
import http.client
import json
import re
import socket
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode

import pytest

from pantrybox.cli.server import reachable
from pantrybox.web.routes import HANDLERS
from tests.conftest import make_jpeg
from tests.server import Answer, Server

pytestmark = pytest.mark.slow

OPEN = {("GET", "/"), ("GET", "/healthz"), ("POST", "/sign-in"), ("POST", "/claim")}
"""All that the contract opens to strangers, beside static files."""
CAMERAS = {("POST", "/v1/ingest")}
"""What a camera's token opens."""
FORM = "application/x-www-form-urlencoded"

DOCUMENT = {("GET", "/schema"), ("GET", "/schema/openapi.json")}

Route = tuple[str, str]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("authority") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def read_key(box: Server) -> str:
    return new_key(box, "read")


@pytest.fixture(scope="module")
def camera_token(box: Server) -> str:
    return box.post("/v1/devices", {"name": "Secret cellar", "device_id": "cellar"}).json["device_token"]


def new_key(box: Server, scope: str) -> str:
    return box.post("/v1/keys", {"name": "program", "scope": scope}).json["key"]


def needed_by() -> dict[Route, str]:
    """Every route of the program, and the authority that it asks for."""
    return {
        (method, filled_in(path)): handler.opt.get("authority", "admin")
        for handler in HANDLERS
        for path in handler.paths
        for method in handler.http_methods
    }


def documented(box: Server) -> set[Route]:
    paths = box.get("/schema/openapi.json").json["paths"]
    return {(method.upper(), filled_in(path)) for path, methods in paths.items() for method in methods} | DOCUMENT


def filled_in(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "7777", path)  # nothing has this id or number


def asked(box: Server, route: Route, headers: dict[str, str] | None = None, bearer: str | None = None) -> Answer:
    """The answer to a request whose body would do for some routes; without the body of one that never ends."""
    method, path = route
    sent = dict(headers or {}) if bearer is None else {"Authorization": f"Bearer {bearer}"}
    body = None if method == "GET" else b'{"name": "x"}'
    with closing(http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)) as connection:
        connection.request(method, path, body, sent | {"Content-Type": "application/json"})
        response = connection.getresponse()
        said = {name.lower(): value for name, value in response.getheaders()}
        endless = said.get("content-type", "").startswith("text/event-stream")
        return Answer(response.status, said, b"" if endless else response.read())


def new_code(box: Server) -> str:
    return box.post("/v1/sign-in-codes", {}).json["code"]


def sign_in(box: Server, code: str, peer: str = "127.0.0.1") -> Answer:
    return box.request("POST", "/sign-in", {"code": code}, peer=peer)


def signed_in(box: Server) -> str:
    """The cookie of a new session, as a browser sends it."""
    return sign_in(box, new_code(box)).headers["set-cookie"].partition(";")[0]


def status_with(box: Server, cookie: str, path: str = "/v1/devices") -> int:
    return box.request("GET", path, headers={"Cookie": cookie}).status


# Strangers


def test_only_what_the_contract_names_is_open() -> None:
    needed = needed_by()
    assert {route for route, authority in needed.items() if authority == "open"} <= OPEN
    assert {route for route, authority in needed.items() if authority == "device"} == CAMERAS
    assert set(needed.values()) <= {"open", "device", "read", "write", "admin"}


def test_what_changes_something_needs_more_than_a_look() -> None:
    needed = needed_by()
    changing = {route for route in needed if route[0] not in {"GET", "HEAD"}} - OPEN - CAMERAS - {("POST", "/sign-out")}
    assert {needed[route] for route in changing} == {"write", "admin"}


def test_who_may_look_is_for_admins_only() -> None:
    theirs = re.compile(r"/v1/(keys|sessions|sign-in-codes|audit-log|check|admin|owner/)")
    needed = {route: authority for route, authority in needed_by().items() if theirs.match(route[1])}
    assert len(needed) > 9
    assert set(needed.values()) == {"admin"}


def test_no_other_route_answers_a_stranger(box: Server) -> None:
    routes = (set(needed_by()) | documented(box)) - OPEN
    assert len(routes) > 15
    answers = {route: asked(box, route) for route in routes}
    assert {route: answer.status for route, answer in answers.items() if answer.status != 401} == {}
    assert {answer.headers["www-authenticate"] for answer in answers.values()} == {"Bearer"}
    assert {answer.headers["content-type"] for answer in answers.values()} == {"application/problem+json"}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_no_other_method_answers_a_stranger(box: Server, method: str) -> None:
    paths = {path for _, path in needed_by()} - {"/", "/healthz"}
    statuses = {path: asked(box, (method, path)).status for path in paths}
    assert set(statuses.values()) <= {401, 404, 405}, statuses


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer  x", "Bearer pbk_", "Basic {}", "{}", "pbk {}", "Bearer {}x", "Bearer x{}"],
)
def test_what_is_nearly_a_key_opens_nothing(box: Server, authorization: str) -> None:
    headers = {"Authorization": authorization.format(box.key)}
    assert box.request("GET", "/v1/devices", headers=headers).status == 401


def test_scheme_of_a_key_may_be_written_in_any_case(box: Server) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert box.request("GET", "/v1/devices", headers={"Authorization": f"{scheme} {box.key}"}).status == 200


def test_key_in_the_address_or_a_cookie_opens_nothing(box: Server) -> None:
    key = box.key
    for path in (f"/v1/devices?key={key}", f"/v1/devices?token={key}", f"/v1/devices?authorization=Bearer%20{key}"):
        assert box.request("GET", path).status == 401
    assert status_with(box, f"pantrybox_session={key}") == 401


def test_static_files_are_open_and_nothing_beside_them(box: Server) -> None:
    assert box.request("GET", "/static/icon.svg").status == 200
    for path in ("../routes.py", "%2e%2e/routes.py", "..%2froutes.py", "/etc/passwd", "%2fetc/passwd", "..\\routes.py"):
        assert box.request("GET", f"/static/{path}").status == 404


def test_stranger_with_a_browser_gets_the_way_in_and_nothing_else(box: Server, camera_token: str) -> None:
    for path, status in (("/", 200), ("/v1/devices", 401), ("/photographs/x", 401), ("/v1/inventory", 401)):
        answer = box.request("GET", path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert answer.status == status
        assert answer.headers["content-type"].startswith("text/html")
        assert b'action="/claim"' in answer.body
        assert b"cellar" not in answer.body
        assert answer.headers["cache-control"] == "no-store"


def test_health_says_only_that_the_box_is_well(box: Server) -> None:
    assert box.request("GET", "/healthz").json == {"status": "ok"}


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-User"]
)
@pytest.mark.parametrize("value", ["127.0.0.1", "localhost", "unix:", "for=127.0.0.1", "https", "admin"])
def test_what_a_proxy_would_say_changes_nothing(box: Server, header: str, value: str) -> None:
    assert box.request("GET", "/v1/devices", headers={header: value}).status == 401
    assert (
        box.request("GET", "/v1/devices", headers={header: value, "Authorization": f"Bearer {box.key}"}).status == 200
    )


@pytest.mark.parametrize("host", ["localhost", "unix:", "/tmp/pantrybox.sock", ""])
def test_host_that_looks_like_the_console_opens_nothing(box: Server, host: str) -> None:
    assert box.request("GET", "/v1/devices", headers={"Host": host}).status in {400, 401}


# Everybody, everywhere


class Credentials:
    """Everything that somebody may show, by who they are: headers, made anew where the showing may end it."""

    def __init__(self, box: Server) -> None:
        self._box = box
        token = box.post("/v1/devices", {"name": "Shelf", "device_id": "shelf"}).json["device_token"]
        revoked = box.post("/v1/keys", {"name": "revoked", "scope": "admin"}).json
        box.request("DELETE", f"/v1/keys/{revoked['id']}", headers=as_bearer(box.key))
        self.expired, signed_out = signed_in(box), signed_in(box)
        box.request("POST", "/sign-out", headers={"Cookie": signed_out})
        self._fixed = {
            "stranger": {},
            "nonsense": as_bearer("pbk_" + "x" * 43),
            "camera": as_bearer(token),
            "revoked key": as_bearer(revoked["key"]),
            "signed out": {"Cookie": signed_out},
            "expired": {"Cookie": self.expired},
            "key as a cookie": {"Cookie": f"pantrybox_session={box.key}"},
            "read": as_bearer(new_key(box, "read")),
            "write": as_bearer(new_key(box, "write")),
            "admin": as_bearer(new_key(box, "admin")),
        }

    def __iter__(self) -> Iterator[str]:
        yield from [*self._fixed, "session", "session as a key"]

    def shown_by(self, who: str) -> dict[str, str]:
        if who in self._fixed:
            return self._fixed[who]
        cookie = signed_in(self._box)
        return {"Cookie": cookie} if who == "session" else as_bearer(cookie.partition("=")[2])


ALLOWED = {
    "read": {"read", "write", "admin", "session"},
    "write": {"write", "admin", "session"},
    "admin": {"admin", "session"},
}
"""Who may use a route that needs so much."""
LIMITED = {"read", "write"}
"""Who is told that they may not; everybody else, that they are not known."""


def as_bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Credentials]]:
    with Server(tmp_path_factory.mktemp("matrix") / "data") as box:
        known = Credentials(box)
        box.stop()
        digest = hashlib.sha256(known.expired.partition("=")[2].encode()).digest()
        with closing(sqlite3.connect(box.data / "pantrybox.db")) as database, database:
            database.execute("UPDATE sessions SET expires_at_ms = 1 WHERE secret_sha256 = ?", [digest])
        box.start()
        yield box, known


@pytest.mark.slow
@pytest.mark.parametrize("needed", ["read", "write", "admin"])
def test_every_route_asks_everybody_who_they_are(credentials: tuple[Server, Credentials], needed: str) -> None:
    """Walks all routes of the program: a new one cannot be forgotten here."""
    box, known = credentials
    routes = sorted(route for route, authority in needed_by().items() if authority == needed)
    assert routes
    wrong = {}
    for route in routes:
        for who in known:
            status = asked(box, route, known.shown_by(who)).status
            refused = {403} if who in LIMITED else {401}
            answered = {code for code in range(200, 500) if code not in {401, 403}}
            if status not in (answered if who in ALLOWED[needed] else refused):
                wrong[route, who] = status
    assert wrong == {}


# Keys and tokens


def test_read_key_looks_and_changes_nothing(box: Server, read_key: str) -> None:
    assert asked(box, ("GET", "/v1/devices"), bearer=read_key).status == 200
    before = box.get("/v1/devices").json
    for route in (("POST", "/v1/devices"), ("POST", "/v1/keys"), ("PATCH", "/v1/devices/cellar")):
        answer = asked(box, route, bearer=read_key)
        assert (answer.status, answer.json["title"]) == (403, "Forbidden")
    assert box.get("/v1/devices").json == before


@pytest.mark.parametrize(("scope", "included"), [("read", {"read"}), ("write", {"read", "write"})])
def test_narrow_key_is_refused_wherever_more_is_needed(box: Server, scope: str, included: set[str]) -> None:
    key = new_key(box, scope)
    needing_more = [route for route, needed in needed_by().items() if needed not in {"open", "device", *included}]
    assert needing_more
    assert {asked(box, route, bearer=key).status for route in needing_more} == {403}


def test_wider_key_includes_the_narrower(box: Server) -> None:
    for scope in ("read", "write", "admin"):
        assert asked(box, ("GET", "/v1/devices"), bearer=new_key(box, scope)).status == 200
    assert asked(box, ("POST", "/v1/devices"), bearer=new_key(box, "admin")).status == 201


def test_key_is_read_unless_more_is_asked_for(box: Server) -> None:
    made = box.post("/v1/keys", {"name": "program"})
    assert made.status == 201
    assert made.json["scope"] == "read"
    assert made.json["key"].startswith("pbk_")
    assert asked(box, ("POST", "/v1/keys"), bearer=made.json["key"]).status == 403


def test_camera_token_opens_nothing_but_uploads(box: Server, camera_token: str) -> None:
    routes = (set(needed_by()) | documented(box)) - OPEN - CAMERAS
    opened = {route: asked(box, route, bearer=camera_token).status for route in routes}
    assert {route: status for route, status in opened.items() if status != 401} == {}
    assert status_with(box, f"pantrybox_session={camera_token}") == 401
    assert box.upload(make_jpeg(), camera_token, "cellar").status == 201


def test_no_owner_uploads_as_a_camera(box: Server, camera_token: str) -> None:
    headers = {"X-Device-Id": "cellar", "Content-Type": "image/jpeg"}
    for held in ({"Authorization": f"Bearer {box.key}"}, {"Cookie": signed_in(box)}):
        assert box.request("POST", "/v1/ingest", make_jpeg(), headers | held).status == 401


# Browsers


def test_code_signs_in_once(box: Server) -> None:
    code = new_code(box)
    first, second = sign_in(box, code), sign_in(box, code)
    assert (first.status, first.body) == (204, b"")
    assert second.status == 401
    assert "set-cookie" not in second.headers


def test_code_used_eight_times_at_once_opens_one_session(box: Server) -> None:
    code, start = new_code(box), Barrier(8)

    def use(n: int) -> int:
        start.wait(10)
        return sign_in(box, code, peer=f"127.0.1.{n}").status

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(use, range(8)))
    assert statuses == [204] + [401] * 7


@pytest.mark.parametrize("code", ["", "x", "pbk_x", "\0", "é", "x" * 3000])
def test_wrong_code_opens_nothing(box: Server, code: str) -> None:
    peer = f"127.0.2.{len(code) % 200}"
    for answer in (
        sign_in(box, code, peer),
        box.request("POST", "/sign-in", urlencode({"code": code}).encode(), {"Content-Type": FORM}, peer),
    ):
        assert answer.status == 401 or (answer.status == 400 and not code)
        assert "set-cookie" not in answer.headers


def test_session_cookie_is_kept_from_scripts_and_from_other_sites(box: Server) -> None:
    cookie, *flags = sign_in(box, new_code(box)).headers["set-cookie"].split("; ")
    said = {flag.lower() for flag in flags}
    assert re.fullmatch(r"pantrybox_session=[\w-]{43}", cookie)
    assert {"httponly", "samesite=strict", "path=/"} <= said
    assert any(flag.startswith("max-age=") for flag in said)
    assert not any(flag.startswith("domain") for flag in said)


def test_session_opens_the_page_and_the_api(box: Server) -> None:
    cookie = signed_in(box)
    page = box.request("GET", "/", headers={"Cookie": cookie})
    assert page.status == 200
    assert b'action="/sign-in"' not in page.body
    assert b'action="/sign-out"' in page.body
    assert status_with(box, cookie) == 200
    assert box.request("POST", "/v1/sign-in-codes", {}, {"Cookie": cookie}).status == 201


def test_signing_out_ends_this_session_and_no_other(box: Server) -> None:
    cookie, other = signed_in(box), signed_in(box)
    answer = box.request("POST", "/sign-out", headers={"Cookie": cookie})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert re.search(r"pantrybox_session=(\"\")?;.*Max-Age=0", answer.headers["set-cookie"], re.IGNORECASE)
    assert status_with(box, cookie) == 401
    assert b'action="/sign-in"' in box.request("GET", "/", headers={"Cookie": cookie}).body
    assert status_with(box, other) == 200


def test_form_signs_in_and_leads_to_the_page(box: Server) -> None:
    code = new_code(box)
    answer = box.request("POST", "/sign-in", urlencode({"code": f" {code} "}).encode(), {"Content-Type": FORM})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert status_with(box, answer.headers["set-cookie"].partition(";")[0], "/") == 200


def test_link_of_the_command_line_carries_a_code_that_no_server_sees(box: Server) -> None:
    link = box.command("owner", "link", "--url", box.url).strip()
    address, _, code = link.partition("#code=")
    assert address == f"{box.url}/"
    assert sign_in(box, code).status == 204


@pytest.mark.parametrize("body", [b"", b"{}", b'{"code": 5}', b'{"code": null}', b"[]", b"{", b"\xff"])
def test_sign_in_without_a_code_is_malformed(box: Server, body: bytes) -> None:
    for content_type in ("application/json", FORM, "text/plain", "multipart/form-data; boundary=x"):
        answer = box.request("POST", "/sign-in", body, {"Content-Type": content_type})
        assert answer.status == 400
        assert "set-cookie" not in answer.headers


def test_authority_outlives_a_restart_but_a_code_does_not(server: Server) -> None:
    token = server.post("/v1/devices", {"name": "Shelf", "device_id": "shelf"}).json["device_token"]
    key, cookie, code = server.key, signed_in(server), new_code(server)
    server.stop()
    server.start()
    assert server.upload(make_jpeg(), token).status == 201
    assert asked(server, ("GET", "/v1/devices"), bearer=key).status == 200
    assert status_with(server, cookie) == 200
    assert sign_in(server, code).status == 401


# The console


class Console(http.client.HTTPConnection):
    """The Unix socket in the data folder."""

    def __init__(self, data: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._data = data

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        with reachable(self._data / "pantrybox.sock") as address:
            self.sock.connect(address)


def test_console_opens_everything_to_who_owns_the_data_folder(box: Server) -> None:
    with closing(Console(box.data)) as console:
        console.request("POST", "/v1/sign-in-codes", b"{}", {"Content-Type": "application/json"})
        response = console.getresponse()
        code = json.loads(response.read())["code"]
    assert response.status == 201
    assert sign_in(box, code).status == 204


def test_nobody_else_can_open_the_console_or_the_data_folder(box: Server) -> None:
    mode = (box.data / "pantrybox.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(box.data.stat().st_mode) == 0o700


def test_console_goes_with_the_server(server: Server) -> None:
    server.stop()
    assert not (server.data / "pantrybox.sock").exists()


# Secrets


def test_no_secret_is_in_the_journal_or_the_database(server: Server) -> None:
    token, key, code = server.add_device(), server.key, new_code(server)
    session = sign_in(server, code).headers["set-cookie"].partition(";")[0].partition("=")[2]
    secrets = [token, key, code, session]
    used_wherever_it_goes(server, secrets)
    server.upload(make_jpeg(), token)
    server.wait_until_analysed()
    kept = b"".join(file.read_bytes() for file in server.data.glob("pantrybox.db*"))
    assert [secret for secret in secrets if secret in server.log] == []
    assert [secret for secret in secrets if secret.encode() in kept] == []
    for secret in (token, key, session):  # so that these are the files in which it would be
        assert hashlib.sha256(secret.encode()).digest() in kept
    server.stop()
    assert [secret for secret in secrets if secret in server.log] == []


def used_wherever_it_goes(box: Server, secrets: list[str]) -> None:
    """Rightly and wrongly, in requests that are answered, refused and not understood at all."""
    for n, secret in enumerate(secrets):
        sign_in(box, secret, peer=f"127.0.3.{n}")
        box.upload(b"no picture", secret)
        for method in ("GET", "POST", "DELETE"):
            box.request(method, "/v1/devices", b"{", {"Authorization": f"Bearer {secret}"})
        box.request(
            "GET", f"/v1/captures?device_id={secret}&limit=x", headers={"Cookie": f"pantrybox_session={secret}"}
        )
        with socket.create_connection(("127.0.0.1", box.port), timeout=10) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nAuthorization: Bearer {secret}\r\nBroken\0\r\n\r\n".encode())
            assert b" 400 " in connection.recv(1000)
