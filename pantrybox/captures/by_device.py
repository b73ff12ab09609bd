"""SQL of one camera's photographs in a window of time, by receipt. Reads the window and nothing older."""

import msgspec

from pantrybox.captures.model import Status, TriggerType
from pantrybox.storage.database import Reader

_MOST_WAKES = 1000
_HOUR_MS = 3600 * 1000


class Tally(msgspec.Struct, frozen=True):
    captures: int
    complete: int
    failed: int


def tally(reader: Reader, device_id: str, since_ms: int) -> Tally:
    row = reader.row_or_none(
        Tally,
        """
        SELECT count(*) AS captures,
               count(*) FILTER (WHERE status = 'complete') AS complete,
               count(*) FILTER (WHERE status = 'failed') AS failed
        FROM captures INDEXED BY captures_by_device
        WHERE device_id = :device_id AND received_at_ms >= :since_ms
        """,
        {"device_id": device_id, "since_ms": since_ms},
    )
    return row or Tally(0, 0, 0)


def failed_total(reader: Reader, device_id: str) -> int:
    """Of all time, from a counter."""
    return reader.value(
        int, "SELECT coalesce(sum(failed_count), 0) FROM devices WHERE id = :device_id", {"device_id": device_id}
    )


class Voltage(msgspec.Struct, frozen=True):
    at_ms: int
    volts: float


def hourly_voltages(reader: Reader, device_id: str, since_ms: int) -> list[Voltage]:
    """The mean of each hour in which the camera said its voltage, oldest first."""
    return reader.rows(
        Voltage,
        """
        SELECT CAST(avg(received_at_ms) AS INTEGER) AS at_ms, avg(battery_v) AS volts
        FROM captures INDEXED BY captures_by_device
        WHERE device_id = :device_id AND received_at_ms >= :since_ms AND battery_v IS NOT NULL
        GROUP BY received_at_ms / :hour_ms
        ORDER BY at_ms
        """,
        {"device_id": device_id, "since_ms": since_ms, "hour_ms": _HOUR_MS},
    )


class _Wake(msgspec.Struct):
    wake_ms: str


def wake_times(reader: Reader, device_id: str, since_ms: int) -> list[str]:
    """How long the camera says that it was awake, as it says it; the newest thousand."""
    rows = reader.rows(
        _Wake,
        """
        SELECT telemetry ->> '$."wake-ms"' AS wake_ms
        FROM captures INDEXED BY captures_by_device
        WHERE device_id = :device_id AND received_at_ms >= :since_ms AND telemetry ->> '$."wake-ms"' IS NOT NULL
        ORDER BY received_at_ms DESC
        LIMIT :most
        """,
        {"device_id": device_id, "since_ms": since_ms, "most": _MOST_WAKES},
    )
    return [row.wake_ms for row in rows]


class Sent(msgspec.Struct, frozen=True):
    """A photograph as its camera's history shows it."""

    seq: int
    id: str
    trigger_type: TriggerType | None
    captured_at_ms: int
    status: Status
    battery_v: float | None
    rssi: int | None


def newest_first(
    reader: Reader, device_id: str, *, since_ms: int, status: Status | None, before_seq: int | None, limit: int
) -> list[Sent]:
    """Those received since then; `before_seq` is the last one of the page before."""
    return reader.rows(
        Sent,
        """
        SELECT seq, id, trigger_type, captured_at_ms, status, battery_v, rssi
        FROM captures INDEXED BY captures_by_device
        WHERE device_id = :device_id
          AND received_at_ms >= :since_ms
          AND (
              :before IS NULL
              OR (received_at_ms, seq) < ((SELECT received_at_ms FROM captures WHERE seq = :before), :before)
          )
          AND (:status IS NULL OR status = :status)
        ORDER BY received_at_ms DESC, seq DESC
        LIMIT :limit
        """,
        {"device_id": device_id, "since_ms": since_ms, "before": before_seq, "status": status, "limit": limit},
    )


def total(reader: Reader, device_id: str, *, since_ms: int, status: Status | None) -> int:
    if status is None:
        return reader.value(
            int,
            "SELECT count(*) FROM captures WHERE device_id = :device_id AND received_at_ms >= :since_ms",
            {"device_id": device_id, "since_ms": since_ms},
        )
    return reader.value(
        int,
        """
        SELECT count(*)
        FROM captures INDEXED BY captures_by_device
        WHERE device_id = :device_id AND received_at_ms >= :since_ms AND status = :status
        """,
        {"device_id": device_id, "since_ms": since_ms, "status": status},
    )
