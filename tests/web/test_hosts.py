"""Under which names the box answers; every other one could be a stranger's who looks through a browser here."""

import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pantrybox.web.hosts import is_known, names_of_this_machine
from tests.server import Server

pytestmark = pytest.mark.slow

Address = IPv4Address | IPv6Address
NAMES = names_of_this_machine(["pantry.example.org", "[fd00::7]"])
HERE = "192.168.1.5"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("hosts") / "data"
    with Server(data, environment={"PANTRYBOX_HOSTS": "Pantry.Example.org, other.example"}) as running:
        yield running


KNOWN = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "pantrybox.local",
    "PantryBox.Local",
    "pantrybox.local.",
    "192.168.1.5",
    "pantry.example.org",
    "[fd00::7]",
    "[FD00:0:0::7]",
    socket.gethostname(),
    socket.gethostname().partition(".")[0] + ".local",
]
UNKNOWN = [
    "",
    "evil.example",
    "192.168.1.6",
    "0.0.0.0",
    "127.0.0.2",
    "[::2]",
    "::1",
    "localhost.evil.example",
    "pantrybox.local.evil.example",
    "evil.local",
    "pantrybox.local..",
    "localhost:8000:80",
    "localhost:",
    "localhost:x",
    "localhost:-1",
    "user@localhost",
    "localhost/",
    "localhost, evil.example",
    "http://localhost",
    "[localhost]",
    "[127.0.0.1",
    " localhost",
    "localhost\n",
    "2130706433",
    "127.1",
    "0x7f.0.0.1",
]


@pytest.mark.parametrize("port", ["", ":80", ":8000", ":65535"])
@pytest.mark.parametrize("host", KNOWN)
def test_own_names_are_known_with_any_port(host: str, port: str) -> None:
    assert is_known(host + port, HERE, NAMES)


@pytest.mark.parametrize("host", UNKNOWN)
def test_other_names_are_not_known(host: str) -> None:
    assert not is_known(host, HERE, NAMES)


@example(IPv6Address("::ffff:127.0.0.1"), IPv4Address("10.0.0.1"))
@given(st.ip_addresses(), st.ip_addresses())
def test_address_is_known_when_it_is_the_one_that_was_connected_to(one: Address, other: Address) -> None:
    literal = f"[{one}]" if one.version == 6 else str(one)
    own = {"127.0.0.1", "::1", "fd00::7", str(plain(other))}
    assert is_known(literal, str(one), NAMES)
    assert is_known(literal, str(other), NAMES) == (str(plain(one)) in own)


def plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one is what it is."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def test_address_is_known_however_it_is_written() -> None:
    assert is_known("192.168.1.5", "::ffff:192.168.1.5", NAMES)
    assert is_known("[fe80::1]", "fe80::1%eth0", NAMES)
    assert is_known("[2001:DB8:0:0::1]:8000", "2001:db8::1", NAMES)


@given(st.text(max_size=30))
def test_no_text_makes_the_question_fail(host: str) -> None:
    assert is_known(host, HERE, NAMES) in {True, False}


@pytest.mark.parametrize("host", ["pantrybox.local", "localhost:9", "PANTRY.example.org", "other.example:443"])
def test_box_answers_to_its_names(box: Server, host: str) -> None:
    assert box.request("GET", "/healthz", headers={"Host": host}).status == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/devices", "/static/icon.svg", "/nothing", "/schema"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.2", "localhost.evil.example:8000"])
def test_no_address_of_the_box_answers_under_another_name(box: Server, path: str, host: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {box.key}"}):
        answer = box.request("GET", path, headers=headers | {"Host": host})
        assert (answer.status, answer.json["detail"]) == (400, "This box is not called that.")
        assert answer.headers["content-type"] == "application/problem+json"


def test_camera_that_calls_the_box_something_else_is_refused(box: Server) -> None:
    headers = {"Host": "evil.example", "Content-Type": "image/jpeg", "X-Device-Id": "shelf"}
    assert box.request("POST", "/v1/ingest", b"x" * 100_000, headers).status == 400


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: evil.example\r\nHost: localhost\r\n",
        "X-Forwarded-Host: localhost\r\nHost: evil.example\r\n",
        "Forwarded: host=localhost\r\n",
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_request_names_its_host_once(box: Server, lines: str, version: str) -> None:
    request = f"GET /healthz HTTP/{version}\r\n{lines}Connection: close\r\n\r\n".encode()
    with closing(socket.create_connection(("127.0.0.1", box.port), timeout=10)) as connection:
        connection.sendall(request)
        assert connection.recv(1000).split(b" ")[1] == b"400"


def test_address_in_the_request_line_does_not_stand_in_for_the_host(box: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", box.port), timeout=10)) as connection:
        connection.sendall(b"GET http://localhost/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert connection.recv(1000).split(b" ")[1] == b"400"


def test_commands_of_this_machine_need_no_name(box: Server) -> None:
    assert box.command("key", "list").count("\n") >= 0
