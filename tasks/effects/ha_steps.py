"""Which operation an HA step is, and the proof at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tasks.core.gates import Gate, in_order
from tasks.core.ha_gates import pairs
from tasks.core.plan import Step
from tasks.core.step_kinds import StepKind
from tasks.effects.ha_forming import form, wait_for_peer
from tasks.effects.ha_placing import place_ha, require_ha_live, swap_ha, swap_ha_primary, swap_ha_standby
from tasks.effects.ha_restarting import count_gate, part, rejoin, restart_ha_primary, restart_ha_standby
from tasks.effects.run import Run


def act_on_ha(run: Run, step: Step) -> str:
    """Perform one HA step; what it saw at its end. Raises as the operation does."""
    return _OPERATIONS[step.kind](run, step)


def prove_ha(run: Run, step: Step) -> str:
    """Every pair in sync, its files right on both nodes, and the cluster as before."""
    members = [run.member(name) for name in run.plan.targets]
    gates: list[Gate] = []
    for member in members:
        gates += [pairs(member.nodes[0].name, member.nodes[1].name), count_gate(run, step, member)]
        for node in member.nodes:
            require_ha_live(run, node, run.plan.targets[member.name].files)
    node = members[0].nodes[0]
    run.wait(in_order(*gates), node, "proof", limit_s=node.limits.restart_s)
    return f"{', '.join(run.plan.targets)} in sync, with the planned files on both nodes"


_OPERATIONS: Mapping[StepKind, Callable[[Run, Step], str]] = {
    StepKind.HA_PLACE: place_ha,
    StepKind.HA_SWAP: swap_ha,
    StepKind.HA_SWAP_STANDBY: swap_ha_standby,
    StepKind.HA_SWAP_PRIMARY: swap_ha_primary,
    StepKind.HA_PART: part,
    StepKind.HA_REJOIN: rejoin,
    StepKind.HA_RESTART_STANDBY: restart_ha_standby,
    StepKind.HA_RESTART_PRIMARY: restart_ha_primary,
    StepKind.HA_WAIT: wait_for_peer,
    StepKind.HA_FORM: form,
    StepKind.HA_PROVE: prove_ha,
}
HA_KINDS = frozenset(_OPERATIONS)
