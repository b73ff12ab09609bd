"""`pantrybox detect`: what the box would see in a picture."""

from pathlib import Path
from typing import Any

import click
import msgspec

from pantrybox.cli.options import json_option
from pantrybox.errors import PantryError
from pantrybox.vision.model import Box, Eye, Sight
from pantrybox.vision.proposals import COUNTED_SCORE


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@json_option
@click.option("--all", "every", is_flag=True, help="Also what the box is not sure of, down to a score of 0.05.")
def detect(files: tuple[Path, ...], as_json: bool, every: bool) -> None:
    """Find the things in pictures (JPEG or PNG), without a box running.

    With --json: a list with one object a file, boxes as [left, top, right, bottom] in pixels of the
    upright picture. A file that cannot be read says so in its object as "error".

    \b
    Example:
      pantrybox detect shelf.jpg
      pantrybox detect --json --all *.jpg > found.json
    """
    from pantrybox.vision.shipped import open_eye  # noqa: PLC0415 - the model's imports, for this command only

    eye = open_eye()
    results = [_look(eye, path, 0.0 if every else COUNTED_SCORE) for path in files]
    if as_json:
        click.echo(msgspec.json.encode(results))
        return
    for result in results:
        _print(result)


def _look(eye: Eye, path: Path, least_score: float) -> dict[str, Any]:
    try:
        sight = eye.look(path.read_bytes())
    except OSError as error:
        return {"file": str(path), "error": f"The file cannot be read: {error.strerror}."}
    except PantryError as error:
        return {"file": str(path), "error": str(error)}
    found = [
        {"box": _pixels(d.box, sight), "score": d.score, "label": d.label}
        for d in sight.detections
        if d.score >= least_score
    ]
    return {"file": str(path), "width": sight.width, "height": sight.height, "detections": found}


def _pixels(box: Box, sight: Sight) -> list[float]:
    return [
        round(box.left * sight.width, 1),
        round(box.top * sight.height, 1),
        round(box.right * sight.width, 1),
        round(box.bottom * sight.height, 1),
    ]


def _print(result: dict[str, Any]) -> None:
    if "error" in result:
        click.echo(f"{result['file']}: {result['error']}")
        return
    click.echo(f"{result['file']}: {result['width']} x {result['height']}, {len(result['detections'])} things")
    for detection in result["detections"]:
        left, top, right, bottom = (round(edge) for edge in detection["box"])
        click.echo(f"  {detection['score']:4.0%}  {detection['label']:<16} {left},{top} to {right},{bottom}")
