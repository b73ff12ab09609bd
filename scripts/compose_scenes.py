"""Composed scenes: things of known outline on drawn shelves, tables and crates, with their boxes, from a seed.

Things are cut out of the iconic pictures of GroceryStoreDataset (MIT) or built from its training photographs and
plain paint: cartons, cans, jars, bottles, tubs, bags and round things. scripts/train_proposer.py learns from them.
"""

# ruff: noqa: PLR2004 - shapes, sizes and chances are drawn from plain numbers

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
Random = np.random.Generator

SIDE = 416
"""Of a finished scene, whatever its own shape was: the detector stretches its pictures too."""
CANVASES = ((560, 420), (420, 560), (480, 480), (560, 320), (420, 560), (560, 420))
LEAST_VISIBLE, LEAST_PIXELS = 0.3, 7
"""A thing of which less can be seen is neither asked for nor counted as wrong."""


class Scene(NamedTuple):
    pixels: Array
    """RGB, (SIDE, SIDE, 3)."""
    boxes: Array
    """(n, 4) fractions: left, top, right, bottom of what can be seen of each thing."""
    unsure: Array
    """(m, 4): things too hidden or too small to ask for."""


class Sources(NamedTuple):
    """What things are made of; those of held-out products are never mixed with the others."""

    iconic: list[Array]
    packages: list[Array]
    fruit: list[Array]


def held_out(product: str) -> bool:
    return sum(map(ord, product)) % 3 == 0


def sources(dataset: Path, of_held_out: bool, never: set[str]) -> Sources:
    """`never` names the photographs that are labelled by hand, to judge by."""
    root = f"{dataset}/"
    iconic = sorted(str(path) for path in dataset.glob("iconic-images-and-descriptions/*/**/*.jpg"))
    mine = [path for path in iconic if held_out(Path(path).name.split("_Iconic")[0]) == of_held_out]
    listed = [line.split(",")[0].strip() for line in (dataset / "train.txt").read_text().splitlines()]
    train = [name for name in listed if name not in never and held_out(Path(name).name[:-8]) == of_held_out]
    rng = np.random.default_rng(5)
    packages = [name for name in train if "Packages" in name]
    fruit = [name for name in train if "Packages" not in name]
    rng.shuffle(packages)
    rng.shuffle(fruit)
    cut = [cut_out(read(path)) for path in mine]
    return Sources(
        [thing for thing in cut if thing is not None],
        [cv2.resize(read(root + name), (348, 348)) for name in packages[:250]],
        [cv2.resize(read(root + name), (348, 348)) for name in fruit[:200]],
    )


def read(path: str) -> Array:
    return cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)


def between(rng: Random, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def noise(rng: Random, height: int, width: int, grain: float) -> Array:
    """Smooth, mean 0, about 1 strong; `grain` pixels from one random value to the next."""
    rough = rng.standard_normal((max(2, int(height / grain) + 2), max(2, int(width / grain) + 2))).astype(np.float32)
    return cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)


def colour(rng: Random, saturation: float | None = None) -> list[int]:
    hue = rng.integers(0, 180)
    strong = int(255 * (between(rng, 0, 1) if saturation is None else saturation))
    value = rng.integers(50, 255)
    return cv2.cvtColor(np.array([[[hue, strong, value]]], np.uint8), cv2.COLOR_HSV2RGB)[0, 0].astype(int).tolist()


# Things: RGBA, (height, width, 4), no empty margin ----------------------------------------------------------------


def trimmed(thing: Array) -> Array | None:
    """Without its empty margin; None when hardly anything is left."""
    down, across = np.where(thing[..., 3] > 60)
    if len(down) < 50:
        return None
    return np.ascontiguousarray(thing[down.min() : down.max() + 1, across.min() : across.max() + 1])


def cut_out(picture: Array) -> Array | None:
    """The thing before a white background."""
    scale = 420 / max(picture.shape[:2])
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    mask = np.zeros((height + 6, width + 6), np.uint8)
    near = (10,) * 3
    cv2.floodFill(padded, mask, (0, 0), 0, near, near, 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY)
    alpha = cv2.morphologyEx(255 - mask[3:-3, 3:-3], cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(cv2.erode(alpha, np.ones((3, 3), np.uint8)), (3, 3), 0)
    return trimmed(np.dstack([picture, alpha]))


def texture(rng: Random, source: Sources, width: int, height: int) -> Array:
    """What is printed on a package: a piece of a real one, a drawn label, or one colour."""
    kind = rng.random()
    if kind < 0.35 and source.packages:
        printed = piece_of_package(rng, source, width, height)
    elif kind < 0.85:
        printed = drawn_label(rng, source, width, height)
    else:
        printed = np.empty((height, width, 3), np.uint8)
        printed[:] = colour(rng)
    uneven = printed.astype(np.float32) * (1 + 0.05 * noise(rng, height, width, 30)[..., None])
    return uneven.clip(0, 255).astype(np.uint8)


def piece_of_package(rng: Random, source: Sources, width: int, height: int) -> Array:
    """From the middle of a photograph, which a package mostly fills."""
    photograph = source.packages[rng.integers(len(source.packages))]
    whole_height, whole_width = photograph.shape[:2]
    wide, high = int(whole_width * between(rng, 0.2, 0.42)), int(whole_height * between(rng, 0.35, 0.7))
    left = max(0, int(whole_width * 0.5 - wide / 2 + between(rng, -0.06, 0.06) * whole_width))
    top = max(0, int(whole_height * 0.5 - high / 2 + between(rng, -0.08, 0.08) * whole_height))
    return cv2.resize(photograph[top : top + high, left : left + wide], (width, height))


def drawn_label(rng: Random, source: Sources, width: int, height: int) -> Array:
    """Patches, a picture of some product, words and small print: parts of a thing that are no things themselves."""
    label = np.empty((height, width, 3), np.uint8)
    label[:] = colour(rng) if rng.random() < 0.7 else [rng.integers(200, 256)] * 3
    for _ in range(rng.integers(1, 5)):
        x, y = rng.integers(0, width), rng.integers(0, height)
        a, b = int(width * between(rng, 0.1, 0.6)), int(height * between(rng, 0.05, 0.4))
        paint = colour(rng)
        if rng.random() < 0.5:
            cv2.rectangle(label, (x - a, y - b), (x + a, y + b), paint, -1)
        else:
            cv2.ellipse(label, (int(x), int(y)), (a, b + 1), between(rng, 0, 180), 0, 360, paint, -1)
    if rng.random() < 0.5 and source.iconic:
        printed = source.iconic[rng.integers(len(source.iconic))]
        scale = between(rng, 0.35, 0.9) * width / printed.shape[1]
        scale = min(scale, 0.6 * height / printed.shape[0])
        printed = cv2.resize(printed, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        y, x = int(between(rng, 0, height - printed.shape[0])), int(between(rng, 0, width - printed.shape[1]))
        paste(label, printed, x, y)
    for _ in range(rng.integers(1, 7)):
        word = "".join(chr(rng.integers(65, 91)) for _ in range(rng.integers(3, 10)))
        where = (int(between(rng, 0, width * 0.4)), int(between(rng, 0.1, 1) * height))
        face, size = int(rng.integers(0, 5)), between(rng, 0.3, 1.6) * width / 200
        cv2.putText(label, word, where, face, size, colour(rng), int(rng.integers(1, 4)), cv2.LINE_AA)
    if rng.random() < 0.6:
        y = int(between(rng, 0.2, 0.9) * height)
        for line in range(rng.integers(2, 7)):
            end = (int(width * between(rng, 0.5, 0.9)), y + line * 6)
            cv2.line(label, (int(0.12 * width), y + line * 6), end, colour(rng), 1)
    return label


def paste(picture: Array, thing: Array, x: int, y: int) -> tuple[int, int, int, int, Array] | None:
    """Onto the picture, in place; the part that lies within it, as edges and mask, or None."""
    height, width = thing.shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(picture.shape[1], x + width), min(picture.shape[0], y + height)
    if right <= left or bottom <= top:
        return None
    part = thing[top - y : bottom - y, left - x : right - x]
    alpha = part[..., 3:].astype(np.float32) / 255
    under = picture[top:bottom, left:right]
    picture[top:bottom, left:right] = (under * (1 - alpha) + part[..., :3] * alpha).astype(picture.dtype)
    return left, top, right, bottom, part[..., 3] > 100


def carton(rng: Random, source: Sources) -> Array:
    """A box seen a little from the side and from above; some with a gable and a cap."""
    high = int(300 * between(rng, 0.75, 1.2))
    wide = int(high * rng.choice([0.32, 0.4, 0.45, 0.55, 0.7, 1.0, 1.4, 1.8]))
    deep = int(wide * between(rng, 0, 0.7)) if rng.random() < 0.75 else 0
    mirrored = rng.random() < 0.5
    gabled = rng.random() < 0.45 and high > wide * 1.3
    if gabled:
        top = int(high * between(rng, 0.1, 0.2))
    else:
        top = int(wide * between(rng, 0.05, 0.35)) if rng.random() < 0.5 else 0
    skew = int(deep * between(rng, 0, 0.35))
    canvas = np.zeros((high + top + skew + 10, wide + deep + 10, 4), np.uint8)
    front = texture(rng, source, wide, high)
    left, right, up, down = 5, 5 + wide, top + 5, top + 5 + high
    face(canvas, front, [[left, up], [right, up], [right, down], [left, down]], between(rng, 0.85, 1.1))
    if deep:
        side = front if rng.random() < 0.5 else texture(rng, source, max(8, deep), high)
        corners = [[right, up], [right + deep, up + (0 if top else skew)], [right + deep, down - skew], [right, down]]
        face(canvas, cv2.resize(side, (max(8, deep), high)), corners, between(rng, 0.55, 0.85))
    if top:
        lid(rng, canvas, front, (left, right, up, deep, top), gabled=gabled)
    return canvas[:, ::-1].copy() if mirrored else canvas


def lid(rng: Random, canvas: Array, front: Array, at: tuple[int, int, int, int, int], *, gabled: bool) -> None:
    left, right, up, deep, top = at
    wide = right - left
    cover = np.empty((20, 20, 3), np.uint8)
    cover[:] = colour(rng) if rng.random() < 0.5 else front[2, 2]
    shift = int((wide + deep) * between(rng, 0, 0.2)) if gabled else int(deep * 0.5)
    far = right - shift // 2 if gabled else right + deep
    near = right + deep if gabled else right
    corners = [[left + shift, up - top], [far, up - top], [near, up], [left, up]]
    face(canvas, cover, corners, between(rng, 0.8, 1.15))
    if gabled and rng.random() < 0.6:
        radius = int(wide * between(rng, 0.1, 0.2))
        paint = colour(rng) if rng.random() < 0.6 else [240] * 3
        x, y = left + int(wide * between(rng, 0.35, 0.75)), up - top // 2
        bright = [min(255, value + 25) for value in paint]
        flat, flatter = (radius, int(radius * 0.7)), (int(radius * 0.8), int(radius * 0.5))
        cv2.ellipse(canvas, (x, y), flat, 0, 0, 360, (*paint, 255), -1, cv2.LINE_AA)
        cv2.ellipse(canvas, (x, y - 3), flatter, 0, 0, 360, (*bright, 255), -1, cv2.LINE_AA)


def face(canvas: Array, printed: Array, corners: list[list[int]], light: float) -> None:
    """A flat picture onto four corners, from the top left clockwise."""
    height, width = printed.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(flat, np.array(corners, np.float32))
    lit = np.dstack([(printed * light).clip(0, 255).astype(np.uint8), np.full((height, width), 255, np.uint8)])
    warped = cv2.warpPerspective(lit, turn, (canvas.shape[1], canvas.shape[0]))
    mask = warped[..., 3] > 127
    canvas[mask] = warped[mask]


def vessel(rng: Random, source: Sources) -> Array:
    """A can, jar, bottle, tub or glass: a profile turned around its axis, a label around it, light from one side."""
    kind = str(rng.choice(["can", "jar", "bottle", "tub", "bottle", "jar", "glass"]))
    height = int(300 * between(rng, 0.8, 1.2))
    # All are drawn from the generator, so that the choice of one does not shift the others.
    proportions = {
        "can": between(rng, 0.5, 0.9),
        "jar": between(rng, 0.55, 1),
        "bottle": between(rng, 0.24, 0.42),
        "tub": between(rng, 0.8, 1.7),
        "glass": between(rng, 0.5, 0.9),
    }
    width = int(height * proportions[kind])
    radius = profile(rng, kind, height)
    printed = texture(rng, source, max(20, int(width * 1.6)), height).astype(np.float32)
    body = np.array(colour(rng), np.float32)
    cap = np.array(colour(rng) if rng.random() < 0.7 else [235] * 3, np.float32)
    see_through = kind in ("bottle", "jar", "glass") and rng.random() < 0.5
    first, end = (0.0, 1.0) if kind == "can" else (between(rng, 0.3, 0.5), between(rng, 0.7, 0.95))
    across = np.linspace(-1, 1, width)
    bulge = 0.5 * between(rng, 0.03, 0.14) * width / height
    down = np.linspace(0, 1, height)
    labelled = (down > 0.1) if kind == "tub" else (down > first) & (down < end)
    if kind == "glass":
        labelled[:] = False
    inside = np.abs(across)[None] / np.maximum(radius[:, None], 1e-3) <= 1
    turn = np.clip(across[None] / np.maximum(radius[:, None], 1e-3), -1, 1)
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = body
    around = ((np.arcsin(turn) / (np.pi / 2) * 0.5 + 0.5) * (printed.shape[1] - 1)).astype(np.float32)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    picture[labelled] = cv2.remap(printed, around, rows, cv2.INTER_LINEAR)[labelled]
    alpha = np.full((height, width), 255, np.float32)
    if see_through:
        alpha[~labelled] = between(rng, 110, 220)
    capped = down < {"jar": 0.15, "bottle": 0.08, "tub": 0.1}.get(kind, 0)
    picture[capped], alpha[capped] = cap, 255
    light = between(rng, -0.5, 0.5)
    picture *= (0.45 + 0.6 * np.sqrt(np.clip(1 - (turn - light * 0.5) ** 2, 0, 1)))[..., None]
    if rng.random() < 0.8:
        shine = between(rng, 30, 170) * np.exp(-(((turn - light) / between(rng, 0.04, 0.15)) ** 2))
        picture += shine[..., None] * (1 if see_through or kind != "tub" else 0.4)
    standing = rounded(np.dstack([picture.clip(0, 255), np.where(inside, alpha, 0)]), across, int(bulge * height) + 1)
    if rng.random() < 0.7:
        paint = (cap if capped.any() else body) * between(rng, 0.7, 1.15)
        opening = (max(2, int(width / 2 * radius[:3].max())), max(2, int(bulge * height) + 1))
        rgba = (*paint.clip(0, 255).tolist(), 200.0 if see_through else 255.0)
        cv2.ellipse(standing, (width // 2, int(bulge * height) + 2), opening, 0, 0, 360, rgba, -1, cv2.LINE_AA)
    return standing.clip(0, 255).astype(np.uint8)


def profile(rng: Random, kind: str, height: int) -> Array:
    """How wide it is from top to bottom, as parts of its greatest width."""
    down = np.linspace(0, 1, height)
    if kind == "can":
        radius = np.ones(height)
        radius[down < 0.03] = 0.95
        return radius
    if kind == "jar":
        lid_end = between(rng, 0.1, 0.22)
        radius = np.where(down < lid_end, between(rng, 0.8, 1), 1)
        shoulder = (down > lid_end) & (down < lid_end + 0.08)
        radius[shoulder] = np.linspace(0.85, 1, shoulder.sum())
        return radius
    if kind == "bottle":
        cap, neck = between(rng, 0.05, 0.12), between(rng, 0.15, 0.4)
        shoulder, thin = between(rng, 0.05, 0.2), between(rng, 0.3, 0.5)
        at = [0, cap, cap + 0.001, neck, neck + shoulder, 0.97, 1]
        return np.interp(down, at, [thin, thin, thin * 0.9, thin, 1, 1, 0.94])
    if kind == "tub":
        return np.interp(down, [0, 0.1, 0.101, 1], [1, 1, 0.96, between(rng, 0.75, 0.95)])
    return np.interp(down, [0, 1], [1, between(rng, 0.7, 1)])


def rounded(flat: Array, across: Array, depth: int) -> Array:
    """As seen a little from above: edges curve up at both sides by `depth` pixels."""
    height, width = flat.shape[:2]
    padded = np.zeros((height + 2 * depth + 2, width, 4), np.float32)
    padded[depth : depth + height] = flat
    shift = depth * (1 - np.sqrt(1 - across**2))
    rows = np.repeat(np.arange(len(padded), dtype=np.float32)[:, None], width, 1) + shift[None].astype(np.float32)
    columns = np.repeat(np.arange(width, dtype=np.float32)[None], len(padded), 0)
    return cv2.remap(padded, columns, rows, cv2.INTER_LINEAR)


def round_thing(rng: Random, source: Sources) -> Array:
    """Fruit, or nearly: an uneven ellipse, shaded like a ball."""
    height, width = int(220 * between(rng, 0.7, 1.3)), int(220 * between(rng, 0.8, 1.4))
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = (between(rng, -0.06, 0.06) / wave * np.cos(wave * angle + between(rng, 0, 6)) for wave in (2, 3, 4, 5))
    radius = 1 + sum(waves)
    x, y = width / 2 + radius * np.cos(angle) * width * 0.45, height / 2 + radius * np.sin(angle) * height * 0.45
    alpha = np.zeros((height, width), np.uint8)
    cv2.fillPoly(alpha, [np.stack([x, y], 1).astype(np.int32)], 255, cv2.LINE_AA)
    if rng.random() < 0.5 and source.fruit:
        photograph = source.fruit[rng.integers(len(source.fruit))]
        side = int(between(rng, 40, 110))
        left, top = rng.integers(0, photograph.shape[1] - side), rng.integers(0, photograph.shape[0] - side)
        piece = cv2.resize(photograph[top : top + side, left : left + side], (width, height))
        skin = cv2.GaussianBlur(piece, (0, 0), between(rng, 3, 14)).astype(np.float32)
    else:
        skin = np.ones((height, width, 3), np.float32) * np.array(colour(rng, between(rng, 0.4, 1)), np.float32)
        skin *= (1 + 0.08 * noise(rng, height, width, between(rng, 4, 40)))[..., None]
    down, across = np.mgrid[0:height, 0:width]
    light_x, light_y = between(rng, 0.25, 0.75), between(rng, 0.2, 0.45)
    away = np.hypot((across / width - light_x) * 1.2, (down / height - light_y) * 1.2)
    skin *= (1.25 - 0.95 * away**1.3)[..., None]
    if rng.random() < 0.6:
        skin += (between(rng, 20, 120) * np.exp(-((away / between(rng, 0.05, 0.14)) ** 2)))[..., None]
    return np.dstack([skin.clip(0, 255).astype(np.uint8), alpha])


def bag(rng: Random, source: Sources) -> Array:
    high = int(260 * between(rng, 0.7, 1.3))
    wide = int(high * between(rng, 0.55, 1.2))
    crumpled = texture(rng, source, wide, high).astype(np.float32)
    along = np.linspace(0, 1, 12)

    def dents() -> Array:
        return np.array([between(rng, 0, 0.07) for _ in along])

    sides = [(along, dents()), (1 - dents(), along), (1 - along, 1 - dents()), (dents(), 1 - along)]
    outline = np.concatenate([np.stack(side, 1) for side in sides])
    alpha = np.zeros((high, wide), np.uint8)
    cv2.fillPoly(alpha, [(outline * [wide, high]).astype(np.int32)], 255, cv2.LINE_AA)
    crumpled *= (1 + 0.28 * noise(rng, high, wide, between(rng, 15, 50)))[..., None]
    crumpled += (60 * np.clip(noise(rng, high, wide, 25) - 0.9, 0, 2))[..., None]
    if rng.random() < 0.3:
        alpha = (alpha * between(rng, 0.6, 0.9)).astype(np.uint8)
    return np.dstack([crumpled.clip(0, 255).astype(np.uint8), alpha])


def things(seed: int, source: Sources, count: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.30:
            thing = source.iconic[rng.integers(len(source.iconic))]
        elif kind < 0.54:
            thing = carton(rng, source)
        elif kind < 0.78:
            thing = vessel(rng, source)
        else:
            thing = round_thing(rng, source) if kind < 0.9 else bag(rng, source)
        thing = trimmed(thing)
        if thing is not None:
            made.append(cv2.resize(thing, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA))
    return made


def varied(rng: Random, thing: Array, *, much: bool = False) -> Array:
    """The same thing in another light and a little turned; `much`: perhaps mirrored or lying."""
    thing = thing.copy()
    lit = thing[..., :3].astype(np.float32) * between(rng, 0.75, 1.15)
    lit = lit * np.array([between(rng, 0.92, 1.08) for _ in range(3)], np.float32)
    thing[..., :3] = lit.clip(0, 255)
    if rng.random() < 0.5 and much:
        thing = np.ascontiguousarray(thing[:, ::-1])
    angle = between(rng, -4, 4) if rng.random() < 0.8 else between(rng, -25, 25)
    if much and rng.random() < 0.08:
        angle += rng.choice([90, -90])
    return turned(thing, angle) if abs(angle) > 1.5 else thing


def turned(thing: Array, angle: float) -> Array:
    height, width = thing.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    cosine, sine = abs(move[0, 0]), abs(move[0, 1])
    wide, high = int(height * sine + width * cosine) + 2, int(height * cosine + width * sine) + 2
    move[:, 2] += [(wide - width) / 2, (high - height) / 2]
    whole = cv2.warpAffine(thing, move, (wide, high))
    smaller = trimmed(whole)
    return whole if smaller is None else smaller


# Scenes ------------------------------------------------------------------------------------------------------------


class Stage:
    """A background that things are put on, and which pixels each of them shows."""

    def __init__(self, rng: Random, picture: Array) -> None:
        self.picture = picture
        self._rng = rng
        self._owner = np.zeros(picture.shape[:2], np.int16)
        self._areas: list[int] = []

    def put(self, thing: Array, x: float, bottom: float, height: float, light: float = 1.0) -> None:
        width = max(4, int(thing.shape[1] * height / thing.shape[0]))
        high = max(4, int(height))
        thing = cv2.resize(thing, (width, high), interpolation=cv2.INTER_AREA)
        if light != 1:
            thing = thing.copy()
            thing[..., :3] = (thing[..., :3] * light).astype(np.uint8)
        left, top = int(x), int(bottom - high)
        self._shade(thing, left, top)
        placed = paste(self.picture, thing, left, top)
        self._areas.append(int((thing[..., 3] > 100).sum()))
        if placed:
            x0, y0, x1, y1, mask = placed
            self._owner[y0:y1, x0:x1][mask] = len(self._areas)

    def _shade(self, thing: Array, left: int, top: int) -> None:
        height, width = thing.shape[:2]
        soft = max(3, int(width * 0.12)) | 1
        shadow = np.zeros((height + 4 * soft, width + 4 * soft, 4), np.uint8)
        strength = between(self._rng, 0.15, 0.5)
        shadow[2 * soft : 2 * soft + height, 2 * soft : 2 * soft + width, 3] = (thing[..., 3] * strength).astype(
            np.uint8
        )
        shadow[..., 3] = cv2.blur(shadow[..., 3], (soft, soft))
        aside = int(between(self._rng, -0.1, 0.1) * width)
        paste(self.picture, shadow, left - 2 * soft + aside, top - 2 * soft + int(0.05 * height))

    def boxes(self) -> tuple[Array, Array]:
        """Of what can be seen of each thing: those to find, and those too hidden or too small."""
        height, width = self._owner.shape
        clear, unsure = [], []
        for number, area in enumerate(self._areas, 1):
            down, across = np.where(self._owner == number)
            if len(down) < 12:
                continue
            left, right = across.min() / width, (across.max() + 1) / width
            top, bottom = down.min() / height, (down.max() + 1) / height
            small = min((right - left) * SIDE, (bottom - top) * SIDE) < LEAST_PIXELS
            seen = len(down) / max(area, 1) > LEAST_VISIBLE and not small
            (clear if seen else unsure).append([left, top, right, bottom])
        return np.array(clear, np.float32).reshape(-1, 4), np.array(unsure, np.float32).reshape(-1, 4)


def wall(rng: Random, width: int, height: int, source: Sources) -> Array:
    kind = rng.random()
    if kind < 0.16:
        photographs = source.packages if rng.random() < 0.6 else source.fruit
        photograph = photographs[rng.integers(len(photographs))]
        small = cv2.resize(photograph, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(small, (0, 0), between(rng, 1.8, 5))
        blurred = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
        return blurred.astype(np.float32) * between(rng, 0.5, 1.1)
    if kind < 0.6:
        paint = np.array(colour(rng, between(rng, 0, 0.35)), np.float32)
    else:
        white = np.array([between(rng, 150, 250)] * 3, np.float32)
        paint = white * np.array([1, between(rng, 0.95, 1.03), between(rng, 0.9, 1.08)], np.float32)
    painted = np.ones((height, width, 3), np.float32) * paint
    down, across = np.mgrid[0:height, 0:width]
    fall = 1 + between(rng, -0.3, 0.3) * (down / height - 0.5) + between(rng, -0.3, 0.3) * (across / width - 0.5)
    painted *= fall[..., None]
    painted *= (1 + between(rng, 0, 0.05) * noise(rng, height, width, between(rng, 3, 60)))[..., None]
    if rng.random() < 0.15:
        painted[:, :: max(8, int(between(rng, 12, 40)))] *= between(rng, 0.7, 0.95)
    if rng.random() < 0.12:
        step = int(between(rng, 25, 70))
        painted[::step] *= 0.85
        painted[:, ::step] *= 0.85
    return painted


def wood(rng: Random, height: int, width: int) -> Array:
    red = between(rng, 90, 225)
    board = np.ones((height, width, 3), np.float32) * np.array([red, 0, 0], np.float32)
    board[..., 1] = red * between(rng, 0.72, 0.95)
    board[..., 2] = red * between(rng, 0.45, 0.9)
    grain = rng.standard_normal((max(2, height // 3), max(2, width // 90 + 2))).astype(np.float32)
    return board * (1 + 0.1 * cv2.resize(grain, (width, height)))[..., None]


def put_nothings(rng: Random, picture: Array, count: int) -> None:
    """Price tags, posts and reflections: clear shapes that are no things."""
    height, width = picture.shape[:2]
    for _ in range(count):
        kind = rng.random()
        if kind < 0.5:
            wide, high = int(width * between(rng, 0.03, 0.12)), int(height * between(rng, 0.02, 0.06))
            x, y = int(between(rng, 0, width - wide)), int(between(rng, 0, height - high))
            tag = np.empty((high + 1, wide + 1, 3), np.uint8)
            tag[:] = [int(between(rng, 180, 255))] * 3 if rng.random() < 0.7 else [240, 220, 40]
            price = f"{rng.integers(5, 60)}{rng.integers(10, 99)}"
            cv2.putText(tag, price, (2, high - 2), 0, max(0.2, high / 32), (20, 20, 20), 1, cv2.LINE_AA)
            picture[y : y + high + 1, x : x + wide + 1] = tag[: height - y, : width - x]
        elif kind < 0.62:
            x = between(rng, 0, width)
            end = (int(x + between(rng, -0.1, 0.1) * width), height)
            cv2.line(picture, (int(x), 0), end, [between(rng, 60, 250)] * 3, int(between(rng, 2, 16)))
        else:
            x, y = between(rng, 0, width), between(rng, 0, height)
            spot = np.zeros((height, width), np.float32)
            axes = (int(between(rng, 10, 90)), int(between(rng, 5, 60)))
            cv2.ellipse(spot, (int(x), int(y)), axes, between(rng, 0, 180), 0, 360, 1.0, -1)
            soft = int(between(rng, 8, 40))
            picture += (cv2.blur(spot, (soft, soft)) * between(rng, 20, 110))[..., None]


def put_row(
    rng: Random, stage: Stage, stock: list[Array], across: tuple[float, float], bottom: float, tallest: float,
    together: float, behind: float,
) -> None:  # fmt: skip
    """Things side by side; `together`, `behind`: how likely one stands there several times, or before another."""
    start, end = across
    x = start + between(rng, 0, 0.08) * (end - start)
    while x < end:
        thing = stock[rng.integers(len(stock))]
        count = int(rng.integers(1, 6)) if rng.random() < together else 1
        proportion = thing.shape[1] / thing.shape[0]
        high = tallest * between(rng, 0.45, 0.98)
        if proportion > 1.1:
            high = min(high, tallest * 0.7 / proportion + 0.1 * tallest)
        if thing.shape[0] < 300 and proportion > 0.7:
            high *= between(rng, 0.45, 0.9)
        gap = between(rng, -0.12, 0.25) if rng.random() < 0.8 else between(rng, 0.2, 1.2)
        kind = varied(rng, thing, much=True)
        for _ in range(count):
            one = varied(rng, kind) if rng.random() < 0.7 else kind
            size = high * between(rng, 0.96, 1.04)
            wide = one.shape[1] * size / one.shape[0]
            if x > end - 0.3 * wide:
                break
            if behind and rng.random() < behind:
                aside, up = between(rng, -0.3, 0.3) * wide, size * between(rng, 0.04, 0.13)
                stage.put(one, x + aside, bottom - up, size * between(rng, 0.85, 0.96), between(rng, 0.55, 0.85))
            stage.put(one, x, bottom + between(rng, -0.02, 0.02) * tallest, size)
            x += wide * (1 + gap * between(rng, 0.6, 1.2))
        if rng.random() < 0.12:
            x += between(rng, 0.1, 0.35) * (end - start)


def shelves(rng: Random, picture: Array, stock: list[Array]) -> Stage:
    height, width = picture.shape[:2]
    count = int(rng.choice([1, 2, 2, 3, 3, 4, 5]))
    bottoms = np.cumsum([between(rng, 0.8, 1.3) for _ in range(count)])
    bottoms = bottoms / bottoms[-1] * height * between(rng, 0.9, 1.0)
    style = rng.random()
    paint = np.array(colour(rng, between(rng, 0, 0.3)), np.float32)
    thick = height * between(rng, 0.008, 0.04)
    top = 0.0
    for bottom in bottoms:
        put_board(rng, picture, (top, bottom), thick, style, paint)
        top = bottom
    put_nothings(rng, picture, int(rng.integers(0, 10)))
    empty = between(rng, 0, 0.3) if rng.random() < 0.9 else 1
    stage, top = Stage(rng, picture), 0.0
    for bottom in bottoms:
        if rng.random() > empty:
            across = (width * between(rng, -0.05, 0.15), width * between(rng, 0.85, 1.05))
            put_row(rng, stage, stock, across, bottom - 1, (bottom - top) * 0.92, 0.5, between(rng, 0, 0.8))
        top = bottom + thick
    return stage


def put_board(rng: Random, picture: Array, span: tuple[float, float], thick: float, style: float, paint: Array) -> None:
    """The shelf's edge at the end of its span, its shadow below, its depth above, and perhaps wires."""
    height, width = picture.shape[:2]
    edge = int(max(2, thick * between(rng, 0.8, 1.2)))
    y = int(span[1])
    end = min(height, y + edge)
    if y >= height:
        return
    deep = int((span[1] - span[0]) * between(rng, 0.02, 0.2))
    picture[max(0, y - deep) : y] *= between(rng, 0.6, 1.1)
    if style < 0.35:
        picture[y:end] = wood(rng, end - y, width)
    else:
        picture[y:end] = paint * between(rng, 0.8, 1.1) if style < 0.7 else [between(rng, 190, 255)] * 3
    picture[end : min(height, end + int(edge * 2))] *= between(rng, 0.5, 0.9)
    if style > 0.85:
        for x in range(0, width, max(6, int(width * 0.02))):
            cv2.line(picture, (x, y - deep), (x, end), [between(rng, 150, 230)] * 3, 1)


def table(rng: Random, picture: Array, stock: list[Array]) -> Stage:
    height, width = picture.shape[:2]
    horizon = int(height * between(rng, 0.1, 0.55))
    depth = height - horizon
    if rng.random() < 0.6:
        picture[horizon:] = wood(rng, depth, width)
    else:
        paint = np.array(colour(rng, between(rng, 0, 0.4)), np.float32)
        picture[horizon:] = paint * (1 + 0.04 * noise(rng, depth, width, 5))[..., None]
    put_nothings(rng, picture, int(rng.integers(0, 5)))
    stage = Stage(rng, picture)
    count, base = int(rng.integers(2, 16)), height * between(rng, 0.16, 0.5)
    for y in np.sort([between(rng, horizon + 0.05 * depth, height * 1.02) for _ in range(count)]):
        thing = varied(rng, stock[rng.integers(len(stock))], much=True)
        nearness = 0.55 + 0.45 * (y - horizon) / max(1, depth)
        high = base * nearness * between(rng, 0.5, 1.2) * (1 if thing.shape[0] > thing.shape[1] else 0.6)
        stage.put(thing, between(rng, -0.05, 0.9) * width, y, high)
    return stage


def crate(rng: Random, picture: Array, stock: list[Array]) -> Stage:
    height, width = picture.shape[:2]
    stage = Stage(rng, picture)
    left, right = width * between(rng, 0, 0.3), width * between(rng, 0.7, 1)
    top, bottom = height * between(rng, 0, 0.3), height * between(rng, 0.7, 1)
    board = wood(rng, int(bottom) - int(top), int(right) - int(left)) * between(rng, 0.3, 1)
    picture[int(top) : int(bottom), int(left) : int(right)] = board
    thing = stock[0]
    size = max(height * between(rng, 0.09, 0.35), height * 0.07)
    for y in np.arange(top + size * 0.8, bottom + size * 0.3, size * between(rng, 0.5, 0.95)):
        step = size * between(rng, 0.6, 1.0) * max(0.5, thing.shape[1] / thing.shape[0])
        for x in np.arange(left, right - size * 0.5, step):
            if rng.random() < 0.9:
                one = varied(rng, thing, much=True)
                at = (x + between(rng, -0.15, 0.15) * size, y + between(rng, -0.15, 0.15) * size)
                stage.put(one, *at, size * between(rng, 0.85, 1.15), between(rng, 0.8, 1.1))
    return stage


def close_up(rng: Random, picture: Array, stock: list[Array]) -> Stage:
    height, width = picture.shape[:2]
    stage = Stage(rng, picture)
    put_nothings(rng, picture, int(rng.integers(0, 6)))
    if rng.random() < 0.6:
        for bottom in (height * between(rng, 0.25, 0.45), height * between(rng, 0.6, 0.95)):
            put_row(rng, stage, stock, (-10, width), bottom, height * between(rng, 0.15, 0.35), 0.6, 0.3)
        if rng.random() < 0.5:
            stage.picture[:] = cv2.GaussianBlur(stage.picture, (0, 0), between(rng, 0.5, 2.0))
    for _ in range(rng.choice([1, 1, 2, 3])):
        thing = varied(rng, stock[rng.integers(len(stock))], much=True)
        high = min(height * between(rng, 0.5, 1.05), width * thing.shape[0] / thing.shape[1])
        x = between(rng, 0, 0.6) * width
        stage.put(thing, x, height * between(rng, 0.7, 1.1) if rng.random() < 0.6 else (height + high) / 2, high)
    return stage


def photographed(rng: Random, picture: Array) -> Array:
    """What a cheap camera makes of it: uneven light, white balance, gamma, blur, noise, JPEG; (SIDE, SIDE, 3) bytes."""
    height, width = picture.shape[:2]
    down, across = np.mgrid[0:height, 0:width]
    light = 1 + between(rng, -0.35, 0.35) * (across / width - 0.5) + between(rng, -0.35, 0.35) * (down / height - 0.5)
    picture = picture * light[..., None] * np.array([between(rng, 0.85, 1.12), 1, between(rng, 0.8, 1.15)], np.float32)
    picture = 255 * (picture.clip(0, 255) / 255) ** between(rng, 0.7, 1.5) * between(rng, 0.7, 1.1)
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), between(rng, 0.4, 1.5))
    grain = rng.standard_normal(picture.shape).astype(np.float32)
    picture = (picture + grain * between(rng, 0, 9)).clip(0, 255).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 95))])[1]
    return cv2.resize(cv2.imdecode(jpeg, 1)[..., ::-1], (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def scene(seed: int, stock: list[Array], source: Sources) -> Scene:
    rng = np.random.default_rng(seed)
    width, height = CANVASES[rng.integers(len(CANVASES))]
    here = [stock[number] for number in rng.integers(0, len(stock), int(rng.integers(3, 16)))]
    kind = rng.random()
    layouts: tuple[tuple[float, Callable[..., Stage]], ...] = (
        (0.5, shelves),
        (0.68, table),
        (0.82, crate),
        (1, close_up),
    )
    layout = next(made for below, made in layouts if kind < below)
    stage = layout(rng, wall(rng, width, height, source), here)
    clear, unsure = stage.boxes()
    return Scene(photographed(rng, stage.picture), clear, unsure)
