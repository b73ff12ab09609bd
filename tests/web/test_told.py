"""What the box wrote down is told in plain words."""

import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from pantrybox.captures.job_runs import JobRun, Outcome
from pantrybox.inventory.forecast import UntilEmpty
from pantrybox.inventory.history import PastEvent
from pantrybox.inventory.model import EventType
from pantrybox.owners.model import AuditLine
from pantrybox.web import told
from pantrybox.web.acts import AUDITED

PROGRAM = Path(told.__file__).parents[1]
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


def line(act: str, target: str | None = None, details: str | None = None) -> AuditLine:
    return AuditLine(1, 0, "owner", act, target, details)


def sentence(written: AuditLine) -> str:
    act = told.act(written)
    return " ".join(part for part in (act.who, act.did, act.what) if part)


def test_every_act_that_is_recorded_has_words_for_it() -> None:
    recorded = {
        act
        for file in PROGRAM.rglob("*.py")
        for call in re.findall(r"(?:audit\.record|_end)\((.*?)\)", file.read_text(), re.DOTALL)
        for act in re.findall(r'"([a-z]+\.[a-z-]+)"', call)
    } | set(AUDITED.values())
    assert len(recorded) > 20
    unsaid = {act for act in recorded if told.act(line(act)).did == act.replace(".", " ")}
    assert unsaid == set()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (line("count.overridden", "Milk", '{"count": 3}'), "owner set the count of Milk"),
        (line("key.made", "7", '{"name": "Home", "scope": "read"}'), "owner made the key Home"),
        (line("session.opened", "3", f'{{"user_agent": "{FIREFOX}"}}'), "owner signed in with Firefox on Android"),
        (line("session.revoked", "3"), "owner signed a browser out"),
        (line("product.learned", "4006381333931", '{"item": "Milk"}'), "owner named the barcode of Milk"),
        (line("example.taught", "5", '{"item": "Milk", "capture_id": "c"}'), "owner showed the box Milk"),
        (line("example.denied", "6", '{"item": null}'), "owner said that something is not a thing"),
        (line("storage.cleaned", "sweep"), "owner cleaned up: Stray files"),
        (line("kettle.boiled-dry", "tea"), "owner kettle boiled dry tea"),
    ],
)
def test_act_is_told_as_a_sentence(written: AuditLine, said: str) -> None:
    assert sentence(written) == said


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Android"),
        (SAFARI, "Safari on iPhone"),
        (CHROME, "Chrome on Windows"),
        (CHROME + " Edg/140.0", "Edge on Windows"),
        ("curl/8.5", "curl/8.5"),
        (None, "a browser without a name"),
    ],
)
def test_browser_is_called_what_its_owner_calls_it(agent: str | None, name: str) -> None:
    assert told.browser(agent) == name


@pytest.mark.parametrize(
    ("outcome", "deleted", "said"),
    [
        ("done", 0, "nothing to delete"),
        ("done", 1, "1 photograph deleted, 2 MB freed"),
        ("failed", 3, "3 photographs deleted, 2 MB freed"),
        ("refused", 0, "nothing deleted"),
        (None, 0, "running"),
    ],
)
def test_run_is_told_by_what_it_freed(outcome: Outcome | None, deleted: int, said: str) -> None:
    ended_at_ms = None if outcome is None else 5
    run = JobRun("quota", "schedule", 0, 1, ended_at_ms, outcome, deleted, deleted and 2 * 1024 * 1024)
    assert told.outcome(run) == said


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1024, "1 kB"), (1_500_000, "1.43 MB"), (5 * 1024**3, "5 GB"),
     (2000 * 1024**3, "2000 GB"), (1023 * 1024, "0.999 MB")],
)  # fmt: skip
def test_size_is_said_in_the_unit_that_reads_best(size_bytes: int, said: str) -> None:
    assert told.size(size_bytes) == said


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (UntilEmpty(days=12.2, earliest=7.6, latest=19), "lasts about 12 days (between 8 days and 19 days)"),
        (UntilEmpty(days=0.2, earliest=0.1, latest=0.9), "lasts about 1 day"),
        (UntilEmpty(days=100, earliest=40, latest=4000), "lasts about 3 months (between 40 days and years)"),
    ],
)
def test_forecast_says_between_which_days(forecast: UntilEmpty, said: str) -> None:
    assert told.lasts(forecast) == said


def test_every_kind_of_event_has_a_word() -> None:
    assert set(told.EVENTS) == set(get_args(EventType))


@pytest.mark.parametrize(
    ("count", "doubtful", "hidden", "behind", "said"),
    [
        (2, False, 0, None, ""),
        (2, True, 0, None, "perhaps 2"),
        (0, True, 0, None, "perhaps gone"),
        (0, False, 1, "flour", ""),
        (2, False, 1, "flour", "1 of them behind the \u2068flour\u2069"),
        (1, True, 1, "flour", "perhaps 1 · behind the \u2068flour\u2069"),
        (3, False, 3, None, "out of sight"),
        (3, True, 2, None, "perhaps 3 · 2 of them out of sight"),
    ],
)
def test_doubt_is_said_in_words(count: int, doubtful: bool, hidden: int, behind: str | None, said: str) -> None:
    assert told.doubt(count, doubtful=doubtful, hidden=hidden, behind=behind) == said


def test_name_within_a_sentence_is_short_and_turns_nothing_round() -> None:
    assert told.isolated("\u202ejam") == "\u2068\u202ejam\u2069"
    assert told.isolated("x" * 200) == "\u2068" + "x" * 59 + "…\u2069"


@pytest.mark.parametrize(
    ("shown", "still", "asked", "answers"),
    [
        (1, 1, "Is the jam gone?", ["Yes, gone", "Still there"]),
        (0, 2, "Is the jam gone?", ["Yes, gone", "Still 2 there"]),
        (2, 2, "Are there still 2 of the jam?", ["No, all gone", "Yes, 2"]),
    ],
)
def test_question_and_its_answers_fit_each_other(shown: int, still: int, asked: str, answers: list[str]) -> None:
    assert told.question("jam", shown) == asked
    assert [told.gone(shown), told.still(shown, still)] == answers


def test_what_became_of_an_answer_is_said() -> None:
    assert told.answered("Jam", 0, was_asked=True) == "Jam: 0."
    assert told.answered("Jam", None, was_asked=True) == "Jam: not now."
    assert told.answered("Jam", 2, was_asked=False) == "Jam was not asked about any more. It counts all the same: 2."


def past(event_type: EventType, details: str | None) -> PastEvent:
    return PastEvent(1, "jam", "Shelf", event_type, -1, 2, 1.0, None, 0, "owner", undone=False, details=details)


@pytest.mark.parametrize(
    ("event_type", "details", "said"),
    [
        ("removed", None, "went out"),
        ("consumed", None, "used"),
        ("consumed", '{"act": "use"}', "used"),
        ("consumed", '{"act": "finish"}', "finished"),
        ("consumed", '{"act": "throw_away"}', "thrown away"),
        ("added", '{"act": "add"}', "came in"),
        ("adjusted", None, "looked at again"),
        ("adjusted", '{"by": "owner", "shown": 3}', "confirmed"),
        ("adjusted", '{"act": "move", "to": "Cellar"}', "moved to \u2068Cellar\u2069"),
        ("adjusted", '{"act": "move", "from": "Cellar"}', "moved here from \u2068Cellar\u2069"),
        ("consumed", '{"act": 5, "to": []}', "used"),
        ("adjusted", '{"act": "move", "to": 5}', "looked at again"),
    ],
)
def test_what_happened_is_said_whatever_an_imported_history_says(
    event_type: EventType, details: str | None, said: str
) -> None:
    assert told.happened(past(event_type, details)) == said


@pytest.mark.parametrize(
    ("days_left", "said"),
    [(-70, "2 months past"), (-1, "1 day past"), (0, "last day"), (1, "until tomorrow"), (5, "5 days left")],
)
def test_how_long_something_is_good_is_said_from_today(days_left: int, said: str) -> None:
    assert told.until(days_left) == said


def test_day_is_written_as_it_is_printed_on_things() -> None:
    assert told.day(date(2026, 12, 4)) == "4 Dec 2026"
