"""The eye on a thread of its own: opened when first needed, one look at a time."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pantrybox.vision.model import Box, Crop, Eye, Sight
from pantrybox.vision.yielding import give_way

T = TypeVar("T")


class Looking:
    def __init__(self, open_eye: Callable[[], Eye]) -> None:
        self._open_eye = open_eye
        self._eye: Eye | None = None
        # One thread: the model uses the cores, and two photographs at once would only cost memory.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="eye", initializer=give_way)

    def close(self) -> None:
        self._thread.shutdown()

    async def look(
        self, load: Callable[[], bytes], *, view: str = "", also: Sequence[Box] = (), codes: bool = False
    ) -> Sight:
        """`load` gives the picture; it is called on the eye's thread."""
        return await self.run(lambda eye: eye.look(load(), view=view, also=also, codes=codes))

    async def embed(self, load: Callable[[], bytes], boxes: Sequence[Box]) -> list[Crop]:
        return await self.run(lambda eye: eye.embed(load(), boxes))

    async def run(self, work: Callable[[Eye], T]) -> T:
        """Do something with the eye, after whatever it is doing."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._opened()))

    async def aside(self, work: Callable[[], T]) -> T:
        """Do something without the eye, between two photographs."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def change(self, open_eye: Callable[[], Eye]) -> None:
        """Use another eye from the next photograph on."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._replace, open_eye)

    def _opened(self) -> Eye:
        if self._eye is None:
            self._eye = self._open_eye()
        return self._eye

    def _replace(self, open_eye: Callable[[], Eye]) -> None:
        self._open_eye, self._eye = open_eye, None
