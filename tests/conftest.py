"""The real parts: a server in a process of its own, photographs, and what a missing tool means."""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from PIL import Image

from pantrybox.settings import SETTINGS
from tests.server import Server

# How long an example takes is a matter of the machine; benchmarks measure time.
hypothesis.settings.register_profile("box", deadline=None)
hypothesis.settings.register_profile("quick", parent=hypothesis.settings.get_profile("box"), max_examples=10)
hypothesis.settings.load_profile("box")


def pytest_configure() -> None:
    """No test may read the household's own settings."""
    for name in ("PANTRYBOX_DATA", "PANTRYBOX_ENV_FILE", *(setting.name for setting in SETTINGS)):
        os.environ.pop(name, None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A box on loopback that runs until the test ends."""
    with Server(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="session")
def demo_photographs() -> list[Path]:
    return sorted((Path(__file__).parent.parent / "pantrybox/demo/photographs").glob("*.jpg"))


@pytest.fixture
def jpeg() -> bytes:
    return make_jpeg()


def make_jpeg(width: int = 320, height: int = 240, shade: int = 90, **options: object) -> bytes:
    """A plain JPEG; another `shade` is another picture."""
    image = Image.new("RGB", (width, height), (shade, 120, 60))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", **options)  # pyright: ignore[reportArgumentType]
    return encoded.getvalue()


@pytest.fixture
def tool() -> Callable[[str], str]:
    """The path of a program; without it the test is skipped, and with CI=true it fails."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed; ./scripts/test installs it")
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find
