"""`fab status` as data: a row per node, one verdict, and what is wrong."""

from __future__ import annotations

from datetime import datetime

from tasks.core.builtin_trust import TRUSTED
from tasks.core.certificates import is_builtin
from tasks.core.checks import check_cluster
from tasks.core.checks_files import disk_leaf_sha256
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CERT_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.observed import standby_started_after_files
from tasks.core.open_run import OpenRun, as_left_by
from tasks.core.reminders import reminders
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.status import NodeStatus

UNHEALTHY_WARNINGS = frozenset(
    {
        "apart",
        "islands",
        "pending-files",
        "pending-ca",
        "served-expired",
        "ha-expired",
        "ha-files-differ",
        "ha-garbage",
        "ha-no-ca",
    }
)
NO_FILE = "no file"
PROVEN_STANDBY = "by files and start time"
NOT_HEALTH = frozenset(
    {"service-start", "container", "container-volume", "container-policy", "not-writable", "no-space"}
)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One node. Empty texts and None where it could not be seen; `trouble` says why."""

    member: str
    node: str
    role: str
    state: int | None
    cluster: str
    connected: int | None
    disconnected: int | None
    sync: str
    version: str
    uptime_s: int | None
    certificate: str  # first 8 digits of the SHA-256 of what it serves
    certificate_sha256: str
    days_left: int | None
    builtin: bool
    on_disk: str  # same | DIFFERENT | no file | ""; of a standby: see standby_proof
    via: str
    trouble: str


@dataclass(frozen=True, slots=True)
class StatusReport:
    cluster: str
    at: datetime
    rows: tuple[StatusRow, ...]
    healthy: bool
    verdict: str
    findings: tuple[Finding, ...]


def report(snapshot: Snapshot, *, run: OpenRun | None = None) -> StatusReport:
    """Judge the cluster as it runs; nothing here looks at local credential files.

    Args:
        run: One that is open; what it left waiting for a restart is no fault.
    """
    seen = as_left_by(run, check_cluster(snapshot), snapshot)
    kept = reminders(snapshot, open_run=run.id if run else "")
    findings = (*(f for f in seen if f.name not in NOT_HEALTH), *kept)
    bad = [f for f in findings if _is_bad(f)]
    rows = tuple(_row(snapshot, seen) for seen in snapshot.nodes.values())
    return StatusReport(
        cluster=snapshot.cluster.key,
        at=snapshot.taken_at,
        rows=rows,
        healthy=not bad,
        verdict=_verdict(snapshot, rows, bad, trusting=any(f.name == TRUSTED for f in findings)),
        findings=findings,
    )


def _is_bad(finding: Finding) -> bool:
    if finding.severity is Severity.INFO:
        return False
    return finding.severity is Severity.ERROR or finding.name in UNHEALTHY_WARNINGS


def _verdict(snapshot: Snapshot, rows: tuple[StatusRow, ...], bad: list[Finding], *, trusting: bool) -> str:
    members, nodes = len(snapshot.cluster.members), len(snapshot.cluster.nodes)
    size = f"{members} members, {nodes} nodes"
    if [f.name for f in bad] == ["islands"]:
        return f"NOT ONE CLUSTER: {size}; {bad[0].problem}"
    if bad:
        places = ", ".join(dict.fromkeys(f.where for f in bad if f.where))
        number = "1 finding" if len(bad) == 1 else f"{len(bad)} findings"
        return f"NOT HEALTHY: {size}; {number} on {places}"
    certificates = {row.certificate for row in rows if row.certificate}
    if any(row.builtin for row in rows):
        return f"healthy: {size}, all connected; but on the BUILT-IN certificate, whose key is public"
    if trusting:
        return f"healthy: {size}, all connected; but CA files trust the BUILT-IN certificate, whose key is public"
    days = min((row.days_left for row in rows if row.days_left is not None), default=0)
    noun = "certificate" if len(certificates) == 1 else "certificates"
    return f"healthy: {size}, all connected, {len(certificates)} {noun}, first expiry in {days} days"


def _row(snapshot: Snapshot, seen: NodeSnapshot) -> StatusRow:
    status = seen.status if isinstance(seen.status, NodeStatus) else None
    wire = seen.wire if isinstance(seen.wire, Wire) else None
    leaf = wire.leaf if wire else None
    return StatusRow(
        member=seen.node.member,
        node=seen.node.name,
        role=status.role.lower() if status else "",
        state=status.server.state if status else None,
        cluster=status.cluster.status if status else "",
        connected=status.cluster.connected if status else None,
        disconnected=status.cluster.disconnected if status else None,
        sync=_sync(status),
        version=status.server.version if status else "",
        uptime_s=status.server.uptime_s if status else None,
        certificate=leaf.sha256[:8] if leaf else "",
        certificate_sha256=leaf.sha256 if leaf else "",
        days_left=(leaf.not_after - snapshot.taken_at).days if leaf else None,
        builtin=is_builtin(leaf) if leaf else False,
        on_disk=_on_disk(snapshot, seen),
        via=seen.via,
        trouble=_trouble(seen),
    )


def _trouble(seen: NodeSnapshot) -> str:
    parts = (seen.sshd, seen.status, seen.files, seen.wire)
    return next((part.problem for part in parts if isinstance(part, Unseen)), "")


def _sync(status: NodeStatus | None) -> str:
    if status is None or not status.ha.enabled:
        return ""
    return "in sync" if status.ha.in_sync else f"{status.ha.active_nodes}/{status.ha.sync_nodes}"


def _on_disk(snapshot: Snapshot, seen: NodeSnapshot) -> str:
    if not isinstance(seen.files, NodeFiles):
        return ""
    disk = disk_leaf_sha256(seen.files)
    if isinstance(seen.wire, Wire):
        if disk is None:
            return NO_FILE
        return "same" if disk == seen.wire.leaf.sha256 else "DIFFERENT"
    if isinstance(seen.status, NodeStatus) and seen.status.is_standby:
        return standby_proof(snapshot, seen)
    return ""


def standby_proof(snapshot: Snapshot, standby: NodeSnapshot) -> str:
    """A standby listens on neither cluster port: its files and its start time must speak for it."""
    active = snapshot.active(snapshot.cluster.member(standby.node.member))
    if not isinstance(active.files, NodeFiles) or not isinstance(standby.files, NodeFiles):
        return "unproven"
    mine, theirs = standby.files.files, active.files.files
    if any(mine[name].sha256 != theirs[name].sha256 for name in theirs):
        return "DIFFERENT from the primary's"
    if not theirs[CERT_FILE].exists:
        return NO_FILE
    if not all(state.readable for state in mine.values() if state.exists):
        return "files right, UNREADABLE"
    if standby_started_after_files(standby, active):
        return PROVEN_STANDBY
    return "files right, started before them"
