"""A card wears out by being written: nothing is written while nothing happens."""

import time
from pathlib import Path

import pytest

from tests.conftest import make_jpeg
from tests.server import Server

QUIET_SECONDS = 10
SETTLE_SECONDS = 20


def written_bytes(box: Server) -> int:
    """What the box caused to be written to a disk so far, as the kernel counts it (proc(5))."""
    lines = Path(f"/proc/{box.pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def wait_until_settled(box: Server) -> int:
    """The counter, once it stood still for a second."""
    end = time.monotonic() + SETTLE_SECONDS
    before = -1
    while (now := written_bytes(box)) != before:
        assert time.monotonic() < end, "the box does not stop writing"
        before = now
        time.sleep(1)
    return now


@pytest.mark.slow
def test_nothing_is_written_while_nothing_happens(server: Server) -> None:
    token = server.add_device()
    fresh = written_bytes(server)
    for shade in (10, 20, 30):
        assert server.upload(make_jpeg(shade=shade), token).status == 201
    server.wait_until_analysed()
    settled = wait_until_settled(server)
    time.sleep(QUIET_SECONDS)
    assert written_bytes(server) == settled
    assert settled > fresh  # the counter counts
