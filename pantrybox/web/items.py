"""What people say about the stock: counts, what things are called, and two that are one."""

from typing import Annotated

import msgspec
from litestar import patch, post
from litestar.di import NamedDependency
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath, JSONBody

from pantrybox.bell import Bell
from pantrybox.errors import Conflict
from pantrybox.inventory import items, meant, places, words
from pantrybox.inventory.items import Description, Item
from pantrybox.inventory.model import ItemFacts
from pantrybox.names import Name, ShortText, Text
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.addresses import asked_for
from pantrybox.web.authority import needs
from pantrybox.web.errors import AnyRequest
from pantrybox.web.numbers import Count

Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


class Override(msgspec.Struct, frozen=True):
    item_name: Name
    """An item that is not known yet is made."""
    count_estimate: Count
    notes: Text | Unset | None = UNSET
    place: Name | None = None
    """Where; made when it is not known. It can be left out unless the item stands in several places."""
    expected_count: Count | None = None
    """What the person saw: when another count is shown by now, nothing happens (409)."""


class Overridden(msgspec.Struct, frozen=True):
    success: bool
    message: str
    item_id: int
    item_name: str
    place: str
    count_estimate: int
    event_id: int
    """Give it to `POST /v1/inventory/events/{id}/undo` to take it back."""


class NewItem(msgspec.Struct, frozen=True):
    canonical_name: Name
    brand: ShortText | None = None
    package_type: ShortText | None = None
    category: ShortText | None = None
    minimum: Count | None = None
    note: Text | None = None
    aliases: Annotated[list[Name], msgspec.Meta(max_length=50)] = []


class ItemChange(msgspec.Struct, frozen=True):
    """What is not named stays as it is; null takes away."""

    canonical_name: Name | Unset = UNSET
    brand: ShortText | Unset | None = UNSET
    package_type: ShortText | Unset | None = UNSET
    category: ShortText | Unset | None = UNSET
    minimum: Count | Unset | None = UNSET
    note: Text | Unset | None = UNSET
    aliases: Annotated[list[Name], msgspec.Meta(max_length=50)] | Unset = UNSET


class ItemView(ItemFacts, frozen=True):
    item_id: int
    aliases: list[str]


class Merge(msgspec.Struct, frozen=True):
    item_name: Name
    """What turned out to be another item."""
    into: Name
    """What it is; its name stays."""


@post("/v1/inventory/override", opt=needs("write"), status_code=200)
async def override(
    data: JSONBody[Override],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Overridden:
    """Say how many of a thing there are. A person's word is certain until photographs say otherwise."""

    def say(writer: Writer) -> Overridden:
        item_id = items.item_called(writer, data.item_name)
        place_id = meant.place_to_count(writer, item_id, data.place)
        meant.refuse_another_count(writer, item_id, place_id, data.expected_count)
        event_id = words.say_count(
            writer, item_id=item_id, place_id=place_id, count=data.count_estimate, by=actor.name, notes=data.notes
        )
        item = _by_id(writer, item_id)
        audit.record(writer, actor.name, "count.overridden", item.canonical_name, count=data.count_estimate)
        return Overridden(
            success=True,
            message=f"{item.canonical_name}: {data.count_estimate}.",
            item_id=item_id,
            item_name=item.canonical_name,
            place=places.name_of(writer, place_id),
            count_estimate=data.count_estimate,
            event_id=event_id,
        )

    said = await database.write(say)
    shelf_changed.ring()
    return said


@post("/v1/inventory/items", opt=needs("write"))
async def create_item(
    data: JSONBody[NewItem], database: NamedDependency[Database], actor: NamedDependency[Actor]
) -> ItemView:
    """Make a thing known that nobody has counted yet, to give it a minimum for example."""

    def create(writer: Writer) -> ItemView:
        if items.item_named(writer, data.canonical_name) is not None:
            raise Conflict(f"There is an item called {data.canonical_name} already.")
        item_id = items.item_called(writer, data.canonical_name)
        fields = {name: getattr(data, name) for name in Description.__struct_fields__}
        items.describe(writer, item_id, Description(**fields))
        items.set_aliases(writer, item_id, data.aliases)
        audit.record(writer, actor.name, "item.made", data.canonical_name)
        return _view(writer, item_id)

    return await database.write(create)


@patch("/v1/inventory/items/{name:path}", opt=needs("write"))
async def change_item(
    name: FromPath[str],
    request: AnyRequest,
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
    data: JSONBody[ItemChange | None] = None,
) -> ItemView:
    """Rename or describe a thing. Its old name becomes an alias, and its history stays with it.

    A name may hold slashes; one that ends in `/history` or `/why` is sent with `%2F`.
    """
    wanted, about = asked_for(request.scope["raw_path"].decode("ascii", "replace"))
    if about != "item":
        raise MethodNotAllowedException("That is only read.", headers={"allow": "GET, OPTIONS"})
    change = data or ItemChange()
    changed = await database.write(lambda writer: apply_change(writer, wanted, change, actor))
    shelf_changed.ring()
    return changed


def apply_change(writer: Writer, name: str, change: ItemChange, actor: Actor) -> ItemView:
    item = items.known_item(writer, name)
    if not isinstance(change.canonical_name, Unset):
        items.rename(writer, item, change.canonical_name)
    fields = {field: getattr(change, field) for field in Description.__struct_fields__}
    items.describe(writer, item.id, Description(**fields))
    if not isinstance(change.aliases, Unset):
        items.set_aliases(writer, item.id, change.aliases)
    changed = [field for field, value in msgspec.structs.asdict(change).items() if value is not UNSET]
    if changed:
        audit.record(writer, actor.name, "item.changed", item.canonical_name, fields=changed)
    return _view(writer, item.id)


@post("/v1/inventory/merge", opt=needs("write"), status_code=200)
async def merge_items(
    data: JSONBody[Merge],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> ItemView:
    """Two names, one thing: stock is added, names become aliases, history follows.

    Undo one of the events that it writes to part them again.
    """

    def merge(writer: Writer) -> ItemView:
        merged, into = items.known_item(writer, data.item_name), items.known_item(writer, data.into)
        if merged.id == into.id:
            raise Conflict(f"{data.item_name} and {data.into} are names of the same item already.")
        words.merge(writer, merged, into, actor.name)
        audit.record(writer, actor.name, "item.merged", merged.canonical_name, into=into.canonical_name)
        return _view(writer, into.id)

    merged = await database.write(merge)
    shelf_changed.ring()
    return merged


def _by_id(reader: Reader, item_id: int) -> Item:
    item = items.item_by_id(reader, item_id)
    assert item is not None  # noqa: S101 - the caller has just made or found it
    return item


def _view(reader: Reader, item_id: int) -> ItemView:
    item = _by_id(reader, item_id)
    return ItemView(
        item_id=item.id,
        canonical_name=item.canonical_name,
        brand=item.brand,
        package_type=item.package_type,
        category=item.category,
        generic=item.generic,
        minimum=item.minimum,
        note=item.note,
        aliases=items.aliases(reader, item.id),
    )
