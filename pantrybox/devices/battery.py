"""A camera's battery: how full it is by its voltage, how fast it empties, and for how long it will last."""

import statistics
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from typing import Literal

import msgspec

from pantrybox.clock import DAY_MS

BatteryKind = Literal["lipo_1s", "18650", "lipo_2s", "usb", "none"]

_ONE_CELL = (Decimal("3.0"), Decimal("4.2"))
_RANGE: dict[BatteryKind, tuple[Decimal, Decimal]] = {
    "lipo_1s": _ONE_CELL,
    "18650": _ONE_CELL,
    "lipo_2s": (Decimal("6.0"), Decimal("8.4")),
}
"""Volts when empty and when full. What is missing runs from the mains."""

_CHARGED_PCT = 10.0
"""A rise by more than this is a charge: less is the warmth of a day, or a cell that rests."""
MIN_READINGS = 4
MIN_SPAN_MS = DAY_MS


class Reading(msgspec.Struct, frozen=True):
    at_ms: int
    volts: float


class Trend(msgspec.Struct, frozen=True):
    """Both None when the camera runs from the mains or too little is known."""

    pct_per_day: float | None = None
    """Below zero while it empties."""
    days_left: float | None = None
    """None also when it does not empty."""


def guessed_kind(volts: float | None) -> BatteryKind | None:
    """Up to 4.3 V one cell, over 5.5 V two in series, between them a USB supply; None for no voltage."""
    if volts is None:
        return None
    if volts <= 4.3:  # noqa: PLR2004 - see above
        return "lipo_1s"
    return "lipo_2s" if volts > 5.5 else "usb"  # noqa: PLR2004


def battery_pct(volts: float | None, kind: BatteryKind | None) -> int | None:
    """Charge in whole percent, a half rounded up, from 0 to 100; None for mains power and for no voltage."""
    if volts is None or kind not in _RANGE:
        return None
    pct = _charge_pct(volts, kind).quantize(Decimal(1), ROUND_HALF_UP)
    return min(100, max(0, int(pct)))


def _charge_pct(volts: float, kind: BatteryKind) -> Decimal:
    empty, full = _RANGE[kind]
    # In decimals, as the camera wrote it: by halves of binary fractions 3.006 V would be under 0.5 %.
    return 100 * (Decimal(repr(volts)) - empty) / (full - empty)


def trend(readings: Sequence[Reading], kind: BatteryKind | None) -> Trend:
    """How fast the battery empties since it was last charged, from readings in the order of time.

    The slope is the median of the slopes between every two readings (Theil 1950, Sen 1968): up to
    29 % of them may be nonsense, such as a dip while the radio sends, and it stays where it is.
    What is left is the median of the last three readings, divided by that slope. It takes four
    readings over a day, because a cell's voltage swings with the warmth of the day. n readings
    cost n * n / 2 divisions: hand in an hour's mean, not every photograph.
    """
    if kind not in _RANGE:
        return Trend()
    points = _since_the_last_charge([(reading.at_ms, float(_charge_pct(reading.volts, kind))) for reading in readings])
    if len(points) < MIN_READINGS or points[-1][0] - points[0][0] < MIN_SPAN_MS:
        return Trend()
    per_day = round(DAY_MS * _slope(points), 2)
    if per_day >= 0:
        return Trend(pct_per_day=abs(per_day))
    left = min(100.0, max(0.0, statistics.median(pct for _, pct in points[-3:])))
    return Trend(pct_per_day=per_day, days_left=round(left / -per_day, 1))


def _since_the_last_charge(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Those from the fullest after the last charge on: before it, something stands far below it."""
    fullest = len(points) - 1
    for index in range(len(points) - 1, -1, -1):
        if points[index][1] < points[fullest][1] - _CHARGED_PCT:
            return points[fullest:]
        if points[index][1] >= points[fullest][1]:
            fullest = index
    return points


def _slope(points: list[tuple[int, float]]) -> float:
    """Percent a millisecond."""
    pairs = combinations(points, 2)
    return statistics.median((later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in pairs)
