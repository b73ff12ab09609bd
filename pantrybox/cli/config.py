"""`pantrybox config`: what is decided about this box, and where."""

import click
import msgspec

from pantrybox.cli.options import choices_made, data_option, json_option
from pantrybox.settings import Choice, Settings


@click.command()
@json_option
@data_option
def config(settings: Settings, as_json: bool) -> None:
    """Print every setting: its value, where it comes from and what it means.

    \b
    Example:
      pantrybox config --data /var/lib/pantrybox
      MAX_STORAGE_MB=20000 pantrybox config --json --data /var/lib/pantrybox
    """
    made = choices_made(settings)
    if as_json:
        click.echo(msgspec.json.encode([_line(choice) for choice in made]))
        return
    click.echo(f"The data folder is {settings.data}.")
    for choice in made:
        click.echo(f"\n{choice.setting.name}={choice.text}")
        click.echo(f"  {choice.setting.meaning}")
        click.echo(f"  It can be {choice.setting.bounds}; this comes from {_origin(choice)}.")


def _line(choice: Choice) -> dict[str, str]:
    setting = choice.setting
    return {
        "name": setting.name,
        "value": choice.text,
        "source": choice.source,
        "default": setting.default,
        "bounds": setting.bounds,
        "meaning": setting.meaning,
    }


def _origin(choice: Choice) -> str:
    return {"default": "nobody: it is the default", "environment": "the environment"}.get(choice.source, choice.source)
