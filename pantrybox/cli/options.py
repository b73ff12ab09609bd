"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pantrybox.settings import Choice, Settings, choices, read_settings

F = TypeVar("F", bound=Callable[..., Any])
_ENV_FILE = "pantrybox.env_file"


def data_option(command: F) -> F:
    """`--data DIR`, else PANTRYBOX_DATA, and `--env-file FILE`; the command receives both as `settings`."""
    with_file = click.option(
        "--env-file",
        envvar="PANTRYBOX_ENV_FILE",
        is_eager=True,  # before --data, which reads it
        expose_value=False,
        callback=_remember,
        metavar="FILE",
        help="Settings, a KEY=VALUE a line; else DIR/pantrybox.env when it is there. The environment comes first.",
    )
    with_data = click.option(
        "--data",
        "settings",
        envvar="PANTRYBOX_DATA",
        required=True,
        callback=_settings,
        metavar="DIR",
        help="The data folder of the box; made when it is missing. Also the environment variable PANTRYBOX_DATA.",
    )
    return with_data(with_file(command))


def _remember(context: click.Context, _: click.Parameter, value: str | None) -> None:
    context.meta[_ENV_FILE] = Path(value).expanduser().absolute() if value else None


def _settings(context: click.Context, _: click.Parameter, value: str) -> Settings:
    return read_settings(Path(value).expanduser().absolute(), os.environ, context.meta.get(_ENV_FILE))


def choices_made(settings: Settings) -> list[Choice]:
    """Where each of the settings that the command received came from."""
    return choices(settings.data, os.environ, click.get_current_context().meta.get(_ENV_FILE))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
