"""The analyst: looks at waiting photographs, oldest first, and again at others when somebody wishes it."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.captures import queue, reprocessing
from pantrybox.captures.model import Capture
from pantrybox.captures.reprocessing import Run
from pantrybox.errors import PantryError
from pantrybox.inventory.fold import fold_in, look_again, reproject_outdated
from pantrybox.storage.database import Database, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.vision.model import Eye, Sight

log = logging.getLogger(__name__)

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
        taken_up = False
        while True:
            ring = self._new_capture.listen()
            try:
                if not taken_up:
                    await self.take_up()
                    taken_up = True
                while await self.analyse_next() or await self.look_again_next() or await self.fold_again():
                    pass
            except Exception:
                # The card may be full: the queue is in the table, and the next ring tries again.
                log.exception("analysis stopped until the next photograph")
            await ring.wait()

    async def take_up(self) -> None:
        """Go on where the box stood when it went down; nothing is written when there is nothing to do."""
        if await self._database.read(captures.oldest_waiting) is not None:
            await self._database.write(queue.take_up)
        if await self._database.read(reprocessing.next_look) is not None:
            await self._database.write(reprocessing.begin_next)

    async def analyse_next(self) -> bool:
        """Analyse the oldest waiting capture; False when there is none."""
        capture = await self._database.read(captures.oldest_waiting)
        if capture is None:
            return False
        if capture.status == "stored":  # a moment ago nobody knew that it is next
            await self._database.write(queue.claim_next)
            return True
        await self._until_quiet()
        sight = await self._sight_or_reason(capture)
        await self._database.write(lambda writer: _end_first_look(writer, capture, sight))
        self._shelf_changed.ring()
        return True

    async def look_again_next(self) -> bool:
        """Take the next photograph of the oldest run; False when there is no run."""
        look = await self._database.read(reprocessing.next_look)
        if look is None:
            return False
        run, capture = look.run, look.capture
        if capture is None or not look.begun:
            await self._database.write(reprocessing.begin_next)
            return True
        sight = await self._sight_or_reason(capture)
        await self._database.write(lambda writer: _end_second_look(writer, run, capture, sight))
        self._shelf_changed.ring()
        return True

    async def fold_again(self) -> bool:
        """Bring the stock in step with evidence that changed below it; False when it is."""
        folded = await reproject_outdated(self._database)
        if folded:
            self._shelf_changed.ring()
        return folded > 0

    async def _sight_or_reason(self, capture: Capture) -> Sight | str:
        """What is seen in it, or a sentence that says why nothing can be."""
        try:
            return await self._look(capture)
        except PantryError as error:
            return str(error)
        except Exception as error:
            # One bad picture must not stop the shop.
            log.exception("capture %s cannot be analysed", capture.id)
            return f"Looking at this photograph failed ({type(error).__name__})."

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


def _end_first_look(writer: Writer, capture: Capture, sight: Sight | str) -> None:
    """All that follows from it, and the next one's claim: one transaction a photograph."""
    if isinstance(sight, str):
        captures.fail(writer, capture.id, sight)
    else:
        captures.complete(writer, capture.id, fold_in(writer, capture=capture, sight=sight))
    queue.claim_next(writer)


def _end_second_look(writer: Writer, run: Run, capture: Capture, sight: Sight | str) -> None:
    """What was first seen stays when nothing can be seen now, or when nobody wishes it any more."""
    seen = isinstance(sight, Sight)
    if seen and reprocessing.is_open(writer, run):
        look_again(writer, capture=capture, sight=sight)
    reprocessing.ended(writer, run, capture, seen=seen)


def _give_way() -> None:
    """On Linux niceness is a thread's own: receiving and the page come first."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
