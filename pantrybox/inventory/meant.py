"""What a person means who names an item and perhaps a place."""

from pantrybox.errors import Conflict, OutOfRange
from pantrybox.inventory import places, states
from pantrybox.storage.database import Reader, Writer


def place_to_count(writer: Writer, item_id: int, name: str | None) -> int:
    """Where an item is counted; made when it is not known. OutOfRange when it stands in several places."""
    if name is not None:
        return places.made(writer, name)
    standing = states.places_of(writer, item_id)
    return _only(writer, standing) if standing else places.elsewhere(writer)


def place_to_take_from(writer: Writer, item_id: int, name: str | None) -> int:
    """The same for what has to be there; NotFound for a place that nobody knows."""
    if name is not None:
        return places.known_place(writer, name)
    standing = states.places_of(writer, item_id)
    some = [place_id for place_id in standing if states.stand_of(writer, item_id, place_id).shown_count]
    return _only(writer, some) if some else place_to_count(writer, item_id, None)


def _only(reader: Reader, standing: list[int]) -> int:
    if len(standing) > 1:
        names = ", ".join(places.name_of(reader, place_id) for place_id in standing)
        raise OutOfRange(f"This item stands in several places ({names}): say which one as `place`.")
    return standing[0]


def refuse_another_count(reader: Reader, item_id: int, place_id: int, expected: int | None) -> None:
    """Conflict when another count is shown by now than a person saw; None: they did not say what they saw."""
    shown = states.stand_of(reader, item_id, place_id).shown_count
    if expected is not None and expected != shown:
        raise Conflict(f"Somebody or a camera was faster: there are {shown} now, not {expected}. Look again first.")
