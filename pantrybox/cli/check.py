"""`pantrybox check`: prove a data folder."""

import sys

import click

from pantrybox.cli.box import reached
from pantrybox.cli.options import data_option
from pantrybox.cli.progress import ProgressBar
from pantrybox.settings import Settings


@click.command()
@data_option
def check(settings: Settings) -> None:
    """Prove that every row has its whole file, every file its row and every count its evidence.

    Ends with the exit status 0 when all is sound, else with 1 and a list. What an interrupted
    upload left is removed first, as at every start.

    \b
    Example:
      pantrybox check --data /var/lib/pantrybox
    """
    problems: list[str] = []
    show_progress = ProgressBar()
    with reached(settings) as box:
        for line in box.get_lines("/v1/check"):
            if "problem" in line:
                problems.append(line["problem"])
            elif "folded" in line:
                show_progress("photographs folded again", line["folded"], line["of"])
            else:
                show_progress("photographs read", line["read"], line["of"])
    for problem in problems:
        click.echo(problem)
    if problems:
        click.echo(f"{len(problems)} problems.", err=True)
        sys.exit(1)
    click.echo("Sound.")
