"""A step of a plan in a few words."""

from __future__ import annotations

from tasks.core.ha_words import ha_words
from tasks.core.plan import Plan, Step
from tasks.core.step_kinds import StepKind


def step_text(plan: Plan, step: Step) -> str:
    """A step in a few words."""
    text = _step_words(plan, step)
    return f"round {step.round}: {text}" if step.round else text


def _step_words(plan: Plan, step: Step) -> str:
    match step.kind:
        case StepKind.CONFIGURE:
            return f"configure {step.target}"
        case StepKind.PLACE:
            return f"place on {step.target}"
        case StepKind.SWAP:
            return f"swap in {step.target}"
        case StepKind.MOVE_KEYSTORE:
            return f"move keystore of {step.target}"
        case StepKind.PLACE_CRL:
            return f"place revocation list on {step.target}"
        case StepKind.REMOVE_CRL:
            return f"remove revocation list of {step.target}"
        case StepKind.RESTART_STANDBY:
            return f"restart standby of {step.target}, sync"
        case StepKind.RESTART:
            who = f"primary of {step.target}" if step.target in plan.pairs else step.target
            return f"restart {who}" + (" (observer)" if step.target == plan.observer else "")
        case StepKind.RESTART_PAIR:
            return f"restart both nodes of {step.target}"
        case StepKind.PROVE:
            return "prove all"
        case (
            StepKind.HA_PLACE
            | StepKind.HA_SWAP
            | StepKind.HA_SWAP_STANDBY
            | StepKind.HA_SWAP_PRIMARY
            | StepKind.HA_PART
            | StepKind.HA_REJOIN
            | StepKind.HA_RESTART_STANDBY
            | StepKind.HA_RESTART_PRIMARY
            | StepKind.HA_WAIT
            | StepKind.HA_FORM
            | StepKind.HA_PROVE
        ):
            return ha_words(plan, step)
        case StepKind.PROVE_LISTENERS:
            return "prove messaging listeners"
