"""Small labelled folders, written as the programs that label pictures write them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

SIZE = (320, 240)
Marked = Sequence[tuple[str, tuple[int, int, int, int]]]
"""(name, (left, top, right, bottom) in pixels)"""


def draw_picture(path: Path, marked: Marked = (), colours: Mapping[str, str] | None = None) -> Path:
    """A grey picture with a coloured rectangle in each marked place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", SIZE, "#808080")
    for name, (left, top, right, bottom) in marked:
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), (colours or {}).get(name, "red"))
    image.save(path, quality=95)
    return path


def coco(marked: Mapping[str, Marked], **changes: Any) -> dict[str, Any]:
    """What stands in a COCO file for these pictures, by file name."""
    names = sorted({name for things in marked.values() for name, _ in things})
    return {
        "images": [
            {"id": number, "file_name": file, "width": SIZE[0], "height": SIZE[1]}
            for number, file in enumerate(marked, start=1)
        ],
        "annotations": [
            {
                "id": 100 * number + index,
                "image_id": number,
                "category_id": names.index(name) + 7,
                "bbox": [left, top, right - left, bottom - top],
                "iscrowd": 0,
            }
            for number, things in enumerate(marked.values(), start=1)
            for index, (name, (left, top, right, bottom)) in enumerate(things)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, start=7)],
    } | changes


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def voc(marked: Marked, file: str = "", difficult: Sequence[int] = (), size: tuple[int, int] = SIZE) -> str:
    """What stands in a VOC file for one picture."""
    things = "".join(
        f"<object><name>{name}</name><difficult>{int(number in difficult)}</difficult>"
        f"<bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox>"
        "</object>"
        for number, (name, (left, top, right, bottom)) in enumerate(marked)
    )
    shape = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><filename>{file}</filename>{shape}{things}</annotation>"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
