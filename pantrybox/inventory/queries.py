"""SQL of the stock as it is shown."""

from pantrybox.inventory.model import StockLine
from pantrybox.storage.database import Reader

STOCK = """
        SELECT item_id, canonical_name, brand, package_type, category, generic, minimum, note,
               place_id, places.name AS place_name,
               shown_count, confirmed_count, confidence, last_seen_at_ms, is_manual, notes, updated_at_ms
        FROM inventory_state
        JOIN inventory_items ON inventory_items.id = item_id
        JOIN places ON places.id = place_id
        WHERE merged_into IS NULL
"""


def stock(reader: Reader) -> list[StockLine]:
    """Everything that was ever seen, by name; what is gone stands there with a count of 0."""
    return reader.rows(StockLine, STOCK + " ORDER BY name_key, place_id")
