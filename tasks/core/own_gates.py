"""The operator's own gates: a command of this machine before and after each restart of a member.

Draining a load balancer, silencing an alarm. They are run like any gate: with a limit, and what fails stops
the line. The argv is no secret: secrets of a gate are for the gate itself to fetch.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity
from tasks.core.model import Cluster, Member, OwnGates
from tasks.core.plan import Plan
from tasks.core.step_kinds import ANY_RESTART

_TAIL = 300  # characters of what a gate printed last


@dataclass(frozen=True, slots=True)
class GateEnd:
    """How a gate ended; `code` is None where it was ended for being late, negative for a signal."""

    code: int | None
    printed: str = ""


def gates_of(member: Member) -> OwnGates:
    """Those of its first node: a pair is one member."""
    return member.nodes[0].gates


def gate_words(gates: OwnGates) -> str:
    """ "before each restart: ./drain.sh gw-a; after it: ./undrain.sh (each within 60 s)"; "" for none."""
    parts = []
    if gates.before_restart:
        parts.append(f"before each restart: {shlex.join(gates.before_restart)}")
    if gates.after_restart:
        parts.append(f"after {'it' if parts else 'each restart'}: {shlex.join(gates.after_restart)}")
    if not parts:
        return ""
    return "; ".join(parts) + f" ({'each ' if len(parts) > 1 else ''}within {gates.limit_s:g} s)"


def gates_in(plan: Plan, cluster: Cluster) -> dict[str, str]:
    """By member that the plan restarts, what its gates do; without those that have none."""
    moving = {step.target for step in plan.steps if step.kind in ANY_RESTART}
    said = {member.name: gate_words(gates_of(member)) for member in cluster.members if member.name in moving}
    return {name: text for name, text in said.items() if text}


def gate_lines(plan: Plan) -> Iterator[str]:
    """The gates by what they do, each with its members."""
    by_text: dict[str, list[str]] = {}
    for name, text in plan.gates.items():
        by_text.setdefault(text, []).append(name)
    yield from (f"gates of {', '.join(names)}: {text}" for text, names in by_text.items())


def gate_problem(argv: Sequence[str], end: GateEnd, *, limit_s: float) -> str:
    """What is said of a gate that did not let pass; "" where it did."""
    if end.code == 0:
        return ""
    how = (
        f"ended with exit status {end.code}"
        if (end.code or 0) > 0
        else f"was killed by signal {-(end.code or 0)}"
    )
    if end.code is None:
        how = f"not within {limit_s:g} s, and was ended"
    last = " / ".join(end.printed.strip().splitlines())[-_TAIL:]
    said = f"; it printed last: {last}" if last else "; it printed nothing"
    return f"{shlex.join(argv)}: {how}{said}"


def missing_gate(member: str, argv: Sequence[str], trouble: str) -> Finding:
    return Finding(
        "gate-missing",
        Severity.ERROR,
        member,
        f"its gate {shlex.join(argv)} cannot be run on this machine: {trouble}",
        "correct `gates` in the inventory; a path starts in the inventory's folder",
    )
