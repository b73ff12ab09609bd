"""`pantrybox serve`: run the box."""

import logging
import socket
from collections.abc import Callable

import click

from pantrybox.cli.box import Box
from pantrybox.cli.options import data_option
from pantrybox.settings import Settings


@click.command()
@data_option
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free port.")
def serve(settings: Settings, host: str, port: int) -> None:
    """Run the box until Ctrl-C or SIGTERM.

    Prints the address of the page, with a code that signs one browser in.

    \b
    Example:
      pantrybox serve --data /var/lib/pantrybox --port 8000
    """
    from pantrybox.cli.server import listen, run  # noqa: PLC0415 - half a second of imports, for this command only

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    listener = listen(host, port)

    def ready(_: Callable[[], object]) -> None:
        click.echo(f"PantryBox answers on {address(listener)} and keeps its data in {settings.data}.")
        click.echo("To sign in, run `pantrybox owner link` with the same --data.")

    run(settings, listener, analysing=True, ready=ready)


def address(listener: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def sign_in_link(box: Box, base: str) -> str:
    """An address that opens signed in, once, within ten minutes."""
    return f"{base}/#code={box.post('/v1/sign-in-codes', {})['code']}"
