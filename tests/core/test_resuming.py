"""A run whose plan does not say what lay there before goes on only where the nodes show what its journal believes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CERT_FILE
from tasks.core.findings import errors
from tasks.core.issuing import credential_set
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.resuming import clocks, disagreements, other_sets
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, OWN, SHARED
from tests.core.kinds import NEW
from tests.core.plans import plan_of
from tests.core.snapshots import (
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    healthy,
    node_files,
    unreachable,
    wire,
)

SETS = {member.name: SHARED for member in WITH_PAIR.members}


def silent(plan: Plan) -> Plan:
    """As those that place credentials for new members, and all of older versions; of others see two_sources."""
    return plan.model_copy(update={"files_before": {}})


PLAN = silent(plan_of(healthy(WITH_PAIR)))
ALL = Progress(done=frozenset(step.id for step in PLAN.steps))
NONE = Progress()
Change = Callable[[Snapshot], Snapshot]

CHANGES = [
    pytest.param(
        lambda s: alter_file(s, "gw-a", CERT_FILE, sha256="0" * 64), "resume-files", "gw-a", id="other file"
    ),
    pytest.param(lambda s: alter_file(s, "gw-a", CERT_FILE, sha256=None), "resume-files", "gw-a", id="gone"),
    pytest.param(
        lambda s: alter_file(s, "gw-d2", CERT_FILE, sha256=None), "resume-files", "gw-d2", id="standby's file"
    ),
    pytest.param(lambda s: alter(s, "gw-a", files=NO_ANSWER), "resume-unseen", "gw-a", id="files unseen"),
    pytest.param(
        lambda s: alter(s, "gw-b", wire=wire(BUILTIN_SET)), "resume-served", "gw-b", id="fell back since"
    ),
    pytest.param(lambda s: alter(s, "gw-b", wire=NO_ANSWER), "resume-unseen", "gw-b", id="no certificate"),
    pytest.param(
        lambda s: alter(s, "gw-d1", wire=wire(OTHER_SHARED)), "resume-served", "gw-d1", id="pair serves other"
    ),
]


@pytest.mark.parametrize(("change", "name", "node"), CHANGES)
def test_what_the_journal_calls_done_must_be_there(change: Change, name: str, node: str) -> None:
    snapshot = change(healthy(WITH_PAIR, runs=SHARED))
    (finding,) = disagreements(PLAN, ALL, snapshot)
    assert (finding.name, finding.where) == (name, node)
    assert "fab status" in finding.remedy
    assert errors((finding,)) == (finding,)


@pytest.mark.parametrize(("change", "name", "node"), CHANGES)
def test_what_the_journal_does_not_call_done_may_be_otherwise(change: Change, name: str, node: str) -> None:
    assert disagreements(PLAN, NONE, change(healthy(WITH_PAIR, runs=SHARED))) == ()


def test_a_finished_run_agrees_with_nodes_that_run_with_its_sets() -> None:
    assert disagreements(PLAN, ALL, healthy(WITH_PAIR, runs=SHARED)) == ()


def test_a_run_that_was_undone_by_hand_disagrees_on_every_node() -> None:
    found = disagreements(PLAN, ALL, healthy(WITH_PAIR))
    assert {f.where for f in found if f.name == "resume-files"} == {"gw-a", "gw-b", "gw-c", "gw-d1", "gw-d2"}
    assert {f.where for f in found if f.name == "resume-served"} == {"gw-a", "gw-b", "gw-c", "gw-d1"}


def test_placed_files_alone_promise_nothing_about_live_ones() -> None:
    placed = Progress(done=frozenset(s.id for s in PLAN.steps if s.kind == "place"))
    assert disagreements(PLAN, placed, healthy(WITH_PAIR)) == ()


def test_a_swap_without_its_restart_is_asked_for_files_and_not_for_the_wire() -> None:
    swapped = Progress(done=frozenset({"swap:gw-a"}))
    live = alter(healthy(WITH_PAIR), "gw-a", files=healthy(WITH_PAIR, runs=SHARED).nodes["gw-a"].files)
    assert disagreements(PLAN, swapped, live) == ()
    assert {f.name for f in disagreements(PLAN, swapped, healthy(WITH_PAIR))} == {"resume-files"}


def test_a_plan_that_says_what_lay_there_is_judged_by_what_both_sources_tell() -> None:
    """The same nodes: what is only other than the journal says there, is explained here."""
    other = alter(healthy(WITH_PAIR, runs=SHARED), "gw-b", wire=wire(BUILTIN_SET))
    told = plan_of(healthy(WITH_PAIR))
    assert told.files_before
    assert [f.name for f in disagreements(PLAN, ALL, other)] == ["resume-served"]
    assert [f.name for f in disagreements(told, ALL, other)] == ["resume-behind"]


def test_the_folder_must_hold_the_sets_of_the_plan() -> None:
    assert list(other_sets(PLAN, SETS)) == []
    (finding,) = other_sets(PLAN, {**SETS, "gw-b": OTHER_SHARED})
    assert (finding.name, finding.where) == ("resume-credentials", "gw-b")
    assert finding.remedy == (
        "put the run's own set back; or to plan anew, give it up: fab migrate-cluster --break-lock RUN"
    )
    (lost,) = other_sets(PLAN, {name: s for name, s in SETS.items() if name != "gw-c"})
    assert lost.where == "gw-c"


def test_clocks_are_known_of_the_nodes_that_were_seen() -> None:
    snapshot = alter_files(healthy(), "gw-b", clock_offset_s=-3.5)
    assert clocks(unreachable(snapshot, "gw-c")) == {"gw-a": 0.0, "gw-b": -3.5}


OVERLAP = silent(plan_of(healthy(WITH_PAIR, runs=OWN.sets), NEW["ca"], strategy="overlap"))


def runs_after(number: int) -> dict[str, CredentialSet]:
    """What every member has on its disk and runs with once that round is over."""
    found = {}
    for name, old in OWN.sets.items():
        new = NEW["ca"][name]
        pair = old if number < 2 else new
        ca = (old.ca, (*old.ca, *new.ca), (*old.ca, *new.ca), new.ca)[number]
        found[name] = credential_set(name, pair.key, chain=pair.chain, ca=ca)
    return found


def up_to(last: str, *, begun: str = "") -> Progress:
    """Done up to that step, and one more begun."""
    ids = [step.id for step in OVERLAP.steps]
    return Progress(done=frozenset(ids[: ids.index(last) + 1]), begun=frozenset({begun} if begun else ()))


class TestRounds:
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_each_round_leaves_its_own_files_and_certificates(self, number: int) -> None:
        done = up_to(f"prove:cluster@{number}")
        assert disagreements(OVERLAP, done, healthy(WITH_PAIR, runs=runs_after(number))) == ()
        behind = disagreements(OVERLAP, done, healthy(WITH_PAIR, runs=runs_after(number - 1)))
        assert {f.name for f in behind} == (
            {"resume-files"} if number != 2 else {"resume-files", "resume-served"}
        )

    def test_the_last_swap_decides_which_files_must_lie_there(self) -> None:
        swapped = up_to("swap:gw-a@2")
        live = with_files(healthy(WITH_PAIR, runs=runs_after(1)), "gw-a", runs_after(2)["gw-a"])
        assert disagreements(OVERLAP, swapped, live) == ()
        (cert, key) = disagreements(OVERLAP, swapped, healthy(WITH_PAIR, runs=runs_after(1)))
        assert (cert.name, cert.where, key.where) == ("resume-files", "gw-a", "gw-a")

    def test_while_another_swap_is_under_way_either_round_may_lie_there(self) -> None:
        begun = up_to("place:gw-d2@2", begun="swap:gw-a@2")
        for number in (1, 2):
            live = with_files(healthy(WITH_PAIR, runs=runs_after(1)), "gw-a", runs_after(number)["gw-a"])
            assert disagreements(OVERLAP, begun, live) == ()
        neither = with_files(healthy(WITH_PAIR, runs=runs_after(1)), "gw-b", runs_after(2)["gw-b"])
        assert {f.where for f in disagreements(OVERLAP, begun, neither)} == {"gw-b"}

    def test_a_member_that_restarted_by_itself_after_its_swap_serves_what_it_brought(self) -> None:
        for progress in (up_to("swap:gw-a@2"), up_to("place:gw-d2@2", begun="swap:gw-a@2")):
            runs = {**runs_after(1), "gw-a": runs_after(2)["gw-a"]}
            assert disagreements(OVERLAP, progress, healthy(WITH_PAIR, runs=runs)) == ()
        untouched = {**runs_after(1), "gw-b": runs_after(2)["gw-b"]}
        found = disagreements(OVERLAP, up_to("swap:gw-a@1"), healthy(WITH_PAIR, runs=untouched))
        assert found == ()  # nothing was done to it: nothing is asked
        found = disagreements(OVERLAP, up_to("prove:cluster@1"), healthy(WITH_PAIR, runs=untouched))
        assert {(f.name, f.where) for f in found} == {("resume-files", "gw-b"), ("resume-served", "gw-b")}

    def test_a_pair_is_asked_on_both_nodes_for_the_files_of_its_round(self) -> None:
        wrong = with_files(healthy(WITH_PAIR, runs=runs_after(1)), "gw-d2", OWN.sets["gw-d"])
        (found,) = disagreements(OVERLAP, up_to("prove:cluster@1"), wrong)
        assert (found.name, found.where) == ("resume-files", "gw-d2")


def with_files(snapshot: Snapshot, node: str, one: CredentialSet) -> Snapshot:
    return alter(snapshot, node, files=node_files(WITH_PAIR.node(node), one))
