"""Detectors of other people: the arithmetic of each kind, and things found where they are in pictures of any shape."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pantrybox.errors import Malformed, PantryError
from pantrybox.vision.decoders import detr, paddle, yolov8, yolox
from pantrybox.vision.decoders.detector import OnnxDetector, on_our_scale
from pantrybox.vision.decoders.found import SAME_BOX_IOU, Found, detections, unlike
from pantrybox.vision.decoders.frame import GREY, Frame, frame_of, framed, tensor_of
from pantrybox.vision.loading import load_detector, load_embedder, session_of
from pantrybox.vision.manifest import Kind, ModelInput
from pantrybox.vision.model import Box, Detection
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.session import Session
from tests.vision import onnx_maker as onnx

sides = st.integers(32, 2000)
fits = st.sampled_from(["stretch", "corner", "middle"])
NEUTRAL = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def scene(width: int, height: int, **things: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Grey, with a red and a blue rectangle at these fractions of it."""
    pixels = np.full((height, width, 3), GREY, dtype=np.uint8)
    for name, (left, top, right, bottom) in things.items():
        colour = {"red": (255, 0, 0), "blue": (0, 0, 255)}[name]
        pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = colour
    return pixels


def middle(found: list[Detection], label: str) -> tuple[float, float]:
    """Of all boxes of that name that are sure."""
    boxes = [d.box for d in found if d.label == label and d.score > 0.5]
    assert boxes, f"no {label} in {found[:5]}"
    middles = [((box.left + box.right) / 2, (box.top + box.bottom) / 2) for box in boxes]
    return sum(x for x, _ in middles) / len(boxes), sum(y for _, y in middles) / len(boxes)


def detector(data: bytes, kind: Kind, labels: tuple[str, ...] = ("red", "blue"), **changed: Any) -> OnnxDetector:
    return load_detector(onnx.manifest_of(data, kind, labels, **changed), data)


@pytest.mark.parametrize("kind", ["yolov8", "yolox"])
@pytest.mark.parametrize("fit", ["stretch", "corner", "middle"])
@pytest.mark.parametrize("size", [(640, 480), (300, 900), (1600, 400), (64, 64), (40, 33)])
def test_a_thing_is_found_where_it_is_in_a_picture_of_any_shape(kind: Kind, fit: str, size: tuple[int, int]) -> None:
    found = detector(onnx.colours(kind), kind, fit=fit).detect(
        scene(*size, red=(0.1, 0.1, 0.4, 0.4), blue=(0.5, 0.6, 0.9, 0.9))
    )
    # A cell is an eighth of the input's side, and the picture may fill only a part of that.
    across, down = (
        (0.13, 0.13) if fit == "stretch" else (0.13 * max(size) / size[0] / 2, 0.13 * max(size) / size[1] / 2)
    )
    x, y = middle(found, "red")
    assert (x, y) == (pytest.approx(0.25, abs=max(0.05, across)), pytest.approx(0.25, abs=max(0.05, down)))
    x, y = middle(found, "blue")
    assert (x, y) == (pytest.approx(0.7, abs=max(0.05, across)), pytest.approx(0.75, abs=max(0.05, down)))
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    assert all(0 <= d.box.left < d.box.right <= 1 and 0 <= d.box.top < d.box.bottom <= 1 for d in found)


def test_the_order_of_colours_and_the_scale_are_those_of_the_manifest() -> None:
    data = onnx.colours("yolov8")
    picture = scene(640, 640, red=(0.2, 0.2, 0.7, 0.7))
    assert {d.label for d in detector(data, "yolov8").detect(picture) if d.score > 0.5} == {"red"}
    assert {d.label for d in detector(data, "yolov8", channels="bgr").detect(picture) if d.score > 0.5} == {"blue"}
    # 0 to 255 brought back to 0 to 1 by std is the same picture.
    assert detector(data, "yolov8", white=255, std=(255.0, 255.0, 255.0)).detect(picture) == detector(
        data, "yolov8"
    ).detect(picture)


@given(sides, sides, sides, sides, fits)
def test_what_is_fitted_into_the_input_comes_back_to_where_it_was(
    width: int, height: int, wide: int, high: int, fit: Any
) -> None:
    frame = frame_of((width, height), ModelInput(wide, high, *NEUTRAL, fit=fit))
    assert 0 <= frame.left <= frame.left + frame.width <= wide
    assert 0 <= frame.top <= frame.top + frame.height <= high
    corners = np.array([[frame.left, frame.top, frame.left + frame.width, frame.top + frame.height]])
    assert frame.fractions(corners).tolist() == [[0, 0, 1, 1]]
    if fit != "stretch":
        assert frame.width in {wide, round(width * high / height)} or frame.width == 1
        assert wide in {frame.width} or high in {frame.height}


@given(st.integers(33, 400), st.integers(33, 400), fits)
def test_the_input_is_as_large_as_wanted_and_grey_beside_the_picture(width: int, height: int, fit: Any) -> None:
    white = np.full((height, width, 3), 255, dtype=np.uint8)
    pixels, frame = framed(white, ModelInput(96, 64, *NEUTRAL, fit=fit))
    assert pixels.shape == (64, 96, 3)
    inside = np.zeros((64, 96), dtype=bool)
    inside[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width] = True
    assert (pixels[inside] == 255).all()
    assert (pixels[~inside] == GREY).all()


def test_a_tensor_is_channels_first_less_the_mean_over_the_deviation() -> None:
    pixel = np.array([[[[255, 51, 0]]]], dtype=np.uint8)
    wanted = ModelInput(32, 32, (0.5, 0.1, 0.0), (0.5, 0.1, 2.0))
    assert tensor_of(pixel, wanted).ravel().tolist() == pytest.approx([1.0, 1.0, 0.0])
    reversed_ = ModelInput(32, 32, *NEUTRAL, white=255, channels="bgr")
    assert tensor_of(pixel, reversed_).ravel().tolist() == pytest.approx([0.0, 51.0, 255.0], abs=1e-4)


def test_yolox_counts_its_cells_row_by_row_grid_by_grid() -> None:
    rows = np.zeros((1, 64 + 16 + 4, 7), dtype=np.float32)
    rows[0, 8 * 3 + 5] = [0.5, 0.25, 0, np.log(2), 0.8, 0.5, 0.1]  # row 3, column 5 of stride 8
    rows[0, 64 + 16 + 2] = [0, 0, 0, 0, 1, 0.2, 0.9]  # row 1, column 0 of stride 32
    found = yolox.decode({"output": rows}, (64, 64), 2)
    assert found.boxes[8 * 3 + 5].tolist() == pytest.approx([40, 18, 48, 34])
    assert (found.scores[8 * 3 + 5], found.kinds[8 * 3 + 5]) == (pytest.approx(0.4), 0)
    assert found.boxes[-2].tolist() == [-16, 16, 16, 48]
    assert (found.scores[-2], found.kinds[-2]) == (pytest.approx(0.9), 1)


def test_yolox_with_a_fourth_grid_is_known_by_its_number_of_rows() -> None:
    rows = np.zeros((1, 256 + 64 + 16 + 4, 6), dtype=np.float32)
    rows[0, -1] = [0.5, 0.5, 0, 0, 1, 1]
    assert yolox.decode({"output": rows}, (128, 128), 1).boxes[-1].tolist() == [64, 64, 128, 128]
    with pytest.raises(Malformed, match="not the cells"):
        yolox.decode({"output": rows[:, 1:]}, (128, 128), 1)


def test_a_huge_logarithm_makes_no_infinite_box() -> None:
    rows = np.full((1, 84, 6), 1e6, dtype=np.float32)
    assert np.isfinite(yolox.decode({"output": rows}, (64, 64), 1).boxes).all()


def test_yolov8_in_columns_and_each_once_in_rows() -> None:
    columns = np.zeros((1, 6, 84), dtype=np.float32)
    columns[0, :, 7] = [30, 20, 10, 8, 0.2, 0.7]
    found = yolov8.decode({"output0": columns}, (64, 64), 2)
    assert found.boxes[7].tolist() == [25, 16, 35, 24]
    assert (found.scores[7], found.kinds[7]) == (pytest.approx(0.7), 1)
    rows = np.array([[[25, 16, 35, 24, 0.7, 1]]], dtype=np.float32)
    once = yolov8.decode({"output0": rows}, (64, 64), 2)
    assert once.boxes.tolist() == [[25, 16, 35, 24]]
    assert once.kinds.tolist() == [1]


def test_detr_with_its_post_processor_inside_is_told_the_size_of_the_input() -> None:
    told = [onnx.port("orig_target_sizes", onnx.INT64, (1, 2))]
    nodes = [
        onnx.node("Cast", ["orig_target_sizes"], ["size"], to=1),
        onnx.node("Concat", ["size", "size"], ["sizes"], axis=1),
        onnx.node("Mul", ["fractions", "sizes"], ["boxes"]),
        onnx.node("Identity", ["l"], ["labels"]),
        onnx.node("Identity", ["s"], ["scores"]),
    ]
    constants: dict[str, Any] = {
        "fractions": np.array([[[0.25, 0.5, 0.75, 1.0], [0, 0, 0.5, 0.5]]], dtype=np.float32),
        "l": np.array([[1, 0]], dtype=np.int64),
        "s": np.array([[0.3, 0.8]], dtype=np.float32),
    }
    gives = [onnx.port("labels", 7, (1, 2)), onnx.port("boxes", 1, (1, 2, 4)), onnx.port("scores", 1, (1, 2))]
    picture = onnx.port("images", 1, ("N", 3, "H", "W"))
    data = onnx.model(onnx.graph(nodes, [picture, *told], gives, constants))
    found = detector(data, "detr", height=96).detect(scene(640, 480))
    assert [(d.label, d.score) for d in found] == [("red", pytest.approx(0.8)), ("blue", pytest.approx(0.3))]
    assert found[1].box == Box(0.25, 0.5, 0.75, 1.0)


def test_detr_with_logits_is_read_by_how_many_there_are() -> None:
    boxes = np.array([[[0.5, 0.5, 0.5, 1.0]]], dtype=np.float32)
    sigmoid = detr.decode({"logits": np.array([[[0, 2]]], "f"), "pred_boxes": boxes}, (64, 64), 2)
    assert sigmoid.boxes.tolist() == [[16, 0, 48, 64]]
    assert (sigmoid.kinds.tolist(), sigmoid.scores.tolist()) == ([1], pytest.approx([1 / (1 + np.exp(-2))]))
    nothing = detr.decode({"logits": np.array([[[0, 2, 5]]], "f"), "pred_boxes": boxes}, (64, 64), 2)
    assert nothing.scores.tolist() == pytest.approx([np.exp(2) / (1 + np.exp(2) + np.exp(5))])
    four = detr.decode({"dets": boxes, "labels": np.array([[[0, 2, 5, 1]]], "f")}, (64, 64), 4)
    assert (four.kinds.tolist(), four.boxes.tolist()) == ([2], [[16, 0, 48, 64]])
    with pytest.raises(Malformed, match="neither labels"):
        detr.decode({"logits": np.zeros((1, 1, 9), "f"), "pred_boxes": boxes}, (64, 64), 2)
    with pytest.raises(Malformed, match="neither labels"):
        detr.decode({"scores": boxes}, (64, 64), 2)


def test_rows_of_paddle_that_only_fill_up_are_no_boxes() -> None:
    rows = np.array([[1, 0.9, 4, 5, 20, 21], [-1, 0, 0, 0, 0, 0]], dtype=np.float32)
    found = paddle.decode({"rows": rows}, (64, 64), 2)
    assert (found.boxes.tolist(), found.kinds.tolist()) == ([[4, 5, 20, 21]], [1])
    told = [onnx.port("scale_factor", 1, (1, 2)), onnx.port("im_shape", 1, (1, 2))]
    data = onnx.answering(told=told, rows=rows, count=np.array([2], dtype=np.int64))
    (only,) = detector(data, "picodet").detect(scene(100, 50))
    assert only.box == Box(4 / 64, 5 / 64, 20 / 64, 21 / 64)


edges = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 50), st.floats(1, 50))
boxes = st.lists(st.tuples(edges, st.integers(0, 2), st.floats(0, 1)), max_size=25)


def iou(one: NDArray[Any], other: NDArray[Any]) -> float:
    return Box(*one.tolist()).iou(Box(*other.tolist()))


@given(boxes)
def test_suppression_keeps_the_best_and_no_two_alike(drawn: list[tuple[Any, int, float]]) -> None:
    found = np.array([[x, y, x + w, y + h] for (x, y, w, h), _, _ in drawn]).reshape(-1, 4)
    kinds = np.array([kind for _, kind, _ in drawn], dtype=int)
    kept = unlike(found, kinds).tolist()
    for rank, index in enumerate(kept):
        assert all(kinds[index] != kinds[o] or iou(found[index], found[o]) <= 0.6501 for o in kept[rank + 1 :])
    for lost in set(range(len(drawn))) - set(kept):
        assert any(k < lost and kinds[k] == kinds[lost] and iou(found[k], found[lost]) > 0.6499 for k in kept)
    assert SAME_BOX_IOU == 0.65


@given(boxes, st.permutations(range(25)))
def test_detections_do_not_depend_on_the_order_in_which_a_model_gives_them(
    drawn: list[tuple[Any, int, float]], order: list[int]
) -> None:
    assume(len({score for *_, score in drawn}) == len(drawn))
    rows = [([x, y, x + w, y + h], kind, score) for (x, y, w, h), kind, score in drawn]

    def read(ordered: list[Any]) -> list[Detection]:
        found = Found(
            np.array([box for box, _, _ in ordered], dtype=float).reshape(-1, 4),
            np.array([score for *_, score in ordered], dtype=float),
            np.array([kind for _, kind, _ in ordered], dtype=int),
        )
        return detections(found, Frame(0, 0, 100, 100), ("a", "b"), one_each=False)

    assert read(rows) == read([rows[index] for index in order if index < len(rows)])


def test_a_row_that_is_no_number_is_no_box_and_a_class_without_a_label_has_a_name() -> None:
    found = Found(
        np.array([[0, 0, 9, 9], [0, 0, np.nan, 9], [5, 5, 9, 9.0]]), np.array([0.9, 0.9, np.nan]), np.arange(3)
    )
    (only,) = detections(found, Frame(0, 0, 10, 10), (), one_each=True)
    assert (only.label, only.box) == ("thing", Box(0, 0, 0.9, 0.9))


@given(st.floats(0.05, 0.99), st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_another_threshold_bends_scores_and_keeps_their_order(counted: float, scores: list[float]) -> None:
    bent = on_our_scale(np.array([*scores, 0.0, counted, 1.0]), counted)
    assert bent[-3:].tolist() == pytest.approx([0, COUNTED_SCORE, 1])
    assert (np.diff(bent[np.argsort([*scores, 0.0, counted, 1.0], kind="stable")]) >= -1e-9).all()


def test_a_look_that_takes_too_long_is_broken_off() -> None:
    session = Session(onnx.endless(), 1, limit_seconds=0.5)
    with pytest.raises(PantryError, match="failed on a picture"):
        session.run_all({"images": np.zeros((1, 3, 64, 64), dtype=np.float32)})
    quick = Session(onnx.endless(turns=3), 1, limit_seconds=60)
    assert quick.run_all({"images": np.ones((1, 3, 64, 64), dtype=np.float32)})["output0"].tolist() == [[[8.0]]]


def test_an_added_embedder_tells_things_apart_and_knows_them_again() -> None:
    data = onnx.features(dims=300)
    embedder = load_embedder(onnx.manifest_of(data, "features", (), side=32, outputs={"features": "features"}), data)
    picture = scene(400, 200, red=(0.1, 0.1, 0.4, 0.9), blue=(0.5, 0.1, 0.9, 0.9))
    red, blue, again = (
        np.frombuffer(crop.vector, dtype=np.int8).astype(float)
        for crop in embedder.embed(
            picture, [Box(0.1, 0.1, 0.4, 0.9), Box(0.5, 0.1, 0.9, 0.9), Box(0.12, 0.1, 0.4, 0.9)]
        )
    )
    assert len(red) == embedder.dims == 192

    def cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert cosine(red, again) > 0.98
    assert cosine(red, blue) < 0.5
    assert len(embedder.embed(picture, [Box(1, 1, 1, 1), Box(0, 0, 0, 0)])) == 2


def test_another_file_under_the_same_name_makes_other_vectors() -> None:
    one, other = onnx.features(dims=16), onnx.features(dims=20)
    names = {
        load_embedder(onnx.manifest_of(data, "features", (), side=32, outputs={"features": "features"}), data).name
        for data in (one, other)
    }
    assert len(names) == 2


def test_a_file_is_looked_at_before_it_is_loaded() -> None:
    foreign = onnx.graph([onnx.node("Magic", ["images"], ["o"], "evil")], [onnx.picture()], [], {})
    with pytest.raises(Malformed, match="Magic of evil"):
        session_of(onnx.model(foreign, ["evil"]))
