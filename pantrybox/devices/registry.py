"""Let a camera in, set it up, give it another token, take it out: what each does to its row.

Each runs in a transaction of Roster.write(), so that the next upload finds it changed.
"""

import uuid

import msgspec

from pantrybox.devices import orders as ordering
from pantrybox.devices import queries
from pantrybox.devices import settings as setup
from pantrybox.devices.model import DEVICE_ID, Device
from pantrybox.devices.orders import OrdersChange
from pantrybox.devices.settings import DeviceSettings, SettingsChange
from pantrybox.errors import Conflict, NotFound, OutOfRange
from pantrybox.identifiers import new_secret, secret_sha256
from pantrybox.storage.database import Reader, Writer


class Change(msgspec.Struct, frozen=True):
    """What is to be otherwise about a camera; what is not named stays as it is."""

    name: str | None = None
    orders: OrdersChange = OrdersChange()
    settings: SettingsChange = SettingsChange()


_SET_UP = [field for field in DeviceSettings.__struct_fields__ if field != "revision"]


def known(reader: Reader, device_id: str) -> Device:
    device = queries.by_id(reader, device_id)
    if device is None:
        raise NotFound("There is no such camera.")
    return device


def register(writer: Writer, name: str, device_id: str | None) -> tuple[str, str]:
    """The new device's id and its token, which is shown this once and never again."""
    chosen = str(uuid.uuid4()) if device_id is None else device_id
    if not DEVICE_ID.fullmatch(chosen):
        raise OutOfRange(
            "A device id has 1 to 64 letters, digits, dots, dashes or underscores and begins with a letter or a digit."
        )
    if queries.is_taken(writer, chosen):
        raise Conflict(f"There is, or was, a device with the id {chosen}. Ids are never given twice.")
    token = new_secret()
    queries.insert(writer, chosen, name, secret_sha256(token))
    return chosen, token


def change(writer: Writer, device_id: str, change: Change) -> list[str]:
    """Call a camera otherwise, order or set it up anew; the names of what is other than before."""
    before = known(writer, device_id)
    orders = ordering.changed(before.orders, change.orders)
    settings = setup.changed(before.settings, change.settings)
    changed = [field for field in _SET_UP if getattr(settings, field) != getattr(before.settings, field)]
    if change.name is not None and change.name != before.name:
        queries.set_name(writer, device_id, change.name)
        changed.append("name")
    if changed:
        revised = msgspec.structs.replace(settings, revision=settings.revision + 1)
        queries.set_settings(writer, device_id, revised)
    if orders is not None and orders != before.orders:
        queries.set_orders(writer, device_id, orders)
        changed.append("orders")
    return changed


def renew_token(writer: Writer, device_id: str) -> str:
    """The new token, which is shown this once and never again; the old one opens nothing any more."""
    known(writer, device_id)
    token = new_secret()
    queries.set_token(writer, device_id, secret_sha256(token))
    return token


def remove(writer: Writer, device_id: str) -> Device:
    """As it was. Its photographs and their events stay."""
    device = known(writer, device_id)
    queries.delete(writer, device_id)
    return device
