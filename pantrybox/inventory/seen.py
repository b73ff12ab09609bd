"""The shelf after one more photograph of it. Pure: no clock, no database."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import repeat

import msgspec
import numpy as np
from numpy.typing import NDArray

from pantrybox.inventory.belief import Belief, certain, thinned
from pantrybox.inventory.blocked import looks_blocked
from pantrybox.inventory.columns import Numbers, rounded
from pantrybox.inventory.learning import NOTHING_YET, happened, learned, visited
from pantrybox.inventory.lives import (
    FALSE,
    FINDING,
    SEEN,
    STATES,
    TAKEN,
    UNIT,
    Between,
    Chances,
    Lived,
    Shown,
    Unplaced,
    lived_on,
    showing,
)
from pantrybox.inventory.matching import Matched, matched
from pantrybox.inventory.rates import Glimpsing, Habits, ItemRates
from pantrybox.inventory.shelf import (
    DECIMALS,
    NOBODY_TELLS,
    Columns,
    Scene,
    Shelf,
    States,
    Track,
    Votes,
    columns_of,
    kept,
    less,
    noted,
)
from pantrybox.inventory.view import Thing, View

HABITS = Habits()
GLIMPSING = Glimpsing()
_HOUR_MS = 3_600_000
_SHORTEST_HOURS, _LONGEST_HOURS = 0.005, 24.0 * 365
_FIRST = 0.97
"""A box in the first photograph of a view is a unit so probably: boxes found at the very first are seldom false."""
_LEFT_OVER = 0.003
"""A track that is less probably anything is forgotten, once it is not found."""
_VOTES_FADE = 0.8
_SURELY = 1000.0
"""A person's word outvotes any number of photographs."""
_FOUND_LATE = 0.5
"""A unit that is missed when it comes is found in any one photograph afterwards with this chance, on average."""
_TYPICAL_DOUBT = 0.1
"""A naming is wrong so often, on average; a box of a doubtful one is more likely false."""


def after_view(shelf: Shelf, view: View, habits: Habits = HABITS, glimpsing: Glimpsing = GLIMPSING) -> Shelf:
    """The shelf after one more photograph of it.

    An unreadable view changes no count: it says nothing about absence, and what it seems to show is as doubtful.
    It may say that somebody was there.
    """
    if not view.readable:
        return _after_nothing(shelf, view)
    if not view.whole:
        return noted(_after_glimpse(shelf, view), shelf, view.observation_id)
    scene = shelf.scenes.get(view.camera)
    if scene is None:
        return noted(_first(shelf, view, habits), shelf, view.observation_id)
    return noted(_next(shelf, scene, view, habits, glimpsing), shelf, view.observation_id)


def _after_nothing(shelf: Shelf, view: View) -> Shelf:
    scene = shelf.scenes.get(view.camera)
    if scene is None or scene.visited or view.when != "door" or not view.whole:
        return shelf
    return _with_scene(shelf, view, msgspec.structs.replace(scene, visited=True, quiet=_quiet(view, scene.quiet)))


def _quiet(view: View, before: int) -> int:
    return 0 if view.when == "door" and view.sensed else min(NOBODY_TELLS, before + 1)


def _after_glimpse(shelf: Shelf, view: View) -> Shelf:
    """A part of a place shows that something is there, and never that something is not."""
    items = dict(shelf.items)
    for item_id, count in Counter(thing.item_id for thing in view.things if thing.item_id is not None).items():
        more = count - shelf.belief(item_id).shown_count
        known = shelf.known(item_id)
        if more > 0:
            told = known.told
            items[item_id] = msgspec.structs.replace(
                known, told=Belief(told.low + more, told.p) if told.p else certain(more)
            )
    return msgspec.structs.replace(shelf, items=items)


def _first(shelf: Shelf, view: View, habits: Habits) -> Shelf:
    """The first photograph of a view: what is found is there, and units that people told of may be among it."""
    tracks = [
        _track(thing, _FIRST, 1 - _FIRST, view.observation_id) for thing in view.things if thing.item_id is not None
    ]
    quiet = _quiet(view, NOBODY_TELLS)
    whole = _with_scene(shelf, view, Scene(view.at_ms, tuple(tracks), quiet=quiet))
    for track in tracks:
        whole = _come_to_light(whole, track.item_id)
    return learned(whole, tracks, NOTHING_YET, stays=1.0)


def _next(shelf: Shelf, scene: Scene, view: View, habits: Habits, glimpsing: Glimpsing) -> Shelf:
    quiet = _quiet(view, scene.quiet)
    if scene.visited or scene.nobody_tells:
        view = msgspec.structs.replace(view, when="door")
    if scene.doubted:  # that a picture is as it was in a photograph that was passed over says nothing
        view = msgspec.structs.replace(view, things=tuple(_unlike_before(thing) for thing in view.things))
    found = matched(scene.tracks, view)
    if scene.doubted:
        _heed_doubted(scene.tracks, found)
    _swap_disowned(scene.tracks, found)
    hours = min(_LONGEST_HOURS, max(_SHORTEST_HOURS, (view.at_ms - scene.at_ms) / _HOUR_MS))
    between = Between(view.when, hours, habits, glimpsing)
    before, shown = columns_of(scene.tracks), np.array(found.shown, dtype=np.intp)
    chances = _chances(shelf, before, shown, between, exact=found.exact)
    after = lived_on(before.states, shown, chances, between)
    along = _taken_along(before, after, shown, habits)
    if along.any():
        chances = msgspec.structs.replace(chances, taken=np.maximum(chances.taken, along))
        after = lived_on(before.states, shown, chances, between)
    if looks_blocked(before, found, np.log(after.likelihood), chances, habits, doubted=scene.doubted):
        return _with_scene(shelf, view, _doubted(scene, found, visited=view.when == "door", quiet=quiet))
    lived = _lived(scene.tracks, found, np.round(after.states, DECIMALS), view.observation_id)
    whole, fresh = _new_tracks(_faded(shelf, view), view.observation_id, found.new, between)
    whole = _with_scene(whole, view, Scene(view.at_ms, (*lived, *fresh), quiet=quiet))
    now = happened(before, after, fresh, habits, expected_changes=_changed(shelf, between))
    if not found.exact:  # which of several went, nobody knows
        now = now._replace(changes={}, expected_changes=0.0)
    elif view.when == "door":
        whole = visited(whole, now, len(shelf.items))
    return learned(whole, [*lived, *fresh], now, stays=between.stays)


def _changed(shelf: Shelf, between: Between) -> float:
    """The chance that the count of an item changed."""
    unnoticed = min(0.5, between.hours * between.habits.changed_an_hour)
    noticed = shelf.changed_rate(between.habits) if between.when == "door" else 0.0
    return 1 - (1 - noticed) * (1 - unnoticed)


def _taken_along(before: Columns, after: Lived, shown: NDArray[np.intp], habits: Habits) -> Numbers:
    """The chance that a unit was taken with another of its kind, as far as its place shows that it went, (n,)."""
    gone = before.is_found & showing(shown, Shown.GONE)
    taken = np.where(gone, after.states[:, TAKEN] - before.states[:, TAKEN], 0.0)
    return habits.another_taken * np.minimum(1.0, np.maximum(0.0, before.summed(taken) - taken))


def _doubted(scene: Scene, found: Matched, *, visited: bool, quiet: int) -> Scene:
    """As it was, but for what this photograph showed, should it turn out to be right."""
    tracks = [
        track if shown == Shown.LOST else msgspec.structs.replace(track, doubted=shown)
        for track, shown in zip(scene.tracks, found.shown, strict=True)
    ]
    doubted = scene.doubted + 1
    return msgspec.structs.replace(scene, tracks=tuple(tracks), doubted=doubted, visited=visited, quiet=quiet)


def _heed_doubted(tracks: Sequence[Track], found: Matched) -> None:
    """The photograph before was passed over: what it showed of a track stands where this one shows nothing."""
    for rank, track in enumerate(tracks):
        if found.shown[rank] == Shown.LOST and track.doubted is not None and track.doubted not in FINDING:
            found.shown[rank] = track.doubted


def _unlike_before(thing: Thing) -> Thing:
    return msgspec.structs.replace(thing, still=None)


def _swap_disowned(tracks: Sequence[Track], found: Matched) -> None:
    """A person's count left no room for a box, and now another of the same item is not found: it was that one.

    The two boxes change places, so that the one that is found is the unit.
    """
    for rank, track in enumerate(tracks):
        if not track.disowned or found.things[rank] is None:
            continue
        lost = (
            other
            for other, one in enumerate(tracks)
            if one.item_id == track.item_id and not one.disowned and one.is_found and found.things[other] is None
            if found.shown[other] not in {Shown.UNCHANGED, Shown.COVERED}
        )
        other = next(lost, None)
        if other is not None:
            found.things[other], found.things[rank] = found.things[rank], None
            found.shown[other], found.shown[rank] = Shown.FOUND, found.shown[other]


def _chances(shelf: Shelf, before: Columns, shown: NDArray[np.intp], between: Between, *, exact: bool) -> Chances:
    habits = between.habits
    rates = shelf.rates(before.items, habits)
    units, most = before.summed(before.unit), np.array([shelf.known(item_id).most for item_id in before.items])
    changed, everywhere = (rates.pace * _changed(shelf, between))[before.item], np.ones(len(shown))
    return Chances(
        missed=rates.missed[before.item],
        false_boxes=rates.false_boxes[before.item],
        taken=changed * habits.removed / habits.stocked / np.maximum(1.0, units),
        comes=changed * (1 - habits.removed) * habits.sooner(units, most[before.item]),
        spot=habits.same_spot * everywhere if exact else everywhere,
        unplaced=None if exact else Unplaced(np.maximum(1.0, before.summed(before.is_found)), before.is_found),
    )


def _lived(tracks: Sequence[Track], found: Matched, states: Numbers, observation_id: int) -> list[Track]:
    """The tracks with their new states, (n, STATES); without those that are no thing, or hardly anything any more."""
    is_something = states[:, UNIT].sum(axis=1) + states[:, FALSE] > _LEFT_OVER
    rows = list(zip(*states.T.tolist(), strict=True))
    things = {rank: thing for rank, thing in enumerate(found.things) if thing and rank not in found.refused}
    again = _found_again(
        [tracks[rank] for rank in things],
        list(things.values()),
        [found.shown[rank] for rank in things],
        [rows[rank] for rank in things],
        observation_id,
    )
    lived = dict(zip(things, again, strict=True))
    return [
        lived.get(rank) or _not_found(tracks[rank], found.shown[rank], rows[rank], found.behind[rank])
        for rank, worth in enumerate(is_something.tolist())
        if (worth or rank in lived) and rank not in found.refused
    ]


def _found_again(
    tracks: Sequence[Track], things: Sequence[Thing], shown: Sequence[Shown], states: Sequence[States], seen_in: int
) -> list[Track]:
    """Each with its thing, what is shown of it and its new states; `seen_in`: the observation."""
    votes = _voted_again([track.votes for track in tracks], things)
    names = [one[0][0] if len(one) == 1 else max(one, key=lambda vote: (vote[1], -vote[0]))[0] for one in votes]
    boxes, disowned = kept([thing.box for thing in things]), [track.disowned for track in tracks]
    named = [
        track.named if thing.item_id is None else thing.confidence for track, thing in zip(tracks, things, strict=True)
    ]
    columns = (names, states, boxes, shown, votes, repeat(None), disowned, repeat(None), repeat(seen_in), named)
    return list(map(Track, *columns))


def _not_found(track: Track, shown: Shown, states: States, behind: int | None) -> Track:
    """Where nothing is known of a track this time, what was last seen there stands, but that it is not found."""
    if shown == Shown.STILL_COVERED:
        behind = behind or track.behind
    if shown == Shown.LOST and not track.is_found:
        shown = track.shown
    return msgspec.structs.replace(track, states=states, shown=shown, behind=behind, disowned=False, doubted=None)


def _voted_again(votes: Sequence[Votes], things: Sequence[Thing]) -> list[Votes]:
    """Votes with one photograph more; most tracks were never called anything else, which is quick to say of many."""
    alone = [
        one[0][1] if len(one) == 1 and one[0][0] == thing.item_id and not thing.certain else 0.0
        for one, thing in zip(votes, things, strict=True)
    ]
    more = rounded(_VOTES_FADE * np.array(alone), _VOTE_DECIMALS)
    more += np.maximum(_LEAST_VOTE, [thing.confidence for thing in things])
    return [
        ((one[0][0], weight),) if _LEAST_VOTE <= before < _SURELY else _voted(one, thing)
        for one, thing, before, weight in zip(votes, things, alone, rounded(more, _VOTE_DECIMALS).tolist(), strict=True)
    ]


def _voted(votes: Votes, thing: Thing) -> Votes:
    """A photograph's name for a thing counts for all that follow, and less each time; a person's word for good."""
    if thing.item_id is None:
        return votes
    if thing.certain:
        return ((thing.item_id, _SURELY),)
    weights = {
        item_id: weight if weight >= _SURELY else round(_VOTES_FADE * weight, _VOTE_DECIMALS)
        for item_id, weight in votes
        if weight >= _LEAST_VOTE
    }
    weight = weights.get(thing.item_id, 0.0) + max(_LEAST_VOTE, thing.confidence)
    weights[thing.item_id] = round(weight, _VOTE_DECIMALS)
    return tuple(sorted(weights.items()))


_LEAST_VOTE = 0.02
_VOTE_DECIMALS = 3


def _new_tracks(shelf: Shelf, observation_id: int, new: Sequence[Thing], between: Between) -> tuple[Shelf, list[Track]]:
    """Tracks of boxes that were not there; a unit that people told of, and nobody saw, may have come to light."""
    habits, glimpsing = between.habits, between.glimpsing
    came, tracks = defaultdict[int, float](float), list[Track]()
    named = [(thing, thing.item_id) for thing in new if thing.item_id is not None]
    learned_rates = shelf.rates([item_id for _, item_id in named], habits).one_by_one()
    for (thing, item_id), rates in zip(named, learned_rates, strict=True):
        comes, came_before = _arrivals(shelf, item_id, rates, between)
        comes = max(comes, habits.another * came[item_id])
        if shelf.known(item_id).told.shown_count:
            comes, shelf = _FIRST, _come_to_light(shelf, item_id)
        false = rates.false_boxes * min(3.0, max(0.2, (1 - thing.confidence) / _TYPICAL_DOUBT))
        if thing.still is not None:
            comes *= glimpsing.still_if_added if thing.still else 1 - glimpsing.still_if_added
            came_before *= glimpsing.still_if_missed if thing.still else 1 - glimpsing.still_if_missed
            false *= glimpsing.still_if_false if thing.still else 1 - glimpsing.still_if_false
        tracks.append(_track(thing, comes + came_before, false, observation_id))
        came[item_id] = max(came[item_id], tracks[-1].unit)
    return shelf, tracks


def _arrivals(shelf: Shelf, item_id: int, rates: ItemRates, between: Between) -> tuple[float, float]:
    """The chance that a unit comes, and that one is found now that came, or was moved, before and was missed then."""
    habits = between.habits
    if item_id not in shelf.items:
        return habits.unheard, _FOUND_LATE * habits.missed * habits.unheard
    units = shelf.belief(item_id).shown_count
    sooner = habits.sooner(np.array([units]), np.array([shelf.known(item_id).most]))
    added = (1 - habits.removed) * rates.pace * float(sooner[0])
    put = shelf.changed_rate(habits) * added + habits.moved * units
    return _changed(shelf, between) * added, _FOUND_LATE * rates.missed * put


def _track(thing: Thing, unit: float, false: float, observation_id: int) -> Track:
    assert thing.item_id is not None  # noqa: S101 - whoever calls this has looked
    states = [0.0] * STATES
    if thing.certain:
        unit, false = 1.0, 0.0
    states[SEEN], states[FALSE] = round(unit / (unit + false), DECIMALS), round(false / (unit + false), DECIMALS)
    return Track(
        thing.item_id,
        tuple(states),
        thing.box,
        Shown.FOUND,
        votes=_voted((), thing),
        found_in=observation_id,
        named=thing.confidence,
    )


def _come_to_light(shelf: Shelf, item_id: int) -> Shelf:
    """One unit less of those that are there though nobody sees them."""
    known = shelf.known(item_id)
    if not known.told.shown_count:
        return shelf
    told = less(known.told, 1)
    return msgspec.structs.replace(shelf, items={**shelf.items, item_id: msgspec.structs.replace(known, told=told)})


def _faded(shelf: Shelf, view: View) -> Shelf:
    """Units that people told of are behind others of their kind. When none is to be seen, there may be none behind.

    What the eye never knew here it cannot miss: a person's count of that stands.
    """
    told = {item_id: one for item_id, one in shelf.items.items() if one.told.p and one.learned.looks}
    may_fade = {item_id: one for item_id, one in told.items() if 0 < one.told.high <= _MOST_FADING}
    if not may_fade:
        return shelf
    found = {thing.item_id for thing in view.things}
    found |= {
        track.item_id
        for camera, scene in shelf.scenes.items()
        for track in scene.tracks
        if camera != view.camera and track.is_found
    }
    fewer = {
        item_id: msgspec.structs.replace(one, told=thinned(one.told, 1 - _UNSEEN_FADES))
        for item_id, one in may_fade.items()
        if item_id not in found
    }
    return msgspec.structs.replace(shelf, items=shelf.items | fewer)


_UNSEEN_FADES = 0.1
"""The chance a photograph that a unit which was only told of is not there, when none of its kind is found."""
_MOST_FADING = 30
"""More units than that are no pile behind a jar."""


def _with_scene(shelf: Shelf, view: View, scene: Scene) -> Shelf:
    return msgspec.structs.replace(shelf, scenes={**shelf.scenes, view.camera: scene})
