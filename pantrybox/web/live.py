"""GET /live: tells an open page what to look at again, and what it slept through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from pantrybox.bell import Bell
from pantrybox.inventory.glance import Newest, newest
from pantrybox.storage.database import Database
from pantrybox.web.authority import held_by, needs
from pantrybox.web.errors import AnyRequest

KEEP_ALIVE_SECONDS = 20.0
"""A comment this often: a phone that went away is noticed, and a router does not forget the connection."""


def parsed(text: str | None) -> Newest | None:
    """None when the text is not a position: then the page is told to look at everything."""
    try:
        return Newest(*(int(part) for part in (text or "").split(".")))
    except (ValueError, TypeError):  # no numbers, or not as many as there are tables
        return None


class Pulse:
    """Rings for whoever keeps a page open: a page shows arrivals and results, as long as its reader may look."""

    def __init__(self, new_capture: Bell, shelf_changed: Bell, revoked: Bell) -> None:
        self._bells = (new_capture, shelf_changed, revoked)
        self.over = False

    def close(self) -> None:
        """The box goes down: let every open page go, to come again when it is back."""
        self.over = True
        for bell in self._bells:
            bell.ring()

    def ring(self) -> None:
        """Something that is no photograph and no stock changed, such as a camera's name."""
        self._bells[1].ring()

    def listen(self) -> list[asyncio.Event]:
        return [bell.listen() for bell in self._bells]


async def follow(
    database: Database,
    pulse: Pulse,
    seen: Newest | None,
    may_look: Callable[[], bool],
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
) -> AsyncIterator[ServerSentEventMessage]:
    """A message for each part of the page that is newer than `seen`, then each time one changes.

    For ever, or until `may_look` says no: it is asked whenever something rings or the line is kept alive.
    """
    while not pulse.over and may_look():
        rings = pulse.listen()
        now = await database.read(newest)
        parts = _changed(seen, now)
        for part in parts:
            # Only the last one moves the position: a page that is cut off between two hears both again.
            position = str(now) if part == parts[-1] else None
            yield ServerSentEventMessage(data=str(now), event=part, id=position)
        seen = now
        if not await _any(rings, keep_alive_seconds):
            yield ServerSentEventMessage(data=None, comment="still here")


def _changed(seen: Newest | None, now: Newest) -> list[str]:
    if seen is None:
        return ["photographs", "stock"]
    parts: list[str] = []
    if msgspec.structs.replace(seen, event=now.event, answered=now.answered) != now:
        parts.append("photographs")
    if (seen.observation, seen.event, seen.answered) != (now.observation, now.event, now.answered):
        parts.append("stock")
    return parts


async def _any(rings: list[asyncio.Event], seconds: float) -> bool:
    """Whether one of them rang in time."""
    waits = [asyncio.ensure_future(ring.wait()) for ring in rings]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for wait in waits:
            wait.cancel()


@get("/live", opt=needs("read"))
async def live(
    request: AnyRequest,
    database: NamedDependency[Database],
    pulse: NamedDependency[Pulse],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    after: Annotated[str | None, QueryParameter(description="Where the page stood when it was made.")] = None,
) -> ServerSentEvent:
    """Server-sent events named `photographs` and `stock`; fetch that part again when one comes."""

    def may_look() -> bool:
        return held_by(request) is not None

    return ServerSentEvent(follow(database, pulse, parsed(last_event_id or after), may_look))
