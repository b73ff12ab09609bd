"""SQL of the devices table."""

import msgspec

from pantrybox.devices.model import Device, Orders
from pantrybox.storage.database import Reader, Writer


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
        for row in reader.rows(_Row, "SELECT * FROM devices WHERE deleted_at_ms IS NULL")
    ]


def by_id(reader: Reader, device_id: str) -> Device | None:
    row = reader.row_or_none(_Row, "SELECT * FROM devices WHERE id = :id AND deleted_at_ms IS NULL", {"id": device_id})
    return _device(row) if row else None


def page(reader: Reader, skip: int, limit: int) -> list[Device]:
    """Devices in the order in which they were registered."""
    rows = reader.rows(
        _Row,
        """
        SELECT *
        FROM devices
        WHERE deleted_at_ms IS NULL
        ORDER BY created_at_ms, id
        LIMIT :limit OFFSET :skip
        """,
        {"limit": limit, "skip": skip},
    )
    return [_device(row) for row in rows]


def total(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM devices WHERE deleted_at_ms IS NULL")


def saw(writer: Writer, device_id: str, *, battery_v: float | None, rssi: int | None, new_captures: int) -> None:
    """An upload of this device was stored now."""
    writer.execute(
        """
        UPDATE devices
        SET last_seen_at_ms = :now_ms,
            battery_v = coalesce(:battery_v, battery_v),
            rssi = coalesce(:rssi, rssi),
            capture_count = capture_count + :new_captures
        WHERE id = :id
        """,
        {
            "id": device_id,
            "now_ms": writer.now_ms,
            "battery_v": battery_v,
            "rssi": rssi,
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


def _orders(text: str | None) -> Orders | None:
    return msgspec.json.decode(text, type=Orders) if text else None


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
    )
