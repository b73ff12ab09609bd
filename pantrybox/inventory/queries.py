"""SQL of the stock as it is shown."""

from pantrybox.inventory.model import StockLine
from pantrybox.storage.database import Reader

# The item that it stands behind, by the name that it has now.
BEHIND = """(
                SELECT canonical_name
                FROM inventory_items AS front
                WHERE front.id = (SELECT coalesce(merged_into, id) FROM inventory_items WHERE id = behind_item_id)
               ) AS behind"""
STOCK = f"""
        SELECT item_id, canonical_name, brand, package_type, category, generic, minimum, note,
               place_id, places.name AS place_name,
               shown_count, confirmed_count, confidence, last_seen_at_ms, is_manual, notes, updated_at_ms,
               hidden_count, {BEHIND}
        FROM inventory_state
        JOIN inventory_items ON inventory_items.id = item_id
        JOIN places ON places.id = place_id
        WHERE merged_into IS NULL
"""  # noqa: S608 - constant texts


def stock(reader: Reader) -> list[StockLine]:
    """Everything that was ever seen, by name; what is gone stands there with a count of 0."""
    return reader.rows(StockLine, STOCK + " ORDER BY name_key, place_id")
