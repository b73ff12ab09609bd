"""Wake-ups between tasks: a bell says only "look again"; the database says what changed."""

import asyncio


class Bell:
    """Many tasks may listen; ringing never blocks and carries no message.

    Because the news itself is rows in a table, a slow listener loses nothing:
    ten rings it slept through are one look at the rows it has not yet read.
    """

    def __init__(self) -> None:
        self._next_ring = asyncio.Event()

    def ring(self) -> None:
        """Wake every task that waits for a ring it took hold of before."""
        self._next_ring.set()
        self._next_ring = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """Take hold of the next ring *before* reading the table, so none falls between."""
        return self._next_ring
