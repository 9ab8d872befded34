"""Checks of HA pairs: formed, in sync, and why not."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.findings import Finding, Severity
from tasks.core.ha_gates import reason_text
from tasks.core.model import Member
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus

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
        yield _error("pair-roles", member.name, text, _way_out(member, by_node))
    elif not all(status.ha.in_sync for status in statuses):
        text = ", ".join(f"{s.ha.active_nodes} active, {s.ha.sync_nodes} in sync" for s in statuses)
        yield _error("pair-sync", member.name, f"not in sync: {text}", "wait for the sync: fab status")


def _way_out(member: Member, by_node: dict[str, NodeStatus]) -> str:
    waiting = [n for n, s in by_node.items() if s.ha.new_role == "UNSYNC" and not s.ha.reason_code]
    if not waiting:
        return HEAL_FIRST
    return (
        f"{' and '.join(waiting)} looks for the other node: not reached, or of other HA credentials, until it gives "
        f"up (DiscoveryTimeout); an open run of fab ha.migrate or ha.create goes on with --resume. Else {HEAL_FIRST}"
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
