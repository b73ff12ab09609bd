"""The `pantrybox` command: what it can do, and how its failures are said."""

import sys

import click

from pantrybox.cli.camera import camera
from pantrybox.cli.check import check
from pantrybox.cli.config import config
from pantrybox.cli.demo import demo
from pantrybox.cli.detect import detect
from pantrybox.cli.device import device
from pantrybox.cli.evaluate import evaluate
from pantrybox.cli.key import key
from pantrybox.cli.model import model
from pantrybox.cli.owner import owner
from pantrybox.cli.serve import serve
from pantrybox.errors import PantryError
from pantrybox.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="pantrybox", message="%(prog)s %(version)s")
def pantrybox() -> None:
    """Knows what is in your pantry: cameras in, inventory out, one SQLite file.

    \b
    Example:
      pantrybox demo
      pantrybox serve --data /var/lib/pantrybox
    """


for command in (serve, demo, detect, evaluate, device, key, model, owner, check, config, camera):
    pantrybox.add_command(command)


def main() -> None:
    """Run the command; a failure that a person can mend is one sentence on stderr and the exit status 1."""
    try:
        pantrybox.main(prog_name="pantrybox", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except PantryError as error:
        click.echo(f"pantrybox: {error}", err=True)
        sys.exit(1)
