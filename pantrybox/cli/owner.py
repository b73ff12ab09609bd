"""`pantrybox owner`: the way in for the person whose box it is."""

import socket

import click

from pantrybox.cli.box import running
from pantrybox.cli.options import data_option
from pantrybox.cli.serve import sign_in_link
from pantrybox.settings import Settings


@click.group()
def owner() -> None:
    """Sign in as the owner.

    \b
    Example:
      pantrybox owner link --data /var/lib/pantrybox
    """


@owner.command()
@data_option
@click.option("--url", default=None, help="The box's address as the browser reaches it.")
def link(settings: Settings, url: str | None) -> None:
    """Print an address that opens signed in, once, within ten minutes.

    \b
    Example:
      pantrybox owner link --data /var/lib/pantrybox --url http://pantrybox.local:8000
    """
    base = url or f"http://{socket.gethostname()}:8000"
    click.echo(sign_in_link(running(settings), base.rstrip("/")))
