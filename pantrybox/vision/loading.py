"""Manifest and bytes of a model to something that sees."""

from pantrybox.vision.decoders.detector import OnnxDetector
from pantrybox.vision.features import FeatureEmbedder
from pantrybox.vision.manifest import Manifest, shipped
from pantrybox.vision.onnx_file import refuse_unusual
from pantrybox.vision.picodet import PicoDet
from pantrybox.vision.session import Session

LOOK_SECONDS = 30.0
"""An added model that takes longer over one picture is broken off: it must not hold up all photographs after it."""


def load_detector(manifest: Manifest, data: bytes, threads: int = 1) -> OnnxDetector:
    """PantryError, with the reason, when it is not the detector that its manifest describes."""
    return OnnxDetector(manifest, session_of(data, threads))


def load_shipped_detector() -> PicoDet:
    return PicoDet(*shipped())


def load_embedder(manifest: Manifest, data: bytes, threads: int = 1) -> FeatureEmbedder:
    """PantryError, with the reason, when it is not the embedder that its manifest describes."""
    return FeatureEmbedder(manifest, session_of(data, threads))


def session_of(data: bytes, threads: int = 1) -> Session:
    """PantryError, with the reason, for what cannot be run or wants anything beyond its own bytes."""
    refuse_unusual(data)
    return Session(data, threads, limit_seconds=LOOK_SECONDS)
