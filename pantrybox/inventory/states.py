"""SQL of inventory_state: what is believed now about each item at each place."""

import msgspec

from pantrybox.inventory.belief import Belief
from pantrybox.inventory.model import NOTHING, Stand
from pantrybox.storage.database import Reader, Writer


class _State(msgspec.Struct):
    item_id: int
    belief: str
    confirmed_count: int
    event_count: int


def stock_at(reader: Reader, place_id: int) -> dict[int, Stand]:
    """What stands at a place, by item id."""
    rows = reader.rows(
        _State,
        "SELECT item_id, belief, confirmed_count, event_count FROM inventory_state WHERE place_id = :place_id",
        {"place_id": place_id},
    )
    return {row.item_id: _stand(row) for row in rows}


def stand_of(reader: Reader, item_id: int, place_id: int) -> Stand:
    """NOTHING where the item was never seen."""
    row = reader.row_or_none(
        _State,
        """
        SELECT item_id, belief, confirmed_count, event_count
        FROM inventory_state
        WHERE item_id = :item_id AND place_id = :place_id
        """,
        {"item_id": item_id, "place_id": place_id},
    )
    return _stand(row) if row else NOTHING


def _stand(row: _State) -> Stand:
    return Stand(msgspec.json.decode(row.belief, type=Belief), row.confirmed_count, row.event_count)


class _Id(msgspec.Struct):
    id: int


def places_of(reader: Reader, item_id: int) -> list[int]:
    """The places at which an item stands or stood."""
    rows = reader.rows(
        _Id, "SELECT place_id AS id FROM inventory_state WHERE item_id = :id ORDER BY place_id", {"id": item_id}
    )
    return [row.id for row in rows]


class _Moment(msgspec.Struct):
    last_seen_at_ms: int | None


def last_seen(reader: Reader, item_id: int, place_id: int) -> int | None:
    """In milliseconds; None for never."""
    moment = reader.row_or_none(
        _Moment,
        "SELECT last_seen_at_ms FROM inventory_state WHERE item_id = :item_id AND place_id = :place_id",
        {"item_id": item_id, "place_id": place_id},
    )
    return moment.last_seen_at_ms if moment else None


def set_stand(
    writer: Writer,
    item_id: int,
    place_id: int,
    stand: Stand,
    *,
    seen_at_ms: int | None,
    hidden: tuple[int, int | None] = (0, None),
) -> None:
    """Write down what is now believed.

    `seen_at_ms` is None when the item was not seen this time. `hidden`: units believed to be there
    though not seen, and the item that stands before them.
    """
    writer.execute(
        """
        INSERT INTO inventory_state (item_id, place_id, belief, shown_count, confidence, confirmed_count,
                                     event_count, last_seen_at_ms, hidden_count, behind_item_id, updated_at_ms)
        VALUES (:item_id, :place_id, :belief, :shown_count, :confidence, :confirmed_count,
                :event_count, :seen_at_ms, :hidden_count, :behind_item_id, :now_ms)
        ON CONFLICT (item_id, place_id) DO UPDATE
        SET belief = excluded.belief,
            shown_count = excluded.shown_count,
            confidence = excluded.confidence,
            confirmed_count = excluded.confirmed_count,
            event_count = excluded.event_count,
            last_seen_at_ms = max(coalesce(excluded.last_seen_at_ms, last_seen_at_ms),
                                  coalesce(last_seen_at_ms, excluded.last_seen_at_ms)),
            hidden_count = excluded.hidden_count,
            behind_item_id = excluded.behind_item_id,
            is_manual = is_manual AND shown_count = excluded.shown_count,
            updated_at_ms = excluded.updated_at_ms
        """,
        {
            "item_id": item_id,
            "place_id": place_id,
            "belief": msgspec.json.encode(stand.belief).decode(),
            "shown_count": stand.shown_count,
            "confidence": min(1.0, stand.confidence),
            "confirmed_count": stand.confirmed_count,
            "event_count": stand.event_count,
            "seen_at_ms": seen_at_ms,
            "hidden_count": hidden[0],
            "behind_item_id": hidden[1],
            "now_ms": writer.now_ms,
        },
    )


def remark(
    writer: Writer, item_id: int, place_id: int, *, is_manual: bool, notes: str | msgspec.UnsetType | None
) -> None:
    """Whether the count is a person's word, and what was said about it; notes that are UNSET stay."""
    writer.execute(
        """
        UPDATE inventory_state
        SET is_manual = :is_manual,
            notes = iif(:keeps_notes, notes, :notes)
        WHERE item_id = :item_id AND place_id = :place_id
        """,
        {
            "item_id": item_id,
            "place_id": place_id,
            "is_manual": is_manual,
            "keeps_notes": isinstance(notes, msgspec.UnsetType),
            "notes": None if isinstance(notes, msgspec.UnsetType) else notes,
        },
    )


def note(writer: Writer, item_id: int, place_id: int, notes: str | None) -> None:
    """What is said about an item at a place, apart from its count."""
    writer.execute(
        "UPDATE inventory_state SET notes = :notes WHERE item_id = :item_id AND place_id = :place_id",
        {"item_id": item_id, "place_id": place_id, "notes": notes},
    )
