"""Settings come from the environment and from a file, and a wrong one is refused by its name."""

import json
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pantrybox.cli.main import pantrybox
from pantrybox.errors import OutOfRange, PantryError
from pantrybox.settings import SETTINGS, Settings, choices, read_settings

DATA = Path("/data")
README = Path(__file__).parents[1] / "README.md"


def test_photographs_lie_below_the_data_folder_unless_another_is_named() -> None:
    assert read_settings(DATA, {}).images == DATA / "storage/images"
    assert read_settings(DATA, {"STORAGE_PATH": "elsewhere"}).images == DATA / "elsewhere/images"
    assert read_settings(DATA, {"STORAGE_PATH": "/usb"}).images == Path("/usb/images")


def test_defaults_are_those_of_the_contract() -> None:
    settings = read_settings(DATA, {})
    assert (settings.image_retention_days, settings.max_storage_mb, settings.confidence_threshold) == (30, 5000, 0.7)
    assert (settings.hosts, settings.clock) == ((), "auto")
    assert settings == Settings(DATA, DATA / "storage", 0.7)


WRONG = {
    "STORAGE_PATH": ["", "a\0b"],
    "IMAGE_RETENTION_DAYS": ["0", "3651", "-1", "30.5", "", "many", "٣", "1e3", " 30", "9" * 5000],
    "MAX_STORAGE_MB": ["0", "-5", "5 GB", "", "1000000001", "inf"],
    "INVENTORY_CONFIDENCE_THRESHOLD": ["much", "-0.1", "1.01", "nan", "", "inf"],
    "PANTRYBOX_HOSTS": ["a b", "http://pantry", "pantry,<x>", "\0"],
    "PANTRYBOX_CLOCK": ["", "Trusted", "no"],
    "PANTRYBOX_LABELS": ["", "on", "OFF"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_value_that_cannot_be_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(OutOfRange, match=rf"^{name} is .*; it must be "):
        read_settings(DATA, {name: text})


def test_wrong_values_of_every_setting_are_tried() -> None:
    assert set(WRONG) == {setting.name for setting in SETTINGS}


@given(st.integers(1, 3650), st.integers(1, 10**9), st.floats(0, 1), st.sampled_from(["auto", "trusted"]))
def test_every_value_within_bounds_is_taken(days: int, size: int, threshold: float, clock: str) -> None:
    environment = {
        "IMAGE_RETENTION_DAYS": str(days),
        "MAX_STORAGE_MB": str(size),
        "INVENTORY_CONFIDENCE_THRESHOLD": repr(threshold),
        "PANTRYBOX_CLOCK": clock,
    }
    settings = read_settings(DATA, environment)
    taken = (settings.image_retention_days, settings.max_storage_mb, settings.confidence_threshold, settings.clock)
    assert taken == (days, size, threshold, clock)


@given(st.dictionaries(st.sampled_from([setting.name for setting in SETTINGS]), st.text(max_size=20)))
def test_whatever_stands_there_is_taken_or_refused_with_a_sentence(environment: Mapping[str, str]) -> None:
    try:
        read_settings(DATA, environment)
    except OutOfRange as error:
        assert str(error).endswith(".")  # noqa: PT017 - either of two ends is right


def test_environment_comes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    (tmp_path / "pantrybox.env").write_text("IMAGE_RETENTION_DAYS=60\nMAX_STORAGE_MB=100\n")
    settings = read_settings(tmp_path, {"MAX_STORAGE_MB": "200"})
    assert (settings.image_retention_days, settings.max_storage_mb) == (60, 200)
    sources = {choice.setting.name: choice.source for choice in choices(tmp_path, {"MAX_STORAGE_MB": "200"})}
    assert sources["IMAGE_RETENTION_DAYS"] == str(tmp_path / "pantrybox.env")
    assert (sources["MAX_STORAGE_MB"], sources["STORAGE_PATH"]) == ("environment", "default")


def test_another_file_can_be_named_and_then_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "pantrybox.env").write_text("MAX_STORAGE_MB=1\n")
    (tmp_path / "other").write_text("MAX_STORAGE_MB=2\n")
    assert read_settings(tmp_path, {"PANTRYBOX_ENV_FILE": str(tmp_path / "other")}).max_storage_mb == 2
    assert read_settings(tmp_path, {}, tmp_path / "other").max_storage_mb == 2
    with pytest.raises(PantryError, match="none cannot be read"):
        read_settings(tmp_path, {}, tmp_path / "none")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("MAX_STORAGE_GB=5", r"MAX_STORAGE_GB in .*pantrybox\.env is no setting .* Do you mean MAX_STORAGE_MB\?"),
        ("XYZ=5", r"XYZ in .* is no setting of PantryBox\. `pantrybox config` lists them\."),
        ("PANTRYBOX_DATA=/x", r"PANTRYBOX_DATA \(the data folder\) is read from the environment only"),
        ("MAX_STORAGE_MB=x", r"MAX_STORAGE_MB in .*pantrybox\.env is 'x'; it must be a whole number"),
        ("MAX_STORAGE_MB", r"pantrybox\.env, line 1: this is not KEY=VALUE"),
    ],
)
def test_file_that_is_wrong_is_refused_with_a_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "pantrybox.env").write_text(line)
    with pytest.raises(PantryError, match=sentence):
        read_settings(tmp_path, {})


@pytest.mark.parametrize("name", ["PANTRYBOX_HOST", "PANTRYBOX_X", "IMAGE_RETENTION_DAY", "Max_Storage_MB"])
def test_misspelt_variable_is_refused(name: str) -> None:
    with pytest.raises(OutOfRange, match=f"The environment variable {name} is no setting of PantryBox"):
        read_settings(DATA, {name: "1"})


@pytest.mark.parametrize("name", ["PATH", "STORAGE", "HOME", "PANTRYBOX_DATA", "PANTRYBOX_TOKEN"])
def test_variables_of_others_are_left_alone(name: str) -> None:
    assert read_settings(DATA, {name: "1"}) == read_settings(DATA, {})


def test_config_prints_every_setting_with_its_value_and_where_it_is_from(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("MAX_STORAGE_MB=77\n")
    words = ["config", "--data", str(tmp_path), "--env-file", str(tmp_path / "file")]
    environment = {"IMAGE_RETENTION_DAYS": "12"}
    lines = json.loads(CliRunner(env=environment).invoke(pantrybox, [*words, "--json"]).stdout)
    assert [line["name"] for line in lines] == [setting.name for setting in SETTINGS]
    shown = {line["name"]: (line["value"], line["source"]) for line in lines}
    assert shown["MAX_STORAGE_MB"] == ("77", str(tmp_path / "file"))
    assert shown["IMAGE_RETENTION_DAYS"] == ("12", "environment")
    text = CliRunner(env=environment).invoke(pantrybox, words).stdout
    assert "MAX_STORAGE_MB=77\n" in text
    for setting in SETTINGS:
        assert setting.meaning in text
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # nothing was made


def test_every_command_that_takes_a_data_folder_takes_a_file_of_settings() -> None:
    def commands(group: click.Group) -> list[click.Command]:
        nested = [commands(one) if isinstance(one, click.Group) else [one] for one in group.commands.values()]
        return [command for several in nested for command in several]

    for command in commands(pantrybox):
        takes_settings = any(parameter.name == "settings" for parameter in command.params)
        assert takes_settings == any("--env-file" in parameter.opts for parameter in command.params), command.name


def test_every_setting_is_a_field_and_stands_in_the_readme() -> None:
    fields = set(msgspec.structs.asdict(read_settings(DATA, {}))) - {"data"}
    assert fields == {setting.field for setting in SETTINGS}
    text = README.read_text()
    for setting in SETTINGS:
        assert f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''}" in text
