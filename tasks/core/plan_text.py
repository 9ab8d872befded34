"""What is said of a plan beside the table of its steps."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tasks.core.errors import commands_of
from tasks.core.own_gates import gate_lines
from tasks.core.plan import Edit, Frozen, Plan, Step, Value
from tasks.core.step_kinds import HA_SWAPS, LAST_RESTARTS, StepKind
from tasks.core.task_names import MIGRATE
from tasks.core.text_table import duration

RESTART_S = 25  # what one restart takes, until its gate holds
_PLACES_CREDENTIALS = frozenset({StepKind.PLACE, StepKind.SWAP, *HA_SWAPS})


def nothing_to_do(plan: Plan) -> str:
    """What an empty plan means."""
    why = plan.why if plan.task != MIGRATE else "every member already runs with its credential set"
    return f"{plan.cluster}: nothing to do" + (f": {why}" if why else "")


def reason_line(plan: Plan) -> str:
    """The strategy, where there is a choice of them, and why it is as it is; "" if nothing is to be said."""
    return f"strategy {plan.strategy}: {plan.why}" if plan.strategy else plan.why


def target_lines(plan: Plan) -> tuple[str, ...]:
    """Per member whose certificate the plan is about, what it runs with at the end."""
    moving = {step.target for step in plan.steps if step.kind in _PLACES_CREDENTIALS or _changes(plan, step)}
    all_of_them = any(step.kind in _PLACES_CREDENTIALS for step in plan.steps)
    lines = []
    for member, target in plan.targets.items():
        if member in moving:
            lines.append(f"  {member}: -> {_leaf(plan, member)}")
        elif all_of_them and target.leaf_sha256:
            lines.append(f"  {member}: runs already with {_leaf(plan, member)}")
    return tuple(lines)


def _changes(plan: Plan, step: Step) -> bool:
    """Whether a restart brings a certificate that nobody serves yet."""
    target = plan.targets.get(step.target)
    return (
        step.kind in LAST_RESTARTS and target is not None and target.leaf_sha256 not in plan.before.values()
    )


def _leaf(plan: Plan, member: str) -> str:
    target = plan.targets[member]
    return f"{target.leaf_sha256[:8]} {target.leaf_subject}, valid until {target.not_after[:10]}"


def edit_lines(node: str, change: Edit) -> tuple[str, ...]:
    """What is said above the difference of a node's server.cfg."""
    carried = f"; {len(change.carried)} other files of the keystore go along" if change.carried else ""
    return (f"  [{node}] {change.path} is edited{carried}:",)


def post_lines(plan: Plan) -> tuple[str, ...]:
    """Per node that is configured, every setting it is to have; what it has already is not sent."""
    nodes = {step.id: step.target for step in plan.steps}
    return tuple(
        f"  [{nodes[step]}] {name}: " + ", ".join(f"{key} {_value(value)}" for key, value in wanted.items())
        for step, posted in plan.posts.items()
        for name, wanted in posted.items()
    )


def _value(value: Value) -> str:
    """As REST takes it: null, true, 9104, "text"."""
    return json.dumps(value, ensure_ascii=False)


def closing_lines(plan: Plan) -> tuple[str, ...]:
    """The gates of one's own, the notes, what it costs, and how to run just this plan."""
    return (*gate_lines(plan), *(f"note: {note}" for note in plan.notes), *_cost(plan), _fingerprint(plan))


def _cost(plan: Plan) -> Iterator[str]:
    moved = len(plan.restarts)
    if moved:
        noun = "1 restart" if moved == 1 else f"{moved} restarts"
        wait = duration(plan.choices[0].waiting_s if plan.choices else moved * RESTART_S)
        clients = any(step.kind in LAST_RESTARTS for step in plan.steps)
        yield f"{noun}, about {wait} of waiting" + (
            "; clients of a restarting server reconnect" if clients else ""
        )


def _fingerprint(plan: Plan) -> str:
    return f"fingerprint {plan.fingerprint} -> {commands_of(plan.command or plan.task, approval(plan))}"


def approval(plan: Plan) -> str:
    """How just this plan is run, with what was typed that makes it so; named as the migration's."""
    return " ".join(filter(None, ("fab migrate-cluster", plan.options, f"--approve {plan.fingerprint}")))


class ShownPlan(Frozen):
    """A plan for a machine: what a change ticket names, the command that runs just this, and all of it."""

    fingerprint: str
    approve: str
    plan: Plan


def shown_plan(plan: Plan) -> ShownPlan:
    command = commands_of(plan.command or plan.task, approval(plan)) if plan.steps else ""
    return ShownPlan(fingerprint=plan.fingerprint, approve=command, plan=plan)
