"""What a fixed camera's pixels say where a thing stood and none is found: how often that is right.

    .venv/bin/python -m benchmarks.cues [--part held] [--scenes 150]

Nothing depends on the detector's mistakes: each thing is remembered from one photograph, the detector is made to miss
it in another, and the verdict (vision.model.Glance) is set beside the truth:

    missed     it stands where it stood, and at least VISIBLE of it can be seen
    hidden     it stands where it stood, and less than HIDDEN of it can be seen; the cover is found unless said
    removed    its place is bare
    replaced   other things stand in its place, not found in the composed and shop scenes unless said

`found` is a thing that was taken for one that was found, so that there is no glance; `moved` a photograph in which
nothing was compared.

Kinds of sequences: `composed` (things cut out of GroceryStoreDataset's iconic pictures before its photographs, the
second photograph with a camera's faults: exposure, white balance, noise, JPEG, a push of up to 3 pixels), `shops` (the
photographs themselves, pieces of others pasted in), `rendered` (the demo's, every pair of readable ones) and `video`
(three bottles, 40 photographs a second apart, every pair). Rules and thresholds were chosen on --part chosen: composed
and shop scenes of even number and the video's first 20 seconds; --part held is the rest, and all of the rendered ones.
See docs/design/cues.md for what was looked at all the same. Some seven minutes on one core; needs ../shared/data, and
ffmpeg for the video.

Printed besides: how often `still` is true of a box in which nothing changed (a false box that came), and of one in
which a thing was added; how often a push, a turn or a zoom of the camera is called one.
"""

import argparse
import io
import itertools
import json
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pantrybox.vision.eye import Detector
from pantrybox.vision.loading import load_shipped_detector
from pantrybox.vision.model import Box, Detection
from pantrybox.vision.picture import frame_of, open_upright
from pantrybox.vision.proposals import LIKELY_SCORE, candidates
from pantrybox.vision.standing import SAME_THING_IOU, Compared, Present, begun, compared
from pantrybox.vision.stillness import patch_of

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared/data"
VISIBLE, HIDDEN = 0.6, 0.5
SIZE = (800, 600)
VERDICTS = ("unchanged", "covered", "gone")
Random = np.random.Generator
Pixels = NDArray[np.uint8]


class Case(NamedTuple):
    """One thing, in two photographs of a view."""

    kind: str
    truth: str
    thing: Box
    before: Pixels
    now: Pixels
    offered: list[Detection]
    """In the second photograph, the thing itself aside."""
    others: Sequence[Box] = ()
    """Likely things of the first photograph besides."""


class Came(NamedTuple):
    """A box of the second photograph that is no thing of the first."""

    kind: str
    truth: str
    box: Box
    before: Pixels
    now: Pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("chosen", "held"), default="held")
    parser.add_argument("--scenes", type=int, default=150)
    asked = parser.parse_args()
    held = asked.part == "held"
    verdicts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    stills: dict[tuple[str, str], Counter[bool | None]] = defaultdict(Counter)
    sources = (composed(asked.scenes, held), shops(asked.scenes, held), rendered() if held else (), video(held))
    for case in itertools.chain.from_iterable(sources):
        if isinstance(case, Case):
            verdicts[case.kind, case.truth][verdict_of(case)] += 1
        else:
            stills[case.kind, case.truth][look(case.before, case.now, [], [case.box], []).still[0]] += 1
    print_verdicts(verdicts)
    print_stills(stills)
    print_moves(held)


def verdict_of(case: Case) -> str:
    others = [box for box in case.others if box.iou(case.thing) < SAME_THING_IOU]
    cues = look(case.before, case.now, [case.thing, *others], [], case.offered)
    if cues.moved:
        return "moved"
    return next((glance.verdict for glance in cues.glances if glance.box is case.thing), "found")


def look(
    before: Pixels, now: Pixels, things: Sequence[Box], found: Sequence[Box], offered: Sequence[Detection]
) -> Compared:
    """The cues of the second photograph, as an eye gives them that found these things in the first."""
    first = begun(present(before, things, things, []))
    return compared(first, present(now, found, likely(offered), offered))[1]


def likely(offered: Sequence[Detection]) -> list[Box]:
    return [one.box for one in candidates(offered) if one.score >= LIKELY_SCORE]


def present(pixels: Pixels, found: Sequence[Box], things: Sequence[Box], offered: Sequence[Detection]) -> Present:
    picture = Image.fromarray(pixels)
    return Present(frame_of(pixels), lambda box: patch_of(picture, box), found, things, offered)


def thing_in(box: Box, score: float = 0.9) -> Detection:
    return Detection(box, score, "thing", score)


# Composed: cut-outs before photographs ----------------------------------------------------------------------------


def composed(scenes: int, held: bool) -> Iterator[Case | Came]:
    cutouts, walls = cut_outs(), photographs("train.txt")
    if not cutouts or not walls:
        print(f"SKIPPED: composed scenes, nothing to compose of in {SHARED / 'grocery_store'}")
        return
    families = sorted(cutouts)
    for number in range(held, 2 * scenes, 2):
        rng = np.random.default_rng(number)
        wall = background(rng, walls)
        family = cutouts[families[rng.integers(len(families))]]
        thing, other = (family[index] for index in rng.integers(len(family), size=2))
        height = int(rng.uniform(0.12, 0.35) * SIZE[1])
        left, top = int(rng.uniform(0.08, 0.7) * SIZE[0]), int(rng.uniform(0.1, 0.55) * SIZE[1])
        neighbours = [(_any_of(rng, cutouts), height, int(x * SIZE[0]), top) for x in (left / SIZE[0] - 0.2, 0.85)]
        around = [pasted(*one) for one in neighbours]
        stood = pasted(thing, height, left, top)
        before = np.asarray(wall.with_things([*around, stood]))
        near = [thing_in(one.box) for one in around]
        beside = [one.box for one in near]

        def case(truth: str, things: list[Pasted], offered: list[Detection]) -> Case:
            now = with_faults(wall.with_things(things), rng)  # noqa: B023 - called within this round
            return Case("composed", truth, stood.box, before, now, offered, beside)  # noqa: B023

        yield case("missed", [*around, stood], near)
        yield case("removed", around, near)
        if other is not thing:
            new = pasted(other, height, left + int(rng.normal(0, 6)), top)
            yield case("replaced", [*around, new], near)
            yield case("replaced, found", [*around, new], [*near, thing_in(new.box)])
        cover = before_it(rng, stood, _any_of(rng, cutouts))
        if visible(stood, cover) < HIDDEN:
            yield case("hidden", [*around, stood, cover], [*near, thing_in(cover.box)])
            yield case("hidden, cover not found", [*around, stood, cover], near)
        empty = np.asarray(wall.with_things(around))
        full = with_faults(wall.with_things([*around, stood]), rng)
        yield Came("composed", "added", stood.box, empty, full)
        yield Came("composed", "false", random_box(rng), before, full)


def before_it(rng: Random, stood: "Pasted", front: Image.Image) -> "Pasted":
    """Another thing, larger and lower in the picture, about the thing's middle."""
    height = int(stood.cut.height * rng.uniform(1.1, 1.6))
    top = stood.top + stood.cut.height - height + int(stood.cut.height * rng.uniform(0.08, 0.25))
    width = pasted(front, height, 0, 0).cut.width
    return pasted(front, height, stood.left + (stood.cut.width - width) // 2 + int(rng.normal(0, 8)), top)


class Pasted(NamedTuple):
    cut: Image.Image
    left: int
    top: int

    @property
    def box(self) -> Box:
        right, bottom = self.left + self.cut.width, self.top + self.cut.height
        edges = (self.left / SIZE[0], self.top / SIZE[1], right / SIZE[0], bottom / SIZE[1])
        return Box(*(min(max(edge, 0.0), 1.0) for edge in edges))


class Wall(NamedTuple):
    picture: Image.Image

    def with_things(self, things: Sequence[Pasted]) -> Image.Image:
        picture = self.picture.copy()
        for one in things:
            picture.paste(one.cut, (one.left, one.top), one.cut)
        return picture


def pasted(cut: Image.Image, height: int, left: int, top: int) -> Pasted:
    return Pasted(cut.resize((max(8, height * cut.width // cut.height), height)), left, top)


def visible(thing: Pasted, cover: Pasted) -> float:
    """The part of a thing's pixels that a cover leaves."""
    mask = Image.new("L", SIZE)
    mask.paste(255, (thing.left, thing.top), thing.cut.getchannel("A"))
    over = Image.new("L", SIZE)
    over.paste(255, (cover.left, cover.top), cover.cut.getchannel("A"))
    shown, hidden = np.asarray(mask) > 127, np.asarray(over) > 127
    return float((shown & ~hidden).sum() / max(1, shown.sum()))


def cut_outs() -> dict[str, list[Image.Image]]:
    """The iconic pictures without their white ground, by family (Juice, Apple...), trimmed, RGBA."""
    families: dict[str, list[Image.Image]] = defaultdict(list)
    root = SHARED / "grocery_store/iconic-images-and-descriptions"
    for path in sorted(root.rglob("*_Iconic.jpg")):
        family = path.relative_to(root).parts[1]
        with Image.open(path) as image:
            image.thumbnail((400, 400))
            families[family].append(_without_ground(image.convert("RGB")))
    return families


def _without_ground(image: Image.Image) -> Image.Image:
    padded = Image.new("RGB", (image.width + 4, image.height + 4), "white")
    padded.paste(image, (2, 2))
    filled = padded.copy()
    ImageDraw.floodfill(filled, (0, 0), (255, 0, 255), thresh=30)
    ground = (np.asarray(filled) == (255, 0, 255)).all(axis=2)
    alpha = Image.fromarray(np.where(ground, 0, 255).astype(np.uint8)).filter(ImageFilter.MinFilter(3))
    padded.putalpha(alpha)
    return padded.crop(alpha.getbbox())


def _any_of(rng: Random, cutouts: dict[str, list[Image.Image]]) -> Image.Image:
    family = cutouts[sorted(cutouts)[rng.integers(len(cutouts))]]
    return family[rng.integers(len(family))]


def background(rng: Random, walls: Sequence[Path]) -> Wall:
    """A photograph as large as the view, blurred, dimmed or nearly plain: what stands behind things on a shelf."""
    picture = opened(walls[rng.integers(len(walls))])
    kind = rng.random()
    if kind < 0.35:
        picture = picture.filter(ImageFilter.GaussianBlur(12))
    if kind < 0.7:
        plain = Image.new("RGB", SIZE, tuple(int(value) for value in rng.integers(60, 230, 3)))
        picture = Image.blend(picture, plain, rng.uniform(0.6, 0.92))
    draw = ImageDraw.Draw(picture)
    for board in (0.42, 0.93):
        shade = tuple(int(value) for value in rng.integers(40, 200, 3))
        draw.rectangle((0, board * SIZE[1], SIZE[0], (board + 0.04) * SIZE[1]), fill=shade)
    return Wall(picture)


# Shops: photographs with pieces of others --------------------------------------------------------------------------


def shops(scenes: int, held: bool) -> Iterator[Case | Came]:
    paths = photographs("test.txt")
    if not paths:
        print(f"SKIPPED: shop photographs, none in {SHARED / 'grocery_store'}")
        return
    for number in range(held, 2 * scenes, 2):
        rng = np.random.default_rng(10_000 + number)
        shelf, other = (opened(paths[index]) for index in rng.choice(len(paths), 2, replace=False))
        before, box = np.asarray(shelf), random_box(rng)
        yield Case("shops", "missed", box, before, with_faults(shelf, rng), [])
        yield Case("shops", "replaced", box, before, with_faults(_with_piece(shelf, other, box), rng), [])
        height, width = box.bottom - box.top, box.right - box.left
        cover = Box(
            max(0.0, box.left - 0.2 * width),
            max(0.0, box.top - rng.uniform(-0.2, 0.3) * height),
            min(1.0, box.right + 0.2 * width),
            min(1.0, box.bottom + rng.uniform(0.1, 0.3) * height),
        )
        hidden = with_faults(_with_piece(shelf, other, cover), rng)
        yield Case("shops", "hidden", box, before, hidden, [thing_in(cover)])
        yield Came("shops", "added", box, before, with_faults(_with_piece(shelf, other, box), rng))
        yield Came("shops", "false", random_box(rng), before, with_faults(shelf, rng))


def _with_piece(shelf: Image.Image, other: Image.Image, box: Box) -> Image.Image:
    left, top = int(box.left * SIZE[0]), int(box.top * SIZE[1])
    right, bottom = int(box.right * SIZE[0]), int(box.bottom * SIZE[1])
    changed = shelf.copy()
    changed.paste(other.crop((left, top, right, bottom)), (left, top))
    return changed


def random_box(rng: Random) -> Box:
    width, height = rng.uniform(0.06, 0.25), rng.uniform(0.1, 0.4)
    left, top = rng.uniform(0.03, 0.95 - width), rng.uniform(0.03, 0.95 - height)
    return Box(left, top, left + width, top + height)


def photographs(listed: str) -> list[Path]:
    names = SHARED / "grocery_store" / listed
    if not names.exists():
        return []
    return [names.parent / line.split(",")[0].strip() for line in names.read_text().splitlines()]


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(SIZE)


def with_faults(picture: Image.Image, rng: Random) -> Pixels:
    """As a cheap camera takes it some minutes later: see the module's docstring."""
    shift = [int(value) for value in rng.integers(-3, 4, 2)] if rng.random() < 0.5 else [0, 0]
    pixels = np.roll(np.asarray(picture, dtype=np.float32), shift, axis=(0, 1))
    exposure, balance = rng.uniform(0.85, 1.15), rng.uniform(0.95, 1.05, 3)
    pixels = 255 * (pixels / 255) ** rng.uniform(0.95, 1.05) * exposure * balance
    pixels += rng.normal(0, rng.uniform(1, 6), pixels.shape)
    encoded = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(encoded, "JPEG", quality=int(rng.integers(60, 93)))
    return open_upright(encoded.getvalue()).pixels


# Rendered and filmed: what the shipped detector offers, the things themselves left out ------------------------------


class Shot(NamedTuple):
    pixels: Pixels
    offered: list[Detection]
    stands: dict[str, tuple[Box | None, float]]
    """Of each thing, where it is to be seen and how much of it; what is not there is not named."""


def rendered() -> Iterator[Case | Came]:
    folder = ROOT / "pantrybox/demo/photographs"
    detector = load_shipped_detector()
    shots: list[Shot] = []
    for told in json.loads((folder / "truth.json").read_text())["photographs"]:
        if told["readable"]:
            stands = {
                thing["track"]: (Box(*thing["box"]) if thing["box"] else None, thing["visible"])
                for thing in told["things"]
            }
            shots.append(Shot(*_seen(detector, (folder / told["file"]).read_bytes()), stands))
    for before, now in itertools.combinations(shots, 2):
        for thing, (box, seen) in before.stands.items():
            if box is not None and seen >= VISIBLE:
                yield from _case("rendered", thing, box, before, now)
    for before, now in itertools.pairwise(shots):
        yield from _came("rendered", before, now)


def _case(kind: str, thing: str, box: Box, before: Shot, now: Shot) -> Iterator[Case]:
    place, seen = now.stands.get(thing, (None, 0.0))
    within = 0.0 if place is None else place.intersection(box) / place.area
    if thing in now.stands and seen < HIDDEN and (place is None or within > 0.8):
        truth = "hidden"
    elif thing not in now.stands or (place is not None and place.iou(box) < 0.3):
        stands = [other for other, part in now.stands.values() if other is not None and part > 0]
        truth = "replaced" if any(other.intersection(box) > 0.3 * box.area for other in stands) else "removed"
    elif seen >= VISIBLE and place is not None and place.iou(box) > 0.9:
        truth = "missed"
    else:
        return
    itself = place if truth == "missed" else None
    offered = [one for one in now.offered if itself is None or one.box.iou(itself) < SAME_THING_IOU]
    yield Case(kind, truth, box, before.pixels, now.pixels, offered, likely(before.offered))


def _came(kind: str, before: Shot, now: Shot) -> Iterator[Came]:
    """Likely boxes, where none was in the photograph before: of things, or of nothing."""
    old = likely(before.offered)
    for one in candidates(now.offered):
        if one.score < LIKELY_SCORE or any(one.box.iou(box) >= SAME_THING_IOU for box in old):
            continue
        things = [name for name, (box, _) in now.stands.items() if box is not None and box.iou(one.box) >= 0.4]
        stood = any(_stayed(name, before, now) for name in things)
        yield Came(kind, "false" if not things or stood else "added", one.box, before.pixels, now.pixels)


def _stayed(name: str, before: Shot, now: Shot) -> bool:
    then, since = before.stands.get(name, (None, 0.0))[0], now.stands[name][0]
    return then is not None and since is not None and then.iou(since) > 0.8


BOTTLES = {
    "left": (((1, 6), (15, 16), (30, 40)), ((8, 11), (19, 26))),
    "middle": (((1, 16), (26, 40)), ((19, 22),)),
    "right": (((1, 31), (39, 40)), ((33, 34),)),
}
"""Seconds in which each of the video's bottles stands, and in which its place is bare; a hand is at it between."""


def video(held: bool) -> Iterator[Case]:
    film = SHARED / "bottles/bottle-detection.mp4"
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None or not film.exists():
        print(f"SKIPPED: the video, {'no ffmpeg' if ffmpeg is None else f'{film} is not there'}")
        return
    detector = load_shipped_detector()
    with tempfile.TemporaryDirectory() as folder:
        asked = ["-v", "error", "-i", str(film), "-vf", "fps=1", "-q:v", "2", f"{folder}/%04d.jpg"]
        subprocess.run([ffmpeg, *asked], check=True)
        frames = [_seen(detector, path.read_bytes()) for path in sorted(Path(folder).glob("*.jpg"))]
    for first, then in itertools.combinations(range(1, len(frames) + 1), 2):
        if (then > 20) == held:
            yield from _of_bottles(frames, first, then)


def _of_bottles(frames: list[tuple[Pixels, list[Detection]]], first: int, then: int) -> Iterator[Case]:
    pixels, offered = frames[first - 1]
    later, seen = frames[then - 1]
    for name, (stands, bare) in BOTTLES.items():
        stay = next((span for span in stands if span[0] <= first <= span[1]), None)
        box = next((one.box for one in candidates(offered) if _is_bottle(one.box, name)), None)
        if stay is None or box is None:
            continue
        if then <= stay[1]:
            others = [one for one in seen if one.box.iou(box) < SAME_THING_IOU]
            yield Case("video", "missed", box, pixels, later, others, likely(offered))
        elif any(span[0] <= then <= span[1] for span in bare):
            yield Case("video", "removed", box, pixels, later, seen, likely(offered))


def _is_bottle(box: Box, name: str) -> bool:
    middle = (box.left + box.right) / 2
    third = ("left", "middle", "right")[min(2, int((middle - 0.02) * 3))]
    return third == name and box.bottom - box.top > 0.4 and box.right - box.left < 0.2


def _seen(detector: Detector, picture: bytes) -> tuple[Pixels, list[Detection]]:
    pixels = open_upright(picture).pixels
    return pixels, detector.detect(pixels)


# What is printed ----------------------------------------------------------------------------------------------------


def print_verdicts(verdicts: dict[tuple[str, str], Counter[str]]) -> None:
    columns = [*VERDICTS, "found", "moved"]
    print(f"{'sequences':12}{'truth':26}{'n':>6}" + "".join(f"{name:>11}" for name in columns))
    for (kind, truth), counted in sorted(verdicts.items()):
        total = counted.total()
        shares = "".join(f"{counted[name] / total:11.3f}" for name in columns)
        print(f"{kind:12}{truth:26}{total:6}{shares}")


def print_stills(stills: dict[tuple[str, str], Counter[bool | None]]) -> None:
    print("\nboxes where nothing was found before: `still` is true")
    for (kind, truth), counted in sorted(stills.items(), key=str):
        told = counted[True] + counted[False]
        print(f"{kind:12}{truth:26}{counted.total():6}{counted[True] / max(1, told):11.3f}")


def print_moves(held: bool) -> None:
    """A view that nothing happened in but the camera's own movement."""
    paths = photographs("test.txt")
    if not paths:
        return
    print("\nthe camera's movement: called one; of 9 boxes otherwise, gone")
    moves = [("push", value) for value in (0, 0.005, 0.01, 0.015, 0.03, 0.06, 0.15)]
    moves += [("turn", value) for value in (0.5, 1, 2, 4)] + [("zoom", value) for value in (1.01, 1.02, 1.05, 1.1)]
    boxes = [Box(x, y, x + 0.15, y + 0.25) for x in (0.1, 0.4, 0.7) for y in (0.08, 0.4, 0.65)]
    for name, value in moves:
        moved, gone, asked = 0, 0, 0
        for number in range(int(held), 80, 2):
            rng = np.random.default_rng(number)
            shelf = opened(paths[number * 7 % len(paths)])
            wide = shelf.resize((SIZE[0] * 5 // 4, SIZE[1] * 5 // 4))
            cues = look(np.asarray(_inner(wide)), with_faults(_inner(wide, name, value, rng), rng), boxes, [], [])
            moved += cues.moved
            gone += sum(glance.verdict == "gone" for glance in cues.glances)
            asked += len(cues.glances)
        print(f"{name:6}{value:8} {moved / 40:8.2f} {gone / max(1, asked):8.3f}")


def _inner(wide: Image.Image, name: str = "push", value: float = 0, rng: Random | None = None) -> Image.Image:
    """The middle of a larger picture, taken by a camera that was pushed, turned (degrees) or zoomed."""
    pushed = (0, 0)
    if name == "turn":
        wide = wide.rotate(value, Image.Resampling.BICUBIC)
    elif name == "zoom":
        middle = (wide.width / 2, wide.height / 2)
        wide = wide.transform(
            wide.size,
            Image.Transform.AFFINE,
            (1 / value, 0, middle[0] * (1 - 1 / value), 0, 1 / value, middle[1] * (1 - 1 / value)),
            Image.Resampling.BICUBIC,
        )
    elif rng is not None:
        direction = rng.uniform(0, 2 * np.pi)
        pushed = (round(np.cos(direction) * value * SIZE[0]), round(np.sin(direction) * value * SIZE[1]))
    left, top = (wide.width - SIZE[0]) // 2 + pushed[0], (wide.height - SIZE[1]) // 2 + pushed[1]
    return wide.crop((left, top, left + SIZE[0], top + SIZE[1]))


if __name__ == "__main__":
    main()
