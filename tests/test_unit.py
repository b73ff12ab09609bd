"""The systemd unit: systemd accepts it, and its sandbox is tight."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd" / "pantrybox.service"


@pytest.fixture
def systemd_analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None and os.environ.get("CI") == "true":
        pytest.fail("systemd-analyze is missing: apt-get install systemd")
    if program is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    return program


def answer(*command: str | Path) -> tuple[int, str]:
    """Exit status and all that was said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def test_systemd_finds_nothing_to_complain_about(systemd_analyze: str, tmp_path: Path) -> None:
    # PantryBox is not installed where the tests run; any other program stands in for it.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/pantrybox/.venv/bin/python", "/bin/true"))
    assert answer(systemd_analyze, "verify", "--man=no", "--recursive-errors=no", unit) == (0, "")


def test_exposure_is_at_most_one_and_a_half_of_ten(systemd_analyze: str) -> None:
    status, report = answer(systemd_analyze, "security", "--no-pager", "--offline=yes", "--threshold=15", UNIT)
    print(report.splitlines()[-1])  # noqa: T201 - the figure, for `pytest -rP`
    assert status == 0, report


@pytest.mark.parametrize("target", ["network-online.target", "time-sync.target"])
def test_unit_waits_for_nothing_that_an_offline_box_never_reaches(target: str) -> None:
    settings = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    assert not [line for line in settings if target in line]
