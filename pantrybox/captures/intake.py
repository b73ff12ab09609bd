"""Receive a photograph: when this returns, a power cut cannot take it away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from pantrybox.bell import Bell
from pantrybox.captures import queries
from pantrybox.captures.jpeg import CAMERA_LIMITS, JpegLimits, inspect
from pantrybox.captures.model import Arrival, Receipt
from pantrybox.clock import BoxClock
from pantrybox.errors import CardFull, Malformed, Overloaded
from pantrybox.identifiers import uuid7
from pantrybox.storage.database import CommitUncertain, Database, Writer
from pantrybox.storage.image_files import ImageFiles, PartialImage

T = TypeVar("T")

MAX_UPLOADS = 64
"""Uploads under way at once; the next camera is asked to come again in a few seconds."""
SAME_PICTURE_MS = 10 * 60 * 1000
"""Without an idempotency key, the same bytes within this time are one capture."""
SYNC_THREADS = 8
"""Photographs that are written and synced side by side: a card syncs several nearly as fast as one."""


class Intake:
    def __init__(
        self,
        database: Database,
        images: ImageFiles,
        new_capture: Bell,
        card_full: Bell,
        clock: BoxClock,
        *,
        analysing: bool,
    ) -> None:
        self._database = database
        self._images = images
        self._new_capture = new_capture
        self._card_full = card_full
        self._clock = clock
        self._analysing = analysing
        self._threads = ThreadPoolExecutor(SYNC_THREADS, thread_name_prefix="intake")
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def quiet(self) -> None:
        """Wait until no upload is under way."""
        await self._quiet.wait()

    def close(self) -> None:
        self._threads.shutdown()

    async def receive(
        self,
        arrival: Arrival,
        chunks: AsyncIterator[bytes],
        alongside: Callable[[Writer, Receipt], None] = lambda _writer, _receipt: None,
        limits: JpegLimits = CAMERA_LIMITS,
    ) -> Receipt:
        """Store one photograph durably; the same one sent again gives the first one's receipt.

        `alongside` runs in the transaction that inserts the row. Raises Malformed (empty or cut
        short), NotAJpeg, TooLarge, OutOfRange (scans), CardFull or Overloaded; nothing is then left behind.
        """
        if self._under_way >= MAX_UPLOADS:
            raise Overloaded("Too many photographs at once. Please send it again in a few seconds.")
        self._under_way += 1
        self._quiet.clear()
        try:
            picture, name, capture_id = self._begin(arrival.device_id)
            await self._gather(picture, chunks, limits)
            # A task of its own: whoever asked may be gone before the row is committed, and
            # then nobody else may decide whether its file stays.
            return await asyncio.shield(
                asyncio.ensure_future(self._store(picture, name, capture_id, arrival, alongside, limits))
            )
        except CardFull:
            self._card_full.ring()
            raise
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()

    def _begin(self, device_id: str) -> tuple[PartialImage, str, str]:
        capture_id = uuid7(self._clock.now())
        name = f"{device_id}_{capture_id}.jpg"
        return self._images.begin(name), name, capture_id

    async def _store(
        self,
        picture: PartialImage,
        name: str,
        capture_id: str,
        arrival: Arrival,
        alongside: Callable[[Writer, Receipt], None],
        limits: JpegLimits,
    ) -> Receipt:
        """File first, row second: after a crash a row without its picture cannot exist."""

        def record(writer: Writer) -> Receipt:
            # Nothing else waits: it is next, and the attempt is counted with its arrival.
            claimed = self._analysing and queries.oldest_waiting(writer) is None
            receipt = _record(
                writer, capture_id, arrival, name, picture.size_bytes, sha256, self._clock, claimed=claimed
            )
            alongside(writer, receipt)
            return receipt

        unclaimed = True
        try:
            sha256 = await self._on_thread(lambda: _keep_if_sound(picture, limits))
            receipt = await self._database.write(record, first=self._images.settle)
            unclaimed = not receipt.is_new
        except CommitUncertain:
            # The row may yet turn up when the database is opened again: then it needs its file.
            unclaimed = False
            raise
        finally:
            if unclaimed:
                await self._on_thread(picture.discard)
        if receipt.is_new:
            self._new_capture.ring()
        return receipt

    async def _gather(self, picture: PartialImage, chunks: AsyncIterator[bytes], limits: JpegLimits) -> None:
        try:
            async for chunk in chunks:
                picture.add(chunk)
                limits.refuse_bytes(picture.size_bytes)
                if picture.must_spill:
                    await self._on_thread(picture.spill)
            _not_empty(picture.size_bytes)
        except BaseException:  # also when the camera went away half-way
            picture.discard()
            raise

    async def _on_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _not_empty(size_bytes: int) -> None:
    if not size_bytes:
        raise Malformed("The photograph is empty.")


def _keep_if_sound(picture: PartialImage, limits: JpegLimits) -> bytes:
    with picture.content() as data:
        inspect(data, limits)
    return picture.keep()


def _record(
    writer: Writer,
    capture_id: str,
    arrival: Arrival,
    name: str,
    size_bytes: int,
    sha256: bytes,
    clock: BoxClock,
    *,
    claimed: bool,
) -> Receipt:
    earlier = _earlier_copy(writer, arrival, sha256)
    if earlier is not None:
        return Receipt(capture_id=earlier, is_new=False)
    captured_at_ms, arrival = _taken_at(_noting_a_reused_key(writer, arrival), writer.now_ms)
    queries.insert(
        writer,
        capture_id,
        arrival,
        captured_at_ms,
        name,
        size_bytes,
        sha256,
        running_ms=clock.running_ms(),
        clock_synced=clock.vouches_for(writer.now_ms),
        claimed=claimed,
    )
    return Receipt(capture_id=capture_id, is_new=True)


def _earlier_copy(writer: Writer, arrival: Arrival, sha256: bytes) -> str | None:
    if arrival.idempotency_key is not None:
        return queries.id_with_key(writer, arrival.device_id, arrival.idempotency_key, sha256)
    return queries.id_with_bytes(writer, arrival.device_id, sha256, since_ms=writer.now_ms - SAME_PICTURE_MS)


def _noting_a_reused_key(writer: Writer, arrival: Arrival) -> Arrival:
    key = arrival.idempotency_key
    if key is None or not queries.key_was_used(writer, arrival.device_id, key):
        return arrival
    note = "The camera used this photograph's key before: its counter started again."
    return msgspec.structs.replace(arrival, notes=(*arrival.notes, note))


def _taken_at(arrival: Arrival, now_ms: int) -> tuple[int, Arrival]:
    """When the photograph was taken, as far as the box can believe it."""
    if arrival.age_ms is not None:
        return max(0, now_ms - arrival.age_ms), arrival
    if arrival.captured_at_ms is None:
        return now_ms, arrival
    if arrival.captured_at_ms > now_ms:
        note = "The camera's clock is ahead: the time of receipt was taken instead."
        return now_ms, msgspec.structs.replace(arrival, notes=(*arrival.notes, note))
    return arrival.captured_at_ms, arrival
