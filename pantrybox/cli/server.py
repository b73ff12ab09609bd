"""Run the appliance behind uvicorn: on the network, and on a Unix socket for the commands of this machine."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from pantrybox.app import open_appliance
from pantrybox.cli.allocator import return_memory
from pantrybox.errors import PantryError
from pantrybox.settings import Settings

_GRACE_SECONDS = 3
"""An open page holds its connection for ever; on the way down it gets this long."""
_BACKLOG = 256


class _Server(uvicorn.Server):
    def __init__(self, configuration: uvicorn.Config) -> None:
        super().__init__(configuration)
        self.answering = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """uvicorn's own handlers raise SIGTERM again before the database is closed; ours only end it."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()


def run(
    settings: Settings,
    network: socket.socket | None,
    *,
    analysing: bool,
    ready: Callable[[Callable[[], object]], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    `ready` is called once requests are answered, with a function that ends the server from any thread.
    """

    return_memory()
    # A thread that analyses or tidies up hands over after 1 ms at the latest, not after 5: pages come first.
    sys.setswitchinterval(0.001)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        async with served(settings, network, analysing=analysing):
            ready(lambda: loop.call_soon_threadsafe(ended.set))
            _tell_systemd("READY=1")
            await ended.wait()
            _tell_systemd("STOPPING=1")

    uvloop.run(main())


@asynccontextmanager
async def served(settings: Settings, network: socket.socket | None, *, analysing: bool) -> AsyncGenerator[None]:
    """The appliance, answering; it ends when the block does."""
    async with open_appliance(settings, analysing=analysing) as app:
        with _console_socket(settings.socket) as console:
            server = _Server(_configuration(app))
            sockets = [console] if network is None else [network, console]
            serving = asyncio.create_task(server.serve(sockets=sockets))
            answering = asyncio.create_task(server.answering.wait())
            try:
                await asyncio.wait([serving, answering], return_when=asyncio.FIRST_COMPLETED)
                yield
            finally:
                app.state.pulse.close()
                server.should_exit = True
                await serving
                answering.cancel()


def _configuration(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        # Off: a header of the sender's must not decide whom the box believes to talk to.
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=_BACKLOG,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; PantryError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PantryError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another with --port."
        ) from error
    return listener


@contextmanager
def _console_socket(path: Path) -> Generator[socket.socket]:
    console = socket.socket(socket.AF_UNIX)
    with reachable(path) as address:
        path.unlink(missing_ok=True)  # left by a power cut; the lock says that nobody uses it
        before = os.umask(0o177)  # 0600 from its first moment: whoever can open it owns the box
        try:
            console.bind(address)
        finally:
            os.umask(before)
    console.listen(_BACKLOG)
    try:
        yield console
    finally:
        console.close()
        path.unlink(missing_ok=True)


@contextmanager
def reachable(path: Path) -> Generator[str]:
    """An address for a Unix socket whose own path may be longer than the 107 bytes that the kernel takes."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def _tell_systemd(state: str) -> None:
    """sd_notify(3); nothing happens when systemd did not start us."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.connect("\0" + address[1:] if address.startswith("@") else address)
        notifier.sendall(state.encode())
