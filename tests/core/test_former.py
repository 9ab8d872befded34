"""What the members ran with before a run, from its plan and its backups; and where nobody may go back to that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.findings import errors
from tasks.core.former import FormerSet, Kept, as_it_lies, former_sets
from tasks.core.issuing import Recipe, Subject, credential_set, issue, new_ca, new_key
from tasks.core.plan import Edit
from tasks.core.return_plan import as_kept, changed_since
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, NOW, OWN, SHARED
from tests.core.endings import DAY
from tests.core.kinds import NEW, chained
from tests.core.returns import Undoing, undoing
from tests.core.snapshots import (
    CFG,
    NO_ANSWER,
    THREE,
    WITH_PAIR,
    alter,
    alter_cfg,
    alter_file,
    alter_files,
    files_of,
    healthy,
)
from tests.core.ways import ending

CHAINED = chained("Former")
NOTHING = dict.fromkeys((CA_FILE, CERT_FILE, KEY_FILE), ABSENT)
LATE = NOW + timedelta(days=20)


def former(
    run: Undoing, *, at: datetime = NOW, **other: Kept
) -> tuple[dict[str, FormerSet], list[tuple[str, str]]]:
    """The sets, and the faults as name and where; `other`: backups that hold something else."""
    kept = {**run.kept, **{name.replace("_", "-"): one for name, one in other.items()}}
    sets, faults = former_sets(run.plan, kept, run.before.cluster, clocks=[NOW, at])
    assert errors(faults) == faults
    return dict(sets), [(fault.name, fault.where) for fault in faults]


class TestSets:
    def test_a_pair_of_its_own_is_what_was_served_with_the_ca_file_of_then(self) -> None:
        sets, faults = former(undoing(healthy(runs=OWN.sets), NEW["ca"]))
        assert faults == []
        for name, one in sets.items():
            assert (one.leaf, one.ca, one.builtin) == (OWN.sets[name].leaf, OWN.sets[name].ca, False)
            assert one.sha256 == OWN.sets[name].sha256
            assert one.loaded.trusted == OWN.sets[name].ca

    def test_a_chain_is_brought_back_whole(self) -> None:
        sets, _ = former(undoing(healthy(runs=CHAINED), NEW["ca"]))
        assert sets["gw-a"].chain == CHAINED["gw-a"].chain
        assert len(sets["gw-a"].chain) == 2

    def test_the_built_in_pair_is_what_was_served_and_its_files_are_none(self) -> None:
        sets, faults = former(undoing(healthy()))
        assert faults == []
        for one in sets.values():
            assert (one.chain, one.ca, one.builtin) == (BUILTIN_SET.chain, (), True)
            assert one.sha256 == NOTHING
            assert one.loaded.on_builtin

    def test_a_ca_file_beside_the_built_in_pair_was_what_it_dialled_with(self) -> None:
        before = alter_files(healthy(), "gw-b", ca_pem=SHARED.ca_pem)
        before = alter_file(before, "gw-b", CA_FILE, sha256=SHARED.sha256[CA_FILE], readable=True)
        sets, _ = former(undoing(before))
        assert (sets["gw-b"].ca, sets["gw-b"].builtin) == (SHARED.ca, True)
        assert sets["gw-b"].sha256 == {**NOTHING, CA_FILE: SHARED.sha256[CA_FILE]}

    def test_of_a_pair_the_primary_tells_what_was_served(self) -> None:
        sets, faults = former(undoing(healthy(WITH_PAIR, runs=OWN.sets), NEW["ca"]))
        assert faults == []
        assert sets["gw-d"].leaf == OWN.sets["gw-d"].leaf

    def test_members_on_the_built_in_pair_and_on_their_own_are_told_apart(self) -> None:
        sets, _ = former(undoing(healthy(runs={**OWN.sets, "gw-b": BUILTIN_SET}), NEW["ca"]))
        assert [one.builtin for one in sets.values()] == [False, True, False]

    def test_only_the_members_of_the_plan_are_asked_for(self) -> None:
        run = undoing(healthy(WITH_PAIR))
        targets = {name: one for name, one in run.plan.targets.items() if name != "gw-d"}
        smaller = replace(run, plan=run.plan.model_copy(update={"targets": targets}))
        assert list(former(smaller)[0]) == ["gw-a", "gw-b", "gw-c"]


class TestFaults:
    def test_nodes_of_a_pair_that_held_different_files_have_no_former_set(self) -> None:
        before = healthy(WITH_PAIR, runs=OWN.sets)
        other = as_it_lies(files_of(healthy(WITH_PAIR, runs=SHARED), "gw-d2"))
        sets, faults = former(undoing(before, NEW["ca"]), gw_d2=other)
        assert faults == [("former-differs", "gw-d")]
        assert "gw-d" not in sets
        assert len(sets) == 3

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(as_it_lies(files_of(healthy(runs=SHARED), "gw-b")), id="another pair"),
            pytest.param(as_it_lies(files_of(healthy(), "gw-b")), id="none, and it served one of its own"),
            pytest.param(
                as_it_lies(
                    files_of(alter_files(healthy(runs=OWN.sets), "gw-b", cert_pem=b"nonsense"), "gw-b")
                ),
                id="garbage",
            ),
            pytest.param(
                as_it_lies(
                    files_of(alter_file(healthy(runs=OWN.sets), "gw-b", KEY_FILE, sha256=None), "gw-b")
                ),
                id="a certificate without its key",
            ),
        ],
    )
    def test_files_that_would_not_bring_back_what_was_served_are_no_way_back(self, other: Kept) -> None:
        sets, faults = former(undoing(healthy(runs=OWN.sets), NEW["ca"]), gw_b=other)
        assert faults == [("former-not-served", "gw-b")]
        assert list(sets) == ["gw-a", "gw-c"]

    def test_neither_is_a_pair_that_nobody_served_while_the_member_ran_on_the_built_in_one(self) -> None:
        """It could not be opened then, and might be now: what a start would bring is not known (T2)."""
        _, faults = former(undoing(healthy()), gw_c=as_it_lies(files_of(healthy(runs=SHARED), "gw-c")))
        assert faults == [("former-not-served", "gw-c")]

    def test_what_was_not_seen_before_the_run_is_not_guessed(self) -> None:
        run = undoing(healthy(WITH_PAIR, runs=OWN.sets), NEW["ca"])
        silent = {**run.plan.before, "gw-b": "unseen", "gw-d1": "standby"}
        run = replace(run, plan=run.plan.model_copy(update={"before": silent}))
        assert former(run)[1] == [("former-unseen", "gw-b"), ("former-unseen", "gw-d")]

    def test_a_leaf_that_has_expired_since_is_refused_and_told_by_when(self) -> None:
        run = undoing(healthy(runs=ending(in_days=10)), NEW["ca"])
        assert former(run)[1] == []
        assert former(run, at=LATE)[1] == [("former-expired", name) for name in ("gw-a", "gw-b", "gw-c")]
        _, faults = former_sets(run.plan, run.kept, THREE, clocks=[LATE])
        assert "certificate has expired at 2026-12-12 12:00 UTC" in faults[0].problem
        assert faults[0].remedy == "go forward: fab migrate-cluster"

    def test_so_is_one_whose_ca_has_expired_and_one_clock_suffices(self) -> None:
        run = undoing(healthy(runs=ending_ca(in_days=10)), NEW["ca"])
        assert former(run)[1] == []
        assert {name for name, _ in former(run, at=LATE)[1]} == {"former-expired"}

    def test_the_built_in_pair_expires_like_any_other(self) -> None:
        assert former(undoing(healthy()), at=NOW + timedelta(days=4000))[1] == [
            ("former-expired", name) for name in ("gw-a", "gw-b", "gw-c")
        ]


def ending_ca(*, in_days: int) -> dict[str, CredentialSet]:
    """Leafs that would live on, under a CA that ends."""
    ca = new_ca(Subject("ending"), days=300, now=NOW + timedelta(days=in_days - 300))
    found = {}
    for name in ("gw-a", "gw-b", "gw-c"):
        key = new_key()
        leaf = issue(Recipe(Subject(name), NOW - DAY, NOW + 300 * DAY), key, issuer=ca)
        found[name] = credential_set(name, key, chain=(leaf,), ca=(ca.certificate,))
    return found


class TestBackups:
    def test_a_node_without_a_backup_that_is_as_before_was_never_reached(self) -> None:
        run = undoing(healthy(runs=OWN.sets), NEW["ca"])
        backups = {"gw-a": run.kept["gw-a"], "gw-b": None, "gw-c": None}
        kept, lost = as_kept(run.before, run.plan, backups)
        assert (kept, lost) == (run.kept, ())

    def test_one_that_is_not_as_before_has_lost_its_way_back(self) -> None:
        run = undoing(healthy(runs=OWN.sets), NEW["ca"])
        now = alter_file(run.before, "gw-b", CA_FILE, sha256="0" * 64)
        kept, lost = as_kept(now, run.plan, {**run.kept, "gw-b": None})
        assert [(one.name, one.where) for one in lost] == [("former-lost", "gw-b")]
        assert list(kept) == ["gw-a", "gw-c"]
        assert "your own backups" in lost[0].remedy
        whole, nothing = as_kept(now, run.plan, run.kept)
        assert (whole, nothing) == (run.kept, ())

    def test_nor_has_one_whose_files_cannot_be_seen(self) -> None:
        run = undoing(healthy(runs=OWN.sets), NEW["ca"])
        now = alter(run.before, "gw-b", files=NO_ANSWER)
        assert [one.where for one in as_kept(now, run.plan, {"gw-b": None})[1]] == ["gw-b"]

    def test_a_plan_that_does_not_say_what_lay_there_vouches_for_no_node(self) -> None:
        run = undoing(healthy(runs=OWN.sets), NEW["ca"])
        older = run.plan.model_copy(update={"files_before": {}})
        assert [one.where for one in as_kept(run.before, older, {"gw-b": None})[1]] == ["gw-b"]


MOVED = CFG.replace("keystore", "other")
EDIT = Edit(
    path="/cfg", keystore="/other", truststore=None, old_sha256="", new_sha256="", diff="", carried=()
)
Change = Callable[[Snapshot], Snapshot]


def moving(run: Undoing, node: str, text: str) -> Undoing:
    """The run also edits that server.cfg."""
    after = files_of(alter_cfg(run.before, node, text), node)
    old, new = files_of(run.before, node).cfg_sha256, after.cfg_sha256
    change = EDIT.model_copy(update={"old_sha256": old, "new_sha256": new})
    return replace(run, plan=run.plan.model_copy(update={"edits": {node: change}}))


class TestServerCfg:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            pytest.param(CFG, [], id="as before"),
            pytest.param(MOVED, [], id="as the run wrote it"),
            pytest.param(MOVED + "Other = 1\n", ["gw-a"], id="changed by somebody else since"),
            pytest.param(CFG + "Other = 1\n", ["gw-a"], id="changed without the run's edit"),
        ],
    )
    def test_only_what_the_run_wrote_is_taken_back(self, text: str, found: list[str]) -> None:
        run = moving(undoing(healthy()), "gw-a", MOVED)
        now = alter_cfg(run.before, "gw-a", text)
        faults = changed_since(now, run.kept, run.plan)
        assert [fault.where for fault in faults] == found
        assert all(fault.name == "former-cfg" for fault in errors(faults))

    def test_on_a_node_that_the_run_does_not_edit_any_change_is_somebody_elses(self) -> None:
        run = moving(undoing(healthy()), "gw-a", MOVED)
        now = alter_cfg(run.before, "gw-b", MOVED)
        assert [fault.where for fault in changed_since(now, run.kept, run.plan)] == ["gw-b"]

    def test_one_that_cannot_be_seen_is_another_finding(self) -> None:
        run = undoing(healthy())
        assert changed_since(alter(run.before, "gw-a", files=NO_ANSWER), run.kept, run.plan) == ()
