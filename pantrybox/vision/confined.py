"""A process that can do nothing but compute: for models that nobody has vouched for.

The process confines itself, with its first lines, before it has seen anything of the model. Each barrier stands alone:
what a kernel or a service's own sandbox does not allow to be built is left out.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_MOST_FILES = 64
_NICENESS = 10
_CPU_GRACE_SECONDS = 2


class Limits(msgspec.Struct, frozen=True):
    memory_bytes: int
    """Of address space."""
    cpu_seconds: int


def cut_off() -> None:
    """No network, no new privileges, no file longer than nothing, first to go when memory runs out.

    Call it while there is one thread: only then can a process leave the network.
    """
    with suppress(OSError):
        os.nice(_NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))


def limit(limits: Limits) -> None:
    """No more memory and computing than this."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + _CPU_GRACE_SECONDS))


@contextmanager
def confined(module: str, *, keep: tuple[int, ...] = ()) -> Generator[subprocess.Popen[bytes]]:
    """A Python process that runs `module`, with pipes to it; it is gone, and its folder with it, when the block ends.

    `keep`: descriptors that it may use. The module's first act must be cut_off().
    """
    with tempfile.TemporaryDirectory(prefix="pantrybox-") as folder:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder),
            pass_fds=keep,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what could not be told any more
                        pipe.close()


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours but where the code is: a library that reads variables finds none."""
    return {
        "HOME": folder,
        "TMPDIR": folder,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        # One thread, which also lets the process leave the network.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
