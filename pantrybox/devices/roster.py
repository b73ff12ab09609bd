"""Who may upload: every camera's token and orders, in memory, so that no upload waits for a query."""

import asyncio
import hmac
from collections.abc import Callable
from typing import TypeVar

from pantrybox.devices import queries
from pantrybox.devices.queries import Credentials
from pantrybox.errors import Unauthorised
from pantrybox.identifiers import secret_sha256
from pantrybox.storage.database import Database, Writer

T = TypeVar("T")

_NOBODY = secret_sha256("")


class Roster:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices: dict[str, Credentials] = {}
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Read what is registered. One process has the folder open, so nobody else can change it."""
        # One after the other: an older reading must not be put in place of a newer one.
        async with self._loading:
            rows = await self._database.read(queries.credentials)
            self._devices = {device.device_id: device for device in rows}

    async def write(self, change: Callable[[Writer], T]) -> T:
        """Run a change of devices in a transaction; when this returns, the next upload meets it."""
        # A task of its own: who asked may be gone before a token that was taken back opens nothing any more.
        return await asyncio.shield(asyncio.ensure_future(self._write(change)))

    async def _write(self, change: Callable[[Writer], T]) -> T:
        result = await self._database.write(change)
        await self.load()
        return result

    def authenticated(self, device_id: str, token: str) -> Credentials:
        """Unauthorised for an unknown device, another's token and an id that cannot be one, all alike."""
        device = self._devices.get(device_id)
        expected = device.token_sha256 if device else _NOBODY
        matches = hmac.compare_digest(expected, secret_sha256(token))
        if device is None or not matches:
            raise Unauthorised("This device and token do not belong together.")
        return device
