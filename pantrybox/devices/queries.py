"""SQL of the devices table. The owner's phone has a row in it, but it is no camera and never among them."""

import msgspec

from pantrybox.devices.model import Device
from pantrybox.devices.orders import Orders
from pantrybox.devices.seeing import Seeing
from pantrybox.devices.settings import DeviceSettings
from pantrybox.storage.database import Reader, Writer

_COLUMNS = """id, name, token_sha256, created_at_ms, last_seen_at_ms, battery_v, rssi, capture_count,
       orders, orders_version, settings, telemetry"""


class _Row(msgspec.Struct):
    id: str
    name: str
    token_sha256: bytes
    created_at_ms: int
    last_seen_at_ms: int | None
    battery_v: float | None
    rssi: int | None
    capture_count: int
    orders: str | None
    orders_version: int
    settings: str | None
    telemetry: str | None


class Credentials(msgspec.Struct, frozen=True):
    """What is needed to answer a camera, without asking the database."""

    device_id: str
    token_sha256: bytes
    orders: Orders | None
    orders_version: int


def insert(writer: Writer, device_id: str, name: str, token_sha256: bytes) -> None:
    writer.insert(
        """
        INSERT INTO devices (id, name, token_sha256, created_at_ms)
        VALUES (:id, :name, :token_sha256, :now_ms)
        """,
        {"id": device_id, "name": name, "token_sha256": token_sha256, "now_ms": writer.now_ms},
    )


def is_taken(reader: Reader, device_id: str) -> bool:
    """Also true for a deleted device: ids are never given twice."""
    return reader.value(bool, "SELECT EXISTS (SELECT 1 FROM devices WHERE id = :id)", {"id": device_id})


def credentials(reader: Reader) -> list[Credentials]:
    """Those of every device that may upload."""
    return [
        Credentials(row.id, row.token_sha256, _orders(row.orders), row.orders_version)
        for row in reader.rows(
            _Row,
            f"SELECT {_COLUMNS} FROM devices WHERE kind = 'camera' AND deleted_at_ms IS NULL",  # noqa: S608
        )
    ]


def by_id(reader: Reader, device_id: str) -> Device | None:
    row = reader.row_or_none(
        _Row,
        f"""
        SELECT {_COLUMNS}
        FROM devices
        WHERE id = :id AND kind = 'camera' AND deleted_at_ms IS NULL
        """,  # noqa: S608 - only column names are filled in
        {"id": device_id},
    )
    return _device(row) if row else None


def page(reader: Reader, skip: int, limit: int) -> list[Device]:
    """Devices in the order in which they were registered."""
    rows = reader.rows(
        _Row,
        f"""
        SELECT {_COLUMNS}
        FROM devices
        WHERE kind = 'camera' AND deleted_at_ms IS NULL
        ORDER BY created_at_ms, id
        LIMIT :limit OFFSET :skip
        """,  # noqa: S608 - only column names are filled in
        {"limit": limit, "skip": skip},
    )
    return [_device(row) for row in rows]


def total(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM devices WHERE kind = 'camera' AND deleted_at_ms IS NULL")


class _Settings(msgspec.Struct):
    settings: str | None


def seeing(reader: Reader, device_id: str) -> Seeing:
    """What of this device's photographs counts; everything, for one that nobody set up."""
    row = reader.row_or_none(_Settings, "SELECT settings FROM devices WHERE id = :id", {"id": device_id})
    return _settings(row.settings if row else None).seeing


def saw(
    writer: Writer,
    device_id: str,
    *,
    battery_v: float | None,
    rssi: int | None,
    new_captures: int,
    telemetry: dict[str, str] | None = None,
) -> None:
    """An upload of this device was stored now."""
    writer.execute(
        """
        UPDATE devices
        SET last_seen_at_ms = :now_ms,
            battery_v = coalesce(:battery_v, battery_v),
            rssi = coalesce(:rssi, rssi),
            telemetry = coalesce(:telemetry, telemetry),
            capture_count = capture_count + :new_captures
        WHERE id = :id
        """,
        {
            "id": device_id,
            "now_ms": writer.now_ms,
            "battery_v": battery_v,
            "rssi": rssi,
            "telemetry": msgspec.json.encode(telemetry).decode() if telemetry else None,
            "new_captures": new_captures,
        },
    )


def set_name(writer: Writer, device_id: str, name: str) -> None:
    writer.execute("UPDATE devices SET name = :name WHERE id = :id", {"id": device_id, "name": name})


def set_orders(writer: Writer, device_id: str, orders: Orders) -> None:
    writer.execute(
        "UPDATE devices SET orders = :orders, orders_version = orders_version + 1 WHERE id = :id",
        {"id": device_id, "orders": msgspec.json.encode(orders).decode()},
    )


def set_settings(writer: Writer, device_id: str, settings: DeviceSettings) -> None:
    writer.execute(
        "UPDATE devices SET settings = :settings WHERE id = :id",
        {"id": device_id, "settings": msgspec.json.encode(settings).decode()},
    )


def set_token(writer: Writer, device_id: str, token_sha256: bytes) -> None:
    writer.execute(
        "UPDATE devices SET token_sha256 = :token_sha256 WHERE id = :id",
        {"id": device_id, "token_sha256": token_sha256},
    )


def delete(writer: Writer, device_id: str) -> None:
    """The row stays: history points at it, and its id is never given again."""
    writer.execute(
        "UPDATE devices SET deleted_at_ms = :now_ms WHERE id = :id", {"id": device_id, "now_ms": writer.now_ms}
    )


def _orders(text: str | None) -> Orders | None:
    return msgspec.json.decode(text, type=Orders) if text else None


def _settings(text: str | None) -> DeviceSettings:
    return msgspec.json.decode(text, type=DeviceSettings) if text else DeviceSettings()


def _device(row: _Row) -> Device:
    return Device(
        id=row.id,
        name=row.name,
        created_at_ms=row.created_at_ms,
        last_seen_at_ms=row.last_seen_at_ms,
        battery_v=row.battery_v,
        rssi=row.rssi,
        capture_count=row.capture_count,
        orders=_orders(row.orders),
        orders_version=row.orders_version,
        settings=_settings(row.settings),
        telemetry=msgspec.json.decode(row.telemetry, type=dict[str, str]) if row.telemetry else {},
    )
