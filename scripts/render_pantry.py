"""Renders the demo's photographs: one shelf of a pantry over a household's day, and the truth beside them.

Everything is drawn here: shapes are turned, swept or boxed from numbers, labels and wood are painted with Pillow and
numpy, light is traced by Mitsuba. So the pictures belong to nobody else and can be made again from the seed.

    python -m venv /tmp/render && /tmp/render/bin/pip install -r scripts/render_pantry.txt
    /tmp/render/bin/python scripts/render_pantry.py --to pantrybox/demo/photographs
    /tmp/render/bin/python scripts/render_pantry.py --to /tmp/look --only 3 --width 800 --height 600
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import mitsuba as mi
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SEED = 20260
Array = np.ndarray[Any, Any]
Material = dict[str, Any]
Colour = tuple[float, float, float]

# ---------------------------------------------------------------------------------------------------------------- scene
# Metres. x to the right, y into the shelf (0 is its front edge), z up (0 is the lower shelf's top).

SHELF_HEIGHT = {"low": 0.0, "high": 0.365}
CAMERA, TARGET, FIELD_OF_VIEW = (0.0, -1.06, 0.55), (0.0, 0.10, 0.338), 47.5


class Place(NamedTuple):
    """Where a thing stands: metres from the shelf's middle and front edge, and how far it is turned, in degrees."""

    shelf: str
    x: float
    y: float
    turn: float = 0.0


@dataclass(frozen=True)
class Photograph:
    """What happened since the photograph before; places in `put` also move a thing that is already there."""

    seconds: int
    trigger: str
    story: str
    put: dict[str, Place] = field(default_factory=dict)
    take: tuple[str, ...] = ()
    view: str = "clear"


STORY = (
    Photograph(
        0,
        "door",
        "The shelves as the household found them on the first morning.",
        put={
            "oil-1": Place("high", -0.40, 0.14, 18),
            "juice-1": Place("high", -0.29, 0.12, 10),
            "milk-1": Place("high", -0.17, 0.15, 12),
            "cup-1": Place("high", -0.02, 0.12, -20),
            "cup-2": Place("high", 0.15, 0.15, -20),
            "jar-1": Place("high", 0.30, 0.13, -18),
            "jar-2": Place("high", 0.41, 0.14, -12),
            "vase-1": Place("low", -0.40, 0.16),
            "orange-1": Place("low", -0.285, 0.06, 20),
            "orange-2": Place("low", -0.165, 0.06, 200),
            "orange-3": Place("low", -0.045, 0.055, 250),
            "apple-1": Place("low", 0.06, 0.14, 140),
            "apple-2": Place("low", 0.165, 0.065, 210),
            "bowl-1": Place("low", 0.28, 0.19),
            "banana-1": Place("low", 0.42, 0.09),
        },
    ),
    Photograph(1_800, "timer", "Nothing changed."),
    Photograph(
        9_000,
        "door",
        "Two oranges came from the market.",
        put={"orange-4": Place("low", -0.225, 0.19, 280), "orange-5": Place("low", -0.105, 0.20, 310)},
    ),
    Photograph(12_600, "door", "The tomato passata was taken to cook with.", take=("juice-1",)),
    Photograph(12_610, "door", "An arm reaches in before the lens and hides most of the shelves.", view="arm"),
    Photograph(12_640, "door", "One orange and one cup are gone.", take=("orange-2", "cup-2")),
    Photograph(16_200, "timer", "Nothing changed."),
    Photograph(
        19_800,
        "door",
        "A new bottle of passata came and the washed cup is back.",
        put={"juice-2": Place("high", -0.28, 0.13, 12), "cup-2": Place("high", 0.15, 0.20, -15)},
    ),
    Photograph(
        19_830,
        "door",
        "The big stone jar was put on the upper shelf; the cup behind it cannot be seen but is there.",
        put={"vase-1": Place("high", 0.14, 0.09)},
    ),
    Photograph(27_000, "timer", "The light was off; nothing changed.", view="dark"),
    Photograph(
        36_000,
        "door",
        "The stone jar stands below again, so the cup is seen again; the bananas were eaten.",
        put={"vase-1": Place("low", -0.40, 0.16)},
        take=("banana-1",),
    ),
    Photograph(36_020, "door", "The camera shook as the door fell shut; nothing changed.", view="shaken"),
    Photograph(
        43_200,
        "door",
        "Tidied: the bowl and the apples changed places, and one orange is half behind the bowl; nothing came or went.",
        put={
            "bowl-1": Place("low", 0.06, 0.09),
            "orange-3": Place("low", -0.028, 0.185, 250),
            "apple-1": Place("low", 0.2, 0.09, 140),
            "apple-2": Place("low", 0.315, 0.10, 210),
        },
    ),
    Photograph(
        50_400,
        "door",
        "Two apples came and one orange was eaten.",
        put={"apple-3": Place("low", 0.425, 0.085, 170), "apple-4": Place("low", 0.255, 0.23, 190)},
        take=("orange-4",),
    ),
    Photograph(57_600, "door", "The bowl is in use, and the orange behind it is seen whole again.", take=("bowl-1",)),
    Photograph(
        64_800,
        "door",
        "The last oranges and the milk are gone; the bowl is back and new bananas came.",
        put={"bowl-1": Place("low", -0.16, 0.13), "banana-2": Place("low", 0.04, 0.10, -8)},
        take=("orange-1", "orange-3", "orange-5", "milk-1"),
    ),
    Photograph(68_400, "timer", "Nothing changed."),
    Photograph(72_000, "timer", "Nothing changed."),
    Photograph(75_600, "timer", "Nothing changed."),
)

# --------------------------------------------------------------------------------------------------------------- shapes


@dataclass(frozen=True)
class Mesh:
    """Triangles: points [n, 3] in metres, picture coordinates [n, 2] with (0, 0) at the top left, corners [m, 3]."""

    points: Array
    uv: Array
    faces: Array
    flat: bool = False


def grid(points: Array, uv: Array) -> Mesh:
    """The skin over rows x columns of points; a row repeated is a sharp edge, because it shares no triangle."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    distinct = (points[1:] != points[:-1]).any(axis=(1, 2))
    faces = np.stack([np.stack([a, b, c], -1)[distinct], np.stack([a, c, d], -1)[distinct]], 2).reshape(-1, 3)
    return Mesh(points.reshape(-1, 3), uv.reshape(-1, 2), faces)


def lathe(profile: Sequence[tuple[float, float]], sweep: float = 1.0, steps: int = 96) -> Mesh:
    """A profile of (radius, height), bottom first, turned round the z axis; the middle of its picture faces -y."""
    radius, height = np.array(profile).T
    u = np.linspace(0, 1, steps + 1)
    angle = (u - 0.5) * 2 * math.pi * sweep
    x, y = np.outer(radius, np.sin(angle)), np.outer(radius, -np.cos(angle))
    z = np.repeat(height[:, None], steps + 1, 1)
    v = 1 - (z - height.min()) / np.ptp(height)
    return grid(np.stack([x, y, z], -1), np.stack([np.broadcast_to(u, v.shape), v], -1))


def tube(path: Array, radii: Array, steps: int = 32) -> Mesh:
    """A round skin along a path [n, 3] that lies in one plane at a time (no twist is taken out)."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, (0.0, 1.0, 0.02))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(along, side)
    angle = np.linspace(0, 2 * math.pi, steps + 1)[None, :, None]
    points = path[:, None] + radii[:, None, None] * (np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None])
    u, v = np.meshgrid(np.linspace(0, 1, steps + 1), np.linspace(0, 1, len(path)))
    return grid(points, np.stack([u, v], -1))


def box(width: float, depth: float, height: float, metres: float) -> Mesh:
    """A box standing on z = 0 whose picture repeats every so many metres."""
    x, y, z = width / 2, depth / 2, height
    sides = [  # four corners each, from the top left as seen from outside
        [(-x, -y, z), (x, -y, z), (x, -y, 0), (-x, -y, 0)],
        [(x, -y, z), (x, y, z), (x, y, 0), (x, -y, 0)],
        [(x, y, z), (-x, y, z), (-x, y, 0), (x, y, 0)],
        [(-x, y, z), (-x, -y, z), (-x, -y, 0), (-x, y, 0)],
        [(-x, y, z), (x, y, z), (x, -y, z), (-x, -y, z)],
        [(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)],
    ]
    points = np.array(sides)
    across, down = points[:, 1] - points[:, 0], points[:, 3] - points[:, 0]
    uv = np.zeros((6, 4, 2))
    uv[:, 1:3, 0] = np.linalg.norm(across, axis=1, keepdims=True) / metres
    uv[:, 2:4, 1] = np.linalg.norm(down, axis=1, keepdims=True) / metres
    faces = np.array([(4 * i + a, 4 * i + b, 4 * i + c) for i in range(6) for a, b, c in ((0, 3, 2), (0, 2, 1))])
    return Mesh(points.reshape(-1, 3), uv.reshape(-1, 2), faces, flat=True)


def smooth(points: Sequence[tuple[float, ...]], steps: int = 8) -> list[tuple[float, ...]]:
    """The same course through the points with rounded bends (Catmull-Rom)."""
    p = np.array([points[0], *points, points[-1]], float)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    bends = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return [*map(tuple, np.concatenate(bends)), tuple(p[-1])]


def moved(mesh: Mesh, x: float = 0.0, y: float = 0.0, z: float = 0.0, tilt: float = 0.0) -> Mesh:
    """The mesh tilted about the y axis by degrees, then shifted."""
    s, c = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))
    turn = np.array([(c, 0, s), (0, 1, 0), (-s, 0, c)])
    return replace(mesh, points=mesh.points @ turn.T + np.array((x, y, z)))


# ------------------------------------------------------------------------------------------------------------- pictures


def rng(name: str) -> np.random.Generator:
    """Chance that depends on the seed and a name only, so that a picture does not change when another is added."""
    return np.random.default_rng([SEED, *name.encode()])


def clouds(name: str, size: tuple[int, int], cells: tuple[int, int], layers: int = 4) -> Array:
    """Soft noise between 0 and 1, [height, width]; `cells` blots across and down, each layer twice as fine."""
    chance, total = rng(name), np.zeros((size[1], size[0]))
    for layer in range(layers):
        small = chance.random((cells[1] * 2**layer + 2, cells[0] * 2**layer + 2)).astype(np.float32)
        total += np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)) / 2**layer
    return (total - total.min()) / np.ptp(total)


def blend(low: Colour, high: Colour, share: Array) -> Array:
    """Colours between two, [height, width, 3] in 0..255."""
    return np.array(low) + (np.array(high) - np.array(low)) * share[..., None]


def picture(pixels: Array | Image.Image) -> Material:
    """A painted surface's colour for Mitsuba, from 0..255 sRGB."""
    return {"type": "bitmap", "wrap_mode": "mirror", "bitmap": mi.Bitmap(np.clip(pixels, 0, 255).astype(np.uint8))}


def wood(name: str) -> Array:
    """Oiled oak: long fibres and slow rings."""
    fibre = clouds(name + " fibre", (1024, 512), (3, 90), 3)
    rings = 0.5 + 0.5 * np.sin(26 * clouds(name + " rings", (1024, 512), (1, 5), 3))
    return blend((158, 112, 70), (222, 180, 130), np.clip(0.62 * fibre + 0.38 * rings, 0, 1))


def wall() -> Array:
    """Matchboarding painted in a pale grey green: a groove every eighth of the width."""
    x = np.arange(1024) % 128
    groove = np.clip(np.abs(x - 64) - 59, 0, 3) / 3
    paint = blend((203, 205, 184), (216, 217, 196), clouds("paint", (1024, 512), (8, 3), 5))
    return paint * (1 - 0.45 * groove[None, :, None])


def print_label(size: tuple[int, int], ground: str, band: str, title: str, below: str, emblem: str) -> Image.Image:
    """A paper label: three round fruits, a band with the name, and a line below."""
    width, height = size
    label = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(label)
    draw.rectangle((0, height * 0.50, width, height * 0.78), fill=band)
    draw.rectangle((0, height * 0.03, width, height * 0.06), fill=band)
    for right, down, radius in ((-0.12, 0.31, 0.10), (0.12, 0.31, 0.10), (0.0, 0.245, 0.135)):
        x, y, r = width * 0.5 + height * right, height * down, height * radius
        draw.ellipse((x - r, y - r, x + r, y + r), fill=emblem, outline=ground, width=5)
        draw.ellipse((x - r * 0.5, y - r * 0.6, x - r * 0.1, y - r * 0.2), fill="#fff6e6")
    centred(draw, (width / 2, height * 0.64), title, ground, 0.20 * height, width * 0.40)
    centred(draw, (width / 2, height * 0.88), below, band, 0.10 * height, width * 0.40)
    return label


def centred(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, ink: str, tall: float, widest: float
) -> None:
    """Text about a point, no taller and no wider than allowed."""
    font = ImageFont.load_default(tall)
    draw.text(at, text, ink, ImageFont.load_default(tall * min(1, widest / font.getlength(text))), anchor="mm")


# ------------------------------------------------------------------------------------------------------------ materials


def paint(colour: Material | Colour) -> Material:
    return colour if isinstance(colour, dict) else {"type": "rgb", "value": list(colour)}


def matt(colour: Material | Colour) -> Material:
    return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": paint(colour)}}


def glossy(colour: Material | Colour, rough: float = 0.15) -> Material:
    return {
        "type": "twosided",
        "bsdf": {"type": "roughplastic", "diffuse_reflectance": paint(colour), "alpha": rough},
    }


def tin(rough: float = 0.22) -> Material:
    return {"type": "twosided", "bsdf": {"type": "roughconductor", "material": "Al", "alpha": rough}}


# --------------------------------------------------------------------------------------------------------------- things

Part = tuple[Mesh, Material]


def lain(parts: list[Part], lean: float) -> list[Part]:
    """The thing leaning by degrees, still above its place and touching its shelf."""
    parts = [(moved(mesh, tilt=lean), material) for mesh, material in parts]
    low, high = parts[0][0].points.min(axis=0), parts[0][0].points.max(axis=0)
    return [(moved(mesh, x=-(low[0] + high[0]) / 2, z=-low[2]), material) for mesh, material in parts]


def orange(track: str) -> list[Part]:
    angle = np.linspace(0.02, math.pi - 0.02, 48)
    skin = lathe([(0.0400 * math.sin(a), 0.0385 - 0.0380 * math.cos(a)) for a in angle])
    pores = clouds(track + " pores", (1024, 512), (110, 55), 1) - 0.5
    colour = blend((250, 134, 6), (255, 168, 36), np.clip(clouds(track, (1024, 512), (5, 3)) + 0.5 * pores, 0, 1))
    button = lathe([(0.004, 0.0755), (0.003, 0.0772), (0.0001, 0.0772)], steps=12)
    return lain([(skin, glossy(picture(colour), 0.28)), (button, matt((0.16, 0.18, 0.05)))], 35)


def apple(track: str) -> list[Part]:
    profile = [(0.0002, 0.0066), (0.011, 0.0011), (0.023, 0.0033), (0.036, 0.022), (0.0435, 0.046)]
    profile += [(0.0385, 0.067), (0.0253, 0.0775), (0.012, 0.076), (0.0044, 0.068), (0.0002, 0.064)]
    streaks = clouds(track, (1024, 256), (60, 2), 3) * 0.6 + clouds(track + " sun", (1024, 256), (3, 2), 2) * 0.7
    skin = blend((168, 14, 20), (224, 150, 56), np.clip((streaks - 0.62) * 1.6, 0, 1))
    stem = tube(np.array(smooth([(0, 0, 0.062), (0.001, 0, 0.079), (0.0066, 0, 0.092)])), np.full(17, 0.0014), 8)
    return lain([(lathe(smooth(profile)), glossy(picture(skin), 0.12)), (stem, matt((0.12, 0.07, 0.03)))], 20)


def banana(track: str) -> list[Part]:
    """Three fruits of one hand, lying on their backs: counted as one."""
    parts: list[Part] = []
    skin = blend((228, 178, 36), (246, 208, 70), clouds(track, (128, 512), (3, 8)))
    skin[:26] *= 0.35
    skin[-34:] = skin[-34:] * 0.45 + np.array((40, 40, 10))
    for number, lean in enumerate((-0.5, 0.0, 0.55)):
        t = np.linspace(0, 1, 40)
        bend = 2.1 * (t - 0.5)
        x, z = 0.088 * np.sin(bend), 0.105 - 0.088 * np.cos(bend)
        y = lean * 0.034 * np.sin(t * math.pi * 0.75) * 1.6
        radii = 0.0185 * np.clip(np.minimum(t * 9 + 0.28, (1 - t) * 5 + 0.32), 0, 1) ** 0.8
        radii[0] = radii[-1] = 0.0008
        path = np.stack([x, y, z + 0.002 * number], -1)
        parts.append((tube(path, radii, 10), glossy(picture(skin), 0.3)))
    return parts


def bottle(body: Material, cap: Colour, label: Image.Image, tall: float = 0.285) -> list[Part]:
    r, h = 0.0365, tall
    outline = [(0.0001, 0.003), (r * 0.8, 0.003), (r, 0.010), (r, 0.03), (r, 0.10), (r, h * 0.52), (r * 0.97, h * 0.58)]
    outline += [(r * 0.72, h * 0.69), (r * 0.42, h * 0.78), (r * 0.37, h * 0.86), (r * 0.37, h * 0.93)]
    top = [(0.0150, h * 0.89), (0.0152, h * 0.995), (0.0152, h * 0.995), (0.013, h), (0.0001, h)]
    wrap = [(r + 0.0004, 0.035), (r + 0.0004, h * 0.49)]
    return [(lathe(smooth(outline)), body), (lathe(top), glossy(cap, 0.2)), (lathe(wrap, 0.62), matt(picture(label)))]


def oil(track: str) -> list[Part]:
    label = print_label((700, 560), "#efe6cf", "#4b5a24", "OLIVE OIL", "extra virgin  75 cl", "#7c8a35")
    return bottle(glossy((0.030, 0.055, 0.012), 0.06), (0.05, 0.05, 0.05), label)


def juice(track: str) -> list[Part]:
    label = print_label((700, 560), "#fff3da", "#b3261e", "TOMATO", "passata  70 cl", "#d2402c")
    return bottle(glossy((0.42, 0.030, 0.015), 0.06), (0.75, 0.73, 0.68), label, 0.26)


def milk(track: str) -> list[Part]:
    label = print_label((700, 560), "#f4f8fb", "#1f5fa8", "MILK", "whole  1 litre", "#9cc3e6")
    return bottle(glossy((0.78, 0.78, 0.75), 0.2), (0.05, 0.16, 0.45), label, 0.27)


def cup(track: str) -> list[Part]:
    outer = [(0.0001, 0.001), (0.035, 0.001), (0.0390, 0.005), (0.0402, 0.018), (0.0400, 0.056), (0.0412, 0.095)]
    inner = [(0.0412, 0.095), (0.0398, 0.098), (0.0382, 0.095), (0.037, 0.046), (0.031, 0.011), (0.0001, 0.009)]
    turn = np.linspace(-1.75, 1.75, 30)
    ear = np.stack([0.0385 + 0.0255 * np.cos(turn), 0 * turn, 0.052 + 0.029 * np.sin(turn)], -1)
    glaze = glossy((0.52, 0.095, 0.06), 0.1)
    return [
        (lathe(smooth(outer)), glaze),
        (lathe(smooth(inner)), glossy((0.80, 0.78, 0.72), 0.1)),
        (tube(ear, np.full(30, 0.0055), 16), glaze),
    ]


def jar(track: str) -> list[Part]:
    r, h = 0.040, 0.135
    label = print_label((700, 560), "#fbf1dc", "#7a1f3d", "JAM", "strawberry", "#b3263a")
    outline = [(0.0001, 0.002), (0.034, 0.002), (r, 0.010), (r, 0.03), (r, 0.09)]
    outline += [(r * 0.98, 0.104), (r * 0.84, 0.114), (r * 0.82, 0.12)]
    body = (lathe(smooth(outline)), glossy((0.25, 0.015, 0.02), 0.06))
    top = [(r * 0.9, h - 0.020), (r * 0.9, h - 0.002), (r * 0.9, h - 0.002), (r * 0.86, h), (0.0001, h)]
    wrap = [(r + 0.0004, 0.026), (r + 0.0004, 0.088)]
    return [body, (lathe(top), tin(0.3)), (lathe(wrap, 0.6), matt(picture(label)))]


def bowl(track: str) -> list[Part]:
    outer = [(0.0001, 0.004), (0.036, 0.004), (0.038, 0.0), (0.042, 0.001)]
    outer += [(0.046, 0.010), (0.078, 0.040), (0.096, 0.080)]
    inner = [(0.096, 0.080), (0.0945, 0.082), (0.092, 0.080), (0.074, 0.042), (0.044, 0.014), (0.0001, 0.009)]
    blue, cream = glossy((0.10, 0.20, 0.30), 0.12), glossy((0.75, 0.70, 0.60), 0.12)
    return [(lathe(smooth(outer)), blue), (lathe(smooth(inner)), cream)]


def vase(track: str) -> list[Part]:
    outer = [(0.0001, 0.002), (0.045, 0.002), (0.052, 0.008), (0.072, 0.06), (0.078, 0.11), (0.066, 0.165)]
    outer += [(0.044, 0.195), (0.038, 0.215), (0.046, 0.232), (0.0465, 0.236)]
    outer += [(0.043, 0.234), (0.034, 0.215), (0.036, 0.19)]
    speckle = clouds(track, (1024, 512), (160, 80), 2)
    glaze = blend((206, 190, 160), (120, 92, 66), np.clip((speckle - 0.72) * 6, 0, 1))
    glaze[300:] = glaze[300:] * (0.50, 0.36, 0.27)
    return [(lathe(smooth(outer)), glossy(picture(glaze), 0.25))]


# The COCO name the thing goes by, and how it is made.
KINDS: dict[str, tuple[str, Callable[[str], list[Part]]]] = {
    "orange": ("orange", orange),
    "apple": ("apple", apple),
    "banana": ("banana", banana),
    "oil": ("bottle", oil),
    "juice": ("bottle", juice),
    "milk": ("bottle", milk),
    "cup": ("cup", cup),
    "jar": ("bottle", jar),
    "bowl": ("bowl", bowl),
    "vase": ("vase", vase),
}


def furniture() -> Iterator[tuple[str, Mesh, Material]]:
    """Two shelf boards, the board above, the wall, a plinth and two side panels."""
    for name, z in (("bottom", 0.0), ("middle", SHELF_HEIGHT["high"]), ("top", 0.745)):
        yield name, moved(box(1.3, 0.33, 0.026, 0.7), y=0.165, z=z - 0.026), matt(picture(wood(name)))
    yield "wall", moved(box(1.3, 0.01, 0.95, 0.62), y=0.335, z=-0.1), matt(picture(wall()))
    yield "plinth", moved(box(1.3, 0.30, 0.2, 0.7), y=0.165, z=-0.226), matt(picture(wood("plinth") * 0.6))
    for name, x in (("left", -0.535), ("right", 0.535)):
        yield name, moved(box(0.9, 0.33, 0.024, 0.7), tilt=90, x=x, y=0.165, z=0.33), matt(picture(wood(name)))


def arm() -> list[Part]:
    """A sleeve, a forearm and a hand that reach across close before the lens."""
    skin = glossy(picture(blend((198, 134, 106), (224, 168, 140), clouds("skin", (256, 256), (6, 6)))), 0.5)
    cloth = matt(picture(blend((40, 66, 104), (66, 96, 138), clouds("cloth", (512, 512), (90, 90), 2))))
    path = np.array(smooth([(0.17, -0.91, 0.40), (0.07, -0.89, 0.47), (-0.01, -0.86, 0.53), (-0.08, -0.80, 0.575)], 10))
    along = np.linspace(0, 1, len(path))
    arm_radii = np.interp(along, [0, 0.55, 0.66, 0.84, 0.97, 1], [0.050, 0.030, 0.027, 0.036, 0.026, 0.001])
    cuff = np.interp(along[:18], [0, along[16], along[17]], [0.066, 0.041, 0.030])
    parts = [(tube(path, arm_radii, 48), skin), (tube(path[:18], cuff, 48), cloth)]
    for spread, reach in ((-0.028, 0.02), (-0.010, 0.0), (0.008, 0.0), (0.025, 0.012)):
        bends = [(-0.06, -0.80, 0.572 + spread * 0.6), (-0.125, -0.77, 0.60 + spread)]
        finger = np.array(smooth([*bends, (-0.17 + reach, -0.74, 0.60 + spread)], 10))
        parts.append((tube(finger, np.interp(np.linspace(0, 1, 21), [0, 0.92, 1], [0.011, 0.008, 0.001]), 24), skin))
    return parts


# --------------------------------------------------------------------------------------------------------------- render


class Studio:
    """Turns placed things into Mitsuba scenes; meshes are written once each to a folder of its own."""

    def __init__(self, folder: Path, width: int, height: int, samples: int) -> None:
        self.folder, self.size, self.samples = folder, (width, height), samples
        self.parts: dict[str, list[Material]] = {}
        self.whole: dict[tuple[str, Place], int] = {}
        self.fixed = [self.shape(f"room-{n}", m, b) for n, m, b in furniture()]

    def shape(self, name: str, mesh: Mesh, material: Material) -> Material:
        file = self.folder / f"{name}.ply"
        write_ply(file, mesh)
        return {"type": "ply", "filename": str(file), "face_normals": mesh.flat, "bsdf": material}

    def thing(self, track: str, place: Place) -> list[Material]:
        """The thing's shapes at its place."""
        if track not in self.parts:
            made = KINDS[track.partition("-")[0]][1](track)
            self.parts[track] = [self.shape(f"{track}-{i}", mesh, bsdf) for i, (mesh, bsdf) in enumerate(made)]
        at = mi.ScalarTransform4f().translate([place.x, place.y, SHELF_HEIGHT[place.shelf]])
        return [{**part, "to_world": at.rotate([0, 0, 1], place.turn)} for part in self.parts[track]]

    def before(self, view: str) -> list[Material]:
        """What stands between the lens and the shelves."""
        reaching = arm() if view == "arm" else []
        return [self.shape(f"arm-{i}", mesh, bsdf) for i, (mesh, bsdf) in enumerate(reaching)]

    def sensor(self, samples: int, lens: float) -> Material:
        width, height = self.size
        return {
            "type": "thinlens" if lens else "perspective",
            **({"aperture_radius": lens, "focus_distance": 1.15} if lens else {}),
            "fov": FIELD_OF_VIEW,
            "fov_axis": "x",
            "to_world": mi.ScalarTransform4f().look_at(origin=CAMERA, target=TARGET, up=[0, 0, 1]),
            "sampler": {"type": "independent", "sample_count": samples},
            "film": {"type": "hdrfilm", "width": width, "height": height, "rfilter": {"type": "box"}},
        }

    def light(self, things: dict[str, Place], view: str, seed: int) -> Array:
        """What falls on the sensor, linear RGB [height, width, 3]."""
        shapes = self.before(view) + [s for track, place in things.items() for s in self.thing(track, place)]
        path = {"type": "path", "max_depth": 5, "rr_depth": 3}
        guides = {"type": "aov", "aovs": "albedo:albedo,normal:sh_normal,position:position", "path": path}
        scene: Material = {"type": "scene", "integrator": guides}
        scene |= {f"s{i}": s for i, s in enumerate(self.fixed + shapes)}
        scene |= lamps(view) | {"sensor": self.sensor(self.samples, 0.0012)}
        layers = np.array(mi.render(mi.load_dict(scene), seed=seed), dtype=np.float32)
        return calm(layers[..., :3], *np.split(layers[..., -9:], 3, axis=-1))

    def owners(self, things: dict[str, Place], room: Sequence[Material]) -> Array:
        """Which thing each pixel shows, [height, width]: its place in `things`, from 1; 0 where it shows the room."""
        scene: Material = {"type": "scene", "integrator": {"type": "aov", "aovs": "shape:shape_index"}}
        scene |= {"sensor": self.sensor(1, 0.0)}
        shapes = [(0, s) for s in room]
        shapes += [(n, s) for n, (t, place) in enumerate(things.items(), 1) for s in self.thing(t, place)]
        scene |= {f"s{i}": {**s, "bsdf": {"type": "diffuse"}} for i, (_, s) in enumerate(shapes)}
        loaded = mi.load_dict(scene, optimize=False)
        owner = np.array([0] + [shapes[int(str(s.id())[1:])][0] for s in loaded.shapes()])
        hit = np.array(mi.render(loaded, seed=1))[..., -1]
        return owner[np.rint(hit).astype(int)]

    def pixels(self, track: str, place: Place) -> int:
        """How many pixels the thing would show if nothing stood before it."""
        if (track, place) not in self.whole:
            self.whole[track, place] = int((self.owners({track: place}, []) > 0).sum())
        return self.whole[track, place]


def write_ply(file: Path, mesh: Mesh) -> None:
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(mesh.points)}\n"
    head += "".join(f"property float {n}\n" for n in ("x", "y", "z", "u", "v"))
    head += f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    faces = np.zeros(len(mesh.faces), dtype=[("n", "u1"), ("i", "<i4", 3)])
    faces["n"], faces["i"] = 3, mesh.faces
    file.write_bytes(head.encode() + np.hstack([mesh.points, mesh.uv]).astype("<f4").tobytes() + faces.tobytes())


def lamps(view: str) -> Material:
    """A window before the shelf on the left, a strip under each board, and the room's own light."""
    if view == "dark":
        return {"sky": {"type": "constant", "radiance": {"type": "rgb", "value": [0.010, 0.012, 0.017]}}}
    window = mi.ScalarTransform4f().look_at(origin=[-1.3, -1.9, 1.7], target=[0, 0.1, 0.3], up=[0, 0, 1]).scale(0.6)
    lights: Material = {
        "sky": {"type": "constant", "radiance": {"type": "rgb", "value": [0.13, 0.127, 0.12]}},
        "window": {
            "type": "rectangle",
            "to_world": window,
            "light": {"type": "area", "radiance": {"type": "rgb", "value": [8.6, 8.1, 7.2]}},
        },
    }
    for name, z in (("low", SHELF_HEIGHT["high"] - 0.028), ("high", 0.717)):
        strip = mi.ScalarTransform4f().translate([0, 0.03, z]).rotate([1, 0, 0], 180).scale([0.5, 0.010, 1])
        glow = {"type": "area", "radiance": {"type": "rgb", "value": [9.0, 7.2, 4.9]}}
        lights[name] = {"type": "rectangle", "to_world": strip, "light": glow}
    return lights


# --------------------------------------------------------------------------------------------------------------- camera


def calm(light: Array, albedo: Array, normal: Array, position: Array) -> Array:
    """The light without most of its grain: averaged along even surfaces, apart from what is painted on them.

    An edge-avoiding a-trous filter (Dammertz and others, 2010) whose guides are the surface and the light itself.
    """
    painted = np.maximum(albedo, 0.04)
    fall = np.minimum(light / painted, 12.0)
    for reach in (1, 2, 4, 8):
        level = np.log(0.05 + soften(fall.mean(axis=-1, keepdims=True), 1.0 + reach / 4)) / 0.25
        guide = np.concatenate([normal * 3.5, level], axis=-1)
        total, weights = fall.copy(), np.ones_like(level)
        for down, right in ((a * reach, b * reach) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b):
            off = ((np.roll(guide, (down, right), (0, 1)) - guide) ** 2).sum(-1, keepdims=True)
            gap = np.einsum("hwc,hwc->hw", np.roll(position, (down, right), (0, 1)) - position, normal)
            weight = np.exp(-off - (gap[..., None] / 0.004) ** 2) * 0.7 ** (abs(down) + abs(right) > reach)
            total += weight * np.roll(fall, (down, right), (0, 1))
            weights += weight
        fall = total / weights
    return without_specks(fall * painted)


def without_specks(light: Array) -> Array:
    """No pixel brighter or darker than all of its neighbours: the filter above leaves grain on thin edges."""
    steps = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
    around = np.stack([np.roll(light, step, (0, 1)) for step in steps])
    return np.clip(light, around.min(axis=0), around.max(axis=0))


def soften(pixels: Array, sigma: float) -> Array:
    """A Gaussian blur of [height, width, channels], one axis at a time."""
    reach = max(1, math.ceil(3 * sigma))
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    for axis in (0, 1):
        pixels = streak(pixels, [(k, 0) if axis == 0 else (0, k) for k in range(-reach, reach + 1)], weight)
    return pixels


def streak(pixels: Array, course: Sequence[tuple[int, int]], weight: Array) -> Array:
    """The picture summed along a course of (down, right) shifts."""
    reach = max(abs(s) for step in course for s in step)
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total = np.zeros_like(pixels)
    for (down, right), w in zip(course, weight / weight.sum(), strict=True):
        total += w * padded[reach + down : reach + down + height, reach + right : reach + right + width]
    return total


def develop(light: Array, view: str, chance: np.random.Generator) -> Image.Image:
    """What a cheap camera makes of the light: soft lens, drifting exposure and white, noise, a film-like curve."""
    scale = light.shape[1] / 1600
    light = soften(np.minimum(light, 4.0), 0.85 * max(scale, 0.6))
    if view == "shaken":
        course = [(round(30 * math.sin(k / 21) * scale), round(k * scale)) for k in range(-34, 35)]
        light = soften(streak(light, course, np.ones(len(course))), 6.0 * scale)
    light = light * (1 + chance.normal(0, 0.035)) * (1 + chance.normal(0, 0.012, 3)) * vignette(light.shape)
    light, grain = (light * 1.5, 0.009) if view == "dark" else (light, 0.0055)
    light = np.maximum(light + soften(chance.normal(0, 1, light.shape), 0.6) * grain * (0.35 + np.sqrt(light)) * 2, 0)
    curve = 1 - np.exp(-3.0 * light)  # film's soft shoulder: a bright spot keeps its colour
    curve = curve * (0.62 + 0.38 * curve)
    return Image.fromarray(np.rint(255 * np.clip(curve / 0.97, 0, 1) ** (1 / 2.2)).astype(np.uint8))


def vignette(shape: tuple[int, ...]) -> Array:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return (1 - 0.13 * (x**2 + y**2))[..., None]


# ---------------------------------------------------------------------------------------------------------------- truth


def seen(studio: Studio, things: dict[str, Place], view: str) -> list[dict[str, Any]]:
    """Each thing with the box of what shows of it and the share of its pixels that shows, by shape and not by light."""
    owners, rows = studio.owners(things, studio.fixed + studio.before(view)), []
    for number, (track, place) in enumerate(things.items(), 1):
        mask = owners == number
        visible = round(float(mask.sum() / studio.pixels(track, place)), 3)
        shown = frame(mask) if visible > 0 else None
        rows.append({"name": KINDS[track.partition("-")[0]][0], "box": shown, "visible": visible, "track": track})
    return rows


def frame(mask: Array) -> list[float]:
    """[left, top, right, bottom] of the marked pixels, as fractions of the picture."""
    down, right = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    height, width = mask.shape
    edges = (right[0] / width, down[0] / height, (right[-1] + 1) / width, (down[-1] + 1) / height)
    return [round(float(e), 4) for e in edges]


def scenes() -> Iterator[tuple[int, Photograph, dict[str, Place]]]:
    """Every photograph with its number and all that stands on the shelves then."""
    things: dict[str, Place] = {}
    for number, photograph in enumerate(STORY, 1):
        things = {t: p for t, p in things.items() if t not in photograph.take} | photograph.put
        yield number, photograph, dict(things)


def entry(number: int, photograph: Photograph, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "file": f"{number:02}.jpg",
        "seconds_after_start": photograph.seconds,
        "trigger": photograph.trigger,
        "readable": photograph.view == "clear",
        "story": photograph.story,
        "things": rows,
        "counts": dict(sorted(Counter(row["name"] for row in rows).items())),
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Render the demo's pantry photographs and their truth.",
        epilog="example: python scripts/render_pantry.py --to /tmp/look --only 3 --width 800 --height 600",
    )
    parser.add_argument("--to", type=Path, default=Path("pantrybox/demo/photographs"), help="folder to write to")
    parser.add_argument(
        "--only", type=int, metavar="N", help="render this photograph alone and leave truth.json as it is"
    )
    parser.add_argument("--truth", action="store_true", help="write truth.json alone and render no photograph")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=1200)
    parser.add_argument("--samples", type=int, default=8, help="rays for each pixel: more is slower and less grainy")
    parser.add_argument("--variant", default="scalar_rgb", help="llvm_ad_rgb is faster where LLVM 16 or newer is there")
    return parser.parse_args()


def main() -> None:
    wanted = arguments()
    mi.set_variant(wanted.variant)
    wanted.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder), wanted.width, wanted.height, wanted.samples)
        if not wanted.truth:
            render(studio, wanted.to, wanted.only)
        if wanted.only is None:
            tell(studio, wanted.to)


def render(studio: Studio, to: Path, only: int | None) -> None:
    for number, photograph, things in scenes():
        if only not in (None, number):
            continue
        started = time.monotonic()
        light = studio.light(things, photograph.view, SEED + number)
        photo = develop(light, photograph.view, rng(f"photograph {number}"))
        photo.save(to / f"{number:02}.jpg", quality=80)
        print(f"photograph {number} of {len(STORY)}: {time.monotonic() - started:.0f} s", file=sys.stderr)


def tell(studio: Studio, to: Path) -> None:
    photographs = [entry(n, photograph, seen(studio, things, photograph.view)) for n, photograph, things in scenes()]
    truth = {"view": "pantry shelf", "licence": "Apache-2.0", "seed": SEED, "photographs": photographs}
    (to / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    print(f"truth of {len(photographs)} photographs", file=sys.stderr)


if __name__ == "__main__":
    main()
