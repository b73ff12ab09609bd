"""A real box for a test: `pantrybox serve` in a process of its own, on a free port of loopback."""

import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pantrybox.cli.box import reached
from pantrybox.settings import read_settings

START_SECONDS = 30


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    def __init__(self, data: Path, prefix: Sequence[str] = (), environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self._prefix = list(prefix)
        # Reading labels takes half a second a photograph: the tests of it ask for it.
        self._environment = os.environ | {"PANTRYBOX_LABELS": "off"} | (environment or {})
        self.process: subprocess.Popen[str] | None = None
        self._key: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns once it answers."""
        # Warnings are errors in the box, too: it must not lean on what its libraries are about to drop.
        command = [*self._prefix, sys.executable, "-W", "error", "-m", "pantrybox", "serve", "--data", str(self.data)]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        log = (self.data.parent / f"{self.data.name}.log").open("a")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, text=True, env=self._environment)
        log.close()
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the box did not start:\n" + self.log)
            time.sleep(0.02)

    def stop(self) -> None:
        """As systemd does: SIGTERM, and wait."""
        if self.process is not None:
            os.kill(self.pid, signal.SIGTERM)
            status = self.process.wait(20)
            self.process = None
            assert status == 0, f"the box ended with {status}:\n{self.log}"

    def kill(self) -> None:
        """As a power cut does, but for what the kernel already has."""
        assert self.process is not None
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(20)
        self.process = None

    @property
    def pid(self) -> int:
        """The box itself, below whatever was put before its command line."""
        assert self.process is not None
        if not self._prefix:
            return self.process.pid
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    @property
    def log(self) -> str:
        return (self.data.parent / f"{self.data.name}.log").read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """An admin's API key."""
        if self._key is None:
            self._key = str(self._ask("/v1/keys", {"name": "test", "scope": "admin"})["key"])
        return self._key

    def _ask(self, path: str, body: object) -> dict[str, Any]:
        """As a command on the box's own machine does, whether its server runs or not."""
        with reached(read_settings(self.data, self._environment)) as box:
            return box.post(path, body)

    @property
    def setup_code(self) -> str:
        """What it printed for whoever stands before it, newest last."""
        end = time.monotonic() + START_SECONDS
        while not (found := re.findall(r"setup code is (\w{4}-\w{4})", self.log)):
            assert time.monotonic() < end, "no setup code was printed:\n" + self.log
            time.sleep(0.02)
        return found[-1]

    def command(self, *words: str, status: int = 0) -> str:
        """What a `pantrybox` command on this box's data folder prints."""
        return pantrybox(*words, "--data", str(self.data), status=status)

    def add_device(self, device_id: str = "shelf") -> str:
        """The token of a new camera."""
        return self._ask("/v1/devices", {"name": "Shelf", "device_id": device_id})["device_token"]

    def request(
        self,
        method: str,
        path: str,
        body: bytes | object | None = None,
        headers: dict[str, str] | None = None,
        peer: str = "127.0.0.1",
    ) -> Answer:
        """One request without any authority but that in `headers`; `peer` is any loopback address to send it from."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(peer, 0))
        try:
            sent = dict(headers or {})
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
                sent.setdefault("content-type", "application/json")
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """With the admin's key."""
        return self.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})

    def post(self, path: str, body: object) -> Answer:
        """With the admin's key."""
        return self.request("POST", path, body, {"Authorization": f"Bearer {self.key}"})

    def upload(self, jpeg: bytes, token: str, device_id: str = "shelf", **headers: str) -> Answer:
        """A raw upload; `idempotency_key="1"` becomes the header Idempotency-Key."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Content-Type": "image/jpeg", "X-Device-Id": device_id, "Authorization": f"Bearer {token}"}
        return self.request("POST", "/v1/ingest", jpeg, sent)

    def wait_until(self, path: str, is_so: Any, seconds: float = 30) -> Any:
        """The JSON of a GET once `is_so(json)`; what it was, when that never comes."""
        end = time.monotonic() + seconds
        while True:
            answer = self.get(path).json
            if is_so(answer):
                return answer
            assert time.monotonic() < end, f"{path} stayed {answer}"
            time.sleep(0.05)

    def wait_until_analysed(self, seconds: float = 60) -> None:
        """Nothing waits and nothing is being looked at."""
        for status in ("stored", "analyzing"):
            self.wait_until(f"/v1/captures?status={status}", lambda answer: answer["total"] == 0, seconds)

    def _answers(self) -> bool:
        try:
            return self.request("GET", "/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False


def pantrybox(*words: str, status: int = 0) -> str:
    """What a `pantrybox` command prints on stdout; its exit status must be `status`."""
    done = subprocess.run(
        [sys.executable, "-m", "pantrybox", *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == status, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def free_port() -> int:
    """One that no other box of these tests takes, in this process or in another, nor an outgoing connection."""
    for port in _PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is no free port")


_FIRST_PORT = 10_000 + os.getpid() % 200 * 100
_PORTS = itertools.cycle(range(_FIRST_PORT, _FIRST_PORT + 100))
