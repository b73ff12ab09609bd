"""Files of KEY=VALUE lines, as shells and systemd write them."""

import re
from collections.abc import Iterator
from pathlib import Path

from pantrybox.errors import Malformed, PantryError

_LINE = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
_QUOTED = re.compile(r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*')[ \t]*(?:#.*)?""")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")


def read(path: Path) -> dict[str, str]:
    """What the file sets; PantryError when it cannot be read, Malformed with the number of the line at fault."""
    try:
        return parse(path.read_bytes().decode("utf-8-sig"), str(path))
    except OSError as error:
        raise PantryError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{path} is not UTF-8 text.") from error


def parse(text: str, name: str) -> dict[str, str]:
    """The values by their keys. `name` is what to call the file in a Malformed.

    Within double quotes, a backslash takes the next character as it is; within single quotes it is
    one. Without quotes, ` #` begins a comment. Nothing is filled in, and no value spans lines.
    """
    values: dict[str, str] = {}
    for number, line in _lines(text):
        found = _LINE.fullmatch(line)
        value = _value(found["value"].strip(" \t")) if found else None
        if found is None or value is None:
            raise Malformed(f"{name}, line {number}: this is not KEY=VALUE, nor a comment that begins with #.")
        if found["name"] in values:
            raise Malformed(f"{name}, line {number}: {found['name']} was set above already.")
        values[found["name"]] = value
    return values


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(re.split(r"\r?\n", text), start=1):
        stripped = line.strip(" \t")
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _value(text: str) -> str | None:
    """None when a quote does not end, something follows it, or a character is none that a value can have."""
    if not text.isprintable():
        return None
    if not text.startswith(('"', "'")):
        return _COMMENT.sub("", text).strip(" \t")
    found = _QUOTED.fullmatch(text)
    if found is None:
        return None
    inner = found["value"][1:-1]
    return inner if text.startswith("'") else re.sub(r"\\(.)", r"\1", inner)
