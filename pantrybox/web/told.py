"""What the box wrote down, told in plain words."""

import re

import msgspec

from pantrybox.captures.job_runs import JobRun
from pantrybox.inventory.forecast import UntilEmpty
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

_ACTS = {
    "capture.taken": "took a photograph",
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
    "lock.begun": "stopped listening, after wrong tries, to",
    "model.promoted": "had photographs looked at with",
    "owner.claimed": "claimed the box",
    "passphrase.changed": "changed the passphrase",
    "product.forgotten": "took the name from the barcode of",
    "product.learned": "named the barcode of",
    "run.asked": "had photographs looked at again",
    "run.cancelled": "stopped looking again",
    "session.closed": "signed out",
    "session.opened": "signed in with",
    "session.revoked": "signed a browser out",
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
