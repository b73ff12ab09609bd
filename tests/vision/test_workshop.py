"""Models that were added: whole or not there at all, whatever they are and whenever the process ends."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pantrybox.errors import Conflict, Malformed, NotFound, OutOfRange, PantryError
from pantrybox.vision.manifest import MAX_MODEL_BYTES, Manifest
from pantrybox.vision.trial import Facts
from pantrybox.vision.workshop import Wanted, Workshop, usual_input, wanted_in, wanted_of
from tests.vision import onnx_maker as onnx

pytestmark = pytest.mark.slow

MODEL = onnx.colours("yolov8")


def wanted(name: str = "candidate") -> Wanted:
    return Wanted(name, "yolov8", usual_input("yolov8", 64, 64), ("red", "blue"), "MIT")


def passed(path: Path, manifest: Manifest) -> Facts:
    assert path.stat().st_size == manifest.size_bytes
    return Facts(took_ms=7, memory_mb=80)


def refused(_: Path, __: Manifest) -> Facts:
    raise Malformed("The model is not fit.")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "downloaded.onnx"
    path.write_bytes(MODEL)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


def names(workshop: Workshop) -> list[str]:
    return [manifest.name for manifest in workshop.manifests() if not workshop.is_shipped(manifest.name)]


def test_a_model_that_passes_its_real_trial_is_kept_beside_its_manifest(source: Path, folder: Path) -> None:
    workshop = Workshop(folder)
    kept = workshop.add(source, wanted())
    assert sorted(path.name for path in folder.iterdir()) == ["candidate.json", "candidate.onnx"]
    assert workshop.opened("candidate") == (kept, MODEL)
    assert kept.took_ms is not None
    assert (folder.stat().st_mode & 0o777, (folder / kept.file).stat().st_mode & 0o777) == (0o700, 0o600)
    facts = workshop.prove("candidate")
    assert facts is not None
    assert facts.memory_mb > 20


def test_of_a_model_that_is_refused_nothing_stays(source: Path, folder: Path) -> None:
    with pytest.raises(Malformed, match="not fit"):
        Workshop(folder, refused).add(source, wanted())
    assert list(folder.iterdir()) == []
    assert source.read_bytes() == MODEL


def test_a_name_is_given_once_and_never_that_of_a_shipped_model(source: Path, folder: Path) -> None:
    workshop = Workshop(folder, passed)
    workshop.add(source, wanted())
    before = (folder / "candidate.json").read_bytes()
    for name in ("candidate", "picodet416"):
        with pytest.raises(Conflict, match="already"):
            workshop.add(source, wanted(name))
    assert (folder / "candidate.json").read_bytes() == before


def test_two_models_are_not_added_at_once(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(Conflict, match="being added"):
        Workshop(folder, passed).add(source, wanted())
    os.close(descriptor)
    Workshop(folder, passed).add(source, wanted())


@pytest.mark.parametrize("moment", ["copied", "model there"])
def test_what_a_kill_left_is_no_model_and_goes_with_the_next(source: Path, folder: Path, moment: str) -> None:
    folder.mkdir(parents=True)
    (folder / (".partial-old.onnx" if moment == "copied" else "old.onnx")).write_bytes(MODEL)
    workshop = Workshop(folder, passed)
    assert names(workshop) == []
    workshop.add(source, wanted())
    assert sorted(path.name for path in folder.iterdir()) == ["candidate.json", "candidate.onnx"]


def test_a_process_that_is_killed_during_a_trial_leaves_no_model(source: Path, folder: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from pantrybox.vision.workshop import Workshop, Wanted, usual_input\n"
        "def trial(path, manifest): os.kill(os.getpid(), signal.SIGKILL)\n"
        "wanted = Wanted('candidate', 'yolov8', usual_input('yolov8', 64, 64), ('red', 'blue'), 'MIT')\n"
        "Workshop(Path(sys.argv[1]), trial).add(Path(sys.argv[2]), wanted)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder), str(source)], check=False, timeout=60)
    assert done.returncode == -9
    workshop = Workshop(folder, passed)
    assert names(workshop) == []
    workshop.add(source, wanted())
    assert sorted(path.name for path in folder.iterdir()) == ["candidate.json", "candidate.onnx"]


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe", "device", "empty", "huge"])
def test_what_is_no_model_file_is_refused_without_waiting(tmp_path: Path, folder: Path, what: str) -> None:
    path = tmp_path / "odd"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path = Path("/dev/zero")
    elif what != "nothing":
        path.touch()
    if what == "huge":
        os.truncate(path, MAX_MODEL_BYTES + 1)
    with pytest.raises((NotFound, Malformed), match=r"cannot be read|no file|empty|larger than 200 MB"):
        Workshop(folder, passed).add(path, wanted())
    assert list(folder.iterdir()) == []


def test_a_file_that_changed_since_it_was_added_is_not_opened(source: Path, folder: Path) -> None:
    workshop = Workshop(folder, passed)
    workshop.add(source, wanted())
    (folder / "candidate.onnx").write_bytes(MODEL[:-1] + b"!")
    with pytest.raises(PantryError, match="damaged"):
        workshop.opened("candidate")


def test_manifests_that_nobody_can_read_hide_no_others(source: Path, folder: Path) -> None:
    workshop = Workshop(folder, passed)
    workshop.add(source, wanted())
    for name, text in (("a.json", b"no JSON"), ("b.json", b"{}"), ("c.json", (folder / "candidate.json").read_bytes())):
        (folder / name).write_bytes(text)
    assert names(workshop) == ["candidate"]
    with pytest.raises(PantryError, match="another model"):
        workshop.manifest_of("c")


def test_a_manifest_that_was_sent_along_is_read_and_believed_only_about_its_own_file(
    tmp_path: Path, source: Path, folder: Path
) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(msgspec.json.encode(onnx.manifest_of(MODEL, "yolov8", fit="middle")))
    assert Workshop(folder, passed).add(source, wanted_in(path)).input.fit == "middle"
    path.write_bytes(msgspec.json.encode(onnx.manifest_of(b"another", "yolov8", name="other")))
    with pytest.raises(Malformed, match="not the one"):
        Workshop(folder, passed).add(source, wanted_in(path))


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "../outside"}, {"name": "UPPER"}, {"name": "a\n"}, {"name": ""}, {"kind": "caffe"},
        {"input": {"width": 1, "height": 64, "mean": [0, 0, 0], "std": [1, 1, 1]}},
        {"input": {"width": 64, "height": 64, "mean": [0, 0, 0], "std": [0, 1, 1]}},
        {"input": {"width": 64, "height": 64, "mean": [0, 0, 1e9], "std": [1, 1, 1]}},
        {"labels": ["a\0b"]}, {"labels": ["x"] * 10_001}, {"licence": "x" * 201}, {"counted": 2},
    ],
)  # fmt: skip
def test_a_description_out_of_range_is_refused(fault: dict[str, object]) -> None:
    good = {
        "name": "a",
        "kind": "yolox",
        "input": msgspec.structs.asdict(usual_input("yolox", 64, 64)),
        "labels": ["x"],
    }
    assert wanted_of(good).name == "a"
    with pytest.raises(OutOfRange, match="manifest"):
        wanted_of(good | fault)
