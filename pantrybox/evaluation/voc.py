"""Labels as Pascal VOC writes them: an XML file for each picture.

The format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/. A `bndbox` holds the first and the last
pixel, counted from 1. What each picture is for stands in ImageSets/Main, one list of names a file.
"""

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from pantrybox.evaluation.files import Files, Pictures
from pantrybox.evaluation.labels import edges_of, label_name, size_of
from pantrybox.evaluation.model import Label, LabelledFolder, LeftOut, Part, Photograph, part_of, parted

MAX_BYTES = 10_000_000
_LISTS: tuple[tuple[str, Part], ...] = (("trainval", "teach"), ("train", "teach"), ("val", "check"), ("test", "test"))


def read_voc(files: Files, unread: list[LeftOut]) -> LabelledFolder | None:
    """None when no XML file in the folder is one of VOC's; `unread` gets those that are no XML at all."""
    reading = _Reading(files)
    for path in files.xml:
        reading.read(path)
    if not reading.found:
        unread += reading.left_out
        return None
    photographs = parted(tuple(sorted(reading.photographs.values(), key=lambda photograph: photograph.name)))
    return LabelledFolder("voc", photographs, tuple(reading.left_out), dict(reading.flaws))


class _Reading:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._pictures = Pictures(files)
        self._parts = _listed_parts(files.folder)
        self.found = False
        self.photographs: dict[Path, Photograph] = {}
        self.left_out: list[LeftOut] = []
        self.flaws: Counter[str] = Counter()

    def read(self, path: Path) -> None:
        try:
            annotation = _root(path)
        except (OSError, ValueError, ElementTree.ParseError) as error:
            self.left_out.append(LeftOut(self._files.name(path), f"The file cannot be read: {error}."))
            return
        if annotation.tag != "annotation":
            return
        self.found = True
        picture = self._pictures.beside(path) or self._pictures.called(annotation.findtext("filename", ""), path)
        if picture is None:
            self.left_out.append(LeftOut(self._files.name(path), "Its picture is not in the folder."))
        elif picture in self.photographs:
            self.left_out.append(LeftOut(self._files.name(picture), f"It is labelled again in {path.name}."))
        else:
            self.photographs[picture] = self._photograph(path, picture, annotation)

    def _photograph(self, path: Path, picture: Path, annotation: ElementTree.Element) -> Photograph:
        name = self._files.name(picture)
        size = size_of(annotation.findtext("size/width"), annotation.findtext("size/height"))
        part = self._parts.get(path.stem) or part_of(*reversed(name.split("/")[:-1]))
        return Photograph(picture, name, tuple(self._labels(annotation)), size, part)

    def _labels(self, annotation: ElementTree.Element) -> list[Label]:
        labels: list[Label] = []
        for thing in annotation.iterfind("object"):
            edges = edges_of([thing.findtext(f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")])
            if edges is None:
                self.flaws["without a box"] += 1
                continue
            left, top, right, bottom = edges
            kind = "difficult" if thing.findtext("difficult", "0").strip() == "1" else "thing"
            labels.append(Label(label_name(thing.findtext("name")), (left - 1, top - 1, right, bottom), kind))
        return labels


def _root(path: Path) -> ElementTree.Element:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    text = path.read_bytes()
    # A few entities that refer to each other fill the memory. No program writes labels with any.
    if b"<!" in text.replace(b"\0", b"").replace(b"<!--", b""):
        raise ValueError("it declares a document type")
    return ElementTree.fromstring(text)  # noqa: S314 - see above


def _listed_parts(folder: Path) -> dict[str, Part]:
    """What the lists in ImageSets/Main say, by the name of the picture without its ending; a later list wins."""
    parts: dict[str, Part] = {}
    for stem, part in _LISTS:
        for path in sorted(folder.rglob(f"ImageSets/Main/{stem}.txt")):
            parts |= {line.split()[0]: part for line in path.read_text(errors="replace").splitlines() if line.strip()}
    return parts
