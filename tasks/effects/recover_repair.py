"""The four repairs. Each is gated, and ends with what was seen."""

from __future__ import annotations

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import GateTimeout, Refused
from tasks.core.gates import Gate, Holds, Verdict, View, in_order, serves
from tasks.core.pending import chain_on_disk, has_own_pair
from tasks.core.plan import Step
from tasks.core.recovery import STORE_ERRORS
from tasks.core.recovery_choice import Goal, expected_after
from tasks.core.recovery_gates import is_well, joined, planned
from tasks.core.recovery_keystore import KeystoreGoal
from tasks.core.recovery_kinds import LostBySync
from tasks.core.recovery_process import Process
from tasks.core.resuming import clocks
from tasks.core.status import MAINTENANCE, NodeStatus
from tasks.core.step_kinds import StepKind
from tasks.effects.look import look_at_node
from tasks.effects.looking import look_at_files
from tasks.effects.placing import swap
from tasks.effects.recover_files import put_files, put_keystore_right
from tasks.effects.recover_lock import Hold
from tasks.effects.recover_process import end_dead, end_half_up
from tasks.effects.recover_waits import Recovery
from tasks.effects.run import Run
from tasks.effects.service import request_restart

_RESTARTS = 2  # another restart or two usually heals the store (T5)


def revive(of: Recovery, hold: Hold, process: Process, goal: Goal, wanted: CredentialSet | None) -> str:
    """T1: files first, then TERM, TERM, start; and what it serves then."""
    remote = of.site.remote(of.node)
    if goal.placed:
        of.report.note(of.node.name, put_files(remote, of.scene, goal, wanted))
    hold.midway = True
    end_dead(remote, process, clock=of.site.clock, report=of.waiting("the end of its process"))
    return bring_back(of, hold, goal)


def bring_back(of: Recovery, hold: Hold, goal: Goal) -> str:
    """Start a server that has ended, and prove what it serves and whom it is connected with."""
    of.start()
    hold.midway = False
    status = of.await_settled()
    of.require_well(status)
    return _proven(of, goal, status)


def lead_to_admin_files(of: Recovery, hold: Hold, process: Process, goal: KeystoreGoal) -> str:
    """T11: files or KeyStore first, then one TERM and a start."""
    remote = of.site.remote(of.node)
    of.report.note(of.node.name, put_keystore_right(remote, of.scene, goal))
    files = look_at_files(remote)
    chain = chain_on_disk(files) if has_own_pair(files) else ()
    hold.midway = True
    end_half_up(remote, process, clock=of.site.clock, report=of.waiting("the end of its process"))
    return bring_back(of, hold, Goal({}, chain[0].sha256 if chain else "", "", placed=False))


def _proven(of: Recovery, goal: Goal, status: NodeStatus) -> str:
    """A standby serves nothing, and the pair's sync has the last word about its files (T7)."""
    if status.is_standby:
        return of.hold(_settles(of.node.name), "a settled standby")
    served = goal.leaf_sha256 or _builtin_of(of)
    gates = [serves(of.node.name, served)] if served else []
    gates.append(_connected(of, goal))
    address = look_at_node(of.site, of.node).snapshot.control_address
    return of.hold(in_order(*gates), "its certificate and its peers", address=address)


def _settles(node: str) -> Gate:
    def gate(view: View) -> Verdict:
        return Holds(f"{node} is a standby again")

    return gate


def _builtin_of(of: Recovery) -> str:
    """The built-in certificate that the open run saw there before it began; "" where none is known."""
    run = of.scene.sight.run
    sha = run.plan.before.get(of.node.name, "") if run else ""
    return sha if len(sha) == 64 else ""


def _connected(of: Recovery, goal: Goal) -> Gate:
    run = of.scene.sight.run
    if run is not None:
        return planned(of.site.cluster, expected_after(run, goal))
    return joined(of.node.name) if len(of.site.cluster.members) > 1 else _settles(of.node.name)


def heal_store(of: Recovery) -> str:
    """T5: restart it until the store is there, at most twice.

    Raises:
        GateTimeout: It still is not.
        Refused: It is in another state than was looked at.
    """
    for attempt in range(1, _RESTARTS + 1):
        before = _require_maintenance(of, codes=STORE_ERRORS)
        of.report.note(of.node.name, f"restart {attempt} of at most {_RESTARTS}")
        request_restart(
            of.site.remote(of.node),
            of.site.admin(of.node),
            clock=of.site.clock,
            report=of.waiting("the end of its process"),
        )
        status = of.await_return(started_before=before.server.started_at)
        if is_well(status):
            return f"State {status.server.state}, ErrorCode 0, after {attempt} restart{'s' * (attempt > 1)}"
    raise GateTimeout(
        f"after {_RESTARTS} restarts still State {status.server.state}, ErrorCode {status.server.error_code} "
        f"{status.server.error_message}",
        node=of.node.name,
        remedy=f"its store does not come back by restarts: read imaserver-default.log of {of.node.name}, restore "
        "the store from your backups, or, in a pair, have the other node be primary; nothing was deleted",
    )


def leave_maintenance(of: Recovery) -> str:
    """T5 without an error: restart it into production."""
    before = _require_maintenance(of, codes=(0,))
    of.site.admin(of.node).leave_maintenance()
    status = of.await_return(started_before=before.server.started_at)
    of.require_well(status)
    return f"State {status.server.state}, ErrorCode 0"


def _require_maintenance(of: Recovery, *, codes: tuple[int, ...]) -> NodeStatus:
    """A restart is for the state that was looked at, and for no other (T5)."""
    status = of.status()
    if status.server.state != MAINTENANCE or status.server.error_code not in codes:
        text = f"it is at State {status.server.state} with ErrorCode {status.server.error_code} by now"
        raise Refused(
            f"{text}; it was not restarted",
            node=of.node.name,
            remedy=f"look again: fab recover {of.node.name}",
        )
    return status


def swap_in_again(of: Recovery, lost: LostBySync, wanted: CredentialSet | None) -> str:
    """T7: the open run's files once more, the primary first, then the standby; nothing is restarted."""
    record = of.scene.record
    assert record is not None  # only an open run can tell that something was lost
    run = Run(
        site=of.site,
        plan=record.plan,
        record=record,
        sets={lost.member: wanted} if wanted else {},
        clock_offsets=clocks(of.scene.snapshot),
        report=of.report,
        stop=of.stop,
    )
    return swap(run, _swap_step(record.plan.steps, lost))


def _swap_step(steps: tuple[Step, ...], lost: LostBySync) -> Step:
    return next(s for s in steps if (s.kind, s.target, s.round) == (StepKind.SWAP, lost.member, lost.round))
