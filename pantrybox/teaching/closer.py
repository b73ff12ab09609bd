"""A closer look at one photograph: what was too much to know by likeness at once is known when somebody asks."""

from collections.abc import Sequence

import msgspec

from pantrybox.bell import Bell
from pantrybox.captures import queries as captures
from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import observations
from pantrybox.inventory.observations import SeenBox
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.storage.image_files import ImageFiles
from pantrybox.teaching import vectors
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.renaming import rename_in
from pantrybox.vision.eye import MOST_CROPS
from pantrybox.vision.looking import Looking
from pantrybox.vision.model import Crop, Eye


class _Task(msgspec.Struct, frozen=True):
    image_path: str
    observation_id: int
    blank: list[SeenBox]
    """What has no vector of the embedder in force."""


class Closer:
    def __init__(
        self,
        database: Database,
        images: ImageFiles,
        looking: Looking,
        galleries: Galleries,
        renamed: Bell,
        shelf_changed: Bell,
    ) -> None:
        self._database = database
        self._images = images
        self._looking = looking
        self._galleries = galleries
        self._renamed = renamed
        self._shelf_changed = shelf_changed

    async def look(self, capture_id: str) -> int:
        """Embed and name whatever was not embedded so far; how many detections count as something else now.

        NotFound for no such photograph; Conflict when its image was deleted or nobody has looked at it yet.
        """
        embedder = self._galleries.embedder
        task = await self._database.read(lambda reader: _task(reader, embedder, capture_id))
        for start in range(0, len(task.blank), MOST_CROPS):  # a photograph that waits comes in between
            await self._embed(task, task.blank[start : start + MOST_CROPS])
        changed = await rename_in(self._database, self._galleries, [task.observation_id]) if task.blank else 0
        if changed:
            self._renamed.ring()  # whoever folds places anew listens
            self._shelf_changed.ring()
        return changed

    async def _embed(self, task: _Task, boxes: Sequence[SeenBox]) -> None:
        def embed(eye: Eye) -> tuple[str, list[Crop]]:
            return eye.embedder, eye.embed(self._images.load(task.image_path), [box.box for box in boxes])

        embedder, crops = await self._looking.run(embed)
        if embedder != self._galleries.embedder:
            raise Conflict("Another model is taking over just now. Try again in a moment.")
        found = {box.rank: crop.vector for box, crop in zip(boxes, crops, strict=True)}
        await self._database.write(lambda writer: _keep(writer, task.observation_id, embedder, found))


def _task(reader: Reader, embedder: str, capture_id: str) -> _Task:
    capture = captures.by_id(reader, capture_id)
    if capture is None:
        raise NotFound("There is no such photograph.")
    if capture.image_path is None:
        raise Conflict("The image of this photograph was deleted: nothing can be looked at any more.")
    seen = observations.newest_of(reader, capture_id)
    if seen is None:
        raise Conflict("Nobody has looked at this photograph yet. Try again in a moment.")
    known = vectors.of_observation(reader, seen.id, embedder)
    boxes = observations.detections_of(reader, seen.id)
    return _Task(
        capture.image_path, seen.id, [box for box in boxes if box.rank >= len(known) or known[box.rank] is None]
    )


def _keep(writer: Writer, observation_id: int, embedder: str, found: dict[int, bytes]) -> None:
    """Beside those that are known meanwhile."""
    known = vectors.of_observation(writer, observation_id, embedder)
    known += [None] * (1 + max(found) - len(known))
    for rank, vector in found.items():
        known[rank] = known[rank] or vector
    vectors.keep(writer, observation_id, embedder, known)
