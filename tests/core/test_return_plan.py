"""The way back, as a plan: who goes, by which strategy and why, and what of server.cfg is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import pytest

from tasks.core.errors import Refused, UsageError
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.issuing import credential_set
from tasks.core.plan import Plan
from tasks.core.return_plan import edits_back
from tasks.core.rounds import AS_BEFORE, BACK_ON_BUILTIN, BUILTIN_AS_WELL
from tasks.core.server_cfg import file_sha256
from tasks.core.snapshot import Snapshot
from tasks.core.task_names import ROLLBACK
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, OWN, SHARED
from tests.core.kinds import NEW, of_all
from tests.core.plans import renewed, restarted, step_ids
from tests.core.returns import RUN, Undoing, swapped_in, undoing
from tests.core.snapshots import (
    CFG,
    THREE,
    WITH_PAIR,
    alter_cfg,
    alter_file,
    alter_node,
    alter_server,
    files_of,
    healthy,
)
from tests.core.statuses import NOON

FROM_BUILTIN = undoing(healthy())
TO_CA = undoing(healthy(), OWN.sets)
CA_CHANGE = undoing(healthy(runs=OWN.sets), NEW["ca"])
PAIR_FROM_BUILTIN = undoing(healthy(WITH_PAIR))
PAIR_CA_CHANGE = undoing(healthy(WITH_PAIR, runs=OWN.sets), NEW["ca"])
NO_FILES = dict.fromkeys((CA_FILE, CERT_FILE, KEY_FILE), ABSENT)
ALL = ("gw-a", "gw-b", "gw-c")


def rounds(plan: Plan) -> list[str]:
    return [one.what for one in plan.rounds]


def refused(plan: Plan) -> dict[str, str]:
    return {choice.strategy: choice.refused for choice in plan.choices if choice.refused}


def test_it_is_a_plan_of_its_own_that_names_the_run_and_leads_to_the_files_of_then() -> None:
    plan = FROM_BUILTIN.back(healthy(runs=SHARED))
    assert (plan.task, plan.undoes) == (ROLLBACK, RUN)
    assert {name: target.files for name, target in plan.targets.items()} == dict.fromkeys(ALL, NO_FILES)
    assert {target.leaf_sha256 for target in plan.targets.values()} == {BUILTIN_SET.leaf.sha256}
    own = CA_CHANGE.back(healthy(runs=NEW["ca"]))
    assert {name: target.files for name, target in own.targets.items()} == {
        name: dict(OWN.sets[name].sha256) for name in ALL
    }


def test_the_built_in_certificate_stays_in_it_for_whoever_goes_on_with_it() -> None:
    plan = FROM_BUILTIN.back(healthy(runs=SHARED))
    assert set(plan.builtins) == {BUILTIN_SET.leaf.sha256}


@pytest.mark.parametrize(
    ("run", "now"),
    [
        pytest.param(FROM_BUILTIN, healthy(), id="on the built-in pair"),
        pytest.param(CA_CHANGE, healthy(runs=OWN.sets), id="on its own"),
        pytest.param(
            PAIR_FROM_BUILTIN, healthy(WITH_PAIR), id="a pair on the built-in one, that shows nothing"
        ),
        pytest.param(PAIR_CA_CHANGE, healthy(WITH_PAIR, runs=OWN.sets), id="a pair on its own"),
    ],
)
def test_where_everything_is_as_before_nothing_is_to_be_done(run: Undoing, now: Snapshot) -> None:
    assert step_ids(run.back(now)) == []


class TestStrategy:
    def test_to_the_built_in_pair_from_a_shared_set_it_is_bridge_in_reverse(self) -> None:
        plan = FROM_BUILTIN.back(healthy(runs=SHARED))
        assert (plan.strategy, rounds(plan)) == ("bridge", [BUILTIN_AS_WELL, AS_BEFORE])
        assert plan.choices[0].apart_s == 0
        assert refused(plan) == {
            "renew": "gw-a (and 2 more) goes back to the built-in certificate",
            "overlap": "gw-a (and 2 more) goes back to the built-in certificate, which trusts nothing else",
        }

    def test_and_from_leafs_of_a_ca_in_three_rounds(self) -> None:
        plan = TO_CA.back(healthy(runs=OWN.sets))
        assert rounds(plan) == [BUILTIN_AS_WELL, BACK_ON_BUILTIN, AS_BEFORE]
        assert [len(one.moving) for one in plan.rounds] == [3, 3, 3]
        first, second, third = (one.targets["gw-a"].files for one in plan.rounds)
        assert first[CA_FILE] in plan.bundles
        assert (second[KEY_FILE], second[CERT_FILE]) == (ABSENT, ABSENT)
        assert second[CA_FILE] in plan.bundles
        assert third == NO_FILES

    def test_to_another_ca_it_is_overlap(self) -> None:
        plan = CA_CHANGE.back(healthy(runs=NEW["ca"]))
        assert (plan.strategy, len(plan.rounds), plan.choices[0].apart_s) == ("overlap", 3, 0)

    def test_to_leafs_under_the_same_ca_it_is_renew(self) -> None:
        plan = undoing(healthy(runs=OWN.sets), renewed()).back(healthy(runs=renewed()))
        assert (plan.strategy, plan.rounds) == ("renew", ())
        assert restarted(plan) == list(ALL)

    def test_the_documented_procedure_is_there_for_whoever_prefers_it(self) -> None:
        now = healthy(runs=SHARED)
        plan = FROM_BUILTIN.back(now, strategy="prescribed", observer="gw-a")
        assert plan.choices[0].apart_s > 0
        assert (restarted(plan)[-1], plan.options) == ("gw-a", "--strategy prescribed --observer gw-a")
        hurried = replace(now, cluster=replace(THREE, prefer="fewest-restarts"))
        assert FROM_BUILTIN.back(hurried).strategy == "prescribed"

    def test_one_that_is_not_possible_is_refused_with_its_reason(self) -> None:
        with pytest.raises(
            Refused, match=r"renew is not possible: gw-a \(and 2 more\) goes back to the built-in"
        ):
            FROM_BUILTIN.back(healthy(runs=SHARED), strategy="renew")
        with pytest.raises(UsageError, match="--strategy bakwards is unknown"):
            FROM_BUILTIN.back(healthy(runs=SHARED), strategy="bakwards")

    def test_only_some_members_went_and_only_those_come_back(self) -> None:
        """Bridge, broken off in its first round: gw-a trusts the built-in certificate still."""
        both = credential_set("x", SHARED.key, chain=SHARED.chain, ca=(*SHARED.ca, *BUILTIN_SET.ca))
        plan = FROM_BUILTIN.back(healthy(runs={**of_all(BUILTIN_SET), "gw-a": both}))
        assert restarted(plan) == ["gw-a"]
        assert {step.target for step in plan.steps} == {"gw-a", "cluster"}
        assert (plan.choices[0].apart_s, plan.strategy, plan.rounds) == (0, "bridge", ())


class TestResting:
    """Members whose files were swapped in, and whose process has not seen them."""

    def test_their_files_are_put_back_first_and_they_do_not_restart(self) -> None:
        now = swapped_in(healthy(), "gw-b", SHARED)
        plan = FROM_BUILTIN.back(now)
        assert step_ids(plan) == ["place:gw-b", "swap:gw-b", "prove:cluster"]
        assert all(step.expected == plan.baseline for step in plan.steps)

    def test_before_anybody_else_moves_in_rounds_as_well(self) -> None:
        both = credential_set("x", SHARED.key, chain=SHARED.chain, ca=(*SHARED.ca, *BUILTIN_SET.ca))
        now = swapped_in(healthy(runs={**of_all(BUILTIN_SET), "gw-a": both}), "gw-b", both)
        plan = FROM_BUILTIN.back(now)
        assert step_ids(plan)[:2] == ["place:gw-b", "swap:gw-b"]
        assert restarted(plan) == ["gw-a"]

    def test_a_member_that_has_restarted_since_is_none_of_them(self) -> None:
        now = alter_server(swapped_in(healthy(), "gw-b", SHARED), "gw-b", server_time=LATER, uptime_s=0)
        assert restarted(FROM_BUILTIN.back(now)) == ["gw-b"]

    def test_one_of_whose_files_one_is_gone_is_none_for_nothing_tells_when_it_went(self) -> None:
        now = swapped_in(healthy(runs=OWN.sets), "gw-b", NEW["ca"]["gw-b"])
        assert restarted(CA_CHANGE.back(now)) == []
        gone = alter_file(now, "gw-b", KEY_FILE, sha256=None)
        assert "gw-b" in restarted(CA_CHANGE.back(gone))

    def test_one_whose_process_accepts_others_than_then_is_none_though_its_files_are_back(self) -> None:
        """The first round of an overlap was loaded, and its CA file put back without a restart."""
        old = OWN.sets["gw-b"]
        both = credential_set("gw-b", old.key, chain=old.chain, ca=(*old.ca, *NEW["ca"]["gw-b"].ca))
        loaded = healthy(runs={**OWN.sets, "gw-b": both})
        assert restarted(CA_CHANGE.back(swapped_in(loaded, "gw-b", old))) == ["gw-b"]
        assert restarted(CA_CHANGE.back(swapped_in(healthy(runs=OWN.sets), "gw-b", both))) == []

    @pytest.mark.parametrize(("since", "steps"), [(False, 0), (True, 1)])
    def test_of_a_pair_the_standby_restarts_all_the_same_if_it_did_since(
        self, since: bool, steps: int
    ) -> None:
        now = healthy(WITH_PAIR)
        for node in ("gw-d1", "gw-d2"):
            now = swapped_in(now, node, SHARED)
        if since:
            now = alter_server(now, "gw-d2", server_time=LATER, uptime_s=0)
        ids = step_ids(PAIR_FROM_BUILTIN.back(now))
        assert ids == [
            *("place:gw-d1", "place:gw-d2", "swap:gw-d"),
            *(["restart-standby:gw-d"] * steps),
            "prove:cluster",
        ]

    def test_of_a_pair_that_was_half_swapped_both_nodes_are_put_right(self) -> None:
        for node in ("gw-d1", "gw-d2"):
            plan = PAIR_FROM_BUILTIN.back(swapped_in(healthy(WITH_PAIR), node, SHARED))
            assert step_ids(plan) == ["place:gw-d1", "place:gw-d2", "swap:gw-d", "prove:cluster"]

    def test_a_pairs_ca_file_that_no_name_and_no_age_tells_of_may_be_loaded(self) -> None:
        """Every sync writes it anew; on the built-in pair the process names nobody."""
        run = undoing(healthy(WITH_PAIR), OWN.sets)
        ((sha256, _),) = run.plan.bundles.items()
        now = healthy(WITH_PAIR)
        for node in ("gw-d1", "gw-d2", "gw-a"):
            now = alter_file(now, node, CA_FILE, sha256=sha256, readable=True, changed_at=LATER.timestamp())
        assert restarted(run.back(now)) == ["gw-d"]


LATER = NOON + timedelta(seconds=120)
NEW_KEYSTORE = PurePosixPath("/srv/amlen/keystore")
MOVED = CFG.replace(f"KeyStore = {files_of(healthy(), 'gw-b').keystore}", f"KeyStore = {NEW_KEYSTORE}")


class TestServerCfg:
    def test_what_the_run_wrote_is_taken_back_with_the_pair(self) -> None:
        wanted = healthy()
        paths = replace(wanted.nodes["gw-b"].node.paths, keystore=NEW_KEYSTORE)
        run = undoing(alter_node(wanted, "gw-b", paths=paths))
        assert run.plan.edits["gw-b"].new_sha256 == file_sha256(MOVED)
        plan = run.back(alter_cfg(healthy(runs=SHARED), "gw-b", MOVED))
        change = plan.edits["gw-b"]
        assert list(plan.edits) == ["gw-b"]
        assert plan.rounds[plan.edit_rounds["gw-b"] - 1].what == AS_BEFORE
        assert (change.old_sha256, change.new_sha256) == (file_sha256(MOVED), file_sha256(CFG))
        assert change.keystore == str(files_of(wanted, "gw-b").keystore)
        assert change.carried == ()
        assert f"-KeyStore = {NEW_KEYSTORE}" in change.diff

    def test_of_a_member_that_is_resting_it_is_taken_back_without_a_restart(self) -> None:
        now = swapped_in(healthy(), "gw-b", SHARED)
        plan = FROM_BUILTIN.back(alter_cfg(now, "gw-b", MOVED))
        assert step_ids(plan) == ["place:gw-b", "swap:gw-b", "prove:cluster"]
        assert (list(plan.edits), plan.edit_rounds) == (["gw-b"], {})

    def test_one_that_is_as_before_is_left_alone(self) -> None:
        assert edits_back(healthy(runs=SHARED), FROM_BUILTIN.kept) == {}
        assert FROM_BUILTIN.back(healthy(runs=SHARED)).edits == {}


def test_what_lies_there_now_is_what_the_way_back_starts_from() -> None:
    """The journal of a rollback is judged by it, like that of any other run."""
    plan = FROM_BUILTIN.back(healthy(runs=OTHER_SHARED))
    assert plan.files_before == {name: dict(OTHER_SHARED.sha256) for name in ALL}
    assert plan.before == dict.fromkeys(ALL, OTHER_SHARED.leaf.sha256)
