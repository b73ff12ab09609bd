"""A process that tries what a hostile model would: told on stdout, as JSON. Started by test_confined."""

import json
import os
import socket
import sys
from pathlib import Path

from pantrybox.vision.confined import Limits, cut_off, limit


def outcome(attempt: object) -> str:
    try:
        return str(attempt())  # pyright: ignore[reportCallIssue,reportGeneralTypeIssues]
    except (OSError, MemoryError) as error:
        return type(error).__name__


def connect(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return "connected"


def main() -> None:
    port = int(sys.stdin.readline())
    cut_off()
    limit(Limits(memory_bytes=400_000_000, cpu_seconds=5))
    found = {
        "network": outcome(lambda: connect(port)),
        "file": outcome(lambda: Path("left").write_text("something")),
        "memory": outcome(lambda: len(bytes(600_000_000))),
        "secret": os.environ.get("PANTRYBOX_TOKEN"),
        "folder": str(Path.cwd()),
        "namespaces": str(Path("/proc/self/ns/net").readlink()),
        "first to go": Path("/proc/self/oom_score_adj").read_text().strip(),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    if sys.stdin.readline() == "spin\n":
        while True:
            pass


if __name__ == "__main__":
    main()
