"""The runbook from Message Gateway to Amlen: the order, and what is asked of each node."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

from tasks.core.json_text import json_text
from tasks.core.model import ByContainer, BySystemd, ExecFiles, Product
from tasks.core.snapshot import Snapshot
from tasks.core.upgrade import Runbook, Stage, Standing, plan_upgrade
from tasks.core.upgrade_text import as_markdown
from tests.core.certs import BUILTIN_SET, SHARED
from tests.core.islands import apart
from tests.core.snapshots import (
    WITH_PAIR,
    alter_files,
    alter_membership,
    alter_node,
    alter_server,
    healthy,
    status_of,
    unreachable,
)

OLD, NEW = PurePosixPath("/var/messagesight"), PurePosixPath("/var/lib/amlen-server")


def _legacy(snapshot: Snapshot, *, version: str = "5.0.0.2 x", confirmed: bool = True) -> Snapshot:
    """Every node a Message Gateway, its data where that product keeps it."""
    for name, seen in snapshot.nodes.items():
        paths = replace(seen.node.paths, data_dir=OLD)
        snapshot = alter_node(
            snapshot, name, product=Product.MESSAGESIGHT, ifix_confirmed=confirmed, paths=paths
        )
        snapshot = alter_server(snapshot, name, version=version)
    return snapshot


def _stage(runbook: Runbook, node: str) -> Stage:
    (found,) = [stage for stage in runbook.stages if stage.node == node]
    return found


def _commands(stage: Stage) -> list[str]:
    return [command for action in stage.actions for command in action.commands]


def _titles(runbook: Runbook) -> list[str]:
    return [stage.title for stage in runbook.stages if not stage.node]


def test_standbys_come_first_and_the_observer_last() -> None:
    runbook = plan_upgrade(_legacy(healthy(WITH_PAIR, runs=SHARED)))
    assert runbook.order == ("gw-d2", "gw-a", "gw-b", "gw-d1", "gw-c")
    assert _stage(runbook, "gw-d2").title.startswith("gw-d2 (standby of gw-d): ")
    assert _stage(runbook, "gw-d1").title.startswith("gw-d1 (primary of gw-d): ")
    assert "(single member, the observer)" in _stage(runbook, "gw-c").title


def test_roles_that_moved_move_the_order() -> None:
    snapshot = _legacy(healthy(WITH_PAIR, runs=SHARED))
    one, other = status_of(snapshot, "gw-d1"), status_of(snapshot, "gw-d2")
    nodes = dict(snapshot.nodes)
    nodes["gw-d1"] = replace(nodes["gw-d1"], status=other)
    nodes["gw-d2"] = replace(nodes["gw-d2"], status=one)
    assert plan_upgrade(replace(snapshot, nodes=nodes)).order[0] == "gw-d1"


def test_nodes_on_amlen_are_listed_as_done_and_left_alone() -> None:
    runbook = plan_upgrade(apart())
    assert {n.name: n.standing for n in runbook.nodes} == {
        "gw-a": Standing.DONE,
        "gw-b": Standing.DONE,
        "gw-c": Standing.READY,
        "gw-d": Standing.READY,
    }
    assert runbook.order == ("gw-c", "gw-d")


def test_a_cluster_on_amlen_has_nothing_to_do() -> None:
    runbook = plan_upgrade(healthy())
    assert (runbook.order, runbook.stages) == ((), ())
    assert "Every node runs Eclipse Amlen: nothing to do." in as_markdown(runbook)


def test_each_step_of_a_node_stands_in_the_documented_order() -> None:
    commands = _commands(_stage(plan_upgrade(_legacy(healthy(runs=SHARED))), "gw-a"))
    wanted = [
        'curl -k -u admin -X POST -d \'{"Service":"Server"}\' https://gw-a:9089/ima/v1/service/stop',
        "sudo rpm -e IBMWIoTPMessageGatewayServer",
        "sudo mv -T /var/messagesight /var/lib/amlen-server",
        "sudo ln -sT /var/lib/amlen-server /var/messagesight",
        "sudo touch /var/lib/amlen-server/data/config/store.init",
        "sudo yum --nogpgcheck install ./EclipseAmlenServer-*.rpm",
        "sudo systemctl start imaserver",
    ]
    assert [command for command in commands if command in wanted] == wanted


def test_no_server_is_stopped_by_the_service_manager() -> None:
    text = as_markdown(plan_upgrade(_legacy(healthy(WITH_PAIR))))
    assert "service/stop" in text
    assert "systemctl stop" not in text
    assert "systemctl restart" not in text


def test_data_that_a_link_leads_to_already_is_not_moved() -> None:
    linked = alter_files(_legacy(healthy()), "gw-a", real={OLD: NEW, OLD / "data": NEW / "data"})
    runbook = plan_upgrade(linked)
    assert not any("mv -T" in command for command in _commands(_stage(runbook, "gw-a")))
    assert any("mv -T" in command for command in _commands(_stage(runbook, "gw-b")))
    elsewhere = alter_files(linked, "gw-a", real={OLD: PurePosixPath("/srv/ima")})
    assert "sudo ln -sT /srv/ima /var/lib/amlen-server" in _commands(_stage(plan_upgrade(elsewhere), "gw-a"))


def test_data_with_a_link_inside_is_moved_with_its_link() -> None:
    inside = alter_files(
        _legacy(healthy()), "gw-a", real={OLD: OLD, OLD / "data": PurePosixPath("/srv/store")}
    )
    commands = _commands(_stage(plan_upgrade(inside), "gw-a"))
    assert "sudo mv -T /var/messagesight /var/lib/amlen-server" in commands
    assert not any("/srv" in command for command in commands)


def test_a_cluster_on_its_built_in_pair_gets_credentials_first() -> None:
    text = as_markdown(plan_upgrade(_legacy(healthy(runs=BUILTIN_SET))))
    assert text.index("fab migrate-cluster") < text.index("rpm -e")
    assert "two islands" not in text
    assert "two islands now" in as_markdown(plan_upgrade(apart()))
    migrated = plan_upgrade(_legacy(healthy(runs=SHARED)))
    assert "no member that answers serves a built-in" in migrated.stages[1].actions[0].text


def test_a_version_without_the_latest_fix_gets_it_first() -> None:
    fix = "Bring Message Gateway to its latest fix"
    assert fix in _titles(plan_upgrade(_legacy(healthy(), confirmed=False)))
    assert fix in _titles(plan_upgrade(_legacy(healthy(), version="5.0.0.1 x")))
    assert fix not in _titles(plan_upgrade(_legacy(healthy())))


def test_2_0_has_its_own_package_and_unit_and_no_credentials_before() -> None:
    runbook = plan_upgrade(_legacy(healthy(), version="2.0.0.1 x", confirmed=False))
    assert "MessageSight 2.0, which knows its built-in pair only" in runbook.stages[1].actions[0].text
    commands = _commands(_stage(runbook, "gw-a"))
    assert "sudo rpm -e IBMIoTMessageSightServer" in commands
    assert "systemctl is-active IBMIoTMessageSightServer   # wanted: inactive" in commands


def test_require_certificates_is_not_switched_off() -> None:
    assert "Leave RequireCertificates as it is." in as_markdown(plan_upgrade(_legacy(healthy())))


def test_require_certificates_that_is_off_is_set_again_at_the_end() -> None:
    command = "fab cluster.require-certificates true"
    off = plan_upgrade(alter_membership(_legacy(healthy()), "gw-b", require_certificates=False))
    assert command in _commands(off.stages[-1])
    assert "RequireCertificates is false on gw-b" in as_markdown(off)
    assert command not in as_markdown(plan_upgrade(_legacy(healthy())))


def test_pairs_get_ha_credentials_by_name_and_clusters_without_pairs_do_not() -> None:
    for runs in (BUILTIN_SET, SHARED):
        commands = _commands(plan_upgrade(_legacy(healthy(WITH_PAIR, runs=runs))).stages[1])
        assert commands[-3:] == [
            "fab credentials.create --use ha",
            "fab ha.migrate gw-d --plan",
            "fab ha.migrate gw-d",
        ]
        assert "ha.migrate" not in as_markdown(plan_upgrade(_legacy(healthy(runs=runs))))


def test_a_container_is_run_from_another_image_with_its_volume_at_both_places() -> None:
    boxed = alter_node(_legacy(healthy()), "gw-a", start_by=ByContainer("docker", "IMA"))
    stage = _stage(plan_upgrade(boxed), "gw-a")
    assert "docker rm IMA" in _commands(stage)
    assert not any("rpm" in command for command in _commands(stage))
    assert any(f"at {NEW} and at {OLD}" in action.text for action in stage.actions)


def test_a_container_that_systemd_starts_is_a_container_all_the_same() -> None:
    inside = ExecFiles(ByContainer("podman", "IMA"))
    quadlet = alter_node(_legacy(healthy()), "gw-a", files_by=inside)
    assert isinstance(quadlet.nodes["gw-a"].node.start_by, BySystemd)
    commands = _commands(_stage(plan_upgrade(quadlet), "gw-a"))
    assert "podman rm IMA" in commands
    assert not any("rpm" in command for command in commands)


def test_a_node_that_does_not_answer_is_planned_by_its_product_in_the_inventory() -> None:
    runbook = plan_upgrade(unreachable(_legacy(healthy()), "gw-b"))
    assert "gw-b" in runbook.order
    assert "| gw-b | gw-b | ? | Message Gateway | no answer | to be upgraded |" in as_markdown(runbook)


def test_the_data_says_what_the_text_says() -> None:
    runbook = plan_upgrade(_legacy(healthy(WITH_PAIR)))
    data = json.loads(json_text(runbook))
    assert data["order"] == list(runbook.order)
    assert [stage["title"] for stage in data["stages"]] == [stage.title for stage in runbook.stages]
    assert {node["standing"] for node in data["nodes"]} == {"to be upgraded"}


def test_the_same_snapshot_gives_the_same_runbook() -> None:
    snapshot = _legacy(healthy(WITH_PAIR))
    assert plan_upgrade(snapshot) == plan_upgrade(snapshot)
    assert as_markdown(plan_upgrade(snapshot)).endswith("\n")
