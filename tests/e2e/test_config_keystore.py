"""`fab config.keystore`: the servers find all of their keystore in its new place, and nothing is lost on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.lab.layout import LabNode
from tests.e2e.labs import Rig, begun, on_own_set, rigged, small
from tests.e2e.sights import backups, files, fingerprint, leftovers, processes, rest, served


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A single member and a pair, on the built-in pair; the tests go on from each other."""
    with rigged(tmp_path_factory.mktemp("keystore"), small(1, pairs=1)) as made:
        yield made


def own(node: LabNode) -> Path:
    return node.data_dir / "own"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_would_take_the_admin_api_away_or_overwrite_a_file_is_refused_and_nothing_is_changed(
    rig: Rig,
) -> None:
    node = rig.lab.node("gw-a")
    shutil.copytree(node.certificates / "keystore", own(node))
    (own(node) / "AdminDefaultKey.pem").write_bytes(b"another")
    missing = rig.lab.node("gw-b2").certificates / "keystore" / "AdminDefaultCert.pem"
    aside = missing.rename(rig.home / "aside.pem")
    before = files(rig.lab)
    refused = rig.fab("config.keystore", "DATA/own", "--yes")
    assert refused.code == 3
    assert "ERROR target-differs: [gw-a]" in refused.stderr
    assert "ERROR keystore-without-admin: [gw-b2]" in refused.stderr
    assert (
        "ERROR pair-unlike"
        in rig.fab("config.keystore", "DATA/data/certificates/x", "--node", "gw-b1").stderr
    )
    nested = rig.fab("config.keystore", "DATA/data/certificates/keystore/inner", "--yes")
    assert (nested.code, "ERROR target-nested: [gw-a]" in nested.stderr) == (3, True)
    assert files(rig.lab) == before
    assert rig.runs == ()
    shutil.move(aside, missing)
    shutil.rmtree(own(node))


def test_a_killed_run_is_resumed_and_the_way_back_is_the_same_command(rig: Rig) -> None:
    text = {node.name: node.server_cfg.read_bytes() for node in rig.lab.nodes}
    with begun(rig, "DATA/own", "--yes", task="config.keystore") as going:
        going.until("done", "move-keystore:gw-a")
        going.signalled(9)
    assert "run " in (refused := rig.fab("config.keystore", "DATA/other", "--yes")).stderr
    assert (refused.code, "fab config.keystore --resume" in refused.stderr) == (3, True)
    rig.fab("config.keystore", "--resume").ok()
    assert [entry["event"] for entry in rig.journal()][-1] == "completed"
    assert all(f"{own(node)}\n" in node.server_cfg.read_text() for node in rig.lab.nodes)
    rig.fab("config.keystore", "DATA/data/certificates/keystore", "--yes").ok()
    assert {node.name: node.server_cfg.read_bytes() for node in rig.lab.nodes} == text
    for node in rig.lab.nodes:
        shutil.rmtree(own(node))


def test_a_moved_keystore_is_loaded_at_the_next_restart_and_serves_the_same_and_can_be_migrated(
    rig: Rig,
) -> None:
    on_own_set(rig)
    before, old = processes(rig.lab), {n.name: content(n.certificates / "keystore") for n in rig.lab.nodes}
    certificate = fingerprint(rig.credentials / "Cluster_cert.pem")
    ran = rig.fab("config.keystore", "DATA/own", "--truststore", "DATA/trust", "--yes").ok()
    assert "fab config.keystore DATA/data/certificates/keystore --truststore DATA" in ran.stdout
    assert "WARNING server-cfg-pending: [gw-a]" in ran.stdout
    assert "-> fab restart gw-b" in ran.stdout
    assert processes(rig.lab) == before
    assert {n.name: content(own(n)) for n in rig.lab.nodes} == old
    assert leftovers(rig.lab) == ()
    assert all("server.cfg" in names for names in backups(rig.lab).values())
    assert "fab migrate-cluster" not in rig.fab("check").ok().stdout.partition("reached via")[0]
    assert "nothing to do" in rig.fab("config.keystore", "DATA/own", "--truststore", "DATA/trust").ok().stdout
    _leave_the_former_place(rig)
    rig.fab("restart", "gw-a", "--yes").ok()
    assert processes(rig.lab)["gw-a"] != before["gw-a"]
    assert served(rig.lab, "gw-a") == certificate
    assert {rest(rig.lab, node)["Server"]["State"] for node in rig.lab.nodes} == {1, 10}
    rig.new_credentials()
    rig.migrate("--strategy", "prescribed").ok()
    assert served(rig.lab, "gw-a") == fingerprint(rig.credentials / "Cluster_cert.pem") != certificate
    new = (rig.credentials / "Cluster_cert.pem").read_bytes()
    assert all(content(own(node))["Cluster_cert.pem"] == new for node in rig.lab.nodes)


def _leave_the_former_place(rig: Rig) -> None:
    """Nothing may be read there any more."""
    for node in rig.lab.nodes:
        for name in ("keystore", "truststore"):
            shutil.rmtree(node.certificates / name)


def test_an_inventory_that_names_another_place_is_to_be_corrected_first(quiet: Rig) -> None:
    def name_it(document: dict[str, Any]) -> None:
        document["clusters"]["rehearsal"]["members"]["gw-b"]["keystore"] = "/srv/amlen/keystore"

    inventory = quiet.changed_inventory("named", name_it)
    before = files(quiet.lab)
    refused = quiet.fab("config.keystore", "DATA/own", "--yes", inventory=inventory)
    line = next(n for n, text in enumerate(inventory.read_text().splitlines(), 1) if "/srv/amlen" in text)
    where = f"named.yaml:{line} clusters.rehearsal.members.gw-b.keystore"
    assert (refused.code, f"{where}: /srv/amlen/keystore -> write " in refused.stderr) == (3, True)
    assert "gw-a" not in refused.stderr
    planned = quiet.fab("config.keystore", "DATA/own", "--plan", "--node", "gw-a", inventory=inventory).ok()
    assert "clusters.rehearsal.members.gw-a.keystore: " in planned.stdout
    assert files(quiet.lab) == before


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        ((), 2, "no PATH: where shall the keystore be?"),
        (("DATA/own",), 2, "--approve"),
        (("--resume",), 2, "no interrupted run"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused(
    quiet: Rig, args: tuple[str, ...], code: int, text: str
) -> None:
    refused = quiet.fab("config.keystore", *args)
    assert (refused.code, text in refused.stderr) == (code, True), refused.stderr


def test_config_show_shows_all_nodes_one_node_and_the_data(quiet: Rig) -> None:
    shown = quiet.fab("config.show").ok().stdout
    assert "DATA/data/certificates/keystore (line 9: KeyStore)" in shown
    assert "admin: AdminDefaultCert.pem, AdminDefaultKey.pem; other: Messaging" in shown
    assert "DIFFERENT" not in shown
    assert "gw-a" not in quiet.fab("config.show", "--node", "gw-b").ok().stdout
    data = json.loads(quiet.fab("config.show", "--json").ok().stdout)
    assert [(n["node"], n["pending"], n["keystore"]["synced"]) for n in data["nodes"]] == [
        ("gw-a", False, True),
        ("gw-b", False, True),
    ]
