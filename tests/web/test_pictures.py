"""Images and small pictures over HTTP: kept by who has them, given in parts, and the same under HEAD."""

import hashlib
import io
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import make_jpeg
from tests.server import Answer, Server

KEPT = "private, max-age=31536000, immutable"


class Album:
    """A box with one photograph that is larger than one piece of a stream, and a turned one."""

    def __init__(self, box: Server, view: bytes) -> None:
        self.box = box
        self.token = box.add_device()
        self.whole = view + uuid.uuid4().bytes * 40_000
        self.etag = f'"{hashlib.sha256(self.whole).hexdigest()}"'
        self.id = self.send(self.whole)
        self.image = f"/v1/captures/{self.id}/image"
        self.thumbnail = f"/v1/captures/{self.id}/thumbnail"

    def send(self, jpeg: bytes) -> str:
        answer = self.box.upload(jpeg, self.token)
        assert answer.status == 201, answer
        return answer.json["capture_id"]

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """`if_range="x"` becomes the header If-Range."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.box.request(method, path, headers=sent | {"Authorization": f"Bearer {self.box.key}"})


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, demo_photographs: list[Path]) -> Iterator[Album]:
    with Server(tmp_path_factory.mktemp("pictures") / "data") as running:
        yield Album(running, demo_photographs[0].read_bytes())


def sized(jpeg: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        image.load()
        return image.size


# The image


def test_image_is_given_whole_with_all_that_a_cache_needs(album: Album) -> None:
    answer = album.ask(album.image)
    assert answer.status == 200
    assert answer.body == album.whole
    assert answer.headers["etag"] == album.etag
    assert answer.headers["cache-control"] == KEPT
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(album.whole))
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("named", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_the_image_gets_304_and_no_body(album: Album, named: str) -> None:
    answer = album.ask(album.image, if_none_match=named.format(album.etag))
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == album.etag
    assert answer.headers["cache-control"] == KEPT


def test_who_has_another_image_gets_this_one(album: Album) -> None:
    assert album.ask(album.image, if_none_match='"other"').body == album.whole


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0-0", 0, 1),
        ("100-299999", 100, 300_000),
        ("500000-", 500_000, None),
        ("-7", -7, None),
        ("0-99999999999", 0, None),
    ],
)
def test_a_part_is_given(album: Album, asked: str, start: int, stop: int | None) -> None:
    answer = album.ask(album.image, range=f"bytes={asked}")
    part = album.whole[start:stop]
    first = start % len(album.whole)
    assert answer.status == 206
    assert answer.body == part
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(album.whole)}"
    assert answer.headers["content-length"] == str(len(part))
    assert answer.headers["etag"] == album.etag


@pytest.mark.parametrize("asked", ["999999999-", "999999999-9999999999", "-0"])
def test_a_part_that_is_not_there_is_refused_with_the_size(album: Album, asked: str) -> None:
    answer = album.ask(album.image, range=f"bytes={asked}")
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(album.whole)}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == 416


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-1", "lines=1-2", "bytes=x"])
def test_several_parts_and_nonsense_give_the_whole(album: Album, asked: str) -> None:
    answer = album.ask(album.image, range=asked)
    assert (answer.status, len(answer.body)) == (200, len(album.whole))


def test_a_download_goes_on_only_when_the_image_is_the_same(album: Album) -> None:
    assert album.ask(album.image, range="bytes=5-9", if_range=album.etag).status == 206
    assert album.ask(album.image, range="bytes=5-9", if_range='"other"').status == 200
    assert album.ask(album.image, range="bytes=5-9", if_range=f"W/{album.etag}").status == 200
    assert album.ask(album.image, range="bytes=999999999-", if_range='"other"').status == 200


def test_304_comes_before_the_range(album: Album) -> None:
    assert album.ask(album.image, range="bytes=5-9", if_none_match=album.etag).status == 304


@pytest.mark.parametrize("path", ["image", "thumbnail", "thumbnail?size=64"])
def test_head_has_the_headers_of_get_and_no_body(album: Album, path: str) -> None:
    got, head = (album.ask(f"/v1/captures/{album.id}/{path}", method) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
    assert int(head.headers["content-length"]) == len(got.body)


@pytest.mark.parametrize("path", ["image", "thumbnail"])
def test_strangers_get_no_picture(album: Album, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = album.box.request(method, f"/v1/captures/{album.id}/{path}", headers={"If-None-Match": "*"})
        assert answer.status == 401


@pytest.mark.parametrize("path", ["image", "thumbnail"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_picture_that_is_gone_is_not_found(album: Album, path: str, method: str) -> None:
    lost = album.send(make_jpeg(comment=uuid.uuid4().hex.encode()))
    (album.box.data / "storage/images" / f"shelf_{lost}.jpg").unlink()
    for capture_id in (lost, "nobody"):
        answer = album.ask(f"/v1/captures/{capture_id}/{path}", method)
        assert answer.status == 404
        assert answer.headers["content-type"] == "application/problem+json"


# What lies in one box


def crop_of(album: Album) -> tuple[str, tuple[float, ...]]:
    """Its address, and the size that it should have."""
    album.box.wait_until_analysed()
    thing = album.box.get(f"/v1/captures/{album.id}").json["detections"][0]
    left, top, right, bottom = thing["box"]
    width, height = sized(album.whole)
    sides = (right - left) * width, (bottom - top) * height
    shrunk = min(1.0, 384 / max(sides))
    return f"/v1/captures/{album.id}/detections/{thing['id']}/image", tuple(side * shrunk for side in sides)


def test_crop_shows_its_box_and_is_kept_by_who_has_it(album: Album) -> None:
    path, size = crop_of(album)
    answer = album.ask(path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == KEPT
    assert sized(answer.body) == pytest.approx(size, abs=2)
    again = album.ask(path, if_none_match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    head = album.ask(path, "HEAD")
    assert (head.status, head.body, int(head.headers["content-length"])) == (200, b"", len(answer.body))


def test_crops_of_two_boxes_are_two_things_to_a_cache(album: Album) -> None:
    path, _ = crop_of(album)
    stem, _, number = path.removesuffix("/image").rpartition("/")
    other = album.ask(f"{stem}/{int(number) + 1}/image")
    one = album.ask(path)
    assert other.status == one.status == 200
    assert other.headers["etag"] != one.headers["etag"]
    assert other.body != one.body


def test_strangers_get_no_crop(album: Album) -> None:
    path, _ = crop_of(album)
    assert album.box.request("GET", path).status == 401


@pytest.mark.parametrize("number", ["0", "999", "99999999999999999999", "-1"])
def test_crop_of_a_box_that_is_not_there_is_not_found(album: Album, number: str) -> None:
    assert album.ask(f"/v1/captures/{album.id}/detections/{number}/image").status == 404


def test_crop_of_another_photograph_s_box_is_not_found(album: Album) -> None:
    path, _ = crop_of(album)
    other = album.send(make_jpeg(comment=uuid.uuid4().hex.encode()))
    assert album.ask(path.replace(album.id, other)).status == 404


# The small picture


@pytest.mark.parametrize(("query", "longest"), [("", 320), ("?size=64", 64), ("?size=1024", 1024)])
def test_small_picture_has_the_longest_side_that_was_asked_for(album: Album, query: str, longest: int) -> None:
    answer = album.ask(album.thumbnail + query)
    assert answer.status == 200
    assert max(sized(answer.body)) == min(longest, max(sized(album.whole)))
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == KEPT


@pytest.mark.parametrize("size", ["63", "1025", "0", "-5e36", "nan", "x", ""])
def test_size_out_of_range_is_refused(album: Album, size: str) -> None:
    assert album.ask(f"{album.thumbnail}?size={size}").status == 422


def test_small_pictures_of_two_sizes_are_two_things_to_a_cache(album: Album) -> None:
    small, large = album.ask(album.thumbnail + "?size=100"), album.ask(album.thumbnail + "?size=200")
    assert len({small.headers["etag"], large.headers["etag"], album.etag}) == 3
    assert album.ask(album.thumbnail + "?size=100", if_none_match=small.headers["etag"]).status == 304
    assert album.ask(album.thumbnail + "?size=200", if_none_match=small.headers["etag"]).status == 200


def test_small_picture_is_upright_and_never_larger_than_the_photograph(album: Album) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = album.send(make_jpeg(200, 100, exif=exif))
    assert sized(album.ask(f"/v1/captures/{turned}/thumbnail").body) == (100, 200)
    assert sized(album.ask(f"/v1/captures/{turned}/thumbnail?size=64").body) == (32, 64)


def test_what_cannot_be_decoded_has_no_small_picture_and_says_why(album: Album) -> None:
    lossless = album.send(make_jpeg(comment=uuid.uuid4().hex.encode()).replace(b"\xff\xc0", b"\xff\xc3", 1))
    answer = album.ask(f"/v1/captures/{lossless}/thumbnail")
    assert answer.status == 404
    assert "cannot be decoded" in answer.json["detail"]


def test_small_pictures_are_never_written_to_the_card(album: Album) -> None:
    album.box.wait_until_analysed()
    before = {path: path.stat().st_mtime_ns for path in album.box.data.rglob("*")}
    assert album.ask(album.thumbnail + "?size=111").status == 200
    assert {path: path.stat().st_mtime_ns for path in album.box.data.rglob("*")} == before


def test_many_who_ask_at_once_all_get_it_and_the_second_time_is_quicker(album: Album) -> None:
    path = album.thumbnail + "?size=512"
    with ThreadPoolExecutor(8) as phones:
        bodies = {answer.body for answer in phones.map(lambda _: album.ask(path), range(24))}
    assert len(bodies) == 1


@pytest.mark.slow
def test_large_image_is_streamed_in_little_memory(album: Album) -> None:
    large = album.send(make_jpeg(comment=uuid.uuid4().hex.encode()) + bytes(9_900_000))
    album.box.wait_until_analysed()
    album.ask(album.thumbnail)
    before = peak_after_reset(album.box)
    for _ in range(3):
        assert len(album.ask(f"/v1/captures/{large}/image").body) > 9_900_000
    assert peak_kib(album.box) - before < 6_000


def peak_after_reset(box: Server) -> int:
    Path(f"/proc/{box.pid}/clear_refs").write_text("5")  # proc(5): the peak is the present size again
    return peak_kib(box)


def peak_kib(box: Server) -> int:
    lines = Path(f"/proc/{box.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
