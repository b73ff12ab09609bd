"""A real box in a process of its own, and what the kernel says that it used."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class BoxProcess:
    def __init__(self, data: Path, port: int, process: "subprocess.Popen[bytes]", pid: int) -> None:
        self.data = data
        self.port = port
        self.process = process
        self.pid = pid

    def cpu_seconds(self) -> float:
        """User and system time of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def status_kb(self, name: str) -> int:
        """A figure of /proc/PID/status, such as VmHWM."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def bytes_written(self) -> int:
        """What it caused to be sent to the disk."""
        for line in Path(f"/proc/{self.pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        raise KeyError("write_bytes")

    def get(self, path: str, key: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def command(self, *words: str) -> str:
        """Run a `pantrybox` command on its data folder."""
        return pantrybox(*words, "--data", str(self.data))


def pantrybox(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "pantrybox", *words], check=True, capture_output=True, text=True)
    return done.stdout


@contextlib.contextmanager
def running(
    port: int,
    prefix: tuple[str, ...] = (),
    folder: Path | None = None,
    prepare: Callable[[Path], None] | None = None,
) -> Iterator[BoxProcess]:
    """A box on loopback with a new data folder, which `prepare` fills; `prefix` is put before its command line."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        if prepare is not None:
            prepare(Path(data))
        command = [*prefix, sys.executable, "-m", "pantrybox", "serve", "--data", data]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        # Without the extra that reads labels, which developers have and the lean box has not.
        environment = os.environ | {"PANTRYBOX_LABELS": "off"}
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        try:
            _wait_until_it_answers(port)
            yield BoxProcess(Path(data), port, process, _own_pid(process.pid) if prefix else process.pid)
        finally:
            # The box itself, not a tracer before it: strace keeps SIGTERM for itself.
            os.kill(_own_pid(process.pid) if prefix else process.pid, signal.SIGTERM)
            process.wait(30)


def _wait_until_it_answers(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.02)
    raise TimeoutError("the box did not start")


def _own_pid(tracer: int) -> int:
    """The box below a tracer that was put before it."""
    children = Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()
    return int(children[0])
