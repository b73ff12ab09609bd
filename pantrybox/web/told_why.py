"""Why a count is believed, told in plain words."""

from collections.abc import Callable
from datetime import date

import msgspec

from pantrybox.clock import local_date
from pantrybox.inventory.belief import Belief
from pantrybox.inventory.lives import FINDING, Shown
from pantrybox.inventory.why import LEAST_CHANCE, Unit, Word
from pantrybox.web import told

_WEEK_DAYS = 7
_LEAST_PERCENT = 0.005
_COVERED = {Shown.COVERED, Shown.STILL_COVERED}
_BARE = {Shown.GONE, Shown.STILL_GONE, Shown.BARED}


class Listener(msgspec.Struct, frozen=True):
    """To whom it is told."""

    name: str
    """As words and the audit log name them: what they said themselves, "you" said."""
    today: date
    written: Callable[[str], str] = str
    """How a name stands within a sentence."""


def unit(unit: Unit, word: Word | None, to: Listener) -> str:
    """Why it counts, or does not. `word`: the newest about the item at this place."""
    match unit.state:
        case "seen":
            place = "in another place of" if unit.shown == Shown.MOVED else "in"
            return f"Seen {place} this photograph, {told.percent(unit.chance)} sure"
        case "missed":
            return f"Not found in the last photograph{_missed(unit.shown)}"
        case "hidden":
            return _hidden(unit, word, to)
        case "taken":
            return f"{'Taken' if unit.chance < LEAST_CHANCE else 'Probably taken'}: {_taken(unit.shown)}"
        case "false":
            return _false(unit)
        case "told":
            return _told(unit, word, to)


def _missed(shown: Shown | None) -> str:
    if shown == Shown.UNCHANGED:
        return "; the picture there has not changed"
    return "; something may stand before it" if shown in _COVERED else ", but probably still there"


def _hidden(unit: Unit, word: Word | None, to: Listener) -> str:
    found = unit.photograph
    where = f"behind the {to.written(unit.behind)}" if unit.behind else "out of sight"
    since = f" since {_day(local_date(found.captured_at_ms), to.today)}" if found else ""
    if unit.chance == 1 and word is not None and (found is None or word.said_at_ms > found.captured_at_ms):
        return f"{_said(word, to)}; {where}{since}"
    return where[0].upper() + where[1:] + since


def _taken(shown: Shown | None) -> str:
    if shown in _BARE:
        return "its place is empty"
    return "something else stands where it was" if shown in _COVERED else "it is not found any more"


def _false(unit: Unit) -> str:
    if unit.disowned:
        return "Not counted: somebody's count left no room for it"
    if unit.shown in FINDING:
        return "Probably something else that looks like it"
    return "Probably never there: it is not found any more"


def _told(unit: Unit, word: Word | None, to: Listener) -> str:
    if unit.photograph is not None:
        return f"In a photograph from the phone, {_day(local_date(unit.photograph.captured_at_ms), to.today)}"
    return "Somebody said so" if word is None else _said(word, to)


def said(word: Word, to: Listener) -> str:
    """What was said about the whole place."""
    there = "there was 1" if word.count == 1 else f"there were {word.count}" if word.count else "there was none"
    return f"{_who(word, to)} said {_on(word, to)} that {there}"


def _said(word: Word, to: Listener) -> str:
    return f"{_who(word, to)} said so {_on(word, to)}"


def _who(word: Word, to: Listener) -> str:
    return "You" if word.said_by == to.name else to.written(word.said_by)


def _on(word: Word, to: Listener) -> str:
    day = _day(local_date(word.said_at_ms), to.today)
    return day if day in {"today", "yesterday"} else f"on {day}"


def _day(day: date, today: date) -> str:
    """The shorter, the less long ago: today, Tuesday, 3 May, 3 May 2025."""
    days_ago = (today - day).days
    if days_ago in {0, 1}:
        return "yesterday" if days_ago else "today"
    if 0 < days_ago < _WEEK_DAYS:
        return f"{day:%A}"
    return f"{day.day} {day:%b}" if day.year == today.year else told.day(day)


def chances(belief: Belief) -> str:
    """How probable each count is, the likeliest first; nothing where there is no other."""
    counts = sorted(enumerate(belief.p, start=belief.low), key=lambda one: -one[1])[:3]
    likely = [f"{count} with {told.percent(p)}" for count, p in counts if p >= _LEAST_PERCENT]
    return ", ".join(likely) if len(likely) > 1 else ""


def rates(missed: float, false_boxes: float) -> str:
    """How far the eye is trusted with an item at a place."""
    return (
        f"Of 100 photographs the eye misses it in plain view in {_hundredths(missed)}, "
        f"and begins to take something else for it in {_hundredths(false_boxes)}"
    )


def _hundredths(rate: float) -> str:
    return str(round(100 * rate) or "fewer than 1")
