"""What an open page shows beside the stock: where it stands, a photograph and the cameras, in one statement each.

What SQLite hands over is JSON, so that what is nested takes no statement of its own.
"""

from typing import TypeVar

import msgspec

from pantrybox.captures.model import Status
from pantrybox.captures.queries import WAITING_TOTAL
from pantrybox.devices.model import Device
from pantrybox.inventory.observations import Observation, SeenBox, boxes_between
from pantrybox.storage.database import Parameters, Reader

T = TypeVar("T")

_CAMERAS = 100


class Newest(msgspec.Struct, frozen=True, order=True):
    """The last row of each table that a page shows; the tables are the log."""

    capture: int
    observation: int
    event: int
    failed: int
    """How many photographs could not be looked at: they leave no other trace."""
    devices: int = 0
    """How often a camera came, went or was set up otherwise; a page of an older box does not know it."""
    taught: int = 0
    """Twice how often something was taught or taken back, and one more once every photograph heeds it."""
    answered: int = 0
    """The newest question that was answered or put off."""

    def __str__(self) -> str:
        return ".".join(str(part) for part in msgspec.structs.astuple(self))


class ShownCapture(msgspec.Struct, frozen=True):
    id: str
    captured_at_ms: int
    status: Status
    image_path: str | None
    failure: str | None


class Photograph(msgspec.Struct, frozen=True):
    """A capture with what was seen in it."""

    capture: ShownCapture
    device_name: str
    observation: Observation | None
    boxes: list[SeenBox]
    """Those that are counted, best first."""
    waiting: int
    """Photographs that have not been looked at yet, whichever this one is."""


class Glance(msgspec.Struct, frozen=True):
    newest: Newest
    photograph: Photograph | None
    """The newest one that shows something; one that waits or failed does not."""
    cameras: list[Device]


class _Found(msgspec.Struct):
    photograph: Photograph | None


_NEWEST = """
        SELECT json_object(
            'capture', (SELECT coalesce(max(seq), 0) FROM captures),
            'observation', (SELECT coalesce(max(id), 0) FROM observations),
            'event', (SELECT coalesce(max(id), 0) FROM inventory_events),
            'failed', (SELECT coalesce(sum(failed_count), 0) FROM devices),
            'devices', (
                SELECT count(*) + count(deleted_at_ms) + coalesce(sum(orders_version), 0)
                     + coalesce(sum(settings ->> '$.revision'), 0)
                FROM devices
                WHERE kind = 'camera'
            ),
            'taught', (
                SELECT 2 * (newest + taken_back)
                     + (next_observation_id IS NULL AND examples_state LIKE '%/' || newest || '/' || taken_back || '/%')
                FROM renaming, (
                    SELECT (SELECT coalesce(max(id), 0) FROM examples) AS newest,
                           (SELECT count(*) FROM examples WHERE taken_back_at_ms IS NOT NULL) AS taken_back
                )
            ),
            'answered', (SELECT coalesce(max(id), 0) FROM questions)
        )
"""
_PHOTOGRAPH = f"""
        SELECT json_object(
            'capture', json_object(
                'id', captures.id, 'captured_at_ms', captured_at_ms, 'status', status, 'image_path', image_path,
                'failure', failure
            ),
            'device_name', devices.name,
            'observation', iif(seen.id IS NULL, NULL, json_object(
                'id', seen.id, 'capture_id', seen.capture_id, 'model', model, 'observed_at_ms', observed_at_ms,
                'took_ms', took_ms, 'width', width, 'height', height, 'brightness', brightness,
                'sharpness', sharpness, 'scene_confidence', scene_confidence, 'folded', folded, 'position', position,
                'counted', counted
            )),
            'boxes', json((
                SELECT json_group_array(json_object(
                    'id', id, 'score', score, 'label', label, 'label_score', label_score, 'item_id', item_id,
                    'item_name', item_name, 'confidence', confidence, 'source', source,
                    'box', json_object('left', box_left, 'top', box_top, 'right', box_right, 'bottom', box_bottom)
                ))
                FROM ({boxes_between("1000 * seen.id", "1000 * seen.id + 999")})
                WHERE item_id IS NOT NULL
            )),
            'waiting', {WAITING_TOTAL}
        )
        FROM captures
        JOIN devices ON devices.id = device_id
        LEFT JOIN observations AS seen ON seen.id = observation_id
"""  # noqa: S608 - constant texts
# A box that keeps no image any more does not look for one among all that it ever received.
_LATEST = f"""
        {_PHOTOGRAPH}
        WHERE seq = iif((SELECT sum(image_count) FROM devices) > 0, (
            SELECT seq
            FROM captures NOT INDEXED
            WHERE status = 'complete' AND image_path IS NOT NULL
            ORDER BY seq DESC
            LIMIT 1
        ), NULL)
"""  # noqa: S608 - constant texts
_OF_CAMERAS = """
        SELECT json_group_array(json_object(
            'id', id, 'name', name, 'created_at_ms', created_at_ms, 'last_seen_at_ms', last_seen_at_ms,
            'battery_v', battery_v, 'rssi', rssi, 'capture_count', capture_count, 'orders', json(orders),
            'orders_version', orders_version, 'settings', json(coalesce(settings, '{}')),
            'telemetry', json(coalesce(telemetry, '{}'))
        ))
        FROM (
            SELECT *
            FROM devices
            WHERE kind = 'camera' AND deleted_at_ms IS NULL
            ORDER BY created_at_ms, id
            LIMIT :cameras
        )
"""
_GLANCE = f"""
        SELECT json_object(
            'newest', json(({_NEWEST})),
            'photograph', json(({_LATEST})),
            'cameras', json(({_OF_CAMERAS}))
        )
"""


def glance(reader: Reader) -> Glance:
    return _decoded(reader, Glance, _GLANCE, {"cameras": _CAMERAS})


def newest(reader: Reader) -> Newest:
    return _decoded(reader, Newest, _NEWEST)


def photograph(reader: Reader, capture_id: str) -> Photograph | None:
    """None when there is no such capture."""
    sql = f"SELECT json_object('photograph', json(({_PHOTOGRAPH} WHERE captures.id = :id)))"
    return _decoded(reader, _Found, sql, {"id": capture_id}).photograph


def _decoded(reader: Reader, wanted: type[T], sql: str, parameters: Parameters | None = None) -> T:
    # SQLite has no booleans: they come as 0 and 1.
    return msgspec.json.decode(reader.value(str, sql, parameters), type=wanted, strict=False)
