"""What the box asks of a small machine: start, memory, bytes written, and how quiet it is when nothing happens.

    .venv/bin/python -m benchmarks.resources [--idle-seconds 60]

Start is the time from exec to the first 200 of /healthz, as a ratio to importing the two largest
libraries. Memory is VmHWM after 100 photographs of 1600 x 1200 were received and looked at. Bytes
written are what the kernel counts for the process (write_bytes), less the photographs themselves.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.box import BoxProcess, running
from benchmarks.ingest import Sender, photograph
from pantrybox.demo.story import scenes

CAPTURES = 100
PORT = 8764


def start_ratio(folder: Path, rounds: int = 7) -> tuple[float, float]:
    """Median seconds of the import and of the start."""
    imports, starts = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import litestar, onnxruntime"], check=True)
        imports.append(time.perf_counter() - began)
        began = time.perf_counter()
        with running(PORT, folder=folder):
            starts.append(time.perf_counter() - began)
    return statistics.median(imports), statistics.median(starts)


def send_and_analyse(box: BoxProcess) -> int:
    """Bytes of the photographs that were sent; returns when all have been looked at."""
    device = json.loads(box.command("device", "add", "shelf", "--json"))
    key = box.command("key", "create", "benchmark").strip()
    pictures = [scene.path.read_bytes() for scene in scenes()]
    sender = Sender(0, box, device, pictures)
    for number in range(CAPTURES):
        sender.send(number)
        # One at a time, as cameras do: a burst would share its commits and flatter the figure.
        while any(box.get(f"/v1/captures?status={s}&limit=1", key)["total"] for s in ("stored", "analyzing")):
            time.sleep(0.02)
    return sender.bytes_sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle-seconds", type=float, default=60)
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="on the disk to measure")
    options = parser.parse_args()
    photograph()
    imports, start = start_ratio(options.folder)
    print(f"start {start:.2f} s, imports alone {imports:.2f} s: ratio {start / imports:.2f}")
    with running(PORT, folder=options.folder) as box:
        before = box.bytes_written()
        sent = send_and_analyse(box)
        extra_kb = (box.bytes_written() - before - sent) / 1000 / CAPTURES
        print(f"peak memory after {CAPTURES} captures: {box.status_kb('VmHWM') / 1024:.0f} MB (VmHWM)")
        print(f"written per capture beyond its JPEG of {sent / 1000 / CAPTURES:.0f} kB: {extra_kb:.1f} kB")
        time.sleep(5)
        before, cpu = box.bytes_written(), box.cpu_seconds()
        time.sleep(options.idle_seconds)
        share = 100 * (box.cpu_seconds() - cpu) / options.idle_seconds
        print(
            f"idle {options.idle_seconds:.0f} s: {box.bytes_written() - before} bytes written, {share:.2f} % of a core"
        )


if __name__ == "__main__":
    main()
