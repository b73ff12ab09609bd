"""The API does what it says of itself: schemathesis sends what the description allows and what it forbids."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import Server

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
LEFT_OUT = {
    "/live": "never ends",
    "/v1/keys/{key_id}": "the key that asks would be revoked",
}
REQUESTS = 5
"""An operation and phase; which ones follows from the seed."""


@pytest.mark.slow
def test_every_operation_passes_every_check_of_schemathesis(server: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIGURATION), "--no-color"),
            *("run", f"{server.url}/schema/openapi.json", "--header", f"Authorization: Bearer {server.key}"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", str(REQUESTS), "--seed", "1"),
            *(word for path in LEFT_OUT for word in ("--exclude-path", path)),
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Internal Server Error" not in server.log
