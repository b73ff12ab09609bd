"""What each box of a photograph may be: by the examples that stand now, whatever it counts as."""

import msgspec

from pantrybox.inventory import items, observations
from pantrybox.inventory.observations import SeenBox
from pantrybox.storage.database import Reader
from pantrybox.teaching import labels, vectors
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.labels import Witness
from pantrybox.teaching.seeing import recognised

MOST = 3
LEAST_WORD = 0.2
"""A model's own word is worth offering from here on."""


class Suggested(msgspec.Struct, frozen=True):
    item_name: str
    confidence: float


class Offered(msgspec.Struct, frozen=True):
    """A detection with what it may be."""

    seen: SeenBox
    suggestions: list[Suggested]
    """At most three, best first; what people said it is not is not among them."""

    @property
    def confidence(self) -> float:
        """That it is what it counts as; for one that does not count, that it is the first suggestion."""
        if self.seen.item_id is not None or not self.suggestions:
            return self.seen.confidence
        return self.suggestions[0].confidence


def offered(reader: Reader, galleries: Galleries, observation_id: int, device_id: str) -> list[Offered]:
    """Every detection of an observation, best first."""
    boxes = observations.detections_of(reader, observation_id)
    kept = vectors.of_observation(reader, observation_id, galleries.embedder)
    by_box = [kept[box.rank] if box.rank < len(kept) else None for box in boxes]
    gallery = galleries.current(reader)
    known = recognised(gallery, by_box, [box.box for box in boxes], device_id)
    texts, witness = labels.of_observation(reader, observation_id), Witness(reader)
    names: dict[int, str] = {}
    found: list[Offered] = []
    for box, by_looks in zip(boxes, known, strict=True):
        recognition = witness.heard(by_looks, texts.get(box.id, ""))
        suggestions = [
            Suggested(_name(reader, names, suggestion.item_id), suggestion.confidence)
            for suggestion in (recognition.suggestions if recognition else ())
        ]
        denied = bool(recognition and None in recognition.barred)
        if not denied and len(suggestions) < MOST and box.label and box.label_score >= LEAST_WORD:
            suggestions = _with_word(suggestions, Suggested(box.label, box.label_score))
        found.append(Offered(box, suggestions))
    return found


def _with_word(suggestions: list[Suggested], word: Suggested) -> list[Suggested]:
    """A model's own word stands behind what examples say."""
    known = {suggestion.item_name.casefold() for suggestion in suggestions}
    return suggestions if word.item_name.casefold() in known else [*suggestions, word]


def _name(reader: Reader, names: dict[int, str], item_id: int) -> str:
    if item_id not in names:
        item = items.item_by_id(reader, item_id)
        names[item_id] = item.canonical_name if item else ""
    return names[item_id]
