"""What the box would call the things in a photograph after it was taught these examples: by its own recogniser."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pantrybox.evaluation.draws import Draw
from pantrybox.evaluation.looking import Seen
from pantrybox.teaching.naming import Evidence, Rules, named
from pantrybox.vision.model import Box
from pantrybox.vision.recognition import Example, Gallery, Prior, Recognition, Suggestion

_ONE_CAMERA = "camera"


class Offer(msgspec.Struct, frozen=True):
    name: str
    confidence: float


class Answer(msgspec.Struct, frozen=True):
    """What the box says about one box."""

    name: str | None
    """The one that it gives; None for none."""
    confidence: float
    """In the best of what it offers, whether or not that is given."""
    offers: tuple[Offer, ...]
    """Best first."""


class Taught:
    """A box that was taught the first `count` examples of a draw, of all names `but` these."""

    def __init__(
        self,
        draw: Draw,
        count: int,
        seen: Mapping[str, Seen],
        prior: Prior,
        *,
        but: frozenset[str] = frozenset(),
        one_camera: bool = False,
    ) -> None:
        self.names = tuple(name for name in draw.examples if name not in but)
        self._one_camera = one_camera
        self._gallery = Gallery.of(self._examples(draw, count, seen), prior)

    def asked(self, photograph: Seen, vectors: Sequence[bytes], boxes: Sequence[Box]) -> list[Answer]:
        """About boxes that a person drew, in their order."""
        answers = self._gallery.recognise(vectors, boxes, self._camera(photograph.name))
        return [Answer(self._name(one.item_id), one.confidence, self._offers(one.suggestions)) for one in answers]

    def found(self, photograph: Seen, counted_score: float) -> list[Answer]:
        """Beside its detections. A name is given where the box counts the thing in its stock."""
        known = self._known(photograph)
        evidence = [Evidence(*pair) for pair in zip(photograph.detections, known, strict=True)]
        # The models' own names are no items of this set.
        namings = named(evidence, Rules(counted=counted_score), lambda _: None)
        return [
            Answer(self._name(naming.item_id), naming.confidence, self._offers(one.suggestions if one else ()))
            for naming, one in zip(namings, known, strict=True)
        ]

    def _known(self, photograph: Seen) -> list[Recognition | None]:
        """None for detections that the box leaves without a vector until somebody asks."""
        pairs = zip(photograph.found, photograph.detections, strict=True)
        asked = [(vector, detection.box) for vector, detection in pairs if vector is not None]
        vectors, boxes = [vector for vector, _ in asked], [box for _, box in asked]
        answers = iter(self._gallery.recognise(vectors, boxes, self._camera(photograph.name)))
        return [None if vector is None else next(answers) for vector in photograph.found]

    def _examples(self, draw: Draw, count: int, seen: Mapping[str, Seen]) -> list[Example]:
        examples: list[Example] = []
        for item_id, name in enumerate(self.names, start=1):
            for photograph, index in draw.examples[name][:count]:
                vector, box = seen[photograph].vectors[index], seen[photograph].truths[index].box
                if vector is not None:
                    camera = self._camera(photograph)
                    examples.append(Example(len(examples) + 1, item_id, True, vector, camera, box))
        return examples

    def _name(self, item_id: int | None) -> str | None:
        return None if item_id is None else self.names[item_id - 1]

    def _offers(self, suggestions: Iterable[Suggestion]) -> tuple[Offer, ...]:
        return tuple(Offer(self.names[one.item_id - 1], one.confidence) for one in suggestions)

    def _camera(self, photograph: str) -> str:
        # Photographs of several views: that things stood at the same place in them says nothing.
        return _ONE_CAMERA if self._one_camera else photograph


class Crop(msgspec.Struct, frozen=True):
    """A labelled thing that was asked for."""

    name: str
    answer: Answer


def answers(taught: Taught, photographs: Sequence[Seen]) -> list[Crop]:
    """What the box says about every labelled thing that has a vector."""
    crops: list[Crop] = []
    for photograph in photographs:
        pairs = zip(photograph.truths, photograph.vectors, strict=True)
        asked = [(truth, vector) for truth, vector in pairs if vector is not None]
        said = taught.asked(photograph, [vector for _, vector in asked], [truth.box for truth, _ in asked])
        crops += [Crop(truth.name or "", answer) for (truth, _), answer in zip(asked, said, strict=True)]
    return crops
