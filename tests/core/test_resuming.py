"""A run goes on only where the nodes show what its journal believes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.core.credential_set import CERT_FILE
from tasks.core.findings import errors
from tasks.core.journal import Progress
from tasks.core.resuming import clocks, disagreements, other_sets
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, SHARED
from tests.core.plans import plan_of
from tests.core.snapshots import (
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    healthy,
    unreachable,
    wire,
)

SETS = {member.name: SHARED for member in WITH_PAIR.members}


PLAN = plan_of(healthy(WITH_PAIR))
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


def test_the_folder_must_hold_the_sets_of_the_plan() -> None:
    assert list(other_sets(PLAN, SETS)) == []
    (finding,) = other_sets(PLAN, {**SETS, "gw-b": OTHER_SHARED})
    assert (finding.name, finding.where) == ("resume-credentials", "gw-b")
    (lost,) = other_sets(PLAN, {name: s for name, s in SETS.items() if name != "gw-c"})
    assert lost.where == "gw-c"


def test_clocks_are_known_of_the_nodes_that_were_seen() -> None:
    snapshot = alter_files(healthy(), "gw-b", clock_offset_s=-3.5)
    assert clocks(unreachable(snapshot, "gw-c")) == {"gw-a": 0.0, "gw-b": -3.5}
