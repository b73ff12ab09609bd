"""A model file is tried where it can harm nothing: a good one passes, any other is refused with the reason."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantrybox.errors import Malformed
from pantrybox.vision.confined import Limits
from pantrybox.vision.manifest import Kind
from pantrybox.vision.onnx_file import refuse_unusual
from pantrybox.vision.trial import LIMITS, Facts, try_out, verdict
from tests.vision import onnx_maker as onnx

# Each model is tried in a process of its own.
pytestmark = pytest.mark.slow

SHORT = Limits(LIMITS.memory_bytes, 5)


def tried(folder: Path, data: bytes, kind: Kind = "yolov8", limits: Limits = LIMITS, **changed: Any) -> Facts:
    path = folder / "candidate.onnx"
    path.write_bytes(data)
    try:
        return try_out(path, onnx.manifest_of(data, kind, **changed), limits, look_seconds=3)
    finally:
        assert set(folder.iterdir()) <= {path, folder / "weights"}


def test_good_models_of_every_kind_pass_and_say_what_they_need(tmp_path: Path) -> None:
    facts = [tried(tmp_path, onnx.colours("yolov8")), tried(tmp_path, onnx.colours("yolox"), "yolox")]
    boxes = np.array([[[0.5, 0.5, 0.2, 0.2]]], dtype=np.float32)
    facts.append(tried(tmp_path, onnx.answering(logits=np.zeros((1, 1, 2), "f"), pred_boxes=boxes), "detr"))
    rows = np.array([[1, 0.9, 4, 4, 20, 20]], dtype=np.float32)
    facts.append(tried(tmp_path, onnx.answering(rows=rows), "picodet"))
    assert all(20 < found.memory_mb < 300 and found.took_ms < 3000 for found in facts)


def test_an_embedder_passes_and_says_how_many_features_it_gives(tmp_path: Path) -> None:
    assert tried(tmp_path, onnx.features(), "features", side=32, outputs={"features": "features"}).dims == 16


def test_a_real_detector_of_paddle_passes(tmp_path: Path) -> None:
    exported = Path(__file__).parents[3] / "shared/models/picodet416.onnx"
    if not exported.exists():
        pytest.skip(f"no {exported.name} to try")
    labels = [str(number) for number in range(80)]
    facts = tried(tmp_path, exported.read_bytes(), "picodet", labels=labels, side=416)
    assert facts.took_ms > 5


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0", "no ONNX model"),
        (b"no model, but words\n" * 50, "no ONNX model"),
        (bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8)), "no ONNX model"),
        (onnx.colours("yolov8")[:-100], "only a part of one"),
        (onnx.model(onnx.graph([onnx.node("Magic", ["images"], ["o"], "evil")], [onnx.picture()], [], {}), ["evil"]),
         "operator Magic of evil"),
        (onnx.model(onnx.graph([onnx.node("Magic", ["images"], ["o"])], [onnx.picture()],
                               [onnx.port("o", 1, (1,))], {})), "cannot be loaded: .*Magic"),
        (onnx.answering(output0=np.full((1, 9, 6), np.nan, "f")), "NaN or infinity"),
        (onnx.answering(output0=np.full((1, 9, 6), 7, "f")), "not between 0 and 1"),
        (onnx.answering(output0=np.array([[[900, 900, 950, 950, 0.9, 0]]], "f")), "far outside"),
        (onnx.answering(output0=np.array([[[1, 1, 9, 9, 0.9, 2]]], "f")), "more classes than the 2 labels"),
        (onnx.answering(output0=np.zeros((1, 84, 84), "f")), r"gives \[\[1, 84, 84\]\]"),
        (onnx.answering(side=128, output0=np.zeros((1, 9, 6), "f")), r"takes pictures \[1, 3, 128, 128\]"),
        (onnx.answering(told=[onnx.port("prompt", 1, (1, 77))], output0=np.zeros((1, 9, 6), "f")), "wants prompt"),
    ],
    ids=["nothing", "text", "noise", "cut", "foreign operator", "unknown operator", "no numbers", "no scores",
         "boxes elsewhere", "too many classes", "other shape", "other input", "further input"],
)  # fmt: skip
def test_what_is_broken_is_refused_with_the_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        tried(tmp_path, data)


def test_a_model_whose_weights_lie_in_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(100))
    elsewhere = onnx.tensor("weights", np.zeros(4, "f"))
    elsewhere += onnx.content(13, onnx.content(1, "location") + onnx.content(2, "weights")) + onnx.number(14, 1)
    graph = onnx.graph([], [onnx.picture()], [], {}) + onnx.content(5, elsewhere)
    with pytest.raises(Malformed, match="another file"):
        tried(tmp_path, onnx.model(graph))


@pytest.mark.slow
def test_a_model_that_never_ends_is_broken_off(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"terminate|come to an end"):
        tried(tmp_path, onnx.endless(), limits=SHORT)


def test_a_few_bytes_that_become_gigabytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"memory|allocat"):
        tried(tmp_path, onnx.swelling())


def test_graphs_within_graphs_without_end_are_refused(tmp_path: Path) -> None:
    inner = onnx.graph([], [], [], {})
    for _ in range(300):
        inner = onnx.graph([onnx.node("If", ["c"], ["o"], then_branch=inner)], [], [], {})
    with pytest.raises(Malformed, match="without end"):
        tried(tmp_path, onnx.model(inner))


def test_features_that_say_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="same features for every picture"):
        tried(tmp_path, onnx.answering(features=np.ones((1, 16), "f")), "features")
    with pytest.raises(Malformed, match="must say which"):
        tried(tmp_path, onnx.features(), "features", side=32)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, "does not come to an end: it computed for 5 seconds"),
        (-signal.SIGXCPU, "does not come to an end"),
        (-signal.SIGKILL, "more memory"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (3, "status"),
        (0, "gave no answer"),
    ],
)
def test_however_the_process_ends_there_is_a_sentence(status: int | None, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        verdict(status, b"", SHORT)


def test_a_good_file_under_a_manifest_of_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "candidate.onnx"
    path.write_bytes(onnx.colours("yolov8"))
    with pytest.raises(Malformed, match="not the one"):
        try_out(path, onnx.manifest_of(onnx.colours("yolox"), "yolox"))


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_bytes_bring_the_reader_of_onnx_files_down(data: bytes) -> None:
    with pytest.raises(Malformed):
        refuse_unusual(data)


@given(st.data())
@settings(max_examples=100)
def test_a_damaged_model_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(onnx.endless())
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        refuse_unusual(bytes(whole))
    except Malformed as refused:
        assert str(refused).endswith(".")  # noqa: PT017
