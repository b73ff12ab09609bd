"""Labels as COCO writes them: one JSON file with `images`, `annotations` and `categories` for many pictures.

The format: https://cocodataset.org/#format-data. A `bbox` is [left, top, width, height] in pixels.
"""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec

from pantrybox.evaluation.files import Files, Pictures
from pantrybox.evaluation.labels import edges_of, label_name, size_of
from pantrybox.evaluation.model import Label, LabelledFolder, LeftOut, Photograph, part_of, parted

MAX_BYTES = 1_000_000_000


class _File(msgspec.Struct):
    """What every COCO file for finding things has."""

    images: list[Any]
    annotations: list[Any]
    categories: list[Any]


def read_coco(files: Files, unread: list[LeftOut]) -> LabelledFolder | None:
    """None when no JSON file in the folder is one of COCO's; `unread` gets those that are no JSON at all."""
    reading = _Reading(files)
    for path in files.json:
        reading.read(path)
    if not reading.found:
        unread += reading.left_out
        return None
    photographs = parted(tuple(sorted(reading.photographs.values(), key=lambda photograph: photograph.name)))
    return LabelledFolder("coco", photographs, tuple(reading.left_out), dict(reading.flaws))


class _Reading:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._pictures = Pictures(files)
        self.found = False
        self.photographs: dict[Path, Photograph] = {}
        self.left_out: list[LeftOut] = []
        self.flaws: Counter[str] = Counter()

    def read(self, path: Path) -> None:
        try:
            coco = _decoded(path)
        except (OSError, ValueError, RecursionError) as error:
            self.left_out.append(LeftOut(self._files.name(path), f"The file cannot be read: {error}."))
            return
        if coco is None:
            return
        self.found = True
        labels = self._labels(coco)
        for image in _entries(coco.images):
            self._take(path, image, labels.pop(_key(image.get("id")), []))
        self.flaws["of a picture that is not listed"] += sum(map(len, labels.values()))

    def _labels(self, coco: _File) -> dict[Any, list[Label]]:
        names = {_key(category.get("id")): label_name(category.get("name")) for category in _entries(coco.categories)}
        labels: dict[str, list[Label]] = defaultdict(list)
        for annotation in _entries(coco.annotations):
            edges = _edges(annotation.get("bbox"))
            if edges is None:
                self.flaws["without a box"] += 1
                continue
            crowd, ignored = annotation.get("iscrowd"), annotation.get("ignore")
            kind = "crowd" if crowd else "difficult" if ignored else "thing"
            name = names.get(_key(annotation.get("category_id")))
            labels[_key(annotation.get("image_id"))].append(Label(name, edges, kind))
        return labels

    def _take(self, path: Path, image: dict[str, Any], labels: list[Label]) -> None:
        called = str(image.get("file_name", ""))
        picture = self._pictures.called(called, path)
        if picture is None:
            self.left_out.append(LeftOut(called, f"{path.name} names it, and it is not in the folder."))
            return
        if picture in self.photographs:
            self.left_out.append(LeftOut(self._files.name(picture), f"It is labelled again in {path.name}."))
            return
        size = size_of(image.get("width"), image.get("height"))
        name = self._files.name(picture)
        part = part_of(path.stem, *reversed(name.split("/")[:-1]))
        self.photographs[picture] = Photograph(picture, name, tuple(labels), size, part)


def _decoded(path: Path) -> _File | None:
    """None when it is JSON of another kind."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    # The standard library's reader, since programs that write COCO write NaN, which is no JSON.
    content: Any = json.loads(path.read_bytes())
    try:
        return msgspec.convert(content, _File)
    except msgspec.ValidationError:
        return None


def _entries(those: list[Any]) -> list[dict[str, Any]]:
    return [entry for entry in those if isinstance(entry, dict)]


def _key(value: Any) -> str:
    """Ids are numbers or words; one that is neither is still the same as itself."""
    return repr(value)


def _edges(bbox: Any) -> tuple[float, float, float, float] | None:
    edges = edges_of(bbox)
    if edges is None:
        return None
    left, top, width, height = edges
    return left, top, left + width, top + height
