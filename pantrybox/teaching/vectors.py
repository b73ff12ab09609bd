"""SQL of the vectors by which detections are known again. Derived from pictures, and gone some time after them."""

from collections.abc import Sequence

import msgspec

from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Crop


class _Id(msgspec.Struct):
    id: int


def embedder_id(reader: Reader, name: str) -> int | None:
    """None for an embedder that never made anything here."""
    row = reader.row_or_none(_Id, "SELECT id FROM embedders WHERE name = :name", {"name": name})
    return row.id if row else None


def known_embedder(writer: Writer, name: str) -> int:
    """Its id; it gets one when it has none."""
    known = embedder_id(writer, name)
    return writer.insert("INSERT INTO embedders (name) VALUES (:name)", {"name": name}) if known is None else known


class _Kept(msgspec.Struct):
    embedder: str
    vectors: bytes


Vectors = list[bytes | None]
"""By rank; None for a detection that was not embedded."""


def of_observation(reader: Reader, observation_id: int, embedder: str) -> Vectors:
    """Empty when none are kept, or only some of another embedder."""
    row = reader.row_or_none(
        _Kept,
        """
        SELECT embedders.name AS embedder, vectors
        FROM observation_vectors
        JOIN embedders ON embedders.id = embedder_id
        WHERE observation_id = :id
        """,
        {"id": observation_id},
    )
    return unpacked(row.vectors) if row and row.embedder == embedder else []


def keep(writer: Writer, observation_id: int, embedder: str, vectors: Vectors) -> None:
    """In the place of those that are kept; nothing is written when there are none."""
    if not any(vectors):
        return
    writer.execute(
        """
        INSERT INTO observation_vectors (observation_id, embedder_id, vectors)
        VALUES (:observation_id, :embedder_id, :vectors)
        ON CONFLICT (observation_id) DO UPDATE SET embedder_id = excluded.embedder_id, vectors = excluded.vectors
        """,
        {
            "observation_id": observation_id,
            "embedder_id": known_embedder(writer, embedder),
            "vectors": packed(vectors),
        },
    )


def useless(reader: Reader, after_id: int, limit: int) -> list[int]:
    """Observations whose vectors name nothing any more, in the order of their ids: another look took their place, or
    the image is gone. What was taught on such a photograph may yet be taken back, and then names follow from them.
    """
    rows = reader.rows(
        _Id,
        """
        SELECT observation_vectors.observation_id AS id
        FROM observation_vectors
        JOIN observations ON observations.id = observation_vectors.observation_id
        JOIN captures ON captures.id = observations.capture_id
        WHERE observation_vectors.observation_id > :after_id
          AND (captures.observation_id <> observation_vectors.observation_id
               OR (image_path IS NULL
                   AND NOT EXISTS (
                       SELECT 1 FROM examples WHERE examples.capture_id = captures.id AND taken_back_at_ms IS NULL
                   )))
        ORDER BY id
        LIMIT :limit
        """,
        {"after_id": after_id, "limit": limit},
    )
    return [row.id for row in rows]


def forget(writer: Writer, observation_ids: Sequence[int]) -> None:
    writer.execute_many(
        "DELETE FROM observation_vectors WHERE observation_id = :id", [{"id": one} for one in observation_ids]
    )


def vectors_of(crops: Sequence[Crop | None]) -> Vectors:
    return [crop.vector if crop else None for crop in crops]


_LENGTH = 2
"""Bytes in which packed vectors begin: how long each is."""


def packed(vectors: Vectors) -> bytes:
    """End to end, zeros for None, up to the last one that there is: (their length, then the vectors)."""
    length = max(len(vector) for vector in vectors if vector is not None)
    last = max(rank for rank, vector in enumerate(vectors) if vector is not None)
    blank = bytes(length)
    return length.to_bytes(_LENGTH, "big") + b"".join(vector or blank for vector in vectors[: last + 1])


def raw(data: bytes) -> bytes:
    """The vectors of packed ones, end to end and all equally long."""
    return data[_LENGTH:]


def unpacked(data: bytes) -> Vectors:
    length = int.from_bytes(data[:_LENGTH], "big")
    vectors = [data[start : start + length] for start in range(_LENGTH, len(data), length)]
    return [vector if any(vector) else None for vector in vectors]
