"""A strategy that says it parts nobody parts nobody, in no state that crashes, kills and restarts can lead to."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import combinations, product

import pytest

from tasks.core.course import Course, Wish, course_of
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.file_names import CA_FILE
from tasks.core.issuing import credential_set
from tasks.core.model import Cluster, Member
from tasks.core.observed import loaded_now
from tasks.core.rounds import Round
from tasks.core.snapshot import Snapshot
from tasks.core.splits import first_split
from tasks.core.strategy_names import AUTO, BRIDGE, OVERLAP, PRESCRIBED, STRATEGIES
from tasks.core.trust import can_dial
from tests.core.certs import BUILTIN_SET, MEMBERS, NOW
from tests.core.kinds import NEW, OLD, Sets
from tests.core.reachable import Explored
from tests.core.snapshots import PLACED_AT, alter_file, alter_files, cluster, healthy, pair

SHAPES = ("ss", "sp", "pp", "sss", "ssp", "ssss", "sssp")
PLACED_FIRST = ("sss", "sp")  # more states, and the same for members of any number
KINDS = [(old, new) for old, new in product(OLD, NEW)]


def shaped(shape: str) -> Cluster:
    return cluster(*(pair(name) if kind == "p" else name for name, kind in zip(MEMBERS, shape, strict=False)))


def course(shape: str, old: str, new: str, *, strategy: str, place_first: bool = False) -> Course | None:
    """None where the strategy is not possible."""
    wanted = shaped(shape)
    snapshot = healthy(wanted, runs={member.name: OLD[old][member.name] for member in wanted.members})
    return course_from(snapshot, new, strategy=strategy, place_first=place_first)


def course_from(snapshot: Snapshot, new: str, *, strategy: str, place_first: bool = False) -> Course | None:
    sets = {member.name: NEW[new][member.name] for member in snapshot.cluster.members}
    wish = Wish(strategy, place_first=place_first)
    try:
        return course_of(snapshot, sets, old=loaded_now(snapshot), wish=wish)
    except Refused:
        return None


@pytest.mark.parametrize(("old", "new"), KINDS, ids=lambda kind: str(kind).replace(" ", "_"))
def test_who_is_promised_to_stay_together_stays_together_in_every_reachable_state(old: str, new: str) -> None:
    visited = 0
    for shape, strategy, place_first in product(SHAPES, STRATEGIES, (False, True)):
        if place_first and shape not in PLACED_FIRST:
            continue
        made = course(shape, old, new, strategy=strategy, place_first=place_first)
        if made is None:
            continue
        explored = Explored(shaped(shape), made)
        visited += len(explored.moments)
        promised = strategy != PRESCRIBED or not made.choices[0].apart_s
        assert not promised or not list(explored.apart()), (shape, strategy)
        assert not list(explored.premature()), (shape, strategy)
        _ends_with_the_new_sets(explored, new)
    assert visited > 1000


def test_the_documented_procedure_is_seen_to_part_members() -> None:
    made = course("sss", "built-in", "shared", strategy=PRESCRIBED)
    assert made is not None
    assert made.choices[0].apart_s > 0
    assert {(each.one, each.other) for each in Explored(shaped("sss"), made).apart()} == {
        ("gw-a", "gw-b"),
        ("gw-a", "gw-c"),
        ("gw-b", "gw-c"),
    }


@pytest.mark.parametrize(("old", "new", "strategy"), [("ca", "ca", OVERLAP), ("built-in", "ca", BRIDGE)])
def test_a_round_that_is_left_out_is_seen_to_part_members(old: str, new: str, strategy: str) -> None:
    made = course("sss", old, new, strategy=strategy)
    assert made is not None
    hasty = replace(
        made,
        way=replace(made.way, rounds=made.way.rounds[1:]),
        steps=tuple(
            step.model_copy(update={"round": step.round - 1}) for step in made.steps if step.round > 1
        ),
    )
    assert list(Explored(shaped("sss"), hasty).apart())
    assert first_split(hasty.way, links=links_of("gw-a", "gw-b", "gw-c"), at=NOW) is not None


@pytest.mark.parametrize(
    ("old", "new"), [("built-in", "shared"), ("built-in", "ca"), ("ca", "ca"), ("shared", "ca")]
)
@pytest.mark.parametrize("shape", ["sss", "sp"])
def test_wherever_a_run_is_given_up_a_new_plan_parts_nobody_either(shape: str, old: str, new: str) -> None:
    """Every member runs with what lies on its disk: the servers have settled since."""
    wanted = shaped(shape)
    made = course(shape, old, new, strategy=AUTO)
    assert made is not None
    states = {tuple(moment.loaded) for moment in Explored(wanted, made).moments}
    assert len(states) > 4
    for state in states:
        runs = {
            member.name: running_set(made, member.name, number, kinds=(OLD[old], NEW[new]))
            for member, number in zip(wanted.members, state, strict=True)
        }
        snapshot = healthy(wanted, runs=runs)
        for member, number in zip(wanted.members, state, strict=True):
            if runs[member.name] is BUILTIN_SET and number:
                snapshot = with_ca_file(snapshot, member, made.way.rounds[number - 1])
        again = course_from(snapshot, new, strategy=AUTO)
        assert again is not None
        assert not again.choices or again.choices[0].apart_s == 0, state
        explored = Explored(wanted, again)
        assert not list(explored.apart()), state
        _ends_with_the_new_sets(explored, new)


def running_set(made: Course, member: str, number: int, *, kinds: tuple[Sets, Sets]) -> CredentialSet:
    """What lies on the disk of a member that runs with a round's files."""
    states = (made.way.before, *(one.after for one in made.way.rounds))
    loaded = states[number][member].loaded
    one = next(sets[member] for sets in kinds if sets[member].leaf == loaded.leaf)
    if set(one.ca) == set(loaded.trusted) or one is BUILTIN_SET:
        return one
    return credential_set(member, one.key, chain=one.chain, ca=loaded.trusted)


def with_ca_file(snapshot: Snapshot, member: Member, after: Round) -> Snapshot:
    """The first round of a bridge to CA leafs leaves a CA file beside no key and no certificate."""
    pem = b"".join(one.pem() for one in after.after[member.name].loaded.trusted)
    for node in member.nodes:
        sha256 = hashlib.sha256(pem).hexdigest()
        snapshot = alter_file(
            snapshot, node.name, CA_FILE, sha256=sha256, readable=True, changed_at=PLACED_AT
        )
        snapshot = alter_files(snapshot, node.name, ca_pem=pem)
    return snapshot


def links_of(*members: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair) for pair in combinations(members, 2))


def _ends_with_the_new_sets(explored: Explored, new: str) -> None:
    """Whatever happened on the way; and at the end each member can dial each other one."""
    for moment in explored.ends():
        loaded = explored.last_loaded(moment)
        for name, one in loaded.items():
            assert (one.leaf, set(one.trusted)) == (NEW[new][name].leaf, set(NEW[new][name].ca))
            assert all(can_dial(one, other, at=NOW) for peer, other in loaded.items() if peer != name)
