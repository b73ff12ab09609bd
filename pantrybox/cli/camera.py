"""`pantrybox camera`: be a camera."""

import sys
from pathlib import Path

import click

from pantrybox.camera.sender import Camera, Refused, pictures_in


@click.group()
def camera() -> None:
    """Send photographs to a box.

    \b
    Example:
      pantrybox camera send photographs/ --url http://pantrybox.local:8000 --id shelf-1 --token TOKEN
    """


@camera.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--url", required=True, help="The address of the box.")
@click.option("--id", "device_id", required=True, help="The camera's id, as `pantrybox device add` printed it.")
@click.option("--token", required=True, envvar="PANTRYBOX_TOKEN", help="Its token; also PANTRYBOX_TOKEN.")
@click.option("--interval", type=click.FloatRange(0), default=None, help="Seconds between two, whatever is ordered.")
def send(folder: Path, url: str, device_id: str, token: str, interval: float | None) -> None:
    """Send the pictures of FOLDER (and of the folders in it) as a camera would.

    Each is sent until the box has stored it, coming again while the box is busy or away. Between
    two the camera sleeps as the box orders; size and quality are as ordered, too.

    \b
    Example:
      pantrybox camera send photographs/ --url http://pantrybox.local:8000 --id shelf-1 --token TOKEN
    """
    files = pictures_in(folder)
    refused = 0
    sender = Camera(url, device_id, token, failed=_say_why)
    for count, (path, outcome) in enumerate(sender.send_all(files, interval), start=1):
        refused += isinstance(outcome, Refused)
        said = str(outcome) if isinstance(outcome, Refused) else f"{outcome.message} {outcome.capture_id}"
        click.echo(f"{count}/{len(files)} {path.name}: {said}")
    if refused:
        click.echo(f"{refused} of {len(files)} were refused.", err=True)
        sys.exit(1)


def _say_why(why: str, pause: float) -> None:
    click.echo(f"{why.rstrip('.')}; trying again in {pause:.0f} s", err=True)
