"""What a person says of the units that are there: when they end, and which are open."""

from collections.abc import Iterable
from datetime import date

import msgspec

from pantrybox.errors import Conflict, NotFound
from pantrybox.inventory import lot_queries, states
from pantrybox.inventory.lots import Lot, total
from pantrybox.storage.database import Writer

_Unset = msgspec.UnsetType
_UNSET = msgspec.UNSET


class LotChange(msgspec.Struct, frozen=True):
    """What is UNSET stays as it is."""

    count: int | _Unset = _UNSET
    best_before: date | _Unset = _UNSET
    opened: bool | _Unset = _UNSET


def say_when(writer: Writer, item_id: int, place_id: int, count: int, best_before: date, by: str) -> None:
    """So many of what is there end on that day, whatever was said of that day before.

    Conflict when there are not so many that have no other date.
    """
    shown = states.stand_of(writer, item_id, place_id).shown_count
    lots = lot_queries.settle(writer, item_id, place_id, shown)
    same = [lot for lot in lots if lot.best_before == best_before and not lot.is_open]
    _refuse_more_than_shown(shown, count, (lot for lot in lots if lot not in same))
    for lot in same[1:]:
        lot_queries.remove(writer, lot.id)
    if same:
        lot_queries.correct(writer, msgspec.structs.replace(same[0], count=count))
    else:
        lot_queries.put(writer, item_id, place_id, count, best_before=best_before, by=by)


def correct(writer: Writer, lot_id: int, change: LotChange, by: str) -> Lot:
    """Say something else of a lot; what it was before. NotFound when it is used up or was never there.

    Opening one of several parts it from the others.
    """
    was, others = _known(writer, lot_id)
    lot = was
    if not isinstance(change.count, _Unset):
        lot = msgspec.structs.replace(lot, count=change.count)
        _refuse_more_than_shown(lot.shown_count, lot.count, others)
    if not isinstance(change.best_before, _Unset):
        lot = msgspec.structs.replace(lot, best_before=change.best_before)
    lot_queries.correct(writer, lot)
    if change.opened is True and not lot.is_open:
        open_one_of(writer, lot, by)
    if change.opened is False:
        _close(writer, lot)
    return was


def open_one_of(writer: Writer, lot: Lot, by: str) -> None:
    """One of them is open, and is a lot of its own from now on."""
    if lot.count == 1:
        lot_queries.correct(writer, msgspec.structs.replace(lot, opened_at_ms=writer.now_ms))
        return
    lot_queries.correct(writer, msgspec.structs.replace(lot, count=lot.count - 1))
    lot_queries.put(
        writer, lot.item_id, lot.place_id, 1, best_before=lot.best_before, opened_at_ms=writer.now_ms, by=by
    )


def _close(writer: Writer, lot: Lot) -> None:
    if lot.best_before is None:
        lot_queries.remove(writer, lot.id)  # nothing is known of it then
    else:
        lot_queries.correct(writer, msgspec.structs.replace(lot, opened_at_ms=None))


def forget(writer: Writer, lot_id: int) -> Lot:
    """Nothing is known of when these units end; they stay. What was forgotten."""
    lot, _ = _known(writer, lot_id)
    lot_queries.remove(writer, lot_id)
    return lot


def _known(writer: Writer, lot_id: int) -> tuple[Lot, list[Lot]]:
    """A lot, and the others of the same item at the same place."""
    found = lot_queries.by_id(writer, lot_id)
    lots = lot_queries.settle(writer, found.item_id, found.place_id, found.shown_count) if found else []
    lot = next((one for one in lots if one.id == lot_id), None)
    if lot is None:
        raise NotFound("There is no such lot. It may be used up.")
    return lot, [one for one in lots if one.id != lot_id]


def _refuse_more_than_shown(shown: int, count: int, others: Iterable[Lot]) -> None:
    dated = total(others)
    if dated + count > shown:
        known = (
            f", and {dated} of them {'has' if dated == 1 else 'have'} a date or {'is' if dated == 1 else 'are'} open"
        )
        raise Conflict(
            f"There {'is' if shown == 1 else 'are'} {shown} there{known if dated else ''}. Set the count first."
        )
