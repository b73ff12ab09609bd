"""GET /live: what an open page is told, when, and after a connection that was cut."""

import http.client
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

import pytest

from tests.conftest import make_jpeg
from tests.server import Server

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 10


class Event(NamedTuple):
    name: str
    position: str


class Stream:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.last_id: str | None = None
        """As a browser keeps it, to send it as Last-Event-ID when it connects again."""

    def next(self) -> Event:
        """The next event; a TimeoutError when none comes."""
        fields: dict[str, str] = {}
        while True:
            line = self._response.readline().decode().rstrip("\r\n")
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "event" in fields:
                self.last_id = fields.get("id", self.last_id)
                return Event(fields["event"], fields["data"])

    def until(self, is_so: Callable[[Event], bool]) -> list[Event]:
        """Every event up to the first that is so."""
        events = [self.next()]
        while not is_so(events[-1]):
            events.append(self.next())
        return events


class Box(Server):
    """With one camera."""

    @cached_property
    def token(self) -> str:
        return self.post("/v1/devices", {"name": "Shelf", "device_id": "shelf"}).json["device_token"]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """With one photograph that was looked at, so that there is something to miss."""
    with Box(tmp_path_factory.mktemp("live") / "data") as running:
        upload(running)
        running.wait_until_analysed()
        yield running


def upload(box: Box, jpeg: bytes | None = None) -> str:
    """The id of the capture."""
    answer = box.upload(jpeg or make_jpeg(comment=uuid.uuid4().hex.encode()), box.token)
    assert answer.status == 201
    return answer.json["capture_id"]


@contextmanager
def followed(box: Box, path: str = "/live", **headers: str) -> Iterator[Stream]:
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=PATIENCE_SECONDS)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=sent | {"Authorization": f"Bearer {box.key}"})
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "no-cache" in response.headers["cache-control"]
        with response:
            yield Stream(response)
    finally:
        connection.close()


def where_the_page_stands(box: Box) -> str:
    """The position that the page asks to be followed from; nothing waits to be looked at."""
    box.wait_until_analysed()
    found = re.search(r'sse-connect="/live\?after=([^"]+)"', box.get("/").body.decode())
    assert found
    return found[1]


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def is_stock(event: Event) -> bool:
    return event.name == "stock"


def test_upload_is_told_first_as_a_photograph_and_later_as_stock(box: Box) -> None:
    with followed(box, f"/live?after={where_the_page_stands(box)}") as stream:
        capture = upload(box)
        assert names(stream.until(is_stock)) == ["photographs", "photographs", "stock"]
        assert box.get(f"/v1/captures/{capture}").json["status"] == "complete"
        upload(box)
        assert names(stream.until(is_stock)) == ["photographs", "photographs", "stock"]


def test_question_that_is_put_off_on_one_phone_goes_from_the_others(box: Box) -> None:
    said = box.post("/v1/inventory/override", {"item_name": "Jam", "count_estimate": 1, "place": "Shelf"})
    with followed(box, f"/live?after={where_the_page_stands(box)}") as stream:
        later = {"item_id": said.json["item_id"], "place": "Shelf", "answer": "later"}
        assert box.post("/v1/inventory/question", later).status == 200
        assert stream.next().name == "stock"


def test_position_moves_on_with_what_happened(box: Box) -> None:
    before = where_the_page_stands(box)
    with followed(box, f"/live?after={before}") as stream:
        upload(box)
        positions = [before, *(event.position for event in stream.until(is_stock))]
    assert positions == sorted(positions, key=lambda position: [int(part) for part in position.split(".")])
    assert positions[-1] == stream.last_id == where_the_page_stands(box) != before


def test_page_that_missed_nothing_is_told_nothing(box: Box) -> None:
    before = where_the_page_stands(box)
    with followed(box, f"/live?after={before}") as stream:
        upload(box)
        assert stream.next().position != before


def test_missed_changes_come_at_once(box: Box) -> None:
    before = where_the_page_stands(box)
    upload(box)
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={before}") as stream:
        events = [stream.next(), stream.next()]
    assert sorted(events) == [("photographs", now), ("stock", now)]


@pytest.mark.parametrize(
    "path", ["/live", "/live?after=", "/live?after=nonsense", "/live?after=1.2", "/live?after=-1.x.3"]
)
def test_page_that_does_not_say_where_it_stands_is_told_to_look_at_everything(box: Box, path: str) -> None:
    now = where_the_page_stands(box)
    with followed(box, path) as stream:
        assert sorted([stream.next(), stream.next()]) == [("photographs", now), ("stock", now)]


@pytest.mark.parametrize("after", ["9" * 5000 + ".1.1", "-1.-1.-1", "99999999999999999999.0.0", "٣.1.1", "%00.1.1"])
def test_position_that_cannot_be_is_answered_like_none(box: Box, after: str) -> None:
    with followed(box, "/live?after=" + after.replace("٣", "%D9%A3")) as stream:
        assert {stream.next().name, stream.next().name} == {"photographs", "stock"}


def test_last_event_id_wins_over_after(box: Box) -> None:
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={now}", Last_Event_ID="0.0.0") as stream:
        assert stream.next().position == now
    with followed(box, "/live?after=0.0.0", Last_Event_ID=now) as stream:
        upload(box)
        assert stream.next().position != now


def test_connection_cut_after_any_event_misses_none(box: Box) -> None:
    before = where_the_page_stands(box)
    upload(box)
    box.wait_until_analysed()
    with followed(box, f"/live?after={before}") as stream:
        first = stream.next()
    known = {} if stream.last_id is None else {"Last_Event_ID": stream.last_id}
    with followed(box, f"/live?after={before}", **known) as stream:
        later = stream.until(lambda event: event.name != first.name)
    assert {first.name, later[-1].name} == {"photographs", "stock"}


def test_every_open_page_is_told(box: Box) -> None:
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={now}") as one, followed(box, f"/live?after={now}") as other:
        upload(box)
        assert one.until(is_stock)[-1] == other.until(is_stock)[-1]


def test_photograph_sent_again_is_no_news(box: Box) -> None:
    jpeg = make_jpeg(comment=uuid.uuid4().hex.encode())
    upload(box, jpeg)
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={now}") as stream:
        upload(box, jpeg)
        upload(box)
        capture, *_ = (int(part) for part in now.split("."))
        assert stream.next().position.startswith(f"{capture + 1}.")


def test_photograph_that_cannot_be_looked_at_is_told_too(box: Box) -> None:
    undecodable = make_jpeg(comment=uuid.uuid4().hex.encode()).replace(b"\xff\xc0", b"\xff\xc3", 1)
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={now}") as stream:
        capture = upload(box, undecodable)
        assert stream.next().name == "photographs"  # it came
        box.wait_until(f"/v1/captures/{capture}", lambda shown: shown["status"] == "failed")
        assert stream.next().name == "photographs"  # nobody waits for it any more


def test_camera_that_comes_changes_or_goes_is_told_to_an_empty_page(box: Box) -> None:
    headers = {"Authorization": f"Bearer {box.key}"}
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={now}") as stream:
        box.post("/v1/devices", {"name": "New", "device_id": "new"})
        came = stream.next()
        box.request("PATCH", "/v1/devices/new", {"name": "Renamed"}, headers)
        renamed = stream.next()
        box.request("PATCH", "/v1/devices/new", {"orders": {"sleep_s": 60}}, headers)
        ordered = stream.next()
        box.request("DELETE", "/v1/devices/new", headers=headers)
        went = stream.next()
    assert names([came, renamed, ordered, went]) == ["photographs"] * 4
    assert len({now, *(event.position for event in (came, renamed, ordered, went))}) == 5
    with followed(box, f"/live?after={now}") as stream:
        assert stream.next() == ("photographs", went.position)


def test_lesson_is_told_and_told_again_when_every_photograph_heeds_it(box: Box) -> None:
    capture = upload(box)
    now = where_the_page_stands(box)
    said = {"capture_id": capture, "box": [0.1, 0.1, 0.6, 0.7], "item_name": "Something drawn"}
    with followed(box, f"/live?after={now}") as stream:
        example = box.post("/v1/examples", said).json["example_id"]
        taught = stream.until(lambda event: event.name == "photographs")[-1]
        box.wait_until("/v1/examples/progress", lambda progress: not progress["running"])
        assert taught.position != now
        heeded = where_the_page_stands(box)
        if taught.position != heeded:
            stream.until(lambda event: event.position == heeded)
        box.request("DELETE", f"/v1/examples/{example}", headers={"Authorization": f"Bearer {box.key}"})
        assert stream.until(lambda event: event.name == "photographs")[-1].position != heeded


def test_page_of_an_older_box_that_counts_less_looks_again(box: Box) -> None:
    said = {"capture_id": upload(box), "box": [0.1, 0.1, 0.6, 0.7], "item_name": "Something drawn"}
    where_the_page_stands(box)
    assert box.post("/v1/examples", said).status == 201
    box.wait_until("/v1/examples/progress", lambda progress: not progress["running"])
    now = where_the_page_stands(box)
    without_taught, _, _ = now.rsplit(".", 2)
    with followed(box, f"/live?after={without_taught}") as stream:
        assert stream.next() == ("photographs", now)


def test_page_that_goes_away_disturbs_nobody(box: Box) -> None:
    now = where_the_page_stands(box)
    with followed(box, f"/live?after={now}") as stays:
        with followed(box, f"/live?after={now}"):
            pass
        upload(box)
        assert names(stays.until(is_stock))[-1] == "stock"
    assert "Traceback" not in box.log
