"""Waiting for the queues towards a restarted member; on a fake clock, against nodes that say what a test says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.errors import GateTimeout, Interrupted, RemoteError
from tasks.core.model import Cluster, Node
from tasks.core.plan import Counts, Plan, Step
from tasks.core.status import NodeStatus, Queue, RemoteMember
from tasks.core.step_kinds import StepKind
from tasks.core.wanted_queues import USUAL_QUEUES, WantedQueues
from tasks.effects.console_reporter import ConsoleReporter
from tasks.effects.pool import Pool
from tasks.effects.queues import TOLD, await_drained, queues_before
from tasks.effects.record import open_run
from tasks.effects.run import Run
from tasks.effects.site import Site
from tests.core.snapshots import cluster, pair, uid
from tests.core.statuses import node_status

NAMES = ("gw-a", "gw-b", "gw-d")
TOGETHER = {name: Counts(connected=2, disconnected=0) for name in NAMES}
RESTART = Step(kind=StepKind.RESTART, target="gw-a", expected=TOGETHER)
STANDBY = Step(kind=StepKind.RESTART_STANDBY, target="gw-d", expected=TOGETHER)
LAST = Step(kind=StepKind.RESTART, target="gw-b", expected=TOGETHER)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Seen = tuple[str, int, int]  # Status, BufferedMsgs, DiscardedMsgs


@dataclass
class Scene:
    """gw-a restarts; gw-b and the pair gw-d, of which gw-d2 is the standby, hold messages for it.

    One list per look and sender; the last one stays. A text is why nothing can be read.
    """

    gw_b: list[Seen | str]
    gw_d1: list[Seen | str] = field(default_factory=lambda: [("Active", 0, 0)])
    knows_uid: bool = True
    looks: dict[str, int] = field(default_factory=dict)
    time_s: float = 1000.0
    stops_after: int = 10**6

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.time_s)

    def monotonic(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    def requested(self) -> bool:
        return self.looks.get("gw-b", 0) >= self.stops_after

    def admin(self, node: Node) -> SimpleNamespace:
        return SimpleNamespace(
            remotes=lambda: self._remotes(node.name), status=lambda: self._status(node.name)
        )

    def _status(self, node: str) -> NodeStatus:
        if not self.knows_uid:
            raise RemoteError("connection refused", node=node, remedy="-")
        return node_status(uid=uid("gw-a"))

    def _remotes(self, node: str) -> tuple[RemoteMember, ...] | None:
        if node == "gw-d2":
            return None
        script = self.gw_b if node == "gw-b" else self.gw_d1
        self.looks[node] = self.looks.get(node, 0) + 1
        seen = script[min(self.looks[node], len(script)) - 1]
        if isinstance(seen, str):
            raise RemoteError(seen, node=node, remedy="-")
        status, buffered, discarded = seen
        other = RemoteMember("same-name", "UID-other", "Active", "Green", "Single", Queue(10**6, 10**6))
        return other, RemoteMember(
            "same-name", uid("gw-a"), status, "Green", "Single", Queue(buffered, discarded)
        )


class Ground:
    """Runs of one journal, as one after the other works on it."""

    def __init__(self, place: Path, pool: Pool) -> None:
        made = cluster("gw-a", "gw-b", pair("gw-d"))
        self.cluster: Cluster = dataclasses.replace(made, runs_dir=place)
        self.pool = pool
        plan = Plan(
            cluster="production",
            cluster_name="MyCluster",
            steps=(RESTART, STANDBY, LAST),
            targets={},
            before={},
            baseline=TOGETHER,
            pairs=("gw-d",),
            addresses={},
        )
        self.record = open_run(place, plan, at=NOON)

    def run(self, scene: Scene, queues: WantedQueues = USUAL_QUEUES) -> Run:
        made = dataclasses.replace(self.cluster, queues=queues)
        site = SimpleNamespace(cluster=made, clock=scene, pool=self.pool, admin=scene.admin)
        return Run(
            site=cast("Site", site),
            plan=self.record.plan,
            record=self.record,
            sets={},
            clock_offsets={},
            report=ConsoleReporter(),
            stop=scene,
        )

    def noted(self, *seen: Seen) -> None:
        """The restart was asked for when gw-b and gw-d showed this."""
        run = self.run(Scene([seen[0]], [seen[-1]]))
        run.write("noted", RESTART, started_before=NOON.isoformat(), **queues_before(run, RESTART))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with Pool() as pool:
        yield Ground(tmp_path, pool)


def test_where_nothing_waits_one_look_is_enough(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    scene = Scene([("Active", 103, 0)])
    assert await_drained(ground.run(scene), RESTART) == "queues drained"
    assert (scene.looks, scene.time_s) == ({"gw-b": 1, "gw-d1": 1}, 1000)


def test_what_waits_is_waited_for_and_shown(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    ground.noted(("Active", 3, 0))
    scene = Scene([("Active", 900, 0), ("Active", 400, 0), ("Active", 103, 0)])
    assert await_drained(ground.run(scene), RESTART) == "queues drained"
    told = capsys.readouterr().err
    assert "[gw-a] waiting for the queues towards gw-a: gw-b holds 400 messages for gw-a, wanted 103" in told


def test_a_stuck_queue_ends_at_its_limit_with_what_was_seen_last(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    scene = Scene([("Active", 900, 0), ("Active", 901, 0)])
    wanted = "not within 300 s; last seen: gw-b holds 901 messages for gw-a, wanted 103 at most"
    with pytest.raises(GateTimeout, match=wanted) as caught:
        await_drained(ground.run(scene), RESTART)
    assert scene.time_s == pytest.approx(1300)
    assert "fab migrate-cluster --resume" in caught.value.remedy
    assert "limits.drain_s" in caught.value.remedy


def test_a_wider_margin_lets_the_same_queue_pass(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    run = ground.run(Scene([("Active", 900, 0)]), WantedQueues(margin=897))
    assert await_drained(run, RESTART) == "queues drained"


def test_a_member_that_is_not_connected_is_not_waited_for(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    assert await_drained(ground.run(Scene([("Inactive", 900, 0)])), RESTART) == "queues drained"


def test_queues_that_cannot_be_read_are_waited_for_up_to_the_limit(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    scene = Scene(["HTTP 500", "HTTP 500", ("Active", 0, 0)])
    assert await_drained(ground.run(scene), RESTART) == "queues drained"
    with pytest.raises(GateTimeout, match="last seen: gw-b: HTTP 500"):
        await_drained(ground.run(Scene(["HTTP 500"])), RESTART)


def test_a_member_whose_uid_nobody_says_is_waited_for(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    with pytest.raises(GateTimeout, match="no ServerUID to look for"):
        await_drained(ground.run(Scene([("Active", 0, 0)], knows_uid=False)), RESTART)


def test_a_stop_is_taken_during_the_wait(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    with pytest.raises(Interrupted, match="stopped while waiting: the queues towards gw-a"):
        await_drained(ground.run(Scene([("Active", 900, 0)], stops_after=3)), RESTART)


def test_of_a_pair_only_the_primary_is_believed(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    scene = Scene([("Active", 3, 0)], [("Active", 500, 0)])
    with pytest.raises(GateTimeout, match="gw-d holds 500 messages for gw-a"):
        await_drained(ground.run(scene), RESTART)
    with pytest.raises(GateTimeout, match="gw-d: only a standby answers"):
        await_drained(ground.run(Scene([("Active", 3, 0)], ["only a standby answers"])), RESTART)


def test_the_measure_is_taken_once_before_the_first_request(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    assert queues_before(ground.run(Scene([("Active", 900, 0)])), RESTART) == {}
    assert json.loads(ground.record.progress().facts[RESTART.id]["queues"]) == {
        "gw-b": [3, 0],
        "gw-d": [3, 0],
    }


def test_the_measure_is_taken_anew_where_the_restart_is_asked_for_again(ground: Ground) -> None:
    ground.noted(("Active", 3, 0))
    run = ground.run(Scene([("Active", 9, 0)]))
    run.write("noted", RESTART, started_before="")
    assert json.loads(queues_before(run, RESTART)["queues"])["gw-b"] == [9, 0]


def test_before_the_request_queues_must_be_readable(ground: Ground) -> None:
    with pytest.raises(
        GateTimeout, match="the queues before the restart: not within 300 s; last seen: gw-b: HT"
    ):
        queues_before(ground.run(Scene(["HTTP 500"])), RESTART)
    assert "queues" in queues_before(ground.run(Scene(["HTTP 500", ("Active", 0, 0)])), RESTART)


def test_a_standby_alone_is_missed_by_nobody(ground: Ground) -> None:
    assert queues_before(ground.run(Scene(["not asked"])), STANDBY) == {}


def test_lost_messages_are_told_and_the_run_goes_on(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.noted(("Active", 3, 10))
    seen = await_drained(ground.run(Scene([("Active", 3, 12)], [("Active", 3, 10)])), RESTART)
    assert seen == "queues drained; gw-b discarded 2 (DiscardedMsgs 10 -> 12)"
    wanted = "[gw-a] messages for gw-a are lost: gw-b discarded 2 (DiscardedMsgs 10 -> 12)"
    assert wanted in capsys.readouterr().err


def test_lost_messages_stop_the_line_once_where_the_inventory_says_so(ground: Ground) -> None:
    ground.noted(("Active", 3, 10))
    stop = WantedQueues(discarded="stop")

    def scene(discarded: int) -> Scene:
        return Scene([("Active", 3, discarded)], [("Active", 3, 10)])

    with pytest.raises(GateTimeout, match="messages for gw-a are lost: gw-b discarded 2") as caught:
        await_drained(ground.run(scene(12), stop), RESTART)
    assert caught.value.exit_code == 5
    assert "--resume" in caught.value.remedy
    assert json.loads(ground.record.progress().facts[RESTART.id][TOLD]) == {"gw-b": 12}
    resumed = await_drained(ground.run(scene(12), stop), RESTART)
    assert resumed == "queues drained; gw-b discarded 2 (DiscardedMsgs 10 -> 12)"
    with pytest.raises(GateTimeout, match=r"gw-b discarded 1 \(DiscardedMsgs 12 -> 13\)"):
        await_drained(ground.run(scene(13), stop), RESTART)


def test_where_nothing_was_lost_nothing_stops(ground: Ground) -> None:
    ground.noted(("Active", 3, 10))
    run = ground.run(Scene([("Active", 3, 10)]), WantedQueues(discarded="stop"))
    assert await_drained(run, RESTART) == "queues drained"
    assert TOLD not in ground.record.progress().facts[RESTART.id]
