"""`pantrybox device`: the cameras that may upload."""

import click
import msgspec

from pantrybox.cli.box import reached
from pantrybox.cli.options import data_option, json_option
from pantrybox.settings import Settings


@click.group()
def device() -> None:
    """Register cameras.

    \b
    Example:
      pantrybox device add "Kitchen shelf" --data /var/lib/pantrybox
    """


@device.command()
@click.argument("name")
@click.option("--id", "device_id", default=None, help="The id that the camera sends; a UUID when it is left out.")
@json_option
@data_option
def add(settings: Settings, name: str, device_id: str | None, as_json: bool) -> None:
    """Let a new camera upload, and print its token: this once, and never again.

    \b
    Example:
      pantrybox device add "Kitchen shelf" --id shelf-1 --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        made = box.post("/v1/devices", {"name": name, "device_id": device_id})
    if as_json:
        click.echo(msgspec.json.encode(made))
        return
    click.echo(f"id     {made['id']}")
    click.echo(f"token  {made['device_token']}")
