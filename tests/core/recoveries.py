"""Sights of one node for tests of `fab recover`'s rules: a healthy one, and what a test changes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tasks.core.findings import Finding, Severity
from tasks.core.open_run import OpenRun
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.recovery import Sight
from tasks.core.recovery_process import Process, Processes
from tasks.core.snapshot import Snapshot
from tests.core.certs import SHARED
from tests.core.snapshots import NO_ANSWER, alter, healthy
from tests.core.statuses import NOON

CONTROL = 9104
LATER = NOON + timedelta(seconds=2)
EARLIER = NOON - timedelta(hours=3)
NO_CONTEXT = 'CWLNA0911 E: Unable to create an SSL/TLS context: Endpoint="!Forwarder" Error="mismatch"'
ERROR_187 = "CWLNA6120 E: Eclipse Amlen detects an error. The error code is 187."
BAD_KEY = Finding("start-dead", Severity.ERROR, "gw-a", "Cluster_key.pem does not belong to it (T1)", "place")


def process(*listening: str, pid: int = 4711) -> Process:
    return Process(pid, ticks=1234, started_at=NOON, listening=listening)


def log(text: str, *, at: object = LATER) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z Server       .          {text}\n"


def silent(snapshot: Snapshot | None = None, *, name: str = "gw-a") -> Snapshot:
    """Its REST answers nobody, and nothing is on the wire."""
    return alter(snapshot or healthy(runs=SHARED), name, status=NO_ANSWER, wire=NO_ANSWER)


def sight(snapshot: Snapshot, *, name: str = "gw-a", **changes: object) -> Sight:
    node = snapshot.nodes[name].node
    partners = [n for n in snapshot.cluster.member(node.member).nodes if n.name != name]
    seen = Sight(
        node=node,
        seen=snapshot.nodes[name],
        processes=Processes((process(f"10.0.0.1:{node.admin.port}", f"10.0.0.1:{CONTROL}"),)),
        control_port=CONTROL,
        start="start it",
        partner=snapshot.nodes[partners[0].name] if partners else None,
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


def dead(snapshot: Snapshot | None = None, **changes: object) -> Sight:
    """T1, as it is."""
    seen = sight(silent(snapshot), processes=Processes((process(),)), log=log(NO_CONTEXT), faults=(BAD_KEY,))
    return replace(seen, **changes)  # type: ignore[arg-type]


def open_run(plan: Plan, *, done: tuple[str, ...] = (), begun: tuple[str, ...] = ()) -> OpenRun:
    return OpenRun("RUN-1", plan, Progress(done=frozenset(done), begun=frozenset(begun)))
