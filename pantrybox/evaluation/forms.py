"""Labelled folders of three forms, told apart by what lies in them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from pantrybox.evaluation.class_folders import read_class_folders
from pantrybox.evaluation.coco import read_coco
from pantrybox.evaluation.files import Files, files_below
from pantrybox.evaluation.model import Form, LabelledFolder, LeftOut, NotLabelled, one_spelling
from pantrybox.evaluation.voc import read_voc

_READERS: dict[Form, Callable[[Files, list[LeftOut]], LabelledFolder | None]] = {
    "coco": read_coco,
    "voc": read_voc,
    "classes": read_class_folders,
}
_FORMS = (
    "COCO (a JSON file with images, annotations and categories), VOC (an XML file for each picture) "
    "or a folder for each class"
)


def read_labelled(folder: Path, form: Form | None = None) -> LabelledFolder:
    """Every labelled photograph below `folder`. `form` None: the first form that is found there.

    Boxes come before class folders, since labelled pictures lie in folders too. Raises NotLabelled.
    """
    if not folder.is_dir():
        raise NotLabelled(f"There is no folder {folder}.")
    files, unread = files_below(folder), list[LeftOut]()
    for each in (form,) if form else _READERS:
        labelled = _READERS[each](files, unread)
        if labelled is not None:
            return _with_photographs(labelled, folder)
    what = f"labels of the form {form}" if form else "labels"
    raise NotLabelled(f"There are no {what} in {folder}. Three forms are read: {_FORMS}.{_first(unread)}")


def _with_photographs(labelled: LabelledFolder, folder: Path) -> LabelledFolder:
    if labelled.photographs:
        return msgspec.structs.replace(labelled, photographs=one_spelling(labelled.photographs))
    raise NotLabelled(
        f"There are labels in {folder}, and none of the pictures that they are for.{_first(labelled.left_out)}"
    )


def _first(left_out: Sequence[LeftOut]) -> str:
    return f" {left_out[0].file}: {left_out[0].reason}" if left_out else ""
