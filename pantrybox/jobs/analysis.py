"""The analyst: looks at waiting photographs, oldest first, and again at others when somebody wishes it."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

import msgspec

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.captures import queue, reprocessing
from pantrybox.captures.model import PHONE, Capture
from pantrybox.captures.reprocessing import Run
from pantrybox.errors import PantryError
from pantrybox.inventory.fold import fold_in, is_late, look_again, reproject_outdated
from pantrybox.inventory.observations import LastShown, last_shown
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import examples
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.renaming import rename_next
from pantrybox.teaching.seeing import keep, name_sight
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Box, Eye, Sight

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""The longest that a photograph waits for a pause between uploads."""
_TELL_SECONDS = 30.0


class Analyst:
    def __init__(
        self,
        database: Database,
        images: ImageFiles,
        looking: Looking,
        galleries: Galleries,
        new_capture: Bell,
        shelf_changed: Bell,
        quiet: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        self._database = database
        self._images = images
        self._looking = looking
        self._galleries = galleries
        self._new_capture = new_capture
        self._shelf_changed = shelf_changed
        self._quiet = quiet

    async def run_forever(self) -> None:
        taken_up = False
        while True:
            ring = self._new_capture.listen()
            try:
                if not taken_up:
                    await self.take_up()
                    taken_up = True
                while await self._one_step():
                    pass
            except Exception:
                # The card may be full: the queue is in the table, and the next ring tries again.
                log.exception("analysis stopped until the next photograph")
            await ring.wait()

    async def _one_step(self) -> bool:
        """Whatever comes first of what there is to do; False when there is nothing."""
        return (
            await self.analyse_next()
            or await self.look_again_next()
            or await self.fold_again()
            or await self.rename_next()
        )

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
        look = await self._look_or_reason(capture)
        await self._database.write(lambda writer: self._end_first_look(writer, capture, look))
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
        seen = await self._look_or_reason(capture, again=True)
        await self._database.write(lambda writer: self._end_second_look(writer, run, capture, seen))
        self._shelf_changed.ring()
        return True

    async def fold_again(self) -> bool:
        """Bring the stock in step with evidence that changed below it; False when it is."""
        folded = await reproject_outdated(self._database, _told_now_and_then())
        if folded:
            self._shelf_changed.ring()
        return folded > 0

    async def rename_next(self) -> bool:
        """Bring names in step with what was taught; False when they are."""
        renamed = await rename_next(self._database, self._galleries)
        if renamed:
            self._shelf_changed.ring()
        return renamed

    async def _look_or_reason(self, capture: Capture, *, again: bool = False) -> "_Look | str":
        """What is seen in it, or a sentence that says why nothing can be."""
        try:
            return await self._look(capture, again=again)
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

    def _prepared(self, reader: Reader, capture: Capture, *, again: bool) -> "_Prepared":
        self._galleries.current(reader)  # brought up to date here, where no writer waits for it
        if capture.device_id == PHONE:  # it looks at another shelf each time
            return _Prepared("", [], None)
        # An older photograph must not be what the camera's next one is compared with.
        view = "" if again or is_late(reader, capture) else capture.device_id
        before = last_shown(reader, capture.device_id) if view else None
        return _Prepared(view, examples.drawn_in(reader, capture.device_id), before)

    async def _look(self, capture: Capture, *, again: bool) -> "_Look":
        prepared = await self._database.read(lambda reader: self._prepared(reader, capture, again=again))
        await self._recall(prepared)
        sight = await self._looking.look(
            lambda: self._images.load(capture.image_path or ""),
            view=prepared.view,
            also=prepared.drawn,
            codes=capture.device_id == PHONE,
        )
        return _Look(sight, prepared.drawn)

    async def _recall(self, prepared: "_Prepared") -> None:
        """After a restart the eye remembers nothing: the photograph before is taken up again, while there is one."""
        before = prepared.before
        if before is None:
            return
        images = self._images

        def recall(eye: Eye) -> None:
            if not eye.remembers(prepared.view):
                with suppress(PantryError):  # a damaged one is none
                    eye.recall(prepared.view, images.load(before.image_path), before.boxes)

        await self._looking.run(recall)

    def _end_first_look(self, writer: Writer, capture: Capture, look: "_Look | str") -> None:
        """All that follows from it, and the next one's claim: one transaction a photograph."""
        if isinstance(look, str):
            captures.fail(writer, capture.id, look)
        else:
            seen = name_sight(writer, self._galleries, capture, look.sight, look.asked)
            observation_id = fold_in(writer, capture=capture, sight=look.sight, named=seen.named, counted=seen.counted)
            keep(writer, observation_id, look.sight, seen)
            captures.complete(writer, capture.id, observation_id)
        queue.claim_next(writer)

    def _end_second_look(self, writer: Writer, run: Run, capture: Capture, look: "_Look | str") -> None:
        """What was first seen stays when nothing can be seen now, or when nobody wishes it any more."""
        looked = isinstance(look, _Look)
        if looked and reprocessing.is_open(writer, run):
            seen = name_sight(writer, self._galleries, capture, look.sight, look.asked)
            observation_id = look_again(
                writer, capture=capture, sight=look.sight, named=seen.named, counted=seen.counted
            )
            keep(writer, observation_id, look.sight, seen)
        reprocessing.ended(writer, run, capture, seen=looked)


def _told_now_and_then() -> Callable[[int, int], None]:
    """To be told how far a fold has come; writes it into the journal when it takes long."""
    told_at = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TELL_SECONDS:
            told_at = time.monotonic()
            log.info("%d of %d photographs of a place folded again", done, of)

    return tell


class _Prepared(msgspec.Struct, frozen=True):
    view: str
    """Whose photographs it is compared with; none's when it is empty."""
    drawn: list[Box]
    """Where something is looked for whether or not anything is found there."""
    before: LastShown | None
    """The photograph before of this view."""


class _Look(msgspec.Struct, frozen=True):
    sight: Sight
    asked: list[Box]
    """Where `sight.also` was looked for."""
