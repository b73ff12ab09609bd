"""Forget the vectors of photographs that are gone: what cannot be looked at again is not named again either."""

from pantrybox.storage.database import Database
from pantrybox.teaching import vectors

BATCH = 200
"""Observations in one transaction."""


async def forget_vectors(database: Database) -> int:
    """Of how many observations; nothing is written when there are none."""
    forgotten = after = 0
    while page := await database.read(lambda reader, after=after: vectors.useless(reader, after, BATCH)):
        await database.write(lambda writer, page=page: vectors.forget(writer, page))
        forgotten, after = forgotten + len(page), page[-1]
    return forgotten
