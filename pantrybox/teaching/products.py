"""What a product's code is, as this household said: a table of its own, learned from what people name."""

from collections.abc import Sequence

import msgspec

from pantrybox.storage.database import Reader, Writer
from pantrybox.teaching.examples import Taught
from pantrybox.vision.model import Barcode, Box


class Product(msgspec.Struct, frozen=True):
    code: str
    item_id: int
    item_name: str
    learned_by: str
    learned_at_ms: int


_PRODUCT = """
        SELECT code, item.id AS item_id, item.canonical_name AS item_name, learned_by, learned_at_ms
        FROM products
        JOIN inventory_items AS named ON named.id = item_id
        JOIN inventory_items AS item ON item.id = coalesce(named.merged_into, named.id)
"""


def by_code(reader: Reader, code: str) -> Product | None:
    return reader.row_or_none(Product, _PRODUCT + " WHERE code = :code", {"code": code})


def page(reader: Reader, *, after: str, limit: int) -> list[Product]:
    """In the order of their codes."""
    return reader.rows(
        Product, _PRODUCT + " WHERE code > :after ORDER BY code LIMIT :limit", {"after": after, "limit": limit}
    )


def total(reader: Reader) -> int:
    return reader.value(int, "SELECT count(*) FROM products")


def learn(writer: Writer, code: str, item_id: int, by: str, at_ms: int | None = None) -> None:
    """This code is that item, whatever it was held to be before. `at_ms`: when that was said; now, when None."""
    writer.execute(
        """
        INSERT INTO products (code, item_id, learned_by, learned_at_ms)
        VALUES (:code, :item_id, :by, :now_ms)
        ON CONFLICT (code) DO UPDATE
        SET item_id = excluded.item_id, learned_by = excluded.learned_by, learned_at_ms = excluded.learned_at_ms
        """,
        {"code": code, "item_id": item_id, "by": by, "now_ms": writer.now_ms if at_ms is None else at_ms},
    )


def forget(writer: Writer, code: str) -> bool:
    """False when nothing was known about it."""
    return writer.execute("DELETE FROM products WHERE code = :code", {"code": code}) == 1


def unlearn(writer: Writer, codes: Sequence[str], lesson: Taught) -> None:
    """Forget those of these codes that were learned from this lesson."""
    writer.execute_many(
        "DELETE FROM products WHERE code = :code AND learned_by = :by AND learned_at_ms = :at_ms",
        [{"code": code, "by": lesson.taught_by, "at_ms": lesson.taught_at_ms} for code in codes],
    )


class SeenCode(msgspec.Struct, frozen=True):
    """A code in a photograph, with what it is known to be."""

    code: str
    format: str
    box: Box
    item_id: int | None
    item_name: str | None


class _Row(msgspec.Struct):
    code: str
    format: str
    box_left: float
    box_top: float
    box_right: float
    box_bottom: float
    item_id: int | None
    item_name: str | None


def keep_seen(writer: Writer, observation_id: int, barcodes: Sequence[Barcode]) -> None:
    writer.execute_many(
        """
        INSERT INTO barcodes (observation_id, code, format, box_left, box_top, box_right, box_bottom)
        VALUES (:observation_id, :code, :format, :left, :top, :right, :bottom)
        """,
        [
            {
                "observation_id": observation_id,
                "code": barcode.code,
                "format": barcode.format,
                **msgspec.structs.asdict(barcode.box),
            }
            for barcode in barcodes
        ],
    )


def seen_in(reader: Reader, observation_id: int) -> list[SeenCode]:
    rows = reader.rows(
        _Row,
        """
        SELECT barcodes.code, format, box_left, box_top, box_right, box_bottom,
               item.id AS item_id, item.canonical_name AS item_name
        FROM barcodes
        LEFT JOIN products ON products.code = barcodes.code
        LEFT JOIN inventory_items AS named ON named.id = products.item_id
        LEFT JOIN inventory_items AS item ON item.id = coalesce(named.merged_into, named.id)
        WHERE observation_id = :observation_id
        ORDER BY barcodes.id
        """,
        {"observation_id": observation_id},
    )
    return [
        SeenCode(
            row.code,
            row.format,
            Box(row.box_left, row.box_top, row.box_right, row.box_bottom),
            row.item_id,
            row.item_name,
        )
        for row in rows
    ]


class _Id(msgspec.Struct):
    id: int


def observations_with(reader: Reader, code: str, limit: int) -> list[int]:
    """The newest looks in which a code was read, each the last one at its photograph."""
    rows = reader.rows(
        _Id,
        """
        SELECT DISTINCT captures.observation_id AS id
        FROM barcodes
        JOIN observations ON observations.id = barcodes.observation_id
        JOIN captures ON captures.id = capture_id AND captures.observation_id = observations.id
        WHERE code = :code
        ORDER BY id DESC
        LIMIT :limit
        """,
        {"code": code, "limit": limit},
    )
    return [row.id for row in rows]


def state(reader: Reader) -> str:
    """A text that changes whenever some code becomes known as something else."""
    return reader.value(
        str,
        "SELECT count(*) || '/' || coalesce(sum(learned_at_ms), 0) || '/' || coalesce(sum(item_id), 0) FROM products",
    )
