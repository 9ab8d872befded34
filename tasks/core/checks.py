"""Every check: a small function from what was seen to findings. None changes anything.

`fab check` shows all of them; a migration begins only where none is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tasks.core.checks_files import file_checks
from tasks.core.checks_members import GROW_UP, cluster_active, members_known
from tasks.core.findings import Finding, Severity
from tasks.core.model import ByContainer, Member
from tasks.core.observed import pending_ca
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen
from tasks.core.status import PRODUCTION, STANDBY, Membership, NodeStatus

Check = Callable[[Snapshot], Iterable[Finding]]


def check_cluster(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Everything that is wrong with the cluster as it runs now, all at once."""
    return tuple(finding for check in CHECKS for finding in check(snapshot))


def error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def warning(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, where, problem, remedy)


def _each(snapshot: Snapshot) -> Iterator[NodeSnapshot]:
    """The nodes that SSH reaches; the others have one finding of their own."""
    return (seen for seen in snapshot.nodes.values() if seen.sshd is None)


def ssh_reaches(snapshot: Snapshot) -> Iterator[Finding]:
    for name, seen in snapshot.nodes.items():
        if seen.sshd is not None:
            yield error("ssh", name, seen.sshd.problem, seen.sshd.remedy)


def rest_answers(snapshot: Snapshot) -> Iterator[Finding]:
    for seen in _each(snapshot):
        for part in (seen.status, seen.membership, seen.remotes):
            if isinstance(part, Unseen):
                yield error("rest", seen.node.name, part.problem, part.remedy)
                break


def state_settled(snapshot: Snapshot) -> Iterator[Finding]:
    for seen in _each(snapshot):
        if not isinstance(seen.status, NodeStatus):
            continue
        server = seen.status.server
        wanted = STANDBY if seen.status.is_standby else PRODUCTION
        if server.state != wanted:
            text = f"State {server.state} ({server.state_text}), wanted 1 (production) or 10 (standby)"
            yield error("state", seen.node.name, text, GROW_UP)
        if server.error_code != 0:
            text = f"ErrorCode {server.error_code}: {server.error_message}"
            yield error("error-code", seen.node.name, text, "read its imaserver-default.log; heal it first")


def membership_alike(snapshot: Snapshot) -> Iterator[Finding]:
    wanted = snapshot.cluster.cluster_name
    for seen in _each(snapshot):
        if not isinstance(seen.membership, Membership):
            continue
        name = seen.node.name
        if not seen.membership.enabled:
            yield error(
                "not-a-member",
                name,
                "EnableClusterMembership is false",
                "configure it first: it is no member",
            )
        elif seen.membership.cluster_name != wanted:
            yield error(
                "cluster-name",
                name,
                f"ClusterName is {seen.membership.cluster_name!r}, wanted {wanted!r}",
                "correct `cluster_name:` in the inventory, or the list of members",
            )
        if not seen.membership.require_certificates and seen.membership.enabled:
            yield warning(
                "certificates-not-required",
                name,
                "RequireCertificates is false: the messaging listener (9105) takes peers without certificates "
                "where no user files are found; the control channel requires them always (T9)",
                "set it to true once every member has its own credentials",
            )


def pairs_in_sync(snapshot: Snapshot) -> Iterator[Finding]:
    for member in snapshot.cluster.members:
        seen = [snapshot.nodes[node.name] for node in member.nodes]
        if any(not isinstance(one.status, NodeStatus) for one in seen):
            continue
        yield from (_pair_findings if member.is_pair else _single_findings)(member, seen)


def _pair_findings(member: Member, seen: list[NodeSnapshot]) -> Iterator[Finding]:
    statuses = [one.status for one in seen if isinstance(one.status, NodeStatus)]
    roles = sorted(status.ha.new_role or "HADISABLED" for status in statuses)
    if roles != ["PRIMARY", "STANDBY"]:
        text = f"roles {' and '.join(roles)}, wanted PRIMARY and STANDBY"
        yield error(
            "pair-roles", member.name, text, "form or heal the pair first; never restart both at once"
        )
    elif not all(status.ha.in_sync for status in statuses):
        text = ", ".join(f"{s.ha.active_nodes} active, {s.ha.sync_nodes} in sync" for s in statuses)
        yield error("pair-sync", member.name, f"not in sync: {text}", "wait for the sync: fab status")


def _single_findings(member: Member, seen: list[NodeSnapshot]) -> Iterator[Finding]:
    status = seen[0].status
    if isinstance(status, NodeStatus) and status.ha.enabled:
        yield error(
            "pair-unlisted",
            member.name,
            f"High availability is enabled (role {status.ha.new_role}), but the inventory has one node",
            "list both nodes: `pair: {NODE: {host: ...}, NODE: {host: ...}}`",
        )


def start_possible(snapshot: Snapshot) -> Iterator[Finding]:
    for seen in _each(snapshot):
        if seen.start_trouble:
            yield error(
                "service-start",
                seen.node.name,
                f"a server that does not come back could not be started: {seen.start_trouble}",
                "correct `service.start` (or `service.unit`) of the node in the inventory",
            )
        if isinstance(seen.node.restart_by, ByContainer):
            text = "restart by docker or podman is not available in this version"
            yield error("service-restart", seen.node.name, text, "use `service: {restart: rest}`")


def admin_open(snapshot: Snapshot) -> Iterator[Finding]:
    for seen in _each(snapshot):
        admin = seen.node.admin
        if isinstance(seen.status, NodeStatus) and admin.user is None:
            yield warning(
                "admin-open",
                seen.node.name,
                "the admin endpoint answers without authentication",
                "set AdminUserID and AdminUserPassword on the server, `admin.user` and `admin.password` here",
            )
        if admin.scheme == "https" and not admin.verify:
            text = "the admin endpoint's certificate is not verified (`admin.verify: false`)"
            yield warning(
                "admin-unverified", seen.node.name, text, "set `admin.ca` and remove `verify: false`"
            )


CHECKS: tuple[Check, ...] = (
    ssh_reaches,
    rest_answers,
    state_settled,
    membership_alike,
    cluster_active,
    members_known,
    pairs_in_sync,
    start_possible,
    admin_open,
    file_checks,
    pending_ca,
)
