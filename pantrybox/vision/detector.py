"""The eye that ships with the box: one look at one photograph."""

import time

from pantrybox.vision.manifest import shipped
from pantrybox.vision.model import Eye, Sight
from pantrybox.vision.picodet import PicoDet
from pantrybox.vision.picture import decode
from pantrybox.vision.proposals import candidates, covered_by_people
from pantrybox.vision.visibility import brightness_and_sharpness, scene_confidence


class DetectorEye(Eye):
    def __init__(self, name: str, detector: PicoDet) -> None:
        self._name = name
        self._detector = detector

    def look(self, picture: bytes) -> Sight:
        started = time.perf_counter()
        pixels, luma, width, height = decode(picture, self._detector.input_size)
        detections = self._detector.detect(pixels)
        brightness, sharpness = brightness_and_sharpness(luma)
        return Sight(
            model=self._name,
            width=width,
            height=height,
            brightness=brightness,
            sharpness=sharpness,
            scene_confidence=scene_confidence(brightness, sharpness, covered_by_people(detections)),
            detections=candidates(detections),
            took_ms=round(1000 * (time.perf_counter() - started)),
        )


def open_eye() -> Eye:
    """Load the shipped detector, on one thread.

    Two look 1.5 times as fast and cost 1.3 times the CPU, and nobody waits for the difference
    while the other cores answer cameras and pages.
    """
    manifest, model = shipped()
    return DetectorEye(manifest.name, PicoDet(manifest, model))
