"""Products: what a code is, as this household said."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from pantrybox.clock import to_rfc3339
from pantrybox.names import Name
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader
from pantrybox.teaching import products
from pantrybox.teaching.codes import Codes, known_number, known_product
from pantrybox.teaching.products import Product
from pantrybox.web.authority import needs
from pantrybox.web.cursors import CURSOR, LIMIT, cursor_of, position_in

Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,14}$(?!\n)")]


class ProductWish(msgspec.Struct, frozen=True):
    code: Code
    """As it stands below the bars: 8, 12, 13 or 14 digits."""
    item_name: Name


class ProductView(msgspec.Struct, frozen=True):
    code: str
    """13 digits, shorter ones filled up with zeros; 14 for a case of the product."""
    item_id: int
    item_name: str
    learned_by: str
    learned_at: str


class ProductLearned(ProductView, frozen=True):
    also_changed: int
    """So many things in photographs count as something else from now on."""


class ProductList(msgspec.Struct, frozen=True):
    total: int
    items: list[ProductView]
    next_cursor: str | None


class ProductForgotten(msgspec.Struct, frozen=True):
    success: bool
    message: str
    also_changed: int


@get("/v1/products", opt=needs("read"))
async def list_products(database: NamedDependency[Database], cursor: CURSOR = None, limit: LIMIT = 100) -> ProductList:
    """Every code that this household has given a name, in the order of the codes."""
    after = position_in(str, cursor) if cursor is not None else ""

    def query(reader: Reader) -> ProductList:
        page = products.page(reader, after=after, limit=limit)
        return ProductList(
            total=products.total(reader),
            items=[_view(product) for product in page],
            next_cursor=cursor_of(page[-1].code) if len(page) == limit else None,
        )

    return await database.read(query)


@get("/v1/products/{code:str}", opt=needs("read"))
async def product_detail(database: NamedDependency[Database], code: FromPath[str]) -> ProductView:
    """What one code is."""
    number = known_number(code)
    return _view(await database.read(lambda reader: known_product(reader, number)))


@post("/v1/products", opt=needs("write"))
async def learn_product(
    codes: NamedDependency[Codes], actor: NamedDependency[Actor], data: JSONBody[ProductWish]
) -> ProductLearned:
    """Say what a code is, whatever it was held to be before; photographs that show it are named by it."""
    learned = await codes.learn(data.code, data.item_name, actor.name)
    return ProductLearned(**msgspec.structs.asdict(_view(learned.product)), also_changed=learned.also_changed)


@delete("/v1/products/{code:str}", opt=needs("write"), status_code=200)
async def forget_product(
    codes: NamedDependency[Codes], actor: NamedDependency[Actor], code: FromPath[str]
) -> ProductForgotten:
    """Take back what was said about a code."""
    changed = await codes.forget(code, actor.name)
    return ProductForgotten(success=True, message="This code has no name any more.", also_changed=changed)


def _view(product: Product) -> ProductView:
    return ProductView(
        code=product.code,
        item_id=product.item_id,
        item_name=product.item_name,
        learned_by=product.learned_by,
        learned_at=to_rfc3339(product.learned_at_ms),
    )
