"""Uploads a second and CPU an upload: the box with 8 senders, against a bare loop that does the same durable writes.

    .venv/bin/python -m benchmarks.ingest               as fast as this disk syncs
    .venv/bin/python -m benchmarks.ingest --fsync-ms 10 every fsync takes 10 ms, as on an SD card (needs strace)

The bare loop: one thread writes a file, fsyncs it, renames it, fsyncs the folder and commits one
row with synchronous=FULL. Its figures are the limit for anybody who acknowledges one photograph at
a time. Both run on the same folder, one after the other, with the same photographs.
"""

import argparse
import functools
import io
import itertools
import json
import os
import random
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

from benchmarks.box import BoxProcess, running

SIZE = 150_000
SENDERS = 8


@functools.cache
def photograph() -> bytes:
    """A JPEG of about 150 kB, 1600 x 1200."""
    noise = random.Random(1).randbytes(400 * 300 * 3)
    image = Image.frombytes("RGB", (400, 300), noise).resize((1600, 1200), Image.Resampling.BICUBIC)
    for quality in range(95, 5, -1):
        encoded = io.BytesIO()
        image.save(encoded, "JPEG", quality=quality)
        if encoded.tell() <= SIZE:
            return encoded.getvalue()
    raise AssertionError("no quality gives that size")


def made_unique(jpeg: bytes, number: int) -> bytes:
    """The same picture with a comment of its own, so that no two uploads are the same bytes."""
    comment = f"{number:012d}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def bare_loop(folder: Path, seconds: float) -> dict[str, float]:
    """Durable writes a second and CPU seconds a write, single-threaded."""
    jpeg = photograph()
    images = folder / "images"
    images.mkdir()
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE captures (id INTEGER PRIMARY KEY, name TEXT, size INTEGER)")
    before, start, count = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        _write_durably(images, f"{count}.jpg", made_unique(jpeg, count))
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO captures (name, size) VALUES (?, ?)", (f"{count}.jpg", len(jpeg)))
        database.execute("COMMIT")
        count += 1
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"per_second": count / took, "cpu_ms": 1000 * cpu / count}


def _write_durably(folder: Path, name: str, data: bytes) -> None:
    partial = folder / ".partial"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)
    partial.rename(folder / name)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


class Sender:
    """One camera on one kept-alive connection."""

    def __init__(self, number: int, box: BoxProcess, device: dict[str, str], pictures: list[bytes]) -> None:
        self._number = number
        self._device = device
        self._pictures = pictures
        self._connection = socket.create_connection(("127.0.0.1", box.port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted = 0
        self.refused = 0
        self.bytes_sent = 0

    def send_until(self, end: float) -> None:
        """As fast as it is answered."""
        for count in itertools.count():
            if time.perf_counter() > end:
                return
            self.send(count)

    def send(self, count: int) -> None:
        body = made_unique(self._pictures[count % len(self._pictures)], count + self._number * 10**9)
        self._connection.sendall(self._head(len(body), count) + body)
        self.bytes_sent += len(body)
        if _status(self._connection) == 201:
            self.accepted += 1
        else:
            self.refused += 1

    def _head(self, length: int, count: int) -> bytes:
        return (
            "POST /v1/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
            f"Content-Length: {length}\r\nX-Device-Id: {self._device['id']}\r\n"
            f"Authorization: Bearer {self._device['device_token']}\r\n"
            f"Idempotency-Key: {self._number}-{count}\r\n\r\n"
        ).encode()


def _status(connection: socket.socket) -> int:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    head, _, body = head.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1])


def box_under_load(box: BoxProcess, seconds: float) -> dict[str, float]:
    device = json.loads(box.command("device", "add", "load", "--json"))
    senders = [Sender(number, box, device, [photograph()]) for number in range(SENDERS)]
    cpu, start = box.cpu_seconds(), time.perf_counter()
    threads = [threading.Thread(target=sender.send_until, args=(start + seconds,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, accepted = time.perf_counter() - start, sum(sender.accepted for sender in senders)
    refused = sum(sender.refused for sender in senders)
    return {
        "per_second": accepted / took,
        "cpu_ms": 1000 * (box.cpu_seconds() - cpu) / accepted,
        "accepted": accepted,
        "refused": refused,
    }


def delayed(milliseconds: int) -> tuple[str, ...]:
    """The words that make every fsync of a command take that much longer."""
    if not milliseconds:
        return ()
    inject = f"inject=fsync,fdatasync:delay_enter={1000 * milliseconds}"
    return ("strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="the median round is what counts")
    parser.add_argument("--fsync-ms", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="on the disk to measure")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        print(json.dumps(bare_loop(options.folder, options.seconds)))
        return
    rounds = [_round(options) for _ in range(options.rounds)]
    for name in ("per_second", "cpu_ms"):
        ratios = sorted(box[name] / bare[name] for bare, box in rounds)
        print(f"{name}: ratio to the bare loop {ratios[len(ratios) // 2]:.2f} (all: {[round(r, 2) for r in ratios]})")


def _round(options: argparse.Namespace) -> tuple[dict[str, float], dict[str, float]]:
    prefix = delayed(options.fsync_ms)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        command = [*prefix, sys.executable, "-m", "benchmarks.ingest", "--bare", "--folder", folder]
        command += ["--seconds", str(options.seconds)]
        bare = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    with running(8765, prefix, options.folder) as box:
        loaded = box_under_load(box, options.seconds)
    print(
        f"bare {bare['per_second']:.0f}/s {bare['cpu_ms']:.2f} ms CPU; "
        f"box {loaded['per_second']:.0f}/s {loaded['cpu_ms']:.2f} ms CPU, {loaded['refused']:.0f} refused"
    )
    return bare, loaded


if __name__ == "__main__":
    main()
