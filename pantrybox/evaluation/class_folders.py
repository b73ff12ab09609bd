"""Pictures of one thing each, sorted into folders: the folder's name is what the thing is."""

from collections import Counter, defaultdict
from pathlib import PurePosixPath

from pantrybox.evaluation.files import Files
from pantrybox.evaluation.labels import label_name
from pantrybox.evaluation.model import PARTS, Label, LabelledFolder, LeftOut, Part, Photograph, parted

_LEAST_CLASSES = 2


def read_class_folders(files: Files, unread: list[LeftOut]) -> LabelledFolder | None:
    """None when the pictures do not lie in two folders or more.

    Where there are folders called train and test (or val), the classes are below these, and what
    lies in others is left alone.
    """
    del unread  # there are no label files that could be broken
    found: dict[Part | None, list[tuple[PurePosixPath, PurePosixPath]]] = defaultdict(list)
    for path in files.pictures:
        name = PurePosixPath(files.name(path))
        part, where = _sorted_into(name.parts[:-1])
        found[part].append((name, where))
    if "teach" in found and ("test" in found or "check" in found):
        found.pop(None, None)
    shown = _shown([{where for _, where in names if where.name} for names in found.values()])
    if len(set(shown.values())) < _LEAST_CLASSES:
        return None
    photographs = tuple(
        Photograph(files.folder / name, str(name), (Label(shown[where], None),), part=part)
        for part, names in found.items()
        for name, where in names
        if where in shown
    )
    return LabelledFolder("classes", parted(tuple(sorted(photographs, key=lambda photograph: photograph.name))))


def _sorted_into(folders: tuple[str, ...]) -> tuple[Part | None, PurePosixPath]:
    for depth, folder in enumerate(folders):
        part = PARTS.get(folder.lower())
        if part is not None:
            return part, PurePosixPath(*folders[depth + 1 :])
    return None, PurePosixPath(*folders)


def _shown(parts: list[set[PurePosixPath]]) -> dict[PurePosixPath, str | None]:
    """The deepest folder's name; the whole way to it where two deepest ones of a part are called the same.

    Two parts may sort one class into different folders: that is one class all the same.
    """
    several = {name for part in parts for name, count in Counter(where.name for where in part).items() if count > 1}
    return {where: label_name(str(where) if where.name in several else where.name) for part in parts for where in part}
