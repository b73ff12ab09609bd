"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pantrybox.settings import Settings, read_settings

F = TypeVar("F", bound=Callable[..., Any])


def data_option(command: F) -> F:
    """`--data DIR`, else PANTRYBOX_DATA; the command receives it as `settings`."""
    return click.option(
        "--data",
        "settings",
        envvar="PANTRYBOX_DATA",
        required=True,
        callback=_settings,
        metavar="DIR",
        help="The data folder of the box; made when it is missing. Also the environment variable PANTRYBOX_DATA.",
    )(command)


def _settings(_: click.Context, __: click.Parameter, value: str) -> Settings:
    return read_settings(Path(value).expanduser().absolute(), os.environ)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
