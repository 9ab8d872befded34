"""Checks of what lies on the nodes: server.cfg, rights, space, files that no process has loaded yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from tasks.core.certificates import CertificateFault, is_builtin, parse_pem_chain
from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.model import ByRest
from tasks.core.outcomes import Outcome
from tasks.core.places import data_of
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.status import Membership

UNREADABLE = "unreadable"  # in place of a fingerprint
NEEDED_BYTES = 4 * 1024 * 1024
_MARKER_TROUBLE = {
    "stale": "is there from before",
    "full": "finds no room: /tmp is full (df -h /tmp, df -i /tmp)",
    "unwritable": "cannot be written by the service user",
}


def file_checks(snapshot: Snapshot) -> Iterator[Finding]:
    """All checks of this module, node by node."""
    for seen in snapshot.nodes.values():
        if seen.sshd is not None:
            continue
        if isinstance(seen.wire, Unseen):
            yield _error("wire", seen, seen.wire.problem, seen.wire.remedy)
        elif seen.wire is not None:
            yield from _served(seen, seen.wire, at=snapshot.taken_at)
        if isinstance(seen.files, Unseen):
            yield _error("files", seen, seen.files.problem, seen.files.remedy)
            continue
        yield from _server_cfg(seen, seen.files)
        yield from _rights(seen, seen.files)
        if isinstance(seen.wire, Wire):
            yield from _wire_and_disk(seen, seen.files, served=seen.wire)
        yield from _revocation(snapshot, seen, seen.files)
        yield from _restart_marker(seen, seen.files)


def _error(name: str, seen: NodeSnapshot, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, seen.node.name, problem, remedy)


def _warning(name: str, seen: NodeSnapshot, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, seen.node.name, problem, remedy)


def _info(name: str, seen: NodeSnapshot, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.INFO, seen.node.name, problem, remedy)


def _server_cfg(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    yield from files.cfg.findings(where=f"{seen.node.name}:{files.cfg_path}")
    yield from _tls_policy(seen, files.cfg.control_tls_policy)
    for what, wanted, found in (
        ("KeyStore", seen.node.paths.keystore, files.keystore),
        ("truststore", seen.node.paths.truststore, files.truststore),
    ):
        if wanted is not None and wanted != found:
            text = f"{what} is {found}, the inventory says {wanted}: the plan edits server.cfg"
            yield _info("server-cfg-edit", seen, text, "fab plan shows the difference")
    in_data = files.resolved(data_of(seen.node)) / "certificates"
    keystore = seen.node.paths.keystore or files.keystore
    in_pair = seen.node.member != seen.node.name
    if keystore is not None and not files.resolved(keystore).is_relative_to(in_data) and in_pair:
        text = f"the keystore {keystore} lies outside {in_data}: HA sync will not carry it to the standby"
        yield _warning("keystore-not-synced", seen, text, "both nodes are placed by this tool; keep it so")


def _tls_policy(seen: NodeSnapshot, policy: int) -> Iterator[Finding]:
    configured = seen.membership
    follows = policy == 3 and isinstance(configured, Membership) and not configured.messaging_use_tls
    if policy == 2 or follows:
        why = " (follow MessagingUseTLS), and that is false" if follows else ""
        yield _error(
            "tls-policy-off",
            seen,
            f"Cluster.ControlTLSPolicy is {policy}{why}: the control channel uses no TLS, credentials are unused",
            "set it to 1 (always) in server.cfg on every node first",
        )


def _rights(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    if files.target_fault is not None:
        text = f"files could not be placed: {files.target_fault}"
        yield _error(
            "not-writable", seen, text, "set `ssh.sudo: true`, log in as the service user, or move the target"
        )
    if files.free_bytes < NEEDED_BYTES:
        text = f"{files.free_bytes // 1024} KiB free, wanted at least {NEEDED_BYTES // 1024} KiB"
        yield _error("no-space", seen, text, "make room on the file system of the data directory")
    for name, state in files.files.items():
        if state.exists and not state.readable:
            yield _warning(
                "unreadable",
                seen,
                f"{name} cannot be read by the service user (owner {state.owner}, mode {state.mode}): "
                "the server falls back to the built-in pair, or trusts nobody (T2, T3)",
                "the migration replaces it; or correct owner and mode, then restart the server",
            )


def _served(seen: NodeSnapshot, served: Wire, *, at: datetime) -> Iterator[Finding]:
    leaf = served.leaf
    if is_builtin(leaf):
        text = f"serves the BUILT-IN certificate ({leaf.sha256[:8]}): its key is public"
        remedy = "fab migrate-cluster; where there is no credential set yet, fab credentials.create first"
        yield _warning("builtin-served", seen, text, remedy)
    if not leaf.not_before <= at <= leaf.not_after:
        yield _warning(
            "served-expired",
            seen,
            f"serves {leaf.sha256[:8]}, valid from {leaf.not_before:%Y-%m-%d} until {leaf.not_after:%Y-%m-%d}: "
            "no new connection comes up with it",
            "fab migrate-cluster, with a new set in the credentials folder",
        )


def _wire_and_disk(seen: NodeSnapshot, files: NodeFiles, *, served: Wire) -> Iterator[Finding]:
    sha256, disk = served.leaf.sha256, disk_leaf_sha256(files)
    lacking = [name for name in (CERT_FILE, KEY_FILE) if not files.files[name].exists]
    if lacking and not is_builtin(served.leaf):
        yield _warning(
            "pending-files",
            seen,
            f"serves {sha256[:8]}, but {' and '.join(lacking)} is gone: the next restart or crash would fall "
            "back to the built-in pair (T2)",
            "find out who removed it; fab migrate-cluster places it again",
        )
    elif disk == UNREADABLE and files.cert_pem and files.files[CERT_FILE].readable:
        text = (
            f"serves {sha256[:8]}, but {CERT_FILE} holds nothing that can be read: after the next restart or "
            "crash the server would listen on nothing (T1)"
        )
        remedy = "find out who placed it; fab migrate-cluster replaces it in order"
        yield replace(_warning("pending-files", seen, text, remedy), outcome=Outcome.DEAD)
    elif disk is not None and disk != sha256:
        lies = "an unreadable one" if disk == UNREADABLE else disk[:8]
        yield _warning(
            "pending-files",
            seen,
            f"serves {sha256[:8]}, but {lies} lies on disk: the next restart or crash "
            "would switch to it, or it could not be read at the last start",
            "find out who placed it; fab migrate-cluster replaces it in order",
        )


def disk_leaf_sha256(files: NodeFiles) -> str | None:
    """The fingerprint of the certificate file's first certificate; None if there is none,
    UNREADABLE if nothing can be made of it.
    """
    if not files.files[CERT_FILE].exists:
        return None
    try:
        return parse_pem_chain(files.cert_pem)[0].sha256
    except CertificateFault:
        return UNREADABLE


def _revocation(snapshot: Snapshot, seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    if not files.crl_present:
        return
    yield _warning(
        "crl",
        seen,
        "Cluster_crl/crl.pem exists: it must stay valid (an expired one keeps everyone apart), and it does "
        "not keep a revoked member out, because the dialling side does not look (T12)",
        "to shut a member out, change the CA; a newer list: fab credentials.crl --days 90 --place",
    )
    from tasks.core.revocation_nodes import lying_on  # here: few clusters have lists

    yield from lying_on(snapshot, seen.node)


def _restart_marker(seen: NodeSnapshot, files: NodeFiles) -> Iterator[Finding]:
    """A restart by REST goes through the start script, which needs its marker in /tmp (T5)."""
    if not isinstance(seen.node.restart_by, ByRest) or files.restart_marker in ("free", "unseen"):
        return
    trouble = _MARKER_TROUBLE[files.restart_marker]
    yield _warning(
        "restart-marker",
        seen,
        f"/tmp/.restart_inited {trouble}: after a restart by REST the server would stay down (T5)",
        "remove the file, or mend /tmp; else the run has to start the server by `service.start`",
    )
