"""The trial of a model file: loaded and run in a process of its own, so that a broken or hostile one harms nothing."""

import contextlib
import signal
import subprocess
from pathlib import Path

import msgspec

from pantrybox.errors import Malformed
from pantrybox.vision.confined import Limits, confined
from pantrybox.vision.manifest import Manifest

_MEGABYTE = 1_000_000
LIMITS = Limits(memory_bytes=700 * _MEGABYTE, cpu_seconds=60)
"""For a model of no size; what its bytes need comes on top."""
_COPIES = 5
"""The runtime holds a model's weights so often, at worst, while it loads it."""
_WALL = 3
"""A machine with other work to do takes this much longer than it computes."""
_LONGEST_ANSWER = 100_000
LOOK_SECONDS = 30.0
"""For one picture."""


class Facts(msgspec.Struct, frozen=True):
    """What a trial found."""

    took_ms: int
    """For one picture, on one thread of this machine."""
    memory_mb: int
    """The most that the process held, Python and the runtime with it (about 70)."""
    dims: int | None = None
    """How many features an embedder gives."""


class Task(msgspec.Struct, frozen=True):
    """What the process is told."""

    manifest: Manifest
    descriptor: int
    """Of the model file."""
    limits: Limits
    look_seconds: float


class Report(msgspec.Struct, frozen=True):
    """What it answers: one of the two."""

    facts: Facts | None = None
    refused: str | None = None


def try_out(path: Path, manifest: Manifest, limits: Limits = LIMITS, look_seconds: float = LOOK_SECONDS) -> Facts:
    """Malformed, with the reason, for a model that is not fit for this box. Blocking, for seconds."""
    room = Limits(limits.memory_bytes + _COPIES * manifest.size_bytes, limits.cpu_seconds)
    try:
        with path.open("rb") as file, confined("pantrybox.vision.proving", keep=(file.fileno(),)) as process:
            task = Task(manifest, file.fileno(), room, look_seconds)
            said = _answer(process, msgspec.json.encode(task), _WALL * limits.cpu_seconds)
            return verdict(process.returncode, said, limits)
    except OSError as error:
        raise Malformed(f"The model could not be tried: {error.strerror}.") from error


def _answer(process: subprocess.Popen[bytes], task: bytes, seconds: float) -> bytes:
    """What it said; its return code is None when it did not end in time."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(task, seconds)[0][:_LONGEST_ANSWER]
    return b""


def verdict(status: int | None, said: bytes, limits: Limits) -> Facts:
    """What a process that ended like this says about its model. `status` is as in Popen.returncode."""
    if status in {None, -signal.SIGXCPU}:
        raise Malformed(f"The model does not come to an end: it computed for {limits.cpu_seconds} seconds.")
    if status == -signal.SIGKILL:
        raise Malformed("The model needs more memory than this machine has to spare.")
    if status != 0:
        raise Malformed(f"The model brought the process down that tried it ({_name_of(status)}).")
    try:
        report = msgspec.json.decode(said, type=Report)
    except msgspec.DecodeError as error:
        raise Malformed("The process that tried the model gave no answer.") from error
    if report.facts is None:
        raise Malformed(report.refused or "The model is not fit for this box.")
    return report.facts


def _name_of(status: int | None) -> str:
    try:
        return signal.Signals(-(status or 0)).name
    except ValueError:
        return f"status {status}"
