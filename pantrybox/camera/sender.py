"""Send the pictures of a folder as a camera would: one after the other, as the box orders, until each is stored."""

import hashlib
import http.client
import itertools
import random
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pantrybox.errors import NotFound, PantryError
from pantrybox.vision.picture import as_jpeg

PICTURES = {".jpg", ".jpeg", ".png"}
_TIMEOUT_SECONDS = 30
_BACKOFF_SECONDS = (1, 2, 5, 15, 60)
"""Waited after each failure, give or take a quarter; a camera that is told to come again never stops for good."""
_COME_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE}
_FRAMES = {
    "QVGA": (320, 240),
    "VGA": (640, 480),
    "SVGA": (800, 600),
    "XGA": (1024, 768),
    "HD": (1280, 720),
    "SXGA": (1280, 1024),
    "UXGA": (1600, 1200),
}


class Reply(msgspec.Struct, frozen=True):
    """What the box answered to one photograph."""

    capture_id: str
    message: str
    orders: dict[str, Any] | None


class Refused(PantryError):
    """The box will not take this photograph, however often it is sent."""


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder and the folders in it, by name; NotFound when there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    if not found:
        raise NotFound(f"There are no pictures (jpg, png) in {folder}.")
    return found


class Camera:
    """One camera with its token. Remembers the orders that it was given.

    `wait` sleeps; `failed` is told why a photograph could not be handed in and after how many
    seconds it is tried again.
    """

    def __init__(
        self,
        url: str,
        device_id: str,
        token: str,
        wait: Callable[[float], None] = time.sleep,
        failed: Callable[[str, float], None] = lambda _why, _pause: None,
    ) -> None:
        parts = urlsplit(url if "//" in url else "http://" + url)
        if parts.scheme != "http" or not parts.hostname:
            raise PantryError(f"{url} is no address of a box. It looks like http://pantrybox.local:8000.")
        self._address = (parts.hostname, parts.port or 80)
        self._device_id = device_id
        self._token = token
        self._wait = wait
        self._failed = failed
        self._epoch = f"{random.getrandbits(32):08x}"
        self.orders: dict[str, Any] = {}

    def send_all(self, files: list[Path], interval_s: float | None = None) -> Iterator[tuple[Path, Reply | Refused]]:
        """Send each picture until it is stored or refused; between two, sleep as ordered or `interval_s`."""
        for count, path in enumerate(files):
            if count:
                self._wait(self.orders.get("sleep_s", 0) if interval_s is None else interval_s)
            try:
                yield path, self.send(path, count, trigger="timer")
            except Refused as refusal:
                yield path, refusal

    def send(self, path: Path, count: int, trigger: str) -> Reply:
        """Store one picture, coming again while the box is busy or away. Refused when it never will be."""
        jpeg = as_jpeg(path.read_bytes(), _FRAMES.get(self.orders.get("frame_size", "")), self._quality())
        key = f"{self._epoch}-{count}-{hashlib.sha256(jpeg).hexdigest()[:16]}"
        taken = time.monotonic()
        pauses = itertools.chain(_BACKOFF_SECONDS, itertools.repeat(_BACKOFF_SECONDS[-1]))
        while True:
            outcome = self._attempt(jpeg, key, trigger, age_ms=int(1000 * (time.monotonic() - taken)))
            if isinstance(outcome, Reply):
                self.orders = outcome.orders or self.orders
                return outcome
            pause = next(pauses) * random.uniform(0.75, 1.25)  # noqa: S311 - so that cameras do not come in step
            self._failed(outcome, pause)
            self._wait(pause)

    def _quality(self) -> int | None:
        """The sensors' scale (4 best, 63 smallest) as Pillow counts (95 best)."""
        ordered = self.orders.get("jpeg_quality")
        return None if ordered is None else max(20, 95 - 75 * (ordered - 4) // 59)

    def _attempt(self, jpeg: bytes, key: str, trigger: str, age_ms: int) -> Reply | str:
        """The box's reply, or why the photograph should be sent again."""
        connection = http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("POST", "/v1/ingest", jpeg, self._headers(key, trigger, age_ms))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return f"the box does not answer ({error})"
        finally:
            connection.close()
        if response.status == HTTPStatus.CREATED:
            return msgspec.json.decode(body, type=Reply)
        said = _detail(body) or f"The box answered {response.status} {response.reason}."
        if response.status in _COME_AGAIN or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return said
        raise Refused(said)

    def _headers(self, key: str, trigger: str, age_ms: int) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "image/jpeg",
            "X-Device-Id": self._device_id,
            "X-Trigger-Type": trigger,
            "X-Age-Ms": str(age_ms),
            "Idempotency-Key": key,
        }
        if "version" in self.orders:
            headers["X-Orders-Version"] = str(self.orders["version"])
        return headers


def _detail(body: bytes) -> str | None:
    try:
        return str(msgspec.json.decode(body)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
