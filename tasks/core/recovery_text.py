"""`fab recover` on one screen: what was seen, what is wrong, what would be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from tasks.core.model import Node
from tasks.core.open_run import OpenRun
from tasks.core.recovery import Sight
from tasks.core.recovery_choice import Goal
from tasks.core.recovery_keystore import Copied, KeystoreGoal, Led
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
from tasks.core.recovery_process import Process
from tasks.core.snapshot import NodeFiles, NodeSnapshot
from tasks.core.start_load import ADMIN_FILES
from tasks.core.status import NodeStatus
from tasks.core.text_table import TextTable, duration, printable

_LINES = 2  # of the log: the cause, and what came of it


def sight_table(sight: Sight, *, at: str) -> TextTable:
    """A row per thing that was looked at."""
    rows = [("process", "\n".join(_processes(sight)) or "none"), ("REST", _rest(sight.seen))]
    rows.append(("log", "\n".join(map(_squeezed, sight.lines[-_LINES:])) or _silence(sight)))
    rows.append(("files", "\n".join(map(printable, _files(sight)))))
    if sight.run:
        rows.append(("open run", printable(sight.run.line)))
    return TextTable(f"{sight.node.name} at {at}", ("SEEN", "WHAT"), tuple(rows))


def _processes(sight: Sight) -> Iterator[str]:
    for one in sight.processes.found:
        where = "listens on nothing" if not one.listening else f"listens at {', '.join(one.listening)}"
        yield f"{one.pid}, started {one.started_at:%Y-%m-%d %H:%M:%S} UTC, {where}"
    yield from (f"{pid}, which our login may not look at" for pid in sight.processes.hidden)


def _squeezed(line: str) -> str:
    return printable(" ".join(line.split()))


def _silence(sight: Sight) -> str:
    return "names no TLS context since that start" if len(sight.processes.found) == 1 else "-"


def _rest(seen: NodeSnapshot) -> str:
    status = seen.status
    if not isinstance(status, NodeStatus):
        return printable(status.problem)
    server, role = status.server, "" if not status.ha.enabled else f", {status.role}"
    error = f" {printable(server.error_message)}" if server.error_code else ""
    return (
        f"State {server.state} ({printable(server.state_text)}), ErrorCode {server.error_code}{error}{role}"
    )


def _files(sight: Sight) -> Iterator[str]:
    files = sight.seen.files
    if not isinstance(files, NodeFiles):
        yield files.problem
        return
    found = tuple(fault.problem for fault in sight.faults)
    yield from found or ("a start would work with them",)


def sentence(diagnosis: Diagnosis) -> str:
    """What is wrong, with its name in the list of traps."""
    match diagnosis:
        case Sound(words):
            return f"nothing is wrong: {words}"
        case Dead():
            return "T1: the server runs but can make no TLS context of its files, so it listens on nothing"
        case NoAdminFiles(_, keystore):
            return (
                "T11: the cluster ports are up, the admin API is not: its own certificate and key are not "
                f"where KeyStore of server.cfg leads: {keystore}"
            )
        case NoStore(code, message):
            return (
                f"T5: maintenance, because the store is not available (ErrorCode {code} {printable(message)}): "
                "an unclean end before its last start; another restart usually heals it"
            )
        case SetAside():
            return "T5: maintenance without an error: somebody has put it into maintenance"
        case LostBySync(member, primary, standby, _):
            return (
                f"T7: {standby} has lost the files that were swapped in to a sync: both nodes of {member} hold "
                f"the former ones of {primary}"
            )
        case Down():
            return "it is down: an earlier `fab recover` ended its process and came no further"
        case Other(problem, _):
            return f"not for `fab recover`: {problem}"
        case _:
            assert_never(diagnosis)


def files_step(goal: Goal, *, kept_in: str) -> str:
    """What is done about the files of a dead server."""
    if not goal.placed:
        return f"leave {goal.source}"
    return (
        f"put back {goal.source}: CA file, certificate, key in one swap, read back by hash; "
        f"what lies there now is kept in {kept_in}"
    )


def keystore_step(goal: KeystoreGoal, *, kept_in: str) -> str:
    match goal:
        case Copied(source, keystore):
            return f"copy {' and '.join(ADMIN_FILES)} from {source} to {keystore}"
        case Led(keystore):
            return f"lead KeyStore of server.cfg to {keystore}; the server.cfg of now is kept in {kept_in}"
        case _:
            assert_never(goal)


def ending_step(process: Process, *, patience_s: float) -> str:
    """T1: it ignores the first TERM."""
    return (
        f"TERM to process {process.pid}, if that is the same one and listens on nothing; "
        f"once more where it is still there after {patience_s:.3g} s"
    )


def half_up_step(process: Process) -> str:
    return f"TERM to process {process.pid}, once, if that is the same one and its admin port is shut"


def starting_steps(node: Node, *, command: str, proof: str) -> tuple[str, str]:
    return (
        f"start it: {command}",
        f"wait for State 1, 9 or 10, at most {duration(node.limits.restart_s)}; then {proof}",
    )


def proof_words(goal: Goal, run: OpenRun | None) -> str:
    """What must be seen of a server that was started."""
    served = f"{goal.leaf_sha256[:8]} on the wire" if goal.leaf_sha256 else "its certificate on the wire"
    counts = f"the counts of run {run.id} at this point" if run else "a peer that is connected"
    return f"{served}, and {counts}"


def store_step(node: Node) -> str:
    limit = duration(node.limits.restart_s)
    return f"restart it, at most twice, until it comes to State 1 (in a pair also 10), at most {limit} each"


def maintenance_step(node: Node) -> str:
    return f"restart it out of maintenance, wait for State 1 or 10, at most {duration(node.limits.restart_s)}"


def sync_steps(lost: LostBySync) -> tuple[str, str]:
    return (
        f"swap the open run's files in on {lost.primary}, the primary, and read them back",
        f"the same on {lost.standby}; nothing is restarted",
    )


def numbered(steps: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"  {number}. {step}" for number, step in enumerate(steps, 1))
