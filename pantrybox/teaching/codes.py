"""Learn what a product's code is: photographs in which it was read are named by it at once."""

import msgspec

from pantrybox.bell import Bell
from pantrybox.errors import NotFound, OutOfRange
from pantrybox.inventory import items
from pantrybox.owners import audit
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.teaching import products
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.products import Product
from pantrybox.teaching.renaming import AT_ONCE, rename_in
from pantrybox.vision.barcodes import product_number


class Learned(msgspec.Struct, frozen=True):
    product: Product
    also_changed: int
    """How many things in photographs count as something else now."""


class Codes:
    def __init__(self, database: Database, galleries: Galleries, taught: Bell, shelf_changed: Bell) -> None:
        self._database = database
        self._galleries = galleries
        self._taught = taught
        self._shelf_changed = shelf_changed

    async def learn(self, code: str, item_name: str, by: str) -> Learned:
        """From now on this code is that item. OutOfRange for a number that stands on no product."""
        number = known_number(code)

        def learn(writer: Writer) -> Product:
            products.learn(writer, number, items.item_called(writer, item_name), by)
            product = known_product(writer, number)
            audit.record(writer, by, "product.learned", number, item=product.item_name)
            return product

        product = await self._database.write(learn)
        return Learned(product, await self._apply(number))

    async def forget(self, code: str, by: str) -> int:
        """The code means nothing any more; how many things count as something else now. NotFound for an unknown one."""
        number = known_number(code)

        def forget(writer: Writer) -> None:
            product = known_product(writer, number)
            products.forget(writer, number)
            audit.record(writer, by, "product.forgotten", number, item=product.item_name)

        await self._database.write(forget)
        return await self._apply(number)

    async def _apply(self, number: str) -> int:
        """The newest photographs at once, all others in the pass that follows."""
        seen_in = await self._database.read(lambda reader: products.observations_with(reader, number, AT_ONCE))
        changed = await rename_in(self._database, self._galleries, seen_in)
        self._taught.ring()
        self._shelf_changed.ring()
        return changed


def known_number(code: str) -> str:
    """As codes are kept: 13 digits, shorter ones filled up with zeros."""
    number = product_number(code)
    if number is None:
        raise OutOfRange("code: 8, 12, 13 or 14 digits as they stand below the bars; the last one checks the others.")
    return number


def known_product(reader: Reader, number: str) -> Product:
    product = products.by_code(reader, number)
    if product is None:
        raise NotFound("Nobody has said yet what this code is.")
    return product
