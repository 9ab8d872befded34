"""`fab config.show`: what a node's server.cfg makes it read, and all nodes side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import pytest

from tasks.core.config_shown import ShownNode, shown_node
from tasks.core.config_table import config_table
from tasks.core.folders import CfgTimes, Folder, State
from tasks.core.snapshot import Snapshot
from tests.core.keystores import ADMIN, NEW, OLD_KEYS, OLD_TRUST, folder
from tests.core.snapshots import (
    CFG,
    DATA,
    KEYSTORE,
    THREE,
    TRUSTSTORE,
    alter_cfg,
    files_of,
    healthy,
    rest_silent,
    status_of,
)

BY_PATH = {KEYSTORE: OLD_KEYS, TRUSTSTORE: OLD_TRUST}
STARTED = status_of(healthy(), "gw-a").server.started_at


def shown(
    snapshot: Snapshot,
    name: str = "gw-a",
    *,
    late_s: float = -60.0,
    by_path: dict[PurePosixPath, Folder] = BY_PATH,
) -> ShownNode:
    """With a server.cfg that was changed so much after the start of the process."""
    changed = (STARTED + timedelta(seconds=late_s)).timestamp()
    times = CfgTimes(changed, changed, "463:463", "640")
    return shown_node(snapshot.nodes[name], files_of(snapshot, name), by_path, times=times)


def rows(*nodes: ShownNode) -> list[tuple[str, ...]]:
    return list(config_table("production", nodes).rows)


def test_a_node_is_shown_by_the_lines_in_effect() -> None:
    text = CFG + f"keystore = /x\nTrustStore = {NEW}\nKEYSTORE={KEYSTORE}\ntruststore = /y\n"
    found = shown(alter_cfg(healthy(), "gw-a", text), by_path={**BY_PATH, NEW: folder(NEW)})
    assert (found.keystore.key, found.keystore.line, found.keystore.path) == ("KEYSTORE", 6, str(KEYSTORE))
    assert (found.truststore.key, found.truststore.line) == ("TrustStore", 5)
    assert found.keystore.synced
    assert not found.truststore.synced
    assert [f.name for f in found.findings] == ["cfg-key-case"]


def test_what_lies_there_is_marked_by_who_reads_it() -> None:
    (held,) = [row[2] for row in rows(shown(healthy())) if row[0] == "  holds" and "admin" in row[2]]
    assert held == (
        "admin: AdminDefaultCert.pem, AdminDefaultKey.pem; cluster: Cluster_cert.pem, Cluster_key.pem; "
        "HA: HA_key.pem"
    )


def test_nodes_that_agree_share_a_row_and_the_others_are_marked() -> None:
    snapshot = alter_cfg(healthy(), "gw-c", CFG.replace(str(KEYSTORE), str(NEW)))
    paths = {**BY_PATH, NEW: folder(NEW, *ADMIN, real=DATA / "linked")}
    found = rows(*(shown(snapshot, name, by_path=paths) for name in ("gw-a", "gw-b", "gw-c")))
    assert [row[1:] for row in found if row[0] == "keystore"] == [
        ("gw-a, gw-b", f"{KEYSTORE} (line 2: KeyStore)", "DIFFERENT"),
        ("gw-c", f"{NEW} -> {DATA}/linked (line 2: KeyStore)", "DIFFERENT"),
    ]
    assert [row[1:] for row in found if row[0] == "truststore"] == [
        ("all", f"{TRUSTSTORE} (line 3: TrustedCertificateDir)", "")
    ]


def test_other_data_directories_alone_are_no_difference() -> None:
    a, b = shown(healthy()), shown(healthy(), "gw-b")
    other = replace(
        b,
        data_dir="/var/messagesight",
        keystore=replace(b.keystore, path=str(KEYSTORE).replace(str(DATA), "/var/messagesight")),
    )
    other = replace(other, keystore=replace(other.keystore, real=other.keystore.path))
    found = rows(a, other)
    assert found[:2] == [("DATA", "gw-a", str(DATA), ""), ("DATA", "gw-b", "/var/messagesight", "")]
    assert ("keystore", "all", "DATA/data/certificates/keystore (line 2: KeyStore)", "") in found


@pytest.mark.parametrize(
    ("late_s", "pending", "text"),
    [
        (-2.0, False, "started after server.cfg was written"),
        (2.0, True, "PENDING: server.cfg was changed after its start"),
    ],
)
def test_a_server_cfg_that_is_younger_than_the_process_is_pending(
    late_s: float, pending: bool, text: str
) -> None:
    found = shown(healthy(), late_s=late_s)
    assert found.pending is pending
    assert rows(found)[-1][2] == text
    assert [f.remedy for f in found.findings] == ["fab restart gw-a"] * pending


def test_without_an_answer_nobody_knows_what_is_loaded() -> None:
    found = shown(rest_silent(healthy(), "gw-a"), late_s=2.0)
    assert (found.pending, found.findings) == (None, ())
    assert rows(found)[-1][2] == "no answer: not known what it has loaded"


def test_a_keystore_that_is_missing_or_not_named_or_closed_is_said() -> None:
    gone = shown(healthy(), by_path={**BY_PATH, KEYSTORE: replace(OLD_KEYS, state=State.ABSENT, items=())})
    assert ("  directory", "gw-a", "absent", "") in rows(gone)
    closed = replace(OLD_KEYS, reachable=False)
    assert "NOT READABLE by the service user" in str(
        rows(shown(healthy(), by_path={**BY_PATH, KEYSTORE: closed}))
    )
    none = shown(alter_cfg(healthy(), "gw-a", CFG.replace("KeyStore", "#")))
    assert ("keystore", "gw-a", "none is set (T11)", "") in rows(none)
    assert [f.name for f in none.findings] == ["cfg-keystore-missing"]
    assert len(rows(shown(healthy(THREE)))) == 9
