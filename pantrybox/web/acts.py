"""What people do with the stock: use one, add one, finish it, open one, throw it away, move it."""

from datetime import date
from typing import NamedTuple

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from pantrybox.bell import Bell
from pantrybox.errors import OutOfRange
from pantrybox.inventory import acts, items, meant, places, states
from pantrybox.inventory.acts import Act, Heap
from pantrybox.names import Name, Text
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web.authority import needs
from pantrybox.web.numbers import Amount, Count

AUDITED: dict[Act, str] = {
    "use": "stock.used",
    "add": "stock.added",
    "finish": "stock.finished",
    "throw_away": "stock.thrown-away",
    "open": "stock.opened",
    "move": "stock.moved",
}


class StockAct(msgspec.Struct, frozen=True):
    item_name: Name
    """For `add` an item that is not known yet is made."""
    act: Act
    amount: Amount = 1
    """How many are used, added, thrown away or moved; `finish` takes all, and `open` opens one."""
    place: Name | None = None
    """Where; it can be left out unless the item stands in several places."""
    to_place: Name | None = None
    """For `move`; made when it is not known."""
    best_before: date | None = None
    """For `add`: the last day of what is added."""
    notes: Text | msgspec.UnsetType | None = msgspec.UNSET
    """About the item at this place."""
    expected_count: Count | None = None
    """What the person saw: when another count is shown by now, nothing happens (409)."""


class Acted(msgspec.Struct, frozen=True):
    success: bool
    message: str
    item_id: int
    item_name: str
    place: str
    count_estimate: int
    """At this place, after it."""
    event_ids: list[int]
    """The lines of the ledger that it wrote; none for `open`."""
    event_id: int | None
    """The last of them. Give it to `POST /v1/inventory/events/{id}/undo` to take the act back."""


@post("/v1/inventory/act", opt=needs("write"), status_code=200)
async def act_on_stock(
    data: JSONBody[StockAct],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Acted:
    """Say what was done: one was used, added, opened, thrown away or moved, or all of it is finished.

    It starts from the count that is shown, and is a person's word like a count. What was thrown away is not taken
    for use in forecasts. A move is taken back at both places by undoing either of its lines.
    """
    _refuse_what_does_not_belong(data)
    acted = await database.write(lambda writer: _act(writer, data, actor))
    shelf_changed.ring()
    return acted


def _refuse_what_does_not_belong(data: StockAct) -> None:
    if data.act in {"finish", "open"} and data.amount != 1:
        what = "All that is there is finished" if data.act == "finish" else "One is opened at a time"
        raise OutOfRange(f"amount: {what}. Leave it out.")
    if data.act == "move" and data.to_place is None:
        raise OutOfRange("to_place: say where it is moved to.")
    if data.act != "move" and data.to_place is not None:
        raise OutOfRange("to_place: only what is moved goes to another place.")
    if data.act != "add" and data.best_before is not None:
        raise OutOfRange("best_before: say it with what is added. POST /v1/inventory/lots says it of what is there.")


def _act(writer: Writer, data: StockAct, actor: Actor) -> Acted:
    heap = _heap(writer, data, actor)
    meant.refuse_another_count(writer, heap.item_id, heap.place_id, data.expected_count)
    done = _do(writer, heap, data)
    if not isinstance(data.notes, msgspec.UnsetType):
        states.note(writer, heap.item_id, heap.place_id, data.notes)
    name, place = items.name_of(writer, heap.item_id), places.name_of(writer, heap.place_id)
    count = states.stand_of(writer, heap.item_id, heap.place_id).shown_count
    audit.record(writer, actor.name, AUDITED[data.act], name, count=done.amount)
    return Acted(
        success=True,
        message=f"{name}: {done.what}, {count} now.",
        item_id=heap.item_id,
        item_name=name,
        place=place,
        count_estimate=count,
        event_ids=done.event_ids,
        event_id=done.event_ids[-1] if done.event_ids else None,
    )


def _heap(writer: Writer, data: StockAct, actor: Actor) -> Heap:
    if data.act == "add":
        item_id = items.item_called(writer, data.item_name)
        return Heap(item_id, meant.place_to_count(writer, item_id, data.place), actor.name)
    item_id = items.known_item(writer, data.item_name).id
    return Heap(item_id, meant.place_to_take_from(writer, item_id, data.place), actor.name)


class _Done(NamedTuple):
    what: str
    amount: int
    event_ids: list[int]


def _do(writer: Writer, heap: Heap, data: StockAct) -> _Done:
    amount = data.amount
    match data.act:
        case "use":
            return _Done(f"{amount} used", amount, acts.take(writer, heap, "use", amount))
        case "throw_away":
            return _Done(f"{amount} thrown away", amount, acts.take(writer, heap, "throw_away", amount))
        case "finish":
            amount = _shown(writer, heap)
            return _Done("finished", amount, acts.finish(writer, heap))
        case "add":
            return _Done(f"{amount} added", amount, acts.add(writer, heap, amount, data.best_before))
        case "open":
            acts.open_one(writer, heap)
            return _Done("one opened", 1, [])
        case "move":
            to_place_id = places.made(writer, data.to_place or "")
            to_place = places.name_of(writer, to_place_id)
            return _Done(f"{amount} moved to {to_place}", amount, acts.move(writer, heap, to_place_id, amount))


def _shown(reader: Reader, heap: Heap) -> int:
    return states.stand_of(reader, heap.item_id, heap.place_id).shown_count
