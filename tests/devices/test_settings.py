"""How a camera is set up: what is not named stays, null takes back, and nothing is lost on the way to the card."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from pantrybox.devices.settings import DeviceSettings, SettingsChange, Thresholds, Zone, changed
from pantrybox.errors import OutOfRange

FRACTION = st.floats(0, 1)
CORNERS = st.lists(st.tuples(FRACTION, FRACTION), min_size=3, max_size=6)
ZONES = st.lists(st.builds(Zone, name=st.sampled_from(["Left", "Right", "🥫", "مربى"]), polygon=CORNERS), max_size=3)
NAMED = {
    "battery_kind": st.sampled_from(["lipo_1s", "18650", "lipo_2s", "usb", "none"]),
    "masks": st.lists(CORNERS, max_size=3),
    "zones": ZONES.filter(lambda zones: len({zone.name for zone in zones}) == len(zones)),
    "thresholds": st.floats(0.05, 0.99).map(lambda score: {"counted": score}),
}
FIELDS = sorted(NAMED)


def change(**given: object) -> SettingsChange:
    """As it comes over the wire."""
    return msgspec.json.decode(msgspec.json.encode(given), type=SettingsChange)


@st.composite
def changes(draw: st.DrawFn) -> SettingsChange:
    names = draw(st.sets(st.sampled_from(FIELDS)))
    return change(**{name: draw(st.none() | NAMED[name]) for name in names})


@given(st.lists(changes(), max_size=4), changes())
def test_what_a_change_does_not_name_stays_and_null_takes_back(
    before: list[SettingsChange], last: SettingsChange
) -> None:
    settings = DeviceSettings()
    for earlier in before:
        settings = changed(settings, earlier)
    after = changed(settings, last)
    for name in FIELDS:
        if getattr(last, name) is UNSET:
            assert getattr(after, name) == getattr(settings, name)
        elif getattr(last, name) is None:
            assert getattr(after, name) == getattr(DeviceSettings(), name)


@given(st.lists(changes(), max_size=3))
def test_the_same_change_again_changes_nothing_also_after_a_restart(made: list[SettingsChange]) -> None:
    settings = DeviceSettings()
    for one in made:
        settings = changed(settings, one)
        stored = msgspec.json.decode(msgspec.json.encode(settings), type=DeviceSettings)
        assert stored == settings
        assert changed(stored, one) == stored


def test_a_threshold_that_is_not_named_stays() -> None:
    settings = changed(DeviceSettings(), change(thresholds={"counted": 0.4}))
    assert changed(settings, change(thresholds={})).thresholds == Thresholds(0.4)
    assert changed(settings, change(thresholds={"counted": None})).thresholds == Thresholds()


@pytest.mark.parametrize("other", ["left", "LEFT", " Left ", "Left"])
def test_two_zones_of_a_camera_never_have_one_name(other: str) -> None:
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]
    with pytest.raises(OutOfRange, match="zones"):
        changed(DeviceSettings(), SettingsChange(zones=[Zone("Left", corners), Zone(other, corners)]))
