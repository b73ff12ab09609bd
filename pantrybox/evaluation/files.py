"""What lies in a folder, and which picture a label file means."""

import os
from collections import defaultdict
from pathlib import Path, PurePosixPath

import msgspec

from pantrybox.evaluation.model import Part, part_of

_PICTURES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic"})
"""More than can be decoded: a picture that cannot be read is named, not overlooked."""


class Files(msgspec.Struct, frozen=True):
    """All files of a folder, by name; hidden ones are not among them."""

    folder: Path
    pictures: tuple[Path, ...]
    json: tuple[Path, ...]
    xml: tuple[Path, ...]

    def name(self, path: Path) -> str:
        """Within the folder, with `/` between."""
        return path.relative_to(self.folder).as_posix()


def files_below(folder: Path) -> Files:
    """Links to folders are not followed."""
    found: dict[str, list[Path]] = defaultdict(list)
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(where, name)
                found["picture" if path.suffix.lower() in _PICTURES else path.suffix.lower()].append(path)
    return Files(folder, tuple(found["picture"]), tuple(found[".json"]), tuple(found[".xml"]))


class Pictures:
    """Finds a picture by what a label file calls it. Only pictures that lie in the folder are ever found."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known = frozenset(files.pictures)
        self._by_file: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for path in files.pictures:
            self._by_file[path.name].append(path)
            self._by_stem[path.stem].append(path)

    def called(self, name: str, label_file: Path) -> Path | None:
        """The picture `name`, given beside `label_file`; None when there is none, or several and no telling which."""
        wanted = PurePosixPath(name.replace("\\", "/"))
        for place in (label_file.parent, label_file.parent / "images", self._files.folder):
            path = place / wanted
            if path in self._known:
                return path
        return self._likeliest(self._by_file[wanted.name], wanted, label_file)

    def beside(self, label_file: Path) -> Path | None:
        """The picture whose name differs from the label file's in the ending only."""
        stem = PurePosixPath(label_file.stem)
        return self._likeliest(self._by_stem[label_file.stem], stem, label_file)

    def _likeliest(self, paths: list[Path], wanted: PurePosixPath, label_file: Path) -> Path | None:
        ranked = sorted(((self._kinship(path, wanted, label_file), path) for path in paths), reverse=True)
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][1]

    def _kinship(self, path: Path, wanted: PurePosixPath, label_file: Path) -> tuple[bool, ...]:
        return (
            path.parent == label_file.parent,
            path.parts[-len(wanted.parts) :] == wanted.parts,
            self._part(path) == self._part(label_file),
            path.parent.parent == label_file.parent.parent,
        )

    def _part(self, path: Path) -> Part | None:
        return part_of(*reversed(path.relative_to(self._files.folder).with_suffix("").parts))
