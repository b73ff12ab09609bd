"""PATCH /v1/devices/{id}: how a camera is set up, in whichever way a client says it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import make_jpeg
from tests.server import Answer, Server

pytestmark = pytest.mark.slow

TRIANGLE = [[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]
CORNER = [[0.0, 0.0], [0.25, 0.0], [0.25, 0.25], [0.0, 0.25]]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("settings") / "data") as running:
        yield running


@pytest.fixture
def camera(box: Server) -> str:
    """Its id."""
    return box.post("/v1/devices", {"name": "Shelf"}).json["id"]


def change(box: Server, device_id: str, body: object) -> Answer:
    return box.request("PATCH", f"/v1/devices/{device_id}", body, {"Authorization": f"Bearer {box.key}"})


def settings(box: Server, device_id: str) -> dict[str, Any]:
    return box.get(f"/v1/devices/{device_id}").json["settings"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("battery_kind", "18650"),
        ("masks", [TRIANGLE, CORNER]),
        ("zones", [{"name": "Top", "polygon": CORNER}, {"name": "مربى 🥫", "polygon": TRIANGLE}]),
        ("thresholds", {"counted": 0.45}),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False], ids=["in settings", "beside the name"])
def test_a_setting_is_kept_until_null_takes_it_back(
    box: Server, camera: str, wrapped: bool, name: str, value: object
) -> None:
    def said(value: object) -> dict[str, Any]:
        return {"settings": {name: value}} if wrapped else {name: value}

    before = settings(box, camera)
    assert change(box, camera, said(value)).json["settings"][name] == value
    assert change(box, camera, {"name": "Renamed"}).json["settings"][name] == value
    after = settings(box, camera)
    assert after[name] == value
    assert {key for key in after if after[key] != before[key]} == {name}
    assert change(box, camera, said(None)).status == 200
    assert settings(box, camera) == before


def test_settings_outlive_a_restart(server: Server) -> None:
    server.add_device("shelf")
    given = {"masks": [TRIANGLE], "zones": [{"name": "Top", "polygon": CORNER}], "thresholds": {"counted": 0.5}}
    change(server, "shelf", {"settings": given | {"place": "Larder", "orders": {"sleep_s": 60}}})
    before = server.get("/v1/devices/shelf").json
    server.stop()
    server.start()
    assert server.get("/v1/devices/shelf").json == before


def test_what_stands_in_settings_goes_first(box: Server, camera: str) -> None:
    shown = change(box, camera, {"battery_kind": "usb", "settings": {"battery_kind": "18650"}}).json
    assert (shown["battery_kind"], shown["battery_kind_guessed"]) == ("18650", False)


def test_kind_of_a_battery_decides_what_its_voltage_means(box: Server) -> None:
    token = box.post("/v1/devices", {"name": "Battery", "device_id": "battery"}).json["device_token"]
    assert box.upload(make_jpeg(shade=1), token, "battery", X_Battery_V="4.2").status == 201
    pcts = {
        kind: change(box, "battery", {"battery_kind": kind}).json["battery_pct"]
        for kind in ("lipo_1s", "18650", "lipo_2s", "usb", "none", None)
    }
    assert pcts == {"lipo_1s": 100, "18650": 100, "lipo_2s": 0, "usb": None, "none": None, None: 100}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("battery_kind", value) for value in ("lead", "", 5, "LIPO_1S")],
        *[("masks", value) for value in ("all", {}, [[]], [TRIANGLE] * 33, [TRIANGLE[:2]], [CORNER[:1] * 65])],
        *[("masks", [[*TRIANGLE[:2], point]]) for point in ([1.1, 0], [-0.1, 0], [0], [0, 0, 0], ["left", 0], None)],
        *[("zones", value) for value in ([TRIANGLE], [{"name": "Top"}], [{"polygon": TRIANGLE}])],
        *[("zones", [{"name": name, "polygon": TRIANGLE}]) for name in ("", " ", "a\0", "a\n", "x" * 201, None)],
        ("zones", [{"name": f"Zone {number}", "polygon": TRIANGLE} for number in range(33)]),
        ("zones", [{"name": "Top", "polygon": TRIANGLE}, {"name": "TOP", "polygon": CORNER}]),
        *[("thresholds", {"counted": value}) for value in (0, 0.049, 0.991, 1, -5e36, "high", True)],
        *[("thresholds", value) for value in (0.5, [])],
        *[("place", value) for value in ("", " ", "a\0", "a\n", "x" * 201, 5)],
        *[("orders", value) for value in (5, [], {"sleep_s": None}, {"flash": None}, {"sleep_s": -5e36})],
    ],
)
@pytest.mark.parametrize("wrapped", [True, False], ids=["in settings", "beside the name"])
def test_a_setting_that_cannot_be_changes_nothing(
    box: Server, camera: str, wrapped: bool, name: str, value: object
) -> None:
    before = box.get(f"/v1/devices/{camera}").json
    body = {"settings": {name: value}} if wrapped else {name: value}
    answer = change(box, camera, {"name": "Changed", **body})
    assert answer.status == 422, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert box.get(f"/v1/devices/{camera}").json == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("masks", [[[0.5, 0.5]] * 64] * 32),
        ("masks", []),
        ("zones", [{"name": f"Zone {number}", "polygon": TRIANGLE} for number in range(32)]),
        ("thresholds", {"counted": 0.05}),
        ("thresholds", {"counted": 0.99}),
    ],
)
def test_a_setting_at_the_end_of_its_range_is_taken(box: Server, camera: str, name: str, value: object) -> None:
    assert change(box, camera, {"settings": {name: value}}).json["settings"][name] == value


def test_place_is_renamed_with_its_camera_and_never_doubled(box: Server, camera: str) -> None:
    other = box.post("/v1/devices", {"name": "Other"}).json["id"]
    assert settings(box, camera)["place"] is None
    assert change(box, camera, {"settings": {"place": "Larder 🥫"}}).json["settings"]["place"] == "Larder 🥫"
    refused = change(box, other, {"name": "Changed", "place": "LARDER 🥫"})
    assert refused.status == 409
    assert box.get(f"/v1/devices/{other}").json["name"] == "Other"
    assert change(box, camera, {"place": "Cellar"}).json["settings"]["place"] == "Cellar"
    assert change(box, other, {"place": "larder 🥫"}).status == 200
    assert change(box, camera, {"place": None}).json["settings"]["place"] == "Cellar"


def test_changes_at_once_lose_nothing_of_each_other(box: Server, camera: str) -> None:
    bodies: list[dict[str, Any]] = [
        {"name": "New"},
        {"battery_kind": "usb"},
        {"masks": [TRIANGLE]},
        {"zones": [{"name": "Top", "polygon": CORNER}]},
        {"thresholds": {"counted": 0.5}},
        {"orders": {"sleep_s": 60}},
        {"orders": {"flash": True}},
    ]
    with ThreadPoolExecutor(len(bodies)) as threads:
        answers = list(threads.map(lambda body: change(box, camera, body), bodies))
    assert {answer.status for answer in answers} == {200}
    shown = box.get(f"/v1/devices/{camera}").json
    assert shown["name"] == "New"
    assert (shown["orders"]["sleep_s"], shown["orders"]["flash"], shown["orders_version"]) == (60, True, 2)
    for body in bodies[1:5]:
        assert body.items() <= shown["settings"].items()
