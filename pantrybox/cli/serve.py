"""`pantrybox serve`: run the box."""

import http.client
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import click

from pantrybox.cli.box import Box
from pantrybox.cli.options import data_option
from pantrybox.cli.qr import qr_code
from pantrybox.errors import PantryError
from pantrybox.settings import Settings


@click.command()
@data_option
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free port.")
def serve(settings: Settings, host: str, port: int) -> None:
    """Run the box until Ctrl-C or SIGTERM.

    Prints the address of the page and, as long as the box has no owner, the setup code that makes
    it yours.

    \b
    Example:
      pantrybox serve --data /var/lib/pantrybox --port 8000
    """
    from pantrybox.cli.server import listen, run  # noqa: PLC0415 - half a second of imports, for this command only

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    listener = listen(host, port)

    def ready(_: Callable[[], object]) -> None:
        click.echo(f"PantryBox answers on {address(listener)} and keeps its data in {settings.data}.")
        # A thread of its own: it asks the server, which answers on this one.
        threading.Thread(target=_say_how_to_get_in, args=(settings, address(listener)), daemon=True).start()

    run(settings, listener, analysing=True, ready=ready)


def _say_how_to_get_in(settings: Settings, base: str) -> None:
    with suppress(OSError, http.client.HTTPException, PantryError):  # ended, or claimed, before anybody could read it
        for line in _ways_in(Box(settings.socket), base):
            click.echo(line)


def _ways_in(box: Box, base: str) -> Iterator[str]:
    if box.get("/v1/owner")["claimed"]:
        yield "To sign in, open it, or run `pantrybox owner link` with the same --data."
        return
    code = box.post("/v1/owner/setup-code", {})["setup_code"]
    link = f"{base}/#setup={code}"
    yield f"It has no owner yet. Its setup code is {code}. To make it yours, open {link}"
    yield qr_code(link)


def address(listener: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:
        host = own_name()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def own_name() -> str:
    """This machine's address on its network, which every phone can reach; its name when it has none yet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # for documentation only (RFC 5737); connecting a datagram sends nothing
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def sign_in_link(box: Box, base: str) -> str:
    """An address that opens signed in, once, within ten minutes."""
    return f"{base}/#code={box.post('/v1/sign-in-codes', {})['code']}"
