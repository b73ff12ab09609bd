"""Where stock is: what a camera looks at, or a place that only people speak of."""

import msgspec

from pantrybox.errors import Conflict, NotFound
from pantrybox.names import folded
from pantrybox.storage.database import Reader, Writer

ELSEWHERE = "Elsewhere"
"""The name of the place of everything that nobody put anywhere."""


class Place(msgspec.Struct, frozen=True):
    id: int
    name: str
    device_id: str | None
    """The camera that looks at it; None for a place that no camera sees."""


def places(reader: Reader) -> list[Place]:
    """Every place, in the order in which they were made."""
    return reader.rows(Place, "SELECT id, name, device_id FROM places ORDER BY id")


def place_named(reader: Reader, name: str) -> int | None:
    """The place of that name, whatever its case. A house has few places: they are compared one by one."""
    key = folded(name)
    return next((place.id for place in places(reader) if folded(place.name) == key), None)


def known_place(reader: Reader, name: str) -> int:
    """The place of that name; NotFound names those that there are."""
    place_id = place_named(reader, name)
    if place_id is None:
        known = ", ".join(place.name for place in places(reader)) or "none yet"
        raise NotFound(f"There is no place called {name}. Places are: {known}.")
    return place_id


def name_of(reader: Reader, place_id: int) -> str:
    return reader.value(str, "SELECT name FROM places WHERE id = :id", {"id": place_id})


def made(writer: Writer, name: str) -> int:
    """The place of that name; made, without a camera, when there is none."""
    place_id = place_named(writer, name)
    return _insert(writer, name, None) if place_id is None else place_id


def elsewhere(writer: Writer) -> int:
    return made(writer, ELSEWHERE)


def place_of_device(writer: Writer, device_id: str) -> int:
    """What this camera looks at; made, under the camera's name, at its first photograph."""
    place = of_device(writer, device_id)
    if place is not None:
        return place.id
    name = writer.value(str, "SELECT name FROM devices WHERE id = :id", {"id": device_id})
    if place_named(writer, name) is not None:
        name = f"{name} ({device_id})"
    return _insert(writer, name, device_id)


def of_device(reader: Reader, device_id: str) -> Place | None:
    """None before its first photograph, when nobody named it either."""
    return reader.row_or_none(Place, "SELECT id, name, device_id FROM places WHERE device_id = :id", {"id": device_id})


def rename_of_device(writer: Writer, device_id: str, name: str) -> None:
    """Call what a camera looks at `name`; Conflict when another place is called that.

    A camera that has seen nothing yet takes over a place that only people spoke of.
    """
    place = of_device(writer, device_id)
    same_name = next((other for other in places(writer) if folded(other.name) == folded(name)), None)
    if same_name is not None and same_name.device_id is None and place is None and not _is_zone(writer, same_name):
        _look_at(writer, same_name.id, device_id)
    elif same_name is not None and same_name != place:
        raise Conflict(f"There is another place called {name}. Two cameras that see the same shelf keep two names.")
    elif place is None:
        _insert(writer, name, device_id)
    else:
        writer.execute("UPDATE places SET name = :name WHERE id = :id", {"name": name, "id": place.id})


def _is_zone(reader: Reader, place: Place) -> bool:
    return reader.value(bool, "SELECT EXISTS (SELECT 1 FROM zones WHERE place_id = :id)", {"id": place.id})


def _look_at(writer: Writer, place_id: int, device_id: str) -> None:
    writer.execute("UPDATE places SET device_id = :device_id WHERE id = :id", {"device_id": device_id, "id": place_id})


class _Id(msgspec.Struct):
    id: int


def outdated(reader: Reader) -> list[int]:
    """Places whose evidence changed below what was folded already."""
    return [row.id for row in reader.rows(_Id, "SELECT id FROM places WHERE outdated ORDER BY id")]


def mark_outdated(writer: Writer, place_id: int) -> None:
    writer.execute(
        "UPDATE places SET outdated = 1, outdated_count = outdated_count + 1 WHERE id = :id", {"id": place_id}
    )


def outdated_count(reader: Reader, place_id: int) -> int:
    """How often its evidence changed below what was folded already."""
    return reader.value(int, "SELECT outdated_count FROM places WHERE id = :id", {"id": place_id})


def mark_current(writer: Writer, place_id: int) -> None:
    """All of its evidence is folded."""
    writer.execute("UPDATE places SET outdated = 0 WHERE id = :id", {"id": place_id})


def _insert(writer: Writer, name: str, device_id: str | None) -> int:
    return writer.insert(
        "INSERT INTO places (name, device_id) VALUES (:name, :device_id)", {"name": name, "device_id": device_id}
    )
