"""Files of settings: what is written is what is read, and what cannot be read is said with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrybox import env_file
from pantrybox.errors import Malformed, PantryError

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,30}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cf", "Co", "Cn"]))
spaced = st.lists(texts, min_size=1, max_size=4).map(" ".join)
noise = st.lists(st.sampled_from(["", "   ", "# a comment", "\t#KEY=VALUE", "  # 'x"]), max_size=3)


def in_double_quotes(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.dictionaries(names, spaced, max_size=8), noise, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_in_quotes_is_what_is_read(
    values: dict[str, str], between: list[str], exported: bool, end: str
) -> None:
    lines: list[str] = []
    for name, value in values.items():
        lines += [*between, f"{'export ' if exported else ''}{name}={in_double_quotes(value)}  # said so"]
    assert env_file.parse(end.join(lines), "a file") == values


@given(names, spaced.filter(lambda text: "'" not in text))
def test_single_quotes_take_everything_as_it_is(name: str, value: str) -> None:
    assert env_file.parse(f"{name}='{value}'", "a file") == {name: value}


@given(st.text())
def test_anything_is_read_or_refused_with_its_line(text: str) -> None:
    try:
        values = env_file.parse(text, "a file")
    except Malformed as error:
        assert str(error).startswith("a file, line ")  # noqa: PT017 - either of two ends is right
    else:
        assert all(isinstance(value, str) for value in values.values())


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1 # one", "1"),
        ("A= 1 ", "1"),
        ("A=", ""),
        ("A=a#b", "a#b"),
        ("A=#b", ""),
        ("A='' # nothing", ""),
        ('A="\\n"', "n"),
        ("A=it's", "it's"),
        ("A=$HOME/x", "$HOME/x"),
        ("  export\tA=b=c", "b=c"),
    ],
)
def test_values_without_quotes(line: str, value: str) -> None:
    assert env_file.parse(line, "a file") == {"A": value}


@pytest.mark.parametrize("line", ["A", "A B=1", "1A=1", "A='1", 'A="1" 2', "A=1\x00", "=1", "A-B=1"])
def test_line_at_fault_is_named(line: str) -> None:
    with pytest.raises(Malformed, match=r"^/etc/pantry, line 3: this is not KEY=VALUE"):
        env_file.parse(f"# first\nB=1\n{line}\n", "/etc/pantry")


def test_name_that_is_set_twice_is_refused() -> None:
    with pytest.raises(Malformed, match="line 2: A was set above already"):
        env_file.parse("A=1\nA=2", "a file")


def test_file_that_is_no_text_or_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"A=\xff\xfe")
    with pytest.raises(Malformed, match="is not UTF-8 text"):
        env_file.read(tmp_path / "binary")
    with pytest.raises(PantryError, match=r"none cannot be read: No such file or directory\."):
        env_file.read(tmp_path / "none")
    (tmp_path / "windows").write_bytes(b"\xef\xbb\xbfA=1\r\n")
    assert env_file.read(tmp_path / "windows") == {"A": "1"}
