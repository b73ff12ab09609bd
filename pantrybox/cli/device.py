"""`pantrybox device`: the cameras that may upload."""

import math
from typing import Any
from urllib.parse import quote

import click
import msgspec

from pantrybox.cli.box import Box, reached
from pantrybox.cli.options import data_option, json_option
from pantrybox.errors import Malformed
from pantrybox.settings import Settings

_PAGE = 1000
_FRAMES = ["QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA"]
_BATTERIES = ["lipo_1s", "18650", "lipo_2s", "usb", "none", "guess"]

_NONE = "none"
"""Said of a setting that is taken back."""


@click.group()
def device() -> None:
    """Register cameras, set them up, take them out.

    \b
    Example:
      pantrybox device add "Kitchen shelf" --data /var/lib/pantrybox
      pantrybox device list --data /var/lib/pantrybox
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


@device.command("list")
@json_option
@data_option
def list_(settings: Settings, as_json: bool) -> None:
    """Show every camera: its id, how it is, its battery, its photographs, its name.

    \b
    Example:
      pantrybox device list --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        cameras = _all(box)
    if as_json:
        click.echo(msgspec.json.encode(cameras))
        return
    wide = max((len(camera["id"]) for camera in cameras), default=0)
    for camera in cameras:
        battery = "" if camera["battery_pct"] is None else f"{camera['battery_pct']} %"
        click.echo(
            f"{camera['id']:{wide}}  {camera['status']:8}  {battery:>5}  {camera['capture_count']:>7}  {camera['name']}"
        )


@device.command()
@click.argument("device_id", metavar="ID")
@json_option
@data_option
def show(settings: Settings, device_id: str, as_json: bool) -> None:
    """Show how one camera is set up, how it does, and why it is not well when it is not.

    \b
    Example:
      pantrybox device show shelf-1 --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        shown = box.get(_path(device_id)) | {"health": box.get(_path(device_id, "/health"))}
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    for name, value in _lines(shown):
        click.echo(f"{name:12}  {value}")


@device.command("set")
@click.argument("device_id", metavar="ID")
@click.option("--name", help="What the camera is called.")
@click.option("--place", help="What it looks at is called.")
@click.option(
    "--battery",
    type=click.Choice(_BATTERIES),
    help="What it runs on. none: the mains; guess: the box guesses it from the voltage.",
)
@click.option("--sleep", "sleep_s", type=click.IntRange(1, 86_400), help="Seconds between two photographs.")
@click.option("--frame-size", type=click.Choice(_FRAMES), help="How large its photographs are.")
@click.option("--quality", "jpeg_quality", type=click.IntRange(4, 63), help="4: best picture, 63: smallest file.")
@click.option("--flash/--no-flash", default=None, help="Whether it lights what it looks at.")
@click.option("--quiet-hours", metavar="HH:MM-HH:MM", help="No photographs then; none: at any time.")
@click.option("--counted", metavar="SCORE", help="Count what is as sure as this, from 0.05 to 0.99; none: as usual.")
@click.option("--file", type=click.File("rb"), help="A JSON object of settings, such as masks and zones.")
@json_option
@data_option
def set_(settings: Settings, device_id: str, as_json: bool, **given: Any) -> None:
    """Rename a camera, give it orders or set it up. What is not named stays as it is.

    \b
    Example:
      pantrybox device set shelf-1 --sleep 900 --quiet-hours 22:00-06:30 --data /var/lib/pantrybox
      pantrybox device set shelf-1 --battery 18650 --file masks.json --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        shown = box.patch(_path(device_id), _change(**given))
    click.echo(msgspec.json.encode(shown) if as_json else f"{shown['name']} is set up.")


@device.command()
@click.argument("device_id", metavar="ID")
@data_option
def token(settings: Settings, device_id: str) -> None:
    """Make a new token and print it, alone, on stdout. The old one is dead.

    \b
    Example:
      pantrybox device token shelf-1 --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        click.echo(box.post(_path(device_id, "/token"), None)["device_token"])


@device.command()
@click.argument("device_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def remove(settings: Settings, device_id: str, yes: bool) -> None:
    """Take a camera out. Its photographs stay; its token is dead and its id is never given again.

    \b
    Example:
      pantrybox device remove shelf-1 --yes --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        name = box.get(_path(device_id))["name"]
        if not yes:
            click.confirm(f"Take {name} out?", abort=True)
        click.echo(box.delete(_path(device_id))["message"])


def _path(device_id: str, rest: str = "") -> str:
    return f"/v1/devices/{quote(device_id, safe='')}{rest}"


def _all(box: Box) -> list[dict[str, Any]]:
    cameras: list[dict[str, Any]] = []
    while True:
        page = box.get(f"/v1/devices?skip={len(cameras)}&limit={_PAGE}")
        cameras += page["items"]
        if len(page["items"]) < _PAGE:
            return cameras


def _change(
    *, name: str | None, place: str | None, battery: str | None, counted: str | None, file: Any, **orders: Any
) -> dict[str, Any]:
    """The body of the request: only what was given, null for what is taken back."""
    settings = _settings_in(file) if file else {}
    if place is not None:
        settings["place"] = place
    if battery is not None:
        settings["battery_kind"] = None if battery == "guess" else battery
    if counted is not None:
        settings["thresholds"] = {"counted": None if counted == _NONE else _score(counted)}
    if named := {order: None if value == _NONE else value for order, value in orders.items() if value is not None}:
        settings["orders"] = _together(settings.get("orders"), named)
    return {"name": name, "settings": settings}


def _together(in_file: Any, named: dict[str, Any]) -> Any:
    """Orders of the file and of the command line, which goes first; what are no orders, the box refuses."""
    try:
        together: dict[str, Any] = {**(in_file or {}), **named}
    except TypeError:
        return in_file
    return together


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):  # JSON has no such number
        raise click.BadParameter(f"{text} is no score.", param_hint="--counted")
    return score


def _settings_in(file: Any) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Malformed(f"{file.name} holds no JSON object of settings: {error}.") from error


def _lines(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """What `show` prints, for people."""
    health, settings = shown["health"], shown["settings"]
    orders: dict[str, Any] = settings["orders"] or {}
    return [
        ("id", shown["id"]),
        ("name", shown["name"]),
        ("place", settings["place"] or "-"),
        ("status", shown["status"]),
        ("last seen", shown["last_seen_at"] or "never"),
        ("well", "yes" if health["is_healthy"] else "no: " + " ".join(health["reasons"])),
        ("battery", _battery(health)),
        ("photographs", f"{shown['total_captures']}, of which {shown['failed_captures']} could not be looked at"),
        ("firmware", " on ".join(filter(None, (health["firmware_version"], health["board"]))) or "-"),
        ("orders", ", ".join(f"{name} {value}" for name, value in orders.items() if value is not None) or "none"),
        ("masks", str(len(settings["masks"]))),
        ("zones", ", ".join(zone["name"] for zone in settings["zones"]) or "none"),
    ]


def _battery(health: dict[str, Any]) -> str:
    parts = [
        None if health["battery_kind"] is None else health["battery_kind"],
        "(guessed)" if health["battery_kind_guessed"] else None,
        None if health["battery_v"] is None else f"{health['battery_v']} V",
        None if health["battery_pct"] is None else f"{health['battery_pct']} %",
        None if health["battery_days_left"] is None else f"about {health['battery_days_left']} days left",
    ]
    return " ".join(filter(None, parts)) or "-"
