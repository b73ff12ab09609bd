"""What is printed on things, as a second witness beside how they look. Empty where labels are not read."""

import math
from collections.abc import Sequence

import msgspec

from pantrybox.inventory import items
from pantrybox.inventory.observations import MOST_DETECTIONS
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.recognition import GIVEN, Recognition, Suggestion
from pantrybox.vision.wording import evidence

_MOST_TAUGHT = 5
"""Labels of one item that are compared with, newest first."""
_LEAST_CHANCE = 1e-4


def keep(writer: Writer, observation_id: int, texts: Sequence[str]) -> None:
    """By rank; "" for a detection without print."""
    writer.execute_many(
        "INSERT INTO label_texts (detection_id, text) VALUES (:id, :text)",
        [
            {"id": MOST_DETECTIONS * observation_id + rank, "text": text}
            for rank, text in enumerate(texts[:MOST_DETECTIONS])
            if text
        ],
    )


class _Text(msgspec.Struct):
    detection_id: int
    text: str


def of_observation(reader: Reader, observation_id: int) -> dict[int, str]:
    """By the detection's id."""
    rows = reader.rows(
        _Text,
        "SELECT detection_id, text FROM label_texts WHERE detection_id BETWEEN :first AND :last",
        {"first": MOST_DETECTIONS * observation_id, "last": MOST_DETECTIONS * (observation_id + 1) - 1},
    )
    return {row.detection_id: row.text for row in rows}


class Witness:
    """Tells look-alikes apart by their print; each item's words are read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[int, tuple[str, str]] = {}

    def heard(self, recognition: Recognition | None, text: str) -> Recognition | None:
        """The same crop, when `text` is printed on it: a label speaks for or against, and never alone."""
        if recognition is None or not text or not recognition.suggestions:
            return recognition
        names, taught = zip(*(self._words_of(one.item_id) for one in recognition.suggestions), strict=True)
        said = evidence(text, names, taught)
        moved = [
            Suggestion(one.item_id, _moved(one.confidence, odds))
            for one, odds in zip(recognition.suggestions, said, strict=True)
        ]
        moved.sort(key=lambda one: -one.confidence)
        best = moved[0]
        given = best.item_id if best.confidence >= GIVEN else None
        return Recognition(given, best.confidence, tuple(moved), recognition.barred)

    def _words_of(self, item_id: int) -> tuple[str, str]:
        """An item's name, and what was read on its taught crops."""
        if item_id not in self._known:
            item = items.item_by_id(self._reader, item_id)
            self._known[item_id] = (item.canonical_name if item else "", _taught_text(self._reader, item_id))
        return self._known[item_id]


def _taught_text(reader: Reader, item_id: int) -> str:
    rows = reader.rows(
        _Text,
        """
        SELECT label_texts.detection_id, text
        FROM examples
        JOIN label_texts ON label_texts.detection_id = examples.detection_id
        WHERE item_id = :item_id AND positive AND taken_back_at_ms IS NULL
        ORDER BY examples.id DESC
        LIMIT :most
        """,
        {"item_id": item_id, "most": _MOST_TAUGHT},
    )
    return " ".join(row.text for row in rows)


def _moved(chance: float, log_odds: float) -> float:
    certain = min(1 - _LEAST_CHANCE, max(_LEAST_CHANCE, chance))
    return 1 / (1 + math.exp(-(math.log(certain / (1 - certain)) + log_odds)))
