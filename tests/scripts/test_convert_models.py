"""The shipped models are the ones that their manifests and the conversion script's table describe."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "convert_models.py"
FOLDER = ROOT / "pantrybox" / "vision" / "models"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("convert_models", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


script: Any = load_script()
SHIPPED = script.MODELS


def manifest_of(model: Any) -> dict[str, Any]:
    return json.loads((FOLDER / f"{model.name}.json").read_text())


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_manifest_describes_the_committed_file(model: Any) -> None:
    manifest = manifest_of(model)
    data = (FOLDER / manifest["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
    assert len(data) == manifest["size_bytes"]


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_manifest_and_the_table_of_the_script_agree(model: Any) -> None:
    manifest = manifest_of(model)
    assert manifest["name"] == model.name
    assert manifest["sha256"] == model.sha256
    assert manifest["origin"] == {
        "package": model.wheel.package,
        "version": model.wheel.version,
        "sha256": model.wheel.sha256,
        "members": [model.program, model.weights],
    }


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_manifest_names_the_tools_that_the_table_pins(model: Any) -> None:
    made_with = manifest_of(model)["made_with"]
    pins = dict(tool.split("==") for tool in model.tools)
    for tool in ("paddle2onnx", "paddlepaddle", "onnx", "numpy"):
        assert made_with[tool] == pins[tool]
    assert made_with["opset"] == str(model.opset)


def test_every_model_in_the_folder_is_in_the_table() -> None:
    assert {path.stem for path in FOLDER.glob("*.onnx")} == {model.name for model in SHIPPED}


def test_detector_knows_the_80_coco_classes_in_their_order() -> None:
    labels = json.loads((FOLDER / "picodet416.json").read_text())["labels"]
    assert len(set(labels)) == len(labels) == 80
    known = {0: "person", 11: "stop sign", 39: "bottle", 41: "cup", 47: "apple", 49: "orange", 72: "refrigerator"}
    assert {place: labels[place] for place in known} == known
    assert labels[79] == "toothbrush"


def test_notice_says_whose_the_weights_are() -> None:
    notice = (FOLDER / "NOTICE").read_text()
    for needed in ("PaddlePaddle Authors", "Apache License, Version 2.0", *(model.name for model in SHIPPED)):
        assert needed in notice


@pytest.mark.parametrize("model", script.MODELS, ids=lambda model: model.name)
def test_every_tool_is_pinned_to_one_version(model: Any) -> None:
    names = [tool.split("==")[0] for tool in model.tools]
    assert len(set(names)) == len(names)
    assert all(tool.count("==") == 1 and not set(tool) & set("<>*~,; ") for tool in model.tools)


def test_script_knows_no_address() -> None:
    assert "://" not in SCRIPT.read_text()


def test_help_shows_examples() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "python scripts/convert_models.py --verify" in done.stdout


def test_unknown_model_is_refused_with_the_names_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["yolo"]) == 1
    assert "picodet416, pplcnetv2" in capsys.readouterr().err


def test_all_models_are_made_unasked() -> None:
    assert [model.name for model in script.chosen([])] == ["picodet416", "pplcnetv2"]
    assert [model.name for model in script.chosen(["pplcnetv2"])] == ["pplcnetv2"]


def test_wheel_with_another_sha256_is_refused(tmp_path: Path) -> None:
    class TamperedIndex(script.Workshop):
        def pip(self, *_: str) -> None:
            (tmp_path / "wheel").mkdir()
            (tmp_path / "wheel" / "paddlelabel_ml-1.0.0-py3-none-any.whl").write_bytes(b"not what was published")

    with pytest.raises(script.ConversionFailedError, match="not the pinned"):
        script.fetch(script.PADDLELABEL_ML, TamperedIndex(tmp_path, Path(sys.executable)))


def test_other_bytes_than_the_manifest_names_never_enter_the_package(tmp_path: Path) -> None:
    model = SHIPPED[0]
    made = tmp_path / f"{model.name}.onnx"
    made.write_bytes(b"another conversion")
    with pytest.raises(script.ConversionFailedError, match="other bytes"):
        script.publish(model, made, FOLDER)
    script.publish(model, made, tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / made.name).read_bytes() == b"another conversion"


def test_labels_are_read_from_the_list_that_ends_the_file() -> None:
    info = "name: PicoDet\ntask_categories:\n  - detection\nlabel_names:\n  - person\n  - hot dog\n  - 'tie'\n"
    assert script.labels_in(info) == ["person", "hot dog", "tie"]
