"""The demo's photographs and the truth beside them agree, and tell the story that the demo needs."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

FOLDER = Path(__file__).parents[2] / "pantrybox" / "demo" / "photographs"
TRUTH: dict[str, Any] = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
PHOTOGRAPHS: list[dict[str, Any]] = TRUTH["photographs"]
LARGEST_FOLDER_BYTES = 5_000_000


def tracks(photograph: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {thing["track"]: thing for thing in photograph["things"]}


def hidden(photograph: dict[str, Any]) -> set[str]:
    return {track for track, thing in tracks(photograph).items() if thing["visible"] == 0}


def same_things_in_the_same_places(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return before["things"] == after["things"]


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph["file"])
def test_every_photograph_is_there_and_has_the_camera_s_size(photograph: dict[str, Any]) -> None:
    with Image.open(FOLDER / photograph["file"]) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (1600, 1200)


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph["file"])
def test_boxes_lie_within_the_picture_and_only_hidden_things_have_none(photograph: dict[str, Any]) -> None:
    for thing in photograph["things"]:
        assert 0 <= thing["visible"] <= 1
        assert (thing["box"] is None) == (thing["visible"] == 0)
        left, top, right, bottom = thing["box"] or (0, 0, 1, 1)
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph["file"])
def test_counts_are_those_of_the_things_and_no_track_is_told_twice(photograph: dict[str, Any]) -> None:
    assert photograph["counts"] == Counter(thing["name"] for thing in photograph["things"])
    assert len(tracks(photograph)) == len(photograph["things"])


def test_truth_says_whose_the_pictures_are_and_how_to_make_them_again() -> None:
    assert TRUTH["licence"] == "Apache-2.0"
    assert isinstance(TRUTH["seed"], int)
    assert TRUTH["view"]


def test_photographs_are_enough_and_follow_each_other_in_time() -> None:
    assert len(PHOTOGRAPHS) >= 12
    assert PHOTOGRAPHS[0]["seconds_after_start"] == 0
    assert all(a["seconds_after_start"] < b["seconds_after_start"] for a, b in pairwise(PHOTOGRAPHS))
    assert {photograph["trigger"] for photograph in PHOTOGRAPHS} == {"door", "timer"}
    assert all(photograph["story"].endswith(".") for photograph in PHOTOGRAPHS)


def test_folder_holds_nothing_else_and_stays_small() -> None:
    files = {file.name: file.stat().st_size for file in FOLDER.iterdir()}
    assert set(files) == {"truth.json", *(photograph["file"] for photograph in PHOTOGRAPHS)}
    assert sum(files.values()) < LARGEST_FOLDER_BYTES


def test_a_track_keeps_its_name() -> None:
    names = {(track, thing["name"]) for photograph in PHOTOGRAPHS for track, thing in tracks(photograph).items()}
    assert len(names) == len({track for track, _ in names})


def test_things_come_and_things_go() -> None:
    assert any(tracks(after).keys() - tracks(before).keys() for before, after in pairwise(PHOTOGRAPHS))
    assert any(tracks(before).keys() - tracks(after).keys() for before, after in pairwise(PHOTOGRAPHS))


def test_a_kind_of_thing_is_gone_at_the_end() -> None:
    assert PHOTOGRAPHS[0]["counts"].keys() - PHOTOGRAPHS[-1]["counts"].keys()


def test_a_thing_is_hidden_while_the_count_keeps_it_and_is_seen_again_later() -> None:
    first = next(n for n, photograph in enumerate(PHOTOGRAPHS) if photograph["readable"] and hidden(photograph))
    for track in hidden(PHOTOGRAPHS[first]):
        assert tracks(PHOTOGRAPHS[first - 1])[track]["visible"] > 0.9
        later = [tracks(photograph).get(track) for photograph in PHOTOGRAPHS[first:]]
        assert any(thing and thing["visible"] > 0.9 for thing in later)


def test_a_thing_is_partly_hidden_in_a_readable_photograph() -> None:
    readable = [photograph for photograph in PHOTOGRAPHS if photograph["readable"]]
    assert any(0.2 < thing["visible"] < 0.8 for photograph in readable for thing in photograph["things"])


def test_blocked_blurred_and_dark_photographs_cannot_be_read() -> None:
    stories = " ".join(photograph["story"] for photograph in PHOTOGRAPHS if not photograph["readable"])
    assert all(word in stories for word in ("arm", "shook", "light was off"))


def test_an_arm_hides_things_that_are_still_counted() -> None:
    before, blocked = next((a, b) for a, b in pairwise(PHOTOGRAPHS) if "arm" in b["story"])
    assert blocked["counts"] == before["counts"]
    assert len(hidden(blocked)) >= 3


def test_a_readable_photograph_shows_that_nothing_changed() -> None:
    unchanged = [b for a, b in pairwise(PHOTOGRAPHS) if b["readable"] and same_things_in_the_same_places(a, b)]
    assert unchanged
    assert all(photograph["story"] == "Nothing changed." for photograph in unchanged)


def test_things_move_within_the_view_while_nothing_comes_or_goes() -> None:
    moves = [
        sum(tracks(a)[track]["box"] != thing["box"] for track, thing in tracks(b).items())
        for a, b in pairwise(PHOTOGRAPHS)
        if tracks(a).keys() == tracks(b).keys() and b["readable"]
    ]
    assert max(moves) >= 3
