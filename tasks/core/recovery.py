"""What is wrong with one node, and whether that is one of the four things that `fab recover` mends.

Nothing is certain but what was seen: a process is dead (T1) only if it listens on nothing *and* the log
since its own start says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding
from tasks.core.model import Node
from tasks.core.open_run import OpenRun
from tasks.core.recovery_kinds import (
    Dead,
    Diagnosis,
    Down,
    LostBySync,
    NoAdminFiles,
    NoStore,
    Other,
    SetAside,
    Sound,
)
from tasks.core.recovery_process import Process, Processes
from tasks.core.server_log import dead_admin_lines
from tasks.core.snapshot import FileState, NodeFiles, NodeSnapshot, Unseen
from tasks.core.start_load import ADMIN_FILES
from tasks.core.status import MAINTENANCE, PRODUCTION, STANDBY, NodeStatus
from tasks.core.step_kinds import StepKind

STORE_ERRORS = (500, 509)


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything that was seen of one node.

    Args:
        node: The node that is asked about.
        seen: Its files and what REST says.
        processes: Of its server.
        control_port: Where the cluster's control channel would listen.
        start: The command that would start it.
        log: The end of its default log.
        faults: What a start would make of the files that lie there.
        partner: The other node, where it is one of a pair.
        run: The open run of this machine, if there is one.
        broken_off: Whether a recovery of this node was begun and did not come to its end.
    """

    node: Node
    seen: NodeSnapshot
    processes: Processes
    control_port: int
    start: str = "its service manager"  # the command that starts it
    log: str = field(default="", repr=False)
    faults: tuple[Finding, ...] = ()
    partner: NodeSnapshot | None = None
    run: OpenRun | None = None
    broken_off: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """What the log says since the process's own start; nothing where there is not just one process."""
        if len(self.processes.found) != 1:
            return ()
        return dead_admin_lines(self.log, since=self.processes.found[0].started_at)


def diagnose(sight: Sight) -> Diagnosis:
    """What it is. A node that answers is never `Dead`, `NoAdminFiles` or `Down`."""
    status = sight.seen.status
    return _answering(sight, status) if isinstance(status, NodeStatus) else _silent(sight, status)


def _answering(sight: Sight, status: NodeStatus) -> Diagnosis:
    server, name = status.server, sight.node.name
    if server.state == MAINTENANCE and server.error_code in STORE_ERRORS:
        return NoStore(server.error_code, server.error_message)
    if server.state == MAINTENANCE and server.error_code == 0:
        return SetAside()
    if server.error_code != 0:
        text = f"State {server.state} with ErrorCode {server.error_code} {server.error_message}"
        return Other(text, f"read imaserver-default.log of {name}; mend what it names; fab status")
    if server.state not in (PRODUCTION, STANDBY) or not status.settled:
        text = f"State {server.state} ({server.state_text}): it is on its way up or down"
        return Other(text, f"wait until it has settled: fab status; then fab recover {name}")
    return lost_by_sync(sight) or Sound(f"REST answers, State {server.state}, ErrorCode 0")


def _silent(sight: Sight, unseen: Unseen) -> Diagnosis:
    name, found = sight.node.name, sight.processes.found
    if len(found) > 1:
        pids = ", ".join(str(process.pid) for process in found)
        text = f"{len(found)} processes run with its server.cfg: {pids}"
        return Other(text, f"look which of them is the server's: on {name}: ps -fp {pids.replace(' ', '')}")
    if not found:
        return _without_process(sight)
    process = found[0]
    if process.listens_at(sight.node.admin.port):
        text = f"its admin port is open, but REST says nothing: {unseen.problem}"
        return Other(text, unseen.remedy)
    return _half_up(sight, process) if process.listening else _deaf(sight, process)


def _without_process(sight: Sight) -> Diagnosis:
    name = sight.node.name
    if sight.processes.hidden:
        pids = ", ".join(map(str, sight.processes.hidden))
        text = f"a server runs there (pid {pids}), and our login may not look at it"
        return Other(
            text, f"let the login look, by `sudo: true` of {name} in the inventory; fab recover {name}"
        )
    if sight.broken_off:
        return Down()
    then = sight.run.resume if sight.run else "fab status"
    text = "no server process runs with its server.cfg"
    return Other(text, f"on {name}: {sight.start}; then: {then}")


def _deaf(sight: Sight, process: Process) -> Diagnosis:
    if lines := sight.lines:
        return Dead(process, lines)
    text = (
        f"process {process.pid} listens on nothing, but its log since its start at "
        f"{process.started_at:%H:%M:%S} UTC names no TLS context: it may be starting"
    )
    name = sight.node.name
    return Other(
        text, f"wait a minute: fab recover {name}; if it stays so, read imaserver-default.log of {name}"
    )


def _half_up(sight: Sight, process: Process) -> Diagnosis:
    name, files = sight.node.name, sight.seen.files
    places = ", ".join(process.listening)
    lacks = isinstance(files, NodeFiles) and any(each not in files.others for each in ADMIN_FILES)
    if isinstance(files, NodeFiles) and lacks and process.listens_at(sight.control_port):
        return NoAdminFiles(process, str(files.keystore or "(none)"))
    text = f"process {process.pid} listens at {places}, and not at its admin port {sight.node.admin.port}"
    return Other(text, f"fab check; fab config.show; then read imaserver-default.log of {name}")


def lost_by_sync(sight: Sight) -> LostBySync | None:
    """Both nodes of a pair hold the same files, and not those that the open run swapped in last."""
    run, partner, files = sight.run, sight.partner, sight.seen.files
    if run is None or partner is None or not isinstance(files, NodeFiles):
        return None
    last = last_swap(run, sight.node.member, among=run.progress.done)
    theirs = partner.files
    if last is None or not isinstance(theirs, NodeFiles):
        return None
    wanted = run.plan.target_after(sight.node.member, round=last).files
    if _lie(files.files, wanted) or _unlike(files.files, theirs.files):
        return None
    roles = {_role(each): each.node.name for each in (sight.seen, partner)}
    if set(roles) != {"PRIMARY", "STANDBY"}:
        return None
    return LostBySync(sight.node.member, roles["PRIMARY"], roles["STANDBY"], last)


def last_swap(run: OpenRun, member: str, *, among: Collection[str]) -> int | None:
    """The round whose files were swapped in last for the member; None if none of these steps does that.

    Args:
        among: The ids of the steps that count: those that are done, or that were begun.
    """
    rounds = [
        step.round
        for step in run.plan.steps
        if step.kind is StepKind.SWAP and step.target == member and step.id in among
    ]
    return rounds[-1] if rounds else None


def _role(seen: NodeSnapshot) -> str:
    return seen.status.role if isinstance(seen.status, NodeStatus) else ""


def _lie(states: Mapping[str, FileState], wanted: Mapping[str, str]) -> bool:
    return all(states[name].is_as(sha) for name, sha in wanted.items())


def _unlike(states: Mapping[str, FileState], others: Mapping[str, FileState]) -> bool:
    return any(states[name].sha256 != others[name].sha256 for name in states)


def next_of(run: OpenRun | None) -> str:
    """What the operator types once the node is sound."""
    return f"fab status; then {run.resume}" if run else "fab status"


def faults_of(sight: Sight) -> Iterator[str]:
    """What is wrong with the credential files, as sentences."""
    yield from (fault.problem for fault in sight.faults if fault.name != "start-unreachable")
