"""Files, rights, space and the wire: each finding beside the node that has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import pytest

from tasks.core.checks_files import NEEDED_BYTES, disk_leaf_sha256, file_checks
from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, SHARED
from tests.core.snapshots import (
    CFG,
    KEYSTORE,
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_cfg,
    alter_file,
    alter_files,
    alter_membership,
    alter_node,
    files_of,
    healthy,
    node_files,
    unreachable,
    wire,
)

Change = Callable[[Snapshot], Snapshot]
E, W, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
OUTSIDE = PurePosixPath("/srv/keystore")


def _found(snapshot: Snapshot) -> list[Finding]:
    return list(file_checks(snapshot))


def _wanting(snapshot: Snapshot, name: str, **paths: PurePosixPath) -> Snapshot:
    return alter_node(snapshot, name, paths=replace(snapshot.nodes[name].node.paths, **paths))


def _policy(snapshot: Snapshot, value: int) -> Snapshot:
    return alter_cfg(snapshot, "gw-a", f"{CFG}Cluster.ControlTLSPolicy = {value}\n")


@pytest.mark.parametrize(
    ("change", "name", "severity", "seen"),
    [
        pytest.param(
            lambda s: alter(s, "gw-a", files=NO_ANSWER), "files", E, "connection refused", id="not looked at"
        ),
        pytest.param(lambda s: _policy(s, 2), "tls-policy-off", E, "ControlTLSPolicy is 2", id="TLS off"),
        pytest.param(
            lambda s: alter_membership(_policy(s, 3), "gw-a", messaging_use_tls=False),
            "tls-policy-off",
            E,
            "is 3 (follow MessagingUseTLS), and that is false",
            id="TLS off by following",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", target_fault="uid 1000 may not write to /x"),
            "not-writable",
            E,
            "uid 1000 may not write to /x",
            id="no right",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", free_bytes=NEEDED_BYTES - 1),
            "no-space",
            E,
            "4095 KiB free, wanted at least 4096",
            id="no space",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", restart_marker="stale"),
            "restart-marker",
            W,
            "/tmp/.restart_inited is there from before",
            id="/tmp: stale",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", restart_marker="unwritable"),
            "restart-marker",
            W,
            "/tmp/.restart_inited cannot be written by the service user",
            id="/tmp: unwritable",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", restart_marker="full"),
            "restart-marker",
            W,
            "/tmp/.restart_inited finds no room: /tmp is full",
            id="/tmp: full",
        ),
        pytest.param(
            lambda s: alter_file(s, "gw-a", KEY_FILE, readable=False, owner="0:0"),
            "unreadable",
            W,
            "Cluster_key.pem cannot be read by the service user (owner 0:0, mode 600)",
            id="T2 to come",
        ),
        pytest.param(lambda s: alter(s, "gw-a", wire=NO_ANSWER), "wire", E, "refused", id="no handshake"),
        pytest.param(
            lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)),
            "pending-files",
            W,
            f"serves {OTHER_SHARED.leaf.sha256[:8]}, but {SHARED.leaf.sha256[:8]} lies on disk",
            id="on disk, not served",
        ),
        pytest.param(
            lambda s: alter_file(s, "gw-a", KEY_FILE, sha256=None),
            "pending-files",
            W,
            "Cluster_key.pem is gone: the next restart or crash would fall back to the built-in pair",
            id="served, no longer on disk",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", cert_pem=b"garbage"),
            "pending-files",
            W,
            "holds nothing that can be read: after the next restart or crash the server would listen on nothing (T1)",
            id="garbage on disk",
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-a", cert_pem=b""),
            "pending-files",
            W,
            "but an unreadable one lies on disk",
            id="not to be read by our login",
        ),
        pytest.param(lambda s: alter_files(s, "gw-a", crl_present=True), "crl", W, "T12", id="CRL"),
        pytest.param(
            lambda s: _wanting(s, "gw-a", keystore=OUTSIDE),
            "server-cfg-edit",
            INFO,
            f"KeyStore is {KEYSTORE}, the inventory says {OUTSIDE}",
            id="keystore to be edited",
        ),
        pytest.param(
            lambda s: _wanting(s, "gw-a", truststore=OUTSIDE),
            "server-cfg-edit",
            INFO,
            "truststore is",
            id="truststore to be edited",
        ),
        pytest.param(
            lambda s: replace(s, taken_at=SHARED.leaf.not_after + timedelta(seconds=1)),
            "served-expired",
            W,
            "no new connection comes up with it",
            id="expired",
        ),
    ],
)
def test_a_fault_of_one_node_is_one_finding(change: Change, name: str, severity: Severity, seen: str) -> None:
    (found,) = [f for f in _found(change(healthy(runs=SHARED))) if f.where == "gw-a"]
    assert (found.name, found.severity) == (name, severity)
    assert seen in found.problem
    assert found.remedy


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(healthy(WITH_PAIR, runs=SHARED), id="its own credentials, with a pair"),
        pytest.param(_policy(healthy(runs=SHARED), 1), id="policy 1 written out"),
        pytest.param(_policy(healthy(runs=SHARED), 3), id="policy 3 and MessagingUseTLS true"),
        pytest.param(alter_files(healthy(runs=SHARED), "gw-a", free_bytes=NEEDED_BYTES), id="just enough"),
        pytest.param(_wanting(healthy(runs=SHARED), "gw-a", keystore=KEYSTORE), id="path as it is"),
        pytest.param(replace(healthy(runs=SHARED), taken_at=SHARED.leaf.not_after), id="its last second"),
    ],
)
def test_a_node_in_order_has_no_finding(snapshot: Snapshot) -> None:
    assert _found(snapshot) == []


def test_the_built_in_certificate_is_named_on_every_node_that_serves_it() -> None:
    mixed = alter(healthy(), "gw-c", wire=wire(SHARED), files=node_files(WITH_PAIR.node("gw-c"), SHARED))
    found = _found(mixed)
    assert [(f.name, f.where, f.severity) for f in found] == [
        ("builtin-served", "gw-a", W),
        ("builtin-served", "gw-b", W),
    ]
    assert BUILTIN_SET.leaf.sha256[:8] in found[0].problem


def test_the_silent_fallback_shows_as_built_in_and_as_pending() -> None:
    snapshot = alter(healthy(runs=SHARED), "gw-a", wire=wire(BUILTIN_SET))
    assert [f.name for f in _found(snapshot)] == ["builtin-served", "pending-files"]


def test_a_fault_of_server_cfg_names_file_and_line() -> None:
    found = _found(alter_cfg(healthy(runs=SHARED), "gw-a", CFG.replace("/var/lib", '"/var/lib', 1)))
    assert ("cfg-value-quoted", f"gw-a:{WITH_PAIR.node('gw-a').paths.server_cfg}") in [
        (f.name, f.where) for f in found
    ]


@pytest.mark.parametrize("by", ["inventory", "server.cfg"])
def test_a_keystore_of_a_pair_outside_the_synced_tree_is_said(by: str) -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    outside = CFG.replace(str(KEYSTORE), str(OUTSIDE))
    for name in ("gw-a", "gw-d1"):
        if by == "inventory":
            snapshot = _wanting(snapshot, name, keystore=OUTSIDE)
        else:
            snapshot = alter_cfg(snapshot, name, outside)
    found = [f for f in _found(snapshot) if f.name == "keystore-not-synced"]
    assert [f.where for f in found] == ["gw-d1"]


def test_an_unreachable_node_has_no_findings_about_its_files() -> None:
    assert _found(unreachable(healthy(runs=SHARED), "gw-a")) == []


def test_files_and_wire_that_both_fail_are_both_said() -> None:
    snapshot = alter(healthy(runs=SHARED), "gw-a", files=NO_ANSWER, wire=NO_ANSWER)
    assert [f.name for f in _found(snapshot)] == ["wire", "files"]


def test_the_certificate_on_disk_is_its_first_one() -> None:
    files = files_of(healthy(runs=SHARED), "gw-a")
    assert disk_leaf_sha256(files) == SHARED.leaf.sha256
    assert disk_leaf_sha256(files_of(healthy(), "gw-a")) is None
    assert disk_leaf_sha256(replace(files, cert_pem=b"x")) == "unreadable"
    absent = alter_file(healthy(runs=SHARED), "gw-a", CERT_FILE, sha256=None)
    assert disk_leaf_sha256(files_of(absent, "gw-a")) is None
