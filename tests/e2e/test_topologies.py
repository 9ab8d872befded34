"""Migrations where something about the way, the paths or the product is different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.core.model import Product
from tasks.lab.layout import Lab
from tasks.lab.processes import kill_tree, read_pid
from tests.e2e.labs import Rig, rigged, small
from tests.e2e.sights import fingerprint, leftovers, rest, served

MEMBERS = ("gw-a", "gw-b")


def _all_new(rig: Rig, *, members: tuple[str, ...] = MEMBERS) -> bool:
    new = fingerprint(rig.credentials / "Cluster_cert.pem")
    return all(served(rig.lab, name) == new for name in members)


def test_a_migration_goes_through_a_bastion_and_nowhere_else(tmp_path: Path) -> None:
    with rigged(tmp_path, small(bastion=True)) as rig:
        assert "gateway" in rig.inventory.read_text()
        assert _logins(rig.lab) == [0, 0, 0]
        rig.migrate().ok()
        assert _all_new(rig)
        assert _logins(rig.lab) == [1, 1, 1]  # one for the whole run, at each
        rig.fab("status").ok()
        assert _logins(rig.lab) == [2, 2, 2]
        _stop_bastion(rig.lab)
        cut_off = rig.fab("status")
        assert cut_off.code == 6
        assert rig.lab.bastion_address in cut_off.stdout


def _logins(lab: Lab) -> list[int]:
    """How often somebody has logged in: at the bastion, and at each node."""
    places = (lab.bastion_dir, *(node.sshd_dir for node in lab.nodes))
    return [(place / "sshd.log").read_text().count("Accepted publickey") for place in places]


def _stop_bastion(lab: Lab) -> None:
    pid = read_pid(next(lab.bastion_dir.glob("*.pid")), belongs_to=lab.base)
    assert pid is not None
    kill_tree(pid)


def test_a_keystore_elsewhere_is_filled_server_cfg_edited_and_the_rest_carried_along(tmp_path: Path) -> None:
    with rigged(tmp_path, small()) as rig:
        node = rig.lab.node("gw-b")
        elsewhere = node.data_dir / "own keystore"

        def move(document: dict[str, Any]) -> None:
            document["clusters"]["rehearsal"]["members"]["gw-b"]["keystore"] = str(elsewhere)

        inventory = rig.changed_inventory("moved", move)
        before = node.server_cfg.read_text()
        old = {path.name: path.read_bytes() for path in (node.certificates / "keystore").iterdir()}
        ran = rig.migrate(inventory=inventory).ok()
        assert f"+KeyStore               = {elsewhere}" in ran.stdout
        _holds_all(elsewhere, old, rig)
        after = node.server_cfg.read_text()
        changed = set(before.splitlines()) ^ set(after.splitlines())
        assert len(changed) == 2, changed
        assert all(line.startswith("KeyStore ") for line in changed)
        assert [line for line in after.splitlines() if line.startswith(("#", "*"))] != []
        assert rest(rig.lab, node)["Server"]["State"] == 1  # the admin API has its own files there (T11)
        assert _all_new(rig)
        assert leftovers(rig.lab) == ()
        assert "nothing to do" in rig.migrate(inventory=inventory).ok().stdout


def _holds_all(keystore: Path, old: dict[str, bytes], rig: Rig) -> None:
    found = {path.name: path.read_bytes() for path in keystore.iterdir()}
    new = {name: (rig.credentials / name).read_bytes() for name in ("Cluster_cert.pem", "Cluster_key.pem")}
    assert found == old | new
    assert {path.stat().st_uid for path in keystore.iterdir()} == {keystore.stat().st_uid}


def test_a_messagesight_cluster_whose_sshd_forbids_forwarding_is_migrated_by_commands(tmp_path: Path) -> None:
    with rigged(tmp_path, small(product=Product.MESSAGESIGHT, forwarding=False)) as rig:
        said = rig.fab("check").ok().stdout
        assert "reached via exec: gw-a, gw-b" in said
        assert "INFO not-observed: [gw-a, gw-b]" in said  # by exec a key would have to travel to the node
        assert "INFO not-observed: [gw-a, gw-b]" in rig.fab("credentials.matrix").ok().stdout
        rig.migrate().ok()
        assert _all_new(rig)
        live = rig.lab.node("gw-a").directory / "root/var/messagesight/data/certificates/keystore"
        key = rig.credentials / "Cluster_key.pem"
        assert (live / "Cluster_key.pem").read_bytes() == key.read_bytes()
        seen = {(row["via"], row["version"].split(" ")[0]) for row in rig.status()["rows"]}
        assert seen == {("exec", "5.0.0.2")}


def test_where_forwarding_is_allowed_it_is_the_way(quiet: Rig) -> None:
    assert "reached via tunnel: gw-a, gw-b" in quiet.fab("check").ok().stdout
