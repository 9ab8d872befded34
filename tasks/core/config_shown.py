"""What `fab config.show` says of a node: what server.cfg makes the server read, and whether it has read it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity
from tasks.core.folders import CfgTimes, Folder
from tasks.core.places import data_of
from tasks.core.server_cfg import Entry
from tasks.core.snapshot import NodeFiles, NodeSnapshot
from tasks.core.status import NodeStatus

NOTABLE = ("AdminDefault", "Cluster_", "HA_")  # who else reads the directory (T11)


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """One directory that server.cfg names. Where it names none, `path` is ""."""

    key: str  # as the line in effect writes it: TrustStore goes before TrustedCertificateDir
    line: int  # of server.cfg, from 1; 0 if there is none
    path: str
    real: str  # without symbolic links
    state: str
    owner: str
    mode: str
    readable: bool  # by the service user
    synced: bool  # inside data/certificates: HA sync gives it to a standby
    names: tuple[str, ...]  # what lies directly in it


@dataclass(frozen=True, slots=True)
class ShownNode:
    """One node. `pending` is None where the start of the process is not known."""

    node: str
    data_dir: str
    server_cfg: str
    server_cfg_real: str
    keystore: ShownPlace
    truststore: ShownPlace
    control_tls_policy: int
    changed_at: datetime  # server.cfg: content, name, owner or mode; by the node's clock, as the next
    started_at: datetime | None
    pending: bool | None
    findings: tuple[Finding, ...]


def shown_node(
    seen: NodeSnapshot, files: NodeFiles, by_path: dict[PurePosixPath, Folder], *, times: CfgTimes
) -> ShownNode:
    """Put together what was seen of one node."""
    status = seen.status if isinstance(seen.status, NodeStatus) else None
    started_at = status.server.started_at if status else None
    changed_at = datetime.fromtimestamp(times.changed_at, tz=UTC)
    pending = None if started_at is None else changed_at > started_at
    cfg = files.cfg
    return ShownNode(
        node=seen.node.name,
        data_dir=str(seen.node.paths.data_dir),
        server_cfg=str(seen.node.paths.server_cfg),
        server_cfg_real=str(files.cfg_path),
        keystore=_place("KeyStore", cfg.keystore_entry, cfg.keystore, by_path, seen=seen, files=files),
        truststore=_place(
            "TrustedCertificateDir", cfg.truststore_entry, cfg.truststore, by_path, seen=seen, files=files
        ),
        control_tls_policy=cfg.control_tls_policy,
        changed_at=changed_at,
        started_at=started_at,
        pending=pending,
        findings=(
            *cfg.findings(where=f"{seen.node.name}:{files.cfg_path}"),
            *((_pending(seen, changed_at, started_at),) if pending and started_at else ()),
        ),
    )


def _place(
    shipped: str,
    entry: Entry | None,
    path: PurePosixPath | None,
    by_path: dict[PurePosixPath, Folder],
    *,
    seen: NodeSnapshot,
    files: NodeFiles,
) -> ShownPlace:
    if entry is None or path is None:
        return ShownPlace(shipped, 0, "", "", "absent", "", "", readable=False, synced=False, names=())
    folder = by_path[path]
    certificates = files.resolved(data_of(seen.node)) / "certificates"
    return ShownPlace(
        key=entry.key,
        line=entry.line + 1,
        path=str(path),
        real=str(folder.real),
        state=folder.state,
        owner=folder.owner,
        mode=folder.mode,
        readable=folder.reachable,
        synced=folder.real.is_relative_to(certificates),
        names=tuple(sorted(folder.top)),
    )


def _pending(seen: NodeSnapshot, changed_at: datetime, started_at: datetime) -> Finding:
    text = (
        f"server.cfg was changed at {changed_at:%Y-%m-%d %H:%M:%S} UTC, the process runs since "
        f"{started_at:%Y-%m-%d %H:%M:%S}: what it says now is loaded at the next restart"
    )
    remedy = f"fab restart {seen.node.member}"
    return Finding("server-cfg-pending", Severity.WARNING, seen.node.name, text, remedy)
