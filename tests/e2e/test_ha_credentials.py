"""The credentials of a pair's HA channel, changed on a lab: both ways, broken off, and gone wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Any

import pytest

from tasks.core.file_names import HA
from tasks.effects.creation import Order, create_sets
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.lab.faults import break_node, mend
from tasks.lab.layout import LabNode
from tests.e2e.labs import Rig, begun, rigged, small
from tests.e2e.sights import backups, configure, connected, eventually, fingerprint, leftovers, rest, served
from tests.e2e.test_consent import untouched

MIGRATE = "ha.migrate"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A single member gw-a and a secured pair gw-b, at first on the built-in pair."""
    with rigged(tmp_path_factory.mktemp("ha"), small(1, pairs=1, secured_ha=True)) as made:
        for node in made.lab.nodes[1:]:  # in force with its next start: a search of 10 s here, not of 12
            configure(made.lab, node, {"HighAvailability": {"DiscoveryTimeout": 500}})
        slow = made.inventory.read_text().replace(
            "settle_s: 0.15", "settle_s: 0.3"
        )  # a node that pairs as before
        made.inventory.write_text(slow)
        yield made


def new_set(rig: Rig, *, kind: str = "shared") -> str:
    """A fresh HA set of gw-b; the fingerprint of its certificate."""
    create_sets(
        open_inventory(str(rig.inventory), None), Order(kind, use="ha"), force=True, secrets=Secrets().resolve
    )
    return fingerprint(rig.credentials / "gw-b" / HA.cert)


def shown(rig: Rig, node: LabNode) -> str:
    """The certificate that the node shows to its peer."""
    return served(rig.lab, node.name, port=rig.lab.ports.ha)


def nodes(rig: Rig) -> tuple[LabNode, LabNode]:
    """The primary and the standby of gw-b, now."""
    found = {_ha(rig, node)["NewRole"]: node for node in rig.lab.nodes if node.peer}
    return found["PRIMARY"], found["STANDBY"]


def _ha(rig: Rig, node: LabNode) -> dict[str, object]:
    section = rest(rig.lab, node)["HighAvailability"]
    assert isinstance(section, dict)
    return section


def ends_well(rig: Rig, wanted: str) -> None:
    """Both nodes show the new certificate and are in sync; nothing is left behind, the cluster is whole."""
    primary, standby = nodes(rig)
    assert {shown(rig, primary), shown(rig, standby)} == {wanted}
    assert [_ha(rig, node)["SyncNodes"] for node in (primary, standby)] == [2, 2]
    assert rig.journal()[-1]["event"] == "completed"
    assert leftovers(rig.lab) == ()
    assert connected(rig.lab, "gw-a") == 1


def impatient(document: dict[str, Any]) -> None:
    document["defaults"]["limits"]["join_s"] = 3


def done(rig: Rig) -> list[str]:
    return [entry["step"] for entry in rig.journal() if entry["event"] == "done"]


def test_a_standby_that_cannot_read_its_new_files_pairs_as_before_and_is_caught(rig: Rig) -> None:
    new_set(rig)
    primary, standby = nodes(rig)
    with begun(rig, "--yes", task=MIGRATE) as run:
        run.until("done", "ha-swap-standby:gw-b")
        run.signalled(SIGKILL)
    (standby.certificates / "keystore" / HA.key).chmod(0)
    ran = rig.fab(MIGRATE, "--resume")
    assert ran.code == 5, ran.stderr
    assert (
        f"{standby.name} paired with {primary.name} again: it loaded the former HA credentials" in ran.stderr
    )
    assert _ha(rig, primary)["NewRole"] == "PRIMARY"
    assert "ha-swap-primary:gw-b" not in done(rig)
    again = rig.fab(MIGRATE, "--resume")  # the sync has replaced the standby's files
    assert (again.code, "cannot go on" in again.stderr) == (3, True), again.stderr
    rig.fab(MIGRATE, "--break-lock", rig.runs[-1].name).ok()
    assert leftovers(rig.lab) == ()


def test_the_documented_way_from_the_built_in_pair_killed_and_resumed(rig: Rig) -> None:
    wanted = new_set(rig)
    with begun(rig, "--yes", task=MIGRATE) as run:
        run.until("noted", "ha-part:gw-b")
        run.signalled(SIGKILL)
    with begun(rig, "--resume", task=MIGRATE) as run:
        run.until("noted", "ha-rejoin:gw-b")
        run.signalled(SIGKILL)
    ran = rig.fab(MIGRATE, "--resume").ok()
    assert "complete: healthy: gw-b in sync" in ran.stdout
    ends_well(rig, wanted)
    kinds = [step.partition(":")[0] for step in done(rig)]
    parting = ["ha-swap-standby", "ha-part", "ha-swap-primary", "ha-rejoin"]
    assert kinds == ["ha-place", "ha-place", *parting, "ha-prove"]
    assert any(f"shows {wanted[:8]}" in entry.get("seen", "") for entry in rig.journal())
    assert all("HA_key.pem.absent" in names for names in _backups(rig).values())


def _backups(rig: Rig) -> dict[str, tuple[str, ...]]:
    return {name: names for name, names in backups(rig.lab).items() if name != "gw-a"}


def test_a_pair_that_runs_with_its_set_is_left_alone(rig: Rig) -> None:
    with untouched(rig):
        ran = rig.fab(MIGRATE, "--yes").ok()
    assert "nothing to do: every pair already runs with its HA credential set" in ran.stdout


def test_three_rounds_to_another_set_with_a_standby_that_came_back_wrong(rig: Rig) -> None:
    wanted = new_set(rig)
    before = primary, standby = nodes(rig)
    with begun(rig, "gw-b", "--yes", task=MIGRATE) as run:
        run.until("done", "ha-swap:gw-b@1")
        run.signalled(SIGKILL)
    key = standby.certificates / "keystore" / HA.key
    key.chmod(0)
    ran = rig.fab(MIGRATE, "--resume", inventory=rig.changed_inventory("impatient", impatient))
    assert ran.code == 5, ran.stderr
    assert "ha-restart-primary:gw-b@1" not in done(rig)
    assert _ha(rig, primary)["NewRole"] == "PRIMARY"
    key.chmod(0o600)
    assert eventually(lambda: _ha(rig, standby)["ReasonCode"] == 2)  # it gave up its search
    rig.fab(MIGRATE, "--resume").ok()
    ends_well(rig, wanted)
    taken_over = [step for step in done(rig) if step.startswith("ha-restart-primary")]
    assert taken_over == [f"ha-restart-primary:gw-b@{number}" for number in (1, 2, 3)]
    assert nodes(rig) == (before[1], before[0])
    ca = (before[0].certificates / "truststore" / HA.ca).read_bytes()
    assert ca == (rig.credentials / "gw-b" / HA.ca).read_bytes()


@pytest.mark.usefixtures("where_there_is_time")
def test_a_standby_on_other_credentials_is_seen_before_the_primary_is_touched(rig: Rig) -> None:
    wanted = new_set(rig)
    primary, standby = nodes(rig)
    former = shown(rig, primary)
    with begun(rig, "--yes", "--way", "documented", task=MIGRATE) as run:
        run.until("done", "ha-swap-standby:gw-b")
        run.signalled(SIGKILL)
    key = standby.certificates / "keystore" / HA.key
    key.chmod(0)
    ran = rig.fab(MIGRATE, "--resume")
    assert ran.code == 5, ran.stderr
    assert f"[{standby.name}] its HA channel shows the BUILT-IN certificate" in ran.stderr
    assert "fab ha.migrate --resume restarts it once more" in ran.stderr
    seen = _ha(rig, primary)
    assert (seen["NewRole"], seen["ActiveNodes"], shown(rig, primary)) == ("PRIMARY", 1, former)
    key.chmod(0o600)
    assert eventually(lambda: _ha(rig, standby)["ReasonCode"] == 2)  # it gave up its search
    resumed = rig.fab(MIGRATE, "--resume").ok()
    assert "restarted once more" in resumed.stderr
    ends_well(rig, wanted)


@pytest.mark.usefixtures("where_there_is_time")
def test_a_primary_that_fails_before_and_after_the_parting_is_followed_and_brought_back(rig: Rig) -> None:
    """Before it the standby takes over, and the other node goes first; after it nobody serves, and it is said."""
    wanted = new_set(rig)
    first, second = nodes(rig)
    with begun(rig, "--yes", "--way", "documented", task=MIGRATE) as run:
        run.until("started", "ha-swap-standby:gw-b")
        assert "stopped before ha-part:gw-b" in run.signalled(SIGINT).stderr
    break_node(rig.lab.directory, first.name, "gateway-down")
    assert eventually(lambda: _ha(rig, second)["NewRole"] == "PRIMARY")
    mend(rig.lab.directory, first.name)
    assert eventually(lambda: _ha(rig, second)["SyncNodes"] == 2)
    with begun(rig, "--resume", task=MIGRATE) as run:
        run.until("started", "ha-swap-primary:gw-b")
        stopped = run.signalled(SIGINT)
    assert f"the roles have moved: {first.name} is the standby now, and goes first" in stopped.stderr
    assert "stopped before ha-rejoin:gw-b" in stopped.stderr
    break_node(rig.lab.directory, second.name, "gateway-down")
    down = rig.fab(MIGRATE, "--resume")
    assert down.code == 5, down.stderr
    assert "nobody serves the clients of gw-b" in down.stderr
    assert f"start its server on {second.address} by its service manager" in down.stderr
    mend(rig.lab.directory, second.name)
    ran = rig.fab(MIGRATE, "--resume").ok()
    assert f"[{second.name}] it was started anew since its files were swapped in" in ran.stderr
    ends_well(rig, wanted)


def test_cluster_credentials_change_beside_those_of_the_ha_channel(rig: Rig) -> None:
    """HA sync copies whole trees: neither set may take the other one along."""
    primary, _ = nodes(rig)
    former = shown(rig, primary)
    rig.migrate().ok()
    assert {served(rig.lab, node.name) for node in (nodes(rig)[0], rig.lab.node("gw-a"))} == {
        fingerprint(rig.credentials / "Cluster_cert.pem")
    }
    assert {shown(rig, node) for node in nodes(rig)} == {former}
    for node in nodes(rig):
        kept = (node.certificates / "keystore" / HA.cert).read_bytes()
        assert kept == (rig.credentials / "gw-b" / HA.cert).read_bytes()
    ends_well(rig, former)


def test_an_unsecured_pair_is_refused(tmp_path: Path) -> None:
    with rigged(tmp_path, small(0, pairs=1)) as rig:
        create_sets(
            open_inventory(str(rig.inventory), None),
            Order("ca", use="ha"),
            force=True,
            secrets=Secrets().resolve,
        )
        with untouched(rig):
            ran = rig.fab(MIGRATE, "--yes")
        assert ran.code == 3
        assert "ha-unsecured: [gw-a1, gw-a2] UseSecuredConnections is false" in ran.stderr
        assert rig.runs == ()
