"""A way back that says it parts nobody parts nobody: from a complete run, and from every state that a broken-off
one can leave, in no state that crashes, kills and restarts can lead to.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import pytest

from tasks.core.course import Course
from tasks.core.credential_set import CredentialSet
from tasks.core.former import FormerSet
from tasks.core.model import Member
from tasks.core.snapshot import Snapshot
from tasks.core.splits import first_split
from tasks.core.strategy_names import AUTO, BRIDGE, OVERLAP, PRESCRIBED
from tests.core.broken_off import Going
from tests.core.certs import NOW
from tests.core.kinds import NEW, OLD
from tests.core.reachable import Explored, Moment
from tests.core.returns import Undoing, course_back, undoing
from tests.core.snapshots import healthy
from tests.core.test_reachable_states import course, course_from, links_of, shaped

SAMPLE = 16  # states of a broken-off run: more than two single members have


@dataclass(frozen=True)
class Case:
    """A run from one kind of credentials to another that parts nobody."""

    shape: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.shape}-{self.old}-{self.new}".replace(" ", "_")

    @property
    def before(self) -> Snapshot:
        return healthy(shaped(self.shape), runs={m.name: OLD[self.old][m.name] for m in self.members})

    @property
    def complete(self) -> Snapshot:
        return healthy(shaped(self.shape), runs={m.name: NEW[self.new][m.name] for m in self.members})

    @property
    def members(self) -> tuple[Member, ...]:
        return shaped(self.shape).members

    def run(self) -> Undoing:
        return undoing(self.before, {m.name: NEW[self.new][m.name] for m in self.members})

    def forward(self) -> Going:
        made = course(self.shape, self.old, self.new, strategy=AUTO)
        assert made is not None
        return Going(self.before, made, self.sets)

    def backward(self, run: Undoing) -> Going:
        """From the complete run."""
        return Going(self.complete, back(run, self.complete), self.sets)

    @property
    def sets(self) -> dict[str, CredentialSet]:
        kinds = (OLD[self.old], NEW[self.new])
        return {kind[m.name].leaf.sha256: kind[m.name] for kind in kinds for m in self.members}


def back(run: Undoing, now: Snapshot, *, strategy: str = AUTO) -> Course:
    made = course_back(run, now, strategy=strategy)
    assert made is not None
    return made


def states(going: Going) -> list[Moment]:
    """Different ones that it can be broken off in."""
    explored = Explored(going.start.cluster, going.course)
    assert not list(explored.apart())
    found = {replace(moment, ahead=0) for moment in explored.moments}
    ordered = sorted(found, key=repr)
    return ordered if len(ordered) <= SAMPLE else random.Random(1).sample(ordered, SAMPLE)


def promised(made: Course) -> bool:
    return made.way.strategy != PRESCRIBED or not made.choices or not made.choices[0].apart_s


def wrong(explored: Explored, former: dict[str, FormerSet]) -> Iterator[str]:
    """Members apart, and ends that are no way back.

    A CA file that a crash made a process load at the last moment, beside the former certificate, is told by no
    wire: nobody is apart for it.
    """
    yield from (f"{one.one} and {one.other} in {one.moment}" for one in explored.apart())
    for end in explored.ends():
        for name, loaded in explored.last_loaded(end).items():
            if loaded.leaf != former[name].leaf or not set(loaded.trusted) >= set(former[name].ca):
                yield f"{name} ends otherwise in {end}"
    for name, loaded in explored.last_loaded(explored.undisturbed()).items():
        if (loaded.leaf, set(loaded.trusted)) != (former[name].leaf, set(former[name].ca)):
            yield f"{name} ends otherwise though nothing else happens"


CASES = [
    *(Case(shape, "built-in", new) for shape in ("ss", "sss", "sp") for new in ("shared", "ca")),
    *(Case(shape, "ca", new) for shape in ("sss", "sp") for new in ("ca", "ca, same name", "renewed leafs")),
    *(Case("ss", old, new) for old, new in (("shared", "chained"), ("mesh", "shared"), ("chained", "mesh"))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_from_wherever_a_run_is_broken_off_the_way_back_parts_nobody(case: Case) -> None:
    run, going = case.run(), case.forward()
    visited = 0
    for state in states(going):
        made = back(run, going.seen(state))
        assert promised(made), state
        explored = Explored(going.start.cluster, made, begins=going.begins(state))
        visited += len(explored.moments)
        assert list(wrong(explored, dict(run.former))) == [], state
    assert visited > 50


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_complete_run_is_undone_without_parting_anybody_and_so_is_a_rollback_that_is_planned_anew(
    case: Case,
) -> None:
    run = case.run()
    going = case.backward(run)
    for state in states(going):
        made = back(run, going.seen(state))
        explored = Explored(going.start.cluster, made, begins=going.begins(state))
        apart = list(explored.apart())
        halved = any(len(set(disks)) > 1 for disks in disks_of_pairs(going, state))
        assert not apart if promised(made) else halved, state  # a pair half swapped is said to part members


@pytest.mark.parametrize("case", [case for case in CASES if case.new == "ca"], ids=str)
def test_from_wherever_a_run_is_broken_off_a_new_plan_to_its_sets_parts_nobody_either(case: Case) -> None:
    """The files that wait for a restart are reckoned with: what a resumed run is planned anew from."""
    going = case.forward()
    for state in states(going):
        made = course_from(going.seen(state), case.new, strategy=AUTO)
        assert made is not None
        apart = list(Explored(going.start.cluster, made, begins=going.begins(state)).apart())
        halved = any(len(set(disks)) > 1 for disks in disks_of_pairs(going, state))
        assert not apart if promised(made) else halved, state


def disks_of_pairs(going: Going, state: Moment) -> Iterator[tuple[int, ...]]:
    numbers = iter(state.disk)
    for member in going.start.cluster.members:
        yield tuple(next(numbers) for _ in member.nodes)


class TestControls:
    """What the exploration would see."""

    @pytest.mark.parametrize(("old", "new"), [("built-in", "shared"), ("built-in", "ca"), ("ca", "ca")])
    def test_the_way_back_by_the_documented_procedure_parts_members(self, old: str, new: str) -> None:
        case = Case("sss", old, new)
        made = back(case.run(), case.complete, strategy=PRESCRIBED)
        assert made.choices[0].apart_s > 0
        parted = {(one.one, one.other) for one in Explored(shaped("sss"), made).apart()}
        assert parted == set(combinations(("gw-a", "gw-b", "gw-c"), 2))

    @pytest.mark.parametrize(("old", "new", "rounds"), [("built-in", "shared", 2), ("built-in", "ca", 3)])
    def test_so_does_the_way_back_to_the_built_in_pair_without_its_first_round(
        self, old: str, new: str, rounds: int
    ) -> None:
        case = Case("sss", old, new)
        made = back(case.run(), case.complete)
        assert (made.way.strategy, len(made.way.rounds)) == (BRIDGE, rounds)
        assert not list(Explored(shaped("sss"), made).apart())
        hasty = without_round(made, 1)
        assert list(Explored(shaped("sss"), hasty).apart())
        assert first_split(hasty.way, links=links_of("gw-a", "gw-b", "gw-c"), at=NOW) is not None

    def test_and_without_the_round_in_which_ca_files_stay_until_all_are_back(self) -> None:
        case = Case("sss", "built-in", "ca")
        hasty = without_round(back(case.run(), case.complete), 2)
        assert list(Explored(shaped("sss"), hasty).apart())

    @pytest.mark.parametrize(("old", "taken"), [("built-in", BRIDGE), ("ca", OVERLAP)])
    def test_a_pair_that_lies_on_a_disk_unloaded_would_part_members_if_it_were_not_reckoned_with(
        self, old: str, taken: str
    ) -> None:
        """The last member before the end of round 2: swapped in, and not restarted yet."""
        case = Case("ss", old, "ca")
        run, going = case.run(), case.forward()
        state = Moment(0, loaded=(2, 1), disk=(2, 2), ran=(2, 1), active=(0, 0))
        seen = going.seen(state)
        assert back(run, seen).way.strategy == taken
        documented = back(run, seen, strategy=PRESCRIBED)
        assert documented.choices[0].apart_s > 0
        assert not list(Explored(shaped("ss"), documented).apart())  # as long as nobody goes down
        assert list(Explored(shaped("ss"), documented, begins=going.begins(state)).apart())


def without_round(made: Course, number: int) -> Course:
    rounds = tuple(one for index, one in enumerate(made.way.rounds, 1) if index != number)
    left = [step for step in made.steps if step.round != number]
    steps = (s.model_copy(update={"round": s.round - (s.round > number)}) for s in left)
    return replace(made, way=replace(made.way, rounds=rounds), steps=tuple(steps))
