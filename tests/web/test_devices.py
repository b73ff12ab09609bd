"""/v1/devices: registering cameras, showing them, and the orders that reach them with their next photograph."""

import http.client
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import make_jpeg
from tests.server import Answer, Server

DEFAULTS = {"sleep_s": 300, "frame_size": "UXGA", "jpeg_quality": 12, "flash": False, "quiet_hours": None}
UNSET = {
    "battery_kind": None,
    "battery_kind_guessed": False,
    "place": None,
    "orders": None,
    "masks": [],
    "zones": [],
    "thresholds": {"counted": None},
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("devices") / "data") as running:
        yield running


@pytest.fixture
def camera(box: Server) -> dict[str, Any]:
    return box.post("/v1/devices", {"name": "Shelf"}).json


def change(box: Server, device_id: str, body: object) -> Answer:
    return box.request("PATCH", f"/v1/devices/{device_id}", body, {"Authorization": f"Bearer {box.key}"})


def remove(box: Server, device_id: str) -> Answer:
    return box.request("DELETE", f"/v1/devices/{device_id}", headers={"Authorization": f"Bearer {box.key}"})


def shown(box: Server, camera: dict[str, Any]) -> dict[str, Any]:
    return box.get(f"/v1/devices/{camera['id']}").json


def upload(box: Server, camera: dict[str, Any], **headers: str) -> Answer:
    """A photograph that was never sent before."""
    jpeg = make_jpeg(comment=uuid.uuid4().hex.encode())
    answer = box.upload(jpeg, camera["device_token"], camera["id"], **headers)
    assert answer.status == 201
    return answer


# Registering


def test_new_camera_gets_an_id_and_a_token(box: Server) -> None:
    answer = box.post("/v1/devices", {"name": "Kitchen shelf"})
    made = answer.json
    assert answer.status == 201
    assert str(uuid.UUID(made["id"])) == made["id"] == made["device_id"]
    assert re.fullmatch(r"[\w-]{43}", made["device_token"])
    assert (made["name"], made["status"], made["capture_count"]) == ("Kitchen shelf", "inactive", 0)
    assert [made[name] for name in ("battery_v", "battery_pct", "rssi", "last_seen_at", "orders")] == [None] * 5


def test_token_is_shown_when_it_is_made_and_never_again(box: Server, camera: dict[str, Any]) -> None:
    token = camera["device_token"].encode()
    paths = [f"/v1/devices/{camera['id']}", "/v1/devices?limit=1000", "/", "/v1/inventory"]
    later = [box.get(path) for path in paths] + [change(box, camera["id"], {"orders": {"sleep_s": 60}})]
    assert {answer.status for answer in later} == {200}
    assert not any(token in answer.body for answer in later)


def test_two_cameras_never_have_the_same_token(box: Server) -> None:
    made = [box.post("/v1/devices", {"name": "Twin"}).json for _ in range(5)]
    assert len({camera["device_token"] for camera in made}) == len({camera["id"] for camera in made}) == 5


@pytest.mark.parametrize("device_id", ["a", "7", "Shelf_2.left-side", "x" * 64])
def test_camera_may_bring_its_own_id(box: Server, device_id: str) -> None:
    answer = box.post("/v1/devices", {"name": "Shelf", "device_id": device_id})
    assert (answer.status, answer.json["id"]) == (201, device_id)
    assert box.upload(make_jpeg(), answer.json["device_token"], device_id).status == 201


@pytest.mark.parametrize(
    "device_id", ["", ".", "..", "-a", "_a", ".a", "x" * 65, "a/b", "../a", "a b", "a\n", "a\0", "ä", "a%2fb", "a\\b"]
)
def test_id_that_could_be_a_path_or_hide_is_refused(box: Server, device_id: str) -> None:
    before = box.get("/v1/devices").json["total"]
    assert box.post("/v1/devices", {"name": "Shelf", "device_id": device_id}).status == 422
    assert box.get("/v1/devices").json["total"] == before


def test_taken_id_is_refused_and_its_camera_goes_on(box: Server, camera: dict[str, Any]) -> None:
    answer = box.post("/v1/devices", {"name": "Thief", "device_id": camera["id"]})
    assert answer.status == 409
    assert shown(box, camera)["name"] == "Shelf"
    upload(box, camera)


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x" * 201}, {"name": 5}, {"name": None}, [], "Shelf", None]
)
def test_camera_without_a_good_name_is_refused(box: Server, body: object) -> None:
    before = box.get("/v1/devices").json["total"]
    assert box.post("/v1/devices", body).status in {400, 422}
    assert box.get("/v1/devices").json["total"] == before


@pytest.mark.parametrize("character", [*"\0\n\r\t\x1b\x7f\x85", "\x9f"])
@pytest.mark.parametrize("name", ["{}Shelf", "Sh{}elf", "Shelf{}"])
def test_name_with_a_control_character_is_refused(box: Server, name: str, character: str) -> None:
    assert box.post("/v1/devices", {"name": name.format(character)}).status == 422


@pytest.mark.parametrize("name", ["x", "x" * 200, "Küche 🥫", "<b>&\"'", "ö" * 200, "=SUM(A1)", "مربى \u202eabc"])
def test_name_comes_back_as_it_was_given(box: Server, name: str) -> None:
    made = box.post("/v1/devices", {"name": name})
    assert made.status == 201
    assert shown(box, made.json)["name"] == name


def test_one_id_registered_eight_times_at_once_is_given_once(box: Server) -> None:
    start = Barrier(8)

    def register(number: int) -> Answer:
        start.wait(10)
        return box.post("/v1/devices", {"name": f"Racer {number}", "device_id": "race"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(register, range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    (made,) = (answer.json for answer in answers if answer.status == 201)
    assert shown(box, made)["name"] == made["name"]
    upload(box, made)


# Showing


def test_details_add_counters_and_settings(box: Server, camera: dict[str, Any]) -> None:
    details = shown(box, camera)
    assert (details["total_captures"], details["failed_captures"], details["orders_acknowledged"]) == (0, 0, None)
    assert details["settings"] == UNSET
    upload(box, camera, X_Battery_V="3.9")
    details = shown(box, camera)
    assert details["total_captures"] == details["capture_count"] == 1
    assert details["settings"]["battery_kind"] == details["battery_kind"] == "lipo_1s"
    assert details["settings"]["battery_kind_guessed"] is details["battery_kind_guessed"] is True


@pytest.mark.parametrize("query", ["skip=-1", "skip=1000001", "limit=0", "limit=1001", "limit=-5e36", "skip=1e99"])
def test_page_out_of_range_is_refused(box: Server, query: str) -> None:
    assert box.get(f"/v1/devices?{query}").status == 422


def test_phone_of_the_owner_is_no_camera(box: Server) -> None:
    path = "/v1/devices/_phone"
    assert "_phone" not in [one["id"] for one in box.get("/v1/devices?limit=1000").json["items"]]
    answers = [box.get(path), box.get(path + "/health"), box.get(path + "/captures")]
    answers += [change(box, "_phone", {"name": "x"}), box.post(path + "/token", {}), remove(box, "_phone")]
    assert {answer.status for answer in answers} == {404}
    assert box.post("/v1/devices", {"name": "Phone", "device_id": "_phone"}).status == 422
    assert box.upload(make_jpeg(), "", "_phone").status == 401


def test_list_shows_what_each_camera_shows(box: Server, camera: dict[str, Any]) -> None:
    upload(box, camera, X_Battery_V="8.4", X_Rssi="-55")
    listed = next(one for one in box.get("/v1/devices?limit=1000").json["items"] if one["id"] == camera["id"])
    assert listed == {name: value for name, value in shown(box, camera).items() if name in listed}
    assert (listed["battery_v"], listed["battery_pct"], listed["rssi"]) == (8.4, 100, -55)
    assert (listed["status"], listed["capture_count"]) == ("active", 1)


def test_pages_of_the_list_hold_every_camera_once(box: Server) -> None:
    made = [box.post("/v1/devices", {"name": f"Page {number}"}).json["id"] for number in range(3)]
    whole = box.get("/v1/devices?limit=1000").json
    assert (whole["total"], whole["skip"], whole["limit"]) == (len(whole["items"]), 0, 1000)
    pages = [box.get(f"/v1/devices?skip={skip}&limit=2").json for skip in range(0, whole["total"], 2)]
    assert [one for page in pages for one in page["items"]] == whole["items"]
    assert {(page["total"], page["limit"]) for page in pages} == {(whole["total"], 2)}
    assert [page["skip"] for page in pages] == list(range(0, whole["total"], 2))
    assert set(made) <= {one["id"] for one in whole["items"]}


def test_page_behind_the_last_camera_is_empty(box: Server, camera: dict[str, Any]) -> None:
    answer = box.get("/v1/devices?skip=1000000&limit=1")
    assert (answer.status, answer.json["items"]) == (200, [])
    assert answer.json["total"] > 0
    assert camera["id"]


def test_unknown_camera_is_not_found(box: Server) -> None:
    assert box.get("/v1/devices/nobody").status == 404
    assert change(box, "nobody", {"name": "x"}).status == 404
    assert change(box, "nobody", {}).status == 404


# Changing


def test_new_name_leaves_the_orders_and_new_orders_leave_the_name(box: Server, camera: dict[str, Any]) -> None:
    assert change(box, camera["id"], {"orders": {"sleep_s": 900}}).status == 200
    renamed = change(box, camera["id"], {"name": "Cellar"}).json
    assert (renamed["name"], renamed["orders"]["sleep_s"], renamed["orders_version"]) == ("Cellar", 900, 1)
    ordered = change(box, camera["id"], {"orders": {"sleep_s": 60}}).json
    assert (ordered["name"], ordered["orders"]["sleep_s"], ordered["orders_version"]) == ("Cellar", 60, 2)
    assert shown(box, camera) == ordered


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": None, "orders": None}, {"unknown": 1}])
def test_change_that_names_nothing_changes_nothing(box: Server, camera: dict[str, Any], body: object) -> None:
    change(box, camera["id"], {"orders": {"sleep_s": 900}})
    before = shown(box, camera)
    answer = change(box, camera["id"], body)
    assert (answer.status, answer.json) == (200, before)
    assert shown(box, camera) == before


@pytest.mark.parametrize("body", [b"", None], ids=["length 0", "no length"])
def test_change_without_a_body_changes_nothing(box: Server, camera: dict[str, Any], body: bytes | None) -> None:
    before = shown(box, camera)
    headers = {"Authorization": f"Bearer {box.key}", "Content-Type": "application/json"}
    answer = box.request("PATCH", f"/v1/devices/{camera['id']}", body, headers)
    assert (answer.status, answer.json) == (200, before)


# Tokens, and the end


def test_new_token_takes_the_place_of_the_old_one_on_an_open_connection_too(
    box: Server, camera: dict[str, Any]
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", box.port, timeout=20)) as kept_alive:
        assert sent_over(kept_alive, camera["id"], camera["device_token"]) == 201
        answer = box.post(f"/v1/devices/{camera['id']}/token", {})
        assert answer.status == 201
        assert set(answer.json) == {"device_id", "device_token"}
        assert answer.json["device_id"] == camera["id"]
        assert sent_over(kept_alive, camera["id"], camera["device_token"]) == 401
        assert sent_over(kept_alive, camera["id"], answer.json["device_token"]) == 201


def test_removed_camera_may_not_upload_on_an_open_connection_either(box: Server, camera: dict[str, Any]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", box.port, timeout=20)) as kept_alive:
        assert sent_over(kept_alive, camera["id"], camera["device_token"]) == 201
        assert remove(box, camera["id"]).status == 200
        assert sent_over(kept_alive, camera["id"], camera["device_token"]) == 401


def sent_over(connection: http.client.HTTPConnection, device_id: str, token: str) -> int:
    headers = {"Content-Type": "image/jpeg", "X-Device-Id": device_id, "Authorization": f"Bearer {token}"}
    connection.request("POST", "/v1/ingest", make_jpeg(comment=uuid.uuid4().hex.encode()), headers)
    response = connection.getresponse()
    response.read()
    return response.status


def test_removed_camera_is_gone_and_its_photographs_stay(box: Server, camera: dict[str, Any]) -> None:
    capture = upload(box, camera).json["capture_id"]
    total = box.get("/v1/devices").json["total"]
    answer = remove(box, camera["id"])
    assert answer.status == 200
    assert answer.json["success"] is True
    assert "Shelf" in answer.json["message"]
    path = f"/v1/devices/{camera['id']}"
    later = [box.get(path), box.get(path + "/health"), box.get(path + "/captures"), remove(box, camera["id"])]
    later += [box.post(path + "/token", {}), change(box, camera["id"], {"name": "x"})]
    assert {one.status for one in later} == {404}
    assert box.get("/v1/devices").json["total"] == total - 1
    assert box.get(f"/v1/captures/{capture}").json["device_id"] == camera["id"]
    assert box.get(f"/v1/captures/{capture}/image").status == 200


def test_id_of_a_removed_camera_is_never_given_again(box: Server) -> None:
    box.post("/v1/devices", {"name": "Gone", "device_id": "gone"})
    remove(box, "gone")
    assert box.post("/v1/devices", {"name": "Next", "device_id": "gone"}).status == 409


@pytest.mark.slow
def test_what_was_done_to_a_camera_is_in_the_audit_log_without_its_tokens(server: Server) -> None:
    made = server.post("/v1/devices", {"name": "Shelf", "device_id": "a"}).json
    change(server, "a", {"name": "Cellar", "orders": {"sleep_s": 60}, "settings": {"place": "Down"}})
    for nothing in ({}, {"name": "Cellar"}, {"orders": {"sleep_s": 60}}, {"settings": {"place": "Down"}}):
        change(server, "a", nothing)
    renewed = server.post("/v1/devices/a/token", {}).json
    remove(server, "a")
    server.stop()
    with closing(sqlite3.connect(server.data / "pantrybox.db")) as database:
        lines = database.execute(
            "SELECT actor, act, target, details FROM audit_log WHERE act LIKE 'device.%' ORDER BY id"
        ).fetchall()
    assert [line[:3] for line in lines] == [
        ("key test", f"device.{act}", "a") for act in ("registered", "changed", "token_renewed", "removed")
    ]
    assert json.loads(lines[1][3]) == {"changed": ["name", "orders", "place"]}
    for token in (made["device_token"], renewed["device_token"]):
        assert token not in str(lines)
    server.start()


# Orders


def test_orders_reach_the_camera_with_its_next_photograph(box: Server, camera: dict[str, Any]) -> None:
    assert upload(box, camera).json["orders"] is None
    given = {"sleep_s": 600, "frame_size": "SVGA", "jpeg_quality": 20, "flash": True, "quiet_hours": "22:00-06:30"}
    assert change(box, camera["id"], {"orders": given}).json["orders"] == given
    assert upload(box, camera).json["orders"] == given | {"version": 1}


def test_orders_that_were_not_given_are_the_usual_ones(box: Server, camera: dict[str, Any]) -> None:
    change(box, camera["id"], {"orders": {"flash": True}})
    assert upload(box, camera).json["orders"] == DEFAULTS | {"flash": True, "version": 1}


def test_orders_that_the_camera_has_are_not_sent_again(box: Server, camera: dict[str, Any]) -> None:
    change(box, camera["id"], {"orders": {"sleep_s": 600}})
    version = upload(box, camera).json["orders"]["version"]
    assert upload(box, camera, X_Orders_Version=str(version)).json["orders"] is None
    change(box, camera["id"], {"orders": {"sleep_s": 700}})
    newer = upload(box, camera, X_Orders_Version=str(version)).json["orders"]
    assert newer["sleep_s"] == 700
    assert newer["version"] != version


@pytest.mark.parametrize("there", ["0", "99", "newest", "-1"])
def test_camera_with_other_orders_gets_those_in_force(box: Server, camera: dict[str, Any], there: str) -> None:
    change(box, camera["id"], {"orders": {"sleep_s": 600}})
    assert upload(box, camera, X_Orders_Version=there).json["orders"]["sleep_s"] == 600


def test_orders_come_with_a_form_and_with_a_photograph_sent_again(box: Server, camera: dict[str, Any]) -> None:
    change(box, camera["id"], {"orders": {"sleep_s": 600}})
    jpeg = make_jpeg(comment=uuid.uuid4().hex.encode())
    first, second = (box.upload(jpeg, camera["device_token"], camera["id"]) for _ in range(2))
    assert second.json["capture_id"] == first.json["capture_id"]
    assert second.json["orders"] == first.json["orders"] == DEFAULTS | {"sleep_s": 600, "version": 1}


def test_new_orders_leave_those_that_they_do_not_name(box: Server, camera: dict[str, Any]) -> None:
    change(box, camera["id"], {"orders": {"sleep_s": 600, "quiet_hours": "22:00-06:30"}})
    after = change(box, camera["id"], {"settings": {"orders": {"flash": True}}}).json
    assert after["orders"] == DEFAULTS | {"sleep_s": 600, "quiet_hours": "22:00-06:30", "flash": True}
    assert (after["orders_version"], after["settings"]["orders"]) == (2, after["orders"])
    assert change(box, camera["id"], {"orders": {"quiet_hours": None}}).json["orders"]["quiet_hours"] is None


def test_orders_that_are_in_force_already_are_no_new_version(box: Server, camera: dict[str, Any]) -> None:
    for orders in ({"sleep_s": 600}, {"sleep_s": 600}, {}, {"flash": False}):
        assert change(box, camera["id"], {"orders": orders}).json["orders_version"] == 1


def test_details_say_whether_the_camera_follows_its_orders(box: Server, camera: dict[str, Any]) -> None:
    upload(box, camera, X_Orders_Version="0")
    assert shown(box, camera)["orders_acknowledged"] is None
    version = change(box, camera["id"], {"orders": {"sleep_s": 600}}).json["orders_version"]
    assert shown(box, camera)["orders_acknowledged"] is False
    upload(box, camera, X_Orders_Version=str(version))
    assert shown(box, camera)["orders_acknowledged"] is True
    assert change(box, camera["id"], {"orders": {"sleep_s": 601}}).json["orders_acknowledged"] is False


def test_orders_of_one_camera_are_not_those_of_another(box: Server, camera: dict[str, Any]) -> None:
    other = box.post("/v1/devices", {"name": "Other"}).json
    change(box, camera["id"], {"orders": {"sleep_s": 600}})
    assert upload(box, other).json["orders"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("sleep_s", value) for value in (0, -1, 86_401, 10**30, 1.5, "often", None)],
        *[("jpeg_quality", value) for value in (3, 64, -12, "best")],
        *[("frame_size", value) for value in ("4K", "uxga", "", 5)],
        *[("flash", value) for value in ("bright", 7)],
        *[("quiet_hours", value) for value in ("", "22:00", "24:00-06:00", "22:60-06:00", "22:00-06:30\n", 22)],
    ],
)
def test_orders_that_no_camera_could_follow_are_refused(
    box: Server, camera: dict[str, Any], name: str, value: object
) -> None:
    change(box, camera["id"], {"orders": {"sleep_s": 600}})
    before = shown(box, camera)
    answer = change(box, camera["id"], {"name": "Changed", "orders": {name: value}})
    assert answer.status == 422
    assert name in answer.json["detail"]
    assert shown(box, camera) == before


@pytest.mark.parametrize(
    ("name", "value"), [("sleep_s", 1), ("sleep_s", 86_400), ("jpeg_quality", 4), ("jpeg_quality", 63)]
)
def test_orders_at_the_end_of_their_range_are_taken(
    box: Server, camera: dict[str, Any], name: str, value: object
) -> None:
    assert change(box, camera["id"], {"orders": {name: value}}).json["orders"][name] == value
