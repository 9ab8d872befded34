"""Journal against nodes: where a member stands by each, and whether that can be planned anew from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.issuing import credential_set
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.snapshot import Snapshot
from tasks.core.step_kinds import StepKind
from tasks.core.two_sources import Standing, absorbed, standings
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, OWN, SHARED
from tests.core.kinds import NEW, Sets, of_all
from tests.core.plans import plan_of
from tests.core.snapshots import (
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    files_of,
    healthy,
    rest_silent,
    unreachable,
    wire,
)
from tests.core.statuses import NOON

FILES = (CA_FILE, CERT_FILE, KEY_FILE)
ONE_ROUND = plan_of(healthy(WITH_PAIR))
THREE_ROUNDS = plan_of(healthy(WITH_PAIR, runs=OWN.sets), NEW["ca"], strategy="overlap")
BOTH = {
    name: credential_set(name, one.key, chain=one.chain, ca=(*one.ca, *NEW["ca"][name].ca))
    for name, one in OWN.sets.items()
}
LATER = {
    name: credential_set(name, one.key, chain=one.chain, ca=BOTH[name].ca) for name, one in NEW["ca"].items()
}
STAGES: Mapping[int, tuple[Sets, ...]] = {  # what a member has before the run and after each round
    1: (of_all(BUILTIN_SET), of_all(SHARED)),
    3: (OWN.sets, BOTH, LATER, NEW["ca"]),
}
BACKWARDS: Mapping[str, str] = {"started_before": "2026-01-01T00:00:00+00:00"}
Found = list[tuple[Standing, str]]


def plan_with(rounds: int) -> Plan:
    return ONE_ROUND if rounds == 1 else THREE_ROUNDS


def stage(rounds: int, number: int, member: str) -> CredentialSet:
    return STAGES[rounds][number][member]


@dataclass(frozen=True)
class Stands:
    """A cluster of which every member is where that round left it, and what a test changes of it."""

    rounds: int
    seen: Snapshot

    def lying(self, node: str, number: int, *names: str) -> Stands:
        """These files of the node (all, where none is named) are those of after that round."""
        member = WITH_PAIR.node(node).member
        other = healthy(WITH_PAIR, runs={**OWN.sets, member: stage(self.rounds, number, member)})
        theirs, seen = files_of(other, node), self.seen
        for name in names or FILES:
            seen = alter_files(seen, node, files={**files_of(seen, node).files, name: theirs.files[name]})
        return Stands(self.rounds, seen)

    def serving(self, node: str, number: int) -> Stands:
        one = stage(self.rounds, number, WITH_PAIR.node(node).member)
        return Stands(self.rounds, alter(self.seen, node, wire=wire(one)))

    def but(self, change: Callable[[Snapshot], Snapshot]) -> Stands:
        return Stands(self.rounds, change(self.seen))


def after(rounds: int, number: int) -> Stands:
    """Everybody is where that round left it."""
    runs = {member.name: stage(rounds, number, member.name) for member in WITH_PAIR.members}
    return Stands(rounds, healthy(WITH_PAIR, runs=runs))


def up_to(plan: Plan, last: str, *, begun: str = "", asked: bool = False) -> Progress:
    """Done up to that step, and one more begun; `asked`: its restart was asked for."""
    ids = [step.id for step in plan.steps]
    done = frozenset(ids[: ids.index(last) + 1]) if last else frozenset()
    return Progress(done, frozenset({begun} if begun else ()), {begun: dict(BACKWARDS)} if asked else {})


def found(stands: Stands, progress: Progress) -> Found:
    seen = standings(plan_with(stands.rounds), progress, stands.seen)
    return [(Standing(one.name), one.where) for one in seen]


def said(stands: Stands, progress: Progress) -> str:
    (one,) = standings(plan_with(stands.rounds), progress, stands.seen)
    return one.problem


NOTHING = Progress()
B_PLACED = up_to(ONE_ROUND, "place:gw-d2")  # the order of the documentation: gw-d's standby, gw-a, gw-b, …
A_SWAPPED = up_to(ONE_ROUND, "swap:gw-a")
A_DONE = up_to(ONE_ROUND, "restart:gw-a")
PAIR_DONE = up_to(ONE_ROUND, "restart:gw-d")
ALL_DONE = up_to(ONE_ROUND, "prove:cluster")
ROUND_1 = up_to(THREE_ROUNDS, "prove:cluster@1")
A_SWAPPED_2 = up_to(THREE_ROUNDS, "swap:gw-a@2")
A_DONE_2 = up_to(THREE_ROUNDS, "restart:gw-a@2")
ROUND_2 = up_to(THREE_ROUNDS, "prove:cluster@2")


def a_done() -> Stands:
    """One round: of the pair the standby's restart, which is first, and gw-a are done."""
    return after(1, 0).lying("gw-d1", 1).lying("gw-d2", 1).lying("gw-a", 1).serving("gw-a", 1)


AGREE = [
    pytest.param(after(1, 0), NOTHING, id="nothing was done and nothing is there"),
    pytest.param(after(1, 0), B_PLACED, id="placed files are not live ones"),
    pytest.param(a_done(), A_DONE, id="one member is done, the pair's files are swapped in"),
    pytest.param(a_done().serving("gw-a", 0), A_SWAPPED, id="swapped in and not restarted"),
    pytest.param(after(1, 1), ALL_DONE, id="all is done"),
    pytest.param(after(3, 1), ROUND_1, id="after the first of three rounds"),
    pytest.param(after(3, 2), ROUND_2, id="after the second"),
    pytest.param(after(3, 1).lying("gw-a", 2), A_SWAPPED_2, id="swapped in for the second"),
    pytest.param(after(3, 1).lying("gw-a", 2).serving("gw-a", 2), A_DONE_2, id="restarted in the second"),
]


@pytest.mark.parametrize(("stands", "progress"), AGREE)
def test_where_both_say_the_same_nothing_is_found(stands: Stands, progress: Progress) -> None:
    assert found(stands, progress) == []


HALF_DONE = [
    pytest.param(a_done().serving("gw-a", 0).lying("gw-a", 0), id="not begun on the node"),
    pytest.param(a_done().serving("gw-a", 0).lying("gw-a", 0, CERT_FILE, KEY_FILE), id="its CA file"),
    pytest.param(a_done().serving("gw-a", 0).lying("gw-a", 0, KEY_FILE), id="CA file and certificate"),
    pytest.param(a_done().serving("gw-a", 0), id="all of it"),
]


@pytest.mark.parametrize("stands", HALF_DONE)
def test_a_swap_that_was_broken_off_anywhere_is_left_to_its_step(stands: Stands) -> None:
    begun = up_to(ONE_ROUND, "restart-standby:gw-d", begun="swap:gw-a")
    assert found(stands, begun) == []


def test_of_a_pair_either_node_may_have_been_swapped_alone() -> None:
    begun = up_to(ONE_ROUND, "place:gw-d2", begun="swap:gw-d")
    for node in ("gw-d1", "gw-d2"):
        assert found(after(1, 0).lying(node, 1), begun) == []


def test_between_two_rounds_as_well_and_without_its_key_too() -> None:
    begun = up_to(THREE_ROUNDS, "place:gw-d2@2", begun="swap:gw-a@2")
    lacking = alter_file(after(3, 1).lying("gw-a", 2, CERT_FILE).seen, "gw-a", KEY_FILE, sha256=None)
    assert found(Stands(3, lacking), begun) == []
    assert found(after(3, 1).lying("gw-a", 3), begun) == [(Standing.AHEAD, "gw-a")]


IN_FLIGHT = up_to(ONE_ROUND, "swap:gw-a", begun="restart:gw-a", asked=True)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s, id="not gone down yet"),
        pytest.param(lambda s: rest_silent(s, "gw-a"), id="down"),
        pytest.param(lambda s: alter(s, "gw-a", wire=wire(SHARED)), id="back"),
        pytest.param(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)), id="back with a third certificate"),
    ],
)
def test_a_restart_that_was_asked_for_is_left_to_its_step(change: Callable[[Snapshot], Snapshot]) -> None:
    assert found(a_done().serving("gw-a", 0).but(change), IN_FLIGHT) == []


def test_one_that_came_back_otherwise_and_is_asked_once_more_is_left_to_its_step_too() -> None:
    again = Progress(IN_FLIGHT.done, IN_FLIGHT.begun, {"restart:gw-a": {"started_before": ""}})
    assert found(a_done(), again) == []


def test_one_that_restarted_before_it_was_asked_to_is_ahead_of_the_journal() -> None:
    begun = up_to(ONE_ROUND, "swap:gw-a", begun="restart:gw-a")
    assert found(a_done(), begun) == [(Standing.AHEAD, "gw-a")]


BEHIND = [
    pytest.param(a_done().lying("gw-a", 0), A_DONE, "gw-a", id="its files were put back"),
    pytest.param(a_done().serving("gw-a", 0), A_DONE, "gw-a", id="it fell back, or never restarted"),
    pytest.param(a_done().lying("gw-d2", 0), A_DONE, "gw-d2", id="the standby lost its files to a sync"),
    pytest.param(after(1, 1).serving("gw-d1", 0), ALL_DONE, "gw-d1", id="a pair fell back"),
    pytest.param(
        a_done().but(lambda s: alter_file(s, "gw-a", CA_FILE, sha256=None)), A_DONE, "gw-a", id="CA file gone"
    ),
    pytest.param(after(3, 2).serving("gw-b", 1), ROUND_2, "gw-b", id="a round behind on the wire"),
    pytest.param(after(3, 2).lying("gw-b", 1), ROUND_2, "gw-b", id="a round behind on the disk"),
    pytest.param(after(3, 2).lying("gw-b", 0), ROUND_2, "gw-b", id="two rounds behind on the disk"),
    pytest.param(
        after(3, 2).lying("gw-b", 0, CA_FILE), ROUND_2, "gw-b", id="a CA file of before beside the new pair"
    ),
]


@pytest.mark.parametrize(("stands", "progress", "where"), BEHIND)
def test_what_the_journal_calls_done_and_the_node_does_not_show(
    stands: Stands, progress: Progress, where: str
) -> None:
    assert found(stands, progress) == [(Standing.BEHIND, where)]


def test_a_process_that_is_older_than_the_restart_that_the_journal_calls_done() -> None:
    """The snapshot of a virtual machine was restored, say: the certificate alone would not always tell."""
    asked = {"asked_at": (NOON + timedelta(seconds=60)).isoformat()}
    done = Progress(ROUND_1.done, frozenset(), {"restart:gw-a@1": asked})
    assert said(after(3, 1), done) == (
        "its process started 60 s before the restart that the journal calls done (2026-11-22T12:01:00)"
    )
    assert found(after(3, 1), done) == [(Standing.BEHIND, "gw-a")]


@pytest.mark.parametrize("seconds", [-30, 0, 3])
def test_one_that_is_younger_or_as_old_as_clocks_can_tell_is_the_restarted_one(seconds: int) -> None:
    asked = {"asked_at": (NOON + timedelta(seconds=seconds)).isoformat()}
    done = Progress(ROUND_1.done, frozenset(), {"restart:gw-a@1": asked})
    assert found(after(3, 1), done) == []


def test_of_a_pair_uptimes_do_not_tell_for_its_roles_have_moved_since() -> None:
    asked = {"asked_at": (NOON + timedelta(seconds=60)).isoformat()}
    done = Progress(ROUND_1.done, frozenset(), {"restart:gw-d@1": asked})
    assert found(after(3, 1), done) == []


AHEAD = [
    pytest.param(a_done().lying("gw-b", 1), A_DONE, "gw-b", id="its files lie there already"),
    pytest.param(
        a_done().lying("gw-b", 1).serving("gw-b", 1), A_DONE, "gw-b gw-b", id="and it has restarted"
    ),
    pytest.param(a_done(), A_SWAPPED, "gw-a", id="restarted behind our back where that parts members"),
    pytest.param(after(3, 1).lying("gw-b", 2), ROUND_1, "gw-b", id="files of a later round"),
    pytest.param(after(3, 1).serving("gw-b", 2), ROUND_1, "gw-b", id="a certificate of a later round"),
    pytest.param(after(3, 3), ROUND_2, "gw-a gw-b gw-c gw-d1 gw-d2", id="the last round by hand"),
]


@pytest.mark.parametrize(("stands", "progress", "where"), AHEAD)
def test_what_a_node_shows_and_the_journal_does_not_know(
    stands: Stands, progress: Progress, where: str
) -> None:
    assert found(stands, progress) == [(Standing.AHEAD, name) for name in where.split()]


@pytest.mark.parametrize(
    "progress",
    [
        pytest.param(A_SWAPPED_2, id="after its swap"),
        pytest.param(up_to(THREE_ROUNDS, "place:gw-d2@2", begun="swap:gw-a@2"), id="while it was swapped in"),
    ],
)
def test_a_member_that_restarted_by_itself_between_rounds_that_part_nobody_is_no_surprise(
    progress: Progress,
) -> None:
    assert found(after(3, 1).lying("gw-a", 2).serving("gw-a", 2), progress) == []


FOREIGN = [
    pytest.param(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)), "gw-a", id="a third certificate"),
    pytest.param(lambda s: alter(s, "gw-d1", wire=wire(OTHER_SHARED)), "gw-d1", id="of a pair"),
    *(
        pytest.param(
            lambda s, name=name: alter_file(s, "gw-b", name, sha256="0" * 64), "gw-b", id=f"a third {name}"
        )
        for name in FILES
    ),
    pytest.param(lambda s: alter_file(s, "gw-d2", KEY_FILE, sha256="0" * 64), "gw-d2", id="on a standby"),
]


@pytest.mark.parametrize(
    ("stands", "progress"),
    [
        pytest.param(after(1, 0), NOTHING, id="before"),
        pytest.param(after(1, 1), ALL_DONE, id="done"),
        pytest.param(after(3, 0), NOTHING, id="before three rounds"),
        pytest.param(after(3, 2), ROUND_2, id="after two of them"),
    ],
)
@pytest.mark.parametrize(("change", "where"), FOREIGN)
def test_what_nobody_planned_is_somebody_elses_whatever_the_journal_says(
    change: Callable[[Snapshot], Snapshot], where: str, stands: Stands, progress: Progress
) -> None:
    assert found(stands, progress) == []
    assert found(stands.but(change), progress) == [(Standing.FOREIGN, where)]


def test_it_is_named_by_the_file_or_the_certificate() -> None:
    other = alter(after(1, 1).seen, "gw-a", wire=wire(OTHER_SHARED))
    leaf = OTHER_SHARED.leaf
    assert said(Stands(1, other), ALL_DONE) == (
        f"it serves {leaf.sha256[:8]} ({leaf.subject}), which nobody planned"
    )
    file = alter_file(after(1, 1).seen, "gw-a", CA_FILE, sha256="ab" * 32)
    assert said(Stands(1, file), ALL_DONE) == (
        "Cluster_cafile.pem (SHA-256 abababababab) is neither the one of before the run nor one of its own"
    )


UNSEEN = [
    pytest.param(lambda s: alter(s, "gw-a", files=NO_ANSWER), "gw-a", id="its files"),
    pytest.param(lambda s: alter(s, "gw-d2", files=NO_ANSWER), "gw-d2", id="a standby's files"),
    pytest.param(lambda s: rest_silent(s, "gw-a"), "gw-a", id="its certificate"),
    pytest.param(lambda s: unreachable(s, "gw-a"), "gw-a gw-a", id="anything"),
    pytest.param(lambda s: unreachable(s, "gw-d1"), "gw-d1", id="the primary: the other one does not serve"),
]


@pytest.mark.parametrize(("change", "where"), UNSEEN)
def test_what_cannot_be_seen_is_neither_believed_nor_denied(
    change: Callable[[Snapshot], Snapshot], where: str
) -> None:
    names = [name for _, name in found(after(1, 1).but(change), ALL_DONE)]
    kinds = {kind for kind, _ in found(after(1, 1).but(change), ALL_DONE)}
    assert kinds == {Standing.UNSEEN}
    assert sorted(set(names)) == sorted(set(where.split()))


def test_of_a_member_that_was_not_restarted_yet_no_certificate_is_asked_for() -> None:
    assert found(after(1, 0).but(lambda s: rest_silent(s, "gw-a")), B_PLACED) == []
    assert found(a_done().but(lambda s: rest_silent(s, "gw-a")), A_DONE) == [(Standing.UNSEEN, "gw-a")]


def test_each_finding_names_the_two_sources_or_the_next_command() -> None:
    assert said(a_done().serving("gw-a", 0), A_DONE) == (
        f"it serves {BUILTIN_SET.leaf.sha256[:8]}, as before; the journal says it was restarted with "
        f"{SHARED.leaf.sha256[:8]}"
    )
    assert said(a_done(), A_SWAPPED) == (
        f"it serves {SHARED.leaf.sha256[:8]} already; the journal knows of no restart: somebody restarted it"
    )
    assert said(after(3, 2).lying("gw-b", 0), ROUND_2) == (
        "its files are those of before the run; the journal says round 2"
    )
    assert said(after(3, 2).lying("gw-b", 0, CA_FILE), ROUND_2) == "its files are of different rounds"
    (gone,) = standings(ONE_ROUND, A_DONE, alter_file(a_done().seen, "gw-a", CA_FILE, sha256=None))
    assert (gone.problem, gone.remedy) == (
        "Cluster_cafile.pem is gone",
        "what is left is planned anew from there",
    )


@pytest.mark.parametrize(
    ("kinds", "settled"),
    [
        ((), False),
        ((Standing.BEHIND, Standing.AHEAD), True),
        ((Standing.BEHIND, Standing.FOREIGN), False),
        ((Standing.AHEAD, Standing.UNSEEN), False),
    ],
)
def test_a_new_plan_settles_other_points_of_the_same_way_and_nothing_else(
    kinds: tuple[Standing, ...], settled: bool
) -> None:
    some = {
        Standing.BEHIND: a_done().serving("gw-a", 0),
        Standing.AHEAD: a_done().lying("gw-b", 1),
        Standing.FOREIGN: a_done().but(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED))),
        Standing.UNSEEN: a_done().but(lambda s: rest_silent(s, "gw-a")),
    }
    findings = tuple(f for kind in kinds for f in standings(ONE_ROUND, A_DONE, some[kind].seen))
    assert [f.name for f in findings] == list(kinds)
    assert absorbed(findings) is settled


def test_of_a_plan_that_swaps_nothing_nothing_is_asked() -> None:
    steps = tuple(step for step in ONE_ROUND.steps if step.kind is not StepKind.SWAP)
    foreign = alter(after(1, 1).seen, "gw-a", wire=wire(OTHER_SHARED))
    assert standings(ONE_ROUND, ALL_DONE, foreign)
    assert standings(ONE_ROUND.model_copy(update={"steps": steps}), ALL_DONE, foreign) == ()
