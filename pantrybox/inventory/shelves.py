"""SQL of shelves: what is believed to stand at each place, thing by thing."""

import msgspec

from pantrybox.inventory.shelf import EMPTY, Said, Shelf, merged, told
from pantrybox.storage.database import Reader, Writer


class _State(msgspec.Struct):
    state: str


def shelf_at(reader: Reader, place_id: int) -> Shelf:
    """EMPTY where nothing was ever seen or said."""
    row = reader.row_or_none(_State, "SELECT state FROM shelves WHERE place_id = :id", {"id": place_id})
    return msgspec.json.decode(row.state, type=Shelf) if row else EMPTY


def set_shelf(writer: Writer, place_id: int, shelf: Shelf) -> None:
    writer.execute(
        """
        INSERT INTO shelves (place_id, state)
        VALUES (:place_id, :state)
        ON CONFLICT (place_id) DO UPDATE SET state = excluded.state
        """,
        {"place_id": place_id, "state": msgspec.json.encode(shelf).decode()},
    )


def tell(writer: Writer, place_id: int, said: Said) -> None:
    """Believe what somebody says is there."""
    set_shelf(writer, place_id, told(shelf_at(writer, place_id), said))


def merge(writer: Writer, place_id: int, item_id: int, into_id: int) -> None:
    """Believe that one item is another."""
    set_shelf(writer, place_id, merged(shelf_at(writer, place_id), item_id, into_id))
