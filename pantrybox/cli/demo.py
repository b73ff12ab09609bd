"""`pantrybox demo`: a box with a rendered pantry before its camera, to watch counts change."""

import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from pantrybox.camera.sender import Camera
from pantrybox.cli.box import Box
from pantrybox.cli.serve import address, sign_in_link
from pantrybox.demo.story import scenes
from pantrybox.errors import PantryError
from pantrybox.settings import read_settings

_CAMERA = "demo-shelf"


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=None, help="Keep the data here; else it is temporary.")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Else 8000, or any free port.")
@click.option(
    "--interval", type=click.FloatRange(0), default=6.0, show_default=True, help="Seconds between photographs."
)
@click.option("--once", is_flag=True, help="End after the last photograph has been looked at.")
def demo(data: Path | None, port: int | None, interval: float, once: bool) -> None:
    """Run a box on this machine with a camera that is not there, and print an address to open.

    The camera looks at a rendered pantry in which things come, go, hide and return; the counts
    on the page change as its photographs arrive.

    \b
    Example:
      pantrybox demo
      pantrybox demo --interval 2 --data ./demo-data
    """
    from pantrybox.cli.server import run  # noqa: PLC0415 - half a second of imports

    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pantrybox-demo-")))
        settings = read_settings(folder.absolute(), {})
        listener = _listen(port)
        box, base = Box(settings.socket), address(listener)

        def ready(stop: Callable[[], object]) -> None:
            click.echo(f"Data in {folder}. Ctrl-C ends the demo.")
            # A thread of its own: it asks the server, which answers on this one.
            play = threading.Thread(target=_play, args=(box, base, interval, stop if once else None), daemon=True)
            play.start()

        run(settings, listener, analysing=True, ready=ready)


def _listen(port: int | None) -> socket.socket:
    from pantrybox.cli.server import listen  # noqa: PLC0415

    if port is not None:
        return listen("127.0.0.1", port)
    try:
        return listen("127.0.0.1", 8000)
    except PantryError:
        return listen("127.0.0.1", 0)


def _play(box: Box, base: str, interval: float, stop: Callable[[], object] | None) -> None:
    """Say how to sign in, then be the camera: send the story's photographs, one by one."""
    click.echo(f"Open {sign_in_link(box, base)}")
    camera = _camera(box, base)
    story = scenes()
    for number, scene in enumerate(story):
        if number:
            time.sleep(interval)
        click.echo(f"{number + 1}/{len(story)} {scene.story}")
        camera.send(scene.path, number, scene.trigger)
    if stop is None:
        click.echo("That was the last photograph. The box stays up.")
        return
    while box.get("/v1/captures?status=stored")["total"] + box.get("/v1/captures?status=analyzing")["total"]:
        time.sleep(0.1)
    _compare(box, story[-1].counts)
    stop()


def _camera(box: Box, base: str) -> Camera:
    try:
        made = box.post("/v1/devices", {"name": "Pantry shelf", "device_id": _CAMERA})
    except PantryError:  # a data folder that has seen the demo before: its token is not known any more
        made = box.post("/v1/devices", {"name": "Pantry shelf again"})
    return Camera(base, made["id"], made["device_token"])


def _compare(box: Box, truth: dict[str, int]) -> None:
    """Say what the box believes beside what is truly there."""
    believed = {line["canonical_name"]: line["count_estimate"] for line in box.get("/v1/inventory")["items"]}
    for name in sorted(believed.keys() | truth.keys()):
        click.echo(f"{name:<16} believed {believed.get(name, 0)}, truly {truth.get(name, 0)}")
