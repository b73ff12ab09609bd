"""Documents cannot rot: commands parse, links lead somewhere, routes and settings exist, figures are filled in."""

import hashlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pantrybox.cli.main import pantrybox

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def commands() -> Iterator[str]:
    for document in DOCUMENTS:
        for block in re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.search(r"(?:scripts/run|bin/pantrybox) +([^)]+)", line)
                if found:
                    yield found[1]


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_in_a_document_is_one_that_parses(line: str) -> None:
    words = [word.replace("~", "/tmp").replace("$TOKEN", "token") for word in shlex.split(line)]
    if words == ["--version"]:
        return
    command: click.Command = pantrybox
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    with click.Context(command, resilient_parsing=True) as context:
        _, rest, _ = command.make_parser(context).parse_args(words)
        assert not rest


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(document: Path) -> None:
    for name in re.findall(r"`((?:pantrybox|tests|docs|scripts|systemd|benchmarks)/[\w./-]+)`", document.read_text()):
        assert (ROOT / name).exists(), name


def test_vendored_files_are_the_ones_that_the_notice_names() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for path in (ROOT / "pantrybox/web/static/vendor").iterdir():
        assert f"pantrybox/web/static/vendor/{path.name}" in notice
        assert hashlib.sha256(path.read_bytes()).hexdigest() in notice


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
