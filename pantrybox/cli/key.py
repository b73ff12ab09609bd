"""`pantrybox key`: API keys for programs."""

import click

from pantrybox.cli.box import reached
from pantrybox.cli.options import data_option
from pantrybox.settings import Settings


@click.group()
def key() -> None:
    """Let programs in.

    \b
    Example:
      pantrybox key create "home automation" --scope read --data /var/lib/pantrybox
    """


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(["read", "write", "admin"]),
    default="read",
    show_default=True,
    help="read: look; write: change the stock too; admin: everything.",
)
@data_option
def create(settings: Settings, name: str, scope: str) -> None:
    """Make an API key and print it, alone, on stdout: this once, and never again.

    \b
    Example:
      KEY=$(pantrybox key create backup --scope read --data /var/lib/pantrybox)
    """
    with reached(settings) as box:
        click.echo(box.post("/v1/keys", {"name": name, "scope": scope})["key"])
