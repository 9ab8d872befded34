"""A cluster of Eclipse Amlen and Message Gateway: two islands on their built-in pairs, joined over SSH."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.core.model import Product
from tasks.lab.layout import Lab
from tests.e2e.labs import Change, Rig, rigged, small
from tests.e2e.sights import fingerprint, leftovers, rest, served

AMLEN, LINKED, LEGACY = "gw-a", "gw-b", "gw-c"
MEMBERS = (AMLEN, LINKED, LEGACY)


@pytest.fixture(scope="module")
def islands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One Amlen node, two Message Gateways; the first of these has its data behind a link."""
    with rigged(tmp_path_factory.mktemp("islands"), small(3, legacy=2)) as rig:
        yield rig


def _counts(rig: Rig) -> dict[str, tuple[int, int]]:
    shown = {name: rest(rig.lab, rig.lab.node(name))["Cluster"] for name in MEMBERS}
    return {name: (one["ConnectedServers"], one["DisconnectedServers"]) for name, one in shown.items()}


def _files(lab: Lab) -> dict[str, str]:
    """Every path of the nodes' trees; of a link, where it leads."""
    found = {}
    for node in lab.nodes:
        for path in (node.directory / "root").rglob("*"):
            if "diag" not in path.parts:
                found[str(path)] = os.readlink(path) if path.is_symlink() else ""
    return found


def _undeclared(document: dict[str, Any]) -> None:
    del document["clusters"]["rehearsal"]["islands"]


def _unconfirmed(document: dict[str, Any]) -> None:
    document["clusters"]["rehearsal"]["members"][LEGACY]["ifix_confirmed"] = False


def _misnamed(document: dict[str, Any]) -> None:
    node = document["clusters"]["rehearsal"]["members"][LEGACY]
    node["product"], node["data_dir"] = "amlen", node.get("data_dir") or "/var/lib/amlen-server"


@pytest.mark.parametrize(
    ("change", "name", "remedy"),
    [
        pytest.param(_undeclared, "counts", "set `islands: true`", id="islands without the key"),
        pytest.param(_unconfirmed, "ifix-unconfirmed", "set `ifix_confirmed: true`", id="no iFix confirmed"),
        pytest.param(_misnamed, "product", "set `product: messagesight`", id="product misnamed"),
    ],
)
def test_a_mixed_cluster_is_refused_unless_the_inventory_vouches_for_it(
    islands: Rig, change: Change, name: str, remedy: str
) -> None:
    before = _files(islands.lab)
    refused = islands.migrate(inventory=islands.changed_inventory(name, change))
    assert refused.code == 3, refused
    assert f"ERROR {name}: " in refused.stderr
    assert remedy in refused.stderr
    assert _files(islands.lab) == before
    assert islands.runs == ()


def test_the_islands_are_shown_as_such_with_versions_and_real_paths(islands: Rig) -> None:
    shown = islands.fab("status")
    assert shown.code == 6
    assert "two islands: Eclipse Amlen (gw-a) and Message Gateway (gw-b, gw-c)" in shown.stdout
    assert "(Eclipse Amlen) on gw-a; 5.0.0.2 " in shown.stdout
    data = islands.lab.node(LINKED).data_dir
    assert f"{data} is really {data.resolve()}" in islands.fab("check").ok().stdout


def test_the_runbook_of_the_upgrade_is_printed_and_kept(islands: Rig) -> None:
    path = islands.home / "runbook.md"
    printed = islands.fab("upgrade.plan", "--output", str(path)).ok().stdout
    assert path.read_text().strip() == printed.strip()
    assert "| gw-a | gw-a | single | Eclipse Amlen | 1.1dev | done |" in printed
    assert "Order: gw-b, gw-c." in printed
    assert json.loads(islands.fab("upgrade.plan", "--json").ok().stdout)["order"] == [LINKED, LEGACY]
    again = islands.fab("upgrade.plan", "--output", str(path))
    assert again.code == 2
    assert "exists" in again.stderr


def test_islands_are_joined_by_the_migration(tmp_path: Path) -> None:
    with rigged(tmp_path, small(3, legacy=2)) as rig:
        assert _counts(rig) == {AMLEN: (0, 0), LINKED: (1, 0), LEGACY: (1, 0)}
        before = {path: link for path, link in _files(rig.lab).items() if link}
        assert before != {}
        migrated = rig.migrate().ok()
        assert "are two islands now and one cluster at the end" in migrated.stdout
        new = fingerprint(rig.credentials / "Cluster_cert.pem")
        assert [served(rig.lab, name) for name in MEMBERS] == [new] * 3
        assert _counts(rig) == dict.fromkeys(MEMBERS, (2, 0))
        assert {path: link for path, link in _files(rig.lab).items() if link} == before
        assert leftovers(rig.lab) == ()
        after = rig.fab("status").ok().stdout
        assert "healthy: 3 members" in after
        assert "WARNING islands-over" in after
        assert "nothing to do" in rig.migrate(inventory=rig.changed_inventory("one", _undeclared)).ok().stdout


def test_a_pair_of_message_gateways_is_migrated_standby_first(tmp_path: Path) -> None:
    with rigged(tmp_path, small(1, pairs=1, product=Product.MESSAGESIGHT)) as rig:
        paths = {str(node.data_dir) for node in rig.lab.nodes}
        assert all(path.endswith("/var/messagesight") for path in paths)
        migrated = rig.migrate().ok()
        assert "complete: healthy: 2 members, 3 nodes" in migrated.stdout
        done = [e["step"] for e in rig.journal() if e["event"] == "done" and "restart" in e["step"]]
        assert done[0] == "restart-standby:gw-b"
        assert sorted(done[1:]) == ["restart:gw-a", "restart:gw-b"]
        shown = [rest(rig.lab, node)["HighAvailability"] for node in rig.lab.nodes[1:]]
        assert sorted((one["NewRole"], one["SyncNodes"]) for one in shown) == [("PRIMARY", 2), ("STANDBY", 2)]
        primary = "gw-b1" if shown[0]["NewRole"] == "PRIMARY" else "gw-b2"
        new = fingerprint(rig.credentials / "Cluster_cert.pem")
        assert [served(rig.lab, name) for name in ("gw-a", primary)] == [new, new]
        assert leftovers(rig.lab) == ()


def test_2_0_is_recognised_and_refused(tmp_path: Path) -> None:
    with rigged(tmp_path, small(2, legacy=1, legacy_version="2.0")) as rig:
        refused = rig.migrate()
        assert refused.code == 3
        assert "ERROR version: [gw-b] runs 2.0" in refused.stderr
        assert "fab upgrade.plan" in refused.stderr
        assert rig.runs == ()
