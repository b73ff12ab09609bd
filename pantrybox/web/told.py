"""What the box wrote down, told in plain words."""

import re
from datetime import date

import msgspec

from pantrybox.captures.job_runs import JobRun
from pantrybox.inventory.forecast import UntilEmpty
from pantrybox.inventory.history import PastEvent
from pantrybox.inventory.model import EventType
from pantrybox.inventory.observations import SeenBox, Source
from pantrybox.owners.model import AuditLine

JOBS = {
    "retention": "Old photographs",
    "failed": "Photographs that could not be read",
    "quota": "Photographs beyond the limit",
    "sweep": "Stray files",
    "room": "Room on the card",
}

EVENTS: dict[EventType, str] = {
    "seen": "seen",
    "added": "came in",
    "removed": "went out",
    "adjusted": "looked at again",
    "manual_override": "count set",
    "consumed": "used",
    "undone": "taken back",
    "merged": "merged",
}

_TAKEN = {"finish": "finished", "throw_away": "thrown away"}
"""How else than by use something is consumed."""

_ACTS = {
    "capture.taken": "took a photograph",
    "capture.undone": "took back what a photograph did",
    "count.overridden": "set the count of",
    "device.changed": "changed the camera",
    "device.registered": "added the camera",
    "device.removed": "removed the camera",
    "example.denied": "said that something is not",
    "example.taken-back": "took back a lesson about",
    "example.taught": "showed the box",
    "event.undone": "took a change back",
    "inventory.imported": "imported a stock list",
    "item.changed": "described",
    "item.made": "made known",
    "item.merged": "merged",
    "key.made": "made the key",
    "key.revoked": "revoked the key",
    "link.made": "made a sign-in link",
    "lot.corrected": "corrected a date of",
    "lot.dated": "said when to use",
    "lot.forgotten": "forgot a date of",
    "lock.begun": "stopped listening, after wrong tries, to",
    "model.promoted": "had photographs looked at with",
    "owner.claimed": "claimed the box",
    "passphrase.changed": "changed the passphrase",
    "product.forgotten": "took the name from the barcode of",
    "product.learned": "named the barcode of",
    "question.answered": "answered what was asked about",
    "question.put-off": "put off the question about",
    "run.asked": "had photographs looked at again",
    "run.cancelled": "stopped looking again",
    "session.closed": "signed out",
    "session.opened": "signed in with",
    "session.revoked": "signed a browser out",
    "stock.added": "added to",
    "stock.day-undone": "took back the day",
    "stock.finished": "finished",
    "stock.moved": "moved",
    "stock.opened": "opened",
    "stock.thrown-away": "threw away",
    "stock.used": "used",
    "storage.cleaned": "cleaned up:",
    "wish.added": "put on the shopping list:",
    "wish.changed": "changed on the shopping list:",
    "wish.removed": "took off the shopping list:",
    "wishes.cleared": "cleared the shopping list of what is ticked",
}
_NAMED_BY_NUMBER = {"capture", "event", "run", "session"}
"""What such an act was done to has no name that says anything."""

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

_LARGE = 999.5
"""From here on the next unit is easier to read."""
_MANY_DAYS, _MANY_MONTHS = 60, 24
_MONTH_DAYS = 365.25 / 12
_MOST_LETTERS = 60
"""Of a name within a sentence."""


class Act(msgspec.Struct, frozen=True):
    """A line of the audit log: `who` `did` `what`."""

    who: str
    did: str
    what: str | None
    at_ms: int


class _Details(msgspec.Struct, frozen=True):
    name: str | None = None
    item: str | None = None
    user_agent: str | None = None


def act(line: AuditLine) -> Act:
    """An act that nobody has put into words yet is told as it was written."""
    return Act(line.actor, _ACTS.get(line.act, re.sub(r"[._-]", " ", line.act)), _done_to(line), line.at_ms)


def _done_to(line: AuditLine) -> str | None:
    details = msgspec.json.decode(line.details or "{}", type=_Details)
    if line.act == "session.opened":
        return browser(details.user_agent)
    if line.act.partition(".")[0] in _NAMED_BY_NUMBER:
        return None
    if line.act == "storage.cleaned":
        return JOBS.get(line.target or "", line.target)
    if line.act.startswith("example."):
        return details.item or "a thing"
    return details.name or details.item or line.target


def happened(event: PastEvent) -> str:
    """What one line of the ledger says, but for the numbers."""
    # Other boxes' histories are imported with whatever they say.
    said: dict[str, object] = msgspec.json.decode(event.details or "{}")
    match event.event_type, said:
        case "consumed", {"act": str(act)}:
            return _TAKEN.get(act, EVENTS["consumed"])
        case "adjusted", {"act": "move", "to": str(place)}:
            return f"moved to {isolated(place)}"
        case "adjusted", {"act": "move", "from": str(place)}:
            return f"moved here from {isolated(place)}"
        case "adjusted", {"shown": int()}:
            return "confirmed"
        case _:
            return EVENTS[event.event_type]


def day(day: date) -> str:
    """As it is printed on things: 24 Dec 2026."""
    return f"{day.day} {day:%b} {day.year:04d}"


def until(days_left: int) -> str:
    """How long something is good, from today."""
    match days_left:
        case 0:
            return "last day"
        case 1:
            return "until tomorrow"
        case _:
            return f"{_span(-days_left)} past" if days_left < 0 else f"{_span(days_left)} left"


_SOURCES: dict[Source, str] = {
    "barcode": "The barcode on it says so.",
    "generic": "A first guess, not taught yet.",
    "masked": "It lies where nothing counts.",
    "person": "Somebody said so.",
    "recogniser": "It looks like what was taught.",
    "repeat": "The same thing once more, so that it does not count.",
}


def why(seen: SeenBox, counted: float) -> str:
    """Why a box counts as what it does, or does not count. `counted`: the score from which one does."""
    if seen.item_id is None and seen.source == "person":
        return "Somebody said that it is no thing."
    if seen.source is not None:
        return _SOURCES[seen.source]
    return "Nobody has said what it is." if seen.score >= counted else "Too faint to count."


def browser(user_agent: str | None) -> str:
    """As its owner would call it: Firefox on Android."""
    agent = user_agent or ""
    name = next((name for mark, name in _BROWSERS if mark in agent), None)
    system = next((system for mark, system in _SYSTEMS if mark in agent), None)
    if name is None:
        return agent[:60] or "a browser without a name"
    return f"{name} on {system}" if system else name


def outcome(run: JobRun) -> str:
    """What a run did, but for what went wrong."""
    if run.ended_at_ms is None and run.outcome is None:
        return "running"
    if run.deleted_count:
        deleted = counted(run.deleted_count, "file" if run.job == "sweep" else "photograph")
        return f"{deleted} deleted, {size(run.freed_bytes)} freed"
    return "nothing to delete" if run.outcome == "done" else "nothing deleted"


def counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(size_bytes: float) -> str:
    """In the units that the API counts in: 1 MB is 1024 x 1024 bytes."""
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < _LARGE:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.3g} GB" if size_bytes < _LARGE else f"{size_bytes:.0f} GB"


def percent(fraction: float) -> str:
    # 99.6 % is not certainty.
    return f"{min(99, round(100 * fraction)) if fraction < 1 else 100} %"


def lasts(forecast: UntilEmpty) -> str:
    """How long the rest lasts, and between which times that is four times in five."""
    about, early, late = _span(forecast.days), _span(forecast.earliest), _span(forecast.latest)
    return f"lasts about {about}" + (f" (between {early} and {late})" if early != late else "")


def _span(days: float) -> str:
    whole = max(1, round(days))
    if whole <= _MANY_DAYS:
        return counted(whole, "day")
    months = round(days / _MONTH_DAYS)
    return f"{months} months" if months <= _MANY_MONTHS else "years"


def isolated(name: str) -> str:
    """A name for the middle of a sentence: whatever way it runs, the rest keeps its own (Unicode, annex 9)."""
    short = name if len(name) <= _MOST_LETTERS else name[: _MOST_LETTERS - 1].rstrip() + "…"
    return f"\N{FIRST STRONG ISOLATE}{short}\N{POP DIRECTIONAL ISOLATE}"


def doubt(count: int, *, doubtful: bool, hidden: int = 0, behind: str | None = None) -> str:
    """What is to be said of a count beside the number; nothing where it is sure and in plain sight.

    `hidden`: so many of them are believed to be there unseen; `behind`: what stands in front.
    """
    parts = ["perhaps gone" if count == 0 else f"perhaps {count}"] if doubtful else []
    if count and hidden:
        whose = "" if hidden >= count else f"{hidden} of them "
        parts.append(whose + (f"behind the {isolated(behind)}" if behind else "out of sight"))
    return " · ".join(parts)


def question(name: str, count: int) -> str:
    """To the person, about what is shown."""
    return f"Is the {name} gone?" if count <= 1 else f"Are there still {count} of the {name}?"


def still(shown: int, count: int) -> str:
    """The answer that there are so many, of what is shown as `shown`."""
    if shown > 1:
        return f"Yes, {count}"
    return "Still there" if count == 1 else f"Still {count} there"


def gone(shown: int) -> str:
    return "Yes, gone" if shown <= 1 else "No, all gone"


def answered(name: str, count: int | None, *, was_asked: bool) -> str:
    """What became of an answer; `count` is None when the question was put off."""
    if was_asked:
        return f"{name}: not now." if count is None else f"{name}: {count}."
    return f"{name} was not asked about any more." + ("" if count is None else f" It counts all the same: {count}.")
