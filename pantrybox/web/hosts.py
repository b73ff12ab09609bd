"""Under which names the box answers: a page that some other name leads here for could read it (DNS rebinding)."""

import re
import socket
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from typing import Any

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from pantrybox.web.errors import Problem

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_REFUSAL = msgspec.json.encode(Problem(title="Bad Request", status=400, detail="This box is not called that."))


class KnownHosts:
    """Stands before everything else, and answers what is sent to another name itself."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(_REFUSAL))]
        await send({"type": "http.response.start", "status": 400, "headers": headers})  # pyright: ignore
        await send({"type": "http.response.body", "body": _REFUSAL, "more_body": False})

    def _is_known(self, scope: Any) -> bool:
        server = scope["server"]
        if server is None or server[1] is None:
            return server is not None  # the console's socket
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and is_known(hosts[0], server[0], self._names)


def is_known(host: str, here: str, names: Collection[str]) -> bool:
    """Whether a Host header, with any port, names this box: by name, or by the address `here` that was connected to."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower()
    address = _address(name.strip("[]"))
    if address is None:
        return name.removesuffix(".") in names
    return address in _LOOPBACK or address == _address(here) or address in names


def names_of_this_machine(more: Collection[str] = ()) -> frozenset[str]:
    """What it is called on its network, and what somebody configured beside."""
    hostname = socket.gethostname().lower()
    first = hostname.partition(".")[0]
    own = {"localhost", "pantrybox.local", hostname, first, f"{first}.local"}
    return frozenset(own | {_address(name.strip("[]")) or name.lower().removesuffix(".") for name in more})


def _address(text: str) -> str | None:
    """One spelling for each address; None when it is a name."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
