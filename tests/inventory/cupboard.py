"""A database with stock in it, and a clock that a test sets."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pantrybox.inventory import acts, items, ledger, lot_queries, places, states, undoing, words
from pantrybox.inventory.acts import Act, Heap
from pantrybox.inventory.belief import certain
from pantrybox.inventory.check import belief_problems, ledger_problems
from pantrybox.inventory.ledger import Cause
from pantrybox.inventory.lots import Lot, still_there_everywhere
from pantrybox.inventory.model import Change, EventType, Stand
from pantrybox.storage.database import Database, Reader, Writer

T = TypeVar("T")
DAY_MS = 86_400_000


class Cupboard:
    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self.now_ms = 1_800_000_000_000
        self._opened = Database.open(folder / "pantrybox.db", lambda: self.now_ms)
        self.database: Database

    def __enter__(self) -> Self:
        self.database = self._loop.run_until_complete(self._opened.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self._opened.__aexit__(None, None, None))
        self._loop.close()

    def write(self, change: Callable[[Writer], T]) -> T:
        return self._loop.run_until_complete(self.database.write(change))

    def read(self, query: Callable[[Reader], T]) -> T:
        return self._loop.run_until_complete(self.database.read(query))

    def say(self, name: str, count: int, place: str = "Elsewhere") -> int:
        """A person's word; the item's id."""

        def say(writer: Writer) -> int:
            item_id = items.item_called(writer, name)
            words.say_count(
                writer, item_id=item_id, place_id=places.made(writer, place), count=count, by="owner", notes=None
            )
            return item_id

        return self.write(say)

    def happen(
        self, name: str, event_type: EventType, delta: int, *, days_ago: float = 0, place: str = "Elsewhere"
    ) -> int:
        """A line of the ledger, with the state that follows; its id."""

        def happen(writer: Writer) -> int:
            item_id, place_id = items.item_called(writer, name), places.made(writer, place)
            before = states.stand_of(writer, item_id, place_id)
            count = before.confirmed_count + delta
            stand = Stand(certain(count), count, before.event_count + 1)
            at_ms = self.now_ms - round(days_ago * DAY_MS)
            states.set_stand(writer, item_id, place_id, stand, seen_at_ms=at_ms)
            return ledger.record(writer, place_id, Change(item_id, event_type, delta, count, 1.0), Cause(at_ms))

        return self.write(happen)

    def undo(self, event_id: int) -> int:
        return self.write(lambda writer: undoing.undo(writer, event_id, "owner"))

    def act(
        self,
        act: Act,
        name: str,
        amount: int = 1,
        *,
        place: str = "Elsewhere",
        to_place: str = "",
        best_before: date | None = None,
    ) -> list[int]:
        """What a person does; the ids of the ledger's lines."""

        def do(writer: Writer) -> list[int]:
            heap = Heap(items.item_called(writer, name), places.made(writer, place), "owner")
            match act:
                case "use" | "throw_away":
                    return acts.take(writer, heap, act, amount)
                case "finish":
                    return acts.finish(writer, heap)
                case "add":
                    return acts.add(writer, heap, amount, best_before)
                case "move":
                    return acts.move(writer, heap, places.made(writer, to_place), amount)
                case "open":
                    acts.open_one(writer, heap)
                    return []

        return self.write(do)

    def count(self, name: str, place: str | None = None) -> int:
        """As it is shown, at a place or at all of them."""

        def shown(reader: Reader) -> int:
            item_id = items.known_item(reader, name).id
            standing = states.places_of(reader, item_id) if place is None else [places.known_place(reader, place)]
            return sum(states.stand_of(reader, item_id, place_id).shown_count for place_id in standing)

        return self.read(shown)

    def lots(self, name: str, place: str | None = None) -> list[Lot]:
        """What is still there of them, what ends first first."""
        item_id = self.item(name)
        there = self.read(lambda reader: still_there_everywhere(lot_queries.written(reader, item_id)))
        return [lot for lot in there if place in {None, lot.place_name}]

    def problems(self) -> list[str]:
        return self.read(lambda reader: [*ledger_problems(reader), *belief_problems(reader)])

    def merge(self, name: str, into: str) -> None:
        def merge(writer: Writer) -> None:
            words.merge(writer, items.known_item(writer, name), items.known_item(writer, into), "owner")

        self.write(merge)

    def item(self, name: str) -> int:
        return self.read(lambda reader: items.known_item(reader, name)).id
