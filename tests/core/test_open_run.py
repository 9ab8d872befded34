"""What is said of a run that stays open between two maintenance windows."""

from __future__ import annotations

from tasks.core.file_names import CA_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.open_run import OpenRun, as_left_by, between_rounds
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.snapshot import Snapshot
from tasks.core.task_names import ROLLBACK
from tests.core.certs import BUILTIN_SET, OWN, SHARED
from tests.core.kinds import NEW, of_all
from tests.core.plans import plan_of
from tests.core.snapshots import alter_file, healthy

OVERLAP = plan_of(healthy(runs=OWN.sets), NEW["ca"], strategy="overlap")
BRIDGE = plan_of(healthy(runs=of_all(BUILTIN_SET)), of_all(SHARED), strategy="bridge")
STILL_TRUSTED = "until its last round is done, whoever has the built-in key can still join the cluster"


def left_open(plan: Plan, *, after: int) -> tuple[str, ...]:
    done = frozenset(step.id for step in plan.steps if step.round <= after)
    return between_rounds(OpenRun("RUN-1", plan, Progress(done=done)))


def test_it_is_told_what_is_still_to_come_and_what_the_way_back_would_be() -> None:
    assert left_open(OVERLAP, after=1) == (
        "still to come: round 2: the new keys and certificates; round 3: CA files trust the new alone",
        "the way back from here: fab rollback, 1 round with 3 restarts of members, nobody apart",
    )
    assert "fab rollback, 2 rounds with 6 restarts" in left_open(OVERLAP, after=2)[1]


def test_of_a_bridge_it_is_told_that_it_has_closed_nothing_yet() -> None:
    assert left_open(BRIDGE, after=1) == (
        "still to come: round 2: CA files trust the new alone",
        STILL_TRUSTED,
        "the way back from here: fab rollback, 1 round with 3 restarts of members, nobody apart",
    )
    assert STILL_TRUSTED not in left_open(BRIDGE, after=2)


def test_of_a_rollback_no_way_back_is_told_and_nothing_of_the_trust_that_a_migration_closes() -> None:
    back = BRIDGE.model_copy(update={"task": ROLLBACK, "undoes": "RUN-0"})
    assert left_open(back, after=1) == ("still to come: round 2: CA files trust the new alone",)


def test_before_the_first_round_is_complete_nothing_is_to_be_said() -> None:
    assert left_open(OVERLAP, after=0) == ()


WAITS = Finding("pending-files", Severity.WARNING, "gw-a", "another file lies there", "look")


def swapped(plan: Plan, *, of: str) -> OpenRun:
    """A run whose first swap is done, without the restart."""
    return OpenRun("RUN-1", plan, Progress(done=frozenset({f"swap:{of}@1"})))


def as_round_1_left(snapshot: Snapshot, plan: Plan, *, node: str) -> Snapshot:
    for name, sha256 in plan.target_after(node, round=1).files.items():
        snapshot = alter_file(snapshot, node, name, sha256=sha256)
    return snapshot


def test_files_that_the_open_run_placed_and_no_restart_has_loaded_are_a_fact_and_no_fault() -> None:
    seen = as_round_1_left(healthy(runs=OWN.sets), OVERLAP, node="gw-a")
    (told,) = as_left_by(swapped(OVERLAP, of="gw-a"), [WAITS], seen)
    assert (told.severity, told.remedy) == (Severity.INFO, "fab migrate-cluster --resume")
    assert told.problem == "another file lies there; that is how run RUN-1 left it"


def test_files_that_it_did_not_place_stay_a_warning() -> None:
    seen = as_round_1_left(healthy(runs=OWN.sets), OVERLAP, node="gw-a")
    other = alter_file(seen, "gw-a", CA_FILE, sha256="another")
    assert as_left_by(swapped(OVERLAP, of="gw-a"), [WAITS], other) == (WAITS,)
    assert as_left_by(swapped(OVERLAP, of="gw-b"), [WAITS], seen) == (WAITS,)
    assert as_left_by(None, [WAITS], seen) == (WAITS,)
