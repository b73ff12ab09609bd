"""What a box asked of the kernel, as strace recorded it, and the law that every 201 must keep."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_TRACED = (
    "?mkdir,?mkdirat,?rename,?renameat,?renameat2,write,writev,pwrite64,pwritev,fsync,fdatasync,"
    "sendto,sendmsg,sync_file_range"
)
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_RETURNED = re.compile(r"(.*)\) += (-?\d+)")
_UNFINISHED = re.compile(r"(.*) <unfinished \.\.\.>(?:\) += \?)?$")
_CAPTURE = re.compile(r'capture_id\\":\\"([\w-]+)')


def strace(output: Path, *options: str) -> list[str]:
    """The words before a command line that record what the order of writes is read from."""
    # -s: a page of the WAL is 4096 bytes, each at most four characters of an escape.
    return ["strace", "-f", "-y", "-s", "5000", "-e", f"trace={_TRACED}", "-o", str(output), *options]


class Call(NamedTuple):
    name: str
    arguments: str
    """As strace prints them: file descriptors with their paths, data with escapes."""
    result: int
    """-1 is a failure, or that it never returned."""
    begun: int
    """Line of the trace."""
    ended: int

    @property
    def path(self) -> str:
        """What the descriptor that comes first stands for."""
        return self.arguments.partition("<")[2].partition(">")[0]


def calls_in(trace: str) -> list[Call]:
    """Every call, in the order in which they began; the last of a killed process never returned."""
    lines = trace.splitlines()
    calls: list[Call] = []
    under_way: dict[str, Call] = {}
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue  # a signal or an exit
        thread, resumed, name, text = match.groups()
        begun = under_way.pop(thread) if resumed else Call(name, "", -1, number, len(lines))
        if unfinished := _UNFINISHED.match(text):
            under_way[thread] = begun._replace(arguments=unfinished[1])
        elif returned := _RETURNED.match(text):
            arguments = begun.arguments + returned[1]
            calls.append(begun._replace(arguments=arguments, result=int(returned[2]), ended=number))
    return sorted([*calls, *under_way.values()], key=lambda call: call.begun)


def acknowledgements(calls: list[Call]) -> dict[str, int]:
    """Every capture that was answered with 201, and when the first byte of that answer left."""
    answers: dict[str, int] = {}
    first_byte: dict[str, int] = {}
    for call in calls:
        if not call.path.startswith(("socket:", "TCP:")):
            continue
        if '"HTTP/1.1 ' in call.arguments:
            first_byte.pop(call.path, None)
        if '"HTTP/1.1 201' in call.arguments:
            first_byte[call.path] = call.begun
        capture = _CAPTURE.search(call.arguments)
        if capture and call.path in first_byte:
            answers[capture[1]] = first_byte[call.path]
    return answers


def objections(calls: list[Call], sizes: dict[str, int]) -> list[str]:
    """Which 201s left before the power could be cut, as sentences; empty when all is as it must be.

    `sizes` says how many bytes each capture's photograph has; every one must have its 201.
    """
    sent = acknowledgements(calls)
    said = [f"{capture_id}: no 201" for capture_id in sizes if capture_id not in sent]
    for capture_id, at in sent.items():
        said += [f"{capture_id}: {fault}" for fault in _faults(calls, capture_id, sizes[capture_id], at)]
    return said


def _faults(calls: list[Call], capture_id: str, size: int, acknowledged: int) -> Iterator[str]:
    """One step after the other, each begun only when the one before it was over."""
    writes = [call for call in calls if "write" in call.name and ".partial-" in call.path and capture_id in call.path]
    renames = [call for call in calls if call.name.startswith("rename") and capture_id in call.arguments]
    rows = [call for call in calls if call.path.endswith("-wal") and capture_id in call.arguments]
    if not (writes and renames and rows):
        yield "it was acknowledged without a file, its name or its row"
        return
    if sum(call.result for call in writes) != size:
        yield f"its file got {sum(call.result for call in writes)} of {size} bytes"
    written, renamed, row = writes[-1].ended, renames[0], rows[0]
    folder = str(Path(writes[0].path).parent)
    stored = _sync(calls, writes[0].path, written)
    named = _sync(calls, folder, renamed.ended)
    committed = _sync(calls, row.path, row.ended)
    if stored is None or stored.ended >= renamed.begun:
        yield "it was renamed before its bytes were on the medium"
    if named is None or named.ended >= row.begun:
        yield "its row was written before its name was on the medium"
    if committed is None or committed.ended >= acknowledged:
        yield "201 left before its row was on the medium"


def _sync(calls: list[Call], path: str, after: int) -> Call | None:
    """The first sync of a file or folder that began after that; None when there is none or it failed.

    A later one that succeeds is worth nothing: the kernel may have dropped the pages meanwhile.
    """
    for call in calls:
        if call.name in {"fsync", "fdatasync"} and call.path == path and call.begun > after:
            return call if call.result == 0 else None
    return None


def unsynced_folders(calls: list[Call], leading_to: Path, before: int) -> list[str]:
    """Folders on the way to one that were made, but were not on the medium in the folder above at that time."""
    unsynced: list[str] = []
    for call in calls:
        if not call.name.startswith("mkdir") or call.result == -1:
            continue
        folder = Path(call.arguments.split('"')[1])
        synced = _sync(calls, str(folder.parent), call.ended)
        if leading_to.is_relative_to(folder) and (synced is None or synced.ended >= before):
            unsynced.append(folder.name)
    return unsynced
