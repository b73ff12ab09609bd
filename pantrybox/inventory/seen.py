"""The shelf after one more photograph of it. Pure: no clock, no database."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

from pantrybox.inventory.belief import Belief, certain, thinned
from pantrybox.inventory.blocked import looks_blocked
from pantrybox.inventory.lives import (
    FALSE,
    FINDING,
    MISSED,
    SEEN,
    STATES,
    TAKEN,
    UNIT,
    Between,
    Chances,
    Numbers,
    Shown,
    lived_on,
)
from pantrybox.inventory.matching import Matched, matched
from pantrybox.inventory.rates import Glimpsing, Habits
from pantrybox.inventory.shelf import DECIMALS, Known, Scene, Shelf, States, Track, faded, less, noted, rounded
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
_NOTICED_LATE = 0.07
"""Of the units that were put there while somebody was there, so many are found first in a photograph by the timer."""
_TYPICAL_DOUBT = 0.1
"""A naming is wrong so often, on average; a box of a doubtful one is more likely false."""


def after_view(shelf: Shelf, view: View, habits: Habits = HABITS, glimpsing: Glimpsing = GLIMPSING) -> Shelf:
    """The shelf after one more photograph of it.

    An unreadable view changes nothing: it says nothing about absence, and what it seems to show is as doubtful.
    """
    if not view.readable:
        return shelf
    if not view.whole:
        return noted(_after_glimpse(shelf, view), shelf, view.observation_id)
    scene = shelf.scenes.get(view.camera)
    if scene is None:
        return noted(_first(shelf, view, habits), shelf, view.observation_id)
    return noted(_next(shelf, scene, view, habits, glimpsing), shelf, view.observation_id)


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
    whole = _with_scene(shelf, view, Scene(view.at_ms, tuple(tracks)))
    for track in tracks:
        whole = _come_to_light(whole, track.item_id)
    return _learned(whole, tracks, habits, stays=1.0)


def _next(shelf: Shelf, scene: Scene, view: View, habits: Habits, glimpsing: Glimpsing) -> Shelf:
    if scene.doubted:  # that a picture is as it was in a photograph that was passed over says nothing
        view = msgspec.structs.replace(view, things=tuple(_unlike_before(thing) for thing in view.things))
    found = matched(scene.tracks, view)
    if scene.doubted:
        _heed_doubted(scene.tracks, found)
    _swap_disowned(scene.tracks, found)
    hours = min(_LONGEST_HOURS, max(_SHORTEST_HOURS, (view.at_ms - scene.at_ms) / _HOUR_MS))
    between = Between(view.when, hours, habits, glimpsing)
    chances = _chances(shelf, scene, found, between)
    before = np.array([track.states for track in scene.tracks]).reshape(-1, STATES)
    after, likelihood = lived_on(before, np.array(found.shown, dtype=np.intp), chances, between)
    if looks_blocked(scene, found, np.log(likelihood), chances, habits):
        return _with_scene(shelf, view, _doubted(scene, found))
    lived = _lived(scene.tracks, found, after, view.observation_id)
    whole, fresh = _new_tracks(_faded(shelf, view), view.observation_id, found.new, between)
    tracks = [track for track in lived if track.is_found or sum(track.states[UNIT]) + track.states[FALSE] > _LEFT_OVER]
    whole = _with_scene(whole, view, Scene(view.at_ms, (*tracks, *fresh)))
    if view.when == "door":
        taken = float((after[:, TAKEN] - before[:, TAKEN]).sum())
        whole = _visited(whole, taken + sum(track.states[SEEN] for track in fresh), len(shelf.items))
    return _learned(whole, [*tracks, *fresh], habits, stays=between.stays)


def _changed(shelf: Shelf, between: Between, noticed_late: float = 0.0) -> float:
    """The chance that the count of an item changed.

    `noticed_late`: of the changes while somebody was there, those that show first when nobody is any more.
    """
    unnoticed = min(0.5, between.hours * between.habits.changed_an_hour)
    noticed = shelf.changed_rate(between.habits) * (1.0 if between.when == "door" else noticed_late)
    return 1 - (1 - noticed) * (1 - unnoticed)


def _taken_along(tracks: Sequence[Track], found: Matched, habits: Habits) -> list[float]:
    """The chance that a unit was taken with another of its kind, whose place shows that it went just now."""
    gone = Counter(
        track.item_id
        for track, shown in zip(tracks, found.shown, strict=True)
        if track.is_found and shown == Shown.GONE
    )
    return [
        habits.another_taken if gone[track.item_id] - (track.is_found and shown == Shown.GONE) > 0 else 0.0
        for track, shown in zip(tracks, found.shown, strict=True)
    ]


def _doubted(scene: Scene, found: Matched) -> Scene:
    """As it was, but for what this photograph showed, should it turn out to be right."""
    tracks = [
        track if shown == Shown.LOST else msgspec.structs.replace(track, doubted=shown)
        for track, shown in zip(scene.tracks, found.shown, strict=True)
    ]
    return msgspec.structs.replace(scene, tracks=tuple(tracks), doubted=scene.doubted + 1)


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


def _chances(shelf: Shelf, scene: Scene, found: Matched, between: Between) -> Chances:
    habits = between.habits
    units, alike = defaultdict[int, float](float), Counter[int]()
    for track in scene.tracks:
        units[track.item_id] += track.unit
        alike[track.item_id] += track.is_found
    changed = _changed(shelf, between)
    learned = {item_id: shelf.known(item_id).learned for item_id in units}
    missed = {item_id: one.missed_rate(habits) for item_id, one in learned.items()}
    false = {item_id: one.false_rate(habits) for item_id, one in learned.items()}
    return Chances(
        missed=np.array([missed[track.item_id] for track in scene.tracks]),
        false_boxes=np.array([false[track.item_id] for track in scene.tracks]),
        taken=np.array(
            [
                max(changed * habits.removed / max(1.0, units[track.item_id]), along)
                for track, along in zip(scene.tracks, _taken_along(scene.tracks, found, habits), strict=True)
            ]
        ),
        comes=np.full(len(scene.tracks), changed * (1 - habits.removed)),
        spot=np.full(len(scene.tracks), habits.same_spot if found.exact else 1.0),
        alike=np.array([1.0 if found.exact else max(1, alike[track.item_id]) for track in scene.tracks]),
    )


def _lived(tracks: Sequence[Track], found: Matched, after: Numbers, observation_id: int) -> list[Track]:
    states = np.round(after, DECIMALS).tolist()
    return [
        _found_again(track, thing, found.shown[rank], tuple(states[rank]), observation_id)
        if (thing := found.things[rank])
        else _not_found(track, found.shown[rank], tuple(states[rank]), found.behind[rank])
        for rank, track in enumerate(tracks)
        if rank not in found.refused
    ]


def _found_again(track: Track, thing: Thing, shown: Shown, states: States, observation_id: int) -> Track:
    votes = _voted(track.votes, thing)
    item_id = votes[0][0] if len(votes) == 1 else max(votes, key=lambda vote: (vote[1], -vote[0]))[0]
    box = thing.box and rounded(thing.box)
    named = track.named if thing.item_id is None else thing.confidence
    return Track(item_id, states, box, shown, votes, disowned=track.disowned, found_in=observation_id, named=named)


def _not_found(track: Track, shown: Shown, states: States, behind: int | None) -> Track:
    """Where nothing is known of a track this time, what was last seen there stands, but that it is not found."""
    if shown == Shown.STILL_COVERED:
        behind = behind or track.behind
    if shown == Shown.LOST and not track.is_found:
        shown = track.shown
    return msgspec.structs.replace(track, states=states, shown=shown, behind=behind, disowned=False, doubted=None)


def _voted(votes: tuple[tuple[int, float], ...], thing: Thing) -> tuple[tuple[int, float], ...]:
    """A photograph's name for a thing counts for all that follow, and less each time; a person's word for good."""
    if thing.item_id is None:
        return votes
    if thing.certain:
        return ((thing.item_id, _SURELY),)
    weights = {
        item_id: weight if weight >= _SURELY else round(_VOTES_FADE * weight, 3)
        for item_id, weight in votes
        if weight >= _LEAST_VOTE
    }
    weights[thing.item_id] = round(weights.get(thing.item_id, 0.0) + max(_LEAST_VOTE, thing.confidence), 3)
    return tuple(sorted(weights.items()))


_LEAST_VOTE = 0.02


def _new_tracks(shelf: Shelf, observation_id: int, new: Sequence[Thing], between: Between) -> tuple[Shelf, list[Track]]:
    """Tracks of boxes that were not there; a unit that people told of, and nobody saw, may have come to light."""
    habits, glimpsing = between.habits, between.glimpsing
    changed = _changed(shelf, between, noticed_late=_NOTICED_LATE)
    came, tracks = defaultdict[int, float](float), list[Track]()
    for thing in new:
        item_id = thing.item_id
        if item_id is None:
            continue
        known = shelf.known(item_id)
        comes = changed * (1 - habits.removed) if item_id in shelf.items else habits.unheard
        comes = max(comes, habits.another * came[item_id])
        if known.told.shown_count:
            comes, shelf = _FIRST, _come_to_light(shelf, item_id)
        false = known.learned.false_rate(habits) * min(3.0, max(0.2, (1 - thing.confidence) / _TYPICAL_DOUBT))
        if thing.still is not None:
            comes *= glimpsing.still_if_added if thing.still else 1 - glimpsing.still_if_added
            false *= glimpsing.still_if_false if thing.still else 1 - glimpsing.still_if_false
        tracks.append(_track(thing, comes, false, observation_id))
        came[item_id] = max(came[item_id], tracks[-1].unit)
    return shelf, tracks


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
    found = {thing.item_id for thing in view.things}
    found |= {
        track.item_id
        for camera, scene in shelf.scenes.items()
        for track in scene.tracks
        if camera != view.camera and track.is_found
    }
    items = dict(shelf.items)
    for item_id, known in shelf.items.items():
        if item_id not in found and known.learned.looks and 0 < known.told.high <= _MOST_FADING:
            items[item_id] = msgspec.structs.replace(known, told=thinned(known.told, 1 - _UNSEEN_FADES))
    return msgspec.structs.replace(shelf, items=items)


_UNSEEN_FADES = 0.1
"""The chance a photograph that a unit which was only told of is not there, when none of its kind is found."""
_MOST_FADING = 30
"""More units than that are no pile behind a jar."""


def _with_scene(shelf: Shelf, view: View, scene: Scene) -> Shelf:
    return msgspec.structs.replace(shelf, scenes={**shelf.scenes, view.camera: scene})


def _visited(shelf: Shelf, changes: float, items: int) -> Shelf:
    return msgspec.structs.replace(
        shelf,
        changes=round(max(0.0, _VISITS_FADE * shelf.changes + changes), 3),
        visits=round(_VISITS_FADE * shelf.visits + items, 3),
    )


_VISITS_FADE = 0.995


def _learned(shelf: Shelf, tracks: Sequence[Track], habits: Habits, stays: float) -> Shelf:
    """What this photograph told about how often each item is missed, or another thing is taken for it.

    A unit that is missed because it was missed before is no new throw, and a false box that stayed none that came.
    """
    seen, missed, false = (defaultdict[int, float](float) for _ in range(3))
    for track in tracks:
        seen[track.item_id] += track.states[SEEN]
        missed[track.item_id] += track.states[MISSED]
        false[track.item_id] += track.states[FALSE]
    items = dict(shelf.items)
    for item_id in sorted(items.keys() | seen.keys()):
        known = items.get(item_id, Known())
        learned = faded(
            known.learned,
            looks=(1 - stays) * (seen[item_id] + missed[item_id]),
            missed=(1 - stays) * missed[item_id],
            false_boxes=(1 - habits.false_box_stays) * false[item_id],
        )
        items[item_id] = msgspec.structs.replace(known, learned=learned)
    return msgspec.structs.replace(shelf, items=items)
