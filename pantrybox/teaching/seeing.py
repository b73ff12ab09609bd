"""Name what was just seen, or was seen before: gather the evidence about a photograph, and apply the rules."""

from collections.abc import Sequence

import msgspec

from pantrybox.captures.model import Capture
from pantrybox.devices import queries as devices
from pantrybox.devices.seeing import Polygon, Seeing, masked
from pantrybox.inventory import items
from pantrybox.inventory.observations import Named, Naming, SeenBox
from pantrybox.storage.database import Reader, Writer
from pantrybox.teaching import examples, labels, products, vectors
from pantrybox.teaching.examples import Taught
from pantrybox.teaching.gallery import Galleries
from pantrybox.teaching.labels import Witness
from pantrybox.teaching.naming import SAME_BOX_IOU, Evidence, Resolve, Rules, evidence_about, named
from pantrybox.teaching.vectors import Vectors
from pantrybox.vision.model import Barcode, Box, Crop, Detection, Sight
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.recognition import Gallery, Recognition

PRINTED_SCORE = 0.4
"""What is printed largest on a stranger is a good first name to offer, and not sure enough to stand in the stock."""


class Seen(msgspec.Struct, frozen=True):
    """A sight with its names, ready to be folded and kept."""

    named: Named
    vectors: Vectors
    """Beside them."""
    texts: list[str]
    """Beside them."""
    counted: float


class _Found(msgspec.Struct, frozen=True):
    detection: Detection
    vector: bytes | None
    text: str = ""
    """What is printed on it."""


class Gathered(msgspec.Struct, frozen=True):
    """All that is known about what was just found in a photograph, best first."""

    found: list[_Found]
    evidence: list[Evidence]
    rules: Rules


def name_sight(writer: Writer, galleries: Galleries, capture: Capture, sight: Sight, asked: Sequence[Box]) -> Seen:
    """What the things in a photograph are, by all that is known now. `asked`: the boxes of `sight.also`."""
    gallery = galleries.current(writer)
    # Another embedder may have been put in force meanwhile: its gallery says nothing about these vectors.
    comparable = sight.embedder == galleries.embedder
    known = gathered(writer, gallery, capture, sight, asked, comparable=comparable)
    namings = named(known.evidence, known.rules, lambda name: _generic_item(writer, gallery, name))
    return Seen(
        named=[(one.detection, naming) for one, naming in zip(known.found, namings, strict=True)],
        vectors=[one.vector for one in known.found],
        texts=[one.text for one in known.found],
        counted=known.rules.counted,
    )


def gathered(
    reader: Reader, gallery: Gallery, capture: Capture, sight: Sight, asked: Sequence[Box], *, comparable: bool = True
) -> Gathered:
    """`comparable`: whether the gallery's vectors are of the embedder that looked."""
    seeing, taught = devices.seeing(reader, capture.device_id), examples.of_capture(reader, capture.id)
    found = [_found(one, crop) for one, crop in zip(sight.detections, sight.crops, strict=True)]
    likenesses = _likenesses(gallery, sight, asked, capture.device_id) if comparable else []
    for missed in (*likenesses, *_spoken_of_here(reader, taught, sight.embedder)):
        if not any(missed.detection.box.iou(other.detection.box) >= SAME_BOX_IOU for other in found):
            found.append(missed)
    found.sort(key=lambda one: -one.detection.score)  # as they will be read when they are named again
    detections = [one.detection for one in found]
    usable = [one.vector if comparable else None for one in found]
    by_looks = recognised(gallery, usable, [one.box for one in detections], capture.device_id)
    witness = Witness(reader)
    recognitions = [witness.heard(known, one.text) for one, known in zip(found, by_looks, strict=True)]
    codes = _items_of_codes(reader, sight.barcodes)
    hidden = [_masked(one.box, seeing.masks) for one in detections]
    return Gathered(found, evidence_about(detections, recognitions, taught, codes, hidden), rules_of(seeing))


def keep(writer: Writer, observation_id: int, sight: Sight, seen: Seen) -> None:
    """What is needed to name it again later."""
    vectors.keep(writer, observation_id, sight.embedder, seen.vectors)
    labels.keep(writer, observation_id, seen.texts)
    products.keep_seen(writer, observation_id, sight.barcodes)


def name_again(
    reader: Reader, gallery: Gallery, boxes: Sequence[SeenBox], kept: Vectors, about: "Kept", resolve: Resolve
) -> list[Naming]:
    """What detections that were seen before are, by all that is known now."""
    by_rank = [kept[box.rank] if box.rank < len(kept) else None for box in boxes]
    texts, witness = labels.of_observation(reader, about.observation_id), Witness(reader)
    known = recognised(gallery, by_rank, [box.box for box in boxes], about.device_id)
    recognitions = [witness.heard(one, texts.get(box.id, "")) for box, one in zip(boxes, known, strict=True)]
    evidence = evidence_about(
        [box.detection for box in boxes],
        recognitions,
        examples.of_capture(reader, about.capture_id),
        [(code.box, code.item_id) for code in products.seen_in(reader, about.observation_id) if code.item_id],
        [box.source == "masked" for box in boxes],
    )
    counted = about.counted if about.counted is not None else rules_of(devices.seeing(reader, about.device_id)).counted
    return named(evidence, Rules(counted), resolve)


class Kept(msgspec.Struct, frozen=True):
    """An observation whose vectors are kept."""

    observation_id: int
    capture_id: str
    device_id: str
    counted: float | None
    folded: bool
    vectors: bytes


def rules_of(seeing: Seeing) -> Rules:
    return Rules(seeing.counted or COUNTED_SCORE)


def _masked(box: Box, masks: Sequence[Polygon]) -> bool:
    """Decided when a photograph is looked at, and never again: a mask that is drawn later says nothing about it."""
    return masked((box.left + box.right) / 2, (box.top + box.bottom) / 2, masks)


def recognised(
    gallery: Gallery, vectors: Sequence[bytes | None], boxes: Sequence[Box], device_id: str
) -> list[Recognition | None]:
    """By the examples of a gallery; None for a crop without a vector."""
    asked = [(rank, vector) for rank, vector in enumerate(vectors) if vector is not None]
    answers = gallery.recognise([vector for _, vector in asked], [boxes[rank] for rank, _ in asked], device_id)
    known: list[Recognition | None] = [None] * len(vectors)
    for (rank, _), answer in zip(asked, answers, strict=True):
        known[rank] = answer
    return known


def _found(found: Detection, crop: Crop | None) -> _Found:
    if crop is None:
        return _Found(found, None)
    return _Found(_with_best_word(found, crop), crop.vector, crop.text)


def _with_best_word(found: Detection, crop: Crop) -> Detection:
    """Several models offer a first name; the surest one's is kept."""
    if crop.printed_name is not None and max(found.label_score, crop.label_score) < PRINTED_SCORE:
        return msgspec.structs.replace(found, label=crop.printed_name, label_score=PRINTED_SCORE)
    if crop.label is None or crop.label_score <= found.label_score:
        return found
    return msgspec.structs.replace(found, label=crop.label, label_score=crop.label_score)


def _likenesses(gallery: Gallery, sight: Sight, asked: Sequence[Box], device_id: str) -> list[_Found]:
    """Where a person once drew what the detector misses, and something like it stands again."""
    crops = [crop.vector for crop in sight.also]
    return [
        _Found(Detection(box, known.confidence, "", 0.0), crop.vector, crop.text)
        for box, crop, known in zip(asked, sight.also, gallery.recognise(crops, asked, device_id), strict=True)
        if known.item_id is not None
    ]


def _spoken_of_here(reader: Reader, taught: Sequence[Taught], embedder: str) -> list[_Found]:
    """What a person named in this very photograph is there, whether or not another look finds it."""
    embedder_id = vectors.embedder_id(reader, embedder) or 0
    return [
        _Found(Detection(one.box, 0.0, "", 0.0), examples.vector_of(reader, one.id, embedder_id))
        for one in taught
        if one.positive
    ]


def _items_of_codes(reader: Reader, barcodes: Sequence[Barcode]) -> list[tuple[Box, int]]:
    known = [(barcode.box, products.by_code(reader, barcode.code)) for barcode in barcodes]
    return [(box, product.item_id) for box, product in known if product is not None]


def _generic_item(writer: Writer, gallery: Gallery, name: str) -> int | None:
    """Once somebody taught an item, only its examples give its name."""
    item_id = items.item_called(writer, name, generic=True)
    return None if item_id in gallery.items else item_id


class Words:
    """The items of models' own words, each looked up once; for looks at many photographs."""

    def __init__(self, reader: Reader, gallery: Gallery) -> None:
        self._reader = reader
        self.gallery = gallery
        self._known: dict[str, int | None] = {}
        self.unheard: set[str] = set()
        """Words for which there is no item yet."""

    def __call__(self, name: str) -> int | None:
        """Once somebody taught an item, only its examples give its name."""
        if name not in self._known:
            item = items.item_named(self._reader, name)
            if item is None:
                self.unheard.add(name)
            self._known[name] = None if item is None or item.id in self.gallery.items else item.id
        return self._known[name]
