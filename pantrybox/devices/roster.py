"""Who may upload: every camera's token and orders, in memory, so that no upload waits for a query."""

import hmac
import uuid

from pantrybox.devices import queries
from pantrybox.devices.model import DEVICE_ID, Orders, checked
from pantrybox.devices.queries import Credentials
from pantrybox.errors import Conflict, NotFound, OutOfRange, Unauthorised
from pantrybox.identifiers import new_secret, secret_sha256
from pantrybox.storage.database import Database, Writer

_NOBODY = secret_sha256("")


class Roster:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices: dict[str, Credentials] = {}

    async def load(self) -> None:
        """Read what is registered. One process has the folder open, so nobody else can change it."""
        rows = await self._database.read(queries.credentials)
        self._devices = {device.device_id: device for device in rows}

    def authenticated(self, device_id: str, token: str) -> Credentials:
        """Unauthorised for an unknown device, another's token and an id that cannot be one, all alike."""
        device = self._devices.get(device_id)
        expected = device.token_sha256 if device else _NOBODY
        matches = hmac.compare_digest(expected, secret_sha256(token))
        if device is None or not matches:
            raise Unauthorised("This device and token do not belong together.")
        return device

    async def register(self, name: str, device_id: str | None) -> tuple[str, str]:
        """The new device's id and its token, which is shown this once and never again."""
        chosen = str(uuid.uuid4()) if device_id is None else device_id
        if not DEVICE_ID.fullmatch(chosen):
            raise OutOfRange(
                "A device id has 1 to 64 letters, digits, dots, dashes or underscores "
                "and begins with a letter or a digit."
            )
        token = new_secret()

        def insert(writer: Writer) -> None:
            if queries.is_taken(writer, chosen):
                raise Conflict(f"There is, or was, a device with the id {chosen}. Ids are never given twice.")
            queries.insert(writer, chosen, name, secret_sha256(token))

        await self._database.write(insert)
        await self.load()
        return chosen, token

    async def change(self, device_id: str, *, name: str | None, orders: Orders | None) -> None:
        """Rename a device, give it new orders, or both."""
        if device_id not in self._devices:
            raise NotFound("There is no such device.")

        def update(writer: Writer) -> None:
            if name is not None:
                queries.set_name(writer, device_id, name)
            if orders is not None:
                queries.set_orders(writer, device_id, checked(orders))

        await self._database.write(update)
        await self.load()
