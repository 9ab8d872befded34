"""Plans that place or remove revocation lists: which nodes, in which order, and what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.findings import Finding, Severity
from tasks.core.journal import Entry, progress
from tasks.core.plan import ListChange, Plan
from tasks.core.plan_table import plan_table
from tasks.core.plan_text import closing_lines, nothing_to_do
from tasks.core.resuming import disagreements
from tasks.core.revocation import RevocationList
from tasks.core.revocation_plan import plan_list
from tasks.core.revocation_text import list_table, made_lines
from tasks.core.revocation_wish import ListWish
from tasks.core.snapshot import FileState, Snapshot
from tasks.core.step_text import step_text
from tests.core.certs import LEAF_A, LEAF_B, NOW, OWN
from tests.core.revocations import made
from tests.core.snapshots import (
    TRUSTSTORE,
    WITH_PAIR,
    alter,
    alter_files,
    files_of,
    healthy,
    rest_silent,
    unreachable,
)

NEW, OLD = "a" * 64, "b" * 64
PLACE, REMOVE = ListWish(place=True), ListWish(remove=True)
SETS = {name: OWN.sets[name] for name in ("gw-a", "gw-b", "gw-c", "gw-d")}


def having(snapshot: Snapshot, sha256: str, *names: str, ha: bool = False) -> Snapshot:
    for name in names or tuple(snapshot.nodes):
        state = FileState(TRUSTSTORE / "x", sha256, "463:463", "600", True)
        files = files_of(snapshot, name)
        change: dict[str, object] = {"ha": replace(files.ha, crl_file=state)} if ha else {"crl_file": state}
        snapshot = alter_files(snapshot, name, **change)
    return snapshot


def planned(
    snapshot: Snapshot,
    wish: ListWish = PLACE,
    *,
    sha256: str | None = NEW,
    found: RevocationList | None = None,
    findings: tuple[Finding, ...] = (),
) -> Plan:
    return plan_list(snapshot, wish, sha256=sha256, found=found, findings=findings)


def steps(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps]


def test_a_step_per_node_the_primary_of_a_pair_first_and_nothing_is_restarted() -> None:
    snapshot = healthy(WITH_PAIR, runs=SETS)
    plan = planned(snapshot)
    names = ["gw-a", "gw-b", "gw-c", "gw-d1", "gw-d2"]
    assert steps(plan) == [f"place-crl:{name}" for name in names]
    assert plan.restarts == ()
    assert plan.lists["gw-a"] == ListChange(name="Cluster_crl/crl.pem", old_sha256=None, new_sha256=NEW)
    assert (plan.task, step_text(plan, plan.steps[0])) == (
        "credentials.crl",
        "place revocation list on gw-a",
    )
    one, two = snapshot.nodes["gw-d1"], snapshot.nodes["gw-d2"]
    swapped = alter(alter(snapshot, "gw-d1", status=two.status), "gw-d2", status=one.status)
    assert steps(planned(swapped))[-2:] == ["place-crl:gw-d2", "place-crl:gw-d1"]
    assert max(map(len, ("".join(row) for row in plan_table(plan, width=80).rows))) < 80


def test_nodes_that_have_it_are_left_alone_and_all_of_them_are_nothing_to_do() -> None:
    some = having(healthy(runs=SETS), NEW, "gw-b")
    assert steps(planned(some)) == ["place-crl:gw-a", "place-crl:gw-c"]
    nothing = planned(having(some, NEW))
    assert (nothing.steps, nothing.notes, nothing.lists) == ((), (), {})
    assert nothing_to_do(nothing).startswith("production: nothing to do: Cluster_crl/crl.pem of this machine")


def test_removing_takes_it_off_where_it_lies() -> None:
    plan = planned(having(healthy(runs=SETS), OLD, "gw-b"), REMOVE, sha256=None)
    assert steps(plan) == ["remove-crl:gw-b"]
    assert plan.lists["gw-b"].old_sha256 == OLD
    assert step_text(plan, plan.steps[0]) == "remove revocation list of gw-b"
    assert any("former list is kept on the node" in note for note in plan.notes)
    assert "no node has a Cluster_crl" in nothing_to_do(planned(healthy(runs=SETS), REMOVE, sha256=None))


def test_the_list_of_the_ha_channel_is_for_pairs_alone() -> None:
    snapshot = healthy(WITH_PAIR, runs=SETS)
    plan = planned(snapshot, ListWish(place=True, use="ha"))
    assert steps(plan) == ["place-crl:gw-d1", "place-crl:gw-d2"]
    assert {change.name for change in plan.lists.values()} == {"HA_crl/crl.pem"}
    done = having(snapshot, NEW, "gw-d1", "gw-d2", ha=True)
    assert steps(planned(done, ListWish(place=True, use="ha"))) == []
    assert len(planned(done).steps) == 5  # the cluster's own is another file


def test_nodes_that_were_not_seen_have_no_step_and_silent_ones_have() -> None:
    assert "place-crl:gw-b" not in steps(planned(unreachable(healthy(runs=SETS), "gw-b")))
    assert "place-crl:gw-b" in steps(planned(rest_silent(healthy(runs=SETS), "gw-b")))


def test_the_operator_is_told_when_it_counts_until_when_and_that_it_keeps_nobody_out() -> None:
    warned = tuple(
        Finding("crl-expires", Severity.WARNING, node, "soon", "a newer one") for node in ("gw-a", "gw-b")
    )
    plan = planned(healthy(runs=SETS), found=made(LEAF_A), findings=warned)
    told = "\n".join(closing_lines(plan))
    assert (
        "asked for or not (a crash, a reboot): fab restart gw-a, fab restart gw-b, fab restart gw-c" in told
    )
    assert "does not keep a member out" in told
    assert "(T12); to shut a member out, change the CA" in told
    assert "From 2026-12-22 12:00 UTC on (in 30 days) nobody connects" in told
    assert "[gw-a, gw-b] soon -> a newer one" in told
    assert "former list" not in told
    taken = planned(having(healthy(runs=SETS), OLD), REMOVE, sha256=None)
    assert "T12" not in "\n".join(taken.notes)


def test_a_plan_without_lists_keeps_the_fingerprint_that_it_had() -> None:
    plan = planned(healthy(runs=SETS))
    without = plan.model_copy(update={"lists": {}, "steps": ()})
    assert without.fingerprint != plan.fingerprint
    dumped = without.model_dump(mode="json")
    del dumped["lists"]
    assert Plan.model_validate(dumped).fingerprint == without.fingerprint


@pytest.mark.parametrize("removed", [False, True], ids=["placed", "removed"])
def test_a_resumed_run_finds_a_list_that_was_changed_back(removed: bool) -> None:
    before = having(healthy(runs=SETS), OLD)
    plan = planned(before, REMOVE if removed else PLACE, sha256=None if removed else NEW)
    done = progress([Entry(at=datetime(2026, 1, 1, tzinfo=UTC), event="done", step=plan.steps[1].id)])
    (off,) = disagreements(plan, done, before)
    assert (off.name, off.where) == ("resume-files", "gw-b")
    assert f"Cluster_crl/crl.pem was {'removed' if removed else 'placed'}" in off.problem
    after = alter_files(before, "gw-b", crl_file=None) if removed else having(before, NEW, "gw-b")
    assert disagreements(plan, done, after) == ()
    (unseen,) = disagreements(plan, done, unreachable(before, "gw-b"))
    assert unseen.name == "resume-unseen"


def test_a_list_is_shown_with_the_names_that_are_known_within_80_columns() -> None:
    found = made(LEAF_A, LEAF_B, reason="cessationOfOperation")
    who = {one.serial: "gw-a" for one in found.revoked[:1]}
    table = list_table(found, who=who, title="production: Cluster_crl/crl.pem")
    assert [row[1:] for row in table.rows] == [
        ("gw-a", "2026-11-22", "cessationOfOperation"),
        ("-", "2026-11-22", "cessationOfOperation"),
    ]
    widths = [max(map(len, column)) for column in zip(table.header, *table.rows, strict=True)]
    assert sum(widths) + len(widths) <= 80


def test_what_is_said_of_a_list_that_was_made() -> None:
    first = made(LEAF_A)
    path = Path("credentials/production/Cluster_crl/crl.pem")
    lines = made_lines(first, path=path, at=NOW, wish=ListWish(), of_another="")
    assert lines[0] == (
        f"{path}: number 1 of CN=cluster CA, revokes 1 certificate, valid until 2026-12-22 12:00 UTC (30 days)"
    )
    assert "(T12)" in "\n".join(lines)
    assert lines[-1] == "Nothing was placed -> fab credentials.crl --place"
    empty = made(before=first, drop={one.serial for one in first.revoked}, now=NOW + timedelta(days=1))
    lines = made_lines(empty, path=path, at=NOW, wish=ListWish(place=True, use="ha"), of_another="CN=old CA")
    assert any(line.startswith("A pair needs both directions") for line in lines)
    assert not any("shows connected" in line for line in lines)
    assert "number 2 of CN=cluster CA, revokes nobody" in lines[0]
    assert "The list before was of CN=old CA" in lines[1]
    assert not any("fab credentials.crl" in line for line in lines)
