"""The gallery of all examples that stand, kept in memory and in step with the table."""

import threading
from collections.abc import Callable

import msgspec

from pantrybox.storage.database import Reader, Writer
from pantrybox.teaching import examples, vectors
from pantrybox.teaching.examples import State
from pantrybox.vision.recognition import Gallery, Prior


class Known(msgspec.Struct, frozen=True):
    """The embedder in force, and what is known of its vectors before anything was taught."""

    embedder: str
    prior: Prior


class Galleries:
    """Whoever asks gets the gallery that its own view of the database calls for. Used by several threads."""

    def __init__(self, open_known: Callable[[], Known]) -> None:
        self._open_known = open_known
        self._known: Known | None = None
        self._state: State | None = None
        self._gallery: Gallery | None = None
        self._lock = threading.Lock()

    @property
    def embedder(self) -> str:
        with self._lock:
            return self._opened().embedder

    @property
    def prior(self) -> Prior:
        """What is known of its vectors before anything was taught."""
        with self._lock:
            return self._opened().prior

    def current(self, reader: Reader) -> Gallery:
        """A reader that looks at an older state than is known gets the newer gallery."""
        state = examples.state(reader)
        with self._lock:
            if self._gallery is not None and self._state is not None and not _is_newer(state, self._state):
                return self._gallery
            gallery = self._following(reader, state)
            # What a writer sees may yet be rolled back: it is not for others.
            if not isinstance(reader, Writer):
                self._state, self._gallery = state, gallery
            return gallery

    def forget(self) -> None:
        """Another embedder is in force: open it when next asked."""
        with self._lock:
            self._known = self._state = self._gallery = None

    def _following(self, reader: Reader, state: State) -> Gallery:
        """The kept gallery with what was taught and taken back since; all of it anew when items became others."""
        known = self._state
        if self._gallery is None or known is None or state.merged != known.merged:
            return self._built(reader)
        gallery = self._gallery
        if state.newest_id != known.newest_id:
            gallery = gallery.plus(self._taught(reader, after_id=known.newest_id))
        if state.taken_back != known.taken_back:
            gallery = gallery.minus(examples.taken_back(reader))
        return gallery

    def _built(self, reader: Reader) -> Gallery:
        return Gallery.of(self._taught(reader), self._opened().prior)

    def _taught(self, reader: Reader, after_id: int = 0) -> list[examples.Example]:
        embedder_id = vectors.embedder_id(reader, self._opened().embedder)
        return [] if embedder_id is None else examples.for_gallery(reader, embedder_id, after_id)

    def _opened(self) -> Known:
        if self._known is None:
            self._known = self._open_known()
        return self._known


def _is_newer(state: State, than: State) -> bool:
    older = state.newest_id < than.newest_id or state.taken_back < than.taken_back
    return state != than and not older
