"""Shelves in thought: things at numbered spots of a view, photographs in their turn, and the ledger that follows."""

from collections.abc import Iterable

import msgspec

from pantrybox.inventory.lives import Shown
from pantrybox.inventory.model import NOTHING, Change, Stand
from pantrybox.inventory.rates import When
from pantrybox.inventory.reconcile import Noted, reconciled
from pantrybox.inventory.seen import after_view
from pantrybox.inventory.shelf import EMPTY, Said, Scene, Shelf, Track, merged, told
from pantrybox.inventory.view import Thing, View
from pantrybox.vision.model import Box, Glance, Verdict

HOUR_MS = 3_600_000
JAM, FLOUR, RICE = ITEMS = (1, 2, 3)
SPOTS = 20


def spot(number: int) -> Box:
    """One of 20 boxes of a view that do not touch each other."""
    row, column = divmod(number, 5)
    edges = (column / 5 + 0.01, row / 4 + 0.01, column / 5 + 0.18, row / 4 + 0.22)
    return Box(*(round(edge, 3) for edge in edges))


def thing(
    item_id: int | None, at: int, *, confidence: float = 0.9, certain: bool = False, still: bool | None = None
) -> Thing:
    return Thing(spot(at), item_id, confidence, certain, still)


def things(item_id: int, *at: int) -> list[Thing]:
    return [thing(item_id, one) for one in at]


def glance(at: int, verdict: Verdict) -> Glance:
    return Glance(spot(at), verdict)


def track(item_id: int, at: int, *states: float, shown: Shown = Shown.FOUND) -> Track:
    """Surely a unit, unless other states are given."""
    return Track(item_id, states or (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), spot(at), shown, ((item_id, 1.0),))


def view(seen: Iterable[Thing], glances: Iterable[Glance] = (), *, moved: bool = False) -> View:
    return View(1, HOUR_MS, "left", tuple(seen), tuple(glances), moved=moved)


_PATIENCE = 40


class Place:
    """One place, whose photographs and words come an hour after each other."""

    def __init__(self, shelf: Shelf = EMPTY) -> None:
        self.shelf, self.position, self.at_ms = shelf, 0, 0
        self.stock: dict[int, Stand] = {}
        self.lines: list[Noted] = []

    def see(
        self,
        seen: Iterable[Thing] = (),
        glances: Iterable[Glance] = (),
        *,
        camera: str = "left",
        when: When = "door",
        hours: float = 1.0,
        readable: bool = True,
        whole: bool = True,
        moved: bool = False,
    ) -> list[Noted]:
        """One more photograph; the lines that it adds to the ledger."""
        self.position += 1
        self.at_ms += int(hours * HOUR_MS)
        shown = View(
            self.position, self.at_ms, camera, tuple(seen), tuple(glances), readable, whole, moved=moved, when=when
        )
        before, self.shelf = self.shelf, after_view(self.shelf, shown)
        if self.shelf == before or not readable:  # as inventory.fold does: what says nothing writes nothing
            return []
        self.stock, lines = reconciled(self.stock, self.shelf)
        self.lines += lines
        return lines

    def see_until_written(self, seen: list[Thing], glances: Iterable[Glance] = ()) -> list[Noted]:
        """The same photograph again until the ledger grows; the lines, or none when nothing gets sure."""
        glances = list(glances)
        return next(filter(None, (self.see(seen, glances) for _ in range(_PATIENCE))), [])

    def say(self, item_id: int, count: int, *, camera: str | None = None, confidence: float = 1.0) -> None:
        """A person's word, and its line, as inventory.words writes it."""
        self.shelf = told(self.shelf, Said(item_id, count, confidence, self.at_ms, camera))
        before = self.stock.get(item_id, NOTHING)
        line = Change(item_id, "manual_override", count - before.confirmed_count, count, confidence)
        self._obey(line, before)

    def merge(self, item_id: int, into_id: int) -> None:
        """Two that are one, and their lines, as inventory.words writes them."""
        self.shelf = merged(self.shelf, item_id, into_id)
        theirs, ours = self.stock.get(item_id, NOTHING), self.stock.get(into_id, NOTHING)
        moved = theirs.confirmed_count
        self._obey(Change(item_id, "merged", -moved, 0, 1.0), theirs)
        self._obey(Change(into_id, "merged", moved, ours.confirmed_count + moved, 1.0), ours)

    def _obey(self, line: Change, before: Stand) -> None:
        self.lines.append(Noted(line, 0))
        belief = self.shelf.belief(line.item_id)
        self.stock[line.item_id] = Stand(belief, before.confirmed_count + line.delta, before.event_count + 1)

    def kept(self) -> None:
        """It was written into a file, and read again."""
        self.shelf = msgspec.json.decode(msgspec.json.encode(self.shelf), type=Shelf)

    @property
    def shown(self) -> dict[int, int]:
        """Counts that are not 0."""
        shown = {item_id: belief.shown_count for item_id, belief in self.shelf.beliefs().items()}
        return {item_id: count for item_id, count in shown.items() if count}

    @property
    def tracks(self) -> tuple[Track, ...]:
        return tuple(one for scene in self.shelf.scenes.values() for one in scene.tracks)

    def events(self) -> list[tuple[str, int, int]]:
        """What, which item, and how many more."""
        return [(line.change.event_type, line.change.item_id, line.change.delta) for line in self.lines]


def timeless(shelf: Shelf) -> Shelf:
    """Without the numbers of observations, which another order of arrival changes."""
    scenes = {
        camera: Scene(
            scene.at_ms, tuple(msgspec.structs.replace(one, found_in=0) for one in scene.tracks), scene.doubted
        )
        for camera, scene in shelf.scenes.items()
    }
    items = {item_id: msgspec.structs.replace(known, since=0) for item_id, known in shelf.items.items()}
    return msgspec.structs.replace(shelf, scenes=scenes, items=items)
