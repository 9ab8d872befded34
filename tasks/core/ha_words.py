"""HA steps in the operator's words."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.plan import Plan, Step
from tasks.core.step_kinds import StepKind

_WORDS: Mapping[StepKind, str] = {
    StepKind.HA_PLACE: "place HA files on {target}",
    StepKind.HA_SWAP: "swap in HA files of {target}",
    StepKind.HA_SWAP_STANDBY: "swap in HA files of {target}'s standby",
    StepKind.HA_SWAP_PRIMARY: "swap in HA files of {target}'s primary",
    StepKind.HA_PART: "restart standby of {target}, stays apart",
    StepKind.HA_REJOIN: "restart primary of {target}, pair again",
    StepKind.HA_RESTART_STANDBY: "restart standby of {target}, sync",
    StepKind.HA_RESTART_PRIMARY: "restart primary of {target}, take-over",
    StepKind.HA_WAIT: "restart {other}, waits for its peer",
    StepKind.HA_FORM: "restart {primary} as primary, pair",
    StepKind.HA_PROVE: "prove all",
}


def ha_words(plan: Plan, step: Step) -> str:
    """One step; of a new pair the nodes by name, because they are certain."""
    primary = plan.pinned.get(f"{StepKind.HA_FORM}:{step.target}", "")
    other = plan.pinned.get(f"{StepKind.HA_WAIT}:{step.target}", "")
    return _WORDS[step.kind].format(target=step.target, primary=primary, other=other)
