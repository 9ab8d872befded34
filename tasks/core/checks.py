"""Every check: a small function from what was seen to findings. None changes anything.

`fab check` shows all of them; a migration begins only where none is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tasks.core.belonging import outsiders, running_part
from tasks.core.builtin_trust import builtin_trusted
from tasks.core.checks_clocks import clocks_apart
from tasks.core.checks_files import file_checks
from tasks.core.checks_ha_files import ha_file_checks
from tasks.core.checks_islands import island_checks
from tasks.core.checks_members import GROW_UP, cluster_active, members_known
from tasks.core.checks_pairs import pairs_in_sync
from tasks.core.checks_products import product_checks
from tasks.core.checks_service import service_checks
from tasks.core.findings import Finding, Severity
from tasks.core.model import Via
from tasks.core.observed import pending_ca
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen
from tasks.core.status import MAINTENANCE, PRODUCTION, STANDBY, Membership, NodeStatus

Check = Callable[[Snapshot], Iterable[Finding]]


def check_cluster(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Everything that is wrong with the cluster as it runs now, all at once.

    Members that have not joined yet are named as such; the others are judged without them.
    """
    running = running_part(snapshot)
    return tuple(
        finding for check in CHECKS for finding in check(running if check in OF_THE_CLUSTER else snapshot)
    )


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
            yield error("state", seen.node.name, text, _way_out(seen.node.name, server.state))
        if server.error_code != 0:
            text = f"ErrorCode {server.error_code}: {server.error_message}"
            yield error("error-code", seen.node.name, text, "read its imaserver-default.log; heal it first")


def _way_out(node: str, state: int) -> str:
    return f"fab recover {node} says why, and brings it out of it" if state == MAINTENANCE else GROW_UP


def membership_alike(snapshot: Snapshot) -> Iterator[Finding]:
    wanted = snapshot.cluster.cluster_name
    for seen in _each(snapshot):
        if not isinstance(seen.membership, Membership):
            continue
        name = seen.node.name
        if seen.membership.enabled and seen.membership.cluster_name != wanted:
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
                "once every member has its own credentials: fab cluster.require-certificates true",
            )


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
        if admin.scheme == "http" and admin.user is not None and seen.via == Via.DIRECT:
            text = "the admin password crosses the network in clear (`admin.scheme: http` and via direct)"
            yield warning(
                "admin-clear", seen.node.name, text, "scheme: https; or let the node's sshd forward ports"
            )


CHECKS: tuple[Check, ...] = (
    ssh_reaches,
    rest_answers,
    state_settled,
    outsiders,
    membership_alike,
    cluster_active,
    members_known,
    island_checks,
    pairs_in_sync,
    service_checks,
    admin_open,
    clocks_apart,
    file_checks,
    ha_file_checks,
    pending_ca,
    builtin_trusted,
    product_checks,
)
OF_THE_CLUSTER: frozenset[Check] = frozenset({cluster_active, members_known, island_checks})
