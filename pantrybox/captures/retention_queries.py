"""SQL of the images that are kept and let go: what may go, letting go, and the counters."""

import msgspec

from pantrybox.captures.retention import Kept
from pantrybox.storage.database import Reader, Writer

_KEPT = """seq, device_id, image_path, size_bytes, received_at_ms, running_ms, clock_synced,
       observation_id IS NULL AND failure IS NULL AS waiting,
       EXISTS (
           SELECT 1 FROM examples WHERE examples.capture_id = captures.id AND taken_back_at_ms IS NULL
       ) AS taught"""
_NEVER_SEEN = "The image was deleted before anybody looked at it."


class Totals(msgspec.Struct, frozen=True):
    image_count: int
    image_bytes: int
    oldest_ms: int | None
    newest_ms: int | None
    """Times of receipt; None when there is no image."""


def totals(reader: Reader) -> Totals:
    """What the storage holds, from counters and the two ends of an index: however many files there are."""
    row = reader.row_or_none(
        Totals,
        """
        SELECT coalesce(sum(image_count), 0) AS image_count,
               coalesce(sum(image_bytes), 0) AS image_bytes,
               (SELECT min(received_at_ms) FROM captures WHERE image_path IS NOT NULL) AS oldest_ms,
               (SELECT max(received_at_ms) FROM captures WHERE image_path IS NOT NULL) AS newest_ms
        FROM devices
        """,
    )
    return row or Totals(0, 0, None, None)


def count_images(writer: Writer, device_id: str, images: int, size_bytes: int) -> None:
    """So many images more (or fewer) of this device."""
    writer.execute(
        """
        UPDATE devices
        SET image_count = image_count + :images, image_bytes = image_bytes + :size_bytes
        WHERE id = :id
        """,
        {"id": device_id, "images": images, "size_bytes": size_bytes},
    )


class LastTimes(msgspec.Struct, frozen=True):
    running_ms: int
    newest_receipt_ms: int | None


def last_times(reader: Reader) -> LastTimes:
    """What the newest photograph says of how long the box ran, and the latest receipt that is known."""
    row = reader.row_or_none(
        LastTimes,
        """
        SELECT running_ms,
               max(received_at_ms, coalesce((SELECT max(received_at_ms) FROM captures WHERE image_path IS NOT NULL), 0))
                   AS newest_receipt_ms
        FROM captures
        ORDER BY seq DESC
        LIMIT 1
        """,
    )
    return row or LastTimes(0, None)


def received_before(reader: Reader, before_ms: int, after: tuple[int, int], limit: int) -> list[Kept]:
    """A page of those received before then, oldest first; `after` is the last one's time and seq."""
    return reader.rows(
        Kept,
        f"""
        SELECT {_KEPT}
        FROM captures INDEXED BY captures_with_image
        WHERE image_path IS NOT NULL
          AND received_at_ms < :before_ms
          AND (received_at_ms, seq) > (:after_ms, :after_seq)
        ORDER BY received_at_ms, seq
        LIMIT :limit
        """,  # noqa: S608 - only column names are filled in
        {"before_ms": before_ms, "after_ms": after[0], "after_seq": after[1], "limit": limit},
    )


def failed_before(reader: Reader, before_ms: int, after: tuple[str, int, int], limit: int) -> list[Kept]:
    """A page of failed ones received before then, camera by camera; `after` is the last one's camera, time and seq."""
    return reader.rows(
        Kept,
        f"""
        SELECT {_KEPT}
        FROM captures INDEXED BY captures_failed
        WHERE status = 'failed'
          AND image_path IS NOT NULL
          AND received_at_ms < :before_ms
          AND (device_id, received_at_ms, seq) > (:after_device, :after_ms, :after_seq)
        ORDER BY device_id, received_at_ms, seq
        LIMIT :limit
        """,  # noqa: S608 - only column names are filled in
        {
            "before_ms": before_ms,
            "after_device": after[0],
            "after_ms": after[1],
            "after_seq": after[2],
            "limit": limit,
        },
    )


class Arrivals(msgspec.Struct, frozen=True):
    seqs: list[int]
    """In the order in which they came, whatever the clock did."""
    images_of: dict[str, int]


class _Count(msgspec.Struct):
    id: str
    image_count: int


def arrivals(reader: Reader) -> Arrivals:
    """All that have their image: numbers only, read from an index alone."""
    # One value: a row for each of 100,000 photographs would keep Python busy for a tenth of a second.
    listed = reader.value(str, "SELECT json_group_array(seq) FROM captures WHERE image_path IS NOT NULL")
    counts = reader.rows(_Count, "SELECT id, image_count FROM devices WHERE image_count > 0")
    seqs = msgspec.json.decode(listed, type=list[int])
    return Arrivals(sorted(seqs), {row.id: row.image_count for row in counts})


def with_image(reader: Reader, seqs: list[int]) -> list[Kept]:
    """Those of these that still have their image, in the order in which they came."""
    return reader.rows(
        Kept,
        f"""
        SELECT {_KEPT}
        FROM captures
        WHERE seq IN (SELECT value FROM json_each(:seqs))
          AND image_path IS NOT NULL
        ORDER BY seq
        """,  # noqa: S608 - only column names are filled in
        {"seqs": msgspec.json.encode(seqs).decode()},
    )


def release(writer: Writer, going: list[Kept], note: str | None = None) -> list[Kept]:
    """Let the rows of these images go; those whose row had not done so already. The counters follow.

    The files are to be unlinked afterwards, and not before: a row must never claim an image that
    is gone. `note` is added to what is said of each upload.
    """
    released = [kept for kept in going if _release(writer, kept, note)]
    sizes: dict[str, list[int]] = {}
    for kept in released:
        sizes.setdefault(kept.device_id, []).append(kept.size_bytes)
    for device_id, of_device in sizes.items():
        count_images(writer, device_id, -len(of_device), -sum(of_device))
    return released


def _release(writer: Writer, kept: Kept, note: str | None) -> bool:
    changed = writer.execute(
        _RELEASE_WAITING if kept.waiting else _RELEASE if note is None else _RELEASE_NOTED,
        {"seq": kept.seq, "note": note, "failure": note or _NEVER_SEEN},
    )
    return changed == 1


_RELEASE = """
        UPDATE captures
        SET image_path = NULL
        WHERE seq = :seq AND image_path IS NOT NULL
"""
_RELEASE_NOTED = """
        UPDATE captures
        SET image_path = NULL,
            notes = json_insert(coalesce(notes, '[]'), '$[#]', :note)
        WHERE seq = :seq AND image_path IS NOT NULL
"""
# One that waits would be looked for in vain.
_RELEASE_WAITING = """
        UPDATE captures
        SET image_path = NULL,
            notes = CASE WHEN :note IS NULL THEN notes ELSE json_insert(coalesce(notes, '[]'), '$[#]', :note) END,
            status = CASE WHEN observation_id IS NULL AND failure IS NULL THEN 'failed' ELSE status END,
            failure = CASE WHEN observation_id IS NULL AND failure IS NULL THEN :failure ELSE failure END
        WHERE seq = :seq AND image_path IS NOT NULL
"""


class Names(msgspec.Struct, frozen=True):
    listed: str
    """With `/` between them, which no name has."""
    last: tuple[int, int] | None
    """Where the next page begins; None after the last one."""

    @property
    def names(self) -> list[str]:
        return self.listed.split("/") if self.listed else []


class _Place(msgspec.Struct):
    received_at_ms: int
    seq: int


def claimed_names(reader: Reader, after: tuple[int, int], limit: int) -> Names:
    """A page of the files that photographs claim, in the order of an index; `after` begins with (-1, -1)."""
    asked: dict[str, object] = {"after_ms": after[0], "after_seq": after[1], "limit": limit}
    # One value, for the reason that arrivals() gives; quoting names for JSON would take longer than reading them.
    listed = reader.value(str, _CLAIMED_NAMES, asked)
    last = reader.row_or_none(_Place, _CLAIMED_PLACE, asked)
    return Names(listed, (last.received_at_ms, last.seq) if last else None)


_CLAIMED = """
        SELECT image_path
        FROM captures INDEXED BY captures_with_image
        WHERE image_path IS NOT NULL
          AND (received_at_ms, seq) > (:after_ms, :after_seq)
        ORDER BY received_at_ms, seq
"""
_CLAIMED_NAMES = f"SELECT coalesce(group_concat(image_path, '/'), '') FROM ({_CLAIMED} LIMIT :limit)"  # noqa: S608
_CLAIMED_PLACE = """
        SELECT received_at_ms, seq
        FROM captures INDEXED BY captures_with_image
        WHERE image_path IS NOT NULL
          AND (received_at_ms, seq) > (:after_ms, :after_seq)
        ORDER BY received_at_ms, seq
        LIMIT 1 OFFSET :limit - 1
"""


class _Claim(msgspec.Struct):
    name: str
    claim: str


# DEVICE_CAPTURE.jpg: the capture's id is what stands before the last four characters.
_CAPTURE_OF_FILE = "captures.id = substr(file.value, -40, 36)"


def claims(reader: Reader, names: list[str]) -> dict[str, str]:
    """By file name: `claimed`, or `released` when its photograph's image was deleted; unknown ones are left out."""
    rows = reader.rows(
        _Claim,
        f"""
        SELECT file.value AS name, iif(captures.image_path IS NULL, 'released', 'claimed') AS claim
        FROM json_each(:names) AS file
        JOIN captures ON {_CAPTURE_OF_FILE}
        WHERE captures.image_path IS NULL OR captures.image_path = file.value
        """,  # noqa: S608 - only a condition is filled in
        {"names": msgspec.json.encode(names).decode()},
    )
    return {row.name: row.claim for row in rows}


def claiming(reader: Reader, names: list[str]) -> list[Kept]:
    """The photographs that claim these files."""
    return reader.rows(
        Kept,
        f"""
        SELECT {_KEPT}
        FROM json_each(:names) AS file
        JOIN captures ON {_CAPTURE_OF_FILE} AND captures.image_path = file.value
        """,  # noqa: S608 - only column names are filled in
        {"names": msgspec.json.encode(names).decode()},
    )
