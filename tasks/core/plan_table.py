"""The table of a plan: every step, and the counts after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from tasks.core.plan import Counts, Plan, Step
from tasks.core.step_kinds import StepKind
from tasks.core.step_text import step_text
from tasks.core.task_names import MIGRATE
from tasks.core.text_table import TextTable


def plan_table(plan: Plan, *, width: int = 80) -> TextTable:
    """Every step, and what each member shows after it: connected/disconnected.

    A column per member where that fits; else one column that names members only where counts change.
    """
    table = _plan_by_member(plan)
    columns = zip(table.header, *table.rows, strict=True)
    if sum(max(map(len, column)) + 1 for column in columns) <= width + 1:
        return table
    return _plan_by_change(plan)


def _plan_by_member(plan: Plan) -> TextTable:
    lines = tuple(_lines(plan))
    members = tuple(dict.fromkeys(member for _, _, counts in lines for member in counts))
    rows = [
        (number, text, *(str(counts.get(member, "-")) for member in members))
        for number, text, counts in lines
    ]
    return TextTable(_plan_title(plan), ("#", "STEP", *members), tuple(rows))


def _plan_by_change(plan: Plan) -> TextTable:
    before: Mapping[str, Counts] | None = None
    rows = []
    for number, text, counts in _lines(plan):
        rows.append((number, text, _counts_text(counts) if counts != before else "as before"))
        before = counts
    return TextTable(_plan_title(plan), ("#", "STEP", "CONNECTED/DISCONNECTED AFTER IT"), tuple(rows))


def _lines(plan: Plan) -> Iterator[tuple[str, str, Mapping[str, Counts]]]:
    """Number, text and the counts after it; first how it stands now.

    Of several rounds, each one's placing is one line, and what is done to a member, unless counts change by it.
    """
    yield "", "now", plan.baseline
    numbered = enumerate(plan.steps, 1)
    for _, group in groupby(numbered, key=lambda each: _joint(plan, each[1])):
        of_group = list(group)
        steps = tuple(step for _, step in of_group)
        if len(of_group) > 1 and all(step.expected == steps[0].expected for step in steps):
            yield f"{of_group[0][0]}-{of_group[-1][0]}", _joint_text(plan, steps), steps[0].expected
            continue
        for number, step in of_group:
            yield str(number), step_text(plan, step), step.expected


def _joint(plan: Plan, step: Step) -> str:
    """What is shown in one line has the same one."""
    if not plan.rounds or step.kind is StepKind.PROVE:
        return step.id
    return f"place@{step.round}" if step.kind is StepKind.PLACE else f"{step.target}@{step.round}"


def _joint_text(plan: Plan, steps: tuple[Step, ...]) -> str:
    first, last = steps[0], steps[-1]
    if first.kind is StepKind.PLACE:
        return f"round {first.round}: place on {len(steps)} nodes"
    observer = " (observer)" if first.target == plan.observer and last.kind is StepKind.RESTART else ""
    kinds = [step.kind for step in steps]
    swaps = "swap in, " if StepKind.SWAP in kinds else ""
    how = "restart standby, primary" if StepKind.RESTART_STANDBY in kinds else "restart"
    return f"round {first.round}: {first.target}: {swaps}{how}{observer}"


def _plan_title(plan: Plan) -> str:
    how = [plan.task if plan.task != MIGRATE else "", plan.strategy]
    observer = f", observer {plan.observer}" if plan.observer else ""
    return f"{plan.cluster}: {' '.join(filter(None, how))}{observer}"


def _counts_text(counts: Mapping[str, Counts]) -> str:
    """The most common one last, for "others"."""
    if not counts:
        return "no member yet"
    by_counts: dict[str, list[str]] = {}
    for member, shown in counts.items():
        by_counts.setdefault(str(shown), []).append(member)
    *few, (most, rest) = sorted(by_counts.items(), key=lambda item: len(item[1]))
    named = [f"{shown}: {', '.join(members)}" for shown, members in few]
    last = f"{most}: {'all' if not few else rest[0] if len(rest) == 1 else 'others'}"
    return "; ".join([*named, last])
