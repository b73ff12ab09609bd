"""The analyst: looks at waiting photographs, oldest first, and writes down what it sees."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.captures.model import Capture
from pantrybox.errors import PantryError
from pantrybox.inventory.fold import fold_in
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.vision.model import Eye, Sight

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""A photograph on which the process died this often is given up."""
PATIENCE_SECONDS = 2.0
"""The longest that a photograph waits for a pause between uploads."""
_NICENESS = 5


class Analyst:
    def __init__(
        self,
        database: Database,
        images: ImageFiles,
        open_eye: Callable[[], Eye],
        new_capture: Bell,
        shelf_changed: Bell,
        quiet: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        self._database = database
        self._images = images
        self._open_eye = open_eye
        self._eye: Eye | None = None
        self._new_capture = new_capture
        self._shelf_changed = shelf_changed
        self._quiet = quiet
        # One thread: the model uses the cores, and two photographs at once would only cost memory.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="analyst", initializer=_give_way)

    def close(self) -> None:
        self._thread.shutdown()

    async def run_forever(self) -> None:
        while True:
            ring = self._new_capture.listen()
            try:
                while await self.analyse_next():
                    pass
            except Exception:
                # The card may be full: the queue is in the table, and the next ring tries again.
                log.exception("analysis stopped until the next photograph")
            await ring.wait()

    async def analyse_next(self) -> bool:
        """Analyse the oldest waiting capture; False when there is none."""
        capture = await self._database.read(captures.oldest_waiting)
        if capture is None:
            return False
        if capture.attempts >= MAX_ATTEMPTS:
            await self._give_up(capture, "PantryBox was interrupted each time it looked at this photograph.")
            return True
        await self._until_quiet()
        await self._database.write(lambda writer: captures.begin_attempt(writer, capture.id))
        try:
            sight = await self._look(capture)
        except PantryError as error:
            await self._give_up(capture, str(error))
        except Exception as error:
            # One bad picture must not stop the shop.
            log.exception("capture %s cannot be analysed", capture.id)
            await self._give_up(capture, f"Looking at this photograph failed ({type(error).__name__}).")
        else:
            await self._keep(capture, sight)
        return True

    async def _until_quiet(self) -> None:
        """Acknowledging comes before looking: let cameras hand in what they have, for a while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._quiet(), PATIENCE_SECONDS)

    async def _look(self, capture: Capture) -> Sight:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look_now, capture)

    def _look_now(self, capture: Capture) -> Sight:
        if self._eye is None:
            self._eye = self._open_eye()
        return self._eye.look(self._images.load(capture.image_path or ""))

    async def _keep(self, capture: Capture, sight: Sight) -> None:
        def keep(writer: Writer) -> None:
            observation_id = fold_in(
                writer,
                capture_id=capture.id,
                device_id=capture.device_id,
                captured_at_ms=capture.captured_at_ms,
                sight=sight,
            )
            captures.complete(writer, capture.id, observation_id)

        await self._database.write(keep)
        self._shelf_changed.ring()

    async def _give_up(self, capture: Capture, reason: str) -> None:
        await self._database.write(lambda writer: captures.fail(writer, capture.id, reason))
        self._shelf_changed.ring()


def _give_way() -> None:
    """On Linux niceness is a thread's own: receiving and the page come first."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
