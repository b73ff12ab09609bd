"""The eye that ships with the box."""

from pantrybox.vision.embedder import open_embedder
from pantrybox.vision.eye import OnnxEye
from pantrybox.vision.manifest import shipped
from pantrybox.vision.picodet import PicoDet


def open_eye() -> OnnxEye:
    """Load the shipped detector and embedder, each on one thread.

    Two look 1.5 times as fast and cost 1.3 times the CPU, and nobody waits for the difference
    while the other cores answer cameras and pages.
    """
    manifest, model = shipped()
    return OnnxEye(manifest.name, PicoDet(manifest, model), open_embedder())
