"""A confined process can do nothing but compute, and not for ever."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantrybox.vision.confined import confined


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def may_leave_the_network() -> bool:
    """As unshare(1) finds it: kernels and containers forbid it in several ways."""
    try:
        return subprocess.run(["unshare", "-rn", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


def test_it_reaches_nobody_keeps_nothing_and_knows_no_secret(port: int) -> None:
    with confined("tests.vision.prober") as process:
        said, _ = process.communicate(f"{port}\nend\n".encode(), timeout=30)
        found = json.loads(said)
    assert found["file"] == "OSError"
    assert found["memory"] == "MemoryError"
    assert found["secret"] is None
    assert found["first to go"] == "1000"
    assert not Path(found["folder"]).exists()
    if not may_leave_the_network():
        pytest.skip("this kernel lets nobody leave the network")
    assert found["namespaces"] != str(Path("/proc/self/ns/net").readlink())
    assert found["network"] in {"OSError", "ConnectionRefusedError", "TimeoutError"}


@pytest.mark.slow
def test_it_does_not_compute_for_ever(port: int) -> None:
    with confined("tests.vision.prober") as process:
        process.communicate(f"{port}\nspin\n".encode(), timeout=60)
        assert process.returncode == -signal.SIGXCPU


def test_it_is_gone_when_the_block_ends(port: int) -> None:
    with confined("tests.vision.prober") as process:
        pid = process.pid
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
