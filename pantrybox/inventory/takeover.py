"""Taking over what a file says about the stock: everything is checked first, and all of it happens or nothing."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from pantrybox.errors import OutOfRange
from pantrybox.inventory import items, lot_queries, places, words
from pantrybox.inventory.belief import stated
from pantrybox.inventory.interchange import Entry, Fault, Told
from pantrybox.inventory.items import Description, Item
from pantrybox.inventory.listing import Line, lines_of
from pantrybox.inventory.lots import still_there
from pantrybox.inventory.model import MAX_COUNT
from pantrybox.storage.database import Reader, Writer

MOST_FAULTS = 20
"""That are named; a file of another kind has as many as lines."""

_Unset = msgspec.UnsetType
_UNSET = msgspec.UNSET


class Outcome(msgspec.Struct, frozen=True):
    imported: int
    """Entries that changed something."""
    unchanged: int
    """Entries that say what is known already."""
    created: int
    """Items that were not known."""
    events: int
    """Lines that the ledger grew by."""


def refuse(faults: list[Fault]) -> None:
    """OutOfRange that names the first faults, when there are any."""
    if faults:
        named = "; ".join(str(fault) for fault in sorted(faults, key=lambda fault: fault.line)[:MOST_FAULTS])
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise OutOfRange(f"Nothing was imported. {named}{more}")


def take_over(writer: Writer, told: list[Told], *, place: str | None, by: str) -> Outcome:
    """Make the stock as the file says; OutOfRange names the lines that cannot be.

    `place` is for items that the file puts nowhere and that stand nowhere yet; None is elsewhere.
    """
    refuse([*_listed_twice(writer, told), *_claimed_twice(writer, told), *_split(writer, told)])
    new: set[int] = set()
    changed = events = 0
    for one in told:
        item = items.item_named(writer, one.entry.name)
        if item is None:
            item = _make(writer, one.entry)
            new.add(item.id)
        is_described = _describe(writer, item, one.entry)
        lines = _count(writer, item, one.entry, place=place, by=by, is_new=item.id in new)
        is_dated = _date(writer, item, one.entry, by=by)
        changed += is_described or lines is not None or is_dated or item.id in new
        events += lines or 0
    return Outcome(imported=changed, unchanged=len(told) - changed, created=len(new), events=events)


# What cannot be


def _listed_twice(reader: Reader, told: list[Told]) -> Iterator[Fault]:
    """One item at one place stands in a file once, whichever of its names is used."""
    first: dict[tuple[object, str | None], int] = {}
    for one in told:
        item = items.item_named(reader, one.entry.name)
        place = items.name_key(one.entry.place) if isinstance(one.entry.place, str) else None
        identity = (item.id if item else items.name_key(one.entry.name), place)
        if identity in first:
            yield Fault(one.line, f"{one.entry.name} stands in line {first[identity]} already")
        first.setdefault(identity, one.line)


def _claimed_twice(reader: Reader, told: list[Told]) -> Iterator[Fault]:
    """A name is of one item: in the file, and together with what is known."""
    owners: dict[str, str] = {items.name_key(one.entry.name): items.name_key(one.entry.name) for one in told}
    for one in told:
        owner = items.name_key(one.entry.name)
        item = items.item_named(reader, one.entry.name)
        for alias in _aliases(one.entry):
            namesake = items.item_named(reader, alias)
            is_known_as_another = namesake is not None and (item is None or namesake.id != item.id)
            if is_known_as_another or owners.setdefault(items.name_key(alias), owner) != owner:
                yield Fault(one.line, f"{alias} is the name of another item than {one.entry.name}")


def _split(reader: Reader, told: list[Told]) -> Iterator[Fault]:
    """A sum cannot be set where an item stands in several places, nor more than a place holds."""
    for one in told:
        entry = one.entry
        item = items.item_named(reader, entry.name)
        lines = lines_of(reader, item.id) if item is not None and entry.place is _UNSET else []
        if len(lines) > 1:
            if lines[0].item_total != entry.count:
                where = ", ".join(f"{line.place_name}: {line.shown_count}" for line in lines)
                yield Fault(one.line, f"{entry.name} stands in several places ({where}); this is for one")
        elif isinstance(entry.count, int) and entry.count > MAX_COUNT:
            yield Fault(one.line, f"count: there can be at most {MAX_COUNT} at one place")


# What is done


def _make(writer: Writer, entry: Entry) -> Item:
    item_id = items.item_called(writer, entry.name, generic=entry.generic is True)
    item = items.item_by_id(writer, item_id)
    assert item is not None  # noqa: S101 - it was made in the line before
    return item


def _describe(writer: Writer, item: Item, entry: Entry) -> bool:
    """Whether the file says something of the item that was not known."""
    said = {
        name: getattr(entry, name)
        for name in Description.__struct_fields__
        if getattr(entry, name) not in {_UNSET, getattr(item, name)}
    }
    items.describe(writer, item.id, Description(**said))
    added = [alias for alias in _aliases(entry) if items.item_named(writer, alias) is None]
    for alias in added:
        items.add_alias(writer, item.id, alias)
    is_named = item.generic and entry.generic is False
    if is_named:
        items.item_called(writer, entry.name)
    return bool(said or added or is_named)


def _aliases(entry: Entry) -> list[str]:
    return entry.aliases if isinstance(entry.aliases, list) else []


def _count(writer: Writer, item: Item, entry: Entry, *, place: str | None, by: str, is_new: bool) -> int | None:
    """How many lines the ledger grew by; None when the file says what is known, or nothing about a count."""
    if entry.place is None or isinstance(entry.count, _Unset):
        return None
    standing = lines_of(writer, item.id)
    if entry.place is _UNSET and len(standing) > 1:
        return None  # their sum is what the file says: see _split
    place_id = _place_meant(writer, entry, standing, place)
    line = next((line for line in standing if line.place_id == place_id), None)
    if line is not None and _says_what_is_known(entry, line):
        return None
    return words.take_over(
        writer, item_id=item.id, place_id=place_id, told=_told(writer, entry, with_past=is_new), by=by
    )


def _date(writer: Writer, item: Item, entry: Entry, *, by: str) -> bool:
    """Whether the file says something else of when its units end, or which are open, than was known."""
    if isinstance(entry.lots, _Unset) or entry.place is None:
        return False
    standing = lines_of(writer, item.id)
    if isinstance(entry.place, str):
        standing = [line for line in standing if items.name_key(line.place_name) == items.name_key(entry.place)]
    if len(standing) != 1:
        return False
    (line,) = standing
    known = lot_queries.written(writer, item.id, line.place_id)
    there = still_there(known, line.shown_count)
    if Counter((lot.count, lot.best_before, lot.opened_at_ms) for lot in there) == Counter(
        (lot.count, lot.best_before, lot.opened_at_ms) for lot in entry.lots
    ):
        return False
    for lot in known:
        lot_queries.remove(writer, lot.id)
    for lot in entry.lots:
        lot_queries.put(
            writer,
            item.id,
            line.place_id,
            lot.count,
            best_before=lot.best_before,
            opened_at_ms=lot.opened_at_ms,
            by=by,
        )
    return True


def _place_meant(writer: Writer, entry: Entry, standing: list[Line], place: str | None) -> int:
    if isinstance(entry.place, str):
        return places.made(writer, entry.place)
    if standing:
        return standing[0].place_id
    return places.elsewhere(writer) if place is None else places.made(writer, place)


def _says_what_is_known(entry: Entry, line: Line) -> bool:
    """What a file does not say is not compared, and a thing may have been seen again since."""
    seen_ms = entry.seen_at_ms
    return (
        entry.count == line.shown_count
        and (isinstance(entry.confidence, _Unset) or _confidence(entry) == line.confidence)
        and entry.manual in {_UNSET, line.is_manual}
        and entry.notes in {_UNSET, line.notes}
        and (seen_ms is None or (line.last_seen_at_ms is not None and seen_ms <= line.last_seen_at_ms))
    )


def _confidence(entry: Entry) -> float:
    """As it will be kept."""
    count = entry.count if isinstance(entry.count, int) else 0
    return stated(count, entry.confidence if isinstance(entry.confidence, float) else 1.0).confidence


def _told(writer: Writer, entry: Entry, *, with_past: bool) -> words.Told:
    confidence = _confidence(entry)
    return words.Told(
        count=entry.count if isinstance(entry.count, int) else 0,
        confidence=confidence,
        is_manual=confidence >= 1 if isinstance(entry.manual, _Unset) else entry.manual,
        # Who writes a count into a file and no time has seen it now.
        seen_at_ms=writer.now_ms if isinstance(entry.last_seen, _Unset) else entry.seen_at_ms,
        notes=entry.notes,
        past=entry.past if with_past else (),
    )
