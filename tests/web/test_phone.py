"""POST /v1/captures: an owner's photograph from the phone, into a place of the house."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pantrybox.clock import to_rfc3339, wall_clock_ms
from tests.conftest import make_jpeg
from tests.server import Answer, Server

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
BOUNDARY = "b0undary"


class Kitchen:
    """A box with one camera, whose view is a place."""

    def __init__(self, box: Server, view: bytes) -> None:
        self.box, self.view = box, view
        token = box.add_device("pantry")
        assert box.upload(view, token, "pantry").status == 201
        box.wait_until_analysed()

    def send(self, body: bytes, query: str = "", kind: str = "image/jpeg", key: str | None = None) -> Answer:
        headers = {"Content-Type": kind, "Authorization": f"Bearer {key or self.box.key}"}
        return self.box.request("POST", "/v1/captures" + query, body, headers)

    def send_form(self, image: bytes, **fields: str) -> Answer:
        return self.send(form(image, **fields), kind=f"multipart/form-data; boundary={BOUNDARY}")

    def capture(self, answer: Answer) -> Any:
        assert answer.status == 201, answer
        assert answer.json["status"] == "stored"
        self.box.wait_until_analysed()
        return self.box.get(f"/v1/captures/{answer.json['capture_id']}").json


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Kitchen]:
    with Server(tmp_path_factory.mktemp("phone") / "data") as running:
        yield Kitchen(running, demo_photographs[0].read_bytes())


def fresh(**options: Any) -> bytes:
    """A photograph that was never sent before."""
    return make_jpeg(comment=uuid.uuid4().hex.encode(), **options)


def form(image: bytes, **fields: str) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'.encode()
    return b"".join(parts) + head + image + f"\r\n--{BOUNDARY}--\r\n".encode()


def test_photograph_is_stored_under_the_phone_and_looked_at(kitchen: Kitchen) -> None:
    jpeg = kitchen.view + b"from the phone"
    answer = kitchen.send(jpeg, "?place=Shelf")
    capture = kitchen.capture(answer)
    assert (capture["device_id"], capture["place"], capture["status"]) == ("_phone", "Shelf", "complete")
    assert capture["trigger_type"] == "manual"
    assert capture["detections"]
    path = kitchen.box.data / "storage/images" / f"_phone_{capture['id']}.jpg"
    assert path.read_bytes() == jpeg
    assert kitchen.box.get(capture["image_url"]).body == jpeg
    assert kitchen.box.get(capture["thumbnail_url"]).status == 200


def test_place_is_known_whatever_its_case(kitchen: Kitchen) -> None:
    assert kitchen.capture(kitchen.send(fresh(), "?place=%20SHELF"))["place"] == "Shelf"


def test_photograph_without_a_place_is_elsewhere(kitchen: Kitchen) -> None:
    for answer in (kitchen.send(fresh()), kitchen.send_form(fresh())):
        assert kitchen.capture(answer)["place"] == "Elsewhere"


def test_unknown_place_is_not_found_and_the_sentence_names_those_that_there_are(kitchen: Kitchen) -> None:
    for answer in (kitchen.send(fresh(), "?place=Attic"), kitchen.send_form(fresh(), place="Attic")):
        assert answer.status == 404
        assert "Attic" in answer.json["detail"]
        assert "Shelf" in answer.json["detail"]


def test_form_says_when_and_what(kitchen: Kitchen) -> None:
    answer = kitchen.send_form(fresh(), place="shelf", captured_at="2026-01-02T03:04:05+01:00", notes="left half 🥫")
    capture = kitchen.capture(answer)
    assert capture["captured_at"] == "2026-01-02T02:04:05.000Z"
    assert capture["notes"] == ["left half 🥫"]
    assert capture["place"] == "Shelf"


def test_photograph_from_the_future_was_taken_when_it_came(kitchen: Kitchen) -> None:
    capture = kitchen.capture(kitchen.send(fresh(), "?captured_at=2199-01-01T00:00:00Z"))
    assert capture["captured_at"] <= to_rfc3339(wall_clock_ms())
    assert len(capture["notes"]) == 1


def test_same_picture_sent_twice_is_stored_once(kitchen: Kitchen) -> None:
    jpeg = fresh()
    before = kitchen.box.get("/v1/captures?device_id=_phone").json["total"]
    first, second = kitchen.send(jpeg, "?place=shelf"), kitchen.send_form(jpeg)
    assert (first.status, second.status) == (201, 201)
    assert first.json["capture_id"] == second.json["capture_id"]
    assert second.json["message"] != first.json["message"]
    assert kitchen.box.get("/v1/captures?device_id=_phone").json["total"] == before + 1
    assert kitchen.capture(second)["place"] == "Shelf"


def test_photographs_from_the_phone_are_in_the_list_and_its_total(kitchen: Kitchen) -> None:
    before = kitchen.box.get("/v1/captures").json["total"]
    capture_id = kitchen.send(fresh()).json["capture_id"]
    listed = kitchen.box.get("/v1/captures").json
    assert (listed["total"], listed["items"][0]["id"]) == (before + 1, capture_id)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (PNG, "image/png", 415),
        (PNG, "image/jpeg", 415),
        (form(PNG), f"multipart/form-data; boundary={BOUNDARY}", 415),
        (b"{}", "application/json", 415),
        (b"", "image/jpeg", 400),
        (form(b""), f"multipart/form-data; boundary={BOUNDARY}", 400),
        (make_jpeg()[:-200], "image/jpeg", 400),
        (b"no form", f"multipart/form-data; boundary={BOUNDARY}", 400),
        (b"no form", "multipart/form-data", 400),
    ],
)
def test_what_is_no_whole_jpeg_is_refused_with_a_sentence(
    kitchen: Kitchen, body: bytes, kind: str, status: int
) -> None:
    before = files(kitchen)
    answer = kitchen.send(body, kind=kind)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 415:
        assert "JPEG" in answer.json["detail"]
    assert files(kitchen) == before


@pytest.mark.parametrize("name", ["%00", "a%0Ab", "x" * 201])
def test_place_that_can_be_no_name_is_out_of_range(kitchen: Kitchen, name: str) -> None:
    assert kitchen.send(fresh(), f"?place={name}").status == 422


@pytest.mark.parametrize("note", ["a\x00b", "x" * 501])
def test_note_that_is_no_line_is_out_of_range(kitchen: Kitchen, note: str) -> None:
    assert kitchen.send_form(fresh(), notes=note).status == 422


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "0001-01-01"])
def test_time_that_is_none_is_malformed(kitchen: Kitchen, moment: str) -> None:
    assert kitchen.send(fresh(), f"?captured_at={moment}").status == 400


def test_a_key_that_may_only_read_stores_nothing(kitchen: Kitchen) -> None:
    key = kitchen.box.command("key", "create", "reader", "--scope", "read").strip()
    assert kitchen.send(fresh(), key=key).status == 403
    assert kitchen.box.request("POST", "/v1/captures", fresh(), {"Content-Type": "image/jpeg"}).status == 401


def test_token_of_a_camera_does_not_open_it(kitchen: Kitchen) -> None:
    assert kitchen.send(fresh(), key=kitchen.box.add_device("spy")).status == 401


def test_nobody_can_upload_as_the_phone_at_the_cameras_door(kitchen: Kitchen) -> None:
    for token in ("", "x", kitchen.box.key):
        assert kitchen.box.upload(fresh(), token, "_phone").status == 401


@pytest.mark.slow
def test_phone_may_send_more_than_a_camera_and_no_more_than_30_mb(kitchen: Kitchen) -> None:
    large = fresh() + bytes(30 * MIB - 10_000)
    assert kitchen.send(large).status == 201
    assert kitchen.send_form(fresh() + bytes(30 * MIB - 10_000)).status == 201
    assert kitchen.send(large + bytes(20_000)).status == 413


@pytest.mark.slow
def test_phone_may_send_more_pixels_than_a_camera(kitchen: Kitchen) -> None:
    assert kitchen.capture(kitchen.send(fresh(width=8000, height=8000)))["status"] == "complete"
    assert kitchen.send(fresh(width=8000, height=8001)).status == 413
    assert kitchen.send(fresh(width=4000, height=4001, progressive=True)).status == 413


@pytest.mark.slow
def test_upload_of_30_mb_is_never_held_in_memory(kitchen: Kitchen) -> None:
    for send in (kitchen.send, kitchen.send_form):
        send(fresh() + bytes(MIB))
        kitchen.box.wait_until_analysed()
        body = fresh() + bytes(29 * MIB)
        peak = Peak(kitchen.box.pid)
        peak.start()
        assert send(body).status == 201
        # Measured until 201 only: looking at it comes later.
        assert peak.grew_by_kib() < 9_000


class Peak(threading.Thread):
    """Watches the memory that is a process's own: pages of mapped files are the kernel's cache."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._pid = pid
        self._over = threading.Event()
        self._before = self._most = self._now()

    def run(self) -> None:
        while not self._over.wait(0.002):
            self._most = max(self._most, self._now())

    def grew_by_kib(self) -> int:
        self._over.set()
        self.join()
        return self._most - self._before

    def _now(self) -> int:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def files(kitchen: Kitchen) -> set[str]:
    return {path.name for path in kitchen.box.data.glob("storage/images/*")}
