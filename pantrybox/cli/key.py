"""`pantrybox key`: API keys for programs."""

import click
import msgspec

from pantrybox.cli.box import every, reached
from pantrybox.cli.options import data_option, json_option
from pantrybox.settings import Settings


@click.group()
def key() -> None:
    """Let programs in, and shut them out.

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


@key.command("list")
@json_option
@data_option
def list_keys(settings: Settings, as_json: bool) -> None:
    """Show every key that was ever made, but never the key itself.

    \b
    Example:
      pantrybox key list --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        keys = list(every(box, "/v1/keys"))
    if as_json:
        click.echo(msgspec.json.encode(keys))
        return
    for made in keys:
        revoked = f"revoked {made['revoked_at']}" if made["revoked_at"] else ""
        click.echo(f"{made['id']:>4}  {made['scope']:<5}  {made['created_at']}  {made['name']}  {revoked}".rstrip())


@key.command()
@click.argument("key_id", metavar="ID", type=click.IntRange(1))
@data_option
def revoke(settings: Settings, key_id: int) -> None:
    """Shut a program out, from its next request on. `key list` shows the ids.

    \b
    Example:
      pantrybox key revoke 3 --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        click.echo(box.delete(f"/v1/keys/{key_id}")["message"])
