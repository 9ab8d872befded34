"""Two single servers of a lab become an HA pair, or are refused."""

from __future__ import annotations

from collections.abc import Iterator
from signal import SIGKILL
from typing import Any

import pytest

from tasks.core.file_names import HA
from tasks.effects.creation import Order, create_sets
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.lab.faults import break_node, mend
from tests.e2e.labs import Rig, begun, rigged, small
from tests.e2e.sights import fingerprint, leftovers, rest, served
from tests.e2e.test_consent import untouched

CREATE = "ha.create"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The two nodes of gw-a, single servers outside of any cluster, with an HA set made."""
    topology = small(0, pairs=1, formed=False, paired=False)
    with rigged(tmp_path_factory.mktemp("pair"), topology) as made:
        create_sets(
            open_inventory(str(made.inventory), None), Order(use="ha"), force=True, secrets=Secrets().resolve
        )
        yield made


def ha(rig: Rig, node: str) -> dict[str, Any]:
    section = rest(rig.lab, rig.lab.node(node))["HighAvailability"]
    assert isinstance(section, dict)
    return section


def test_who_is_to_be_primary_must_be_said(rig: Rig) -> None:
    with untouched(rig):
        ran = rig.fab(CREATE, "gw-a", "--yes")
    assert ran.code == 3
    assert "who of gw-a1 and gw-a2 is to be the primary?" in ran.stderr
    assert "fab ha.create gw-a --primary gw-a1" in ran.stderr
    other = rig.fab(CREATE, "gw-a", "--primary", "gw-x", "--yes")
    assert (other.code, "--primary gw-x is no node of gw-a" in other.stderr) == (2, True)


def test_an_unformed_pair_is_named_by_check(rig: Rig) -> None:
    assert "-> fab ha.create gw-a" in rig.fab("check").stdout
    with untouched(rig):
        ran = rig.fab("ha.migrate", "--yes")
    assert (ran.code, "pair-not-formed" in ran.stderr) == (3, True)


def test_two_stores_with_data_do_not_pair_until_one_gives_way(rig: Rig) -> None:
    """What keeps the servers apart is said; once it is mended the run goes on, killed in between or not."""
    for node in rig.lab.nodes:
        break_node(rig.lab.directory, node.name, "store-data")
    ran = rig.fab(CREATE, "gw-a", "--primary", "gw-a2", "--yes")
    assert ran.code == 5, ran.stderr
    assert "ReasonCode 5 UNRESOLVED_STORE" in ran.stderr
    assert "both stores hold data" in ran.stderr
    for node in rig.lab.nodes:
        mend(rig.lab.directory, node.name)
    with begun(rig, "--resume", task=CREATE) as run:
        run.until_told("restarted once more")
        run.signalled(SIGKILL)
    resumed = rig.fab(CREATE, "--resume").ok()
    assert "complete: healthy: gw-a in sync" in resumed.stdout
    assert [ha(rig, name)["NewRole"] for name in ("gw-a2", "gw-a1")] == ["PRIMARY", "STANDBY"]
    wanted = fingerprint(rig.credentials / "gw-a" / HA.cert)
    assert {served(rig.lab, node.name, port=rig.lab.ports.ha) for node in rig.lab.nodes} == {wanted}
    assert leftovers(rig.lab) == ()


def test_a_pair_that_stands_is_left_alone(rig: Rig) -> None:
    with untouched(rig):
        ran = rig.fab(CREATE, "gw-a", "--yes").ok()
    assert "gw-a is a pair already, configured as the inventory says" in ran.stdout


def test_a_pair_that_is_configured_otherwise_is_refused_with_the_difference(rig: Rig) -> None:
    def other_group(document: dict[str, Any]) -> None:
        document["clusters"]["rehearsal"]["members"]["gw-a"]["ha"] = {"group": "another", "secured": False}

    with untouched(rig):
        ran = rig.fab(CREATE, "gw-a", "--yes", inventory=rig.changed_inventory("other-group", other_group))
    assert ran.code == 3
    assert "Group is gw-a, wanted another; UseSecuredConnections is true, wanted false" in ran.stderr
