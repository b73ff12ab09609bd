"""`pantrybox evaluate`: how good the eye is, on photographs that somebody labelled."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pantrybox.cli.progress import ProgressBar
from pantrybox.errors import PantryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pantrybox.evaluation.eye import TimedEye
    from pantrybox.vision.manifest import Manifest

_MOST_EXAMPLES = 1000
_STDOUT = "-"


class _Counts(click.ParamType[tuple[int, ...]]):
    """`1,3,5`: whole numbers from 1 on, in any order."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value  # pyright: ignore[reportUnknownVariableType] # the default, as it stands below
        words = str(value).split(",")
        if not all(word.strip().isascii() and word.strip().isdigit() for word in words):
            self.fail(f"{value!r} is not a list of whole numbers such as 1,3,5.", param, ctx)
        counts = sorted({int(word[:9]) for word in map(str.strip, words)})
        if not 1 <= counts[0] <= counts[-1] <= _MOST_EXAMPLES:
            self.fail(f"{value!r}: each number is 1 to {_MOST_EXAMPLES}.", param, ctx)
        return tuple(counts)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(["coco", "voc", "classes"]), help="What the labels are; else found out.")
@click.option("--examples", type=_Counts(), default=(1, 3, 5), help="So many are taught of each. Default: 1,3,5.")
@click.option("--draws", type=click.IntRange(1, 100), default=5, show_default=True, help="Choices of what is taught.")
@click.option(
    "--untaught",
    type=click.IntRange(0, 10_000),
    help="Names left untaught, to be unknown. Default: a quarter, at most 20.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance goes by.")
@click.option("--limit", type=click.IntRange(1, 10_000_000), help="Test on at most so many photographs.")
@click.option("--one-camera", is_flag=True, help="All photographs show one view: where a thing stood tells what it is.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="An added model in place of the shipped one.")
@click.option("--data", envvar="PANTRYBOX_DATA", type=click.Path(path_type=Path), help="The box that has it.")
@click.option("--json", "json_to", metavar="FILE", help="Write the figures there as JSON; - prints them instead.")
def evaluate(
    folder: Path, form: Any, models: Sequence[str], data: Path | None, json_to: str | None, **options: Any
) -> None:
    """Measure the eye on the labelled photographs in FOLDER (JPEG or PNG), without a box running.

    Three forms of labels are read: COCO (a JSON file), VOC (an XML file for each picture), and a
    folder for each class. Some labelled things are taught to the eye, as a household would, and the
    figures are taken on the photographs that gave no example. Where there are folders called train
    and test, or val, only the one is taught from and only the other is tested on.

    \b
    Example:
      pantrybox evaluate fridge/ --examples 1,3
      pantrybox evaluate grocery_store/ --draws 5 --json figures.json
    """
    from pantrybox.evaluation.evaluate import Options, evaluate  # noqa: PLC0415 - the model's imports, here only
    from pantrybox.evaluation.forms import read_labelled  # noqa: PLC0415
    from pantrybox.evaluation.table import table  # noqa: PLC0415

    if models and data is None:
        raise click.UsageError("--model needs --data DIR: the box that the model was added to.")
    _refuse_unwritable(json_to)
    labelled = read_labelled(folder, form)
    report = evaluate(labelled, folder.absolute().name, _eye(models, data), Options(**options), ProgressBar())
    figures = msgspec.json.format(msgspec.json.encode(report)) + b"\n"
    if json_to == _STDOUT:
        click.echo(figures, nl=False)
        return
    if json_to is not None:
        _write(Path(json_to), figures)
    click.echo(table(report))


def _eye(models: Sequence[str], data: Path | None) -> "TimedEye":
    """The shipped eye, with these models in place of its own."""
    from pantrybox.evaluation.eye import TimedEye  # noqa: PLC0415
    from pantrybox.vision.embedder import open_embedder  # noqa: PLC0415
    from pantrybox.vision.loading import load_detector, load_embedder  # noqa: PLC0415
    from pantrybox.vision.manifest import SHIPPED_DETECTOR, shipped  # noqa: PLC0415
    from pantrybox.vision.picodet import PicoDet  # noqa: PLC0415
    from pantrybox.vision.proposals import COUNTED_SCORE  # noqa: PLC0415

    added = {manifest.role: (manifest, model) for manifest, model in _added(models, data)}
    embedder = load_embedder(*added["embedder"]) if "embedder" in added else open_embedder()
    if "detector" not in added:
        return TimedEye(SHIPPED_DETECTOR, PicoDet(*shipped()), embedder, embedder.prior)
    manifest, model = added["detector"]
    counted = COUNTED_SCORE if manifest.counted is None else manifest.counted
    return TimedEye(manifest.name, load_detector(manifest, model), embedder, embedder.prior, counted)


def _added(models: Sequence[str], data: Path | None) -> "Iterator[tuple[Manifest, bytes]]":
    from pantrybox.vision.workshop import Workshop  # noqa: PLC0415

    for name in models:
        yield Workshop((data or Path()) / "models").opened(name)


def _refuse_unwritable(json_to: str | None) -> None:
    """Before the work, not after it."""
    if json_to is None or json_to == _STDOUT:
        return
    path = Path(json_to)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise PantryError(f"{path} cannot be written.")


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PantryError(f"{path} cannot be written: {error.strerror}.") from error
