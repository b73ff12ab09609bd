"""Looking gives way: receiving photographs and drawing pages come first."""

import os
import threading
from contextlib import suppress

_NICENESS = 5


def give_way() -> None:
    """For the thread that calls it: on Linux niceness is a thread's own."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
