"""From what is seen to a plan of several rounds: its order, its counts, its files, what it says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CA_FILE
from tasks.core.issuing import credential_set
from tasks.core.plan import Plan
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN, OWN, SHARED
from tests.core.kinds import NEW, Sets
from tests.core.plans import plan_of, renewed, step_ids
from tests.core.snapshots import (
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    alter_node,
    cluster,
    healthy,
    pair,
    wire,
)
from tests.core.statuses import NOON
from tests.core.ways import ending

OTHER_CA = NEW["ca"]
SAME_NAME = NEW["ca, same name"]
PAIR_FIRST = cluster(pair("gw-d"), "gw-f")
AFTER_START = NOON.timestamp() + 60


def holding_both(old: Sets, new: Sets) -> dict[str, CredentialSet]:
    """The old pairs, with a CA file of both."""
    return {
        name: credential_set(name, one.key, chain=one.chain, ca=(*one.ca, *new[name].ca))
        for name, one in old.items()
    }


def moving(plan: Plan) -> list[tuple[str, ...]]:
    return [one.moving for one in plan.rounds]


class TestOrder:
    def test_of_each_round_the_standby_goes_first_then_its_primary_then_the_single(self) -> None:
        """Source: measured with a pair and a single member, from the built-in pair to a shared set."""
        ids = step_ids(plan_of(healthy(PAIR_FIRST), strategy="bridge"))
        one = [
            *("place:gw-d1", "place:gw-d2", "place:gw-f"),
            *("swap:gw-d", "restart-standby:gw-d", "restart:gw-d"),
            *("swap:gw-f", "restart:gw-f"),
            "prove:cluster",
        ]
        assert ids == [f"{step}@{number}" for number in (1, 2) for step in one]

    def test_the_observer_goes_last_in_each_round(self) -> None:
        plan = plan_of(healthy(), OWN.sets, strategy="bridge", observer="gw-a")
        for number in (1, 2, 3):
            restarts = [s.target for s in plan.restarts if s.round == number]
            assert restarts == ["gw-b", "gw-c", "gw-a"]

    def test_place_first_swaps_all_members_of_a_round_before_its_first_restart(self) -> None:
        ids = step_ids(plan_of(healthy(PAIR_FIRST), strategy="bridge", place_first=True))
        kinds = [kind for kind, _ in itertools.groupby(i.split(":")[0] for i in ids)]
        assert kinds == ["place", "swap", "restart-standby", "restart", "prove"] * 2

    def test_the_steps_of_an_only_round_bear_no_number(self) -> None:
        plan = plan_of(healthy(runs=OWN.sets), renewed(), strategy="renew")
        assert {step.round for step in plan.steps} == {0}
        assert (plan.rounds, plan.edit_rounds, plan.bundles) == ((), {}, {})


@pytest.mark.parametrize(
    ("snapshot", "sets", "strategy", "rounds"),
    [
        pytest.param(healthy(), SHARED, "bridge", 2, id="built-in to shared"),
        pytest.param(healthy(WITH_PAIR), SHARED, "bridge", 2, id="built-in to shared, with a pair"),
        pytest.param(healthy(), OWN.sets, "bridge", 3, id="built-in to CA leafs"),
        pytest.param(healthy(runs=OWN.sets), OTHER_CA, "overlap", 3, id="another CA"),
    ],
)
def test_the_counts_stay_as_they_are_in_every_round(
    snapshot: Snapshot, sets: CredentialSet | Sets, strategy: str, rounds: int
) -> None:
    plan = plan_of(snapshot, sets, strategy=strategy)
    assert len(plan.rounds) == rounds
    assert all(step.expected == plan.baseline for step in plan.steps)
    assert "nobody is apart" in plan.why


def test_the_documented_procedure_does_change_them() -> None:
    plan = plan_of(healthy())
    assert any(step.expected != plan.baseline for step in plan.steps)


class TestLeftOut:
    def test_a_member_whose_ca_file_holds_both_is_not_restarted_in_the_first_round(self) -> None:
        runs = {**OWN.sets, "gw-b": holding_both(OWN.sets, OTHER_CA)["gw-b"]}
        plan = plan_of(healthy(runs=runs), OTHER_CA, strategy="overlap")
        assert moving(plan) == [("gw-a", "gw-c"), THREE_NAMES, THREE_NAMES]
        assert "place:gw-b@1" not in step_ids(plan)
        assert "place:gw-b@2" in step_ids(plan)

    def test_one_whose_ca_file_of_both_came_after_its_start_is(self) -> None:
        both = holding_both(OWN.sets, OTHER_CA)["gw-b"]
        snapshot = healthy(runs={**OWN.sets, "gw-b": both})
        not_loaded = alter(snapshot, "gw-b", wire=wire(both, ca=OWN.sets["gw-b"].ca))
        plan = plan_of(not_loaded, OTHER_CA, strategy="overlap")
        assert moving(plan)[0] == THREE_NAMES

    def test_where_old_and_new_have_one_name_the_files_age_tells(self) -> None:
        """The wire shows names alone: a process that has loaded either of the two shows the same."""
        both = holding_both(OWN.sets, SAME_NAME)["gw-b"]
        snapshot = healthy(runs={**OWN.sets, "gw-b": both})
        assert moving(plan_of(snapshot, SAME_NAME, strategy="overlap"))[0] == ("gw-a", "gw-c")
        not_loaded = alter_file(snapshot, "gw-b", CA_FILE, changed_at=AFTER_START)
        assert moving(plan_of(not_loaded, SAME_NAME, strategy="overlap"))[0] == THREE_NAMES

    def test_and_in_a_pair_nothing_tells(self) -> None:
        for new, left_out in ((SAME_NAME, False), (OTHER_CA, True)):
            runs = {**OWN.sets, "gw-d": holding_both(OWN.sets, new)["gw-d"]}
            plan = plan_of(healthy(WITH_PAIR, runs=runs), new, strategy="overlap")
            assert ("gw-d" not in moving(plan)[0]) is left_out

    def test_a_member_that_serves_its_new_leaf_is_not_restarted_in_the_second_round(self) -> None:
        runs = holding_both(OWN.sets, OTHER_CA) | {"gw-c": holding_both(OTHER_CA, OWN.sets)["gw-c"]}
        plan = plan_of(healthy(runs=runs), OTHER_CA, strategy="overlap")
        assert moving(plan) == [("gw-a", "gw-b"), THREE_NAMES]

    def test_on_the_built_in_pair_only_the_age_of_the_ca_file_tells_that_it_is_loaded(self) -> None:
        loaded = with_ca_of_both(healthy(), "gw-b")
        plan = plan_of(loaded, OWN.sets, strategy="bridge")
        assert moving(plan) == [("gw-a", "gw-c"), THREE_NAMES, THREE_NAMES]
        not_loaded = with_ca_of_both(healthy(), "gw-b", changed_at=AFTER_START)
        assert moving(plan_of(not_loaded, OWN.sets, strategy="bridge")) == [THREE_NAMES] * 3

    def test_and_in_a_pair_on_the_built_in_pair_nothing_tells(self) -> None:
        snapshot = healthy(WITH_PAIR)
        for node in ("gw-a", "gw-d1", "gw-d2"):
            snapshot = with_ca_of_both(snapshot, node)
        plan = plan_of(snapshot, OWN.sets, strategy="bridge")
        assert moving(plan)[0] == ("gw-b", "gw-c", "gw-d")


THREE_NAMES = ("gw-a", "gw-b", "gw-c")


def with_ca_of_both(snapshot: Snapshot, node: str, **state: float) -> Snapshot:
    """The CA file of a bridge's first round lies there."""
    plan = plan_of(healthy(), OWN.sets, strategy="bridge")
    ((sha256, pem),) = plan.bundles.items()
    lying = alter_file(snapshot, node, CA_FILE, sha256=sha256, readable=True, **{"changed_at": 1.0, **state})
    return alter_files(lying, node, ca_pem=pem.encode())


class TestFiles:
    def test_each_round_says_what_every_member_runs_with_after_it_and_whom_it_then_names(self) -> None:
        plan = plan_of(healthy(), OWN.sets, strategy="bridge")
        first, second, third = plan.rounds
        new, ca = OWN.sets["gw-a"], OWN.issuer.certificate
        assert first.targets["gw-a"].leaf_sha256 == BUILTIN.sha256
        assert second.targets["gw-a"].leaf_sha256 == third.targets["gw-a"].leaf_sha256 == new.leaf.sha256
        assert third.targets["gw-a"] == plan.targets["gw-a"]
        assert [one.accepts["gw-a"] for one in plan.rounds] == [
            (),  # on the built-in pair a process names nobody
            (ca.subject, BUILTIN.subject),
            (ca.subject,),
        ]

    def test_its_ca_files_of_some_rounds_are_kept_in_the_plan_and_nothing_else_is(self) -> None:
        plan = plan_of(healthy(runs=OWN.sets), OTHER_CA, strategy="overlap")
        placed = {one.targets["gw-a"].files[CA_FILE] for one in plan.rounds}
        assert set(plan.bundles) == placed - {OTHER_CA["gw-a"].sha256[CA_FILE]}
        assert all(text.count("BEGIN CERTIFICATE") == 2 for text in plan.bundles.values())

    @pytest.mark.parametrize(
        ("snapshot", "sets", "strategy"),
        [(healthy(), OWN.sets, "bridge"), (healthy(runs=OWN.sets), OTHER_CA, "overlap")],
    )
    def test_no_key_is_in_it(self, snapshot: Snapshot, sets: Sets, strategy: str) -> None:
        text = plan_of(snapshot, sets, strategy=strategy).model_dump_json()
        assert "BEGIN CERTIFICATE" in text
        assert "PRIVATE KEY" not in text
        for one in (*OWN.sets.values(), *OTHER_CA.values()):
            assert one.key.file_bytes().decode().splitlines()[1] not in text

    def test_a_round_or_a_bundle_more_is_another_plan_and_none_at_all_leaves_the_fingerprint(self) -> None:
        plan = plan_of(healthy(), OWN.sets, strategy="bridge")
        bare = plan.model_copy(update={"rounds": (), "bundles": {}})
        assert len({plan.fingerprint, bare.fingerprint}) == 2
        assert plan.model_copy(update={"rounds": plan.rounds[:2]}).fingerprint != plan.fingerprint
        assert plan.model_copy(update={"bundles": {}}).fingerprint != plan.fingerprint
        without = bare.model_dump(mode="json", exclude={"rounds", "bundles", "edit_rounds"})
        assert Plan.model_validate(without).fingerprint == bare.fingerprint

    def test_the_nodes_of_a_pair_that_hold_different_ca_files_are_both_given_one_from_the_plan(self) -> None:
        runs = holding_both(OWN.sets, OTHER_CA)
        snapshot = alter_file(healthy(WITH_PAIR, runs=runs), "gw-d2", CA_FILE, sha256="0" * 64)
        plan = plan_of(snapshot, OTHER_CA, strategy="overlap")
        assert moving(plan)[0] == ("gw-d",)
        assert plan.rounds[0].targets["gw-d"].files[CA_FILE] in plan.bundles
        alike = plan_of(healthy(WITH_PAIR, runs=runs), OTHER_CA, strategy="overlap")
        assert (len(alike.rounds), alike.bundles) == (2, {})


NEW_KEYSTORE = PurePosixPath("/srv/amlen/keystore")


def keystore_moves(snapshot: Snapshot, node: str) -> Snapshot:
    return alter_node(snapshot, node, paths=replace(snapshot.nodes[node].node.paths, keystore=NEW_KEYSTORE))


class TestEdits:
    @pytest.mark.parametrize(
        ("snapshot", "sets", "strategy", "number"),
        [
            pytest.param(healthy(runs=OWN.sets), OTHER_CA, "overlap", 2, id="overlap"),
            pytest.param(healthy(), OWN.sets, "bridge", 2, id="bridge to CA leafs"),
            pytest.param(healthy(), SHARED, "bridge", 1, id="bridge to a shared set"),
        ],
    )
    def test_server_cfg_is_edited_in_the_round_of_the_new_pair(
        self, snapshot: Snapshot, sets: CredentialSet | Sets, strategy: str, number: int
    ) -> None:
        plan = plan_of(keystore_moves(snapshot, "gw-b"), sets, strategy=strategy)
        assert plan.edit_rounds == {"gw-b": number}
        assert list(plan.edits) == ["gw-b"]

    def test_without_one_no_round_is_named(self) -> None:
        assert plan_of(healthy(), OWN.sets, strategy="bridge").edit_rounds == {}

    def test_one_that_changes_nothing_else_is_a_round_of_its_own(self) -> None:
        plan = plan_of(keystore_moves(healthy(runs=SHARED), "gw-b"), strategy="overlap")
        assert step_ids(plan) == ["place:gw-b", "swap:gw-b", "restart:gw-b", "prove:cluster"]


def test_the_notes_say_what_the_temporary_trust_means_and_by_when_all_rounds_must_be_done() -> None:
    (security,) = plan_of(healthy(), strategy="bridge").notes
    assert "whoever has the built-in key, which is public, can still join the cluster" in security
    (deadline,) = plan_of(healthy(runs=ending(in_days=20)), OTHER_CA, strategy="overlap").notes
    assert deadline.startswith("what gw-a serves now ends on 2026-12-12 12:00 UTC: finish all rounds before")
    assert plan_of(healthy(runs=OWN.sets), OTHER_CA, strategy="overlap").notes == ()
