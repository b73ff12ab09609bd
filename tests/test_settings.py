"""Settings come from the environment, and a wrong one is refused by its name."""

from pathlib import Path

import pytest

from pantrybox.errors import OutOfRange
from pantrybox.settings import read_settings


def test_photographs_lie_below_the_data_folder_unless_another_is_named() -> None:
    data = Path("/data")
    assert read_settings(data, {}).images == data / "storage/images"
    assert read_settings(data, {"STORAGE_PATH": "elsewhere"}).images == data / "elsewhere/images"
    assert read_settings(data, {"STORAGE_PATH": "/usb"}).images == Path("/usb/images")


@pytest.mark.parametrize("text", ["much", "-0.1", "1.01", "nan", ""])
def test_a_threshold_that_is_none_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(OutOfRange, match="INVENTORY_CONFIDENCE_THRESHOLD"):
        read_settings(Path("/data"), {"INVENTORY_CONFIDENCE_THRESHOLD": text})
