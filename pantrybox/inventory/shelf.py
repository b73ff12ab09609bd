"""What is believed to stand at one place, thing by thing: the state that photographs and words are folded into."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.inventory import columns
from pantrybox.inventory.belief import CONFIRMED, UNSEEN, Belief, certain, larger, of_chances, stated, together
from pantrybox.inventory.columns import Numbers
from pantrybox.inventory.lives import FALSE, FINDING, HIDDEN, MISSED, SEEN, STATES, UNIT, Shown
from pantrybox.inventory.rates import VISITS_OF_A_GUESS, Habits, Learned, Rates, Tally, rates_of, up_to_date
from pantrybox.vision.model import Box

DECIMALS = 5
"""Of a probability that is kept: what no photograph changes any more comes to rest."""
Votes = tuple[tuple[int, float], ...]
"""Items and their weights."""
States = tuple[float, ...]
"""Probabilities of a track's states, in their order (lives)."""


class Track(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A thing that stays where it was is the same thing."""

    item_id: int
    """What it is held to be, by its votes."""
    states: States
    box: Box | None
    """Where it was last found in its view."""
    shown: Shown
    """What the newest readable photograph showed of it."""
    votes: Votes = ()
    """For items, by the photographs in which it was found; older ones count less."""
    behind: int | None = None
    """The item that stands before it, as far as that can be seen."""
    disowned: bool = False
    """A person's count left no room for this box."""
    doubted: Shown | None = None
    """What a photograph showed of it whose view was doubted: if the view was right, this is to be heeded."""
    found_in: int = 0
    """The observation that found it last; 0: none did, a person spoke of it."""
    named: float = 1.0
    """The confidence of its newest name."""

    @property
    def unit(self) -> float:
        """The chance that there is a unit."""
        states = self.states
        return min(1.0, states[SEEN] + states[MISSED] + states[HIDDEN])

    @property
    def is_found(self) -> bool:
        return self.shown in FINDING


def kept(boxes: Sequence[Box | None]) -> list[Box | None]:
    """As tracks keep them: a thousandth of a box's width more or less is the same place."""
    edges = columns.rounded(columns.corners(boxes), _BOX_DECIMALS).T.tolist()
    return [box and rounded for box, rounded in zip(boxes, map(Box, *edges), strict=True)]


_BOX_DECIMALS = 4


class Scene(msgspec.Struct, frozen=True, array_like=True):
    """The view of one camera."""

    at_ms: int
    """When the newest photograph that said anything was taken."""
    tracks: tuple[Track, ...]
    doubted: int = 0
    """So many photographs since then looked as if the view was blocked, though nobody else said so."""
    visited: bool = False
    """Somebody was there since then, in a photograph that said nothing else."""
    quiet: int = 0
    """So many photographs ago the camera told that somebody was there; see NOBODY_TELLS."""

    @property
    def nobody_tells(self) -> bool:
        return self.quiet >= NOBODY_TELLS


NOBODY_TELLS = 200
"""Where that is so many photographs ago, or never was, the camera has nothing that tells when somebody is there."""


class Columns(NamedTuple):
    """The tracks of a scene side by side."""

    states: Numbers
    """(n, STATES)."""
    unit: Numbers
    """The chance that each is a unit, (n,)."""
    is_found: NDArray[np.bool_]
    """(n,)."""
    items: list[int]
    """Each item of a track once."""
    item: NDArray[np.intp]
    """Of each track, by its rank in `items`, (n,)."""

    def summed(self, values: Numbers | NDArray[np.bool_]) -> Numbers:
        """Over all tracks of its item, for each track, (n,)."""
        return columns.sums(values, self.item, len(self.items))[self.item]

    def by_item(self, values: Numbers) -> dict[int, float]:
        """Over all tracks of each item."""
        return dict(zip(self.items, columns.sums(values, self.item, len(self.items)).tolist(), strict=True))


def columns_of(tracks: Sequence[Track]) -> Columns:
    states = columns.table([track.states for track in tracks], STATES)
    ranks: dict[int, int] = {}
    item = np.array([ranks.setdefault(track.item_id, len(ranks)) for track in tracks], dtype=np.intp)
    return Columns(
        states,
        np.minimum(1.0, states[:, UNIT].sum(axis=1)),
        np.array([track.is_found for track in tracks], dtype=np.bool_),
        items=list(ranks),
        item=item,
    )


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known about an item at a place, beside its tracks."""

    learned: Learned = Learned()
    told: Belief = UNSEEN
    """Units that people say are there and no photograph shows."""
    shown_count: int = 0
    since: int = 0
    """The observation with which the shown count became what it is; 0: a person's word."""
    most: int = 0
    """So many at least were once surely there."""


Units = tuple[tuple[float, ...], ...]
"""For each camera, the chances of an item's tracks to be units."""
_REMEMBERED = 4096
"""Most tracks are surely a unit, photograph after photograph: the same few beliefs follow again and again."""


class Shelf(msgspec.Struct, frozen=True):
    scenes: dict[str, Scene] = {}
    """By camera."""
    items: dict[int, Known] = {}
    changes: float = 0.0
    """Expected changes of counts in photographs that were taken because somebody was there,"""
    visits: float = 0.0
    """and how many items there were in them."""
    tally: Tally = Tally()

    def changed_rate(self, habits: Habits) -> float:
        """The chance that an item's count changed when somebody was there."""
        rate = (VISITS_OF_A_GUESS * habits.changed + self.changes) / (VISITS_OF_A_GUESS + self.visits)
        return min(0.4, max(0.005, rate))

    def known(self, item_id: int) -> Known:
        return self.items.get(item_id) or self.unheard

    @property
    def unheard(self) -> Known:
        """What is known of an item that was never here."""
        return Known(Learned(until=self.tally.photographs, expected_until=self.tally.expected_changes))

    def rates(self, items: Iterable[int], habits: Habits) -> Rates:
        """Of each of some items, by what was learned of it here."""
        return rates_of(up_to_date([self.known(item_id).learned for item_id in items], self.tally), habits)

    def tracks_of(self, item_id: int) -> list[list[Track]]:
        """For each camera that knows any, those of an item."""
        mine = ([track for track in scene.tracks if track.item_id == item_id] for scene in self.scenes.values())
        return [tracks for tracks in mine if tracks]

    def belief(self, item_id: int) -> Belief:
        """How many units there are; UNSEEN for an item that nobody ever saw or spoke of here."""
        units = tuple(tuple(track.unit for track in tracks) for tracks in self.tracks_of(item_id))
        return _belief(units, self.known(item_id).told) if units or item_id in self.items else UNSEEN

    def beliefs(self, of: Collection[int] | None = None) -> dict[int, Belief]:
        """Of some items, or of every one that was ever seen or spoken of here."""
        units: dict[int, Units] = dict.fromkeys(sorted(self.items if of is None else of), ())
        for scene in self.scenes.values():
            of_scene = defaultdict[int, list[float]](list)
            for track in scene.tracks:
                if of is None or track.item_id in units:
                    of_scene[track.item_id].append(track.unit)
            for item_id, mine in of_scene.items():
                units[item_id] = (*units.get(item_id, ()), tuple(mine))
        return {item_id: _belief(mine, self.known(item_id).told) for item_id, mine in units.items()}

    def hidden(self, item_id: int) -> tuple[int, int | None]:
        """Units believed to be there though no box shows them, and the item before one of them.

        What the eye never knew here is not hidden from it: somebody told of it.
        """
        tracks = [track for tracks in self.tracks_of(item_id) for track in tracks]
        unseen = [track for track in tracks if not track.is_found and track.unit >= _PROBABLY]
        behind = next((track.behind for track in unseen if track.behind is not None), None)
        return len(unseen) + (self.known(item_id).told.shown_count if tracks else 0), behind


@lru_cache(_REMEMBERED)
def _belief(by_camera: Units, told: Belief) -> Belief:
    """What two cameras see of one place is the same: the larger number counts."""
    views = [of_chances(units) for units in by_camera]
    if views:
        return together(reduce(larger, views), told)
    # What was seen here and has no track left is gone, for all that anybody knows.
    return told if told.p else certain(0)


EMPTY = Shelf()
_PROBABLY = 0.5


def noted(shelf: Shelf, before: Shelf, position: int) -> Shelf:
    """With the counts that are shown now, and since when."""
    others: dict[int, Known] = {}
    for item_id, belief in shelf.beliefs(_touched(before, shelf)).items():
        shown, known = belief.shown_count, shelf.known(item_id)
        if item_id not in before.items or shown != known.shown_count:
            known = msgspec.structs.replace(known, shown_count=shown, since=position)
        if shown > known.most and belief.confidence >= CONFIRMED:
            known = msgspec.structs.replace(known, most=shown)
        if known is not shelf.items.get(item_id):
            others[item_id] = known
    return msgspec.structs.replace(shelf, items=shelf.items | others) if others else shelf


def _touched(before: Shelf, after: Shelf) -> set[int]:
    """The items of which another number may be believed than before."""
    items = {
        item_id
        for item_id, known in after.items.items()
        if (was := before.items.get(item_id)) is None or known.told is not was.told
    }
    for camera in before.scenes.keys() | after.scenes.keys():
        one, other = (shelf.scenes[camera].tracks if camera in shelf.scenes else () for shelf in (before, after))
        if one is not other:
            items |= _differing(one, other)
    return items


def _differing(before: tuple[Track, ...], after: tuple[Track, ...]) -> set[int]:
    """The items whose tracks are not as they were; of most tracks of most photographs, nothing new is believed."""
    pairs = list(zip(before, after, strict=False))
    if len(after) < len(before) or any(one.item_id != other.item_id for one, other in pairs):
        return {track.item_id for track in (*before, *after)}
    items = {other.item_id for one, other in pairs if one.states != other.states}
    return items | {track.item_id for track in after[len(before) :]}


# What people say


class Said(msgspec.Struct, frozen=True):
    """A person's word about how many there are of an item."""

    item_id: int
    count: int
    confidence: float = 1.0
    at_ms: int = 0
    camera: str | None = None
    """Who sees them; None: nobody may see more of them than before."""


def told(shelf: Shelf, said: Said) -> Shelf:
    """After somebody said how many there are.

    The likeliest tracks are units from now on, as many as there is room for; other boxes of it are
    none. What is missing to the count is there though nobody sees it, or stands before a camera.
    """
    item_id, count, confidence = said.item_id, said.count, said.confidence
    if said.camera is not None:
        shelf = _before_camera(shelf, said, said.camera)
    scenes = {
        camera: msgspec.structs.replace(scene, tracks=_settled(scene.tracks, item_id, count))
        for camera, scene in shelf.scenes.items()
    }
    units = [sum(track.item_id == item_id and track.unit == 1 for track in scene.tracks) for scene in scenes.values()]
    rest = stated(count - max(units, default=0), confidence)
    known = shelf.known(item_id)
    known = msgspec.structs.replace(known, told=rest, shown_count=count, since=0, most=max(known.most, count))
    return msgspec.structs.replace(shelf, scenes=scenes, items={**shelf.items, item_id: known})


def _before_camera(shelf: Shelf, said: Said, camera: str) -> Shelf:
    """With so many tracks of the item, wherever in the view they are."""
    scene = shelf.scenes.get(camera, Scene(said.at_ms, ()))
    known = sum(track.item_id == said.item_id for track in scene.tracks)
    states = tuple(float(state == SEEN) for state in range(STATES))
    more = tuple(
        Track(said.item_id, states, None, Shown.FOUND, ((said.item_id, 1.0),)) for _ in range(said.count - known)
    )
    scene = msgspec.structs.replace(scene, tracks=(*scene.tracks, *more))
    return msgspec.structs.replace(shelf, scenes={**shelf.scenes, camera: scene})


def _settled(tracks: tuple[Track, ...], item_id: int, count: int) -> tuple[Track, ...]:
    mine = [rank for rank, track in enumerate(tracks) if track.item_id == item_id]
    mine.sort(key=lambda rank: (-tracks[rank].unit, not tracks[rank].is_found, rank))
    units = set(mine[:count])
    return tuple(
        track if track.item_id != item_id else _unit(track) if rank in units else _no_unit(track)
        for rank, track in enumerate(tracks)
        if track.item_id != item_id or rank in units or track.is_found
    )


def _unit(track: Track) -> Track:
    states = [0.0] * STATES
    states[SEEN if track.is_found else HIDDEN] = 1.0
    return msgspec.structs.replace(track, states=tuple(states), disowned=False, doubted=None)


def _no_unit(track: Track) -> Track:
    states = [0.0] * STATES
    states[FALSE] = 1.0
    return msgspec.structs.replace(track, states=tuple(states), disowned=True, doubted=None)


def merged(shelf: Shelf, item_id: int, into_id: int) -> Shelf:
    """Two items that are one: the tracks and units of the first are the second's.

    A unit that somebody told of under one name, and a track that was seen under the other, are the same thing.
    """
    scenes = {
        camera: msgspec.structs.replace(
            scene, tracks=tuple(_renamed(track, item_id, into_id) for track in scene.tracks)
        )
        for camera, scene in shelf.scenes.items()
    }
    ours = less(shelf.known(into_id).told, _seen_units(shelf, item_id))
    theirs = less(shelf.known(item_id).told, _seen_units(shelf, into_id))
    most = max(shelf.known(into_id).most, shelf.known(item_id).most)
    both = msgspec.structs.replace(shelf.known(into_id), told=together(ours, theirs), since=0, most=most)
    nothing = msgspec.structs.replace(shelf.unheard, told=certain(0))
    after = msgspec.structs.replace(shelf, scenes=scenes, items={**shelf.items, into_id: both, item_id: nothing})
    shown = msgspec.structs.replace(both, shown_count=after.belief(into_id).shown_count)
    return msgspec.structs.replace(after, items={**after.items, into_id: shown})


def _seen_units(shelf: Shelf, item_id: int) -> int:
    return round(max((sum(track.unit for track in tracks) for tracks in shelf.tracks_of(item_id)), default=0.0))


def less(told: Belief, units: int) -> Belief:
    """Of so many units that people told of, these have been seen."""
    if not told.p or not units:
        return told
    return Belief(told.low - units, told.p) if told.low >= units else certain(max(0, told.shown_count - units))


def _renamed(track: Track, item_id: int, into_id: int) -> Track:
    votes: dict[int, float] = {}
    for voted, weight in track.votes:
        name = into_id if voted == item_id else voted
        votes[name] = votes.get(name, 0.0) + weight
    name = into_id if track.item_id == item_id else track.item_id
    return msgspec.structs.replace(track, item_id=name, votes=tuple(sorted(votes.items())))
