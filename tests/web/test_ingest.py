"""POST /v1/ingest: what a camera is answered, what is kept of what it sends, and what leaves nothing behind."""

import http.client
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from pantrybox.captures.intake import MAX_UPLOADS
from pantrybox.clock import to_rfc3339, wall_clock_ms
from pantrybox.storage.image_files import HELD_IN_MEMORY, PARTIAL
from tests.conftest import make_jpeg
from tests.server import Answer, Server

TEN_MEGABYTES = 10 * 1024 * 1024
BOUNDARY = "frontier"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


class Camera:
    """A registered camera with a firmware of its own."""

    def __init__(self, box: Server) -> None:
        made = box.post("/v1/devices", {"name": "Shelf"}).json
        self.box, self.id, self.token = box, str(made["id"]), str(made["device_token"])

    def send(self, jpeg: bytes, **headers: str) -> Answer:
        return self.box.upload(jpeg, self.token, self.id, **headers)

    def send_form(self, jpeg: bytes, **fields: str) -> Answer:
        return send_form(self.box, form({"device_id": self.id, "token": self.token, **fields}, jpeg))

    @property
    def captures(self) -> list[dict[str, Any]]:
        """Newest first."""
        return self.box.get(f"/v1/captures?device_id={self.id}").json["items"]

    @property
    def shown(self) -> dict[str, Any]:
        listed = self.box.get("/v1/devices?limit=1000").json["items"]
        return next(device for device in listed if device["id"] == self.id)

    @property
    def files(self) -> list[Path]:
        return list((self.box.data / "storage/images").glob(f"*{self.id}*"))

    def head(self, length: int, *more: str) -> bytes:
        """The head of a raw upload that announces `length` bytes."""
        lines = ["POST /v1/ingest HTTP/1.1", "Host: localhost", f"X-Device-Id: {self.id}"]
        lines += [f"Authorization: Bearer {self.token}", f"Content-Length: {length}", *more]
        if not any(line.startswith("Content-Type") for line in more):
            lines.append("Content-Type: image/jpeg")
        return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("ingest") / "data") as running:
        yield running


@pytest.fixture
def camera(box: Server) -> Camera:
    return Camera(box)


def picture(**options: object) -> bytes:
    """A photograph that was never sent before."""
    return make_jpeg(comment=uuid.uuid4().hex.encode(), **options)  # pyright: ignore[reportArgumentType]


def form(fields: dict[str, str], jpeg: bytes | None, after: dict[str, str] | None = None) -> bytes:
    """A multipart form: fields, the image, and fields that come too late."""
    parts = [_field(name, value) for name, value in fields.items()]
    if jpeg is not None:
        parts.append(_part('name="image"; filename="a.jpg"', jpeg))
    parts += [_field(name, value) for name, value in (after or {}).items()]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _field(name: str, value: str) -> bytes:
    return _part(f'name="{name}"', value.encode())


def _part(names: str, content: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {names}\r\n\r\n".encode() + content + b"\r\n"


def send_form(box: Server, body: bytes, content_type: str = FORM) -> Answer:
    return box.request("POST", "/v1/ingest", body, {"Content-Type": content_type})


def detail_of(box: Server, answer: Answer) -> dict[str, Any]:
    assert answer.status == 201, answer.body
    return box.get(f"/v1/captures/{answer.json['capture_id']}").json


def notes_on(box: Server, answer: Answer) -> str:
    """What the box found odd about an upload."""
    return " ".join(detail_of(box, answer)["notes"])


@contextmanager
def nothing_stored(box: Server) -> Iterator[None]:
    """What happens inside leaves no row, no file and no error in the journal."""
    before = everything(box)
    yield
    assert everything(box) == before
    assert "Traceback" not in box.log


def everything(box: Server) -> tuple[int, set[str]]:
    rows = box.get("/v1/captures?limit=1").json["total"]
    return rows, {path.name for path in (box.data / "storage/images").iterdir()}


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@contextmanager
def wire(box: Server, *pieces: bytes) -> Iterator[socket.socket]:
    """A connection on which these bytes were sent, and nothing else."""
    with socket.create_connection(("127.0.0.1", box.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        yield connection


def first_line(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as answer:
        return answer.readline().strip()


# What is answered


def test_reply_says_what_was_stored_and_nothing_else(camera: Camera) -> None:
    answer = camera.send(picture())
    assert answer.status == 201
    assert set(answer.json) == {"status", "capture_id", "message", "orders", "firmware", "server_time"}
    assert answer.json["status"] == "stored"
    assert answer.json["message"] == "Photograph stored."
    assert answer.json["orders"] is None
    assert answer.json["firmware"] is None


def test_capture_id_is_a_uuid_that_sorts_by_time(camera: Camera) -> None:
    before_ms = wall_clock_ms()
    ids = [camera.send(picture()).json["capture_id"] for _ in range(3)]
    after_ms = wall_clock_ms()
    assert [uuid.UUID(one).version for one in ids] == [7, 7, 7]
    assert [str(uuid.UUID(one)) for one in ids] == ids
    assert all(before_ms <= uuid.UUID(one).int >> 80 <= after_ms for one in ids)


def test_server_time_lets_a_camera_set_its_clock(camera: Camera) -> None:
    before = to_rfc3339(wall_clock_ms())
    told = camera.send(picture()).json["server_time"]
    assert before <= told <= to_rfc3339(wall_clock_ms())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told)


@pytest.mark.parametrize("size", [0, HELD_IN_MEMORY - 1, HELD_IN_MEMORY, 3 * HELD_IN_MEMORY + 7])
@pytest.mark.parametrize("send", [Camera.send, Camera.send_form], ids=["raw", "form"])
def test_image_comes_back_byte_for_byte(camera: Camera, size: int, send: Callable[[Camera, bytes], Answer]) -> None:
    jpeg = picture()
    jpeg += bytes(range(256)) * (max(0, size - len(jpeg)) // 256)
    answer = send(camera, jpeg)
    assert answer.status == 201
    image = camera.box.get(f"/v1/captures/{answer.json['capture_id']}/image")
    assert image.headers["content-type"] == "image/jpeg"
    assert image.body == jpeg
    assert [file.read_bytes() for file in camera.files] == [jpeg]


def test_what_came_in_headers_is_kept(camera: Camera) -> None:
    answer = camera.send(picture(), X_Trigger_Type="door", X_Battery_V="3.71", X_Rssi="-61")
    capture = detail_of(camera.box, answer)
    assert (capture["trigger_type"], capture["battery_v"], capture["rssi"]) == ("door", 3.71, -61)
    assert capture["device_id"] == camera.id


def test_what_came_in_a_form_is_kept(camera: Camera) -> None:
    answer = camera.send_form(picture(), trigger_type="motion", battery_v="7.4", rssi="-48")
    capture = detail_of(camera.box, answer)
    assert (capture["trigger_type"], capture["battery_v"], capture["rssi"]) == ("motion", 7.4, -48)


def test_what_the_camera_says_of_itself_is_kept(camera: Camera) -> None:
    said = {"firmware-version": "1.4.0", "boot-reason": "timer", "queue-depth": "3", "wake-ms": "2150"}
    said |= {"free-heap": "151552", "board": "xiao-esp32s3"}
    headers = {"X_" + name.replace("-", "_").title(): value for name, value in said.items()}
    answer = camera.send(picture(), **headers, X_Unheard_Of="1")
    assert detail_of(camera.box, answer)["telemetry"] == said
    endless = camera.send(picture(), X_Board="b" * 5000)
    assert detail_of(camera.box, endless)["telemetry"]["board"] == "b" * 100


def test_battery_and_counters_are_shown_with_the_camera(camera: Camera) -> None:
    assert camera.shown["capture_count"] == 0
    camera.send(picture(), X_Battery_V="3.6", X_Rssi="-70")
    camera.send(picture())
    shown = camera.shown
    assert (shown["battery_v"], shown["battery_pct"], shown["rssi"]) == (3.6, 50, -70)
    assert shown["capture_count"] == 2
    assert shown["status"] == "active"
    assert shown["last_seen_at"] == camera.captures[0]["received_at"]


def test_form_may_carry_its_token_as_a_header(camera: Camera) -> None:
    headers = {"Content-Type": FORM, "Authorization": f"Bearer {camera.token}"}
    body = form({"device_id": camera.id}, picture())
    assert camera.box.request("POST", "/v1/ingest", body, headers).status == 201


def test_content_type_may_be_written_in_any_case(camera: Camera) -> None:
    headers = {"X-Device-Id": camera.id, "Authorization": f"Bearer {camera.token}", "Content-Type": "Image/JPEG; x=y"}
    assert camera.box.request("POST", "/v1/ingest", picture(), headers).status == 201


# When it was taken


@pytest.mark.parametrize("written", ["2026-03-01T12:30:00.250Z", "2026-03-01T14:30:00.250+02:00"])
@pytest.mark.parametrize("name", ["captured_at", "timestamp"])
def test_form_says_when_it_was_taken(camera: Camera, name: str, written: str) -> None:
    capture = detail_of(camera.box, camera.send_form(picture(), **{name: written}))
    assert capture["captured_at"] == "2026-03-01T12:30:00.250Z"


@pytest.mark.parametrize("written", ["2026-03-01T12:30:00.250Z", "2026-03-01T07:00:00.250-05:30"])
def test_header_says_when_it_was_taken(camera: Camera, written: str) -> None:
    capture = detail_of(camera.box, camera.send(picture(), X_Captured_At=written))
    assert capture["captured_at"] == "2026-03-01T12:30:00.250Z"


@pytest.mark.parametrize("written", ["2026-03-01T12:30:00", "2026-03-01 12:30", "20260301T123000"])
def test_time_without_an_offset_is_utc(camera: Camera, written: str) -> None:
    by_form = camera.send_form(picture(), timestamp=written)
    by_header = camera.send(picture(), X_Captured_At=written)
    for answer in (by_form, by_header):
        assert detail_of(camera.box, answer)["captured_at"] == "2026-03-01T12:30:00.000Z"


def test_without_a_time_the_receipt_counts(camera: Camera) -> None:
    capture = detail_of(camera.box, camera.send(picture()))
    assert capture["captured_at"] == capture["received_at"]


def test_camera_without_a_clock_says_how_old_its_picture_is(camera: Camera) -> None:
    capture = detail_of(camera.box, camera.send(picture(), X_Age_Ms="5400250"))
    age = datetime.fromisoformat(capture["received_at"]) - datetime.fromisoformat(capture["captured_at"])
    assert age == timedelta(milliseconds=5_400_250)


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(days=36_500)])
def test_time_in_the_future_becomes_the_receipt(camera: Camera, ahead: timedelta) -> None:
    ahead_of_us = datetime.fromtimestamp(wall_clock_ms() / 1000, UTC) + ahead
    answer = camera.send(picture(), X_Captured_At=ahead_of_us.isoformat())
    capture = detail_of(camera.box, answer)
    assert capture["captured_at"] == capture["received_at"]
    assert "clock is ahead" in notes_on(camera.box, answer)


@pytest.mark.parametrize("nonsense", ["yesterday", "2026-13-01T00:00:00Z", "2026-02-30", "12:30", "1772368200", "NaN"])
def test_nonsense_time_is_refused(camera: Camera, nonsense: str) -> None:
    with nothing_stored(camera.box):
        answers = [camera.send(picture(), X_Captured_At=nonsense)]
        answers += [camera.send_form(picture(), **{name: nonsense}) for name in ("captured_at", "timestamp")]
    assert [answer.status for answer in answers] == [400, 400, 400]
    assert {answer.json["detail"] for answer in answers} == {"Invalid timestamp format"}


@pytest.mark.slow
@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_time_at_the_end_of_the_calendar_breaks_no_list(server: Server, written: str) -> None:
    camera = Camera(server)
    assert camera.send(picture(), X_Captured_At=written).status in {201, 400}
    server.wait_until_analysed()
    assert [server.get(path).status for path in ("/v1/captures", "/v1/inventory", "/")] == [200, 200, 200]


# The same photograph again


def test_same_key_and_bytes_are_stored_once(camera: Camera) -> None:
    jpeg = picture()
    first, second = (camera.send(jpeg, Idempotency_Key="boot-7") for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert second.json["capture_id"] == first.json["capture_id"]
    assert second.json["message"] == "This photograph was stored before."
    assert len(camera.captures) == len(camera.files) == camera.shown["capture_count"] == 1


def test_same_key_with_other_bytes_is_a_new_photograph(camera: Camera) -> None:
    first, second = (camera.send(picture(), Idempotency_Key="boot-7") for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert second.json["capture_id"] != first.json["capture_id"]
    assert len(camera.captures) == len(camera.files) == 2
    assert "counter started again" in notes_on(camera.box, second)
    assert notes_on(camera.box, first) == ""


def test_other_key_with_the_same_bytes_is_a_new_photograph(camera: Camera) -> None:
    jpeg = picture()
    first, second = (camera.send(jpeg, Idempotency_Key=key) for key in ("boot-7", "boot-8"))
    assert second.json["capture_id"] != first.json["capture_id"]


def test_same_bytes_without_a_key_are_stored_once(camera: Camera) -> None:
    jpeg = picture()
    first, second = camera.send(jpeg), camera.send_form(jpeg)
    assert (first.status, second.status) == (201, 201)
    assert second.json["capture_id"] == first.json["capture_id"]
    assert len(camera.captures) == len(camera.files) == camera.shown["capture_count"] == 1


def test_keys_of_two_cameras_do_not_meet(box: Server) -> None:
    jpeg, one, other = picture(), Camera(box), Camera(box)
    first, second = (camera.send(jpeg, Idempotency_Key="1") for camera in (one, other))
    assert second.json["capture_id"] != first.json["capture_id"]
    assert len(one.captures) == len(other.captures) == len(one.files) == len(other.files) == 1


@pytest.mark.parametrize("headers", [{"Idempotency_Key": "boot-7"}, {}], ids=["key", "no key"])
def test_same_photograph_sent_eight_times_at_once_is_stored_once(camera: Camera, headers: dict[str, str]) -> None:
    jpeg, start = picture(), Barrier(8)

    def send(_: int) -> Answer:
        start.wait(10)
        return camera.send(jpeg, **headers)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["capture_id"] for answer in answers}) == 1
    assert len(camera.captures) == len(camera.files) == camera.shown["capture_count"] == 1


@pytest.mark.parametrize("key", ["!", "~" * 128, 'a"b;c=d/../e'])
def test_any_visible_key_is_taken(camera: Camera, key: str) -> None:
    jpeg = picture()
    first, second = (camera.send(jpeg, Idempotency_Key=key) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert second.json["capture_id"] == first.json["capture_id"]


@pytest.mark.parametrize("key", ["", "a" * 129, "two words", "cl\xe9", "a\tb"])
def test_key_that_is_too_long_or_not_visible_ascii_is_refused(camera: Camera, key: str) -> None:
    with nothing_stored(camera.box):
        answer = camera.send(picture(), Idempotency_Key=key)
    assert answer.status == 400
    assert "Idempotency-Key" in answer.json["detail"]


# Nonsense beside a good photograph


@pytest.mark.parametrize(
    ("header", "field", "nonsense"),
    [
        *[("X_Battery_V", "battery_v", text) for text in ("full", "nan", "inf", "-3.7", "0", "4100", "1e400")],
        *[("X_Rssi", "rssi", text) for text in ("strong", "nan", "-inf", "-200", "40")],
        *[("X_Trigger_Type", "trigger_type", text) for text in ("earthquake", "DOOR", "1")],
    ],
)
def test_nonsense_is_dropped_and_noted_and_the_picture_kept(
    camera: Camera, header: str, field: str, nonsense: str
) -> None:
    raw = camera.send(picture(), **{header: nonsense})
    by_form = camera.send_form(picture(), **{field: nonsense})
    for answer in (raw, by_form):
        assert detail_of(camera.box, answer)[field] is None
        assert f"{field} '{nonsense}'" in notes_on(camera.box, answer)


def test_nonsense_does_not_replace_what_was_known_of_the_camera(camera: Camera) -> None:
    camera.send(picture(), X_Battery_V="3.9", X_Rssi="-50")
    camera.send(picture(), X_Battery_V="nan", X_Rssi="loud")
    assert (camera.shown["battery_v"], camera.shown["rssi"]) == (3.9, -50)


@pytest.mark.parametrize("nonsense", ["-1", "long", "nan", "1e99"])
def test_nonsense_age_is_dropped_and_noted(camera: Camera, nonsense: str) -> None:
    answer = camera.send(picture(), X_Age_Ms=nonsense)
    capture = detail_of(camera.box, answer)
    assert capture["captured_at"] == capture["received_at"]
    assert "age_ms" in notes_on(camera.box, answer)


# What is no whole photograph


def test_empty_image_is_refused(camera: Camera) -> None:
    with nothing_stored(camera.box):
        answers = [camera.send(b""), camera.send_form(b"")]
    assert [answer.status for answer in answers] == [400, 400]
    assert {answer.json["detail"] for answer in answers} == {"The photograph is empty."}


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_photograph_cut_short_anywhere_is_refused_and_the_connection_closed(camera: Camera, progressive: bool) -> None:
    whole = picture(progressive=progressive)
    ends = [*range(3, len(whole), len(whole) // 40), *(len(whole) - back for back in (3, 2, 1))]
    ends += [found.start() for found in re.finditer(rb"\xff[^\x00]", whole) if found.start() > 3]
    with nothing_stored(camera.box):
        answers = {end: camera.send(whole[:end]) for end in ends}
    assert {end: answer.status for end, answer in answers.items() if answer.status != 400} == {}
    assert all(answer.headers.get("connection") == "close" for answer in answers.values())
    assert camera.send(whole).status == 201


def test_form_with_a_photograph_cut_short_is_refused_and_the_connection_closed(camera: Camera) -> None:
    with nothing_stored(camera.box):
        answer = camera.send_form(picture()[:-2])
    assert (answer.status, answer.headers.get("connection")) == (400, "close")


def test_form_that_ends_within_its_image_is_refused_and_the_connection_closed(camera: Camera) -> None:
    body = form({"device_id": camera.id, "token": camera.token}, picture())
    with nothing_stored(camera.box):
        answer = send_form(camera.box, body[:-200])
    assert (answer.status, answer.headers.get("connection")) == (400, "close")


def test_box_hangs_up_after_a_photograph_cut_short(camera: Camera) -> None:
    half = picture()[:-100]
    with wire(camera.box, camera.head(len(half)), half) as connection, connection.makefile("rb") as answer:
        assert answer.read().startswith(b"HTTP/1.1 400 ")  # read() returns at the end of the connection


def test_connection_goes_on_after_any_other_refusal(camera: Camera) -> None:
    headers = {"X-Device-Id": camera.id, "Authorization": f"Bearer {camera.token}", "Content-Type": "image/jpeg"}
    statuses: list[int] = []
    sockets: set[socket.socket | None] = set()
    with closing(http.client.HTTPConnection("127.0.0.1", camera.box.port, timeout=10)) as connection:
        for body in (b"text", picture(), b"", picture()):
            connection.request("POST", "/v1/ingest", body, headers)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
            sockets.add(connection.sock)
    assert statuses == [415, 201, 400, 201]
    assert len(sockets) == 1


@pytest.mark.parametrize("body", [b"\x89PNG\r\n\x1a\n" + b"\0" * 200, b"Hello, box!", b"GIF89a", b"\0" * 100])
def test_something_else_named_jpeg_is_refused(camera: Camera, body: bytes) -> None:
    with nothing_stored(camera.box):
        answers = [camera.send(body), camera.send_form(body)]
    assert [answer.status for answer in answers] == [415, 415]


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/octet-stream", "application/json", "image/jpeg2", ""]
)
def test_other_content_type_is_refused(camera: Camera, content_type: str) -> None:
    known = {"X-Device-Id": camera.id, "Authorization": f"Bearer {camera.token}", "Content-Type": content_type}
    stranger = {"X-Device-Id": camera.id, "Content-Type": content_type}
    with nothing_stored(camera.box):
        answers = [camera.box.request("POST", "/v1/ingest", picture(), headers) for headers in (known, stranger)]
    assert [answer.status for answer in answers] == [415, 401]


# What is too large


def test_camera_that_asks_first_is_told_to_go_on(camera: Camera) -> None:
    with wire(camera.box, camera.head(TEN_MEGABYTES, "Expect: 100-continue")) as connection:
        assert first_line(connection) == b"HTTP/1.1 100 Continue"


@pytest.mark.parametrize("content_type", ["image/jpeg", FORM], ids=["raw", "form"])
def test_declared_size_over_ten_megabytes_is_refused_before_the_body_is_sent(camera: Camera, content_type: str) -> None:
    head = camera.head(11 * 1024 * 1024, "Expect: 100-continue", f"Content-Type: {content_type}")
    with nothing_stored(camera.box), wire(camera.box, head) as connection:
        assert first_line(connection).startswith(b"HTTP/1.1 413 ")


def test_stranger_is_refused_before_the_body_is_sent(camera: Camera) -> None:
    head = camera.head(1000, "Expect: 100-continue").replace(camera.token.encode(), b"wrong")
    with nothing_stored(camera.box), wire(camera.box, head) as connection:
        assert first_line(connection).startswith(b"HTTP/1.1 401 ")


def test_ten_megabytes_are_taken_and_not_one_byte_more(camera: Camera) -> None:
    jpeg = picture().ljust(TEN_MEGABYTES, b"\0")
    assert camera.send(jpeg).status == 201
    assert camera.send_form(b"\xff\xd8\xff" + jpeg[2:-1]).status == 201
    with nothing_stored(camera.box):
        answers = [camera.send(jpeg + b"\0"), camera.send_form(jpeg + b"\0")]
    assert [answer.status for answer in answers] == [413, 413]


def test_raw_photograph_without_a_length_is_refused(camera: Camera) -> None:
    head = camera.head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with nothing_stored(camera.box), wire(camera.box, head, chunk(picture()), chunk(b"")) as connection:
        assert first_line(connection).startswith(b"HTTP/1.1 411 ")


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def chunked_form(camera: Camera) -> bytes:
    return camera.head(0, f"Content-Type: {FORM}").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")


def test_form_without_a_length_is_taken(camera: Camera) -> None:
    body = form({"device_id": camera.id}, picture())
    with wire(camera.box, chunked_form(camera), chunk(body), chunk(b"")) as connection:
        assert first_line(connection).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("where", ["before the first part", "in the image", "after the image"])
def test_form_without_a_length_is_refused_once_it_is_over_ten_megabytes(camera: Camera, where: str) -> None:
    start = form({"device_id": camera.id}, picture())[: -len(f"\r\n--{BOUNDARY}--\r\n")]
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    filler = [chunk(b"x" * 1024 * 1024)] * 11
    pieces = {
        "before the first part": [*filler, chunk(b"\r\n" + start + end)],
        "in the image": [chunk(start), *filler, chunk(end)],
        "after the image": [chunk(start + b"\r\n" + _field("more", "")[:-2]), *filler, chunk(end)],
    }[where]
    with nothing_stored(camera.box), wire(camera.box, chunked_form(camera), *pieces, chunk(b"")) as connection:
        assert first_line(connection).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(("width", "height"), [(6500, 4000), (65_000, 400), (65_535, 65_535)])
def test_over_25_megapixels_are_refused(camera: Camera, width: int, height: int) -> None:
    with nothing_stored(camera.box):
        answer = camera.send(with_size(picture(), width, height))
    assert answer.status == 413


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """The same data under a frame header (SOF0) that claims another size."""
    size = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:size] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[size + 4 :]


def test_sixteen_scans_are_taken_and_not_one_more(camera: Camera) -> None:
    assert camera.send(with_scans(picture(), 16)).status == 201
    with nothing_stored(camera.box):
        answer = camera.send(with_scans(picture(), 17))
    assert answer.status == 422


def with_scans(jpeg: bytes, count: int) -> bytes:
    """The only scan of a baseline JPEG, `count` times."""
    scan = jpeg.index(b"\xff\xda")
    return jpeg[:scan] + jpeg[scan:-2] * count + jpeg[-2:]


# Who may send


def test_only_the_cameras_own_token_opens(camera: Camera) -> None:
    other = Camera(camera.box)
    held = [(camera.id, "wrong"), (camera.id, ""), (camera.id, other.token), (other.id, camera.token)]
    held += [(camera.id, camera.box.key), (camera.id, camera.token[:-1]), (camera.id, camera.token + "A")]
    with nothing_stored(camera.box):
        raw = [camera.box.upload(picture(), token, device_id) for device_id, token in held]
        forms = [form({"device_id": device_id, "token": token}, picture()) for device_id, token in held]
        by_form = [send_form(camera.box, body) for body in forms]
    assert {answer.status for answer in raw + by_form} == {401}
    assert {answer.json["detail"] for answer in raw + by_form} == {"This device and token do not belong together."}
    assert {answer.headers["www-authenticate"] for answer in raw + by_form} == {"Bearer"}


@pytest.mark.parametrize("path", ["../{}", "{}/../{}", "/{}", "./{}", "{}\\", "{}%00", "..", ".", "", " ", "nobody"])
def test_id_that_is_none_opens_nothing(camera: Camera, path: str) -> None:
    device_id = path.format(camera.id, camera.id)
    with nothing_stored(camera.box):
        raw = camera.box.upload(picture(), camera.token, device_id)
        by_form = send_form(camera.box, form({"device_id": device_id, "token": camera.token}, picture()))
    assert (raw.status, by_form.status) == (401, 401)


@pytest.mark.parametrize("place", [0, 3, 100])
def test_nul_in_an_id_opens_nothing(camera: Camera, place: int) -> None:
    device_id = camera.id[:place] + "\0" + camera.id[place:]
    with nothing_stored(camera.box):
        answer = send_form(camera.box, form({"device_id": device_id, "token": camera.token}, picture()))
        head = camera.head(10).replace(camera.id.encode(), device_id.encode())
        with wire(camera.box, head, b"0123456789") as connection:  # no HTTP at all: the server refuses such a header
            assert first_line(connection).startswith(b"HTTP/1.1 400 ")
    assert answer.status == 401


def test_token_after_the_image_or_none_at_all_is_refused(camera: Camera) -> None:
    late = form({"device_id": camera.id}, picture(), after={"token": camera.token})
    missing = form({"device_id": camera.id}, picture())
    nobody = form({"token": camera.token}, picture())
    with nothing_stored(camera.box):
        statuses = [send_form(camera.box, body).status for body in (late, missing, nobody)]
    assert statuses == [401, 401, 401]


def test_token_in_the_address_opens_nothing(camera: Camera) -> None:
    address = f"/v1/ingest?token={camera.token}&device_id={camera.id}"
    with nothing_stored(camera.box):
        answer = camera.box.request("POST", address, picture(), {"Content-Type": "image/jpeg"})
    assert answer.status == 401


# Forms that are none


def test_fields_over_16_kilobytes_are_refused(camera: Camera) -> None:
    fields = {"device_id": camera.id, "token": camera.token}
    assert send_form(camera.box, form({**fields, "more": "x" * 16_000}, picture())).status == 201
    with nothing_stored(camera.box):
        one = send_form(camera.box, form({**fields, "more": "x" * 17_000}, picture()))
        many = send_form(camera.box, form({**fields, **{f"more{i}": "x" * 1000 for i in range(17)}}, picture()))
    assert (one.status, many.status) == (413, 413)


def test_form_without_an_image_is_refused(camera: Camera) -> None:
    with nothing_stored(camera.box):
        answer = send_form(camera.box, form({"device_id": camera.id, "token": camera.token}, None))
    assert answer.status == 400
    assert "no image" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"no form at all", FORM),
        (b"--frontier\r\n\r\n", FORM),
        (b"--frontier\nContent-Disposition: form-data\n\n", FORM),
        (b"--frontier\r\nno header\r\n\r\nx\r\n--frontier--\r\n", FORM),
        (b"--frontier\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--frontierXX", FORM),
        (b"--frontier\r\nContent-Disposition: " + b"x" * 9000 + b"\r\n\r\nx\r\n--frontier--\r\n", FORM),
        (b"--other\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--other--\r\n", FORM),
        (form({}, b"x"), "multipart/form-data"),
        (form({}, b"x"), "multipart/form-data; boundary="),
        (form({}, b"x"), "multipart/form-data; boundary=fronti\xe9re"),
        (form({f"field{i}": "x" for i in range(40)}, b"x"), FORM),
    ],
)
def test_broken_form_is_refused(box: Server, body: bytes, content_type: str) -> None:
    with nothing_stored(box):
        answer = send_form(box, body, content_type)
    assert answer.status == 400


def test_form_that_breaks_after_a_whole_image_is_refused(camera: Camera) -> None:
    body = form({"device_id": camera.id, "token": camera.token}, picture())
    with nothing_stored(camera.box):
        answer = send_form(camera.box, body.removesuffix(f"\r\n--{BOUNDARY}--\r\n".encode()))
    assert answer.status == 400


# Senders that go away, and senders that all come at once


@pytest.mark.parametrize("size", [2000, 4 * HELD_IN_MEMORY])
def test_sender_that_goes_away_in_the_middle_leaves_nothing(camera: Camera, size: int) -> None:
    jpeg = picture().ljust(size, b"\0")
    head = camera.head(len(jpeg), "Expect: 100-continue")
    with nothing_stored(camera.box):
        with wire(camera.box, head) as connection:
            assert first_line(connection) == b"HTTP/1.1 100 Continue"
            connection.sendall(jpeg[: size // 2])
            if size > HELD_IN_MEMORY:
                wait_until(lambda: camera.files)
                assert [file.name.startswith(PARTIAL) for file in camera.files] == [True]
        wait_until(lambda: not camera.files)
    assert camera.send(jpeg).status == 201
    assert len(camera.captures) == len(camera.files) == 1


@pytest.mark.slow
def test_sender_that_falls_silent_does_not_keep_its_place(camera: Camera) -> None:
    jpeg = picture()
    with nothing_stored(camera.box), wire(camera.box, camera.head(len(jpeg)), jpeg[:100]) as connection:
        connection.settimeout(60)
        with connection.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 4")  # read() returns at the end of the connection


def test_too_many_at_once_are_asked_to_come_again(camera: Camera) -> None:
    jpeg = picture()
    head = camera.head(len(jpeg), "Expect: 100-continue")
    with ExitStack() as senders, nothing_stored(camera.box):
        for _ in range(MAX_UPLOADS):
            connection = senders.enter_context(wire(camera.box, head))
            assert first_line(connection) == b"HTTP/1.1 100 Continue"
        refused = camera.send(picture())
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 0
    wait_until(lambda: camera.send(jpeg).status == 201)
    assert len(camera.captures) == 1
