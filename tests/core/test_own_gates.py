"""What is said of the operator's own gates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.model import Cluster, OwnGates
from tasks.core.own_gates import GateEnd, gate_lines, gate_problem, gate_words, gates_in
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy

BOTH = OwnGates(before_restart=("./drain", "gw a"), after_restart=("./fill",), limit_s=30)


def _with_gates(*names: str) -> Cluster:
    plain = cluster("gw-a", "gw-b", "gw-c")
    return replace(
        plain,
        members=tuple(
            replace(m, nodes=(replace(m.nodes[0], gates=BOTH),)) if m.name in names else m
            for m in plain.members
        ),
    )


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (OwnGates(), ""),
        (BOTH, "before each restart: ./drain 'gw a'; after it: ./fill (each within 30 s)"),
        (OwnGates(after_restart=("./fill",)), "after each restart: ./fill (within 60 s)"),
    ],
)
def test_gates_are_told_in_one_line(gates: OwnGates, words: str) -> None:
    assert gate_words(gates) == words


def test_a_plan_names_the_gates_of_those_it_restarts_and_they_are_part_of_its_fingerprint() -> None:
    plan = plan_of(healthy(_with_gates()))
    said = gates_in(plan, _with_gates("gw-a", "gw-b"))
    assert set(said) == {"gw-a", "gw-b"}
    gated = plan.model_copy(update={"gates": said})
    assert list(gate_lines(gated)) == [f"gates of gw-a, gw-b: {gate_words(BOTH)}"]
    assert gated.fingerprint != plan.fingerprint
    none = plan.model_copy(update={"steps": plan.steps[:3]})
    assert gates_in(none, _with_gates("gw-a")) == {}


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (GateEnd(0, "whatever"), ""),
        (GateEnd(2), "./fill: ended with exit status 2; it printed nothing"),
        (GateEnd(-15, " oops\n"), "./fill: was killed by signal 15; it printed last: oops"),
        (GateEnd(None), "./fill: not within 5 s, and was ended; it printed nothing"),
    ],
)
def test_a_gate_that_does_not_pass_says_how(end: GateEnd, said: str) -> None:
    assert gate_problem(["./fill"], end, limit_s=5) == said
