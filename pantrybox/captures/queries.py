"""SQL of the captures table."""

import msgspec

from pantrybox.captures.model import Arrival, Capture, Status
from pantrybox.captures.retention_queries import count_images
from pantrybox.storage.database import Reader, Writer

COLUMNS = """seq, id, device_id, received_at_ms, captured_at_ms, trigger_type, image_path, size_bytes, sha256,
       battery_v, rssi, telemetry, notes, status, attempts, failure, place_id"""


def insert(
    writer: Writer,
    capture_id: str,
    arrival: Arrival,
    captured_at_ms: int,
    file_name: str,
    size: int,
    sha256: bytes,
    *,
    running_ms: int = 0,
    clock_synced: bool = False,
    claimed: bool = False,
) -> None:
    """`claimed`: it is looked at at once, since nothing else waits."""
    count_images(writer, arrival.device_id, 1, size)
    seq = writer.insert(
        """
        INSERT INTO captures (id, device_id, received_at_ms, captured_at_ms, trigger_type, image_path, size_bytes,
                              sha256, idempotency_key, battery_v, rssi, telemetry, notes, running_ms, clock_synced,
                              status, attempts)
        VALUES (:id, :device_id, :received_at_ms, :captured_at_ms, :trigger_type, :image_path, :size_bytes,
                :sha256, :idempotency_key, :battery_v, :rssi, :telemetry, :notes, :running_ms, :clock_synced,
                iif(:claimed, 'analyzing', 'stored'), :claimed)
        """,
        {
            "id": capture_id,
            "device_id": arrival.device_id,
            "received_at_ms": writer.now_ms,
            "captured_at_ms": captured_at_ms,
            "trigger_type": arrival.trigger_type,
            "image_path": file_name,
            "size_bytes": size,
            "sha256": sha256,
            "idempotency_key": arrival.idempotency_key,
            "battery_v": arrival.battery_v,
            "rssi": arrival.rssi,
            "telemetry": _json_or_none(arrival.telemetry),
            "notes": _json_or_none(arrival.notes),
            "running_ms": running_ms,
            "clock_synced": clock_synced,
            "claimed": claimed,
        },
    )
    if claimed:
        _point_at(writer, arrival.device_id, seq)


def _json_or_none(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


def id_with_key(reader: Reader, device_id: str, idempotency_key: str, sha256: bytes) -> str | None:
    """The capture that this camera sent before under this key with these bytes."""
    return _id_or_none(
        reader,
        """
        SELECT id
        FROM captures
        WHERE device_id = :device_id AND idempotency_key = :key AND sha256 = :sha256
        """,
        {"device_id": device_id, "key": idempotency_key, "sha256": sha256},
    )


def id_with_bytes(reader: Reader, device_id: str, sha256: bytes, since_ms: int) -> str | None:
    """The capture with these bytes that this camera sent since then, under whatever key."""
    return _id_or_none(
        reader,
        """
        SELECT id
        FROM captures
        WHERE device_id = :device_id AND received_at_ms >= :since_ms AND sha256 = :sha256
        ORDER BY received_at_ms
        LIMIT 1
        """,
        {"device_id": device_id, "since_ms": since_ms, "sha256": sha256},
    )


def key_was_used(reader: Reader, device_id: str, idempotency_key: str) -> bool:
    return reader.value(
        bool,
        "SELECT EXISTS (SELECT 1 FROM captures WHERE device_id = :device_id AND idempotency_key = :key)",
        {"device_id": device_id, "key": idempotency_key},
    )


class _Id(msgspec.Struct):
    id: str


def _id_or_none(reader: Reader, sql: str, parameters: dict[str, object]) -> str | None:
    row = reader.row_or_none(_Id, sql, parameters)
    return row.id if row else None


def by_id(reader: Reader, capture_id: str) -> Capture | None:
    return reader.row_or_none(Capture, f"SELECT {COLUMNS} FROM captures WHERE id = :id", {"id": capture_id})  # noqa: S608


def newest_first(
    reader: Reader, *, status: Status | None, device_id: str | None, before_seq: int | None, limit: int
) -> list[Capture]:
    """A page of photographs; `before_seq` is the last one of the page before.

    Each filter has an index of its own: a camera with three photographs among 100,000 is found at once.
    """
    asked = {"status": status, "device_id": device_id, "before": before_seq or _AFTER_ALL, "limit": limit}
    if status == "stored":
        return reader.rows(Capture, _STORED_PAGE, asked)
    if status == "analyzing":
        return reader.rows(Capture, _ANALYZING_PAGE, asked)
    if device_id is not None:
        return reader.rows(Capture, _FAILED_DEVICE_PAGE if status == "failed" else _DEVICE_PAGE, asked)
    return reader.rows(Capture, _FAILED_PAGE if status == "failed" else _PAGE, asked)


_AFTER_ALL = 2**62
"""Greater than every seq and every time."""

_PAGE = f"""
        SELECT {COLUMNS}
        FROM captures
        WHERE seq < :before
          AND (:status IS NULL OR status = :status)
        ORDER BY seq DESC
        LIMIT :limit
"""  # noqa: S608 - only column names are filled in

_STORED_PAGE = f"""
        SELECT {COLUMNS}
        FROM captures INDEXED BY captures_waiting
        WHERE status = 'stored'
          AND seq < :before
          AND (:device_id IS NULL OR device_id = :device_id)
        ORDER BY seq DESC
        LIMIT :limit
"""  # noqa: S608 - only column names are filled in

# Few cameras: each knows which photograph of its own is looked at, or was last.
_IS_ANALYZING = "status = 'analyzing' AND seq IN (SELECT analyzing_seq FROM devices)"

_ANALYZING_PAGE = f"""
        SELECT {COLUMNS}
        FROM captures
        WHERE {_IS_ANALYZING}
          AND seq < :before
          AND (:device_id IS NULL OR device_id = :device_id)
        ORDER BY seq DESC
        LIMIT :limit
"""  # noqa: S608 - only column names are filled in

_FAILED_PAGE = f"""
        SELECT {COLUMNS}
        FROM captures INDEXED BY captures_failed_in_order
        WHERE status = 'failed' AND seq < :before
        ORDER BY seq DESC
        LIMIT :limit
"""  # noqa: S608 - only column names are filled in

# A camera's photographs lie in its index by the time of receipt, and those of one moment by seq. The
# last one of the page before says where to go on.
_OF_DEVICE = """
        WHERE device_id = :device_id
          AND (received_at_ms, seq) < (
              coalesce((SELECT received_at_ms FROM captures WHERE seq = :before), :before), :before
          )
"""
_NEWEST_OF_DEVICE = """
        ORDER BY received_at_ms DESC, seq DESC
        LIMIT :limit
"""

_DEVICE_PAGE = f"""
        SELECT {COLUMNS}
        FROM captures INDEXED BY captures_by_device
        {_OF_DEVICE}
          AND (:status IS NULL OR status = :status)
        {_NEWEST_OF_DEVICE}
"""  # noqa: S608 - only column names are filled in

_FAILED_DEVICE_PAGE = f"""
        SELECT {COLUMNS}
        FROM captures INDEXED BY captures_failed
        {_OF_DEVICE}
          AND status = 'failed'
        {_NEWEST_OF_DEVICE}
"""  # noqa: S608 - only column names are filled in


def total(reader: Reader, *, status: Status | None, device_id: str | None) -> int:
    """How many there are, without counting any but those that wait."""
    asked = {"status": status, "device_id": device_id}
    match status:
        case "stored":
            return reader.value(int, _STORED_TOTAL, asked)
        case "analyzing":
            return reader.value(int, _ANALYZING_TOTAL, asked)
        case "failed":
            return reader.value(int, _FAILED_TOTAL, asked)
        case "complete":
            others = (_STORED_TOTAL, _ANALYZING_TOTAL, _FAILED_TOTAL)
            return reader.value(int, _TOTAL, asked) - sum(reader.value(int, other, asked) for other in others)
        case None:
            return reader.value(int, _TOTAL, asked)


_TOTAL = """
        SELECT coalesce(sum(capture_count), 0)
        FROM devices
        WHERE :device_id IS NULL OR id = :device_id
"""
_STORED_TOTAL = """
        SELECT count(*)
        FROM captures INDEXED BY captures_waiting
        WHERE status = 'stored' AND (:device_id IS NULL OR device_id = :device_id)
"""
_ANALYZING_TOTAL = f"""
        SELECT count(*)
        FROM captures
        WHERE {_IS_ANALYZING} AND (:device_id IS NULL OR device_id = :device_id)
"""  # noqa: S608 - constant texts
_FAILED_TOTAL = """
        SELECT coalesce(sum(failed_count), 0)
        FROM devices
        WHERE :device_id IS NULL OR id = :device_id
"""


WAITING_TOTAL = f"""(
            (SELECT count(*) FROM captures INDEXED BY captures_waiting WHERE status = 'stored')
            + (SELECT count(*) FROM captures WHERE {_IS_ANALYZING})
        )"""  # noqa: S608 - constant texts


def oldest_waiting(reader: Reader) -> Capture | None:
    """The next capture to analyse. The table is the work queue: a crash loses nothing."""
    return reader.row_or_none(
        Capture,
        f"""
        SELECT {COLUMNS}
        FROM captures
        WHERE seq = coalesce(
            (SELECT min(seq) FROM captures WHERE {_IS_ANALYZING}),
            (SELECT min(seq) FROM captures INDEXED BY captures_waiting WHERE status = 'stored')
        )
        """,  # noqa: S608 - constant texts
    )


def begin_attempt(writer: Writer, capture: Capture) -> None:
    """Said before it is looked at, so that a picture which takes the process down is not tried for ever."""
    writer.execute(
        "UPDATE captures SET status = 'analyzing', attempts = attempts + 1 WHERE seq = :seq", {"seq": capture.seq}
    )
    _point_at(writer, capture.device_id, capture.seq)


def _point_at(writer: Writer, device_id: str, seq: int) -> None:
    writer.execute("UPDATE devices SET analyzing_seq = :seq WHERE id = :id", {"id": device_id, "seq": seq})


def complete(writer: Writer, capture_id: str, observation_id: int) -> None:
    writer.execute(
        """
        UPDATE captures
        SET status = 'complete', failure = NULL, observation_id = :observation_id, attempts = 0
        WHERE id = :id
        """,
        {"id": capture_id, "observation_id": observation_id},
    )


def fail(writer: Writer, capture_id: str, failure: str) -> None:
    writer.execute(
        "UPDATE captures SET status = 'failed', failure = :failure, attempts = 0 WHERE id = :id",
        {"id": capture_id, "failure": failure},
    )


def put_back(writer: Writer) -> None:
    """What was being looked at when the box went down waits again; the attempt stays counted."""
    writer.execute(
        f"UPDATE captures SET status = 'stored' WHERE {_IS_ANALYZING}"  # noqa: S608 - constant texts
    )


def begin_second_look(writer: Writer, capture_id: str) -> None:
    writer.execute("UPDATE captures SET attempts = attempts + 1 WHERE id = :id", {"id": capture_id})


def end_second_look(writer: Writer, capture_id: str) -> None:
    writer.execute("UPDATE captures SET attempts = 0 WHERE id = :id", {"id": capture_id})


def put_in_place(writer: Writer, capture_id: str, place_id: int) -> None:
    """It shows this place, whatever its device looks at."""
    writer.execute("UPDATE captures SET place_id = :place_id WHERE id = :id", {"id": capture_id, "place_id": place_id})


class StoredImage(msgspec.Struct, frozen=True):
    id: str
    image_path: str
    size_bytes: int
    sha256: bytes


def stored_images(reader: Reader) -> list[StoredImage]:
    """Every capture that claims an image."""
    return reader.rows(
        StoredImage,
        "SELECT id, image_path, size_bytes, sha256 FROM captures WHERE image_path IS NOT NULL ORDER BY seq",
    )


def without_row(reader: Reader, names: set[str]) -> set[str]:
    """Those of these file names that no capture claims."""
    claimed = {image.image_path for image in stored_images(reader)}
    return names - claimed


def miscounted(reader: Reader) -> list[str]:
    """Devices whose counters are not what their captures add up to. Empty in a sound database."""
    rows = reader.rows(
        _Id,
        """
        SELECT devices.id
        FROM devices
        LEFT JOIN captures ON captures.device_id = devices.id
        GROUP BY devices.id
        HAVING capture_count <> count(captures.seq)
            OR image_count <> count(image_path)
            OR failed_count <> count(*) FILTER (WHERE status = 'failed')
            OR image_bytes <> coalesce(sum(size_bytes) FILTER (WHERE image_path IS NOT NULL), 0)
        """,
    )
    return [row.id for row in rows]
