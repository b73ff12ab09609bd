#!/usr/bin/env python3
"""Makes the ONNX models that PantryBox ships, from the pinned wheel that their weights were published in.

Each conversion runs in a throw-away environment, because the converter wants an old Python and up to 1 GB of packages
that have no business on the appliance. Nothing outside the temporary folder and the target folder is touched.
"""

import argparse
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

BESIDE = Path(__file__).resolve().parent
PACKAGE_MODELS = BESIDE.parent / "pantrybox" / "vision" / "models"
TOLERANCE = 1e-4  # absolute, for scores (0 to 1), features and box edges (pixels) alike
EXAMPLES = """examples:
  python scripts/convert_models.py --verify               make the shipped models and compare, change nothing
  python scripts/convert_models.py                        make the shipped models anew, into the package
  python scripts/convert_models.py pplcnetv2 --to /tmp    make one of them somewhere else
"""


class ConversionFailedError(Exception):
    """Its text says to the person at the console what went wrong."""


@dataclass(frozen=True)
class Wheel:
    """A published package from which weights are taken; it is unpacked, never installed."""

    package: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Model:
    """One row of the table: where the weights lie and what turns them into the ONNX file."""

    name: str
    wheel: Wheel
    program: str  # members of the wheel: the network,
    weights: str  # its numbers,
    labels: str  # and its class names in order
    tools: tuple[str, ...]
    opset: int
    sha256: str  # of the ONNX file
    inner_outputs: tuple[str, ...] = ()  # tensors inside the network that become outputs
    head: str = ""  # numbers beside this script that become a head of our own: see finding_head.py


PADDLELABEL_ML = Wheel(
    package="paddlelabel-ml",
    version="1.0.0",
    sha256="d3590ed527f3130536ec8cf2d1223f8cca18a320c9f98a109f2f93d9afd131bd",
)

# Every package by its exact version, dependencies included: the same tools give the same bytes.
SHARED_TOOLS = (
    "anyio==4.16.0",
    "astor==0.8.1",
    "certifi==2026.10.18",
    "decorator==5.3.1",
    "flatbuffers==25.12.19",
    "h11==0.16.0",
    "httpcore==1.0.9",
    "httpx==0.28.1",
    "idna==3.20",
    "onnxruntime==1.32.0",
    "opt_einsum==3.3.0",
    "packaging==26.3",
    "pillow==13.0.0",
    "protobuf==7.36.2",
    "typing_extensions==4.16.0",
)

MODELS = (
    Model(  # PicoDet-S, COCO, 416 x 416. Newer paddle2onnx (2.1.0) fails on its NMS.
        name="picodet416",
        wheel=PADDLELABEL_ML,
        program="paddlelabel_ml/model/PicoDet/ckpt/model.pdmodel",
        weights="paddlelabel_ml/model/PicoDet/ckpt/model.pdiparams",
        labels="paddlelabel_ml/model/PicoDet/info.yaml",
        tools=(*SHARED_TOOLS, "numpy==1.26.4", "onnx==1.16.2", "paddle2onnx==1.2.11", "paddlepaddle==2.6.2"),
        opset=14,
        sha256="5ae66693238c72b4ef4715fd600e978e0130d677a55a02867ec9073e47d3637c",
        head="finding_head.npz",
    ),
    Model(  # PPLCNetV2-base, ImageNet-1k, 224 x 224, with the features that a taught item is compared by.
        name="pplcnetv2",
        wheel=PADDLELABEL_ML,
        program="paddlelabel_ml/model/PPLCNetV2/ckpt/inference.pdmodel",
        weights="paddlelabel_ml/model/PPLCNetV2/ckpt/inference.pdiparams",
        labels="paddlelabel_ml/model/PPLCNetV2/info.yaml",
        tools=(
            *SHARED_TOOLS,
            "ml_dtypes==0.6.0",
            "mpmath==1.3.0",
            "networkx==3.6.1",
            "numpy==2.4.6",
            "onnx==1.17.0",
            "onnx_graphsurgeon==0.6.1",
            "onnxoptimizer==0.3.13",
            "paddle2onnx==2.1.0",
            "paddlepaddle==3.0.0",
            "polygraphy==0.53.6",
            "sympy==1.14.0",  # polygraphy fetches it while it runs, unpinned, where it is missing
        ),
        opset=13,
        sha256="ee2fd267a37b7d7231b16ea3b25d0123356b750995464c5aac4a3684a64e6fd4",
        inner_outputs=("p2o.pd_op.pool2d.6.0", "p2o.pd_op.relu.39.0"),
    ),
)


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--inside"]:
        INSIDE[arguments[1]](*arguments[2:])
        return 0
    asked = parse(arguments)
    try:
        for model in chosen(asked.models):
            make(model, asked.to or PACKAGE_MODELS, verify=asked.verify)
    except ConversionFailedError as failure:
        say(f"Failed: {failure}")
        return 1
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    names = ", ".join(model.name for model in MODELS)
    parser = argparse.ArgumentParser(
        description=f"{__doc__}",
        epilog=f"{EXAMPLES}\nTakes about a minute and 2 GB of temporary space a model; wants Python 3.11 on x86-64.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"one of {names} (all of them)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="the folder of the ONNX files (that of the package)")
    parser.add_argument("--verify", action="store_true", help="write nothing; compare with the file in the folder")
    return parser.parse_args(arguments)


def chosen(names: Sequence[str]) -> list[Model]:
    """The models asked for, or all when none is."""
    table = {model.name: model for model in MODELS}
    for name in names:
        if name not in table:
            raise ConversionFailedError(f"there is no model {name}; there are {', '.join(table)}.")
    return [table[name] for name in names] or list(MODELS)


def make(model: Model, folder: Path, *, verify: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="convert-models-") as scratch:
        workshop = open_workshop(Path(scratch), model)
        wheel = fetch(model.wheel, workshop)
        made = convert(model, wheel, workshop)
        if verify:
            compare_labels(model, wheel, folder)
            compare_outputs(model, made, folder / made.name, workshop)
        else:
            publish(model, made, folder)


# The throw-away environment


@dataclass(frozen=True)
class Workshop:
    """A temporary folder with a Python 3.11 of its own, which holds one model's tools."""

    folder: Path
    python: Path

    def run(self, *arguments: str) -> str:
        """Run its Python and return what that printed; the network is off for whatever it runs."""
        # -I: no setting of the person's own Python reaches in. HOME: paddle leaves caches there.
        apart = {**os.environ, "HOME": str(self.folder), "PIP_NO_INDEX": "1"}
        return run_quietly([str(self.python), "-I", "-B", *arguments], apart)

    def run_inside(self, step: str, *arguments: str) -> str:
        return self.run(str(Path(__file__).resolve()), "--inside", step, *arguments)

    def pip(self, *arguments: str) -> None:
        run_quietly([str(self.python), "-m", "pip", *arguments, "--no-deps", "--only-binary", ":all:"])


def open_workshop(folder: Path, model: Model) -> Workshop:
    say(f"Installing the {len(model.tools)} pinned tools of {model.name} into a throw-away environment.")
    run_quietly([python_3_11(), "-m", "venv", str(folder / "environment")])
    workshop = Workshop(folder, folder / "environment" / "bin" / "python")
    workshop.pip("install", *model.tools)
    return workshop


def python_3_11() -> str:
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        raise ConversionFailedError("the converters run on Python 3.11 only, and there is no python3.11 here.")
    return found


def run_quietly(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last_lines = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise ConversionFailedError(f"{' '.join(command)[:120]} ended with {done.returncode}:\n{last_lines}")
    return done.stdout


# From the wheel to the ONNX file


def fetch(wheel: Wheel, workshop: Workshop) -> Path:
    say(f"Downloading {wheel.package} {wheel.version}.")
    folder = workshop.folder / "wheel"
    workshop.pip("download", f"{wheel.package}=={wheel.version}", "--dest", str(folder))
    (path,) = folder.glob("*.whl")
    if sha256_of(path) != wheel.sha256:
        raise ConversionFailedError(f"{path.name} has the SHA-256 {sha256_of(path)}, not the pinned {wheel.sha256}.")
    return path


def convert(model: Model, wheel: Path, workshop: Workshop) -> Path:
    say(f"Converting {model.name}.")
    source, made = workshop.folder / "source", workshop.folder / f"{model.name}.onnx"
    with zipfile.ZipFile(wheel) as archive:
        program = archive.extract(model.program, source)
        weights = archive.extract(model.weights, source)
    workshop.run_inside("export", program, weights, str(made), str(model.opset))
    if not made.exists():  # paddle2onnx 2 reports some failures and still ends with 0
        raise ConversionFailedError(f"the converter made no file for {model.name}.")
    if model.head:
        workshop.run_inside("head", str(made), str(BESIDE / model.head))
    if model.inner_outputs:
        workshop.run_inside("expose", str(made), *model.inner_outputs)
    return made


def publish(model: Model, made: Path, folder: Path) -> None:
    """Move the new file into its folder; the package takes only the bytes that its manifest names."""
    if sha256_of(made) == model.sha256:
        say(f"{made.name} has the same bytes as ever.")
    elif folder == PACKAGE_MODELS:
        raise ConversionFailedError(f"{made.name} came out with other bytes than its manifest names. Try --verify.")
    else:
        say(f"Beware: {made.name} came out with other bytes than the table names.")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, folder / made.name)
    say(f"Wrote {folder / made.name} ({made.stat().st_size} bytes).")


# Is what we ship still what comes out?


def compare_labels(model: Model, wheel: Path, folder: Path) -> None:
    """Check the manifest beside the model, where there is one."""
    manifest = folder / f"{model.name}.json"
    if not manifest.exists():
        return
    with zipfile.ZipFile(wheel) as archive:
        published = labels_in(archive.read(model.labels).decode())
    if json.loads(manifest.read_text())["labels"] != published:
        raise ConversionFailedError(f"the labels of {manifest.name} are not those of the wheel.")
    say(f"The {len(published)} labels of {manifest.name} are those of the wheel, in its order.")


def labels_in(info: str) -> list[str]:
    """The class names of a paddlelabel-ml `info.yaml`: the list under `label_names:`, which ends the file."""
    _, _, names = info.partition("label_names:\n")
    return [line.strip().removeprefix("- ").strip("'\"") for line in names.splitlines() if line.strip()]


def compare_outputs(model: Model, made: Path, committed: Path, workshop: Workshop) -> None:
    if not committed.exists():
        raise ConversionFailedError(f"there is no {committed} to compare with.")
    same = sha256_of(made) == sha256_of(committed)
    say(f"The new {made.name} and the one in the folder {'have the same bytes' if same else 'differ in their bytes'}.")
    printed = workshop.run_inside("differences", str(made), str(committed))
    differences: dict[str, float] = json.loads(printed.splitlines()[-1])
    for what, difference in differences.items():
        say(f"Largest difference in {what}: {difference:g}.")
    if not all(difference <= TOLERANCE for difference in differences.values()):  # written so that NaN fails
        raise ConversionFailedError(f"{model.name} differs by more than {TOLERANCE:g}.")
    say(f"{model.name} is verified: no output differs by more than {TOLERANCE:g}.")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# Steps that run inside the throw-away environment. Its packages are looked up by name when a step runs, because
# nothing else in the project, type checker included, has them.


def export(program: str, weights: str, target: str, opset: str) -> None:
    import_module("paddle2onnx").export(program, weights, target, opset_version=int(opset))


def expose(path: str, *tensors: str) -> None:
    """Make tensors inside the network outputs of it, after those that it has."""
    onnx = import_module("onnx")
    model = onnx.load(path)
    for tensor in tensors:
        # Without a shape the batch stays free. The checker of onnx frowns on that, onnxruntime does not.
        model.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    onnx.save(model, path)


def head(path: str, numbers: str) -> None:
    """Put our own head on the detector, in place."""
    sys.path.insert(0, str(BESIDE))  # nothing but the standard library and the tools is on it here
    import_module("finding_head").put_head(path, numbers, path)


def differences(candidate: str, committed: str) -> None:
    """Print, as JSON, the largest absolute difference of each output on each fixed picture."""
    pair = [open_session(candidate), open_session(committed)]
    names = [output.name for output in pair[1].get_outputs()]
    side = pair[1].get_inputs()[0].shape[-1]
    found: dict[str, float] = {}
    for title, picture in fixed_pictures(side).items():
        results = [session.run(names, feed(session, picture)) for session in pair]
        for name, ours, theirs in zip(names, *results, strict=True):
            found[f"{name} on {title}, shape {list(theirs.shape)}"] = largest_difference(ours, theirs)
    print(json.dumps(found))


def open_session(path: str) -> Any:
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more threads may add up the same numbers in another order
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def fixed_pictures(side: int) -> dict[str, Any]:
    """Two RGB pictures [side, side, 3] in 0..255: noise, and a shelf with an orange and a can."""
    numpy = import_module("numpy")
    noise = numpy.random.default_rng(416).integers(0, 256, (side, side, 3)).astype("float32")
    down, across = numpy.mgrid[0:side, 0:side] / side
    shelf = numpy.full((side, side, 3), 225, "float32")
    shelf[down > 0.8] = (140, 100, 60)  # noqa: PLR2004 - where the board begins
    radius = numpy.hypot(down - 0.65, across - 0.3) / 0.16
    shelf[radius < 1] = (numpy.array((250, 150, 30)) * (1 - 0.4 * radius**2)[..., None])[radius < 1]
    can = numpy.maximum(abs(across - 0.7) / 0.09, abs(down - 0.6) / 0.21)
    shelf[can < 1] = (180, 30, 40)
    return {"noise": noise, "a drawn shelf": shelf}


def feed(session: Any, picture: Any) -> dict[str, Any]:
    numpy = import_module("numpy")
    mean, std = numpy.array((0.485, 0.456, 0.406)), numpy.array((0.229, 0.224, 0.225))  # ImageNet's, RGB
    tensor = ((picture / 255 - mean) / std).transpose(2, 0, 1)[None].astype("float32")
    # As though the picture had been 640 wide and 480 high, so that an exchange of the axes shows.
    scale = numpy.array([[picture.shape[0] / 480, picture.shape[1] / 640]], "float32")
    return {field.name: scale if field.name == "scale_factor" else tensor for field in session.get_inputs()}


def largest_difference(ours: Any, theirs: Any) -> float:
    """Infinite when the shapes differ: the two kept different numbers of boxes."""
    if ours.shape != theirs.shape:
        return math.inf
    return float(abs(ours.astype("float64") - theirs).max(initial=0))


INSIDE: dict[str, Callable[..., None]] = {"export": export, "expose": expose, "head": head, "differences": differences}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
