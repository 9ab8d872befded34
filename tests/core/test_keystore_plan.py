"""The plan of a keystore's move: order, edits, what the operator is told, and when there is nothing to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tasks.core.findings import Finding, Severity
from tasks.core.journal import Entry, progress
from tasks.core.keystore_move import Moving
from tasks.core.keystore_plan import back_lines, plan_move
from tasks.core.keystore_wish import Wish
from tasks.core.plan import Plan
from tasks.core.plan_table import plan_table
from tasks.core.resuming import disagreements
from tasks.core.snapshot import Snapshot
from tasks.core.step_text import step_text
from tests.core.keystores import ADMIN, CLUSTER, NEW, folder, moving, seen, to
from tests.core.snapshots import (
    CFG,
    DATA,
    KEYSTORE,
    THREE,
    TRUSTSTORE,
    WITH_PAIR,
    alter_cfg,
    alter_node,
    rest_silent,
)

MOVED = CFG.replace(str(KEYSTORE), str(NEW))


def plan_of(snapshot: Snapshot, wish: Wish, *, findings: tuple[Finding, ...] = ()) -> Plan:
    return plan_move(snapshot, moving(snapshot, wish), findings=findings, lines=("The inventory: x",))


def test_a_step_per_node_the_primary_of_a_pair_first_and_nothing_is_restarted() -> None:
    plan = plan_of(seen(WITH_PAIR, to(NEW)), to(NEW))
    names = ["gw-a", "gw-b", "gw-c", "gw-d1", "gw-d2"]
    assert [step.id for step in plan.steps] == [f"move-keystore:{name}" for name in names]
    assert plan.restarts == ()
    assert (plan.task, step_text(plan, plan.steps[0])) == ("config.keystore", "move keystore of gw-a")
    swapped = seen(WITH_PAIR, to(NEW))
    one, two = swapped.nodes["gw-d1"].status, swapped.nodes["gw-d2"].status
    nodes = {**swapped.nodes, "gw-d1": replace(swapped.nodes["gw-d1"], status=two)}
    swapped = replace(swapped, nodes={**nodes, "gw-d2": replace(swapped.nodes["gw-d2"], status=one)})
    assert [step.target for step in plan_of(swapped, to(NEW)).steps][-2:] == ["gw-d2", "gw-d1"]


def test_the_edit_changes_one_line_and_names_what_goes_along() -> None:
    (edit,) = plan_of(seen(THREE, to(NEW, node="gw-b")), to(NEW, node="gw-b")).edits.values()
    assert (edit.keystore, edit.truststore) == (str(NEW), None)
    assert edit.carried == (*ADMIN, *CLUSTER, "HA_key.pem")
    assert edit.diff.split("\n")[-4:-1] == [
        f"-KeyStore = {KEYSTORE}",
        f"+KeyStore = {NEW}",
        f" TrustedCertificateDir = {TRUSTSTORE}",
    ]
    both = to(NEW, truststore="/srv/amlen/trust", node="gw-b")
    (edit,) = plan_of(seen(THREE, both), both).edits.values()
    assert edit.truststore == "/srv/amlen/trust"
    assert edit.carried[-2:] == ("Cluster_cafile.pem", "Cluster_capath")


def test_what_is_there_already_is_not_carried_again() -> None:
    wish = to(NEW, node="gw-b")
    snapshot = seen(THREE, wish)
    there = moving(snapshot, wish, new=folder(NEW, *ADMIN, *CLUSTER))
    (edit,) = plan_move(snapshot, there, findings=(), lines=()).edits.values()
    assert edit.carried == ("HA_key.pem",)


def _at_new_place(snapshot: Snapshot, name: str) -> Snapshot:
    return alter_cfg(snapshot, name, MOVED)


def test_a_node_that_is_so_already_is_left_alone_and_all_of_them_are_nothing_to_do() -> None:
    wish = to(NEW)
    snapshot = _at_new_place(seen(THREE, wish), "gw-b")
    whole = folder(NEW, *ADMIN)
    moves = tuple(_so_already(one) if one.node.name == "gw-b" else one for one in moving(snapshot, wish))
    plan = plan_move(snapshot, moves, findings=(), lines=())
    assert [step.target for step in plan.steps] == ["gw-a", "gw-c"]
    for name in ("gw-a", "gw-c"):
        snapshot = _at_new_place(snapshot, name)
    done = tuple(_so_already(one) for one in moving(snapshot, wish, new=whole))
    nothing = plan_move(snapshot, done, findings=(), lines=("x",))
    assert (nothing.steps, nothing.notes, nothing.edits) == ((), (), {})


def _so_already(one: Moving) -> Moving:
    return replace(one, keystore=replace(one.keystore, old=one.keystore.new))


def test_the_operator_is_told_when_it_is_in_force_the_way_back_and_what_ha_sync_no_longer_covers() -> None:
    warning = Finding("target-volatile", Severity.WARNING, "gw-a", "a tmpfs", "a disk")
    notes = "\n".join(plan_of(seen(WITH_PAIR, to(NEW)), to(NEW), findings=(warning,)).notes)
    assert "next restart, a crash or a reboot included: fab restart gw-a, fab restart gw-b" in notes
    assert notes.count("fab restart gw-d") == 1
    assert f"  fab config.keystore {KEYSTORE}\n" in notes
    assert f"[gw-d2] HA sync does not cover {NEW}" in notes
    assert "[gw-a] HA sync" not in notes
    assert "[gw-a] a tmpfs -> a disk" in notes
    assert notes.endswith("The inventory: x")


def test_a_keystore_that_comes_back_is_covered_by_ha_sync_again() -> None:
    back = to(KEYSTORE)
    snapshot = seen(WITH_PAIR, back)
    for node in WITH_PAIR.nodes:
        snapshot = _at_new_place(snapshot, node.name)
    moves = moving(snapshot, back, old=folder(NEW, *ADMIN), new=folder(KEYSTORE, *ADMIN))
    notes = plan_move(snapshot, moves, findings=(), lines=()).notes
    assert [note for note in notes if "HA sync" in note] == [
        f"[{name}] {KEYSTORE} lies in data/certificates: HA sync covers it again, and gives the standby the "
        "primary's files (T7)"
        for name in ("gw-d1", "gw-d2")
    ]


def test_the_way_back_is_one_command_where_the_former_places_are_alike() -> None:
    wish = to(NEW, truststore="/srv/amlen/trust")
    found = moving(seen(THREE, wish), wish)
    assert back_lines(found) == (f"fab config.keystore {KEYSTORE} --truststore {TRUSTSTORE}",)
    other = replace(found[0].node, paths=replace(found[0].node.paths, data_dir=DATA.with_name("other")))
    elsewhere = folder(DATA.with_name("other") / "data/certificates/keystore", *ADMIN)
    first = replace(found[0], node=other, keystore=replace(found[0].keystore, old=elsewhere), truststore=None)
    mixed = (first, *(replace(one, truststore=None) for one in found[1:]))
    assert back_lines(mixed) == ("fab config.keystore DATA/data/certificates/keystore",)
    strange = replace(first, keystore=replace(found[0].keystore, old=folder(NEW.with_name("a b"))))
    assert back_lines((strange, mixed[1])) == (
        "fab config.keystore '/srv/amlen/a b' --node gw-a",
        f"fab config.keystore {KEYSTORE} --node gw-b",
    )


def test_a_member_whose_rest_is_silent_has_no_counts_and_moves_all_the_same() -> None:
    plan = plan_of(rest_silent(seen(THREE, to(NEW)), "gw-b"), to(NEW))
    assert [step.target for step in plan.steps] == ["gw-a", "gw-b", "gw-c"]
    assert set(plan.baseline) == {"gw-a", "gw-c"}
    assert plan_table(plan, width=120).rows[2][1:] == ("move keystore of gw-b", "2/0", "2/0")


def test_a_resumed_run_finds_a_server_cfg_that_was_changed_back_and_no_fault_in_one_that_was_not() -> None:
    snapshot = seen(THREE, to(NEW))
    plan = plan_of(snapshot, to(NEW))
    done = progress([Entry(at=datetime(2026, 1, 1, tzinfo=UTC), event="done", step="move-keystore:gw-b")])
    (off,) = disagreements(plan, done, snapshot)
    assert (off.name, off.where) == ("resume-files", "gw-b")
    assert disagreements(plan, done, alter_cfg(snapshot, "gw-b", MOVED)) == ()
    assert disagreements(plan, progress([]), alter_node(snapshot, "gw-b")) == ()
