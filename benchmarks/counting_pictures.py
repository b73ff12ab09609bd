"""The plots of benchmarks.counting: small SVG files that read on light and on dark pages."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.counted import Figures, Record
from benchmarks.households import World

FIRST_DAY, DAYS = 5, 14
CHANGES = 7
"""Of the item whose two weeks are drawn: enough to see something, few enough to tell apart."""
COLOURS = {"overwrite": "a", "median of 5": "b", "counts": "c", "front": "d", "both": "e"}
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #3d3d3a }
  .small { font-size: 11px } .title { font-size: 15px; font-weight: 600 } .end { text-anchor: end }
  .middle { text-anchor: middle } .grid { stroke: #8886; stroke-width: 1; fill: none } .back { fill: #fdfdfb }
  .a { --c: #9b9b96 } .b { --c: #c4b28a } .c { --c: #8fb5d9 } .d { --c: #4a86c0 } .e { --c: #1c4f86 }
  .bar, .dot { fill: var(--c) } .step { fill: none; stroke: var(--c); stroke-width: 1.8 }
  .true { fill: none; stroke: #e0a03088; stroke-width: 7 }
  @media (prefers-color-scheme: dark) {
    text { fill: #dcdcd6 } .back { fill: #1d1f21 }
    .a { --c: #8b8b86 } .b { --c: #94835c } .c { --c: #44709c } .d { --c: #6ba6de } .e { --c: #b5dbff }
  }
"""


class Weeks(NamedTuple):
    """Two weeks of one item."""

    hours: NDArray[np.float64]
    true: NDArray[np.int16]
    shown: dict[str, NDArray[np.int16]]
    """By rule."""


def weeks_of(world: World, records: dict[str, Record]) -> Weeks:
    chosen = (world.hours >= 24 * FIRST_DAY) & (world.hours < 24 * (FIRST_DAY + DAYS))
    changes = (np.diff(world.true[chosen], axis=0) != 0).sum(axis=0)
    item = int(np.argmin(np.abs(changes - CHANGES)))
    shown = {rule: record.shown[chosen, item] for rule, record in records.items()}
    return Weeks(world.hours[chosen], world.true[chosen, item], shown)


def draw(folder: Path, by_level: dict[str, dict[str, Figures]], weeks: Weeks) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in (
        ("error", _errors(by_level)),
        ("calibration", _calibrations(by_level)),
        ("weeks", _two_weeks(weeks)),
    ):
        (folder / f"counting-{name}.svg").write_text(svg)


def _svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [f'{head} role="img">', f"<title>{title}</title>", f"<style>{_STYLE}</style>"]
    lines += ['<rect class="back" width="100%" height="100%"/>', _text(20, 26, title, "title"), *parts, "</svg>"]
    return "\n".join(lines) + "\n"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{text}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _key(rules: Sequence[str], x: float, y: float) -> list[str]:
    parts: list[str] = []
    for rule in rules:
        parts.append(f'<rect class="bar {COLOURS[rule]}" x="{x:.0f}" y="{y - 10:.0f}" width="12" height="12"/>')
        parts.append(_text(x + 18, y, rule))
        x += 38 + 7.5 * len(rule)
    return parts


def _errors(by_level: dict[str, dict[str, Figures]]) -> str:
    """Bars, a group for each level."""
    rules = [rule for rule in COLOURS if all(rule in by_rule for by_rule in by_level.values())]
    left, bottom, height, bar, gap = 60, 300, 210, 40, 34
    group = bar * len(rules) + gap
    most = 0.1 * np.ceil(10 * max(by_rule[rule].mean_error for by_rule in by_level.values() for rule in rules))
    parts = _key(rules, left, 56)
    right = left + group * len(by_level)
    for tick in np.arange(0, most + 0.01, 0.1):
        y = bottom - height * tick / most
        parts += [_line(left, y, right, y), _text(left - 8, y + 4, f"{tick:.1f}", "small end")]
    for column, (level, by_rule) in enumerate(by_level.items()):
        start = left + gap / 2 + group * column
        for rank, rule in enumerate(rules):
            x, tall = start + bar * rank, height * by_rule[rule].mean_error / most
            place = f'x="{x + 2:.1f}" y="{bottom - tall:.1f}" width="{bar - 4}" height="{tall:.1f}"'
            parts.append(f'<rect class="bar {COLOURS[rule]}" {place}/>')
            parts.append(_text(x + bar / 2, bottom - tall - 5, f"{by_rule[rule].mean_error:.3f}"[1:], "small middle"))
        parts.append(_text(start + bar * len(rules) / 2, bottom + 20, f"{level} noise", "middle"))
    return _svg(int(right) + 20, 336, "Units by which the shown count of an item is wrong, on average", parts)


def _calibrations(by_level: dict[str, dict[str, Figures]]) -> str:
    """Reliability diagrams, one for each level: what is right of what is said with such confidence."""
    side, gap, top = 220, 56, 84
    rules = [rule for rule in ("counts", "front", "both") if all(rule in by_rule for by_rule in by_level.values())]
    parts = _key(rules, 60, 56)
    for column, (level, by_rule) in enumerate(by_level.items()):
        left = 60 + column * (side + gap)
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
            at = tick * side
            parts += [_line(left, top + side - at, left + side, top + side - at)]
            parts += [_line(left + at, top, left + at, top + side)]
            parts.append(_text(left - 7, top + side - at + 4, f"{tick:g}", "small end"))
            parts.append(_text(left + at, top + side + 16, f"{tick:g}", "small middle"))
        parts.append(_line(left, top + side, left + side, top))
        for rule in rules:
            for many, confidence, right in by_rule[rule].bins:
                if many < 50:
                    continue
                x, y = left + side * confidence / many, top + side - side * right / many
                size = 2 + np.log10(many / 50)
                circle = f'cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"'
                parts.append(f'<circle class="dot {COLOURS[rule]}" {circle}/>')
        parts.append(_text(left + side / 2, top + side + 38, f"{level} noise", "middle"))
    title = "Right so often (up), when shown with such confidence (right); larger dots: more often"
    return _svg(60 + len(by_level) * (side + gap), top + side + 54, title, parts)


def _two_weeks(weeks: Weeks) -> str:
    """A strip for each rule, the truth broad behind it."""
    left, width, top, tall = 110, 700, 50, 90
    rules = [rule for rule in COLOURS if rule in weeks.shown and rule not in {"counts", "front"}]
    most = max(int(weeks.true.max()), *(int(weeks.shown[rule].max()) for rule in rules))
    x = left + (weeks.hours - 24 * FIRST_DAY) / (24 * DAYS) * width
    parts: list[str] = []
    for row, rule in enumerate(rules):
        base = top + row * (tall + 26) + tall
        for count in range(most + 1):
            y = base - tall * count / most
            parts += [_line(left, y, left + width, y), _text(left - 8, y + 4, str(count), "small end")]
        parts.append(_text(16, base - tall / 2, "ours, both" if rule == "both" else rule))
        parts.append(f'<path class="true" d="{_steps(x, base - tall * weeks.true / most)}"/>')
        parts.append(f'<path class="step {COLOURS[rule]}" d="{_steps(x, base - tall * weeks.shown[rule] / most)}"/>')
    under = top + len(rules) * (tall + 26)
    for day in range(0, DAYS + 1, 2):
        parts.append(_text(left + width * day / DAYS, under - 6, f"day {FIRST_DAY + day}", "small middle"))
    title = "Two weeks of one item at middle noise: what is shown, and behind it what is there"
    return _svg(left + width + 30, under + 14, title, parts)


def _steps(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """A path that turns only where the height changes."""
    turns = [0, *(np.flatnonzero(np.diff(y)) + 1).tolist()]
    path = f"M{x[0]:.1f} {y[0]:.1f}"
    return path + "".join(f"H{x[at]:.1f}V{y[at]:.1f}" for at in turns[1:]) + f"H{x[-1]:.1f}"
