"""Which photograph is looked at next: the table is the queue, so a crash loses nothing."""

from pantrybox.captures import queries
from pantrybox.storage.database import Writer

MAX_ATTEMPTS = 3
"""A photograph on which the process died this often is given up."""
INTERRUPTED = "PantryBox was interrupted each time it looked at this photograph."


def claim_next(writer: Writer) -> None:
    """Mark the oldest waiting photograph as the one that is looked at; nothing when it is marked already.

    Called by whoever ends a look, in the same transaction: the attempt is counted before the
    photograph is decoded, and that costs no commit of its own. One that comes while nothing waits
    is stored as claimed.
    """
    while (capture := queries.oldest_waiting(writer)) is not None and capture.status == "stored":
        if capture.attempts < MAX_ATTEMPTS:
            queries.begin_attempt(writer, capture)
            return
        queries.fail(writer, capture.id, INTERRUPTED)


def take_up(writer: Writer) -> None:
    """Begin again after a restart: what was interrupted waits once more, and the first one is claimed."""
    queries.put_back(writer)
    claim_next(writer)
