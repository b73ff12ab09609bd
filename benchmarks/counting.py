"""How right the count is, in households whose truth is known: the overwrite rule, a median of five, and ours.

    .venv/bin/python -m benchmarks.counting [--quick] [--seeds 20] [--first-seed 0] [--noise mid] [--mode both]

The worlds are those of benchmarks.watched, at three levels of noise; each photograph is folded by the same code
as in production. Ours comes in three modes: from `counts` alone (what each photograph shows of each item, not where),
with the cue that something stands in `front` of a thing that is not found, and with `both` cues: that the picture of it
is as it was, too. In each it starts with the rates of the world, and once with rates of misses and false boxes twice as
high (x2) and half as high (/2) as they are, and learns. Judged from the fourth day on:

    error      hours times |shown - true|, an item and hour, and as part of that of the overwrite rule
    false      events a day for which no unclaimed true change of their sign happened in the last three days
    shown      of the true changes between which there is a photograph, those whose count was shown before the next one
    add, take  photographs that are clear for the item until its count is shown, the median of changes to more, to fewer
               (clear: readable, nothing of the item missed, hidden, false or misnamed)
    in 3       the part of all changes for which these are at most three
    ECE        expected calibration error in ten bins, over photographs and items, and for confidences below .95 alone

Then bad views of a pantry in which all was found for days (benchmarks.settled): items whose shown count falls; and how
long 200 items take. Ends with 1 when something is beyond its limit, which stands in brackets; ! is beside what is.
Life without some of its mishaps: --without moves camera alike same_spot bad hiding false.
"""

import argparse
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import counted, counting_pictures, settled, watched
from benchmarks.counted import Figures, Mode, Record
from benchmarks.households import LEVELS, Life
from pantrybox.inventory.rates import Glimpsing

MOST_ERROR = {
    "counts": {"low": 0.42, "mid": 0.45, "high": 0.50},
    "front": dict.fromkeys(LEVELS, 0.30),
    "both": dict.fromkeys(LEVELS, 0.20),
}
MORE_IF_LEARNED = 0.06
MOST_FALSE = {"low": 1.0, "mid": 1.0, "high": 1.2}
LEAST_SHOWN = {"low": 0.85, "mid": 0.80, "high": 0.65}
MOST_DELAY = (1, 2)
MOST_ECE, MOST_ECE_LEARNED = 0.02, 0.05
FACTORS = {"": 1.0, " x2": 2.0, " /2": 0.5}
WITHOUT = {
    "moves": {"moves_a_day": 0.0},
    "camera": {"camera_days": 0.0},
    "alike": {"pairs": 0},
    "same_spot": {"same_spot": 0.0},
    "bad": {"bad_views": False},
    "hiding": {"hiding": False},
    "false": {"false_boxes": False},
}


class Job(NamedTuple):
    noise: str
    seed: int
    days: float
    life: Life
    rules: Sequence[tuple[Mode, str]]
    """Modes, each with one of FACTORS."""
    pictured: bool
    """The first world of a level is shown."""


class Done(NamedTuple):
    job: Job
    figures: dict[str, Figures]
    """By rule."""
    weeks: counting_pictures.Weeks | None
    """Of the first world of a level."""


def done(job: Job) -> Done:
    world = watched.world(job.seed, LEVELS[job.noise], job.life, job.days, Glimpsing())
    records: dict[str, Record] = {"overwrite": counted.overwritten(world), "median of 5": counted.median_of_five(world)}
    for mode, factor in job.rules:
        habits = counted.true_habits(world, FACTORS[factor])
        records[mode + factor] = counted.folded(world, mode, habits, Glimpsing())
    weeks = counting_pictures.weeks_of(world, records) if job.pictured else None
    return Done(job, {rule: counted.figures(world, record) for rule, record in records.items()}, weeks)


def simulated(jobs: Sequence[Job], workers: int) -> list[Done]:
    results, start = list[Done](), time.monotonic()
    with multiprocessing.Pool(workers) as pool:
        for one in pool.imap_unordered(done, jobs):
            results.append(one)
            took = time.monotonic() - start
            print(f"\r{len(results)} of {len(jobs)} worlds, {took:.0f} s ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return sorted(results, key=lambda one: one.job.seed)


class Table:
    """Rows as they are printed; whether all of them are within their limits."""

    def __init__(self) -> None:
        self.fine = True

    def most(self, value: float, limit: float | None, form: str = ".3f") -> str:
        if limit is None:
            return f"{value:{form}}"
        over = round(value, 4) > limit
        self.fine = self.fine and not over
        return f"{value:{form}} ({_short(limit)}){'!' if over else ' '}"

    def delay(self, delays: Sequence[int], limit: int | None) -> str:
        median = float(np.median(delays)) if delays else 0.0
        if median < counted.NEVER:
            return self.most(median, limit, ".0f")
        self.fine = self.fine and limit is None
        return "never" if limit is None else f"never ({limit})!"

    def least(self, value: float, limit: float | None) -> str:
        if limit is None:
            return f"{value:.3f}"
        under = round(value, 4) < limit
        self.fine = self.fine and not under
        return f"{value:.3f} ({_short(limit)}){'!' if under else ' '}"


def _short(limit: float) -> str:
    return f"{limit:g}".removeprefix("0") or "0"


HEADS = ("rule", "error", "of overwrite", "false a day", "shown", "add", "take", "in 3", "ECE", "ECE below .95")
WIDTHS = (11, 5, 14, 13, 13, 8, 8, 5, 13, 13)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)) + " |"


def print_level(level: str, by_rule: dict[str, Figures], table: Table) -> None:
    print(f"\n{level}\n\n{_row(HEADS)}\n|{'|'.join('-' * (width + 2) for width in WIDTHS)}|")
    overwrite = by_rule["overwrite"].mean_error
    for rule, one in by_rule.items():
        mode, _, factor = rule.partition(" ")
        ours, learned = mode in MOST_ERROR, bool(factor)
        most = MOST_ERROR[mode][level] if ours else None
        if learned and ours:
            most = round(by_rule[mode].mean_error / overwrite + MORE_IF_LEARNED, 3) if mode in by_rule else None
        most_ece = (MOST_ECE_LEARNED if learned else MOST_ECE) if ours else None
        judged, quick = ours and not learned, mode == "both" and not learned
        cells = [rule, f"{one.mean_error:.3f}", table.most(one.mean_error / overwrite, most)]
        cells.append(table.most(one.false_events / one.days, MOST_FALSE[level] if judged else None, ".2f"))
        cells.append(table.least(one.shown / max(1, one.changes), LEAST_SHOWN[level] if judged else None))
        cells.append(table.delay(one.additions, MOST_DELAY[0] if quick else None))
        cells.append(table.delay(one.removals, MOST_DELAY[1] if quick else None))
        cells.append(f"{np.mean(np.array(one.additions + one.removals) <= 3):.2f}")
        cells += [table.most(counted.ece(bins), most_ece) if ours else "" for bins in (one.bins, one.unsure)]
        print(_row(cells))


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0, help="the rules were chosen on seeds 0 to 2")
    parser.add_argument("--days", type=float, default=90)
    parser.add_argument("--noise", choices=LEVELS, nargs="+", default=list(LEVELS))
    parser.add_argument("--mode", choices=counted.MODES, nargs="+", default=list(counted.MODES))
    parser.add_argument("--rates", choices=("true", "learned"), nargs="+", default=["true", "learned"])
    parser.add_argument("--without", choices=WITHOUT, nargs="+", default=[])
    parser.add_argument("--quick", action="store_true", help="3 seeds, 20 days, the true rates, and a few bad views")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=Path, help="write the plots into this folder")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.days, options.rates = 3, 20, ["true"]
    return options


def main() -> None:
    options = asked()
    factors = [factor for factor in FACTORS if ("learned" if factor else "true") in options.rates]
    life = Life()._replace(**{name: value for one in options.without for name, value in WITHOUT[one].items()})
    rules = [(mode, factor) for mode in options.mode for factor in factors]
    seeds, levels = range(options.first_seed, options.first_seed + options.seeds), options.noise
    results = simulated(
        [Job(n, s, options.days, life, rules, s == seeds[0]) for s in seeds for n in levels], options.workers
    )
    table, levelled = Table(), defaultdict[str, dict[str, Figures]](dict)
    for level in levels:
        mine = [one.figures for one in results if one.job.noise == level]
        levelled[level] = {rule: counted.joined(one[rule] for one in mine) for rule in mine[0]}
        print_level(level, levelled[level], table)
    fine = settled.print_bad_views(levels, trials=500 if options.quick else 10_000)
    fine = settled.print_update_time() and fine
    if options.pictures:
        weeks = [one.weeks for one in results if one.weeks and one.job.noise == levels[len(levels) // 2]]
        counting_pictures.draw(options.pictures, levelled, weeks[0])
    if not (table.fine and fine):
        sys.exit(1)


if __name__ == "__main__":
    main()
