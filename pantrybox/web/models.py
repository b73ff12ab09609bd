"""Models: which there are, which look at photographs, and what another one would make of those that are kept."""

import asyncio
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from pantrybox.bell import Bell
from pantrybox.errors import Conflict, NotFound, PantryError
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database
from pantrybox.teaching import models, reembedding
from pantrybox.teaching.comparing import Difference
from pantrybox.teaching.eyes import Eyes
from pantrybox.teaching.models import InForce, Promotion
from pantrybox.teaching.shadow import Shadow
from pantrybox.vision.manifest import Kind, Manifest, Role
from pantrybox.vision.workshop import Workshop
from pantrybox.web.authority import needs

LIMIT = Annotated[int, QueryParameter(ge=1, le=1000, description="At most this many.")]
CURSOR = Annotated[str | None, QueryParameter(max_length=64, description="A `next_cursor`.")]
MOST_PHOTOGRAPHS = 1000


class ModelView(msgspec.Struct, frozen=True):
    name: str
    role: Role
    kind: Kind
    width: int
    """Of its input, in pixels."""
    height: int
    size_bytes: int
    labels: int
    """How many classes a detector has."""
    licence: str
    took_ms: int | None
    """For one picture when it was added, on one thread; null for one that came with the box."""
    memory_mb: int | None
    shipped: bool
    in_force: bool
    coming: bool
    """It was promoted, and takes over once all that was taught was looked at with it."""
    problem: str | None
    """Why it is not in force though it was promoted."""


class Catchup(msgspec.Struct, frozen=True):
    """How far the embedder that was promoted last has come with what there was before."""

    running: bool
    examples_left: int
    examples_total: int
    photographs_left: int


class ModelList(msgspec.Struct, frozen=True):
    total: int
    items: list[ModelView]
    next_cursor: str | None
    problems: list[str]
    """Sentences about models that were promoted and cannot be used."""
    catchup: Catchup | None
    """null while no embedder was ever promoted."""


class Promoted(msgspec.Struct, frozen=True):
    role: Role
    model: str
    previous: str
    examples_left: int
    """So many examples are looked at with it, in the background, before it takes over; 0: it looks at the next
    photograph.
    """


class RollbackWish(msgspec.Struct, frozen=True):
    role: Role | None = None
    """null: whatever was changed last."""


class TrialWish(msgspec.Struct, frozen=True):
    last: Annotated[int, msgspec.Meta(ge=1, le=MOST_PHOTOGRAPHS)] = 100
    """So many of the newest photographs."""


@get("/v1/models", opt=needs("read"))
async def list_models(
    database: NamedDependency[Database],
    workshop: NamedDependency[Workshop],
    eyes: NamedDependency[Eyes],
    limit: LIMIT = 100,
    cursor: CURSOR = None,
) -> ModelList:
    """Every model of the box, by name, with which are in force."""
    known = sorted(await asyncio.to_thread(lambda: list(workshop.manifests())), key=lambda one: one.name)
    wanted = await database.read(models.in_force)
    page = [one for one in known if cursor is None or one.name > cursor][:limit]
    return ModelList(
        total=len(known),
        items=[_view(one, workshop, wanted, eyes) for one in page],
        next_cursor=page[-1].name if len(page) == limit else None,
        problems=eyes.problems,
        catchup=await _catchup(database, eyes),
    )


@post("/v1/models/{name:str}/promote", opt=needs("admin"), status_code=200)
async def promote(
    database: NamedDependency[Database],
    workshop: NamedDependency[Workshop],
    eyes: NamedDependency[Eyes],
    actor: NamedDependency[Actor],
    promoted: NamedDependency[Bell],
    name: FromPath[str],
) -> Promoted:
    """Look through this model from the next photograph on. It is tried again first, and refused when it is not fit."""
    manifest = await asyncio.to_thread(workshop.manifest_of, name)
    await _prove(workshop, name)
    promotion = await database.write(lambda writer: models.promote(writer, manifest.role, name, actor.name))
    return await _taken_up(promotion, database, eyes, promoted)


@post("/v1/models/rollback", opt=needs("admin"), status_code=200)
async def rollback(
    database: NamedDependency[Database],
    workshop: NamedDependency[Workshop],
    eyes: NamedDependency[Eyes],
    actor: NamedDependency[Actor],
    promoted: NamedDependency[Bell],
    data: JSONBody[RollbackWish],
) -> Promoted:
    """Put back the model that was in force before the last promotion. 409 when nothing was promoted."""
    last = await database.read(lambda reader: models.last_promotion(reader, data.role))
    if last is None:
        raise Conflict("Nothing was promoted yet: the models that came with the box are in force.")
    await _prove(workshop, last.previous)
    promotion = await database.write(lambda writer: models.rollback(writer, last, actor.name))
    return await _taken_up(promotion, database, eyes, promoted)


@post("/v1/models/{name:str}/try", opt=needs("admin"), status_code=200)
async def try_model(shadow: NamedDependency[Shadow], name: FromPath[str], data: JSONBody[TrialWish]) -> Difference:
    """Have a model look at the newest photographs, beside the one in force. Nothing is written.

    409 while another trial runs. `GET` on the same path tells how far it is and what it found.
    """
    return await shadow.begin(name, data.last)


@get("/v1/models/{name:str}/try", opt=needs("read"))
async def trial_progress(shadow: NamedDependency[Shadow], name: FromPath[str]) -> Difference:
    """The last trial of this model since the box was started."""
    return _of(shadow, name)


@delete("/v1/models/{name:str}/try", opt=needs("admin"), status_code=200)
async def end_trial(shadow: NamedDependency[Shadow], name: FromPath[str]) -> Difference:
    """Break a trial off."""
    _of(shadow, name)
    await shadow.end()
    return _of(shadow, name)


def _of(shadow: Shadow, name: str) -> Difference:
    if shadow.latest is None or shadow.latest.model != name:
        raise NotFound(f"{name} was not tried since the box was started.")
    return shadow.latest


async def _prove(workshop: Workshop, name: str) -> None:
    """Conflict, with the reason, when a model that once passed does not any more."""
    try:
        await asyncio.to_thread(workshop.prove, name)
    except NotFound:
        raise
    except PantryError as error:
        raise Conflict(f"{name} cannot be promoted: {error}") from error


async def _taken_up(promotion: Promotion, database: Database, eyes: Eyes, promoted: Bell) -> Promoted:
    left = 0
    if promotion.role == "embedder":
        embedder = await eyes.coming()
        left = await database.read(lambda reader: reembedding.examples_left(reader, embedder.name))
    await eyes.keep_up()
    promoted.ring()
    return Promoted(promotion.role, promotion.model, promotion.previous, left)


async def _catchup(database: Database, eyes: Eyes) -> Catchup | None:
    if await database.read(lambda reader: models.last_promotion(reader, "embedder")) is None:
        return None
    embedder = await eyes.coming()
    now = await database.read(lambda reader: reembedding.progress(reader, embedder.name))
    return Catchup(now.running, now.examples_left, now.examples_total, now.photographs_left)


def _view(one: Manifest, workshop: Workshop, wanted: InForce, eyes: Eyes) -> ModelView:
    asked = (wanted.detector if one.role == "detector" else wanted.embedder) == one.name
    used = (eyes.used.detector if one.role == "detector" else eyes.used.embedder) == one.name
    problem = eyes.problem_of(one.role) if asked and not used else None
    return ModelView(
        name=one.name,
        role=one.role,
        kind=one.kind,
        width=one.input.width,
        height=one.input.height,
        size_bytes=one.size_bytes,
        labels=len(one.labels),
        licence=one.licence,
        took_ms=one.took_ms,
        memory_mb=one.memory_mb,
        shipped=workshop.is_shipped(one.name),
        in_force=used,
        coming=asked and not used and problem is None,
        problem=problem,
    )
