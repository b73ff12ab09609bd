"""What a power cut would find: the order in which a real box asks the kernel to write, to sync and to answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import make_jpeg
from tests.server import Answer, Server
from tests.storage.trace import Call, acknowledgements, calls_in, objections, strace, unsynced_folders

SLOW_CARD = ("-e", "inject=fsync,fdatasync:delay_enter=5000")
"""Every sync takes 5 ms longer: whoever does not wait for it is seen to be early."""
EVERY_FIFTH_SYNC_FAILS = ("-e", "inject=fsync,fdatasync:error=EIO:when=6+5")
"""Of each thread, from its sixth: opening the data folder still works."""
LATER_WAL_SYNCS_FAIL = ("-e", "inject=fsync,fdatasync:error=EIO:when=4+")
"""The WAL's header, an upload and its analysis are synced three times."""

SOUND = r"""
11 mkdir("/d/images", 0700) = 0
11 fsync(4</d>) = 0
10 write(7</d/images/.partial-shelf_a1.jpg>, "\377\330) = 3", 600) = 600
10 write(7</d/images/.partial-shelf_a1.jpg>, "\0\0", 400 <unfinished ...>
12 write(8</d/images/.partial-shelf_b2.jpg>, "\377\330", 50) = 50
10 <... write resumed>) = 400
10 fsync(7</d/images/.partial-shelf_a1.jpg> <unfinished ...>
12 fsync(8</d/images/.partial-shelf_b2.jpg>) = 0 (DELAYED)
10 <... fsync resumed>) = 0
10 rename("/d/images/.partial-shelf_a1.jpg", "/d/images/shelf_a1.jpg") = 0
12 rename("/d/images/.partial-shelf_b2.jpg", "/d/images/shelf_b2.jpg") = 0
11 fsync(7</d/images>) = 0
11 pwrite64(5</d/pantrybox.db-wal>, "\r\0shelf_b2.jpg\0shelf_a1.jpg", 4096, 56) = 4096
11 fdatasync(5</d/pantrybox.db-wal>) = 0
--- SIGCHLD {si_signo=SIGCHLD} ---
9 write(6<socket:[1]>, "HTTP/1.1 201 Created\r\n\r\n", 114) = 114
9 write(6<socket:[1]>, "{\"capture_id\":\"a1\",\"message\":\"\"}", 173) = 173
9 writev(2<socket:[2]>, [{iov_base="HTTP/1.1 201 Created\r\n\r\n"}, {iov_base="{\"capture_id\":\"b2\"}"}], 2) = 99
9 write(6<socket:[1]>, "HTTP/1.1 200 OK\r\n\r\n", 114) = 114
""".strip()
SIZES = {"a1": 1000, "b2": 50}

TOO_EARLY_A_NAME = "it was renamed before its bytes were on the medium"
TOO_EARLY_A_ROW = "its row was written before its name was on the medium"
TOO_EARLY_AN_ANSWER = "201 left before its row was on the medium"


def replaced(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


def moved(what: str, *, before: str) -> str:
    """The sound trace with the line that holds `what` put before the one that holds `before`."""
    lines = SOUND.splitlines()
    (line,) = [line for line in lines if what in line]
    lines.remove(line)
    (at,) = [number for number, other in enumerate(lines) if before in other]
    return "\n".join([*lines[:at], line, *lines[at:]])


DOCTORED = {
    "the file is never synced": (replaced("12 fsync(8", "12 fstat(8"), TOO_EARLY_A_NAME),
    "the file's sync fails": (replaced("= 0 (DELAYED)", "= -1 EIO (Input/output error) (INJECTED)"), TOO_EARLY_A_NAME),
    "the file's sync fails and is repeated": (
        replaced("= 0 (DELAYED)", "= -1 EIO (INJECTED)\n12 fsync(8</d/images/.partial-shelf_b2.jpg>) = 0"),
        TOO_EARLY_A_NAME,
    ),
    "the file is synced before its last byte": (
        moved("12 write(8", before="10 <... fsync resumed"),
        TOO_EARLY_A_NAME,
    ),
    "the file is renamed while it is synced": (
        moved("10 <... fsync resumed", before="11 fsync(7"),
        TOO_EARLY_A_NAME,
    ),
    "half of the file is written": (replaced("50) = 50", "50) = 25"), "its file got 25 of 50 bytes"),
    "the folder is never synced": (replaced("11 fsync(7", "11 fstat(7"), TOO_EARLY_A_ROW),
    "the folder's sync fails": (replaced("images>) = 0", "images>) = -1 EIO"), TOO_EARLY_A_ROW),
    "the folder is synced before the rename": (moved("11 fsync(7", before="12 rename("), TOO_EARLY_A_ROW),
    "the row is written before the folder is synced": (moved("11 pwrite64", before="11 fsync(7"), TOO_EARLY_A_ROW),
    "the row is never synced": (replaced("11 fdatasync", "11 fstat"), TOO_EARLY_AN_ANSWER),
    "the row's sync fails": (replaced("-wal>) = 0", "-wal>) = -1 EIO"), TOO_EARLY_AN_ANSWER),
    "the row is synced before it is written": (moved("11 fdatasync", before="11 pwrite64"), TOO_EARLY_AN_ANSWER),
    "201 leaves before the row is synced": (moved("2<socket:[2]>", before="11 fdatasync"), TOO_EARLY_AN_ANSWER),
    "201 leaves without a row": (replaced("shelf_b2.jpg\\0", ""), "it was acknowledged without a file, its name or"),
    "one is not answered": (replaced("2<socket:[2]>", "2<pipe:[2]>"), "no 201"),
    "the box is killed while it syncs the row": (
        replaced(
            "11 fdatasync(5</d/pantrybox.db-wal>) = 0", "11 fdatasync(5</d/pantrybox.db-wal> <unfinished ...>) = ?"
        ),
        TOO_EARLY_AN_ANSWER,
    ),
    "one is refused": (replaced('[{iov_base="HTTP/1.1 201', '[{iov_base="HTTP/1.1 503'), "no 201"),
}


def test_a_sound_trace_is_accepted() -> None:
    assert objections(calls_in(SOUND), SIZES) == []
    assert unsynced_folders(calls_in(SOUND), Path("/d/images"), before=99) == []


def test_an_answer_that_left_when_the_box_was_killed_counts() -> None:
    killed = replaced(r'\"message\":\"\"}", 173) = 173', r'\"message\":\"\"}", 173 <unfinished ...>) = ?')
    assert acknowledgements(calls_in(killed)).keys() == SIZES.keys()


@pytest.mark.parametrize("fault", DOCTORED)
def test_trace_is_objected_to_when(fault: str) -> None:
    trace, objection = DOCTORED[fault]
    said = objections(calls_in(trace), SIZES)
    assert said
    assert all(objection in one for one in said)


def test_a_folder_that_is_never_synced_into_the_one_above_is_named() -> None:
    calls = calls_in(replaced("11 fsync(4</d>)", "11 fstat(4</d>)"))
    assert unsynced_folders(calls, Path("/d/images"), before=99) == ["images"]
    assert unsynced_folders(calls, Path("/d/elsewhere"), before=99) == []


def test_a_folder_that_is_synced_too_late_is_named() -> None:
    assert unsynced_folders(calls_in(SOUND), Path("/d/images"), before=1) == ["images"]


@pytest.mark.slow
def test_every_201_leaves_after_its_photograph_is_on_the_medium(tool: Callable[[str], str], tmp_path: Path) -> None:
    tool("strace")
    trace = tmp_path / "trace"
    box = Server(tmp_path / "data", prefix=strace(trace, "--seccomp-bpf", *SLOW_CARD))
    token = box.add_device()
    spilled = make_jpeg(comment=b"spilled") + bytes(600_000)
    with box:
        sent = [make_jpeg(comment=b"alone"), spilled]
        answers = [box.upload(jpeg, token) for jpeg in sent]
        together = [make_jpeg(comment=b"%d" % number) for number in range(8)]
        with ThreadPoolExecutor(len(together)) as cameras:
            answers += cameras.map(lambda jpeg: box.upload(jpeg, token), together)
    calls = calls_in(trace.read_text())
    sizes = {id_of(answer): len(jpeg) for answer, jpeg in zip(answers, sent + together, strict=True)}
    assert acknowledgements(calls).keys() == sizes.keys()
    assert objections(calls, sizes) == []


@pytest.mark.slow
def test_folder_of_the_photographs_is_on_the_medium_before_the_first_201(
    tool: Callable[[str], str], tmp_path: Path
) -> None:
    tool("strace")
    trace = tmp_path / "trace"
    with Server(tmp_path / "data", prefix=strace(trace, "--seccomp-bpf")) as box:
        answer = box.upload(make_jpeg(), box.add_device())
    calls = calls_in(trace.read_text())
    first_201 = acknowledgements(calls)[id_of(answer)]
    assert unsynced_folders(calls, leading_to=box.data / "storage/images", before=first_201) == []


@pytest.mark.slow
def test_no_201_leaves_for_a_photograph_whose_sync_failed(tool: Callable[[str], str], tmp_path: Path) -> None:
    tool("strace")
    trace = tmp_path / "trace"
    box = Server(tmp_path / "data", prefix=strace(trace, "--seccomp-bpf", *EVERY_FIFTH_SYNC_FAILS))
    token = box.add_device()
    sent = [make_jpeg(comment=b"%d" % number) for number in range(44)]
    with box:
        with ThreadPoolExecutor(4) as cameras:  # so that files and folder are no longer synced in step, nor fail so
            answers = list(cameras.map(lambda jpeg: upload_until_stored(box, jpeg, token), sent[:4]))
        answers += [upload_until_stored(box, jpeg, token) for jpeg in sent[4:]]
        assert not list(box.data.glob("storage/images/.partial-*"))
        box.kill()
    kept = {id_of(tries[-1]): jpeg for tries, jpeg in zip(answers, sent, strict=True)}
    refused = [refusal for tries in answers for refusal in tries[:-1]]
    calls = calls_in(trace.read_text())
    assert objections(calls, {capture_id: len(jpeg) for capture_id, jpeg in kept.items()}) == []
    assert {(answer.status, answer.headers["retry-after"]) for answer in refused} == {(503, "5")}
    assert {kind_of(call) for call in calls if "sync" in call.name and call.result == -1} == {
        ".jpg",
        "images",
        ".db-wal",
    }
    with Server(tmp_path / "data") as box:
        assert box.get("/v1/captures").json["total"] == len(kept)
        assert all(stored_image(box, capture_id) == jpeg for capture_id, jpeg in kept.items())
        assert len(list(box.data.glob("storage/images/*"))) == len(kept)
        assert box.command("check") == "Sound.\n"


@pytest.mark.slow
def test_row_whose_sync_failed_has_its_file_when_it_turns_up_after_all(
    tool: Callable[[str], str], tmp_path: Path
) -> None:
    tool("strace")
    data = tmp_path / "data"
    only_the_wal = ("-P", str(data / "pantrybox.db-wal"))
    box = Server(data, prefix=strace(tmp_path / "trace", "--seccomp-bpf", *only_the_wal, *LATER_WAL_SYNCS_FAIL))
    token, _ = box.add_device(), box.key
    uncertain = make_jpeg(shade=2)
    with box:
        assert box.upload(make_jpeg(shade=1), token).status == 201
        box.wait_until_analysed()
        assert box.upload(uncertain, token, idempotency_key="2").status == 503
        box.kill()  # the kernel has the row nevertheless
    with Server(data) as box:
        (turned_up, _) = box.get("/v1/captures").json["items"]
        assert stored_image(box, turned_up["id"]) == uncertain
        assert id_of(box.upload(uncertain, token, idempotency_key="2")) == turned_up["id"]
        assert box.command("check") == "Sound.\n"


def id_of(answer: Answer) -> str:
    assert answer.status == 201, answer
    return answer.json["capture_id"]


def upload_until_stored(box: Server, jpeg: bytes, token: str) -> list[Answer]:
    """As a camera does: every answer, the last of them 201."""
    answers = [box.upload(jpeg, token)]
    while answers[-1].status != 201:
        assert len(answers) < 10, answers
        answers.append(box.upload(jpeg, token))
    return answers


def kind_of(call: Call) -> str:
    """What was synced: `.jpg`, `.db-wal` or a folder's name."""
    path = Path(call.path)
    return path.suffix or path.name


def stored_image(box: Server, capture_id: str) -> bytes:
    return box.get(f"/v1/captures/{capture_id}/image").body
