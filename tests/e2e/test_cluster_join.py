"""One new member joins a running cluster: `fab cluster.join`."""

from __future__ import annotations

from collections.abc import Iterator
from signal import SIGKILL
from typing import Any

import pytest

from tests.e2e.labs import Rig, begun, rigged, small
from tests.e2e.sights import configurations, fingerprint, leftovers, processes, rest, served
from tests.e2e.test_consent import untouched

JOIN = "cluster.join"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members on the built-in pair, and gw-c, which is to join them; the tests go on from each other."""
    with rigged(tmp_path_factory.mktemp("join"), small(3, joining=1)) as made:
        yield made


def test_a_cluster_on_the_builtin_pair_does_not_trust_the_newcomer(rig: Rig) -> None:
    with untouched(rig):
        ran = rig.fab(JOIN, "gw-c", "--yes")
    assert ran.code == 3
    assert "ERROR not-trusted: [gw-c]" in ran.stderr
    assert "take gw-c out of the inventory for now, fab migrate-cluster" in ran.stderr


def _without_c(document: dict[str, Any]) -> None:
    del document["clusters"]["rehearsal"]["members"]["gw-c"]


def test_after_the_migration_of_the_others_only_the_newcomer_is_missing(rig: Rig) -> None:
    rig.migrate(inventory=rig.changed_inventory("without-c", _without_c)).ok()
    shown = rig.fab("status")
    assert shown.code == 6
    assert "ERROR not-a-member: [gw-c]" in shown.stdout
    assert "-> fab cluster.join gw-c" in shown.stdout
    assert "NOT HEALTHY: 3 members, 3 nodes; 1 finding on gw-c" in shown.stdout


def test_the_newcomer_alone_is_restarted_and_everybody_knows_it(rig: Rig) -> None:
    before = processes(rig.lab)
    with begun(rig, "gw-c", "--yes", task=JOIN) as run:
        run.until_told("waiting for restart of gw-c: REST is silent")
        run.signalled(SIGKILL)
    ran = rig.fab(JOIN, "--resume").ok()
    assert "complete: healthy: 3 members, 3 nodes, all connected, 1 certificate" in ran.stdout
    after = processes(rig.lab)
    assert {name for name in before if before[name] != after[name]} == {"gw-c"}
    assert served(rig.lab, "gw-c") == fingerprint(rig.credentials / "Cluster_cert.pem")
    for node in rig.lab.nodes:
        cluster = rest(rig.lab, node)["Cluster"]
        assert (cluster["ConnectedServers"], cluster["DisconnectedServers"]) == (2, 0)
    assert leftovers(rig.lab) == ()
    sent = configurations(rig.lab)
    assert (sent["gw-a"], sent["gw-b"], len(sent["gw-c"])) == ((), (), 1)
    assert sent["gw-c"][0]["EnableClusterMembership"] is True


def test_who_has_joined_is_left_alone_by_join_and_by_create(rig: Rig) -> None:
    """The lists of the others do not name it, and that is no other configuration."""
    with untouched(rig):
        assert "nothing to do" in rig.fab(JOIN, "gw-c", "--yes").ok().stdout
        assert "nothing to do" in rig.fab("cluster.create", "--yes").ok().stdout
    assert "DiscoveryServerList does not name every member" in rig.fab("cluster.show").ok().stdout
