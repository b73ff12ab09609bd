"""`pantrybox model`: other eyes for the box, tried before they are trusted."""

import sys
import time
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import click
import msgspec

from pantrybox.cli.box import Box, every, reached
from pantrybox.cli.options import data_option, json_option
from pantrybox.errors import NotFound, OutOfRange
from pantrybox.settings import Settings
from pantrybox.vision.manifest import Fit, Kind, shipped
from pantrybox.vision.workshop import Wanted, Workshop, usual_input, wanted_in, wanted_of

_COCO = "coco"
_LARGEST_LABELS = 2_000_000
_POLL_SECONDS = 0.5


@click.group()
def model() -> None:
    """Add other models (ONNX), try them on the photographs that the box has, promote one, go back.

    \b
    Example:
      pantrybox model add yolox_s.onnx --name yolox-s --kind yolox --labels coco --data /var/lib/pantrybox
      pantrybox model try yolox-s --data /var/lib/pantrybox
      pantrybox model promote yolox-s --data /var/lib/pantrybox
    """


@model.command("list")
@json_option
@data_option
def list_(settings: Settings, as_json: bool) -> None:
    """Show every model: what it does, its kind, its input, size and time a picture, and which are in force.

    \b
    Example:
      pantrybox model list --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        models = list(every(box, "/v1/models"))
    if as_json:
        click.echo(msgspec.json.encode(models))
        return
    wide = max((len(one["name"]) for one in models), default=0)
    for one in models:
        click.echo(_line(one, wide))


@model.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--manifest", "manifest", type=click.Path(path_type=Path), help="All that follows, in a JSON file.")
@click.option("--name", help="What it will be called here: a-z, 0-9, dot, dash and underscore.")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="How its outputs are to be read.")
@click.option("--labels", metavar="FILE", help="What its classes are called, a line each; coco: the 80 of COCO.")
@click.option("--input", "size", default="640x640", show_default=True, metavar="WxH", help="Its input, in pixels.")
@click.option("--mean", metavar="R,G,B", help="Taken off each channel; else what is usual for the kind.")
@click.option("--std", metavar="R,G,B", help="What each channel is divided by; else what is usual for the kind.")
@click.option("--white", type=click.Choice(["1", "255"]), help="What the brightest pixel is, before that.")
@click.option("--channels", type=click.Choice(["rgb", "bgr"]), help="Their order; else what is usual for the kind.")
@click.option("--fit", type=click.Choice(get_args(Fit)), help="How a picture of another shape is made to fit.")
@click.option("--features", metavar="OUTPUT", help="The output that holds the features, where there are several.")
@click.option("--licence", default="", help="Under which the weights are yours to use.")
@json_option
@data_option
def add(settings: Settings, file: Path, manifest: Path | None, as_json: bool, **given: Any) -> None:
    """Try a model file where it can harm nothing, and keep it when it is fit. It is not used yet.

    Nothing is sent anywhere and nothing is fetched. A file that is broken, too slow, too large or
    hostile is refused with the reason, and nothing of it stays.

    \b
    Example:
      pantrybox model add yolox_s.onnx --name yolox-s --kind yolox --labels coco --data /var/lib/pantrybox
      pantrybox model add dinov2.onnx --manifest dinov2.json --data /var/lib/pantrybox
    """
    wanted = wanted_in(manifest) if manifest is not None else _wanted(**given)
    kept = Workshop(settings.models).add(file, wanted)
    if as_json:
        click.echo(msgspec.json.encode(kept))
        return
    click.echo(
        f"{kept.name} is kept: {kept.took_ms} ms a picture here, {kept.memory_mb} MB at most while it was tried."
    )
    click.echo(f"See what it would change with `pantrybox model try {kept.name}`.")


@model.command("try")
@click.argument("name")
@click.option("--last", default=100, show_default=True, type=click.IntRange(1, 1000), help="So many photographs.")
@json_option
@data_option
def try_(settings: Settings, name: str, last: int, as_json: bool) -> None:
    """Have a model look at the newest photographs, and show what would be different. Nothing changes.

    \b
    Example:
      pantrybox model try yolox-s --last 200 --data /var/lib/pantrybox
    """
    path = f"/v1/models/{quote(name, safe='')}/try"
    with reached(settings) as box:
        box.post(path, {"last": last})
        try:
            found = _followed(box, path)
        except KeyboardInterrupt:
            box.delete(path)
            raise
    if found["failure"]:
        raise NotFound(found["failure"])
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for line in _told(found):
        click.echo(line)


@model.command()
@click.argument("name")
@json_option
@data_option
def promote(settings: Settings, name: str, as_json: bool) -> None:
    """Look through another model from the next photograph on.

    An embedder takes over once all that was taught has been looked at with it, in the background;
    until then the one before it stays in force.

    \b
    Example:
      pantrybox model promote yolox-s --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        _say(box.post(f"/v1/models/{quote(name, safe='')}/promote", {}), as_json)


@model.command()
@click.option("--role", type=click.Choice(["detector", "embedder"]), help="Else the one that was changed last.")
@json_option
@data_option
def rollback(settings: Settings, role: str | None, as_json: bool) -> None:
    """Go back to the model that was in force before.

    \b
    Example:
      pantrybox model rollback --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        _say(box.post("/v1/models/rollback", {"role": role}), as_json)


def _line(one: dict[str, Any], wide: int) -> str:
    marks = [mark for mark in ("in_force", "coming", "shipped") if one[mark]]
    took = "" if one["took_ms"] is None else f"{one['took_ms']} ms"
    return (
        f"{one['name']:{wide}}  {one['role']:8}  {one['kind']:8}  {one['width']}x{one['height']:<5}"
        f"{one['size_bytes'] / 1e6:6.1f} MB  {took:>7}  {one['licence'] or '-':12}  "
        + (one["problem"] or ", ".join(marks).replace("_", " "))
    ).rstrip()


def _say(change: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(change))
        return
    when = f"after {change['examples_left']} examples were looked at" if change["examples_left"] else "now"
    click.echo(f"{change['model']} takes over as {change['role']} {when}; before it: {change['previous']}.")


def _wanted(
    *,
    name: str | None,
    kind: Kind | None,
    labels: str | None,
    size: str,
    features: str | None,
    licence: str,
    **how: Any,
) -> Wanted:
    """From the options. OutOfRange for what cannot be."""
    if name is None or kind is None:
        raise click.UsageError("Say --name and --kind, or --manifest.")
    usual = msgspec.structs.asdict(usual_input(kind, *_numbers(size, "x", 2, int, "--input")))
    for option in ("mean", "std"):
        if how[option] is not None:
            usual[option] = _numbers(how[option], ",", 3, float, f"--{option}")
    usual |= {"white": int(how["white"])} if how["white"] is not None else {}
    usual |= {option: how[option] for option in ("channels", "fit") if how[option] is not None}
    return wanted_of(
        {
            "name": name,
            "kind": kind,
            "input": usual,
            "labels": _labels(labels),
            "licence": licence,
            "outputs": {"features": features} if features else {},
        }
    )


def _numbers(text: str, between: str, count: int, of: Any, option: str) -> list[Any]:
    try:
        numbers = [of(part) for part in text.split(between)]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise OutOfRange(f"{option} is {text!r}; it must be {count} numbers with {between!r} between them.")
    return numbers


def _labels(named: str | None) -> list[str]:
    if named is None:
        return []
    if named == _COCO:
        return list(shipped()[0].labels)
    try:
        with Path(named).open("rb") as file:
            return [line.strip() for line in str(file.read(_LARGEST_LABELS), "utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise NotFound(f"The labels {named} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OutOfRange(f"The labels {named} are no text.") from error


def _followed(box: Box, path: str) -> dict[str, Any]:
    """The end of a trial; its progress is shown meanwhile."""
    while True:
        found = box.get(path)
        if sys.stderr.isatty():
            click.echo(f"\r{found['done']} of {found['total']} {found['doing']}   ", nl=not found["running"], err=True)
        if not found["running"]:
            return found
        time.sleep(_POLL_SECONDS)


def _told(found: dict[str, Any]) -> list[str]:
    """The difference, for people."""
    lines = [
        f"{found['photographs']} photographs. Boxes a photograph: {found['boxes_before']:.1f} -> "
        f"{found['boxes_after']:.1f}. Time a photograph: {found['ms_before']} -> {found['ms_after']} ms."
    ]
    for place in found["places"]:
        lines.append(f"{place['place_name']}:" + ("" if place["items"] else " the same."))
        lines += [f"  {item['item_name']} {item['before']} -> {item['after']}" for item in place["items"]]
    if found["most_different"]:
        lines.append("Most different:")
    lines += [
        f"  {one['capture_id']}  {one['boxes_before']} -> {one['boxes_after']} boxes, {one['items_changed']} items"
        for one in found["most_different"]
    ]
    return lines
