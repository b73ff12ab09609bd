"""SQL of why a count is believed: one statement each for the stands, the photographs and what else is named in them."""

from collections.abc import Iterable, Sequence

import msgspec

from pantrybox.captures.model import PHONE
from pantrybox.inventory import observations
from pantrybox.inventory.belief import DECIMALS, Belief
from pantrybox.inventory.observations import MOST_DETECTIONS, Moment, SeenBox, boxes_between
from pantrybox.inventory.reconcile import HABITS
from pantrybox.inventory.shelf import EMPTY, Shelf, Track
from pantrybox.inventory.why import (
    Photograph,
    Reasons,
    Unit,
    Word,
    found_box,
    in_order,
    is_told_of,
    state_of,
    units_told,
)
from pantrybox.storage.database import Reader
from pantrybox.vision.model import Box

_MOST_PHONE_LOOKS = 100
"""Of a place: older photographs from the phone are not asked whether they show the item."""


class _Stand(msgspec.Struct):
    place_id: int
    place_name: str
    shown_count: int
    confidence: float
    confirmed_count: int
    belief: str
    shelf: str | None
    word: str | None


class _Standing(msgspec.Struct, frozen=True):
    """An item at one place, decoded."""

    row: _Stand
    shelf: Shelf
    word: Word | None
    tracks: list[tuple[str, Track]]
    """Those that are told of, each beside the camera that sees it."""
    told: Unit | None


def reasons(reader: Reader, item_id: int) -> list[Reasons]:
    """By place, wherever the item stands or stood. In a handful of statements, however many units there are."""
    standing = [_decoded(row, item_id) for row in _stands(reader, item_id)]
    glimpses = _glimpses(reader, item_id, standing)
    tracks = [track for each in standing for track in each.tracks]
    photographs = _Photographs(reader, tracks, glimpses.values())
    looked = _newest_looks(reader, standing)
    names = _names(reader, {track.behind for _, track in tracks if track.behind is not None})

    def unit(each: _Standing, camera: str, track: Track) -> Unit:
        return Unit(
            state_of(track),
            chance=round(track.unit, DECIMALS),
            shown=track.shown,
            photograph=photographs.of_track(camera, track),
            looked=None if track.is_found else looked.get((camera, each.shelf.scenes[camera].at_ms)),
            behind=None if track.is_found or track.behind is None else names.get(track.behind),
            disowned=track.disowned,
            camera=camera,
        )

    def units(each: _Standing) -> list[Unit]:
        followed = [unit(each, camera, track) for camera, track in each.tracks]
        if each.told is not None:
            glimpse = glimpses.get(each.row.place_id)
            shown = photographs.of_item(glimpse, item_id) if glimpse else None
            followed.append(msgspec.structs.replace(each.told, photograph=shown))
        return in_order(followed)

    return [_reasons(each, units(each), item_id) for each in standing]


def _reasons(each: _Standing, units: list[Unit], item_id: int) -> Reasons:
    row, learned = each.row, each.shelf.known(item_id).learned
    return Reasons(
        place_id=row.place_id,
        place_name=row.place_name,
        shown_count=row.shown_count,
        confidence=row.confidence,
        confirmed_count=row.confirmed_count,
        belief=msgspec.json.decode(row.belief, type=Belief),
        units=units,
        word=each.word,
        missed_rate=round(learned.missed_rate(HABITS), 5),
        false_rate=round(learned.false_rate(HABITS), 5),
    )


def _stands(reader: Reader, item_id: int) -> list[_Stand]:
    # What was merged into the item was spoken of by its own number.
    return reader.rows(
        _Stand,
        """
        SELECT stand.place_id, places.name AS place_name, shown_count, stand.confidence, confirmed_count, belief,
               shelves.state AS shelf,
               (
                SELECT json_object('count', count, 'said_by', said_by, 'said_at_ms', said_at_ms)
                FROM words
                WHERE words.place_id = stand.place_id AND kind = 'count'
                  AND words.item_id IN (SELECT id FROM inventory_items WHERE id = :item_id OR merged_into = :item_id)
                ORDER BY words.id DESC
                LIMIT 1
               ) AS word
        FROM inventory_state AS stand
        JOIN places ON places.id = stand.place_id
        LEFT JOIN shelves ON shelves.place_id = stand.place_id
        WHERE stand.item_id = :item_id
        ORDER BY stand.place_id
        """,
        {"item_id": item_id},
    )


def _decoded(row: _Stand, item_id: int) -> _Standing:
    shelf = msgspec.json.decode(row.shelf, type=Shelf) if row.shelf else EMPTY
    tracks = [
        (camera, track)
        for camera, scene in shelf.scenes.items()
        for track in scene.tracks
        if track.item_id == item_id and is_told_of(track)
    ]
    word = msgspec.json.decode(row.word, type=Word) if row.word else None
    return _Standing(row, shelf, word, tracks, units_told(shelf.known(item_id).told))


class _Look(msgspec.Struct):
    found_in: int
    observation_id: int
    camera: str
    capture_id: str
    captured_at_ms: int
    has_image: bool
    model: str
    boxes: str

    @property
    def seen(self) -> list[SeenBox]:
        return msgspec.json.decode(self.boxes, type=list[SeenBox], strict=False)


_LOOK = f"""
               look.id AS observation_id, captures.device_id AS camera, captures.id AS capture_id,
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


class _Photographs:
    """Those in which tracks were last found, and the detections in them."""

    def __init__(self, reader: Reader, tracks: Sequence[tuple[str, Track]], also: Iterable[int]) -> None:
        self._looks: dict[int, list[_Look]] = {}
        self._late: dict[tuple[str, int], list[_Look]] = {}
        wanted = {track.found_in for _, track in tracks if track.found_in} | set(also)
        for look in _looks(reader, wanted):
            self._looks.setdefault(look.found_in, []).append(look)
        self._seen = {look.observation_id: look.seen for looks in self._looks.values() for look in looks}
        missing = {(camera, track.found_in) for camera, track in tracks if self._is_missing(track)}
        for look in _late_looks(reader, missing):
            self._late.setdefault((look.camera, look.found_in), []).append(look)
            self._seen[look.observation_id] = look.seen

    def of_track(self, camera: str, track: Track) -> Photograph | None:
        """None when no camera found it yet."""
        looks = self._looks.get(track.found_in, [])
        for look in [*looks, *self._late.get((camera, track.found_in), [])]:
            detection = found_box(track.box, self._seen[look.observation_id]) if track.box else None
            if detection is not None:
                return _photograph(look, detection.box, detection)
        return _photograph(looks[0], track.box, None) if looks else None

    def of_item(self, observation_id: int, item_id: int) -> Photograph:
        """The best box of an item in one look."""
        (look,) = (look for look in self._looks[observation_id] if look.observation_id == observation_id)
        detection = next((seen for seen in self._seen[observation_id] if seen.item_id == item_id), None)
        return _photograph(look, detection.box if detection else None, detection)

    def _is_missing(self, track: Track) -> bool:
        looks = self._looks.get(track.found_in, [])
        return (
            bool(looks)
            and track.box is not None
            and not any(found_box(track.box, self._seen[look.observation_id]) for look in looks)
        )


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


def _late_looks(reader: Reader, wanted: set[tuple[str, int]]) -> list[_Look]:
    """At photographs that came late and took their turn behind one of these observations, whose number they bear."""
    if not wanted:
        return []
    return reader.rows(
        _Look,
        f"""
        SELECT first.id AS found_in, {_LOOK}
        FROM json_each(:wanted) AS wanted
        JOIN observations AS first ON first.id = wanted.value ->> 1
        JOIN captures AS before ON before.id = first.capture_id
        JOIN captures ON captures.device_id = wanted.value ->> 0 AND captures.received_at_ms > before.received_at_ms
        JOIN observations AS look ON look.id = captures.observation_id
        WHERE look.late AND look.position = first.id
        ORDER BY captures.captured_at_ms DESC
        """,  # noqa: S608 - constant texts
        {"wanted": msgspec.json.encode(sorted(wanted)).decode()},
    )


class _Glimpse(msgspec.Struct):
    place_id: int
    observation_id: int


def _glimpses(reader: Reader, item_id: int, standing: Sequence[_Standing]) -> dict[int, int]:
    """By place, the newest photograph from the phone that shows the item, where nobody has spoken since: its look."""
    wanted = [
        [each.row.place_id, each.word.said_at_ms if each.word else 0] for each in standing if each.told is not None
    ]
    if not wanted:
        return {}
    looks = reader.rows(
        _Glimpse,
        """
        SELECT captures.place_id, captures.observation_id
        FROM json_each(:wanted) AS wanted
        JOIN captures ON device_id = :phone AND captures.place_id = wanted.value ->> 0
                     AND received_at_ms > wanted.value ->> 1
        JOIN observations ON observations.id = captures.observation_id
        WHERE folded
        ORDER BY received_at_ms DESC
        LIMIT :most
        """,
        {"wanted": msgspec.json.encode(wanted).decode(), "phone": PHONE, "most": _MOST_PHONE_LOOKS * len(wanted)},
    )
    if not looks:
        return {}
    showing = observations.counting_any(reader, [item_id], [look.observation_id for look in looks])
    return {look.place_id: look.observation_id for look in reversed(looks) if look.observation_id in showing}


class _Newest(Moment, frozen=True):
    camera: str


def _newest_looks(reader: Reader, standing: Sequence[_Standing]) -> dict[tuple[str, int], Moment]:
    """The newest photographs that said anything, where one of these things was not found in it: by camera and time."""
    wanted = {
        (camera, each.shelf.scenes[camera].at_ms)
        for each in standing
        for camera, track in each.tracks
        if not track.is_found
    }
    if not wanted:
        return {}
    newest = reader.rows(
        _Newest,
        """
        SELECT captures.id AS capture_id, captured_at_ms, device_id AS camera
        FROM json_each(:wanted) AS wanted
        JOIN captures ON seq = (
            SELECT seq
            FROM captures AS one
            WHERE one.device_id = wanted.value ->> 0 AND one.captured_at_ms = wanted.value ->> 1
            ORDER BY one.received_at_ms DESC
            LIMIT 1
        )
        """,
        {"wanted": msgspec.json.encode(sorted(wanted)).decode()},
    )
    return {(one.camera, one.captured_at_ms): Moment(one.capture_id, one.captured_at_ms) for one in newest}


class _Name(msgspec.Struct):
    id: int
    name: str


def _names(reader: Reader, item_ids: set[int]) -> dict[int, str]:
    """What they are called now."""
    if not item_ids:
        return {}
    rows = reader.rows(
        _Name,
        """
        SELECT item.id, coalesce(now.canonical_name, item.canonical_name) AS name
        FROM json_each(:ids) AS wanted
        JOIN inventory_items AS item ON item.id = wanted.value
        LEFT JOIN inventory_items AS now ON now.id = item.merged_into
        """,
        {"ids": msgspec.json.encode(sorted(item_ids)).decode()},
    )
    return {row.id: row.name for row in rows}
