"""SQL of the photographs in which things were last found, and of their boxes in them."""

from collections.abc import Iterable, Sequence

import msgspec

from pantrybox.inventory.observations import MOST_DETECTIONS, SeenBox, boxes_between
from pantrybox.inventory.shelf import Track
from pantrybox.inventory.why import Photograph, found_box
from pantrybox.storage.database import Reader
from pantrybox.vision.model import Box


class _Look(msgspec.Struct):
    found_in: int
    observation_id: int
    capture_id: str
    captured_at_ms: int
    has_image: bool
    model: str
    boxes: str

    @property
    def seen(self) -> list[SeenBox]:
        return msgspec.json.decode(self.boxes, type=list[SeenBox], strict=False)


_LOOK = f"""
               look.id AS observation_id, captures.id AS capture_id,
               captures.captured_at_ms, captures.image_path IS NOT NULL AS has_image, look.model,
               (
                SELECT json_group_array(json_object(
                    'id', id, 'score', score, 'label', label, 'label_score', label_score, 'item_id', item_id,
                    'item_name', item_name, 'confidence', confidence, 'source', source,
                    'box', json_object('left', box_left, 'top', box_top, 'right', box_right, 'bottom', box_bottom)
                ))
                FROM ({boxes_between(f"{MOST_DETECTIONS} * look.id", f"{MOST_DETECTIONS} * look.id + 999")})
               ) AS boxes
"""  # noqa: S608 - constant texts


class LastFound:
    """Those in which tracks were last found, and the detections in them."""

    def __init__(self, reader: Reader, tracks: Sequence[Track], also: Iterable[int]) -> None:
        self._looks: dict[int, list[_Look]] = {}
        wanted = {track.found_in for track in tracks if track.found_in} | set(also)
        for look in _looks(reader, wanted):
            self._looks.setdefault(look.found_in, []).append(look)
        self._seen = {look.observation_id: look.seen for looks in self._looks.values() for look in looks}

    def of_track(self, track: Track) -> Photograph | None:
        """None when no camera found it yet."""
        looks = self._looks.get(track.found_in, [])
        for look in looks:
            detection = found_box(track.box, self._seen[look.observation_id]) if track.box else None
            if detection is not None:
                return _photograph(look, detection.box, detection)
        return _photograph(looks[0], track.box, None) if looks else None

    def of_item(self, observation_id: int, item_id: int) -> Photograph:
        """The best box of an item in one look."""
        (look,) = (look for look in self._looks[observation_id] if look.observation_id == observation_id)
        detection = next((seen for seen in self._seen[observation_id] if seen.item_id == item_id), None)
        return _photograph(look, detection.box if detection else None, detection)


def _photograph(look: _Look, box: Box | None, detection: SeenBox | None) -> Photograph:
    return Photograph(look.capture_id, look.captured_at_ms, look.has_image, look.model, box, detection)


def _looks(reader: Reader, observation_ids: Iterable[int]) -> list[_Look]:
    """The newest looks at the photographs of these observations, each before the observation itself."""
    wanted = sorted(observation_ids)
    if not wanted:
        return []
    return reader.rows(
        _Look,
        f"""
        SELECT first.id AS found_in, {_LOOK}
        FROM json_each(:wanted) AS wanted
        JOIN observations AS first ON first.id = wanted.value
        JOIN captures ON captures.id = first.capture_id
        JOIN observations AS look ON look.id IN (first.id, captures.observation_id)
        ORDER BY look.id DESC
        """,  # noqa: S608 - constant texts
        {"wanted": msgspec.json.encode(wanted).decode()},
    )
