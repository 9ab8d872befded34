"""Holding a gate: settled in a row, within its limits, stopped only after a look; on a fake clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tasks.core.errors import GateTimeout, Interrupted, NotAsPlanned
from tasks.core.gates import Broken, Holds, NodeView, Verdict, View, Waiting
from tasks.effects.clock import SystemClock
from tasks.effects.wait import Waits, Watch, hold

GOOD, NOT_YET = Holds("all well"), Waiting("State 4, wanted 1")
JOINING = Waiting("gw-a 1/1, wanted 2/0", joining=True)
BROKEN = Broken("serves the BUILT-IN certificate", remedy="fab check")


@dataclass
class Scene:
    """A clock that only moves when it sleeps, and one verdict per look; the last one stays."""

    verdicts: Sequence[Verdict]
    time_s: float = 1000.0
    stops_after: int = 10**6
    nudge: Callable[[View, float], None] = lambda view, waited_s: None
    look_s: float = 0.0
    looks: int = 0
    reported: list[tuple[str, float]] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.time_s)

    def monotonic(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    def look(self) -> View:
        self.looks += 1
        self.time_s += self.look_s
        return {"gw-a": NodeView(status=None, trouble=str(self.looks))}

    def gate(self, view: View) -> Verdict:
        return self.verdicts[min(self.looks, len(self.verdicts)) - 1]

    def hold(
        self,
        *,
        limit_s: float = 60,
        join_s: float = 20,
        settle_s: float = 3,
        poll_s: float = 1,
        quick_s: float = math.inf,
    ) -> str:
        watch = Watch(
            awaited="a restart",
            node="gw-a",
            look=self.look,
            report=lambda seen, left_s: self.reported.append((seen, left_s)),
            stopping=lambda: self.looks >= self.stops_after,
            nudge=self.nudge,
            remedy="fab status",
        )
        waits = Waits(limit_s=limit_s, join_s=join_s, settle_s=settle_s, poll_s=poll_s, quick_s=quick_s)
        return hold(self.gate, watch, waits=waits, clock=self)


def test_a_gate_must_hold_for_the_settle_time_in_a_row() -> None:
    scene = Scene([NOT_YET, NOT_YET, GOOD])
    assert scene.hold(settle_s=3) == "all well"
    assert (scene.looks, scene.time_s) == (6, 1005)


def test_a_flicker_starts_the_settle_time_anew() -> None:
    scene = Scene([GOOD, GOOD, GOOD, NOT_YET, GOOD])
    scene.hold(settle_s=3)
    assert scene.looks == 8


def test_even_without_a_settle_time_two_looks_must_agree() -> None:
    scene = Scene([GOOD])
    scene.hold(settle_s=0)
    assert scene.looks == 2
    scene = Scene([GOOD, NOT_YET, GOOD])
    scene.hold(settle_s=0)
    assert scene.looks == 4


def test_what_never_holds_ends_at_the_limit_with_what_was_seen_last() -> None:
    scene = Scene([Waiting("State 11"), NOT_YET])
    with pytest.raises(
        GateTimeout, match="a restart: not within 60 s; last seen: State 4, wanted 1"
    ) as caught:
        scene.hold(limit_s=60)
    assert scene.time_s == 1060
    assert (caught.value.node, caught.value.remedy) == ("gw-a", "fab status")
    assert not isinstance(caught.value, NotAsPlanned)


def test_what_holds_just_before_the_limit_may_settle() -> None:
    scene = Scene([NOT_YET] * 60 + [GOOD])
    assert scene.hold(limit_s=60, settle_s=3) == "all well"
    with pytest.raises(GateTimeout, match="not within 60 s"):
        Scene([NOT_YET] * 61 + [GOOD]).hold(limit_s=60, settle_s=3)


def test_a_slow_look_counts_against_the_limit() -> None:
    scene = Scene([NOT_YET], look_s=29)
    with pytest.raises(GateTimeout, match="not within 60 s"):
        scene.hold(limit_s=60)
    assert scene.looks == 3


@pytest.mark.parametrize("start_s", [0.0, 1000.0], ids=["clock at 0", "clock at 1000"])
def test_settled_servers_have_the_join_time_and_no_more(start_s: float) -> None:
    scene = Scene([JOINING], time_s=start_s)
    with pytest.raises(NotAsPlanned, match="settled, but not as planned for 20 s; last seen: gw-a 1/1"):
        scene.hold(limit_s=900, join_s=20)
    assert scene.time_s == start_s + 20


def test_the_join_time_begins_anew_when_something_else_is_awaited_between() -> None:
    scene = Scene([JOINING] * 15 + [NOT_YET] + [JOINING] * 15 + [GOOD])
    assert scene.hold(limit_s=900, join_s=20) == "all well"
    with pytest.raises(NotAsPlanned, match="not as planned for 20 s"):
        Scene([JOINING] * 31 + [GOOD]).hold(limit_s=900, join_s=20)


def test_counts_that_were_right_for_a_moment_begin_the_join_time_anew() -> None:
    scene = Scene([JOINING] * 15 + [GOOD] + [JOINING] * 15 + [GOOD])
    assert scene.hold(limit_s=900, join_s=20) == "all well"


def test_the_limit_holds_while_joining_too() -> None:
    with pytest.raises(NotAsPlanned, match="not within 10 s"):
        Scene([JOINING]).hold(limit_s=10, join_s=20)


def test_what_waiting_cannot_mend_ends_at_once() -> None:
    scene = Scene([NOT_YET, BROKEN, GOOD])
    with pytest.raises(GateTimeout, match="a restart: serves the BUILT-IN certificate") as caught:
        scene.hold()
    assert (scene.looks, caught.value.remedy) == (2, "fab check")


def test_what_breaks_while_settling_ends_at_once() -> None:
    with pytest.raises(GateTimeout, match="BUILT-IN"):
        Scene([GOOD, GOOD, BROKEN]).hold(settle_s=3)
    assert Scene([GOOD, GOOD]).hold(settle_s=3) == "all well"


@pytest.mark.parametrize("verdict", [NOT_YET, JOINING, GOOD], ids=["waiting", "joining", "holding"])
def test_a_stop_is_taken_after_a_look_and_without_a_sleep(verdict: Verdict) -> None:
    scene = Scene([verdict], stops_after=0)
    with pytest.raises(Interrupted, match="stopped while waiting: a restart") as caught:
        scene.hold()
    assert (scene.looks, scene.time_s, caught.value.node) == (1, 1000, "gw-a")


def test_a_gate_that_has_settled_is_not_stopped_any_more() -> None:
    assert Scene([GOOD], stops_after=4).hold(settle_s=3) == "all well"
    with pytest.raises(Interrupted, match="stopped"):
        Scene([GOOD], stops_after=3).hold(settle_s=3)


def test_a_broken_gate_is_told_rather_than_the_stop() -> None:
    with pytest.raises(GateTimeout, match="BUILT-IN"):
        Scene([BROKEN], stops_after=0).hold()


def test_the_nudge_is_called_at_every_look_that_does_not_hold() -> None:
    called: list[tuple[str, float]] = []
    scene = Scene([NOT_YET, JOINING, GOOD, NOT_YET, GOOD])
    scene.nudge = lambda view, waited_s: called.append((view["gw-a"].trouble, waited_s))
    scene.hold(settle_s=1)
    assert called == [("1", 0), ("2", 1), ("4", 3)]


def test_an_error_of_the_nudge_ends_the_wait() -> None:
    def nudge(view: View, waited_s: float) -> None:
        if waited_s >= 5:
            raise GateTimeout("the log says: key values mismatch", node="gw-a", remedy="fab recover")

    scene = Scene([NOT_YET], nudge=nudge)
    with pytest.raises(GateTimeout, match="key values mismatch"):
        scene.hold()
    assert scene.time_s == 1005


def test_every_look_is_reported_with_the_seconds_left() -> None:
    scene = Scene([NOT_YET, JOINING, GOOD, GOOD])
    scene.hold(limit_s=60, settle_s=1, poll_s=2)
    assert scene.reported == [(NOT_YET.seen, 60), (JOINING.seen, 58), (GOOD.seen, 56), (GOOD.seen, 54)]
    assert scene.looks == len(scene.reported)


def waiting(text: str, looks: int) -> list[Verdict]:
    return [Waiting(text)] * looks


def test_while_something_happens_it_looks_more_often_and_no_look_comes_late() -> None:
    scene = Scene([*waiting("State 2", 3), *waiting("State 4", 2), GOOD])
    scene.hold(settle_s=3, quick_s=0.25)
    assert scene.looks == 9  # settling is looked at as usual: 3 s after the first that held
    assert scene.time_s == 1000 + 5 * 0.25 + 3


def test_where_nothing_changes_any_more_it_looks_as_usual() -> None:
    scene = Scene([*waiting("no answer", 80), GOOD])
    scene.hold(settle_s=0, quick_s=0.25, limit_s=900)
    assert scene.time_s == pytest.approx(1000 + 15.25 + (80 - 61) * 1 + 0.05)


def test_it_rests_at_least_as_long_as_a_look_takes() -> None:
    for look_s, pause_s, again_s in ((0.5, 0.5, 0.5), (0.1, 0.25, 0.1), (2.0, 1.0, 1.0)):
        scene = Scene([*waiting("State 4", 3), GOOD], look_s=look_s)
        scene.hold(settle_s=0, quick_s=0.25)
        assert scene.time_s == pytest.approx(1000 + 5 * look_s + 3 * pause_s + again_s), look_s


def test_what_holds_and_need_not_settle_is_looked_at_once_more_soon() -> None:
    scene = Scene([GOOD])
    scene.hold(settle_s=0, quick_s=0.25)
    assert scene.looks == 2
    assert scene.time_s == pytest.approx(1000.05)
    flickering = Scene([GOOD, *waiting("State 2", 2), GOOD])
    flickering.hold(settle_s=0, quick_s=0.25)
    assert flickering.looks == 5


def test_the_settle_time_ends_with_a_look_and_not_up_to_a_look_later() -> None:
    scene = Scene([GOOD])
    scene.hold(settle_s=2.5, quick_s=0.25)
    assert scene.time_s == 1002.5


def test_what_is_broken_is_reported_as_well() -> None:
    scene = Scene([BROKEN])
    with pytest.raises(GateTimeout, match="BUILT-IN"):
        scene.hold()
    assert scene.reported == [(BROKEN.seen, 60)]


def test_the_systems_clock_is_utc_and_its_seconds_pass() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.01)
    assert 0.01 <= clock.monotonic() - before < 10
    assert clock.now().tzinfo is UTC
