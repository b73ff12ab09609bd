"""SQL of the questions: what the cameras show of each place, and what was answered lately."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from pantrybox.clock import DAY_MS
from pantrybox.inventory.model import StockLine
from pantrybox.inventory.questions import Answered, Question, Watch, question
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.visibility import READABLE

Answer = Literal["right", "gone", "count", "later"]
"""What is shown is right; there is none; there are so many; not now."""


class Circumstances(msgspec.Struct, frozen=True):
    """What a question hangs on, beside the stock."""

    watches: list[Watch]
    """One for each place that a camera looks at and has shown lately."""
    answers: list[Answered]
    """Of the last day."""

    @property
    def by_place(self) -> dict[int, Watch]:
        return {watch.place_id: watch for watch in self.watches}


# Among the ten newest of a camera: where all of those are dark, its view says nothing now. With max(), SQLite takes the
# other columns from the row that has it.
_WATCHES = """
        WITH views AS (
            SELECT id AS place_id, device_id FROM places WHERE device_id IS NOT NULL
            UNION
            SELECT place_id, device_id FROM zones WHERE until_observation_id IS NULL
        )
        SELECT views.place_id, max(captured_at_ms) AS captured_at_ms, iif(image_path IS NULL, NULL, captures.id) AS id
        FROM views
        JOIN devices ON devices.id = views.device_id AND deleted_at_ms IS NULL
        JOIN captures ON seq = (
            SELECT seq
            FROM (
                SELECT seq, scene_confidence, received_at_ms
                FROM captures AS newest
                LEFT JOIN observations ON observations.id = observation_id
                WHERE newest.device_id = views.device_id
                ORDER BY received_at_ms DESC
                LIMIT 10
            )
            WHERE scene_confidence >= :readable
            ORDER BY received_at_ms DESC
            LIMIT 1
        )
        GROUP BY views.place_id
"""
_CIRCUMSTANCES = f"""
        SELECT json_object(
            'watches', (
                SELECT json_group_array(json_object(
                    'place_id', place_id, 'captured_at_ms', captured_at_ms, 'capture_id', id
                ))
                FROM ({_WATCHES})
            ),
            'answers', (
                SELECT json_group_array(json_object(
                    'item_id', item_id, 'place_id', place_id, 'answered_at_ms', answered_at_ms
                ))
                FROM questions
                WHERE answered_at_ms BETWEEN :now_ms - :day_ms AND :now_ms + :day_ms
            )
        )
"""  # noqa: S608 - constant texts


def circumstances(reader: Reader, now_ms: int) -> Circumstances:
    """In one statement."""
    parameters = {"readable": READABLE, "now_ms": now_ms, "day_ms": DAY_MS}
    return msgspec.json.decode(reader.value(str, _CIRCUMSTANCES, parameters), type=Circumstances)


def asked(reader: Reader, stock: Sequence[StockLine], now_ms: int) -> Question | None:
    """What is asked now; None for nothing."""
    known = circumstances(reader, now_ms)
    return question(stock, known.by_place, known.answers, now_ms)


def record(writer: Writer, line: StockLine, answer: Answer, count: int | None, by: str) -> int:
    """Write down what was answered about a line as it stands; its id. `count` is None when it was put off."""
    return writer.insert(
        """
        INSERT INTO questions (item_id, place_id, shown_count, confidence, answer, count, answered_by, answered_at_ms)
        VALUES (:item_id, :place_id, :shown_count, :confidence, :answer, :count, :by, :now_ms)
        """,
        {
            "item_id": line.item_id,
            "place_id": line.place_id,
            "shown_count": line.shown_count,
            "confidence": line.confidence,
            "answer": answer,
            "count": count,
            "by": by,
            "now_ms": writer.now_ms,
        },
    )
