"""A trial of another model in the shadow: it looks at photographs that the box knows, and nothing is written."""

import asyncio
import contextlib
from contextlib import ExitStack

import msgspec

from pantrybox.captures.model import Capture
from pantrybox.errors import Conflict, PantryError
from pantrybox.storage.database import Database
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import examples
from pantrybox.teaching.comparing import Compared, Difference, all_taught, compare, newest_seen, summary
from pantrybox.teaching.eyes import Eyes
from pantrybox.teaching.models import SHIPPED
from pantrybox.vision.eye_apart import EyeApart
from pantrybox.vision.manifest import Manifest
from pantrybox.vision.model import Sight
from pantrybox.vision.recognition import Example, Gallery, Prior
from pantrybox.vision.workshop import Workshop


class Shadow:
    """One trial at a time. Its process sees pictures, one after the other, and nothing else of the box."""

    def __init__(self, database: Database, images: ImageFiles, workshop: Workshop, eyes: Eyes) -> None:
        self._database = database
        self._images = images
        self._workshop = workshop
        self._eyes = eyes
        self._task: asyncio.Task[None] | None = None
        self.latest: Difference | None = None
        """Of the trial that runs, or of the last one; None before there was one."""

    async def begin(self, name: str, last: int) -> Difference:
        """NotFound for no such model, Conflict while another trial runs."""
        manifest = await asyncio.to_thread(self._workshop.manifest_of, name)
        if self._task is not None and not self._task.done():
            raise Conflict("Another model is being tried. Wait for its end, or break it off.")
        self.latest = Difference(name)
        self._task = asyncio.create_task(self._run(manifest, last))
        return self.latest

    async def end(self) -> None:
        """Break off what runs."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, manifest: Manifest, last: int) -> None:
        try:
            await self._compare(manifest, last)
        except asyncio.CancelledError:
            self._tell(running=False, failure="The trial was broken off.")
            raise
        except PantryError as error:
            self._tell(running=False, failure=str(error))
        except Exception as error:  # the box goes on without the trial
            self._tell(running=False, failure=f"The trial failed ({type(error).__name__}).")
            raise
        else:
            self._tell(running=False)

    async def _compare(self, manifest: Manifest, last: int) -> None:
        with ExitStack() as stack:
            eye = await asyncio.to_thread(self._opened, manifest)
            stack.callback(eye.close)
            gallery = await self._gallery(manifest, eye)
            chosen = await self._database.read(lambda reader: newest_seen(reader, last))
            self._tell(doing="photographs", done=0, total=len(chosen))
            compared: list[Compared] = []
            for done, capture in enumerate(chosen, start=1):
                sight = await self._look(eye, capture)
                if sight is not None:
                    one = await self._database.read(
                        lambda reader, capture=capture, sight=sight: compare(reader, gallery, capture, sight)
                    )
                    compared.append(one)
                self._tell(done=done, skipped=done - len(compared))
            self._tell(**summary(compared))

    async def _look(self, eye: EyeApart, capture: Capture) -> Sight | None:
        """None when it cannot be looked at."""
        try:
            picture = await self._images.loaded(capture.image_path or "")
        except PantryError:
            return None
        return await asyncio.to_thread(eye.look, picture)

    async def _gallery(self, manifest: Manifest, eye: EyeApart) -> Gallery:
        """Of all that was taught: for another embedder, looked at anew."""
        if manifest.role == "detector":
            return await self._database.read(self._eyes.galleries.current)
        taught = await self._database.read(all_taught)
        self._tell(doing="examples", done=0, total=len(taught))
        kept: list[Example] = []
        for done, one in enumerate(taught, start=1):
            picture = await self._database.read(lambda reader, one=one: examples.picture_of(reader, one.id))
            vector = await asyncio.to_thread(eye.embed, picture or b"")
            if vector is not None:
                kept.append(msgspec.structs.replace(one, vector=vector))
            self._tell(done=done)
        shipped = manifest.name == SHIPPED["embedder"]
        prior = self._eyes.embedder(manifest.name).prior if shipped else Prior()
        return Gallery.of(kept, prior)

    def _opened(self, manifest: Manifest) -> EyeApart:
        """The candidate in its role, and what is in force in the other."""
        used = self._eyes.used
        names = msgspec.structs.replace(used, **{manifest.role: manifest.name})
        return EyeApart(
            None if names.detector == SHIPPED["detector"] else self._workshop.located(names.detector),
            None if names.embedder == SHIPPED["embedder"] else self._workshop.located(names.embedder),
        )

    def _tell(self, **changed: object) -> None:
        if self.latest is not None:
            self.latest = msgspec.structs.replace(self.latest, **changed)
