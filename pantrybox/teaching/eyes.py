"""Which eye looks at photographs: the models that people promoted, or, where one cannot be used, the shipped ones.

A promoted embedder takes over once all that was taught has a vector of its making; until then the one before it names
things. A model that cannot be loaded never stops the box: it is said, and the shipped one looks.
"""

import asyncio
import logging
import threading
from typing import Protocol

import msgspec

from pantrybox.errors import PantryError
from pantrybox.storage.database import Database
from pantrybox.teaching import models, reembedding
from pantrybox.teaching.gallery import Galleries, Known
from pantrybox.teaching.models import SHIPPED, InForce
from pantrybox.vision.eye import Detector, Embedder
from pantrybox.vision.looking import Looking
from pantrybox.vision.manifest import Role
from pantrybox.vision.model import Eye
from pantrybox.vision.recognition import Prior
from pantrybox.vision.workshop import Workshop

log = logging.getLogger(__name__)


class KnownEmbedder(Embedder, Protocol):
    """An embedder, and what is known of its vectors before anything was taught."""

    prior: Prior


class Eyes:
    """Opens models, keeps the embedders in use, and says what could not be used. Used by several threads."""

    def __init__(self, database: Database, workshop: Workshop, *, reads_labels: bool = False) -> None:
        self._database = database
        self._reads_labels = reads_labels
        self._workshop = workshop
        self.looking = Looking(self.open_eye)
        self.galleries = Galleries(self.open_known)
        self._lock = threading.Lock()
        """Of the embedders; held for as long as one is loaded, so never on the event loop."""
        self._changing = asyncio.Lock()
        self._embedders: dict[str, KnownEmbedder] = {}
        self._problems: dict[Role, str] = {}
        self._used = InForce()
        self._unusable: set[str] = set()
        """Embedders, until something else is promoted."""
        self._promotion_id: int = 0
        self._settled = True
        """False while an embedder that was promoted knows less than was taught."""

    @property
    def used(self) -> InForce:
        """The names of the models that look at the next photograph."""
        return self._used

    @property
    def settled(self) -> bool:
        """Whether the embedder in use is the one that is wanted, or none better can be had."""
        return self._settled

    @property
    def problems(self) -> list[str]:
        """Sentences about models that were promoted and cannot be used."""
        return list(self._problems.values())

    def problem_of(self, role: Role) -> str | None:
        """Why what was promoted for this cannot be used; None when it can."""
        return self._problems.get(role)

    async def keep_up(self) -> bool:
        """Use what was promoted since, from the next photograph on; whether that changed anything."""
        async with self._changing:
            return await self._keep_up()

    async def _keep_up(self) -> bool:
        newest = await self._database.read(lambda reader: models.last_promotion(reader, None))
        promotion_id = newest.id if newest else 0
        if promotion_id == self._promotion_id and self._settled:
            return False
        wanted = await self._database.read(models.in_force)
        if promotion_id != self._promotion_id:
            self._forget_problems()
        used = InForce(await self._detector_for(wanted.detector), await self._embedder_for(wanted.embedder))
        self._promotion_id = promotion_id
        self._settled = used.embedder == wanted.embedder or wanted.embedder in self._unusable
        if used == self._used:
            return False
        self._used = used
        await self.looking.change(self.open_eye)
        self.galleries.forget()
        await asyncio.to_thread(self._let_go)
        log.info("photographs are looked at with %s and %s", used.detector, used.embedder)
        return True

    def open_eye(self) -> Eye:
        """The eye of the models in use; PantryError only when not even the shipped ones can be loaded."""
        from pantrybox.vision.eye import OnnxEye  # noqa: PLC0415
        from pantrybox.vision.text import open_reader  # noqa: PLC0415

        name, detector = self._opened_detector(self._used.detector)
        reader = open_reader() if self._reads_labels else None
        return OnnxEye(name, detector, self.embedder(self._used.embedder), reader)

    def open_known(self) -> Known:
        """What the gallery needs to know of the embedder in use."""
        embedder = self.embedder(self._used.embedder)
        return Known(embedder.name, embedder.prior)

    def embedder(self, model: str) -> KnownEmbedder:
        """Loaded once and kept; PantryError when it cannot be."""
        with self._lock:
            if model not in self._embedders:
                self._embedders[model] = self._load_embedder(model)
            return self._embedders[model]

    async def coming(self) -> KnownEmbedder:
        """The embedder that everything is to have vectors of: the one that is wanted, or else the one in use."""
        wanted = await self._database.read(models.in_force)
        return await self._usable(wanted.embedder) or await asyncio.to_thread(self.embedder, self._used.embedder)

    def _let_go(self) -> None:
        """Of embedders that are not in use any more: each is tens of megabytes."""
        with self._lock:
            self._embedders = {model: kept for model, kept in self._embedders.items() if model == self._used.embedder}

    async def _detector_for(self, wanted: str) -> str:
        """Whether its file is there and whole; loading it is left to the first photograph."""
        try:
            await asyncio.to_thread(self._workshop.opened, wanted)
        except PantryError as error:
            self._say("detector", wanted, error)
            return SHIPPED["detector"]
        return wanted

    async def _embedder_for(self, wanted: str) -> str:
        """The first in turn that can be used and knows all that was taught; the shipped one when none does."""
        if wanted == self._used.embedder:
            return wanted
        for model in await self._database.read(models.embedders_in_turn):
            embedder = await self._usable(model)
            if embedder is None:
                continue
            name = embedder.name
            if await self._database.read(lambda reader, name=name: reembedding.examples_left(reader, name)) == 0:
                return model
        return SHIPPED["embedder"]

    async def _usable(self, model: str) -> KnownEmbedder | None:
        if model in self._unusable:
            return None
        try:
            return await asyncio.to_thread(self.embedder, model)
        except PantryError as error:
            self._unusable.add(model)
            self._say("embedder", model, error)
            return None

    def _opened_detector(self, model: str) -> tuple[str, Detector]:
        try:
            return model, self._load_detector(model)
        except PantryError as error:
            self._say("detector", model, error)
            self._used = msgspec.structs.replace(self._used, detector=SHIPPED["detector"])
            return SHIPPED["detector"], self._load_detector(SHIPPED["detector"])

    def _load_detector(self, model: str) -> Detector:
        from pantrybox.vision.loading import load_detector, load_shipped_detector  # noqa: PLC0415 - the runtime

        return load_shipped_detector() if model == SHIPPED["detector"] else load_detector(*self._workshop.opened(model))

    def _load_embedder(self, model: str) -> KnownEmbedder:
        from pantrybox.vision.embedder import open_embedder  # noqa: PLC0415 - the runtime costs a second on a Pi
        from pantrybox.vision.loading import load_embedder  # noqa: PLC0415

        return open_embedder() if model == SHIPPED["embedder"] else load_embedder(*self._workshop.opened(model))

    def _say(self, role: Role, model: str, error: PantryError) -> None:
        sentence = f"The {role} {model} cannot be used, so {SHIPPED[role]} looks instead: {error}"
        if self._problems.get(role) != sentence:
            log.error("%s", sentence)
        self._problems[role] = sentence

    def _forget_problems(self) -> None:
        self._problems.clear()
        self._unusable.clear()
