"""What the box wrote down is told in plain words."""

import re
from pathlib import Path
from typing import get_args

import pytest

from pantrybox.captures.job_runs import JobRun, Outcome
from pantrybox.inventory.forecast import UntilEmpty
from pantrybox.inventory.model import EventType
from pantrybox.owners.model import AuditLine
from pantrybox.web import told

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
    }
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
