"""The software camera behaves as those of the field do: it follows orders, comes again, and sends nothing twice."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pantrybox.camera.sender import Camera, Refused, Reply, pictures_in
from pantrybox.errors import NotFound, PantryError
from tests.conftest import make_jpeg
from tests.server import Server, pantrybox

pytestmark = pytest.mark.slow


class MoodyBox(ThreadingHTTPServer):
    """Answers each upload with the next of its moods; the last one stays."""

    def __init__(self, moods: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.moods = moods
        self.uploads: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: MoodyBox

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.uploads.append({name.lower(): value for name, value in self.headers.items()})
        mood = self.server.moods.pop(0) if len(self.server.moods) > 1 else self.server.moods[0]
        if mood == 0:
            self.close_connection = True  # the reply is lost
            return
        body = b'{"capture_id": "c", "message": "Photograph stored.", "orders": {"version": 7, "sleep_s": 40}}'
        self.send_response(mood)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def moody() -> Iterator[MoodyBox]:
    box = MoodyBox([201])
    thread = threading.Thread(target=box.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield box
    box.shutdown()
    thread.join()
    box.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deeper").mkdir()
    for number, name in enumerate(["1.jpg", "2.JPG", "deeper/3.jpeg"]):
        (tmp_path / name).write_bytes(make_jpeg(shade=number))
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def camera(box: MoodyBox, waited: list[float]) -> Camera:
    return Camera(f"http://127.0.0.1:{box.server_port}", "shelf", "token", waited.append)


def test_a_photograph_is_sent_again_under_the_same_key_until_it_is_stored(moody: MoodyBox, folder: Path) -> None:
    moody.moods = [503, 0, 507, 500, 429, 201]
    waited: list[float] = []
    assert isinstance(camera(moody, waited).send(folder / "1.jpg", 0, "timer"), Reply)
    assert len({upload["idempotency-key"] for upload in moody.uploads}) == 1
    assert len(moody.uploads) == 6
    assert len(waited) == 5
    assert waited[0] < waited[-1]


def test_what_the_box_will_never_take_is_not_sent_again(moody: MoodyBox, folder: Path) -> None:
    moody.moods = [401]
    outcomes = list(camera(moody, []).send_all(pictures_in(folder)))
    assert len(moody.uploads) == len(outcomes) == 3
    assert all(isinstance(outcome, Refused) for _, outcome in outcomes)


def test_it_sleeps_as_it_is_ordered_and_says_which_orders_it_has(moody: MoodyBox, folder: Path) -> None:
    waited: list[float] = []
    list(camera(moody, waited).send_all(pictures_in(folder)))
    assert waited == [40, 40]
    assert "x-orders-version" not in moody.uploads[0]
    assert moody.uploads[1]["x-orders-version"] == "7"


def test_every_photograph_has_a_key_of_its_own(moody: MoodyBox, folder: Path) -> None:
    list(camera(moody, []).send_all(pictures_in(folder)))
    assert len({upload["idempotency-key"] for upload in moody.uploads}) == 3


def test_a_folder_without_pictures_and_an_address_that_is_none_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no pictures"):
        pictures_in(tmp_path)
    with pytest.raises(PantryError, match="no address"):
        Camera("ftp://box", "shelf", "token")


def test_the_command_sends_a_folder_to_a_real_box_and_frame_size_is_honoured(server: Server, folder: Path) -> None:
    token = server.add_device()
    headers = {"Authorization": f"Bearer {server.key}"}
    orders = {"orders": {"sleep_s": 1, "frame_size": "QVGA", "jpeg_quality": 20}}
    (folder / "2.JPG").write_bytes(make_jpeg(1600, 1200))
    assert server.request("PATCH", "/v1/devices/shelf", orders, headers).status == 200
    said = pantrybox("camera", "send", str(folder), "--url", server.url, "--id", "shelf", "--token", token)
    assert said.count("Photograph stored.") == 3
    server.wait_until_analysed()
    widths = [
        server.get(f"/v1/captures/{capture['id']}").json["observation"]["width"]
        for capture in server.get("/v1/captures").json["items"]
    ]
    assert widths == [320, 320, 320]


def test_a_wrong_token_ends_the_command_with_a_sentence(server: Server, folder: Path) -> None:
    server.add_device()
    said = pantrybox("camera", "send", str(folder), "--url", server.url, "--id", "shelf", "--token", "x", status=1)
    assert "do not belong together" in said
