"""/v1/examples on a real box: what is said about one photograph is heeded in the next, and can be taken back."""

import http.client
import io
import itertools
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import make_jpeg
from tests.server import Answer, Server

pytestmark = pytest.mark.slow

NOBODY = "019aad5c-9c1a-7cc2-8a53-6e3a1c6a9f10"


class Shelf:
    """A box with a camera that sends the same view again and again, and with what people say about it."""

    def __init__(self, box: Server, view: bytes, camera: str = "shelf") -> None:
        self.box, self._view, self._camera = box, view, camera
        self._token = box.add_device(camera)
        self._numbers = itertools.count()

    def send(self, of: bytes | None = None) -> str:
        """The same pixels in another file; the id of the new capture."""
        answer = self.box.upload(numbered(of or self._view, next(self._numbers)), self._token, self._camera)
        assert answer.status == 201
        return answer.json["capture_id"]

    def photograph(self, of: bytes | None = None) -> str:
        """One that was looked at."""
        capture_id = self.send(of)
        self.box.wait_until_analysed()
        return capture_id

    def seen(self, capture_id: str) -> list[dict[str, Any]]:
        return self.box.get(f"/v1/captures/{capture_id}").json["detections"]

    def best(self, capture_id: str) -> dict[str, Any]:
        """What the eye is surest of."""
        return next(one for one in self.seen(capture_id) if one["label"])

    def teach(self, capture_id: str, **lesson: Any) -> Answer:
        return self.box.post("/v1/examples", {"capture_id": capture_id, **lesson})

    def take_back(self, example_id: int) -> Answer:
        return self.box.request("DELETE", f"/v1/examples/{example_id}", headers=authority(self.box.key))

    def forget_everything(self) -> None:
        while listed := self.box.get("/v1/examples").json["items"]:
            assert self.take_back(listed[0]["example_id"]).status == 200


def authority(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def numbered(jpeg: bytes, number: int) -> bytes:
    """Other bytes, the same picture: with a comment behind the first marker."""
    comment = f"number {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


@pytest.fixture(scope="module")
def view(demo_photographs: list[Path]) -> bytes:
    """A part of a shelf with a few things on it, so that looking at it does not take long."""
    with Image.open(demo_photographs[0]) as image:
        encoded = io.BytesIO()
        image.crop((400, 200, 1000, 700)).save(encoded, "JPEG", quality=90)
        return encoded.getvalue()


@pytest.fixture(scope="module")
def one_shelf(tmp_path_factory: pytest.TempPathFactory, view: bytes) -> Iterator[Shelf]:
    with Server(tmp_path_factory.mktemp("examples") / "data") as running:
        yield Shelf(running, view)


@pytest.fixture
def shelf(one_shelf: Shelf) -> Iterator[Shelf]:
    """Nothing is taught when a test begins."""
    yield one_shelf
    one_shelf.forget_everything()


@pytest.fixture(scope="module")
def taken(one_shelf: Shelf) -> str:
    """A photograph that was looked at before anything was taught."""
    return one_shelf.photograph()


def same_place(found: list[dict[str, Any]], box: list[float]) -> dict[str, Any]:
    return min(found, key=lambda one: sum(abs(a - b) for a, b in zip(one["box"], box, strict=True)))


def test_what_was_named_is_named_by_itself_in_the_next_photograph(shelf: Shelf, taken: str) -> None:
    box = shelf.best(taken)
    answer = shelf.teach(taken, detection_id=box["id"], item_name="Oat milk", positive=True)
    assert answer.status == 201
    assert set(answer.json) == {"example_id", "item_id", "also_changed"}
    named = shelf.best(taken)
    assert (named["item_name"], named["confidence"], named["source"]) == ("Oat milk", 1.0, "person")
    again = same_place(shelf.seen(shelf.photograph()), box["box"])
    assert (again["item_name"], again["source"]) == ("Oat milk", "recogniser")
    assert again["suggestions"][0]["item_name"] == "Oat milk"


def test_what_it_is_not_is_said_once_and_obeyed(shelf: Shelf, taken: str) -> None:
    box = shelf.best(taken)
    shelf.teach(taken, detection_id=box["id"], item_name="Oat milk")
    second = shelf.photograph()
    wrong = same_place(shelf.seen(second), box["box"])
    assert wrong["item_name"] == "Oat milk"
    answer = shelf.teach(second, detection_id=wrong["id"], item_name="Oat milk", positive=False)
    assert answer.status == 201
    assert same_place(shelf.seen(second), box["box"])["item_name"] != "Oat milk"
    assert same_place(shelf.seen(shelf.photograph()), box["box"])["item_name"] != "Oat milk"


def test_taking_back_undoes_it_everywhere(shelf: Shelf, taken: str) -> None:
    before = [(one["id"], one["item_name"], one["source"]) for one in shelf.seen(taken)]
    taught = shelf.teach(taken, detection_id=shelf.best(taken)["id"], item_name="Oat milk").json
    shelf.teach(taken, box=[0.8, 0.8, 0.99, 0.99], item_name="Tea")
    shelf.forget_everything()
    now = {one["id"]: (one["id"], one["item_name"], one["source"]) for one in shelf.seen(taken)}
    assert [now[one[0]] for one in before] == before
    assert shelf.take_back(taught["example_id"]).status == 404
    assert same_place(shelf.seen(shelf.photograph()), shelf.best(taken)["box"])["item_name"] != "Oat milk"


def test_also_changed_counts_what_was_seen_before(shelf: Shelf, taken: str) -> None:
    other = shelf.photograph()
    box = shelf.best(taken)
    answer = shelf.teach(taken, detection_id=box["id"], item_name="Oat milk").json
    assert same_place(shelf.seen(other), box["box"])["item_name"] == "Oat milk"
    assert answer["also_changed"] >= 1
    back = shelf.take_back(answer["example_id"])
    assert (back.status, back.json) == (200, {"also_changed": answer["also_changed"]})


def test_one_name_is_given_to_many_crops_or_to_none(shelf: Shelf, taken: str) -> None:
    crops = [{"capture_id": taken, "detection_id": one["id"]} for one in shelf.seen(taken)[:2]]
    wrong = shelf.box.post("/v1/examples/bulk", {"item_name": "Tins", "crops": [*crops, {"capture_id": NOBODY}]})
    assert wrong.status == 404
    assert shelf.box.get("/v1/examples").json["total"] == 0
    answer = shelf.box.post("/v1/examples/bulk", {"item_name": "Tins", "crops": crops})
    assert (answer.status, len(answer.json["example_ids"])) == (201, 2)
    assert [one["item_name"] for one in shelf.seen(taken) if one["source"] == "person"] == ["Tins", "Tins"]
    assert shelf.box.post("/v1/examples/bulk", {"item_name": "Tins", "crops": []}).status == 422
    assert shelf.box.post("/v1/examples/bulk", {"item_name": "Tins", "crops": crops * 51}).status == 422


def test_a_missed_thing_is_boxed_by_hand_and_found_by_likeness_in_that_view(shelf: Shelf, taken: str) -> None:
    drawn = [0.01, 0.01, 0.16, 0.21]
    found = shelf.seen(taken)
    answer = shelf.teach(taken, box=drawn, item_name="Shelf edge")
    assert answer.status == 201
    assert len(shelf.seen(taken)) == len(found) + 1
    again = same_place(shelf.seen(shelf.photograph()), drawn)
    assert (again["item_name"], again["source"]) == ("Shelf edge", "recogniser")
    assert max(abs(a - b) for a, b in zip(again["box"], drawn, strict=True)) < 0.001


def test_examples_are_listed_and_their_pictures_kept(shelf: Shelf, taken: str) -> None:
    made = [
        shelf.teach(taken, detection_id=one["id"], item_name=name).json["example_id"]
        for one, name in zip(shelf.seen(taken)[:2], ["Rice", "🍅 =1+1 <b>"], strict=True)
    ]
    listed = shelf.box.get("/v1/examples").json
    assert [one["example_id"] for one in listed["items"]] == made[::-1]
    assert listed["items"][0]["item_name"] == "🍅 =1+1 <b>"
    page = shelf.box.get("/v1/examples?limit=1").json
    assert (page["total"], page["next_cursor"]) == (2, str(made[1]))
    rest = shelf.box.get(f"/v1/examples?limit=1&cursor={page['next_cursor']}").json
    assert [one["example_id"] for one in rest["items"]] == made[:1]
    assert [one["example_id"] for one in shelf.box.get("/v1/examples?item=rice").json["items"]] == made[:1]
    assert shelf.box.get("/v1/examples?item=nobody").status == 404
    picture = shelf.box.get(f"/v1/examples/{made[0]}/image")
    assert (picture.status, picture.headers["content-type"], picture.body[:2]) == (200, "image/jpeg", b"\xff\xd8")


def test_who_may_only_read_teaches_nothing(shelf: Shelf, taken: str) -> None:
    keys = {
        scope: shelf.box.post("/v1/keys", {"name": scope, "scope": scope}).json["key"] for scope in ("read", "write")
    }
    lesson = {"capture_id": taken, "detection_id": shelf.best(taken)["id"], "item_name": "Rice"}
    assert shelf.box.request("POST", "/v1/examples", lesson).status == 401
    assert shelf.box.request("POST", "/v1/examples", lesson, authority(keys["read"])).status == 403
    assert shelf.box.request("GET", "/v1/examples", headers=authority(keys["read"])).status == 200
    taught = shelf.box.request("POST", "/v1/examples", lesson, authority(keys["write"]))
    assert taught.status == 201
    path = f"/v1/examples/{taught.json['example_id']}"
    assert shelf.box.request("DELETE", path, headers=authority(keys["read"])).status == 403
    assert shelf.box.request("DELETE", path, headers=authority(keys["write"])).status == 200


def test_who_said_what_is_written_down(shelf: Shelf, taken: str) -> None:
    box = shelf.best(taken)["id"]
    taught = shelf.teach(taken, detection_id=box, item_name="Rice").json["example_id"]
    denied = shelf.teach(taken, detection_id=box, item_name=None, positive=False).json["example_id"]
    shelf.take_back(denied)
    lines = shelf.box.get("/v1/audit-log?limit=3").json["items"]
    assert [(line["act"], line["target"]) for line in lines] == [
        ("example.taken-back", str(denied)),
        ("example.denied", str(denied)),
        ("example.taught", str(taught)),
    ]
    assert {line["actor"] for line in lines} == {"key test"}


@pytest.mark.parametrize(
    ("lesson", "status"),
    [
        ({"item_name": "Rice"}, 422),
        ({"item_name": "Rice", "box": [0.1, 0.1, 0.3, 0.3], "detection_id": 1}, 422),
        ({"item_name": "Rice", "box": [0.3, 0.1, 0.1, 0.3]}, 422),
        ({"item_name": "Rice", "box": [0.1, 0.3, 0.3, 0.1]}, 422),
        ({"item_name": "Rice", "box": [0.1, 0.1, 0.1, 0.1]}, 422),
        ({"item_name": "Rice", "box": [-0.1, 0.1, 0.3, 0.3]}, 422),
        ({"item_name": "Rice", "box": [0.1, 0.1, 0.3, 1e300]}, 422),
        ({"item_name": "Rice", "box": [0.1, 0.1, 0.3]}, 422),
        ({"item_name": "", "box": [0.1, 0.1, 0.3, 0.3]}, 422),
        ({"item_name": "   ", "box": [0.1, 0.1, 0.3, 0.3]}, 422),
        ({"item_name": "R\0ice", "box": [0.1, 0.1, 0.3, 0.3]}, 422),
        ({"item_name": "R" * 201, "box": [0.1, 0.1, 0.3, 0.3]}, 422),
        ({"item_name": None, "box": [0.1, 0.1, 0.3, 0.3]}, 422),
        ({"item_name": "Nobody's", "box": [0.1, 0.1, 0.3, 0.3], "positive": False}, 404),
        ({"item_name": "Rice", "detection_id": 2**63 - 1}, 404),
        ({"item_name": "Rice", "detection_id": 2**70}, 422),
        ({"item_name": "Rice", "detection_id": -1}, 422),
        ({"item_name": "Rice", "detection_id": 0}, 404),
    ],
)
def test_what_cannot_be_taught_is_refused_with_a_sentence(
    shelf: Shelf, taken: str, lesson: dict[str, Any], status: int
) -> None:
    answer = shelf.teach(taken, **lesson)
    assert answer.status == status, answer.body
    assert answer.json["detail"]
    assert shelf.box.get("/v1/examples").json["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/examples?limit=-5e36", 422),
        ("GET", "/v1/examples?limit=0", 422),
        ("GET", "/v1/examples?cursor=x", 422),
        ("GET", "/v1/examples/123456/image", 404),
        ("GET", "/v1/examples/99999999999999999999999/image", 404),
        ("DELETE", "/v1/examples/123456", 404),
        ("DELETE", "/v1/examples/99999999999999999999999", 404),
    ],
)
def test_what_is_out_of_range_or_not_there_is_said_so(shelf: Shelf, method: str, path: str, status: int) -> None:
    assert shelf.box.request(method, path, headers=authority(shelf.box.key)).status == status


def test_a_detection_of_another_photograph_and_an_unknown_photograph_are_not_found(shelf: Shelf, taken: str) -> None:
    other = shelf.photograph()
    assert shelf.teach(other, detection_id=shelf.best(taken)["id"], item_name="Rice").status == 404
    assert shelf.teach(NOBODY, box=[0.1, 0.1, 0.3, 0.3], item_name="Rice").status == 404


def test_every_photograph_whose_analysis_began_after_201_heeds_it(shelf: Shelf, taken: str) -> None:
    box = shelf.best(taken)
    later: list[str] = []

    def teach_and_send() -> None:
        assert shelf.teach(taken, detection_id=box["id"], item_name="Oat milk").status == 201
        later.extend(shelf.send() for _ in range(2))

    teaching = threading.Thread(target=teach_and_send)
    teaching.start()
    meanwhile = [shelf.send() for _ in range(2)]
    teaching.join()
    shelf.box.wait_until_analysed(120)
    for capture_id in later:
        assert same_place(shelf.seen(capture_id), box["box"])["item_name"] == "Oat milk"
    shelf.box.wait_until("/v1/examples/progress", lambda answer: not answer["running"], 60)
    for capture_id in meanwhile:
        assert same_place(shelf.seen(capture_id), box["box"])["item_name"] == "Oat milk"


def test_what_was_not_looked_at_or_has_no_image_is_a_conflict(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box:
        shelf = Shelf(box, make_jpeg())
        failed = shelf.photograph(of=make_jpeg().replace(b"\xff\xc0", b"\xff\xc3", 1))
        answer = shelf.teach(failed, box=[0.1, 0.1, 0.3, 0.3], item_name="Rice")
        assert (answer.status, "looked at" in answer.json["detail"]) == (409, True)
        taken = shelf.photograph()
        box.stop()
        with closing(sqlite3.connect(box.data / "pantrybox.db")) as connection, connection:
            connection.execute("UPDATE captures SET image_path = NULL WHERE id = ?", (taken,))
        box.start()
        answer = shelf.teach(taken, box=[0.1, 0.1, 0.3, 0.3], item_name="Rice")
        assert (answer.status, "deleted" in answer.json["detail"]) == (409, True)


def test_what_was_taught_just_before_the_power_went_is_heeded_after_the_next_start(tmp_path: Path, view: bytes) -> None:
    with Server(tmp_path / "data") as box:
        shelf = Shelf(box, view)
        first, second = shelf.send(), shelf.photograph()
        best = shelf.best(first)
        lesson = {"detection_id": best["id"], "item_name": "Oat milk"}
        teaching = threading.Thread(target=lambda: _until_cut(shelf, first, lesson))
        teaching.start()
        wait_for_an_example(box.data / "pantrybox.db")
        box.kill()
        teaching.join()
        box.start()
        box.wait_until("/v1/examples/progress", lambda answer: not answer["running"])
        assert same_place(shelf.seen(first), best["box"])["source"] == "person"
        assert same_place(shelf.seen(second), best["box"])["item_name"] == "Oat milk"
        assert box.command("check")


def _until_cut(shelf: Shelf, capture_id: str, lesson: dict[str, Any]) -> None:
    with suppress(OSError, http.client.HTTPException):
        shelf.teach(capture_id, **lesson)


def wait_for_an_example(path: Path) -> None:
    """The row is committed; what follows from it is not, or hardly."""
    end = time.monotonic() + 60
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        while not connection.execute("SELECT count(*) FROM examples").fetchone()[0]:
            assert time.monotonic() < end
