"""Places: where stock is, for whoever names one."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from pantrybox.inventory import places
from pantrybox.inventory.places import Place
from pantrybox.storage.database import Database
from pantrybox.web.authority import needs


class PlaceList(msgspec.Struct, frozen=True):
    total: int
    items: list[Place]


@get("/v1/places", opt=needs("read"))
async def list_places(database: NamedDependency[Database]) -> PlaceList:
    """Every place, whole: what each camera looks at, and those that only people speak of."""
    known = await database.read(places.places)
    return PlaceList(len(known), known)
