"""What words on a label say about the names that a household uses: a second witness for look-alikes. Pure."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest

LONGEST_TEXT = 2000
LONGEST_WORD = 40
_LOOKALIKES = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})


def folded_words(text: str) -> list[str]:
    """Words without case and accents, and with letters made one that readers take for each other."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text[:LONGEST_TEXT]) if not _is_mark(letter))
    return [word[:LONGEST_WORD] for word in re.findall(r"[^\W_]+", bare.casefold().translate(_LOOKALIKES))]


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) == "Mn"


def likeness(text: str, name: str) -> float:
    """How much of `name` can be read in `text`: 0 nothing to 1 every letter. Each longer word counts more."""
    wanted, printed = folded_words(name), set(folded_words(text))
    letters = sum(len(word) for word in wanted)
    return sum(len(word) * _legible(word, printed) for word in wanted) / letters if letters else 0.0


_LONG_ENOUGH = 4
"""Letters. Shorter words are found in anything: they must be there as they are."""
_TOO_LITTLE = 0.5


def _legible(word: str, printed: set[str]) -> float:
    """How well one word can be read among those printed, 0 to 1."""
    if word in printed:
        return 1.0
    return max((_resemblance(word, other) for other in printed), default=0.0)


def _resemblance(word: str, other: str) -> float:
    if min(len(word), len(other)) < _LONG_ENOUGH:
        return 0.0
    if word in other:  # havre in havredryck
        return 1.0
    if other in word:  # the rest is round the corner, or in the shade
        part = len(other) / len(word)
        return part if part >= _TOO_LITTLE else 0.0
    slips = len(word) // _LONG_ENOUGH
    # Cheap and always right: each slip can bring in at most one letter that the other lacks.
    if abs(len(word) - len(other)) > slips or len(set(word) - set(other)) > slips:
        return 0.0
    distance = edit_distance(word, other)
    return 1 - distance / len(word) if distance <= slips else 0.0


def edit_distance(one: str, other: str) -> int:
    """Letters to insert, drop or replace to make one from the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, match in enumerate(other, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != match))
    return row[-1]


MOST_EVIDENCE = 2.0
_READ = 2.5
"""Log of how much likelier a word is read on the item that is named with it than on another one."""
_MISSED = 0.3
"""The same for its absence, where the rest of the name was read."""
_READ_BEFORE = 0.7
"""Log of how much likelier a word is that was read on a taught picture; most of such words are the brand's chatter."""
_MOST_TAUGHT = 12
_MOST_TOLD = 20.0


def evidence(text: str, names: Sequence[str], taught: Sequence[str] = ()) -> list[float]:
    """For each name the log-odds, within +-MOST_EVIDENCE, that a label with this text is that item's.

    `taught`, beside the names: what was read on the item's taught pictures, "" for nothing. That bridges the
    household's language and the label's.
    Bayes' rule against the average of the other names (a lone name: against one that does not occur). So what
    several names share cancels out, what tells them apart remains, and text in which nobody's words occur gives 0.
    """
    printed = set(folded_words(text))
    known: dict[str, float] = {}
    told = [
        _told(_legible_words(folded_words(name), printed, known), _legible_words(_telling(other), printed, known))
        for name, other in zip_longest(names, taught[: len(names)], fillvalue="")
    ]
    likelihoods = [math.exp(one) for one in told]
    total = math.fsum(likelihoods)
    return [
        _bounded(one - _log_mean(total - likelihood, len(names) - 1))
        for one, likelihood in zip(told, likelihoods, strict=True)
    ]


def _telling(taught: str) -> list[str]:
    """The words that were read most often, without the short ones, which are mostly slips."""
    often = Counter(word for word in folded_words(taught) if len(word) >= _LONG_ENOUGH)
    return [word for word, _ in often.most_common(_MOST_TAUGHT)]


def _legible_words(words: Iterable[str], printed: set[str], known: dict[str, float]) -> list[float]:
    each = dict.fromkeys(words)
    for word in each:
        if word not in known:
            known[word] = _legible(word, printed)
    return [known[word] for word in each]


def _told(named: list[float], taught: list[float]) -> float:
    """A missing word of the name counts as far as another one was read: the label may be in another language."""
    best = max(named, default=0.0)
    told = sum(_READ * seen - _MISSED * best * (1 - seen) for seen in named) + _READ_BEFORE * sum(taught)
    # Bounded, so that its exponential stays comparable with the others'.
    return min(_MOST_TOLD, told)


def _log_mean(total: float, count: int) -> float:
    return math.log(max(total / count, math.exp(-_MOST_TOLD))) if count else 0.0


def _bounded(log_odds: float) -> float:
    return max(-MOST_EVIDENCE, min(MOST_EVIDENCE, log_odds))
