"""The shipped embedder makes vectors that are close for one thing and far apart for two, whatever the box."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import pantrybox.vision.embedder as module
from pantrybox.vision.embedder import WORDS, Embedder, colours_of, open_embedder, quantised, read_head
from pantrybox.vision.manifest import SHIPPED_EMBEDDER, shipped
from pantrybox.vision.model import Box
from pantrybox.vision.recognition import NEAR, Example, Gallery, directions

MODELS = Path(module.__file__).parent / "models"
WHOLE = Box(0.0, 0.0, 1.0, 1.0)
GROCERIES = Path(__file__).parents[3] / "shared/data/grocery_store"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder()


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Bands of different colours and textures, 300 x 400."""
    random = np.random.default_rng(1)
    picture = np.zeros((300, 400, 3), dtype=np.uint8)
    for number, colour in enumerate([(200, 30, 40), (30, 160, 60), (240, 220, 60), (40, 60, 180)]):
        band = picture[:, number * 100 : number * 100 + 100]
        band[:] = colour
        band[:: number + 2] //= 2
        band[:] += random.integers(0, 15, band.shape, dtype=np.uint8)
    return picture


def band(number: int, shift: float = 0.0) -> Box:
    return Box(number / 4 + shift, 0.1, number / 4 + 0.23 + shift, 0.9)


def test_one_thing_in_slightly_different_boxes_is_near_and_two_things_are_far(
    embedder: Embedder, scene: np.ndarray
) -> None:
    boxes = [band(number, shift) for number in range(4) for shift in (0.0, 0.01)]
    rows = directions([crop.vector for crop in embedder.embed(scene, boxes)])
    likeness = rows @ rows.T
    for number in range(4):
        assert likeness[2 * number, 2 * number + 1] > NEAR
    assert likeness[0::2, 0::2][~np.eye(4, dtype=bool)].max() < NEAR


def test_boxes_come_back_in_their_order_however_many_there_are(embedder: Embedder, scene: np.ndarray) -> None:
    boxes = [band(number) for number in (3, 1, 0, 2, 3)]
    together = [crop.vector for crop in embedder.embed(scene, boxes)]
    assert together == [embedder.embed(scene, [box])[0].vector for box in boxes]
    assert embedder.embed(scene, []) == []


@pytest.mark.slow
@given(
    st.tuples(*[st.floats(-2, 3, allow_nan=False)] * 4),
    st.sampled_from([(1, 1), (2, 300), (40, 3), (64, 64)]),
)
@settings(max_examples=25, deadline=None)
def test_any_box_on_any_picture_gives_a_vector(
    embedder: Embedder, edges: tuple[float, ...], size: tuple[int, int]
) -> None:
    pixels = np.full((*size, 3), 90, dtype=np.uint8)
    (crop,) = embedder.embed(pixels, [Box(*edges)])
    assert len(crop.vector) == embedder.dims
    assert any(crop.vector)


def test_what_is_written_a_photograph_stays_small(embedder: Embedder) -> None:
    assert 25 * embedder.dims <= 8_000


def test_vectors_fill_their_bytes() -> None:
    rows = quantised(np.array([[0.5, -1.0, 0.0], [1e-20, 2e-20, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    assert rows[0].tolist() == [64, -127, 0]
    assert not rows[2].any()


def test_colours_tell_flavours_apart_and_forget_where_they_are() -> None:
    red, green = (np.full((60, 60, 3), colour, dtype=np.uint8) for colour in ((200, 40, 40), (40, 160, 40)))
    mixed = np.vstack([red, green])
    assert colours_of(red) @ colours_of(green) == 0
    assert colours_of(red) @ colours_of(red) == pytest.approx(1)
    assert colours_of(mixed) == pytest.approx(colours_of(mixed[::-1]), abs=0.05)


def test_the_head_is_the_one_that_the_manifest_names() -> None:
    told = json.loads((MODELS / f"{SHIPPED_EMBEDDER}.json").read_text())["head"]
    data = (MODELS / told["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == told["sha256"]


def test_the_name_changes_with_the_head(embedder: Embedder) -> None:
    data = (MODELS / f"{SHIPPED_EMBEDDER}-head.npz").read_bytes()
    with np.load(io.BytesIO(data)) as held:
        other = {name: held[name] for name in held.files} | {"temperature": np.float32(5.0)}
    changed = io.BytesIO()
    np.savez(changed, **other)
    assert read_head(SHIPPED_EMBEDDER, data)[0].name == embedder.name
    assert read_head(SHIPPED_EMBEDDER, changed.getvalue())[0].name != embedder.name


def test_every_word_belongs_to_a_class_of_the_network() -> None:
    manifest, _ = shipped(SHIPPED_EMBEDDER)
    assert WORDS.keys() <= set(manifest.labels)
    assert len(manifest.labels) == 1000


def groceries(split: str, folder: str, count: int) -> list[np.ndarray]:
    pictures = sorted((GROCERIES / split / folder).glob("*.jpg"))[:count]
    if not pictures:
        pytest.skip(f"no photographs to measure with in {GROCERIES.name}")
    return [np.asarray(Image.open(picture).convert("RGB")) for picture in pictures]


def test_bananas_have_a_name_before_they_are_taught(embedder: Embedder) -> None:
    crops = [embedder.embed(pixels, [WHOLE])[0] for pixels in groceries("test", "Fruit/Banana", 6)]
    words = [crop.label for crop in crops]
    assert set(words) <= {"banana", None}
    assert words.count("banana") >= 3


@pytest.mark.slow
def test_groceries_are_known_again_after_three_examples(embedder: Embedder) -> None:
    folders = ["Fruit/Banana", "Fruit/Pineapple", "Vegetables/Cabbage", "Fruit/Kiwi", "Vegetables/Asparagus"]
    examples, asked = [], []
    for item, folder in enumerate(folders, start=1):
        for number, pixels in enumerate(groceries("train", folder, 3)):
            vector = embedder.embed(pixels, [WHOLE])[0].vector
            examples.append(Example(item * 10 + number, item, positive=True, vector=vector, device_id="", box=WHOLE))
        asked += [(item, embedder.embed(pixels, [WHOLE])[0].vector) for pixels in groceries("test", folder, 4)]
    answers = Gallery.of(examples, embedder.prior).recognise([v for _, v in asked], [WHOLE] * len(asked), "")
    right = [answer.item_id == item for answer, (item, _) in zip(answers, asked, strict=True)]
    assert sum(right) >= 0.85 * len(right)
