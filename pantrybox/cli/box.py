"""Ask the box something from the command line, whether its server runs or not.

There is one way in, the API over the Unix socket in the data folder. When nobody answers
there, the command opens the data folder itself and serves that socket for as long as it takes.
"""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from pantrybox.errors import PantryError
from pantrybox.settings import Settings
from pantrybox.storage.folder import FolderInUse

_START_SECONDS = 30.0


class Box:
    """The API of a box on this machine, with the authority of its console."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_lines(self, path: str) -> Iterator[dict[str, Any]]:
        """Every JSON object of a streamed answer, as it arrives."""
        with self._answer("GET", path, None) as response:
            for line in response:
                yield msgspec.json.decode(line)

    def get(self, path: str) -> dict[str, Any]:
        """The answer's JSON; PantryError with the box's own sentence when it refuses."""
        with self._answer("GET", path, None) as response:
            return msgspec.json.decode(response.read())

    def post(self, path: str, body: object) -> dict[str, Any]:
        """The answer's JSON; PantryError with the box's own sentence when it refuses."""
        with self._answer("POST", path, body) as response:
            return msgspec.json.decode(response.read())

    def patch(self, path: str, body: object) -> dict[str, Any]:
        """The answer's JSON; PantryError with the box's own sentence when it refuses."""
        with self._answer("PATCH", path, body) as response:
            return msgspec.json.decode(response.read())

    def delete(self, path: str) -> dict[str, Any]:
        """The answer's JSON; PantryError with the box's own sentence when it refuses."""
        with self._answer("DELETE", path, None) as response:
            return msgspec.json.decode(response.read())

    def answers(self) -> bool:
        try:
            with self._answer("GET", "/healthz", None):
                return True
        except (OSError, http.client.HTTPException):
            return False

    @contextmanager
    def _answer(self, method: str, path: str, body: object) -> Generator[http.client.HTTPResponse]:
        connection = _UnixConnection(self._path)
        try:
            headers = {"content-type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else msgspec.json.encode(body), headers)
            response = connection.getresponse()
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise PantryError(_detail(response))
            yield response
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        from pantrybox.cli.server import reachable  # noqa: PLC0415 - uvicorn is not needed for every command

        self.sock = socket.socket(socket.AF_UNIX)
        with reachable(self._path) as address:
            self.sock.connect(address)


def _detail(response: http.client.HTTPResponse) -> str:
    try:
        return str(msgspec.json.decode(response.read())["detail"])
    except (msgspec.DecodeError, KeyError):
        return f"The box answered {response.status} {response.reason}."


def every(box: Box, path: str) -> Iterator[dict[str, Any]]:
    """The items of a list, however many pages it has."""
    page = box.get(f"{path}?limit=1000")
    yield from page["items"]
    while page["next_cursor"] is not None:
        page = box.get(f"{path}?limit=1000&cursor={page['next_cursor']}")
        yield from page["items"]


@contextmanager
def reached(settings: Settings) -> Generator[Box]:
    """The running box of this data folder, or one that runs while the block does."""
    box = Box(settings.socket)
    if box.answers():
        yield box
        return
    try:
        with _served_here(settings):
            yield box
    except FolderInUse:
        # Somebody holds the folder: a server that has not opened its socket yet.
        _wait_for(box)
        yield box


def running(settings: Settings) -> Box:
    """The running box of this data folder; PantryError when there is none."""
    box = Box(settings.socket)
    if not box.answers():
        raise PantryError(f"No PantryBox runs on {settings.data}. Start it with `pantrybox serve --data DIR`.")
    return box


def _wait_for(box: Box) -> None:
    end = time.monotonic() + _START_SECONDS
    while not box.answers():
        if time.monotonic() > end:
            raise PantryError("The data folder is in use, but nobody answers there. Try again in a minute.")
        time.sleep(0.1)


@contextmanager
def _served_here(settings: Settings) -> Generator[None]:
    from pantrybox.cli.server import served  # noqa: PLC0415 - only when nobody else serves

    started, stop = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    async def serve() -> None:
        async with served(settings, None, analysing=False):
            started.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, name="box")
    thread.start()
    started.wait()
    try:
        if failures:
            raise failures[0]
        yield
    finally:
        stop.set()
        thread.join()
