"""SQL of what people taught: crops that show an item, and crops that do not."""

from collections.abc import Sequence

import msgspec

from pantrybox.inventory.observations import Naming, Source
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Box
from pantrybox.vision.recognition import Example


class Taught(msgspec.Struct, frozen=True):
    """An example as it is kept."""

    id: int
    item_id: int | None
    """None: the crop shows no thing at all."""
    item_name: str | None
    positive: bool
    capture_id: str
    detection_id: int
    drawn: bool
    box: Box
    taught_by: str
    taught_at_ms: int
    taken_back_at_ms: int | None
    was: Naming
    """What the eye held it to be before anybody spoke of it."""


class _Row(msgspec.Struct):
    id: int
    item_id: int | None
    item_name: str | None
    positive: bool
    capture_id: str
    detection_id: int
    drawn: bool
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float
    taught_by: str
    taught_at_ms: int
    taken_back_at_ms: int | None
    was_item_id: int | None
    was_confidence: float
    was_source: Source | None


# An item that was merged is what it turned out to be.
_TAUGHT = """
        SELECT examples.id, item.id AS item_id, item.canonical_name AS item_name, positive, capture_id,
               examples.detection_id, drawn, box_left, box_top, box_right, box_bottom, taught_by, taught_at_ms,
               taken_back_at_ms, was_item_id, was_confidence, was_source
        FROM examples
        JOIN detections ON detections.id = examples.detection_id
        LEFT JOIN inventory_items AS named ON named.id = examples.item_id
        LEFT JOIN inventory_items AS item ON item.id = coalesce(named.merged_into, named.id)
"""

# Constant texts.
_OF_CAPTURES = f"""{_TAUGHT}
        WHERE capture_id IN (SELECT value FROM json_each(:ids)) AND taken_back_at_ms IS NULL
        ORDER BY examples.id
"""  # noqa: S608


def _taught(row: _Row) -> Taught:
    fields = msgspec.structs.asdict(row)
    box = Box(*(fields.pop(f"box_{edge}") for edge in ("left", "top", "right", "bottom")))
    was = Naming(*(fields.pop(f"was_{part}") for part in ("item_id", "confidence", "source")))
    return Taught(box=box, was=was, **fields)


def by_id(reader: Reader, example_id: int) -> Taught | None:
    row = reader.row_or_none(_Row, _TAUGHT + " WHERE examples.id = :id", {"id": example_id})
    return _taught(row) if row else None


def of_capture(reader: Reader, capture_id: str) -> list[Taught]:
    """What was taught on a photograph and stands, oldest first."""
    rows = reader.rows(
        _Row,
        _TAUGHT + " WHERE capture_id = :capture_id AND taken_back_at_ms IS NULL ORDER BY examples.id",
        {"capture_id": capture_id},
    )
    return [_taught(row) for row in rows]


def of_captures(reader: Reader, capture_ids: Sequence[str]) -> list[Taught]:
    """What was taught on any of these photographs and stands, oldest first."""
    rows = reader.rows(_Row, _OF_CAPTURES, {"ids": msgspec.json.encode(capture_ids).decode()})
    return [_taught(row) for row in rows]


def newest_first(reader: Reader, *, item_id: int | None, before_id: int | None, limit: int) -> list[Taught]:
    """A page of what stands; `item_id` None: of every item."""
    rows = reader.rows(
        _Row,
        _TAUGHT
        + """
        WHERE taken_back_at_ms IS NULL
          AND (:before IS NULL OR examples.id < :before)
          AND (:item_id IS NULL OR item.id = :item_id)
        ORDER BY examples.id DESC
        LIMIT :limit
        """,
        {"before": before_id, "item_id": item_id, "limit": limit},
    )
    return [_taught(row) for row in rows]


def total(reader: Reader, item_id: int | None) -> int:
    return reader.value(
        int,
        """
        SELECT count(*)
        FROM examples
        LEFT JOIN inventory_items AS named ON named.id = examples.item_id
        WHERE taken_back_at_ms IS NULL AND (:item_id IS NULL OR coalesce(named.merged_into, named.id) = :item_id)
        """,
        {"item_id": item_id},
    )


def insert(
    writer: Writer,
    *,
    item_id: int | None,
    positive: bool,
    capture_id: str,
    detection_id: int,
    drawn: bool,
    by: str,
    was: Naming | None = None,
) -> int:
    """`was`: what the eye held it to be; None: nothing."""
    before = was or Naming()
    return writer.insert(
        """
        INSERT INTO examples (item_id, positive, capture_id, detection_id, drawn, taught_by, taught_at_ms,
                              was_item_id, was_confidence, was_source)
        VALUES (:item_id, :positive, :capture_id, :detection_id, :drawn, :by, :now_ms,
                :was_item_id, :was_confidence, :was_source)
        """,
        {
            "item_id": item_id,
            "positive": positive,
            "capture_id": capture_id,
            "detection_id": detection_id,
            "drawn": drawn,
            "by": by,
            "now_ms": writer.now_ms,
            "was_item_id": before.item_id,
            "was_confidence": before.confidence,
            "was_source": before.source,
        },
    )


def keep_picture(writer: Writer, example_id: int, jpeg: bytes) -> None:
    writer.insert(
        "INSERT INTO example_pictures (example_id, jpeg) VALUES (:id, :jpeg)", {"id": example_id, "jpeg": jpeg}
    )


class _Picture(msgspec.Struct):
    jpeg: bytes


def picture_of(reader: Reader, example_id: int) -> bytes | None:
    row = reader.row_or_none(_Picture, "SELECT jpeg FROM example_pictures WHERE example_id = :id", {"id": example_id})
    return row.jpeg if row else None


def keep_vector(writer: Writer, example_id: int, embedder_id: int, vector: bytes) -> None:
    writer.execute(
        """
        INSERT INTO example_vectors (example_id, embedder_id, vector)
        VALUES (:example_id, :embedder_id, :vector)
        ON CONFLICT DO NOTHING
        """,
        {"example_id": example_id, "embedder_id": embedder_id, "vector": vector},
    )


class _Bytes(msgspec.Struct):
    vector: bytes


def vector_of(reader: Reader, example_id: int, embedder_id: int) -> bytes | None:
    row = reader.row_or_none(
        _Bytes,
        "SELECT vector FROM example_vectors WHERE example_id = :example_id AND embedder_id = :embedder_id",
        {"example_id": example_id, "embedder_id": embedder_id},
    )
    return row.vector if row else None


def take_back(writer: Writer, example_id: int, by: str) -> None:
    """It counts no more, from now on; that it was taught stays written."""
    writer.execute(
        """
        UPDATE examples
        SET taken_back_by = :by, taken_back_at_ms = :now_ms
        WHERE id = :id AND taken_back_at_ms IS NULL
        """,
        {"id": example_id, "by": by, "now_ms": writer.now_ms},
    )


def put_aside_by(reader: Reader, lesson: Taught) -> list[Taught]:
    """What was taken back because this was taught about the same photograph, oldest first."""
    rows = reader.rows(
        _Row,
        _TAUGHT
        + """
        WHERE capture_id = :capture_id
          AND examples.id < :id
          AND taken_back_by = :by
          AND taken_back_at_ms = :at_ms
        ORDER BY examples.id
        """,
        {"capture_id": lesson.capture_id, "id": lesson.id, "by": lesson.taught_by, "at_ms": lesson.taught_at_ms},
    )
    return [_taught(row) for row in rows]


def teach_again(writer: Writer, example_id: int) -> int:
    """What was taken back stands again, as another example; its id."""
    again = writer.insert(
        """
        INSERT INTO examples (item_id, positive, capture_id, detection_id, drawn, taught_by, taught_at_ms,
                              was_item_id, was_confidence, was_source)
        SELECT item_id, positive, capture_id, detection_id, drawn, taught_by, taught_at_ms,
               was_item_id, was_confidence, was_source
        FROM examples
        WHERE id = :id
        """,
        {"id": example_id},
    )
    asked = {"id": example_id, "again": again}
    writer.execute(
        """
        INSERT INTO example_pictures (example_id, jpeg)
        SELECT :again, jpeg FROM example_pictures WHERE example_id = :id
        """,
        asked,
    )
    writer.execute(
        """
        INSERT INTO example_vectors (example_id, embedder_id, vector)
        SELECT :again, embedder_id, vector FROM example_vectors WHERE example_id = :id
        """,
        asked,
    )
    return again


def taken_back(reader: Reader) -> list[int]:
    """All that do not stand any more."""
    # One value, read from an index alone: there may be thousands.
    listed = reader.value(str, "SELECT json_group_array(id) FROM examples WHERE taken_back_at_ms IS NOT NULL")
    return msgspec.json.decode(listed, type=list[int])


class _Vector(msgspec.Struct):
    id: int
    item_id: int | None
    positive: bool
    vector: bytes
    device_id: str
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float


def for_gallery(reader: Reader, embedder_id: int, after_id: int = 0) -> list[Example]:
    """What stands and has a vector of this embedder, oldest first."""
    rows = reader.rows(
        _Vector,
        """
        SELECT examples.id, coalesce(named.merged_into, named.id) AS item_id, positive, vector, device_id,
               box_left, box_top, box_right, box_bottom
        FROM example_vectors
        JOIN examples ON examples.id = example_id
        JOIN detections ON detections.id = detection_id
        JOIN captures ON captures.id = capture_id
        LEFT JOIN inventory_items AS named ON named.id = examples.item_id
        WHERE embedder_id = :embedder_id AND example_id > :after_id AND taken_back_at_ms IS NULL
        ORDER BY example_id
        """,
        {"embedder_id": embedder_id, "after_id": after_id},
    )
    return [
        Example(
            id=row.id,
            item_id=row.item_id,
            positive=row.positive,
            vector=row.vector,
            device_id=row.device_id,
            box=Box(row.box_left, row.box_top, row.box_right, row.box_bottom),
        )
        for row in rows
    ]


class State(msgspec.Struct, frozen=True):
    """What the names of all retained detections follow from, as a few numbers that change whenever it does."""

    newest_id: int
    taken_back: int
    newest_taken_back_ms: int
    merged: int
    """A sum over merged items."""

    def as_text(self, embedder: str) -> str:
        return f"{embedder}/{self.newest_id}/{self.taken_back}/{self.newest_taken_back_ms}/{self.merged}"


def state(reader: Reader) -> State:
    row = reader.row_or_none(
        State,
        """
        SELECT coalesce((SELECT max(id) FROM examples), 0) AS newest_id,
               (SELECT count(*) FROM examples WHERE taken_back_at_ms IS NOT NULL) AS taken_back,
               coalesce((SELECT max(taken_back_at_ms) FROM examples WHERE taken_back_at_ms IS NOT NULL), 0)
                   AS newest_taken_back_ms,
               coalesce((SELECT sum(id * 1000003 + merged_into) FROM inventory_items WHERE merged_into IS NOT NULL), 0)
                   AS merged
        """,
    )
    return row or State(0, 0, 0, 0)


class _Box(msgspec.Struct):
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float


MOST_DRAWN = 8
"""Boxes that were drawn in one view and are looked at in each of its photographs, newest first."""


def drawn_in(reader: Reader, device_id: str) -> list[Box]:
    """Where a person drew what the eye had missed, in this camera's view."""
    rows = reader.rows(
        _Box,
        """
        SELECT box_left, box_top, box_right, box_bottom
        FROM examples
        JOIN captures ON captures.id = capture_id
        JOIN detections ON detections.id = detection_id
        WHERE drawn AND positive AND taken_back_at_ms IS NULL AND device_id = :device_id
        ORDER BY examples.id DESC
        LIMIT :most
        """,
        {"device_id": device_id, "most": MOST_DRAWN},
    )
    return [Box(row.box_left, row.box_top, row.box_right, row.box_bottom) for row in rows]
