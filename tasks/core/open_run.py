"""An open run, and what is to be thought of the state that it left the cluster in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity
from tasks.core.progress_text import open_run_line, rounds_done
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.step_kinds import StepKind
from tasks.core.strategy_names import BRIDGE
from tasks.core.task_names import MIGRATE

if TYPE_CHECKING:
    from tasks.core.plan import Plan
    from tasks.core.progress import Progress

_WAIT_FOR_A_RESTART = frozenset({"pending-files", "pending-ca"})


@dataclass(frozen=True, slots=True)
class OpenRun:
    """What is known of it on this machine."""

    id: str
    plan: Plan
    progress: Progress

    @property
    def line(self) -> str:
        return open_run_line(self.id, self.plan, self.progress)

    @property
    def resume(self) -> str:
        return f"fab {self.plan.task} --resume"


def as_left_by(run: OpenRun | None, findings: Iterable[Finding], snapshot: Snapshot) -> tuple[Finding, ...]:
    """The findings, where files that wait for their restart are what the run placed: a fact, and no fault.

    Only of runs whose rounds part nobody, whatever restarts in between.
    """
    findings = tuple(findings)
    if run is None or not run.plan.rounds:
        return findings
    mine = frozenset(_nodes_as_left(run, snapshot))
    return tuple(
        replace(
            finding,
            severity=Severity.INFO,
            problem=f"{finding.problem}; that is how run {run.id} left it",
            remedy=run.resume,
        )
        if finding.name in _WAIT_FOR_A_RESTART and finding.where in mine
        else finding
        for finding in findings
    )


def _nodes_as_left(run: OpenRun, snapshot: Snapshot) -> Iterator[str]:
    """The nodes that hold just what the last swap that was begun brings."""
    for member in snapshot.cluster.members:
        rounds = [
            step.round
            for step in run.plan.steps
            if step.kind is StepKind.SWAP and step.target == member.name and step.id in run.progress.touched
        ]
        if not rounds:
            continue
        wanted = run.plan.target_after(member.name, round=rounds[-1]).files
        for node in member.nodes:
            files = snapshot.nodes[node.name].files
            if isinstance(files, NodeFiles) and all(files.files[n].is_as(sha) for n, sha in wanted.items()):
                yield node.name


def between_rounds(run: OpenRun) -> tuple[str, ...]:
    """What the operator should know who leaves the run open: what is still to come, and the way back."""
    plan, done = run.plan, rounds_done(run.plan, run.progress) if run.plan.rounds else 0
    if not done:
        return ()
    left = [f"round {number}: {one.what}" for number, one in enumerate(plan.rounds, 1) if number > done]
    restarts = sum(len(one.moving) for one in plan.rounds[:done])
    lines = [f"still to come: {'; '.join(left)}"] if left else []
    if plan.strategy == BRIDGE and left and plan.task == MIGRATE:
        lines.append("until its last round is done, whoever has the built-in key can still join the cluster")
    way = f"{done} round{'s' * (done > 1)} with {restarts} restarts of members, nobody apart"
    if plan.task == MIGRATE:
        lines.append(f"the way back from here: fab rollback, {way}")
    return tuple(lines)
