"""Checks of HA pairs: formed, in sync, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tasks.core.checks_ha_files import differing
from tasks.core.findings import Finding, Severity
from tasks.core.ha_reasons import reason_text
from tasks.core.model import Member
from tasks.core.run_ids import run_begun
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus

RESTART = 'POST service/restart {"Service": "Server"} to its admin API'
HEAL_FIRST = "form or heal the pair first; never restart both at once"


def pairs_in_sync(snapshot: Snapshot) -> Iterator[Finding]:
    for member in snapshot.cluster.members:
        seen = [snapshot.nodes[node.name] for node in member.nodes]
        if any(not isinstance(one.status, NodeStatus) for one in seen):
            continue
        yield from (_pair_findings if member.is_pair else _single_findings)(member, seen)


def _pair_findings(member: Member, seen: list[NodeSnapshot]) -> Iterator[Finding]:
    by_node = {one.node.name: one.status for one in seen if isinstance(one.status, NodeStatus)}
    statuses = tuple(by_node.values())
    roles = sorted(status.ha.new_role or "HADISABLED" for status in statuses)
    if not any(status.ha.enabled for status in statuses):
        text = "its nodes are not an HA pair yet: HighAvailability is not enabled on either"
        yield _error("pair-not-formed", member.name, text, f"fab ha.create {member.name}")
    elif roles != ["PRIMARY", "STANDBY"]:
        reasons = "".join(
            f"; {name}: {reason_text(s.ha.reason_code, s.ha.reason)}"
            for name, s in by_node.items()
            if s.ha.reason_code
        )
        text = f"roles {' and '.join(roles)}, wanted PRIMARY and STANDBY{reasons}"
        yield _error("pair-roles", member.name, text, _way_out(member, seen, by_node))
    elif not all(status.ha.in_sync for status in statuses):
        text = ", ".join(f"{s.ha.active_nodes} active, {s.ha.sync_nodes} in sync" for s in statuses)
        yield _error("pair-sync", member.name, f"not in sync: {text}", "wait for the sync: fab status")


def _way_out(member: Member, seen: list[NodeSnapshot], by_node: dict[str, NodeStatus]) -> str:
    lost = [name for name, status in by_node.items() if status.ha.new_role in ("UNSYNC", "UNSYNC_ERROR")]
    found = {one.node.name: one.files for one in seen if isinstance(one.files, NodeFiles)}
    names = differing({name: files.ha for name, files in found.items()})
    if names and lost:
        return _other_files(names, lost, found)
    waiting = [name for name in lost if not by_node[name].ha.reason_code]
    if not waiting:
        return HEAL_FIRST
    return (
        f"{' and '.join(waiting)} looks for the other node: not reached, or of other HA credentials, until it gives "
        f"up (DiscoveryTimeout); an open run of fab ha.migrate or ha.create goes on with --resume. "
        f"{_same_files(found, by_node)}Else {HEAL_FIRST}"
    )


def _same_files(found: dict[str, NodeFiles], by_node: dict[str, NodeStatus]) -> str:
    """A run given up after both nodes got their files: one of them has loaded the former ones."""
    leads = [name for name, status in by_node.items() if status.ha.new_role == "PRIMARY"]
    placed = [files for files in found.values() if any(state.exists for state in files.ha.files.values())]
    if not leads or len(placed) < 2:
        return ""
    return (
        f"Without one: the HA_* files are the same on both; if {leads[0]} was started before they came, a restart "
        f"lets it load them and find the other one: {RESTART} (its clients have no server for about 20 s"
        f"{_former(found)}). "
    )


def _former(found: dict[str, NodeFiles]) -> str:
    runs = {
        name: [e for e in files.work_entries if run_begun(PurePosixPath(e).name)]
        for name, files in found.items()
    }
    newest = {name: max(entries) for name, entries in runs.items() if entries}
    backups = [f"{entry}/backup on {name}" for name, entry in newest.items()]
    return f"; former files: {', '.join(backups)}" if backups else ""


def _other_files(names: tuple[str, ...], lost: list[str], found: dict[str, NodeFiles]) -> str:
    """Two nodes that stay apart with different HA credentials."""
    what = (
        f"the files of the node that serves on {lost[0]}"
        if len(lost) == 1
        else "one node's files on the other"
    )
    return (
        f"{', '.join(names)} are not the same on its nodes: an open run of fab ha.migrate goes on with --resume. "
        f"Without one: put {what} as well{_former(found)}; once a node has given up its search (State 9, not "
        f"before): {RESTART}"
    )


def _single_findings(member: Member, seen: list[NodeSnapshot]) -> Iterator[Finding]:
    status = seen[0].status
    if isinstance(status, NodeStatus) and status.ha.enabled:
        yield _error(
            "pair-unlisted",
            member.name,
            f"High availability is enabled (role {status.ha.new_role}), but the inventory has one node",
            "list both nodes: `pair: {NODE: {host: ...}, NODE: {host: ...}}`",
        )


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
