"""The law of age: no step of the clock, no restart and no dead battery makes a fresh photograph old."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pantrybox.captures.retention import Kept, Moment, Spared, enough, is_older, outdated
from pantrybox.clock import DAY_MS, RELEASED_MS, BoxClock
from tests.captures.box_time import HOUR_MS, START_MS, BoxTime

TOLERANCE_MS = 2 * HOUR_MS
"""A clock that was set by hand just after it was synchronised, and a restart before anybody noticed."""

durations = st.one_of(st.integers(0, 3 * HOUR_MS), st.integers(0, 40 * DAY_MS))
errors = st.one_of(st.just(0), st.integers(-5000 * DAY_MS, 5000 * DAY_MS), st.integers(-2 * HOUR_MS, 2 * HOUR_MS))
actions = st.lists(
    st.one_of(
        st.tuples(st.just("run"), durations),
        st.tuples(st.just("set"), errors),
        st.tuples(st.just("synchronise"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("reboot"), errors),
        st.tuples(st.just("upload"), st.just(0)),
        st.tuples(st.just("retain"), st.integers(1, 60)),
    ),
    max_size=40,
)


class Story:
    """What the box knows, and beside it what is true."""

    def __init__(self) -> None:
        self.time = BoxTime()
        self.clock = self.time.clock()
        self.kept: list[tuple[Kept, int]] = []
        self.deleted = 0

    def do(self, action: str, amount: int) -> None:
        match action:
            case "run":
                self.run(amount)
            case "set":
                self.time.error_ms += amount
            case "synchronise":
                self.time.synchronise()
            case "restart":
                self.start()
            case "reboot":
                self.time.reboot(abs(amount) % (3 * DAY_MS), amount)
                self.start()
            case "upload":
                self.upload()
            case _:
                self.retain(amount)

    def run(self, amount_ms: int) -> None:
        self.time.true_ms += amount_ms
        self.clock.distrust()  # as the guard asks, if not so rarely

    def start(self) -> None:
        self.clock = self.time.clock()
        newest = max((kept.received_at_ms for kept, _ in self.kept), default=None)
        self.clock.resume(self.kept[-1][0].running_ms if self.kept else 0, newest)

    def upload(self) -> None:
        now_ms = self.clock.now()
        if now_ms >= 0:
            synced = self.clock.vouches_for(now_ms)
            kept = photograph(len(self.kept), received_at_ms=now_ms, running_ms=self.clock.running_ms(), synced=synced)
            self.kept.append((kept, self.time.true_ms))

    def retain(self, days: int) -> None:
        now = Moment(self.clock.now(), self.clock.running_ms(), self.clock.synchronised())
        if self.clock.distrust() is not None:
            return
        going = [(kept, true_ms) for kept, true_ms in self.kept if is_older(kept, days, now)]
        for _, true_ms in going:
            assert self.time.true_ms - true_ms >= days * DAY_MS - TOLERANCE_MS
        self.deleted += len(going)
        self.kept = [pair for pair in self.kept if pair not in going]


def photograph(
    seq: int, *, received_at_ms: int = START_MS, running_ms: int = 0, synced: bool = True, **more: object
) -> Kept:
    shown = {"device_id": "shelf", "size_bytes": 100, "waiting": False} | more
    return Kept(
        seq=seq,
        image_path=f"{seq}.jpg",
        received_at_ms=received_at_ms,
        running_ms=running_ms,
        clock_synced=synced,
        **shown,  # pyright: ignore[reportArgumentType]
    )


@settings(max_examples=400)
@given(actions)
@example([("upload", 0), ("set", 800 * DAY_MS), ("retain", 30)])
@example([("synchronise", 0), ("upload", 0), ("set", 800 * DAY_MS), ("retain", 30)])
@example([("synchronise", 0), ("upload", 0), ("set", 800 * DAY_MS), ("restart", 0), ("retain", 30)])
@example([("synchronise", 0), ("upload", 0), ("reboot", 700 * DAY_MS), ("retain", 30)])
@example([("reboot", -20_000 * DAY_MS), ("upload", 0), ("synchronise", 0), ("retain", 1)])
def test_no_photograph_is_deleted_before_its_days_are_over_whatever_the_clock_does(
    story: list[tuple[str, int]],
) -> None:
    told = Story()
    for action, amount in story:
        told.do(action, amount)


def test_old_photographs_of_a_synchronised_box_do_go() -> None:
    told = Story()
    for action, amount in [("synchronise", 0), ("upload", 0), ("run", 31 * DAY_MS), ("synchronise", 0), ("retain", 30)]:
        told.do(action, amount)
    assert told.deleted == 1


def test_without_a_time_server_they_go_once_the_box_has_been_running_that_long() -> None:
    told = Story()
    for _ in range(4):
        told.do("run", 10 * DAY_MS)
        told.do("upload", 0)
        told.do("reboot", 0)
        told.do("retain", 25)
    assert told.deleted == 1
    told.do("run", 5 * DAY_MS + 1)
    told.do("retain", 25)
    assert told.deleted == 2


@given(st.integers(0, 2 * RELEASED_MS), st.booleans(), st.booleans(), st.integers(0, 90 * DAY_MS))
def test_what_the_time_of_receipt_does_not_say_nothing_else_can(
    received_at_ms: int, then: bool, now: bool, ran_ms: int
) -> None:
    kept = photograph(1, received_at_ms=received_at_ms, synced=then)
    moment = Moment(received_at_ms + 30 * DAY_MS, ran_ms, now)
    assert not is_older(kept, 30, moment)


def test_what_nobody_has_looked_at_stays_however_old_it_is() -> None:
    moment = Moment(START_MS + 99 * DAY_MS, 0, synchronised=True)
    assert outdated([photograph(1, waiting=True)], 30, moment) == []
    assert len(outdated([photograph(1)], 30, moment)) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_newest_of_every_camera_and_what_waits_go_last(arrived: list[tuple[str, bool]]) -> None:
    kept = [photograph(seq, device_id=who, waiting=waits) for seq, (who, waits) in enumerate(arrived)]
    spared = Spared({who: sum(one.device_id == who for one in kept) for who in "abc"})
    newest = {one.device_id: one.seq for one in kept}
    assert [spared(one) for one in kept] == [one.waiting or newest[one.device_id] == one.seq for one in kept]


@given(st.lists(st.integers(1, 1000)), st.integers(-10, 5000))
def test_as_few_go_as_make_room(sizes: list[int], excess: int) -> None:
    page = [photograph(seq, size_bytes=size) for seq, size in enumerate(sizes)]
    going = enough(page, excess)
    assert going == page[: len(going)]
    freed = sum(one.size_bytes for one in going)
    assert freed >= excess or going == page
    assert not going or freed - going[-1].size_bytes < excess


def clock_of(time: BoxTime) -> BoxClock:
    return time.clock()


def test_reasons_for_distrust_are_sentences() -> None:
    dead = BoxTime(now_ms=1000)
    assert clock_of(dead).distrust() == "The clock says 1970-01-01, which was before this PantryBox was made."

    time = BoxTime()
    clock = clock_of(time)
    assert clock.distrust() is None
    time.error_ms = 17_520 * HOUR_MS
    assert clock.distrust() == "The clock was set 17520 hours forward while PantryBox ran."
    time.error_ms = -2 * HOUR_MS
    assert clock.distrust() == "The clock was set 2 hours back while PantryBox ran."
    time.error_ms = HOUR_MS // 2
    assert clock.distrust() is None

    clock = clock_of(time)
    clock.resume(0, START_MS + 3 * HOUR_MS)
    assert clock.distrust() == "The clock says 2027-01-15 08:30 UTC, but a photograph came at 2027-01-15 11:00 UTC."
    clock = clock_of(time)
    clock.resume(0, START_MS - 200 * DAY_MS)
    assert clock.distrust() == (
        "When PantryBox started, the newest photograph was of 2026-06-29 08:00 UTC, months before."
    )


def test_synchronised_clock_is_trusted_until_it_is_set_by_hand_and_again_once_it_is_synchronised() -> None:
    time = BoxTime()
    time.synchronise()
    clock = clock_of(time)
    clock.resume(0, START_MS + 900 * DAY_MS)  # received while the clock was wrong
    assert clock.synchronised()
    assert clock.distrust() is None
    time.error_ms = 800 * DAY_MS
    assert not clock.synchronised()
    assert clock.distrust() is not None
    time.true_ms += HOUR_MS
    time.synchronise()
    assert clock.synchronised()
    time.true_ms += 90 * DAY_MS  # the time server is out of reach, and the clock goes on
    assert clock.synchronised()


def test_step_right_after_a_synchronisation_is_no_synchronisation() -> None:
    time = BoxTime()
    time.synchronise()
    clock = clock_of(time)
    time.true_ms += 30_000
    time.synchronise()
    time.error_ms = 800 * DAY_MS
    time.true_ms += 10_000
    assert not clock.synchronised()


def test_time_read_before_the_clock_was_set_is_not_vouched_for() -> None:
    time = BoxTime()
    time.error_ms = -START_MS
    clock = clock_of(time)
    read_ms = clock.now()
    time.synchronise()
    assert not clock.vouches_for(read_ms)
    assert clock.vouches_for(clock.now())


def test_running_time_goes_on_where_the_newest_photograph_left_it() -> None:
    time = BoxTime()
    clock = clock_of(time)
    clock.resume(5000, None)
    time.true_ms += 70
    time.error_ms = 10**9
    assert clock.running_ms() == 5070
