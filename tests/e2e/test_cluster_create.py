"""From freshly installed servers to a secured cluster: `fab cluster.create`, broken off and gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from signal import SIGKILL
from typing import Any

import pytest

from tasks.core.issuing import Subject, shared_self_signed
from tasks.lab.faults import break_node, mend
from tests.e2e.labs import Ran, Rig, begun, rigged, small
from tests.e2e.sights import configurations, eventually, fingerprint, leftovers, rest, served
from tests.e2e.test_consent import untouched

CREATE = "cluster.create"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two single members and a pair, in no cluster; the tests form it in their order."""
    with rigged(tmp_path_factory.mktemp("create"), small(pairs=1, formed=False)) as made:
        yield made


def _refused(rig: Rig, name: str, **membership: Any) -> Ran:
    """What it says with another `membership:` of all nodes, without having touched any."""

    def change(document: dict[str, Any]) -> None:
        document["defaults"]["membership"] = membership

    inventory = rig.changed_inventory(name, change)
    with untouched(rig):
        ran = rig.fab(CREATE, "--yes", inventory=inventory)
    assert ran.code == 3, ran.stderr
    return ran


def test_who_is_in_no_cluster_is_sent_to_create_and_a_bad_inventory_changes_nothing(rig: Rig) -> None:
    shown = rig.fab("status")
    assert shown.code == 6
    assert "ERROR not-a-member: [gw-a, gw-b, gw-c]" in shown.stdout
    assert "-> fab cluster.create" in shown.stdout
    ran = _refused(rig, "colliding", control_port=9089, messaging_port=9089)
    assert "control_port 9089 is also the port of the admin API" in ran.stderr
    assert "messaging_port 9089 is also the control_port" in ran.stderr


def _restarts(rig: Rig) -> dict[str, int]:
    """How often each server was asked to end since the lab was made."""
    logs = {node.name: node.log_dir / "imaserver-admin.log" for node in rig.lab.nodes}
    return {name: log.read_text().count("CWLNA6005") if log.exists() else 0 for name, log in logs.items()}


def _reboot(rig: Rig, standby: str) -> None:
    """It comes up as a cluster member beside a primary that is none yet, which refuses it."""
    break_node(rig.lab.directory, standby, "gateway-down")
    mend(rig.lab.directory, standby)
    assert eventually(lambda: _reason(rig, standby) == 1)


def _reason(rig: Rig, node: str) -> int:
    """ReasonCode of a node in maintenance; 0 while it is not, or does not answer yet."""
    try:
        answer = rest(rig.lab, rig.lab.node(node))
    except OSError:
        return 0
    return int(answer["HighAvailability"]["ReasonCode"]) if answer["Server"]["State"] == 9 else 0


def _uids(rig: Rig) -> dict[str, str]:
    return {node.name: rest(rig.lab, node)["Server"]["UID"] for node in rig.lab.nodes}


def test_a_run_that_is_broken_off_again_and_again_forms_the_cluster(rig: Rig) -> None:
    before = _uids(rig)
    with begun(rig, "--yes", task=CREATE) as run:
        run.until("done", "configure:gw-a")
        run.signalled(SIGKILL)
    assert "stopped as asked" in rig.fab(CREATE, "--resume", "--stop-after", "2").ok().stdout
    _reboot(rig, "gw-c2")
    with begun(rig, "--resume", task=CREATE) as run:
        run.until_told("[gw-c2] was refused by its primary")
        run.until_told("waiting for both nodes of gw-c")
        run.signalled(SIGKILL)
    ran = rig.fab(CREATE, "--resume").ok()
    assert "complete: healthy: 3 members, 4 nodes, all connected, 1 certificate" in ran.stdout
    new = fingerprint(rig.credentials / "Cluster_cert.pem")
    assert {served(rig.lab, name) for name in ("gw-a", "gw-b", "gw-c1")} == {new}
    assert leftovers(rig.lab) == ()
    after = _uids(rig)
    assert not set(before.values()) & set(after.values()), (
        "a server that becomes a member gets a new ServerUID"
    )
    assert after["gw-c1"] == after["gw-c2"]
    done = [entry["step"] for entry in rig.journal() if entry["event"] == "done"]
    assert len(done) == len(set(done))
    assert done[-4:] == ["restart:gw-a", "restart:gw-b", "restart-pair:gw-c", "prove:cluster"]
    assert {name: number for name, number in _restarts(rig).items() if name in ("gw-a", "gw-b")} == {
        "gw-a": 1,
        "gw-b": 1,
    }


def test_each_node_was_configured_once_and_the_standby_was_not_told_what_it_refuses(rig: Rig) -> None:
    sent = configurations(rig.lab)
    assert {name: len(posts) for name, posts in sent.items()} == {
        "gw-a": 1,
        "gw-b": 1,
        "gw-c1": 1,
        "gw-c2": 1,
    }
    for name in ("gw-a", "gw-b", "gw-c1"):
        assert sent[name][0]["EnableClusterMembership"] is True
        assert sent[name][0]["UseMulticastDiscovery"] is False
        assert sent[name][0]["ControlAddress"] == rig.lab.node(name).address
    assert not {"EnableClusterMembership", "ClusterName", "DiscoveryServerList"} & set(sent["gw-c2"][0])


def test_the_pair_keeps_its_roles_and_both_its_nodes_are_in_the_cluster(rig: Rig) -> None:
    primary, standby = (rest(rig.lab, rig.lab.node(name)) for name in ("gw-c1", "gw-c2"))
    assert (primary["HighAvailability"]["NewRole"], primary["Cluster"]["Status"]) == ("PRIMARY", "Active")
    assert (standby["HighAvailability"]["NewRole"], standby["Cluster"]["Status"]) == ("STANDBY", "Standby")


def test_a_formed_cluster_is_left_alone(rig: Rig) -> None:
    before = configurations(rig.lab)
    with untouched(rig):
        ran = rig.fab(CREATE, "--yes").ok()
    assert configurations(rig.lab) == before
    assert "nothing to do: every member is in the cluster and configured as the inventory says" in ran.stdout


def test_another_configuration_is_refused_with_every_difference_and_nobody_is_switched_off(rig: Rig) -> None:
    before = _uids(rig)
    sent = configurations(rig.lab)
    ran = _refused(rig, "unlike", messaging_port=9205, require_certificates=False)
    assert configurations(rig.lab) == sent
    differs = "MessagingPort is 9105, wanted 9205; RequireCertificates is true, wanted false"
    for name in before:
        assert name in ran.stderr.split("membership-differs: [")[1].split("]")[0]
    assert differs in ran.stderr
    assert _uids(rig) == before


def test_the_configuration_of_all_nodes_is_shown_side_by_side(rig: Rig) -> None:
    found = json.loads(rig.fab("cluster.show", "--json").ok().stdout)
    assert found["unlike"] == []
    assert [node["pending"] for node in found["nodes"]] == [""] * 4
    assert found["nodes"][0]["keys"]["ControlAddress"] == rig.lab.node("gw-a").address


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigged(tmp_path_factory.mktemp("foreign"), small(formed=False)) as made:
        yield made


def _put(rig: Rig, node: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        store = "truststore" if "cafile" in name else "keystore"
        (rig.lab.node(node).certificates / store / name).write_bytes(content)


def test_a_member_that_comes_up_with_a_foreign_set_stops_the_line(two: Rig) -> None:
    assert "stopped as asked" in two.fab(CREATE, "--yes", "--stop-after", "1").ok().stdout
    own = {path.name: path.read_bytes() for path in two.credentials.glob("Cluster_*.pem")}
    foreign = dict(shared_self_signed(Subject("Stranger"), days=365, now=datetime.now(UTC)).files())
    with begun(two, "--resume", task=CREATE) as run:
        run.until("started", "restart:gw-b")
        _put(two, "gw-b", foreign)
        ran = run.end()
    assert ran.code == 5, ran.stderr
    assert "[gw-b] restart of gw-b: serves CN=Stranger" in ran.stderr
    assert "fab cluster.create --resume" in ran.stderr
    assert rest(two.lab, two.lab.node("gw-a"))["Cluster"]["ConnectedServers"] == 0
    _put(two, "gw-b", own)
    assert "complete: healthy: 2 members" in two.fab(CREATE, "--resume").ok().stdout
