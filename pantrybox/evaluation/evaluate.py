"""The whole evaluation: look at the photographs once, then teach and try as often as there are draws."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

import msgspec
import numpy as np

from pantrybox.evaluation import figures, summary
from pantrybox.evaluation.draws import Draw, Offers, Pools, drawn, halves, shuffled, untaught
from pantrybox.evaluation.eye import TimedEye
from pantrybox.evaluation.looking import Looker, Progress, Seen, taught_things, things
from pantrybox.evaluation.model import LabelledFolder, Photograph
from pantrybox.evaluation.report import Report, Times
from pantrybox.evaluation.trial import Result, Trial

_TIMED = 20
"""So many looks are timed where nothing has to be found."""


class Options(msgspec.Struct, frozen=True):
    examples: tuple[int, ...] = (1, 3, 5)
    """Rising."""
    draws: int = 5
    untaught: int | None = None
    """None: a quarter of the names, at most 20."""
    seed: int = 0
    limit: int | None = None
    """Test on at most so many photographs; where things are boxed, teach from at most so many, too."""
    one_camera: bool = False
    """All photographs show one view: where a thing stood is evidence for what it is."""


def evaluate(labelled: LabelledFolder, folder: str, eye: TimedEye, options: Options, progress: Progress) -> Report:
    """`folder` is what the report calls it."""
    looker = Looker(eye, options.seed, progress)
    pools = _pools(labelled, options)
    look = _look_at_all if labelled.with_boxes else _look_at_crops
    draws = look(labelled, pools, looker, options)
    results = _results(labelled, looker, eye, options, draws, progress)
    seen = list(looker.seen.values())
    return Report(
        folder=folder,
        form=labelled.form,
        detector=eye.name,
        embedder=eye.embedder,
        seed=options.seed,
        draws=options.draws,
        photographs=len(seen),
        tested=fmean([len([name for name in draw.test if name in looker.seen]) for draw in draws]),
        things=things(seen),
        names=len({truth.name for photograph in seen for truth in photograph.truths if truth.name}),
        flaws=dict(Counter(labelled.flaws) + looker.flaws),
        broken=tuple(looker.broken),
        left_out=labelled.left_out,
        # Finding needs no teaching: it is measured on everything that may be tested on.
        finding=figures.finding(_present(pools.test, looker), eye.counted_score) if labelled.with_boxes else None,
        naming=tuple(summary.naming(line) for line in results) if labelled.with_boxes else (),
        recognition=tuple(summary.recognising(line) for line in results),
        unknown=tuple(summary.gate(line) for line in results if line[0].untaught),
        counting=tuple(summary.counting(line) for line in results) if labelled.with_boxes else (),
        time_ms=_times(labelled, pools, looker),
    )


def _pools(labelled: LabelledFolder, options: Options) -> Pools:
    """What may be taught from and what is tested on."""
    teach = [photograph.name for photograph in labelled.photographs if photograph.part == "teach"]
    test = [photograph.name for photograph in labelled.photographs if photograph.part == "test"]
    if test:
        pools = Pools(tuple(teach), tuple(test))
    elif labelled.with_boxes:
        everything = tuple(photograph.name for photograph in labelled.photographs)
        pools = Pools(everything, everything)
    else:
        pools = halves(_by_class(labelled.photographs), options.seed)
    return _limited(pools, options, teach_too=labelled.with_boxes)


def _by_class(photographs: Iterable[Photograph]) -> dict[str, list[str]]:
    by_class: dict[str, list[str]] = defaultdict(list)
    for photograph in photographs:
        by_class[photograph.labels[0].name or ""].append(photograph.name)
    return by_class


def _limited(pools: Pools, options: Options, *, teach_too: bool) -> Pools:
    if options.limit is None:
        return pools
    test = _some(pools.test, options.limit, options.seed)
    if pools.shared:
        return Pools(test, test)
    return Pools(_some(pools.teach, options.limit, options.seed) if teach_too else pools.teach, test)


def _some(names: Sequence[str], most: int, seed: int) -> tuple[str, ...]:
    return tuple(sorted(shuffled(names, np.random.default_rng(seed))[:most]))


def _look_at_all(labelled: LabelledFolder, pools: Pools, looker: Looker, options: Options) -> list[Draw]:
    wanted = {*pools.teach, *pools.test}
    photographs = [photograph for photograph in labelled.photographs if photograph.name in wanted]
    looker.look_at(photographs, crops_only=False)
    return _draws(taught_things(looker.seen, photographs), pools, options)


def _look_at_crops(labelled: LabelledFolder, pools: Pools, looker: Looker, options: Options) -> list[Draw]:
    """Only those that a draw needs; one that cannot be read is replaced by the next that chance brings."""
    tested = frozenset(pools.test)
    while True:
        broken = {picture.file for picture in looker.broken}
        readable = [photograph for photograph in labelled.photographs if photograph.name not in broken]
        draws = _draws({p.name: [(0, p.labels[0].name or "")] for p in readable}, pools, options)
        wanted = tested.union(*(draw.taught_from for draw in draws))
        missing = [p for p in readable if p.name in wanted and p.name not in looker.seen]
        if not missing:
            return draws
        looker.look_at(missing, crops_only=True)


def _draws(offers: Offers, pools: Pools, options: Options) -> list[Draw]:
    return [drawn(offers, pools, options.examples[-1], options.seed, number) for number in range(options.draws)]


def _present(names: Iterable[str], looker: Looker) -> list[Seen]:
    return [looker.seen[name] for name in names if name in looker.seen]


def _times(labelled: LabelledFolder, pools: Pools, looker: Looker) -> Times | None:
    if labelled.with_boxes:
        timings = [seen.timing for seen in looker.seen.values()]
    else:
        some = frozenset(pools.test[:: max(1, len(pools.test) // _TIMED)][:_TIMED])
        timings = looker.timings([photograph for photograph in labelled.photographs if photograph.name in some])
    return figures.times([timing for timing in timings if timing is not None])


def _results(
    labelled: LabelledFolder,
    looker: Looker,
    eye: TimedEye,
    options: Options,
    draws: Sequence[Draw],
    progress: Progress,
) -> list[list[Result]]:
    """A list for each number of examples, with a result for each draw."""
    lines: list[list[Result]] = []
    rounds = len(options.examples) * len(draws)
    for count in options.examples:
        lines.append([])
        for number, draw in enumerate(draws):
            trial = Trial(draw, count, looker.seen, eye.prior, one_camera=options.one_camera)
            result = trial.recognition(untaught(tuple(draw.examples), options.untaught, options.seed, number))
            lines[-1].append(trial.with_naming(result, eye.counted_score) if labelled.with_boxes else result)
            progress("rounds of teaching", sum(map(len, lines)), rounds)
    return lines
